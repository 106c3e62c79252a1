"""One estimate is one row of the ESTIMATES table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from studylib.errors import EstimationError
from studylib.risk.columns import check_columns, check_present, is_number
from studylib.risk.gates.gate import Gates
from studylib.tables import ESTIMATES, check

DAYS_PER_YEAR = 365.25
NOTHING = (np.nan, np.nan, np.nan)
"""Estimate and limits where there is no estimate."""


def method(estimator: str, **choices: object) -> str:
    """What made an estimate, in one line: the estimator, then each choice that moves its answer.

    Choices that are None or empty are left out; several values are joined by commas. ``report``
    puts each piece into French, so every word used here is in ``report/method_words.py``.

    >>> method("cox", ties="efron", covariates=["age", "male"], strata=[])
    'cox; ties=efron; covariates=age, male'
    """
    pieces = [estimator]
    for name, choice in choices.items():
        told = choice
        if isinstance(choice, Iterable) and not isinstance(choice, str):
            told = ", ".join(str(each) for each in choice)
        if told is not None and told != "":
            pieces.append(f"{name}={told}")
    return "; ".join(pieces)


def estimate_row(
    follow_up: pd.DataFrame,
    *,
    comparison: str,
    measure: str,
    method: str,
    outcome: str,
    values: tuple[float, float, float] = NOTHING,
    p_value: float = np.nan,
) -> dict[str, object]:
    """A row of ESTIMATES whose persons, events and person-years are those of ``follow_up``."""
    return {
        "analysis": "primary",
        "population": "",
        "comparison": comparison,
        "outcome": outcome,
        "measure": measure,
        "estimate": values[0],
        "ci_low": values[1],
        "ci_high": values[2],
        "p_value": p_value,
        "persons": len(follow_up),
        "events": int(follow_up["event"].sum()),
        "person_years": float((follow_up["exit"] - follow_up["entry"]).sum()) / DAYS_PER_YEAR,
        "method": method,
    }


def estimates(rows: Iterable[dict[str, object]], *, gates: Gates | None = None) -> pd.DataFrame:
    """The rows as a checked ESTIMATES table, withheld when ``gates`` are closed.

    Every estimator of a compared effect ends here, so that none can be read before its gates.
    """
    frame = pd.DataFrame(list(rows), columns=ESTIMATES.names)
    numbers = ["estimate", "ci_low", "ci_high", "p_value", "person_years"]
    checked = check(frame.astype(dict.fromkeys(numbers, float)), ESTIMATES)
    return gates.release(checked) if gates is not None else checked


def against(
    follow_up: pd.DataFrame,
    reference: str,
    arms: Sequence[str] = (),
    *,
    repeated: bool = False,
) -> list[str]:
    """The arms other than ``reference``, sorted; EstimationError when there is nothing to compare.

    The arms are those of the study when given, else those present.

    Also refuses person-time that cannot be analysed: an exit that does not come after its entry,
    a person counted twice unless persons may be ``repeated`` (the estimator clusters them).
    """
    refuse_person_time(follow_up, repeated=repeated)
    arms = sorted(arms or set(follow_up["arm"]))
    if reference not in arms or len(arms) < 2:
        raise EstimationError(
            f"Estimation : groupe de référence « {reference} » et un autre groupe attendus ; "
            f"groupes présents : {', '.join(arms)}."
        )
    return [arm for arm in arms if arm != reference]


def refuse_person_time(follow_up: pd.DataFrame, *, repeated: bool = False) -> None:
    """EstimationError for person-time that cannot be analysed.

    What ``refuse_persons`` refuses, an event that is neither true nor false, a day that is missing
    or infinite or no day, an exit that does not come after its entry.
    """
    absent = [name for name in _FOLLOWED if name not in follow_up]
    if absent or not follow_up.columns.is_unique:
        raise EstimationError(
            f"Estimation : colonne {', '.join(absent) or 'répétée'} ; le suivi a une colonne de "
            f"chaque nom parmi {', '.join(_FOLLOWED)}."
        )
    refuse_persons(follow_up, repeated=repeated)
    if not is_flag(follow_up["event"]):
        raise EstimationError(
            "Estimation : colonne event ; vrai ou faux, ou 1 et 0, attendu pour chaque personne, "
            f"reçu {follow_up['event'].dtype}."
        )
    for name in ("entry", "exit"):
        days = follow_up[name]
        number = is_number(days) and not pd.api.types.is_bool_dtype(days)
        if not number or not (days.astype(float).abs() <= LARGEST_DAY).all():
            raise EstimationError(
                f"Estimation : colonne {name} ({days.dtype}) ; des jours en nombres, ni manquants "
                "ni infinis, sont attendus."
            )
    if (follow_up["exit"] <= follow_up["entry"]).any():
        raise EstimationError(
            "Estimation : des personnes ont un temps de suivi nul ou négatif ; "
            "voir cohort.check_person_time."
        )


_FOLLOWED = ("person_id", "arm", "entry", "exit", "event")
LARGEST_DAY = 1e7
"""Days from 1970-01-01, either way, beyond which a number is no day."""


def refuse_persons(people: pd.DataFrame, *, repeated: bool = False) -> None:
    """EstimationError for nobody, an arm without a name, a person without one or counted twice.

    Persons may be there several times when ``repeated``: the estimator clusters them.
    """
    check_present(people, ["person_id", "arm"])
    if people.empty:
        raise EstimationError("Estimation : aucune personne suivie.")
    if not all(isinstance(arm, str) and arm for arm in people["arm"].unique()):
        raise EstimationError("Estimation : colonne arm ; un nom de groupe par personne attendu.")
    check_columns(people, ["person_id"])
    if not repeated and people["person_id"].duplicated().any():
        raise EstimationError("Estimation : des personnes figurent deux fois dans le suivi.")


def by_arm(people: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each arm that has somebody with its rows, sorted by name."""
    arm = people["arm"].to_numpy(object)
    for name in sorted(set(arm)):
        yield str(name), people[arm == name]


def is_flag(values: pd.Series) -> bool:
    """Whether every value is true or false, or 1 or 0.

    >>> is_flag(pd.Series([0.0, 1.0])), is_flag(pd.Series(["oui", "non"]))
    (True, False)
    """
    return bool(is_number(values) and values.notna().all() and values.isin([0, 1]).all())
