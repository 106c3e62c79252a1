"""The small reference files shipped with studylib, each with its source, licence and hash.

``data/index.csv`` describes them. A file is read only when its hash is the one written there, so
that a table changed in place never passes for the one that was published.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from importlib import resources

import pandas as pd

from studylib.errors import CodeError, DataMissing

_DATA = resources.files("studylib.referentials") / "data"


def text_hash(content: bytes) -> str:
    r"""SHA-256 of a text file, the same whether its lines end with LF or CRLF.

    >>> text_hash(b"code\r\n") == text_hash(b"code\n")
    True
    """
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


@cache
def index() -> pd.DataFrame:
    """One row per shipped file.

    Columns (text): name, file, version (state date), title, producer, licence, source, sha256.
    """
    text = (_DATA / "index.csv").read_text("utf-8")
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


@cache
def read(name: str) -> pd.DataFrame:
    """The shipped table called ``name``, all columns text, empty cells as ``""``.

    DataMissing when its hash is not the one of the index; CodeError when it is unknown.
    """
    rows = index().set_index("name")
    if name not in rows.index:
        raise CodeError(
            f"Table « {name} » non fournie avec studylib : choisir parmi {', '.join(rows.index)}."
        )
    file, expected = str(rows.loc[name, "file"]), str(rows.loc[name, "sha256"])
    content = (_DATA / file).read_bytes()
    if text_hash(content) != expected:
        raise DataMissing(
            f"Fichier {file} fourni avec studylib : contenu modifié (SHA-256 "
            f"{text_hash(content)[:12]}… au lieu de {expected[:12]}…) ; réinstaller studylib."
        )
    return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
