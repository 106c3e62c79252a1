"""Opening a producer's file: encoding, separator, columns, numbers and codes, checked at once.

Everything is read as text first: a code is never a number, ``NA`` is a label and not a missing
value, and each number is converted by the rule of its producer. What is wrong is said in one
sentence that names the file, the column, what was found and what to do.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from studylib.errors import DataMissing, TableError

AGAIN = "reprendre le fichier du producteur sans l'ouvrir dans un tableur"
SEPARATOR_NAMES = {",": "virgule", ";": "point-virgule", "\t": "tabulation", "|": "barre"}


def sha256_of(path: Path) -> str:
    """The hexadecimal SHA-256 of a file, read block by block."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_bytes(path: Path, *, size: int = -1) -> bytes:
    """The file's bytes, decompressed; DataMissing when it is absent, empty or cut."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            content: bytes = stream.read(size)
    except FileNotFoundError as error:
        raise DataMissing(f"Fichier {path} absent.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
        raise DataMissing(
            f"Fichier {path.name} illisible ou tronqué ({error}) : le télécharger à nouveau."
        ) from error
    if not content.strip():
        raise DataMissing(f"Fichier {path.name} vide : le télécharger à nouveau.")
    return content


def require_whole(path: Path) -> None:
    """Nothing when a .gz can be read to its end (others cannot be told cut); else DataMissing."""
    if path.suffix.lower() != ".gz":
        return
    try:
        with gzip.open(path) as stream:
            while stream.read(1 << 20):
                pass
    except (EOFError, zlib.error, OSError) as error:
        raise DataMissing(
            f"Fichier {path.name} tronqué ou illisible ({error}) : le télécharger à nouveau."
        ) from error


def encoding_of(path: Path) -> str:
    """``utf-8-sig`` or ``cp1252``, from the file's first megabyte.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.txt")
    ...     _ = path.write_bytes("Région".encode("cp1252"))
    ...     encoding_of(path)
    'cp1252'
    """
    start = read_bytes(path, size=1 << 20)
    cut = max(start.rfind(b"\n"), 0) if len(start) == 1 << 20 else len(start)
    try:
        start[:cut].decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def read_text(path: Path) -> str:
    """The file as text: UTF-8 (with or without mark), else cp1252, which contains latin-1."""
    content = read_bytes(path)
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text
    raise DataMissing(f"Fichier {path.name} : ni UTF-8 ni cp1252 (latin-1) ; {AGAIN}.")


def _require_separator(path: Path, line: str, separator: str) -> None:
    if separator in line:
        return
    others = [name for mark, name in SEPARATOR_NAMES.items() if mark in line]
    found = f"séparateur {others[0]} trouvé" if others else "aucun séparateur trouvé"
    expected = SEPARATOR_NAMES[separator]
    raise TableError(f"Fichier {path.name} : {found}, {expected} attendu ; {AGAIN}.")


def require_columns(path: Path, found: Sequence[str], wanted: Sequence[str]) -> None:
    """Nothing when every wanted column is there; else a TableError naming those absent."""
    lacking = [name for name in wanted if name not in found]
    if lacking:
        raise TableError(
            f"Fichier {path.name} : colonnes absentes {', '.join(lacking)} ; trouvé "
            f"{', '.join(list(found)[:12])}{'…' if len(found) > 12 else ''} ; vérifier que c'est "
            "le bon fichier, dans la version attendue."
        )


def header_of(path: Path, separator: str) -> list[str]:
    """Names of the first line, stripped, the empty ones that a final separator makes left out."""
    start = read_bytes(path, size=1 << 16).decode(encoding_of(path), errors="replace")
    line = start.splitlines()[0]
    _require_separator(path, line, separator)
    return [name.strip().strip('"') for name in line.split(separator) if name.strip()]


def read_delimited(
    path: Path,
    *,
    separator: str,
    wanted: Sequence[str] = (),
    names: Sequence[str] = (),
    whole_last_line: bool = False,
) -> pd.DataFrame:
    """Text columns of a delimited file, checked.

    ``wanted``: columns the header must hold. ``names``: names of a file without header, quotes
    being then ordinary characters (labels of the BDPM hold stray ones). ``whole_last_line``
    refuses a file whose last line stops before its last column: it was cut.
    """
    text = read_text(path)
    _require_separator(path, text.split("\n", 1)[0], separator)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None if names else 0,
            dtype=str,
            keep_default_na=False,
            quoting=csv.QUOTE_NONE if names else csv.QUOTE_MINIMAL,
            skip_blank_lines=True,
        )
    except pd.errors.ParserError as error:
        raise TableError(f"Fichier {path.name} : lignes inégales ({error}) ; {AGAIN}.") from error
    frame = _with_names(path, frame, names)
    require_columns(path, list(frame.columns), wanted)
    if whole_last_line:
        _require_whole_last_line(path, text, separator, len(frame.columns))
    return frame.fillna("")


def _with_names(path: Path, frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The columns named: by ``names`` when the file has no header, else by its own, stripped."""
    if not names:
        return frame.rename(columns=str.strip)
    if len(frame.columns) != len(names):
        raise TableError(
            f"Fichier {path.name} : {len(frame.columns)} colonnes trouvées, {len(names)} "
            "attendues ; le producteur a changé son format, ou ce n'est pas le bon fichier."
        )
    return frame.set_axis(list(names), axis=1)


