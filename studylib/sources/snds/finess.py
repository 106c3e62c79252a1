"""Hospitals as they send their stays: their numbers, double transmissions, establishments.

The public hospitals of Paris, Lyon and Marseille sent each stay twice, under the number of the
legal entity and under that of the site, up to 2017 (from 2010 only in Lyon). The numbers and years
come from the DREES sheet « Activité en double dans les fichiers PMSI » (A. Vuagnat, N. Dia,
documentation of the SNDS): 166 sites of all fields of activity, 47 of them in the MCO. The three
lines of group ``fictive`` are the simulator's own hospitals.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import narwhals as nw
import pandas as pd

from studylib.codes.checkdigits import finess_key
from studylib.errors import CodeError
from studylib.referentials import departments, region_code
from studylib.sources.engine import Frame
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.raw import Raw

CATEGORIES = (  # first match wins; the name of an establishment carries what it is
    ("CHU", r"\b(?:CHU|CHRU|CHR)\b|UNIVERSITAIRE|ASSISTANCE PUBLIQUE|HOSPICES CIVILS"),
    ("CH", r"\bCH\b|CENTRE HOSPITALIER"),
)


@cache
def double_transmissions() -> pd.DataFrame:
    """Sites whose stays were also sent by their legal entity.

    Columns: code (site), legal, group, first_year, last_year (both included), mco ("yes" when the
    published table shows it among MCO transmissions). Source: see the module.

    >>> double_transmissions().set_index("code").loc["750100018", "legal"]
    '750712184'
    """
    file = resources.files("studylib.sources.snds") / "referential" / "duplicate_finess.csv"
    with file.open(encoding="utf-8") as stream:
        table = pd.read_csv(stream, dtype=str)
    return table.astype({"first_year": "int64", "last_year": "int64"})


def senders(raw: Raw) -> pd.DataFrame:
    """One row per year and establishment that sent stays or outpatient care.

    Columns: YEAR, ETA_NUM, rank (of ETA_NUM among all, from 0, whatever the order of files) and
    duplicate (see ``sent_twice``).
    """
    keys = ["YEAR", "ETA_NUM"]
    tables = [name for name in ("T_MCOaaB", "T_MCOaaCSTC") if raw.has(name)]
    parts = [raw.engine.collect(raw.table(name, keys[1:]).unique(keys)) for name in tables]
    table = pd.concat(parts, ignore_index=True).dropna().drop_duplicates(keys)
    table["rank"] = table["ETA_NUM"].rank(method="dense").astype("int64") - 1
    table["duplicate"] = sent_twice(table)
    return table.sort_values(keys, ignore_index=True)


def sent_twice(table: pd.DataFrame) -> pd.Series:
    """Whether the site's legal entity sent the same stays that year.

    A site is set aside only in the years of double transmission and when its legal entity is
    there too: without it, the site's lines are the only ones.

    >>> sent = pd.DataFrame({"YEAR": [2016, 2016, 2018], "ETA_NUM": [
    ...     "750712184", "750100018", "750100018"]})
    >>> sent_twice(sent).tolist()
    [False, True, False]
    """
    sites = double_transmissions().set_index("code")
    known = table["ETA_NUM"].map(sites["legal"])
    first = table["ETA_NUM"].map(sites["first_year"]).fillna(1)
    last = table["ETA_NUM"].map(sites["last_year"]).fillna(0)
    present = set(zip(table["YEAR"], table["ETA_NUM"], strict=True))
    both = pd.Series(
        [pair in present for pair in zip(table["YEAR"], known, strict=True)], index=table.index
    )
    return known.notna() & both & (table["YEAR"] >= first) & (table["YEAR"] <= last)


def key_is_wrong(code: str) -> bool:
    """Whether a FINESS number lacks its nine characters or its key.

    >>> key_is_wrong("750712184"), key_is_wrong("90787460")
    (False, True)
    """
    stem = code[:8].replace("A", "1").replace("B", "2")
    return len(code) != 9 or not stem.isdigit() or finess_key(code) != code[8]


def read_establishments(raw: Raw, findings: Findings, sent: pd.DataFrame) -> Frame:
    """Event table ``establishments`` from the latest line of each establishment in T_MCOaaE.

    Establishments that send stays without a line in T_MCOaaE are there under their number.
    """
    columns = ["ETA_NUM", "SOC_RAI", "STA_ETA", "REG_ETA"]
    lines = raw.engine.collect(raw.table("T_MCOaaE", columns)).dropna(subset=["ETA_NUM"])
    latest = lines.sort_values(["YEAR", *columns]).drop_duplicates("ETA_NUM", keep="last")
    every = pd.DataFrame({"ETA_NUM": sorted({*sent["ETA_NUM"], *latest["ETA_NUM"]})})
    found = every.merge(latest, on="ETA_NUM", how="left")
    without = ~sent["ETA_NUM"].isin(lines["ETA_NUM"])
    findings.link("T_MCOaaB", "T_MCOaaE", len(sent), int(without.sum()))
    wrong = found[found["ETA_NUM"].map(key_is_wrong)]
    findings.unknown(_unknown("FINESS", "T_MCOaaE", "ETA_NUM", wrong["ETA_NUM"]))
    table = pd.DataFrame(
        {
            "code": found["ETA_NUM"],
            "name": found["SOC_RAI"].fillna(found["ETA_NUM"]),
            "category": category(found),
            "region": [
                region_of(code, name)
                for code, name in found[["ETA_NUM", "REG_ETA"]].itertuples(index=False)
            ],
        }
    )
    findings.unknown(
        _unknown("region", "T_MCOaaE", "REG_ETA", found["ETA_NUM"][table["region"] == "99"])
    )
    return raw.engine.load(table.astype("object"), "establishments").select(
        *[nw.col(name).cast(nw.String()) for name in table.columns]
    )


def category(lines: pd.DataFrame) -> pd.Series:
    """CHU, CH, ESPIC or CLINIQUE from the sector (STA_ETA: OQN is private) and the name.

    >>> category(pd.DataFrame({"STA_ETA": ["DGF", "OQN"], "SOC_RAI": ["CHU DE NANTES", "X"]}))
    0         CHU
    1    CLINIQUE
    dtype: object
    """
    names = lines["SOC_RAI"].fillna("").str.upper()
    found = pd.Series("ESPIC", index=lines.index)
    for label, pattern in reversed(CATEGORIES):
        found = found.mask(names.str.contains(pattern, regex=True), label)
    return found.mask(lines["STA_ETA"] == "OQN", "CLINIQUE")


def region_of(code: str, name: str | None) -> str:
    """INSEE region of an establishment: by the name of its region, else by its FINESS; else 99.

    >>> region_of("750712184", None), region_of("2B0000020", "CORSE")
    ('11', '94')
    """
    named = _named_region(name) if isinstance(name, str) and name else None
    known = _department_regions()
    return named or next((known[code[:n]] for n in (4, 3, 2) if code[:n] in known), "99")


@cache
def _named_region(name: str) -> str | None:
    """None for a name that is no region, such as "SERVICE DE SANTE DES ARMEES"."""
    try:
        return region_code(name)
    except CodeError:
        return None


@cache
def _department_regions() -> dict[str, str]:
    """Region by beginning of FINESS; overseas numbers begin with 9701 to 9704 and 9805."""
    table = departments()
    overseas = {"9701": "01", "9702": "02", "9703": "03", "9704": "04", "9805": "06"}
    return {**dict(zip(table["code"], table["region"], strict=True)), **overseas}


def _unknown(system: str, table: str, column: str, codes: pd.Series) -> pd.DataFrame:
    count = len(codes)
    return pd.DataFrame(
        {
            "table": [table] * count,
            "column": [column] * count,
            "system": [system] * count,
            "code": list(codes),
            "lines": [1] * count,
            "amount": [None] * count,
        }
    )
