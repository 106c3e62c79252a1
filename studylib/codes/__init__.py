"""Code systems that refuse malformed and cut codes, and dated code lists loaded by name."""

from studylib.codes.checkdigits import ean13_key, finess_key
from studylib.codes.codelist import Codelist
from studylib.codes.drugs import cip13_from_cip7, ucd13_from_ucd7
from studylib.codes.library import code_labels, codelist, codelist_names
from studylib.codes.registry import SYSTEMS, system
from studylib.codes.systems import CodeSystem

__all__ = [
    "SYSTEMS",
    "CodeSystem",
    "Codelist",
    "cip13_from_cip7",
    "code_labels",
    "codelist",
    "codelist_names",
    "ean13_key",
    "finess_key",
    "system",
    "ucd13_from_ucd7",
]
