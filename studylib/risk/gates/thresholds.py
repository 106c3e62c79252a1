"""What each diagnostic must reach, with where the usual values come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """The limits of the diagnostic gates; the defaults are those in use in the literature.

    They are fixed in the request, before any estimate exists. A field that bounds a ratio from
    above bounds it from below too where the gate says so.

    >>> Thresholds().largest_smd, Thresholds(largest_ease=0.1).largest_ease
    (0.1, 0.1)
    """

    largest_mdrr: float = 10.0
    """Minimum detectable relative risk (CohortMethod 6, SelfControlledCaseSeries 6)."""
    largest_smd: float = 0.1
    """Absolute standardised difference after adjustment (Austin, 2009; CohortMethod 6)."""
    smallest_effective_share: float = 0.1
    """Effective size over size of each weighted arm. No published rule: a choice."""
    largest_weight_share: float = 0.05
    """Share of an arm's weight that one person may hold. No published rule: a choice."""
    smallest_equipoise: float = 0.2
    """Share of persons with a preference score of 0.3 to 0.7 (CohortMethod 6; 0.5 in Walker and
    others, 2013)."""
    largest_ease: float = 0.25
    """Expected absolute systematic error, from negative controls (CohortMethod 6)."""
    fewest_controls: int = 5
    """Negative controls below which no null is fitted (EmpiricalCalibration)."""
    smallest_person_time_share: float = 0.05
    """Share of the person-time that the smaller arm must hold. No published rule: a choice."""
    largest_outcome_share: float = 0.10
    """Share of persons with the outcome, where only first outcomes count (Farrington, 1995:
    the bias is about half of it)."""
    pre_exposure: tuple[float, float] = (0.80, 1.25)
    """What the interval of the pre-exposure ratio must reach (SelfControlledCaseSeries 6)."""
    end_of_observation: tuple[float, float] = (0.5, 2.0)
    """What the interval of the ratio over the last days observed must reach (the same)."""
    largest_time_instability: float = 1.1
    """Mean ratio of observed to expected months, not significantly above it (the same)."""
    null_ratio: tuple[float, float] = (0.5, 2.0)
    """Sequence ratio that trends of starts alone would give. No published rule: a choice."""
    largest_drift: float = 1.25
    """Ratio of a year's prevalence to the other years', either way. No published rule: a choice."""
