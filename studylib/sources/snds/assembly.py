"""The steps of a reading: which event tables come from which raw tables, and what is noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.schemas import EVENT_TABLES
from studylib.sources.snds import noted, people, residence
from studylib.sources.snds.calendar import Period
from studylib.sources.snds.conditions import exempted_persons, long_term_conditions
from studylib.sources.snds.findings import Findings
from studylib.sources.snds.hospital import read_hospital
from studylib.sources.snds.prescribing import by_eight_characters
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.retrocession import retrocession
from studylib.sources.snds.town import Town


@dataclass
class Reading:
    """What the steps share: the raw tables, the days seen, the findings, the persons."""

    raw: Raw
    seen: Period
    findings: Findings

    @cached_property
    def identities(self) -> Frame:
        """The person behind each pseudonym and birth rank."""
        return people.identities(self.raw)

    @cached_property
    def persons(self) -> Frame:
        """Persons who can be followed."""
        return people.persons(self.raw, self.identities)

    @cached_property
    def known(self) -> Frame:
        """``identities`` with death_date, persons who are not in ``persons`` having their reason.

        Every table of events names its persons by it: no event is of somebody ``persons`` lacks.
        """
        told = self.persons.select(
            "person_id", "death_date", people.not_observed(self.seen.start, self.seen.end)
        )
        reason = nw.coalesce("reason", "not_observed")
        named = self.identities.join(told, on="person_id", how="left").with_columns(reason=reason)
        return self.raw.engine.checkpoint(
            named.select(
                "psa",
                "rng_gem",
                "person_id",
                nw.col("reason").is_null().alias("followable"),
                "reason",
                "death_date",
            ),
            "known",
        )

    @property
    def lookup(self) -> Frame:
        """One row per pseudonym and birth rank: psa, rng_gem, person_id, unfollowed, death_date."""
        unfollowed = nw.col("reason").alias("unfollowed")
        return self.known.select("psa", "rng_gem", "person_id", unfollowed, "death_date")


def town(reading: Reading) -> dict[str, Frame]:
    """Persons, observation, dispensings, consultations, drugs sold by hospitals.

    Lines are let go as soon as their events are made: they are the bulk of the work.
    """
    raw, findings = reading.raw, reading.findings
    engine = raw.engine
    care = Town(raw, reading.lookup, reading.seen, findings)
    noted.note_volumes(raw, findings)
    dispensings = engine.checkpoint(care.dispensings(), "dispensings")
    noted.note_packs(raw, findings, care.drug_lines, dispensings)
    told = [residence.places(engine, care.drug_lines)]
    engine.release(care.drug_lines)
    consultations = engine.checkpoint(care.consultations(), "consultations")
    told.append(residence.places(engine, care.visit_lines))
    engine.release(care.visit_lines)
    if raw.has("IR_IMB_R"):
        both = exempted_persons(raw, reading.known, reading.seen, told)
        noted.note_exemptions(findings, both)
    tables = persons_and_observation(reading, told) | {
        "dispensings": with_establishment(raw, findings, dispensings),
        "consultations": consultations,
    }
    sold = retrocession(care)
    return tables if sold is None else {**tables, "hospital_drugs": sold}


def persons_and_observation(reading: Reading, care: Sequence[Frame]) -> dict[str, Frame]:
    """Event tables of persons alive in the period, and of the days each is observed.

    Everybody is observed from the first day (or birth) to the last one (or death): affiliation is
    universal, and the raw tables tell no leaving. ``care`` are the ``places`` of residence.
    """
    raw, seen = reading.raw, reading.seen
    placed = residence.regions(raw.engine, reading.persons, care)
    noted.note_set_aside(raw, reading.findings, reading.known)
    observed = reading.persons.filter(people.not_observed(seen.start, seen.end).is_null())
    whole = raw.engine.checkpoint(
        observed.join(placed, on="person_id", how="inner"), "persons_seen"
    )
    noted.note_persons(raw, reading.findings, whole)
    start = nw.max_horizontal(nw.col("birth_date"), nw.lit(seen.start))
    end = nw.min_horizontal((nw.col("death_date") + 1).fill_null(seen.end), nw.lit(seen.end))
    return {
        "persons": whole.select("person_id", "sex", "birth_date", "death_date", "region"),
        "observation": whole.select("person_id", start.alias("start"), end.alias("end")),
    }


def with_establishment(raw: Raw, findings: Findings, dispensings: Frame) -> Frame:
    """Dispensings whose prescribing establishment has its nine characters.

    ER_PRS_F has the eight first; BE_IDE_R gives the whole number. One that is absent there keeps
    its eight characters.
    """
    names = EVENT_TABLES["dispensings"].names
    if not raw.has("BE_IDE_R"):
        return dispensings.select(*names)
    known = raw.engine.load(by_eight_characters(raw), "establishments_by_eight")
    joined = dispensings.join(known, left_on="establishment", right_on="eight", how="left")
    prescribed = joined.filter(~nw.col("establishment").is_null())
    counts = raw.engine.collect(
        prescribed.select(
            nw.len().alias("n"), nw.col("nine").is_null().cast(nw.Int64()).sum().alias("none")
        )
    ).fillna(0)
    findings.link(
        "ER_PRS_F (ETB_PRE_FIN)", "BE_IDE_R", int(counts["n"].iloc[0]), int(counts["none"].iloc[0])
    )
    return joined.with_columns(nw.coalesce("nine", "establishment").alias("establishment")).select(
        *names
    )


def conditions(reading: Reading) -> dict[str, Frame]:
    """Long-term conditions (ALD) of the register."""
    if not reading.raw.has("IR_IMB_R"):
        return {}
    table = long_term_conditions(reading.raw, reading.known, reading.findings, reading.seen.start)
    return {"long_term_conditions": table}


def hospital(reading: Reading) -> dict[str, Frame]:
    """Stays and what is in them, from the PMSI when it is there."""
    known = people.hospital_identities(reading.raw, reading.known)
    tables = read_hospital(reading.raw, known, reading.findings)
    if "unlinked_stays" in tables:
        tables["unlinked_stays"] = residence.with_region(
            reading.raw.engine, tables["unlinked_stays"]
        )
    return {name: frame.select(*EVENT_TABLES[name].names) for name, frame in tables.items()}
