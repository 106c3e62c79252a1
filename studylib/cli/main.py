"""The entry point: every way a command may end becomes an exit code and a sentence.

0 good · 1 a run failed, or studylib did · 2 wrong request or command line · 3 data absent ·
4 publication refused · 130 interrupted.
"""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType
from typing import Any, cast

from typer.exceptions import TyperException

from studylib.cli.app import app
from studylib.cli.shown import error, error_log, to_utf8
from studylib.cli.usage import in_french
from studylib.errors import StudyError, system_fault

INTERRUPTED = 130
_INTERRUPTION = "Interrompu. La même commande reprendra ce qui n'est pas terminé."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    to_utf8()
    given = list(sys.argv[1:] if arguments is None else arguments)
    _stop_like_the_keyboard()
    sys.exit(leave_code(given))


def leave_code(arguments: Sequence[str]) -> int:
    """The exit code of a command line, once it ran; what went wrong is said on stderr."""
    _skip_unused_grammar()
    try:
        left = app(args=list(arguments), prog_name="studylib", standalone_mode=False)
        code = int(left or 0)
        if code == INTERRUPTED:  # typer turns a keyboard interruption into this code, silently
            error(_INTERRUPTION)
        return code
    except StudyError as refused:
        error(str(refused))
        return refused.exit_code
    except TyperException as misused:
        error(in_french(misused))
        return misused.exit_code
    except (KeyboardInterrupt, EOFError):
        error(_INTERRUPTION)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None
        return 1
    except OSError as refusal:
        error(system_fault(refusal) or _told(refusal, verbose="-v" in arguments))
        return 1
    except Exception as defect:
        if "Query interrupted" in str(defect):  # DuckDB, interrupted in the middle of a query
            error(_INTERRUPTION)
            return INTERRUPTED
        error(_told(defect, verbose=bool({"-v", "--verbose"} & set(arguments))))
        return 1


def _told(defect: Exception, *, verbose: bool) -> str:
    """One sentence on a defect of studylib, whose traceback goes to a file."""
    trace = traceback.format_exc()
    place = error_log(trace)
    sentence = (
        f"Erreur imprévue de studylib ({type(defect).__name__} : {defect}) ; "
        f"le détail est dans {place}."
    )
    return f"{sentence}\n{trace}" if verbose else sentence


def _skip_unused_grammar() -> None:
    """Keep jsonschema from building, for two seconds at each start, a grammar nobody asks for.

    It serves to check internationalised addresses, of which notebooks and requests have none;
    jsonschema does without when the import fails.
    """
    sys.modules.setdefault("rfc3987_syntax", cast(ModuleType, None))


def _stop_like_the_keyboard() -> None:
    """A polite stop or a closed terminal stops kernels just as Ctrl-C does."""

    def interrupt(_number: int, _frame: Any) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, interrupt)
