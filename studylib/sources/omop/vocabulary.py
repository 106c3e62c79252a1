"""What concepts mean in the code systems of studies, by the CDM's own vocabulary tables."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.omop.raw import Cdm

# In the order they are preferred when a standard concept is known under several of them.
ICD10 = ("CIM10", "ICD10", "ICD10GM", "ICD10CM")
CCAM = ("CCAM",)
ATC = ("ATC",)
_SUBSTANCE = 7  # characters of an ATC code of a substance


def dictionary(cdm: Cdm, present: Frame) -> Frame:
    """Which concepts of the data a code of a list covers: system, code, concept (text).

    ``present`` holds the concepts of the data in a column ``concept``. System OMOP: ``192671`` is
    the concept and all its descendants, ``=192671`` the concept alone. System ATC: the drugs below
    an ATC class, by concept_ancestor, and those an ATC code maps to. Checkpointed.
    """
    itself = present.select(nw.col("concept").alias("ancestor"), "concept")
    # A concept is its own ancestor, written or not: a cut vocabulary may have lost the line.
    pairs = cdm.engine.checkpoint(
        nw.concat([_ancestry(cdm, present), itself]).unique(), "concept_ancestry"
    )
    concept = nw.col("concept").cast(nw.String)
    below = pairs.select(
        nw.lit("OMOP").alias("system"),
        nw.col("ancestor").cast(nw.String).alias("code"),
        concept.alias("concept"),
    )
    alone = present.select(
        nw.lit("OMOP").alias("system"),
        nw.concat_str(nw.lit("="), concept).alias("code"),
        concept.alias("concept"),
    )
    atc = _classes(cdm, pairs).select(
        nw.lit("ATC").alias("system"), "code", concept.alias("concept")
    )
    return cdm.engine.checkpoint(nw.concat([below, alone, atc]).unique(), "concept_codes")


def _ancestry(cdm: Cdm, present: Frame) -> Frame:
    return (
        cdm.table("concept_ancestor")
        .select(
            nw.col("ancestor_concept_id").alias("ancestor"),
            nw.col("descendant_concept_id").alias("concept"),
        )
        .join(present.select("concept"), on="concept", how="semi")
    )


def _classes(cdm: Cdm, pairs: Frame) -> Frame:
    """ATC codes of the concepts of the data: code, concept."""
    atc = own_codes(cdm, ATC)
    above = atc.select("code", nw.col("concept").alias("ancestor"))
    direct = pairs.join(above, on="ancestor", how="inner").select("code", "concept")
    maps = _maps_to(cdm)
    if maps is None:
        return direct.unique()
    mapped = atc.join(maps, on="concept", how="inner").select(
        "code", nw.col("target").alias("ancestor")
    )
    through = pairs.join(mapped, on="ancestor", how="inner").select("code", "concept")
    return nw.concat([direct, through]).unique()


def own_codes(cdm: Cdm, vocabularies: Sequence[str]) -> Frame:
    """Concepts that are codes of one of these vocabularies: concept, code, vocabulary.

    Codes are bare, as lists write them: capitals, without dot.
    """
    known = cdm.table("concept").filter(nw.col("vocabulary_id").is_in(list(vocabularies)))
    bare = nw.col("concept_code").str.replace_all(r"[\s.]", "").str.to_uppercase()
    return cdm.engine.checkpoint(
        known.select(
            nw.col("concept_id").alias("concept"),
            bare.alias("code"),
            nw.col("vocabulary_id").alias("vocabulary"),
        ),
        "own_codes",
    )


def _maps_to(cdm: Cdm) -> Frame | None:
    """The valid « Maps to » relations: concept, target; None without the table."""
    if not cdm.has("concept_relationship"):
        return None
    relations = cdm.table("concept_relationship").filter(
        (nw.col("relationship_id") == "Maps to") & nw.col("invalid_reason").is_null()
    )
    return relations.select(
        nw.col("concept_id_1").alias("concept"), nw.col("concept_id_2").alias("target")
    )


def coded(cdm: Cdm, lines: Frame, vocabularies: Sequence[str]) -> Frame:
    """``lines`` with ``code`` and ``vocabulary``, both missing when no single code is meant.

    The source's own concept decides when it is of one of the vocabularies; otherwise the one code
    that maps to the standard concept. A standard concept that several codes map to has none: to
    choose one would be to invent it. Checkpointed.
    """
    own = own_codes(cdm, vocabularies)
    from_source = own.select(
        nw.col("concept").alias("source"),
        nw.col("code").alias("source_code"),
        nw.col("vocabulary").alias("source_vocabulary"),
    )
    lines = lines.join(from_source, on="source", how="left").join(
        _meant(cdm, own, vocabularies), on="standard", how="left"
    )
    lines = lines.with_columns(
        nw.coalesce("source_code", "meant_code").alias("code"),
        nw.coalesce("source_vocabulary", "meant_vocabulary").alias("vocabulary"),
    ).drop("source_code", "source_vocabulary", "meant_code", "meant_vocabulary")
    return cdm.engine.checkpoint(lines, "coded")


def _meant(cdm: Cdm, own: Frame, vocabularies: Sequence[str]) -> Frame:
    """Standard concepts that one code alone maps to: standard, meant_code, meant_vocabulary."""
    itself = own.select(nw.col("concept").alias("standard"), "code", "vocabulary")
    maps = _maps_to(cdm)
    found = itself
    if maps is not None:
        through = own.join(maps, on="concept", how="inner")
        through = through.select(nw.col("target").alias("standard"), "code", "vocabulary")
        found = nw.concat([itself, through])
    rank: nw.Expr = nw.lit(len(vocabularies))
    for number, name in enumerate(vocabularies):
        rank = nw.when(nw.col("vocabulary") == name).then(nw.lit(number)).otherwise(rank)
    ranked = found.unique().with_columns(rank.alias("rank"))
    best = ranked.filter(nw.col("rank") == nw.col("rank").min().over("standard"))
    single = best.group_by("standard").agg(
        nw.len().alias("codes"),
        nw.col("code").min().alias("meant_code"),
        nw.col("vocabulary").min().alias("meant_vocabulary"),
    )
    return single.filter(nw.col("codes") == 1).drop("codes")


def substances(cdm: Cdm, codes: Frame) -> Frame:
    """Concepts that are of one ATC substance alone: concept, atc.

    ``codes`` is the dictionary. A drug of several substances, or one substance with several ATC
    codes, has none here; lists find it by the dictionary.
    """
    full = codes.filter(
        (nw.col("system") == "ATC") & (nw.col("code").str.len_chars() == _SUBSTANCE)
    )
    single = full.group_by("concept").agg(
        nw.len().alias("codes"), nw.col("code").min().alias("atc")
    )
    alone = single.filter(nw.col("codes") == 1)
    return cdm.engine.checkpoint(
        alone.select(nw.col("concept").cast(nw.Int64), "atc"), "substances"
    )