def _require_whole_last_line(path: Path, text: str, separator: str, width: int) -> None:
    """DataMissing when the last line has fewer cells than there are columns (pandas adds them)."""
    lines = text.rstrip("\r\n").splitlines()
    cells = next(csv.reader([lines[-1]], delimiter=separator), [])
    if lines[-1].count(separator) + 1 < width and len(cells) < width:
        raise DataMissing(
            f"Fichier {path.name}, ligne {len(lines)} : la dernière ligne s'arrête avant sa "
            "dernière colonne, le fichier est tronqué ; le télécharger à nouveau."
        )


def _first_wrong(path: Path, column: str, values: pd.Series, wrong: pd.Series, what: str) -> None:
    if wrong.any():
        line = int(wrong.to_numpy().argmax())
        raise TableError(
            f"Fichier {path.name}, colonne {column}, ligne de données {line + 1} : "
            f"« {values.iloc[line]} » reçu, {what} attendu ; {AGAIN}."
        )


def numbers(path: Path, column: str, values: pd.Series, *, french: bool = False) -> pd.Series:
    """Numbers of a text column; TableError names the first value that is none.

    ``french``: decimal comma, spaces as thousands mark. Without: decimal point, no mark.
    """
    text = values.str.replace(r"[\s\u00a0\u202f]", "", regex=True)
    pattern = r"-?\d+(,\d+)?" if french else r"-?\d+(\.\d*)?([eE][-+]?\d+)?"
    what = "nombre à virgule décimale" if french else "nombre à point décimal"
    _first_wrong(path, column, values, ~text.str.fullmatch(pattern), what)
    return text.str.replace(",", ".").astype(float)


def codes(path: Path, column: str, values: pd.Series) -> pd.Series:
    """Integer codes as text: ``11.0`` and ``11`` are both ``11``; TableError for anything else."""
    bare = values.str.strip().str.replace(r"\.0*$", "", regex=True)
    _first_wrong(path, column, values, ~bare.str.fullmatch(r"\d+"), "code entier")
    return bare.str.replace(r"^0+(?=\d)", "", regex=True)


def sheets(path: Path) -> Mapping[str, list[list[Any]]]:
    """Rows of every sheet of an .xls or .xlsx workbook; DataMissing when it is none."""
    try:
        book = CalamineWorkbook.from_path(path)
        return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except FileNotFoundError as error:
        raise DataMissing(f"Fichier {path} absent.") from error
    except CalamineError as error:
        raise DataMissing(
            f"Fichier {path.name} : ce n'est pas un classeur lisible ({error}) ; {AGAIN}."
        ) from error
