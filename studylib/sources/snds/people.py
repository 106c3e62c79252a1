"""Who is who: persons behind pseudonyms, their birth and death.

A pseudonym (BEN_NIR_PSA) is no person: it changes with the policy holder, and twins may share it.
A person is a BEN_NIR_ANO; what has none is tied by BEN_IDT_ANO, else stands by its pseudonym and
birth rank. Persons are *followable* when their NIR is certified (BEN_CDI_NIR 00) and no pseudonym
of theirs belongs to somebody else.
"""

from __future__ import annotations

from datetime import date

import narwhals as nw
import pandas as pd

from studylib.sources.engine import Engine, Frame
from studylib.sources.snds.columns import EPOCH
from studylib.sources.snds.raw import Raw

NO_DATE = (date(1600, 1, 1) - EPOCH).days  # what an absent date is written as
TOO_LATE = (date(2099, 1, 1) - EPOCH).days  # dates from then on are placeholders too
CERTIFIED = "00"  # BEN_CDI_NIR: neither provisional (03, 04) nor fictitious (others)
PROVISIONAL = ("03", "04")
SEXES = (1, 2)  # BEN_SEX_COD: a man, a woman
MIDDLE_OF_MONTH = 15  # the day of birth is not collected

UNKNOWN_PERSON, FICTITIOUS_NIR, PROVISIONAL_NIR, AMBIGUOUS_TWINS = (
    "unknown_person",
    "fictitious_nir",
    "provisional_nir",
    "ambiguous_twins",
)
IMPOSSIBLE_BIRTH, UNKNOWN_SEX, OUT_OF_PERIOD = "impossible_birth", "unknown_sex", "out_of_period"
SET_ASIDE = (
    FICTITIOUS_NIR,
    PROVISIONAL_NIR,
    AMBIGUOUS_TWINS,
    IMPOSSIBLE_BIRTH,
    UNKNOWN_SEX,
    OUT_OF_PERIOD,
)
PSEUDONYM = ["BEN_NIR_PSA", "BEN_RNG_GEM"]


def beneficiaries(raw: Raw) -> Frame:
    """The person referential and its archive together (IR_BEN_R, IR_BEN_R_ARC)."""
    tables = [name for name in ("IR_BEN_R", "IR_BEN_R_ARC") if raw.has(name) or name == "IR_BEN_R"]
    return nw.concat([raw.table(name) for name in tables])


def identities(raw: Raw) -> Frame:
    """One row per pseudonym and birth rank: psa, rng_gem, person_id, followable, reason.

    ``person_id`` is the dense rank of the person's key, so it does not depend on the order of
    files. ``reason`` says why a person cannot be followed (null when it can).
    """
    rows = beneficiaries(raw).select(
        nw.col("BEN_NIR_PSA").alias("psa"),
        nw.col("BEN_RNG_GEM").alias("rng_gem"),
        nw.col("BEN_IDT_ANO").alias("idt_ano"),
        nw.col("BEN_NIR_ANO").alias("nir_ano"),
        nw.col("BEN_CDI_NIR").alias("cdi"),
    )
    keyed = raw.engine.checkpoint(person_key(rows), "pseudonyms")
    numbered = keyed.select("key").unique().with_row_index("person_id", order_by="key")
    per_person = numbered.join(_judged(keyed), on="key", how="inner").select(
        "key", nw.col("person_id").cast(nw.Int64()), "reason"
    )
    pairs = keyed.group_by("psa", "rng_gem").agg(nw.col("key").min().alias("key"))
    known = pairs.join(per_person, on="key", how="inner")
    return raw.engine.checkpoint(
        known.select(
            "psa", "rng_gem", "person_id", nw.col("reason").is_null().alias("followable"), "reason"
        ),
        "identities",
    )


def hospital_identities(raw: Raw, known: Frame | None = None) -> Frame:
    """Pseudonyms that belong to exactly one followable person: psa, person_id.

    Hospitals know the pseudonym only, without the birth rank. ``known`` is ``identities(raw)``.
    """
    rows = identities(raw) if known is None else known
    owners = rows.group_by("psa").agg(
        nw.col("person_id").min().alias("person_id"),
        nw.col("person_id").max().alias("last"),
        nw.col("reason").is_null().all().alias("followable"),
    )
    sole = owners.filter((nw.col("person_id") == nw.col("last")) & nw.col("followable"))
    return raw.engine.checkpoint(sole.select("psa", "person_id"), "hospital_identities")


def person_key(rows: Frame) -> Frame:
    """Adds ``key``: the person behind each pseudonym."""
    tied = nw.col("nir_ano").max().over("idt_ano")
    alone = nw.concat_str(
        [nw.col("psa"), nw.col("rng_gem").cast(nw.String())], separator="|", ignore_nulls=True
    )
    named = rows.with_columns(
        nw.when(~nw.col("idt_ano").is_null()).then(tied).alias("tied"), alone.alias("alone")
    )
    return named.with_columns(
        nw.coalesce("nir_ano", "tied", "idt_ano", "alone").alias("key"),
    )


def _judged(keyed: Frame) -> Frame:
    """One row per person: key, reason (null when the person can be followed)."""
    marked = ambiguous(keyed)
    persons = marked.group_by("key").agg(
        nw.col("shared").any().alias("shared"),
        certified().any().alias("certified"),
        nw.col("cdi").is_in(list(PROVISIONAL)).any().alias("provisional"),
    )
    reason = (
        nw.when(nw.col("shared"))
        .then(nw.lit(AMBIGUOUS_TWINS))
        .when(nw.col("certified"))
        .then(nw.lit(None, nw.String()))
        .when(nw.col("provisional"))
        .then(nw.lit(PROVISIONAL_NIR))
        .otherwise(nw.lit(FICTITIOUS_NIR))
    )
    return persons.select("key", reason.alias("reason"))


