"""Where a request file is: by path, by file name, or by the identifier it declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from studylib import project
from studylib.errors import RequestError
from studylib.requests.wording import problem, quoted, suggestion
from studylib.requests.yaml_text import LARGEST_BYTES, read_text

SUFFIXES = (".yaml", ".yml")
_ASKED = "demande"


def find(name_or_path: str | Path) -> Path:
    """The request file meant: a path, a file name of ``parameters/``, or an identifier.

    A path is looked for from the working folder, then from the project's root; an identifier in
    ``parameters/``, then in ``parameters/examples/``. ``RequestError`` when nothing or several
    files answer, or when the path leaves the project.
    """
    text = str(name_or_path)
    if "/" in text or "\\" in text or ".." in text:
        return _first_file(text)
    named = [folder / f"{text}{end}" for folder in request_folders() for end in ("", *SUFFIXES)]
    for file in (Path.cwd() / text, *named):
        if file.suffix in SUFFIXES and _is_file(file):
            return _inside(file, text)
    declared = [(file, identifier) for file, identifier in _declared() if identifier == text]
    if len(declared) > 1:
        names = ", ".join(shown(file) for file, _ in declared)
        accepted = f"un identifiant porté par un seul fichier ; indiquez le chemin : {names}"
        raise RequestError([problem(_ASKED, None, (), quoted(text), accepted)])
    if not declared:
        raise RequestError([problem(_ASKED, None, (), quoted(text), _existing(text))])
    return declared[0][0]


def inside_project(file: str | Path) -> Path:
    """The absolute path of ``file``, relative ones being taken from the project's root.

    ``RequestError`` when it is not a file of the project, symbolic links followed: a report states
    which request it answers, and a file outside the project may change without leaving a trace.
    """
    return _inside(project.root() / Path(file), str(file))


def twin(file: Path, identifier: object) -> str | None:
    """Another request file that declares ``identifier``; None when it is this file's own.

    Runs and reports are kept under the identifier: two files with one would replace each other's.
    An example keeps its own when a copy has kept it too: the copy is the one to correct.
    """
    example = file.parent == request_folders()[1]
    for other, declared in _declared():
        copy_of_example = example and other.parent != file.parent
        if declared == identifier and other.resolve() != file.resolve() and not copy_of_example:
            return shown(other)
    return None


def request_folders() -> tuple[Path, Path]:
    """The folders where requests are looked for, first to last."""
    parameters = project.root() / "parameters"
    return parameters, parameters / "examples"


def shown(file: Path) -> str:
    """The path as messages show it: from the project's root."""
    root = project.root()
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _first_file(text: str) -> Path:
    # A file seen from the working folder counts only when it is of this project.
    refusals = []
    for folder in (Path.cwd(), project.root()):
        try:
            return _inside(folder / text, text)
        except RequestError as refusal:
            refusals.append(refusal)
    # « ../x » was meant from the working folder; anything else, from the project's root.
    raise refusals[0] if ".." in text else refusals[1]


def _inside(file: Path, given: str) -> Path:
    try:
        resolved = file.resolve()
        if not resolved.is_relative_to(project.root().resolve()):
            accepted = (
                "un fichier du projet ; ce chemin sort du dossier du projet "
                "(par « .. », un lien ou un autre dossier) : copiez la demande dans parameters/"
            )
            raise RequestError([problem(_ASKED, None, (), quoted(given), accepted)])
        if resolved.is_file():
            return resolved
        if resolved.exists():
            accepted = (
                "un fichier de demande, et non un dossier, par exemple parameters/2026-014.yaml"
            )
            raise RequestError([problem(_ASKED, None, (), quoted(given), accepted)])
    except (OSError, RuntimeError, ValueError):
        pass  # a name no file can have (too long, null character, links in a circle): absent
    raise RequestError([problem(_ASKED, None, (), quoted(given), _existing(given))])


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):
        return False


def _existing(given: str) -> str:
    known = sorted({identifier for _, identifier in _declared()})
    if not known:
        return "un fichier qui existe ; parameters/ ne contient encore aucune demande"
    return suggestion(given, known, what="une demande qui existe")


def _declared() -> Iterator[tuple[Path, str]]:
    for folder in request_folders():
        for file in sorted(folder.glob("*.y*ml")) if folder.is_dir() else ():
            identifier = _identifier(file)
            if identifier is not None:
                yield file, identifier


def _identifier(file: Path) -> str | None:
    try:
        if not file.is_file() or file.stat().st_size > LARGEST_BYTES:
            return None
        header = read_text(file.read_bytes(), file.name).content.get("request")
    except (OSError, RequestError):
        return None  # a faulty neighbour must not prevent finding this one
    identifier = header.get("id") if isinstance(header, dict) else None
    return identifier if isinstance(identifier, str) else None
