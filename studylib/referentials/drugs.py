"""What readers ask of drug and hospital referentials: ATC of packs, liste en sus, GHS tariffs."""

from __future__ import annotations

from datetime import date

import pandas as pd

from studylib.errors import DataMissing
from studylib.referentials.parsed import as_day, empty_as_missing
from studylib.referentials.reading import referential

# Events of the history that put a UCD on the list or take it off; the others leave it there
# (« radiation partielle » removes an indication, an « article 51 » is an experiment apart).
_ON, _OFF = ("inscription",), ("radiation", "suspension")
_LONG_AGO = -100_000  # a day before any other
_FIRST_MONTH = 3  # tariffs change on 1 March


def cip_atc(at: date | None = None) -> pd.DataFrame:
    """Packs of the BDPM with their ATC: cip13, cip7, cis, atc (None when unknown).

    ``at`` chooses the version of each BDPM file. One row per CIP13; the ATC comes from the list
    of essential drugs, the only one the BDPM gives, so many packs have none. A speciality with
    several ATC keeps the most precise, then the first in code order.
    """
    packs = referential("bdpm_presentations", at)[["cip13", "cip7", "cis"]]
    known = referential("bdpm_essential_drugs", at)[["cis", "atc"]]
    known = known.assign(level=known["atc"].str.len()).sort_values(
        ["cis", "level", "atc"], ascending=[True, False, True]
    )
    joined = packs.merge(known.drop_duplicates("cis")[["cis", "atc"]], on="cis", how="left")
    return joined.assign(atc=empty_as_missing(joined["atc"]))


def ucd_atc(at: date | None = None) -> pd.DataFrame:
    """Dispensing units with their ATC: ucd7, atc, origin (the referential that gives it).

    One row per UCD of which an ATC is known. The history of the liste en sus comes first, its
    latest line for each UCD, then the table of UCD; ``at`` chooses the version of each. DataMissing
    when neither is at hand. No public file at hand links a UCD to a CIP.
    """
    parts: list[pd.DataFrame] = []
    for name in ("liste_en_sus", "ucd_atc"):
        try:
            table = referential(name, at)[["ucd7", "atc"]]
        except DataMissing:
            if name == "ucd_atc" and not parts:
                raise
            continue
        parts.append(table.dropna().assign(origin=name))
    known = pd.concat(parts, ignore_index=True)  # each file has its newest lines first
    return known.drop_duplicates("ucd7").sort_values("ucd7", ignore_index=True)


def en_sus_periods() -> pd.DataFrame:
    """Periods on the liste en sus: ucd7, start, end (days, ``end`` excluded, <NA> when still on).

    The day of an event is its day of effect, else that of its publication. A UCD removed without
    having been registered was on the list when the history begins; one that is only priced is on
    it from its first tariff.
    """
    history = _dated_history()
    state = history[history["event"].isin([*_ON, *_OFF])]
    first = state.drop_duplicates("ucd7")
    removed = first[first["event"].isin(_OFF)].assign(day=history["day"].min())
    unregistered = history[~history["ucd7"].isin(state["ucd7"]) & (history["event"] == "tarif")]
    opened = pd.concat([removed, unregistered.drop_duplicates("ucd7")])
    opened = opened.assign(event=_ON[0], order=-1)
    state = pd.concat([opened, state]).sort_values(["ucd7", "day", "order"])
    state["on"] = state["event"].isin(_ON)
    changed = state[state["on"] != state.groupby("ucd7")["on"].shift(fill_value=False)].copy()
    changed["end"] = changed.groupby("ucd7")["day"].shift(-1)
    kept = changed[changed["on"]].rename(columns={"day": "start"})
    kept = kept[kept["end"].isna() | (kept["end"] > kept["start"])]
    return kept[["ucd7", "start", "end"]].reset_index(drop=True)


def en_sus_tariffs() -> pd.DataFrame:
    """Responsibility tariffs by period: ucd7, start, end (days), price, price_with_tax (euros).

    A tariff holds until the next one of the UCD; ``end`` is excluded, <NA> for the latest.
    """
    history = _dated_history()
    priced = history[history["price"].notna() | history["price_with_tax"].notna()]
    latest = priced.drop_duplicates(["ucd7", "day"], keep="last").copy()
    latest["end"] = latest.groupby("ucd7")["day"].shift(-1)
    out = latest.rename(columns={"day": "start"})
    return out[["ucd7", "start", "end", "price", "price_with_tax"]].reset_index(drop=True)


