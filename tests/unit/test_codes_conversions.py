"""Spellings of drug codes: one by one and by column say the same, on every engine."""

from __future__ import annotations

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studylib import codes
from studylib.codes import conversions
from studylib.errors import CodeError

SEVEN = st.text("0123456789", min_size=7, max_size=7)
GIVEN = [
    "3400949497294", "4949729", " 4949729 ", "3400949497290", "34009", "", None, "ABCDEFG",
    "0000009000294", "009000294", "9000294", "3400890002943", "3400890002944", "0009000294",
    "0000008000294", "3400880002940",
]  # fmt: skip
_, CIP13 = "4949729", "3400949497294"
UCD7, UCD13 = "9000294", "3400890002943"
EXPECTED = {
    "cip7": {CIP13: "4949729", "4949729": "4949729", " 4949729 ": "4949729", UCD7: UCD7},
    "cip13": {CIP13: CIP13, "4949729": CIP13, " 4949729 ": CIP13, UCD7: "3400990002942"},
    "ucd7": dict.fromkeys(("0000009000294", "009000294", UCD7, UCD13), UCD7),
    "ucd13": dict.fromkeys(("0000009000294", "009000294", UCD7, UCD13), UCD13),
}


def on_pandas(frame: pd.DataFrame):
    return nw.from_native(frame)


def on_polars(frame: pd.DataFrame):
    return nw.from_native(pl.from_pandas(frame).lazy())


def on_duckdb(frame: pd.DataFrame):
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order=true; SET threads=1")
    connection.register("given", frame)
    return nw.from_native(connection.table("given"))


def converted(frame, name: str) -> list[str | None]:
    out = frame.with_columns(getattr(conversions, name)("code"))
    out = (out.collect() if isinstance(out, nw.LazyFrame) else out).to_native()
    table = out.to_pandas() if hasattr(out, "to_pandas") else out
    ordered = table.sort_values("rank")["code"]
    return [None if pd.isna(value) else value for value in ordered]


@pytest.mark.parametrize("engine", [on_pandas, on_polars, on_duckdb])
@pytest.mark.parametrize("name", EXPECTED)
def test_a_column_in_every_spelling(engine, name):
    frame = pd.DataFrame({"rank": range(len(GIVEN)), "code": GIVEN})
    expected = [EXPECTED[name].get(code) for code in GIVEN]
    assert converted(engine(frame), name) == expected


@given(st.lists(SEVEN, min_size=1, max_size=30))
@settings(max_examples=25, deadline=None)
def test_columns_agree_with_the_functions_of_one_code(sevens):
    ucd = ["9" + seven[1:] for seven in sevens]
    frame = pd.DataFrame({"rank": range(len(sevens)), "code": sevens})
    units = frame.assign(code=ucd)
    whole = [codes.cip13_from_cip7(seven) for seven in sevens]
    official = [codes.ucd13_from_ucd7(seven) for seven in ucd]
    assert converted(on_duckdb(frame), "cip13") == whole
    assert converted(on_duckdb(units), "ucd13") == official
    assert [codes.cip7_from_cip13(code) for code in whole] == sevens
    assert [codes.ucd7_from_ucd13(code) for code in official] == ucd
    assert [codes.ucd7_from_ucd13(code.zfill(13)) for code in ucd] == ucd
    assert converted(on_duckdb(frame.assign(code=whole)), "cip7") == sevens
    assert converted(on_duckdb(units.assign(code=official)), "ucd7") == ucd


@given(SEVEN, st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_a_wrong_key_never_gives_a_code(seven, shift):
    right = codes.cip13_from_cip7(seven)
    wrong = right[:-1] + str((int(right[-1]) + shift) % 10)
    frame = pd.DataFrame({"rank": [0], "code": [wrong]})
    assert converted(on_pandas(frame), "cip7") == [None]
    with pytest.raises(CodeError):
        codes.cip7_from_cip13(wrong)


@pytest.mark.parametrize("wrong", ["9000294", "0009000294", "3400949497294", "", 9000294, None])
def test_what_is_no_ucd13(wrong):
    with pytest.raises(CodeError, match="UCD"):
        codes.ucd7_from_ucd13(wrong)
