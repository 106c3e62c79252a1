"""One comparison where death competes with the outcome: the answers to four questions, together."""

from __future__ import annotations

from functools import partial

import pandas as pd

from studylib.risk.comparison import Comparison
from studylib.risk.cox.model import Ties
from studylib.risk.gates.gate import Gates
from studylib.risk.time_to_event import subdistribution_hazard_ratio
from studylib.tables import ESTIMATES, check


def competing_risks(
    study: Comparison,
    *,
    outcome: str,
    death: str,
    day: int,
    ties: Ties = "efron",
    fewest_carriers: int = 10,
    gates: Gates | None = None,
) -> pd.DataFrame:
    """What the arms of ``study`` do to the outcome, to death before it, and to the time without.

    An ESTIMATES table, for each arm: ``hazard_ratio`` of the outcome then of death (named
    ``death``), each ending the other's time at risk, with the adjustment of the study;
    ``subdistribution_hazard_ratio`` of the outcome (Fine and Gray), by regression on the study's
    covariates whatever its adjustment, none when it has none; ``mean_time_difference``, days
    without either out of the first ``day``, with the adjustment of the study. What each answers:
    Lau, Cole and Gange (2009), Am J Epidemiol 170:244-256; Latouche and others (2013), J Clin
    Epidemiol 66:648-653.
    """
    persons = study.persons
    died = persons.assign(event=persons["exit_reason"].eq("death"))
    hazard = partial(study.hazard_ratio, ties=ties, fewest_carriers=fewest_carriers, gates=gates)
    tables = [
        hazard(outcome=outcome),
        hazard(outcome=death, follow_up=died),
        subdistribution_hazard_ratio(
            persons,
            outcome=outcome,
            reference=study.reference,
            arms=study.arms,
            covariates=() if study.adjustment == "none" else study.covariates,
            fewest_carriers=fewest_carriers,
            gates=gates,
        ),
        study.mean_time_difference(outcome=outcome, day=day, gates=gates),
    ]
    return check(pd.concat(tables, ignore_index=True), ESTIMATES)
