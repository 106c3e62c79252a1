"""What the simulation planted, for estimates to be held against."""

from __future__ import annotations

import pandas as pd

from studylib.sources.simulated.settings import Settings, days_since_epoch, model


def planted_effects(settings: Settings) -> pd.DataFrame:
    """One row per planted effect that these settings can show.

    Columns: name, kind (hazard_ratio, interaction, cost_difference, prescribing_ratio,
    share_difference, contract_ratio, misuse, coded_share, incidence_rate_ratio, sequence_ratio),
    exposure, reference, outcome, value, unit, start (first day it holds, YYYY-MM-DD, empty when it
    always does), meaning. A regional effect is left out when its region, or every other one, is
    absent; a dated one when the period ends before it, and a contract also when the period does
    not reach back before it.

    >>> planted_effects(Settings()).set_index("name").loc["bleeding_aod", "value"]
    np.float64(0.7)
    """
    table = model("effects").assign(value=lambda rows: rows["value"].astype(float))
    shown = [_is_shown(row, settings) for _, row in table.iterrows()]
    return table[shown].reset_index(drop=True)


def _is_shown(effect: pd.Series, settings: Settings) -> bool:
    region, start = str(effect["exposure"]), str(effect["start"])
    if effect["reference"] == "other regions" and (
        region not in settings.regions or len(settings.regions) < 2
    ):
        return False
    if not start:
        return True
    first, last = settings.days
    day = days_since_epoch(pd.Series([start]))[0]
    return day < last and (day > first or effect["kind"] == "misuse")
