"""What hospitals write of the harm of drugs: codes of adverse effects beside what they explain.

Most harm is not coded (the share is planted), and what is coded stands in associated diagnoses,
as the rules of coding want for a drug properly taken.
"""

from __future__ import annotations

from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from studylib.sources.simulated.draws import Draws
from studylib.sources.simulated.hospital import BLEEDING, KIND, LAST_STAY, PERSON
from studylib.sources.simulated.settings import Settings, effects

DELIBERATE = 0.70  # drug poisonings that are self-inflicted
NAMED = 0.60  # coded bleedings that also carry the haemorrhagic disorder (D683)


@dataclass(frozen=True)
class _Explained:
    """Stays of one principal diagnosis, a drug taken then, and what may be coded."""

    cim10: str
    atc: str  # a regular expression
    share: float
    codes: tuple[str, ...]


EXPLAINED = (
    _Explained("S720", "^N05(BA|CD|CF)", 0.12, ("Y471", "W19")),
    _Explained("E119", "^A10(BB|AE)", 0.15, ("E160", "Y423")),
    _Explained("N179", "^C03C", 0.15, ("Y544",)),
    _Explained("N179", "^C09", 0.08, ("Y524",)),
)


def create_adverse_codes(connection: DuckDBPyConnection, settings: Settings) -> None:
    """Table ``adverse_codes``: stay, id, code of the associated diagnoses that tell of a drug.

    Needs ``stays``, ``bleedings`` and ``courses``.
    """
    draws = Draws(settings.seed)
    parts = [_of_bleedings(draws), _of_poisonings(draws)]
    parts += [_of_courses(draws, number, one) for number, one in enumerate(EXPLAINED)]
    connection.execute(
        f"CREATE OR REPLACE TABLE adverse_codes AS SELECT DISTINCT * FROM "
        f"({' UNION ALL '.join(parts)})"
    )


def _of_bleedings(draws: Draws) -> str:
    """SQL: codes of the planted share of bleedings under an anticoagulant."""
    source = f"(s.stay % {PERSON}) // {KIND}"
    named = draws.uniform("adverse/named", "b.stay")
    return f"""SELECT b.stay, b.id, unnest(CASE WHEN {named} < {NAMED}
            THEN ['D683', 'Y442'] ELSE ['Y442'] END) AS code
        FROM (
            SELECT s.stay, s.id FROM stays AS s JOIN bleedings AS b
                ON b.id = s.id AND b.segment = {source} - {BLEEDING} AND b.under <> ''
            WHERE {source} >= {BLEEDING} AND {source} < {LAST_STAY}
                AND {draws.uniform("adverse/bleeding", "s.stay")} < {effects()["bleeding_coded"]}
        ) AS b"""


def _of_poisonings(draws: Draws) -> str:
    """SQL: the cause of the poisonings that are self-inflicted."""
    return f"""SELECT s.stay, s.id, 'X61' AS code FROM stays AS s
        WHERE s.cim10 = 'T424' AND {draws.uniform("adverse/deliberate", "s.stay")} < {DELIBERATE}"""


def _of_courses(draws: Draws, number: int, one: _Explained) -> str:
    """SQL: codes of a share of the stays during a course of the drug."""
    codes = ", ".join(f"'{code}'" for code in one.codes)
    return f"""SELECT c.stay, c.id, unnest([{codes}]) AS code
        FROM (
            SELECT DISTINCT s.stay, s.id FROM stays AS s JOIN courses AS c ON c.id = s.id
                AND c.start < s.start AND c.end_ > s.start AND regexp_matches(c.atc, '{one.atc}')
            WHERE s.cim10 = '{one.cim10}'
                AND {draws.uniform("adverse/course", "s.stay", str(number))} < {one.share}
        ) AS c"""
