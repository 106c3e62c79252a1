"""The quality tables of a reading as shares: rejected lines, failed links, unknown codes, forms."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from studylib import tables
from studylib.sources.quality import QUALITY_TABLES
from studylib.sources.quality_checks.measuring import Measure, share
from studylib.sources.quality_checks.schemas import (
    CODING_FORMS,
    LINK_SHARES,
    REJECTED_SHARES,
    UNKNOWN,
)
from studylib.sources.source import Source

_ZEROS, _UCD13 = "000000", 13  # a UCD7 behind six zeros


def kept(source: Source, name: str) -> pd.DataFrame:
    """A quality table of the source; empty when its reading kept none."""
    found = source.quality.get(name)
    return tables.empty(QUALITY_TABLES[name]) if found is None else found


def notices(source: Source) -> pd.DataFrame:
    """What the reading says each time the source is opened (``quality.NOTICES``)."""
    return kept(source, "notices")


def rejected_shares(source: Source) -> pd.DataFrame:
    """Lines set aside by table and reason, among those the rule looked at (``REJECTED_SHARES``)."""
    return _with_share(kept(source, "rejected"), REJECTED_SHARES)


def link_shares(source: Source) -> pd.DataFrame:
    """Lines that found nothing in the table they point to (``LINK_SHARES``)."""
    links = kept(source, "links").rename(columns={"lines": "of_lines", "unmatched": "lines"})
    return _with_share(links, LINK_SHARES)


def unknown_codes(source: Source, *, most: int) -> pd.DataFrame:
    """The ``most`` frequent codes that referentials do not know (``UNKNOWN``)."""
    codes = kept(source, "unknown_codes")
    if not len(codes):
        return tables.empty(UNKNOWN)
    grouped = codes.assign(code=codes["code"].map(shown_code)).groupby(
        ["table", "column", "system", "code"], as_index=False
    )
    told = grouped[["lines", "amount"]].sum(min_count=1)
    ordered = told.sort_values(["lines", "table", "code"], ascending=[False, True, True])
    return tables.check(ordered.head(most).reset_index(drop=True), UNKNOWN)


def shown_code(code: str) -> str:
    """A code as it may be shown: what is not a drug and as long as a person's number is cut.

    >>> shown_code("3400930000010"), shown_code("0000009261104"), shown_code("1850575123456")
    ('3400930000010', '9261104', '1850… (13 chiffres)')
    """
    if code.startswith(_ZEROS) and len(code) == _UCD13:
        return code.removeprefix(_ZEROS)
    if len(code) >= _UCD13 and code.isdigit() and not code.startswith(("34009", "34008")):
        return f"{code[:4]}… ({len(code)} chiffres)"
    return code


def coding_forms(source: Source) -> pd.DataFrame:
    """How each column is written, over which years (``CODING_FORMS``): a change is a new row."""
    forms = kept(source, "codings").sort_values(["table", "column", "form", "year"])
    if not len(forms):
        return tables.empty(CODING_FORMS)
    apart = forms.groupby(["table", "column", "form"])["year"].diff() != 1
    runs = forms.assign(run=apart.cumsum()).groupby("run", as_index=False)
    told = runs.agg(
        table=("table", "first"),
        column=("column", "first"),
        form=("form", "first"),
        first_year=("year", "min"),
        last_year=("year", "max"),
        lines=("lines", "sum"),
    )
    return tables.check(told.drop(columns="run"), CODING_FORMS)


def _with_share(frame: pd.DataFrame, schema: tables.Table) -> pd.DataFrame:
    among = frame["of_lines"].where(frame["of_lines"] > 0)
    return tables.check(frame.assign(share=frame["lines"] / among), schema)


def quality_checks(source: Source) -> Iterable[Measure]:
    """One measure per rejection, per link, per column with unknown codes, per column's writing."""
    for row in rejected_shares(source).to_dict("records"):
        yield share(
            "rejected", row["table"], row["reason"], int(row["lines"]), int(row["of_lines"])
        )
    for row in link_shares(source).to_dict("records"):
        yield share(
            "failed_links",
            row["from_table"],
            row["to_table"],
            int(row["lines"]),
            int(row["of_lines"]),
        )
    yield from _unknown_checks(source)
    yield from _coding_checks(source)
    for check, name in (
        ("rejected", "rejected"),
        ("failed_links", "links"),
        ("unknown_codes", "volumes"),
        ("mixed_coding", "codings"),
    ):
        if not len(kept(source, name)):
            yield Measure(check, name)


def _unknown_checks(source: Source) -> Iterable[Measure]:
    volumes = kept(source, "volumes").groupby("table")["lines"].sum()
    codes = kept(source, "unknown_codes").groupby(["table", "column"])["lines"].sum()
    for table, column, lines in codes.reset_index().itertuples(index=False):
        total = max(int(volumes.get(table, 0)), int(lines))
        yield share("unknown_codes", str(table), str(column), int(lines), total)
    for table in sorted(set(volumes.index) - set(codes.index.get_level_values("table"))):
        yield share("unknown_codes", str(table), "", 0, int(volumes[table]))


def _coding_checks(source: Source) -> Iterable[Measure]:
    """Lines written otherwise than most of their column's year; years in which that changes."""
    forms = kept(source, "codings")
    forms = forms[forms["lines"] > 0]
    for (table, column), part in forms.groupby(["table", "column"]):
        by_year = part.groupby("year")["lines"]
        minority = int((by_year.sum() - by_year.max()).sum())
        yield share("mixed_coding", str(table), str(column), minority, int(part["lines"].sum()))
        ordered = part.sort_values(["year", "lines", "form"], ascending=[True, False, True])
        main = ordered.drop_duplicates("year")["form"]
        changes = int((main != main.shift()).sum()) - 1
        yield Measure("coding_changes", str(table), str(column), float(changes))