def ambiguous(keyed: Frame) -> Frame:
    """Adds ``shared``: whether the pseudonym belongs to several persons (twins)."""
    first, last = nw.col("key").min().over("psa"), nw.col("key").max().over("psa")
    return keyed.with_columns((first != last).alias("shared"))


def not_observed(start: int, end: int) -> nw.Expr:
    """Why a person is not among those observed, ``not_observed``; null for one who is.

    Somebody without a birth has no age, and without a sex no group to be compared with; who died
    before the period or is born after has no day in it. Needs birth_date, sex and death_date.
    """
    born, died = nw.col("birth_date"), nw.col("death_date")
    return (
        nw.when(born.is_null())
        .then(nw.lit(IMPOSSIBLE_BIRTH))
        .when(nw.col("sex").is_null())
        .then(nw.lit(UNKNOWN_SEX))
        .when((born >= end) | (died < start).fill_null(False))
        .then(nw.lit(OUT_OF_PERIOD))
        .otherwise(nw.lit(None, nw.String()))
        .alias("not_observed")
    )


def certified() -> nw.Expr:
    """Whether the NIR of the row is a real one."""
    return nw.col("cdi") == CERTIFIED


def real_date(column: str) -> nw.Expr:
    """A date, or null where it stands for none (1600-01-01, or 2099 and after)."""
    day = nw.col(column)
    return nw.when((day > NO_DATE) & (day < TOO_LATE)).then(day)


def persons(raw: Raw, known: Frame) -> Frame:
    """One row per followable person: person_id, sex, birth_date, death_date, home, varying.

    ``birth_date`` is the middle of the month, the only thing collected (or death, if it came
    first); ``death_date`` that of IR_BEN_R, else of the certificate (KI_CCI_R). ``home`` is the
    department the referential tells, as written; ``varying`` whether sex or year of birth differ
    between pseudonyms of the person.
    """
    rows = beneficiaries(raw).join(
        known.filter(nw.col("followable")).select("psa", "rng_gem", "person_id"),
        left_on=PSEUDONYM,
        right_on=["psa", "rng_gem"],
        how="inner",
    )
    sex = nw.when(nw.col("BEN_SEX_COD").is_in(list(SEXES))).then(nw.col("BEN_SEX_COD"))
    sexed = rows.with_columns(sex.alias("known_sex"))
    merged = sexed.group_by("person_id").agg(
        nw.col("known_sex").min().alias("sex"),
        nw.col("known_sex").max().alias("sex_last"),
        nw.col("BEN_NAI_ANN").min().alias("year"),
        nw.col("BEN_NAI_ANN").max().alias("year_last"),
        nw.col("BEN_NAI_MOI").min().alias("month"),
        real_date("BEN_DCD_DTE").min().alias("told"),
        nw.col("BEN_RES_DPT").max().alias("home"),
        nw.col("BEN_IDT_ANO").max().alias("idt_ano"),
    )
    dated = merged.join(_months(raw.engine), on=["year", "month"], how="left")
    certificates = death_certificates(raw)
    if certificates is not None:
        dated = dated.join(certificates, on="idt_ano", how="left")
    else:
        dated = dated.with_columns(nw.lit(None, nw.Int64()).alias("certified"))
    return raw.engine.checkpoint(_described(dated), "persons")


def _described(merged: Frame) -> Frame:
    """Sex, dates and what varies of persons whose pseudonyms were put together."""
    death = nw.coalesce("told", "certified")
    varying = (nw.col("sex") != nw.col("sex_last")) | (nw.col("year") != nw.col("year_last"))
    return merged.select(
        "person_id",
        nw.when(nw.col("sex") == 1)
        .then(nw.lit("M"))
        .when(nw.col("sex") == 2)
        .then(nw.lit("F"))
        .otherwise(nw.lit(None, nw.String()))
        .alias("sex"),
        nw.min_horizontal(nw.col("birth_date"), death).alias("birth_date"),
        death.alias("death_date"),
        "home",
        varying.alias("varying"),
    )


def death_certificates(raw: Raw) -> Frame | None:
    """Deaths by certificate: idt_ano, certified (day); None where they are not collected."""
    if not raw.has("KI_CCI_R"):
        return None
    rows = raw.table("KI_CCI_R").filter(~nw.col("BEN_IDT_ANO").is_null())
    return rows.group_by(nw.col("BEN_IDT_ANO").alias("idt_ano")).agg(
        real_date("BEN_DCD_DTE").min().alias("certified")
    )


def _months(engine: Engine) -> Frame:
    """One row per year and month: year, month, birth_date."""
    months = [(year, month) for year in range(1880, 2099) for month in range(1, 13)]
    days = [(date(year, month, MIDDLE_OF_MONTH) - EPOCH).days for year, month in months]
    table = pd.DataFrame(months, columns=["year", "month"]).assign(birth_date=days)
    return engine.load(table, "months")


def unfollowed(lines: Frame) -> dict[str, Frame]:
    """Lines of persons who cannot be followed, by reason; needs followable and reason."""
    found = {reason: lines.filter(nw.col("reason") == reason) for reason in SET_ASIDE}
    return found | {UNKNOWN_PERSON: lines.filter(nw.col("followable").is_null())}