def en_sus_price_periods() -> pd.DataFrame:
    """Periods on the liste en sus cut where the tariff changes, for a join by day.

    Columns: ucd7, label, atc, start, end (days, ``end`` excluded, missing while it goes on) and
    tariff (responsibility tariff with tax, euros, missing before the first one is published).
    """
    priced = en_sus_tariffs()[["ucd7", "start", "end", "price_with_tax"]]
    listed = en_sus_periods()
    before = listed[["ucd7"]].drop_duplicates().assign(start=_LONG_AGO)
    first = priced.groupby("ucd7")["start"].min()
    before = before.assign(end=before["ucd7"].map(first).astype("Int64"))
    cut = listed.merge(pd.concat([before, priced]), on="ucd7", suffixes=("", "_tariff"))
    cut["start"] = cut[["start", "start_tariff"]].max(axis=1)
    cut["end"] = cut[["end", "end_tariff"]].min(axis=1)
    kept = cut[cut["end"].isna() | (cut["end"] > cut["start"])]
    about = referential("liste_en_sus").drop_duplicates("ucd7")[["ucd7", "label", "atc"]]
    out = kept.merge(about, on="ucd7").rename(columns={"price_with_tax": "tariff"})
    names = ["ucd7", "label", "atc", "start", "end", "tariff"]
    return out[names].sort_values(["ucd7", "start"], ignore_index=True)


def ucd_list_en_sus(at: date) -> pd.DataFrame:
    """UCD on the liste en sus on the day ``at``, one row each.

    Columns: ucd7, label, substance, atc, start (day of registration), price and price_with_tax
    (responsibility tariff in force that day, euros, missing when none is known). DataMissing when
    ``at`` is later than the history at hand.
    """
    history = referential("liste_en_sus")
    last = int(history["published"].max())
    if as_day(at) > last:
        raise DataMissing(
            f"Liste en sus au {at:%d/%m/%Y} : l'historique présent s'arrête avant ; le mettre à "
            "jour (studylib codes update liste_en_sus --file FICHIER)."
        )
    listed = _in_force(en_sus_periods(), at)[["ucd7", "start"]]
    prices = _in_force(en_sus_tariffs(), at)[["ucd7", "price", "price_with_tax"]]
    about = history.drop_duplicates("ucd7")[["ucd7", "label", "substance", "atc"]]
    out = listed.merge(about, on="ucd7").merge(prices, on="ucd7", how="left")
    names = ["ucd7", "label", "substance", "atc", "start", "price", "price_with_tax"]
    return out[names].sort_values("ucd7", ignore_index=True)


def ghs_tariff_periods() -> pd.DataFrame:
    """GHS tariffs with their period: the columns of ``ghs_tariffs`` and start, end (days).

    Tariffs of a year hold from 1 March to the end of February: ``end`` is 1 March, excluded.
    """
    table = referential("ghs_tariffs")
    bounds = {
        year: as_day(date(year, _FIRST_MONTH, 1))
        for year in range(int(table["year"].min()), int(table["year"].max()) + 2)
    }
    return table.assign(start=table["year"].map(bounds), end=(table["year"] + 1).map(bounds))


def ghs_tariffs(at: date) -> pd.DataFrame:
    """GHS tariffs in force on the day ``at``, the last day of a stay: one row per GHS and GHM.

    Columns: year, ghs, ghm, label, low_bound, high_bound, tariff, short_flat, short_daily,
    long_daily (euros, public sector). A stay that ends in January or February has the tariffs of
    the year before. A GHM may have several GHS: join on both. DataMissing outside the years known.
    """
    table = referential("ghs_tariffs")
    year = at.year if at.month >= _FIRST_MONTH else at.year - 1
    kept = table[table["year"] == year]
    if kept.empty:
        raise DataMissing(
            f"Tarifs des GHS au {at:%d/%m/%Y} : campagne {year} absente, présentes de "
            f"{table['year'].min()} à {table['year'].max()} ; mettre à jour (studylib codes update "
            "ghs_tariffs --file FICHIER)."
        )
    return kept.reset_index(drop=True)


def _dated_history() -> pd.DataFrame:
    """The history with the day of each event, oldest first; events without any date are left."""
    table = referential("liste_en_sus")
    day = table["effective"].fillna(table["published"])
    # The producer writes the newest first: within a day, the last line comes first.
    dated = table.assign(day=day, order=range(len(table) - 1, -1, -1))
    return dated[dated["day"].notna()].sort_values(["ucd7", "day", "order"], ignore_index=True)


def _in_force(periods: pd.DataFrame, at: date) -> pd.DataFrame:
    day = as_day(at)
    begun = periods["start"] <= day
    return periods[begun & (periods["end"].isna() | (periods["end"] > day)).astype(bool)]
