"""Code systems that refuse malformed and cut codes, dated code lists, search, diff and checks."""

from studylib.codes import conversions
from studylib.codes.card import card
from studylib.codes.checkdigits import ean13_key, finess_key
from studylib.codes.checking import FINDINGS, check_codelist
from studylib.codes.codelist import Codelist, RawList
from studylib.codes.comparing import CHANGES, diff, labels_by_code
from studylib.codes.conversions import cip7_from_cip13, ucd7_from_ucd13
from studylib.codes.drugs import cip13_from_cip7, ucd13_from_ucd7
from studylib.codes.knowledge import absent, known_codes
from studylib.codes.library import (
    code_labels,
    codelist,
    codelist_names,
    licence_of,
    list_file,
    list_versions,
    raw_list,
)
from studylib.codes.list_files import COLUMNS as LIST_COLUMNS
from studylib.codes.registry import SYSTEMS, system
from studylib.codes.searching import close_words, search
from studylib.codes.systems import CodeSystem

__all__ = [
    "CHANGES",
    "FINDINGS",
    "LIST_COLUMNS",
    "SYSTEMS",
    "CodeSystem",
    "Codelist",
    "RawList",
    "absent",
    "card",
    "check_codelist",
    "cip7_from_cip13",
    "cip13_from_cip7",
    "close_words",
    "code_labels",
    "codelist",
    "codelist_names",
    "conversions",
    "diff",
    "ean13_key",
    "finess_key",
    "known_codes",
    "labels_by_code",
    "licence_of",
    "list_file",
    "list_versions",
    "raw_list",
    "search",
    "system",
    "ucd7_from_ucd13",
    "ucd13_from_ucd7",
]
