"""What goes wrong, in words.

Every mistake a user can make ends as a ``StudyError``: one French sentence that says what was
given, where, what is accepted and what to do. The command line prints it without a traceback and
leaves with ``exit_code``. Anything else that escapes is a defect of studylib itself.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path


class StudyError(Exception):
    """A mistake that the person running the study can repair.

    >>> StudyError("Le fichier est vide.").exit_code
    1
    """

    exit_code = 1


_SYSTEM_FAULTS = {
    errno.ENOSPC: "le disque est plein ; libérer de la place",
    errno.EDQUOT: "le quota du disque est atteint ; libérer de la place",
    errno.EROFS: "le disque est en lecture seule ; choisir un autre dossier",
    errno.EACCES: "l'accès est refusé ; vérifier les droits",
    errno.EPERM: "l'accès est refusé ; vérifier les droits",
    errno.EMFILE: "trop de fichiers sont ouverts ; fermer d'autres programmes",
}


def system_fault(error: OSError) -> str | None:
    """What the machine refused, in a French sentence; None for a fault that has no known remedy.

    >>> system_fault(OSError(errno.ENOSPC, "No space left on device", "outputs/x"))
    'Écriture impossible (x) : le disque est plein ; libérer de la place.'
    """
    remedy = _SYSTEM_FAULTS.get(error.errno or 0)
    if remedy is None:
        return None
    place = f" ({Path(str(error.filename)).name})" if error.filename else ""
    return f"Écriture impossible{place} : {remedy}."


class ChoiceError(StudyError):
    """An option, a name or a period that is not one of those accepted."""

    exit_code = 2


class DataNotice(UserWarning):
    """What must be known of data before they are used, told each time they are opened."""


class CodeError(StudyError, ValueError):
    """A code that is not of its system, or a code list that is empty, cut or unknown."""

    exit_code = 2


class TableError(StudyError):
    """A table without the columns, types or grain that its contract declares."""


class EstimationError(StudyError):
    """Data on which the estimator asked for has no answer (no person, overlapping time…)."""


class DataMissing(StudyError):
    """Data that the study needs and that is absent, unreadable or not the declared one."""

    exit_code = 3


class PublicationRefused(StudyError):
    """A report that may not be published, with the rules it breaks."""

    exit_code = 4


@dataclass(frozen=True)
class Problem:
    """One fault of a request file: where it is, what was given, what is accepted."""

    file: str
    line: int | None
    field: str
    given: str
    accepted: str

    def __str__(self) -> str:
        place = f"{self.file}, ligne {self.line}" if self.line else self.file
        field = f" · {self.field}" if self.field else ""
        given = f" · reçu : {self.given}" if self.given else ""
        return f"{place}{field}{given} · attendu : {self.accepted}"


class RequestError(StudyError):
    """A request that cannot be run; ``problems`` holds every fault, not only the first.

    >>> str(RequestError([Problem("r.yaml", 3, "regions", "« 99 »", "un code de région")]))
    'r.yaml, ligne 3 · regions · reçu : « 99 » · attendu : un code de région'
    """

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


MOST = 10_000_000
"""A count or a number of days that no choice goes beyond."""


def refuse_choices(study: str, **choices: tuple[object, Sequence[object]]) -> None:
    """EstimationError for a choice, by its name, that is not among those accepted.

    >>> refuse_choices("Étude", side=("up", ("left", "right")))
    Traceback (most recent call last):
    studylib.errors.EstimationError: Étude : side vaut « up » ; accepté : left, right.
    """
    for name, (choice, accepted) in choices.items():
        if choice not in accepted:
            raise EstimationError(
                f"{study} : {name} vaut « {choice} » ; accepté : {', '.join(map(str, accepted))}."
            )


def refuse_counts(study: str, least: int, **counts: object) -> None:
    """EstimationError for what is not a whole number from ``least`` to ``MOST``.

    >>> refuse_counts("Étude", 1, window=0)
    Traceback (most recent call last):
    studylib.errors.EstimationError: Étude : window vaut 0 ; un nombre entier d'au moins 1 attendu.
    """
    for name, count in counts.items():
        if not is_whole(count) or not least <= int(str(count)) <= MOST:
            expected = f"un nombre entier d'au moins {least} attendu"
            raise EstimationError(f"{study} : {name} vaut {count} ; {expected}.")


def is_whole(value: object) -> bool:
    """Whether ``value`` is a whole number, true and false set apart.

    >>> is_whole(3), is_whole(3.0), is_whole(True)
    (True, False, False)
    """
    return isinstance(value, Integral) and not isinstance(value, bool)
