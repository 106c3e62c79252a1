"""What the simulation planted, for estimates to be held against."""

from __future__ import annotations

import pandas as pd

from studylib.sources.simulated.settings import Settings, model


def planted_effects(settings: Settings) -> pd.DataFrame:
    """One row per planted effect that these settings can show.

    Columns: name, kind (hazard_ratio, cost_difference, prescribing_ratio, share_difference),
    exposure, reference, outcome, value, unit, meaning. A regional effect is left out when its
    region, or every other one, is absent.

    >>> planted_effects(Settings()).set_index("name").loc["bleeding_aod", "value"]
    np.float64(0.7)
    """
    table = model("effects").assign(value=lambda rows: rows["value"].astype(float))
    contrasted = "84" in settings.regions and len(settings.regions) > 1
    shown = (table["kind"] != "prescribing_ratio") | contrasted
    return table[shown].reset_index(drop=True)
