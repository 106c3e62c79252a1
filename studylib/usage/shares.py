"""Share of biosimilars and generics in the drugs of town."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import pandas as pd

from studylib import tables
from studylib.errors import EstimationError
from studylib.usage.schemas import GENERIC_SHARE, GROUP_SHARE
from studylib.usage.substances import has_brand, with_substance

Kind = Literal["biosimilar", "generic"]


def share_of_group(
    drugs: pd.DataFrame,
    *,
    group: str,
    substance: str,
    kind: Kind,
    originators: Iterable[str],
    excluded: Iterable[str] = (),
) -> pd.DataFrame:
    """Share of the followers (biosimilars or generics) of one substance, in ``GROUP_SHARE``.

    Products come by CIP13 → speciality → substance, fixed combinations left out. Biosimilars are
    the products of the substance that are not an originator brand; generics those the BDPM types
    as generic. ``excluded`` brands are not substitutable with the others (another strength): they
    leave numerator and denominator, and ``share_with_excluded`` tells what they would change.

    In euros, so below the share in boxes since followers are cheaper; boxes when known.

    Raises:
        EstimationError: no product of the substance, or an originator that names no product.
    """
    every = with_substance(drugs, substance, alone=True)
    brands, left_out = tuple(originators), tuple(excluded)
    for brand in (*brands, *left_out):
        if not has_brand(every, [brand]).any():
            raise EstimationError(
                f"Groupe « {group} » : aucune spécialité de {substance} ne s'appelle « {brand} » ; "
                "corriger le nom de marque dans la demande."
            )
    row = {"group": group, "kind": kind, "substance": substance, "excluded": ", ".join(left_out)}
    row |= _group_shares(every, kind, brands, left_out)
    return tables.check(pd.DataFrame([row]), GROUP_SHARE)


def _group_shares(
    every: pd.DataFrame, kind: Kind, brands: tuple[str, ...], left_out: tuple[str, ...]
) -> dict[str, Any]:
    """What is counted of the products of a group."""
    kept = every[~has_brand(every, left_out)]
    follows = _follows(kept, kind, brands)
    return {
        "products": len(kept),
        "reimbursed": kept["reimbursed"].sum(),
        "followers": kept.loc[follows, "reimbursed"].sum(),
        "share": _share(kept["reimbursed"], follows),
        "share_boxes": _share(kept["boxes"], follows),
        "share_with_excluded": _share(every["reimbursed"], _follows(every, kind, brands + left_out))
        if left_out
        else float("nan"),
    }


def shares_of_groups(drugs: pd.DataFrame, groups: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """``share_of_group`` for each named group, largest amount first.

    Each group gives substance, kind, originators and, when needed, excluded.
    """
    parts = [share_of_group(drugs, group=name, **group) for name, group in groups.items()]
    if not parts:
        return tables.empty(GROUP_SHARE)
    stacked = pd.concat(parts, ignore_index=True)
    return stacked.sort_values("reimbursed", ascending=False, ignore_index=True)


def generic_share(drugs: pd.DataFrame) -> pd.DataFrame:
    """Amounts by place in the BDPM's generic groups, in the columns of ``GENERIC_SHARE``.

    ``generic`` and ``originator`` are inside generic groups; ``share_in_groups`` is over these two
    alone, the share that prescribing and substitution can move. ``outside``: no generic group;
    ``unknown``: presentations withdrawn from the BDPM.
    """
    place = drugs["generic_type"].where(drugs["generic_type"] != "", "outside")
    place = place.where(drugs["cis"] != "", "unknown")
    grouped = drugs.assign(place=place).groupby("place")
    frame = pd.DataFrame(
        {
            "products": grouped["cip13"].nunique(),
            "reimbursed": grouped["reimbursed"].sum(),
            "boxes": grouped["boxes"].sum(min_count=1).astype(float),
        }
    )
    order = ["generic", "originator", "outside", "unknown"]
    frame = frame.reindex([name for name in order if name in frame.index]).reset_index()
    frame["share"] = frame["reimbursed"] / frame["reimbursed"].sum()
    inside = frame["place"].isin(["generic", "originator"])
    within = frame["reimbursed"].where(inside)
    frame["share_in_groups"] = within / within.sum()
    return tables.check(frame, GENERIC_SHARE)


def _follows(products: pd.DataFrame, kind: str, originators: tuple[str, ...]) -> pd.Series:
    if kind == "generic":
        return products["generic_type"] == "generic"
    return ~has_brand(products, originators)


def _share(values: pd.Series, chosen: pd.Series) -> float:
    known = values.dropna()
    total = known.sum()
    return float(known[chosen.reindex(known.index)].sum() / total) if total > 0 else float("nan")
