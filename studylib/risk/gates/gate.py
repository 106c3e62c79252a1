"""Whether the estimates of a study may be seen, decided before they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

from studylib.risk.gates.schemas import GATES, laid_out
from studylib.risk.schemas import PROFILES
from studylib.tables import CURVES, ESTIMATES, EXITS, CheckResult, check, empty

MDRR = "mdrr"
ALL_ARMS = "all_arms"
_WITHHELD = ("estimate", "ci_low", "ci_high", "p_value")
_TELLS_OF_AN_ARM = re.compile(r"; not_estimable=[^;]*")


@dataclass(frozen=True)
class Gates:
    """The diagnostics an estimate depends on, and whether somebody opened it all the same.

    ``checks`` are the gates; one that failed, or that could not be evaluated, closes the whole.
    ``opened`` names gates that the request opens by a recorded act.

    >>> Gates((CheckResult("balance", False, pd.DataFrame(), "déséquilibre"),)).closed_by
    ('balance',)
    """

    checks: tuple[CheckResult, ...]
    opened: tuple[str, ...] = ()

    @property
    def closed_by(self) -> tuple[str, ...]:
        """The names of the gates that hold the estimates back."""
        held = (each.name for each in self.checks if _stops(each) and each.name not in self.opened)
        return tuple(dict.fromkeys(held))

    @property
    def closed(self) -> bool:
        """Whether estimates are withheld."""
        return bool(self.closed_by)

    @property
    def poolable(self) -> bool:
        """Whether nothing but a lack of power holds the estimates back.

        An estimate too imprecise to be shown alone is not biased by it: left out of a synthesis,
        it would bias the synthesis instead.
        """
        return set(self.closed_by) <= {MDRR}

    @property
    def reason(self) -> str:
        """Why estimates are withheld, as ``method`` writes it; empty when they are not."""
        if not self.closed:
            return ""
        unknown = [each.name for each in self.checks if not each.evaluated]
        unknown = [name for name in self.closed_by if name in unknown]
        told = f"withheld={', '.join(self.closed_by)}"
        return told + (f"; not_evaluated={', '.join(unknown)}" if unknown else "")

    def for_pooling(self) -> Gates:
        """The same gates for what goes into a synthesis only: power does not hold it back.

        What it releases is for a bundle, never for a page.
        """
        return replace(self, opened=tuple(dict.fromkeys((*self.opened, MDRR))))

    def with_checks(self, checks: Iterable[CheckResult]) -> Gates:
        """These gates and others besides: both must let the estimates through."""
        return replace(self, checks=(*self.checks, *checks))

    def release(self, estimates: pd.DataFrame) -> pd.DataFrame:
        """``estimates`` as they may be seen: emptied, with the reason in ``method``, when closed.

        Estimate, limits and p value are gone from the table itself, not hidden by its display; so
        are outcomes and person-time, which by window, or by pair of several arms, would give them
        back, and a reason that would tell what happened in an arm.
        """
        if not self.closed:
            return estimates
        emptied = estimates.assign(**dict.fromkeys(_WITHHELD, float("nan")))
        if "events" in emptied:
            unknown = pd.array([pd.NA] * len(emptied), dtype="Int64")
            emptied = emptied.assign(events=unknown, person_years=float("nan"))
        told = emptied["method"].str.replace(_TELLS_OF_AN_ARM, "", regex=True)
        return emptied.assign(method=told + "; " + self.reason)

    def release_incidence(self, rates: pd.DataFrame) -> pd.DataFrame:
        """Rates by arm as they may be seen: when closed, all arms together in one row, emptied.

        Outcomes and person-time by arm would give the ratio back; their totals do not.
        """
        if not self.closed or rates.empty:
            return rates
        apart = ["analysis", "population", "outcome", "measure", "method"]
        summed = rates.groupby(apart, sort=False, as_index=False)[
            ["persons", "events", "person_years"]
        ].sum()
        whole = summed.assign(comparison=ALL_ARMS, **dict.fromkeys(_WITHHELD, float("nan")))
        told = whole["method"] + "; " + self.reason
        return check(whole.assign(method=told)[ESTIMATES.names], ESTIMATES)

    def release_exits(self, exits: pd.DataFrame) -> pd.DataFrame:
        """Reasons of exit as they may be seen: when closed, all arms together."""
        if not self.closed or exits.empty:
            return exits
        summed = exits.groupby("exit_reason", sort=False, as_index=False)["persons"].sum()
        return check(summed.assign(arm=ALL_ARMS)[EXITS.names], EXITS)

    def release_curves(self, curves: pd.DataFrame) -> pd.DataFrame:
        """Curves by arm as they may be seen: when closed, nothing but where each starts.

        The first day of a curve holds no outcome yet; a column ``withheld`` says why it stops.
        """
        if not self.closed or curves.empty:
            return curves
        first = curves.sort_values("day", kind="stable").drop_duplicates(["arm", "measure"])
        first = first[first["events"] == 0] if "events" in first else first
        emptied = first.assign(estimate=float("nan"), ci_low=float("nan"), ci_high=float("nan"))
        kept = emptied if len(emptied) else empty(CURVES)
        return check(kept.assign(withheld=self.reason).reset_index(drop=True), CURVES)

    def release_profile(self, profile: pd.DataFrame) -> pd.DataFrame:
        """A likelihood profile as it may be seen: none at all when closed."""
        return profile if not self.closed else empty(PROFILES)

    def verdict(self, one: CheckResult) -> str:
        """passed, failed, not_evaluated or informs; opened where the request opens it."""
        if _stops(one) and one.name in self.opened:
            return "opened"
        if not one.evaluated:
            return "not_evaluated"
        return {True: "passed", False: "failed", None: "informs"}[one.passed]

    def table(self) -> pd.DataFrame:
        """What every gate measured, what it required, and its verdict (a GATES table)."""
        rows = [laid_out(each.name, each.table, self.verdict(each)) for each in self.checks]
        return pd.concat(rows, ignore_index=True) if rows else empty(GATES)


def _stops(one: CheckResult) -> bool:
    return one.passed is False or not one.evaluated
