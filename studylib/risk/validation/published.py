"""Published cases that can be run from what the project and its libraries hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from lifelines import datasets

from studylib.risk.cox import cox_coefficients
from studylib.risk.doubt import e_value, mdrr_cohort
from studylib.risk.incidence import poisson_interval
from studylib.risk.validation.agreement import Known, agreement

ROSSI = "Rossi, Berk et Lenihan 1980 ; R survival 3.5 et lifelines 0.30"
ROSSI_COEFFICIENTS = {
    "fin": -0.379422, "age": -0.057438, "race": 0.3139, "wexp": -0.149796, "mar": -0.433704,
    "paro": -0.084871, "prio": 0.091497,
}  # fmt: skip
LUNG = "Loprinzi 1994 ; R survival 3.5-3"
LUNG_EFRON = {"age": 0.011066765, "sex": -0.552612396, "ph.ecog": 0.463728475}
LUNG_BRESLOW = {"age": 0.011041136, "sex": -0.55188957, "ph.ecog": 0.462947041}
OHDSI = "OHDSI CohortMethod 6.0.2, études publiées"
MDRR = {(88134, 126316, 1252): 1.174598, (48023, 48023, 597): 1.257748, (1797, 830, 159): 1.612711}
VIGNETTE = "R EValue, vignette (VanderWeele et Ding 2017)"
GARWOOD = "Garwood 1936, table 1"


def published_cases() -> pd.DataFrame:
    """The published answers beside those of the library: an AGREEMENT table.

    Data are those that lifelines ships; other answers need none. The cases whose data may not be
    shipped are run by the tests of the project.
    """
    return agreement([*_rossi(), *_lung(), *_closed_forms()])


def _followed(data: pd.DataFrame, time: str, event: pd.Series) -> pd.DataFrame:
    rows = data.assign(person_id=range(len(data)), arm="all", entry=0)
    rows = rows.assign(exit=data[time], event=event)
    return rows.astype({"exit": int})


# The columns of the two published data sets, as a French reader names them.
_NAMES = {
    "fin": "aide financière",
    "age": "âge",
    "race": "origine",
    "wexp": "expérience professionnelle",
    "mar": "marié",
    "paro": "libération conditionnelle",
    "prio": "condamnations antérieures",
    "sex": "sexe",
    "ph.ecog": "indice ECOG",
}


def _spaced(count: int) -> str:
    return f"{count:,}".replace(",", "\u202f")


def _rossi() -> Iterator[Known]:
    data = datasets.load_rossi()
    people = _followed(data, "week", data["arrest"].eq(1))
    model = cox_coefficients(people, list(ROSSI_COEFFICIENTS)).set_index("term")
    for term, truth in ROSSI_COEFFICIENTS.items():
        found = model["coefficient"].to_dict()[term]
        yield Known("Rossi", f"coefficient, {_NAMES[term]}", truth, found, 1e-4, ROSSI)
    whole = model.iloc[0]
    yield Known("Rossi", "log-vraisemblance", -658.747659, whole["log_likelihood"], 1e-6, ROSSI)
    yield Known("Rossi", "concordance", 0.640329, whole["concordance"], 1e-4, ROSSI)
    robust = cox_coefficients(people, ["fin", "age", "prio"], strata=["race"])
    error = float(robust["robust_error"].iloc[0])
    yield Known(
        "Rossi",
        "erreur robuste, aide financière, stratifié par origine",
        0.19154,
        error,
        3e-5,
        ROSSI,
    )


def _lung() -> Iterator[Known]:
    data = datasets.load_lung().dropna(subset=["ph.ecog"])
    people = _followed(data, "time", data["status"].eq(data["status"].max()))
    for ties, known in (("efron", LUNG_EFRON), ("breslow", LUNG_BRESLOW)):
        model = cox_coefficients(people, list(known), ties=ties)  # type: ignore[arg-type]
        for term, found in zip(model["term"], model["coefficient"], strict=True):
            name = f"coefficient, {_NAMES[term]}, ex æquo selon {ties.capitalize()}"
            yield Known("Cancer du poumon", name, known[term], found, 1e-5, LUNG)


def _closed_forms() -> Iterator[Known]:
    for (arm, reference, events), truth in MDRR.items():
        found, _ = mdrr_cohort(arm, reference, events)
        name = f"{_spaced(arm)} contre {_spaced(reference)}, {_spaced(events)} événements"
        yield Known("Plus petit rapport détectable", name, truth, found, 1e-6, OHDSI)
    yield Known("Valeur E", "rapport de 3,9", 7.263034, e_value(3.9), 1e-6, VIGNETTE)
    yield Known("Valeur E", "limite de 1,8", 3.0, e_value(1.8), 1e-9, VIGNETTE)
    for name, truth, found in zip(
        ("limite basse de 10 cas", "limite haute de 10 cas"),
        (4.7954, 18.3904),
        np.array(poisson_interval(10)),
        strict=True,
    ):
        yield Known("Intervalle de Poisson", name, truth, found, 1e-5, GARWOOD)
