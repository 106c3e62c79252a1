"""Whether the estimates of a study may be seen, decided before they are."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studylib.tables import CheckResult

_WITHHELD = ("estimate", "ci_low", "ci_high", "p_value")


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
        return tuple(
            check.name
            for check in self.checks
            if (check.passed is False or not check.evaluated) and check.name not in self.opened
        )

    @property
    def closed(self) -> bool:
        """Whether estimates are withheld."""
        return bool(self.closed_by)

    def release(self, estimates: pd.DataFrame) -> pd.DataFrame:
        """``estimates`` as they may be seen: emptied, with the reason in ``method``, when closed.

        Estimate, limits and p value are gone from the table itself, not hidden by its display.
        """
        if not self.closed:
            return estimates
        reason = f"withheld={', '.join(self.closed_by)}"
        emptied = estimates.assign(**dict.fromkeys(_WITHHELD, float("nan")))
        return emptied.assign(method=emptied["method"] + "; " + reason)
