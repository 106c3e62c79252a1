"""Volumes by month of care, and how long lines take to arrive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import narwhals as nw
import numpy as np
import pandas as pd

from studylib import tables
from studylib.sources.quality_checks.events import event_tables
from studylib.sources.quality_checks.measuring import Measure, share
from studylib.sources.quality_checks.schemas import DELAYS, MONTHS
from studylib.sources.source import Source

SHOWN = (0, 1, 2, 3, 6, 9, 12)
FEWEST_LINES = 50  # a rare table has empty months by chance
LONGEST = 12  # months after which lines no longer arrive in number
_EPOCH = date(1970, 1, 1)
_NEIGHBOURS = 13
_LOW, _HIGH = 0.5, 2.0
_TOLD = 0.2  # a month of which less has arrived tells nothing of what it will be


def volumes(source: Source) -> pd.DataFrame:
    """Lines by table and month of care: what the reading counted, else the events themselves."""
    kept = source.quality.get("volumes")
    if kept is not None and len(kept):
        return kept
    parts = [_counted(source, name) for name in event_tables(source)]
    whole = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return (
        whole
        if len(whole)
        else pd.DataFrame(columns=["table", "care_month", "flow_month", "lines"])
    )


def _counted(source: Source, name: str) -> pd.DataFrame:
    within = (nw.col("start") >= source.days[0]) & (nw.col("start") < source.days[1])
    by_day = source.engine.collect(
        source.table(name).filter(within).group_by("start").agg(nw.len().alias("lines"))
    )
    months = [_month_of(day) for day in by_day["start"]]
    grouped = by_day.assign(care_month=months).groupby("care_month", as_index=False)
    by_month = grouped.agg({"lines": "sum"})
    return by_month.assign(table=name, flow_month=None, lines=by_month["lines"].astype("int64"))


def _month_of(day: int) -> str:
    return (_EPOCH + timedelta(days=int(day))).strftime("%Y-%m")


def availability(source: Source) -> pd.DataFrame:
    """Share of lines available k months after the month of care (``DELAYS``), by table.

    Only months of care at least a year older than the last flow are looked at; a table without
    months of flow has no row.
    """
    lines = volumes(source)
    lines = lines[lines["flow_month"].notna()]
    rows = []
    for table, part in lines.groupby("table"):
        flow, care = _number(part["flow_month"]), _number(part["care_month"])
        old = (care <= flow.max() - LONGEST) & (flow >= care)
        delays = part["lines"][old].groupby((flow - care)[old]).sum()
        total = int(delays.sum())
        for months in range(LONGEST + 1) if total else ():
            came = int(delays[delays.index <= months].sum())
            rows.append((str(table), months, came, total, came / total))
    frame = pd.DataFrame(rows, columns=DELAYS.names)
    return tables.check(frame, DELAYS) if len(frame) else tables.empty(DELAYS)


def main_delays(delays: pd.DataFrame, *, fewest: int) -> pd.DataFrame:
    """The delays worth showing; two that differ by fewer than ``fewest`` lines are not both kept.

    The difference of two cumulated counts is a count too.
    """
    kept: list[int] = []
    for _, part in delays.groupby("table"):
        came = 0
        shown = part[part["months"].isin(SHOWN)]
        for place, lines in zip(shown.index.tolist(), shown["lines"].tolist(), strict=True):
            if lines - came >= fewest:
                kept.append(place)
                came = lines
    return delays.loc[kept].reset_index(drop=True)


def volume_months(
    source: Source, *, complete_share: float, chosen: Sequence[str] = ()
) -> pd.DataFrame:
    """Lines by month of care and table (``MONTHS``); those that are still to arrive are told.

    ``observed`` is 100 for the median complete month of the table. ``expected`` is what the month
    will be once all has arrived, from the delays of older months; a month is incomplete when less
    than ``complete_share`` of it can have arrived. Care given before the period of the source, of
    which only what arrived late is there, is no month of it.
    """
    lines = volumes(source)
    lines = lines[lines["care_month"] >= _month_of(source.days[0])]
    delays = availability(source)
    parts = [
        _months_of(str(table), part, delays[delays["table"] == table], complete_share)
        for table, part in lines.groupby("table")
        if not chosen or table in chosen
    ]
    if not parts:
        return tables.empty(MONTHS)
    return tables.check(pd.concat(parts, ignore_index=True), MONTHS)


def _months_of(
    table: str, part: pd.DataFrame, delays: pd.DataFrame, complete_share: float
) -> pd.DataFrame:
    counted = part.groupby("care_month")["lines"].sum()
    periods = _between(counted.index.min(), counted.index.max())
    observed = counted.reindex(periods, fill_value=0)
    arrived = np.ones(len(periods))
    if len(delays):
        last = _number(part["flow_month"].dropna()).max()
        age = last - _number(pd.Series(periods)).to_numpy()
        by_age = delays.set_index("months")["share"]
        arrived = np.array([by_age.get(min(max(a, 0), LONGEST), 1.0) for a in age])
    incomplete = arrived < complete_share
    usual = float(observed[~incomplete].median()) if (~incomplete).any() else float("nan")
    index = 100 * observed.to_numpy(dtype="float64") / (usual if usual > 0 else float("nan"))
    return pd.DataFrame(
        {
            "period": periods,
            "stratum": table,
            "lines": observed.to_numpy(dtype="int64"),
            "observed": index,
            "expected": np.where(
                incomplete & (arrived >= _TOLD), index / np.maximum(arrived, _TOLD), np.nan
            ),
            "ci_low": np.nan,
            "ci_high": np.nan,
            "phase": np.where(incomplete, "incomplete", "complete"),
        }
    )


def flow_checks(source: Source, *, months: int, complete_share: float) -> Iterable[Measure]:
    """Delays, absent months, uneven months, months still incomplete, by table."""
    delays = availability(source)
    at = delays[delays["months"] == months]
    for row in at.to_dict("records"):
        yield share(
            "available_within", row["table"], "flow_month", int(row["lines"]), int(row["of_lines"])
        )
    if not len(at):
        yield Measure("available_within", "volumes", "flow_month")
    by_month = volume_months(source, complete_share=complete_share)
    for table, part in by_month.groupby("stratum"):
        whole = part[part["phase"] == "complete"]["lines"]
        frequent = whole.median() >= FEWEST_LINES
        empty = float((whole == 0).sum()) if frequent else None
        uneven = float(_uneven(whole)) if frequent else None
        yield Measure("absent_months", str(table), "care_month", empty)
        yield Measure("uneven_months", str(table), "care_month", uneven)
        late = float((part["phase"] == "incomplete").sum())
        yield Measure("incomplete_months", str(table), "care_month", late)


def _uneven(observed: pd.Series) -> int:
    """Months far from the median of the thirteen around them; the first and last may be cut."""
    inner = observed.iloc[1:-1]
    usual = inner.rolling(_NEIGHBOURS, center=True, min_periods=4).median()
    return int(((inner < _LOW * usual) | (inner > _HIGH * usual)).sum())


def _number(months: pd.Series) -> pd.Series:
    """Months as whole numbers one apart: 12 x year + month."""
    text = months.astype(str)
    return text.str[:4].astype(int) * 12 + text.str[5:7].astype(int)


def _between(first: str, last: str) -> list[str]:
    return [str(period) for period in pd.period_range(first, last, freq="M")]
