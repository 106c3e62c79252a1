"""Care in town, from the DCIR: drugs dispensed and visits to doctors.

Scope of the amounts: the product alone, as reimbursed by the mandatory scheme, on the fine line
(quantity x unit price x rate); dispensing fees are prestations of their own and stay apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import narwhals as nw

from studylib.sources.engine import Frame
from studylib.sources.snds import lines as rules
from studylib.sources.snds.amounts import box_amount, boxes_given, unit_amount, unit_dose
from studylib.sources.snds.calendar import Period
from studylib.sources.snds.findings import Findings, line_key
from studylib.sources.snds.layout import NINE_KEYS
from studylib.sources.snds.netting import netted
from studylib.sources.snds.packs import cip13, packs, with_packs
from studylib.sources.snds.people import NO_DATE
from studylib.sources.snds.prescribing import in_town
from studylib.sources.snds.raw import Raw
from studylib.sources.snds.residence import spelled_regions

# Natures of IR_NAT_V. Fees: HC, HD1 to HD7, HG1 to HG7, HDR, HDA, HDE.
FEES = (3364, 3365, 3366, 3380, 3383, 3384, 3385, 3386, 3387, 3388, 3389, 3390)
GENERAL_VISITS = (1109, 1110, 1111)
VISITS = (*GENERAL_VISITS, 1101, 1102, 1103, 1104, 1105, 1107, 1112, 1113, 1114, 1115, 1117, 1118)
GENERALISTS = (1, 22, 23)  # PSE_SPE_COD

NO_PRESTATION = "no_prestation"  # fine lines whose prestation is not there
PHA_KEY = (*NINE_KEYS, "PHA_ORD_NUM")
_QUALIFIERS = ("CPL_MAJ_TOP", "DPN_QLF", "PRS_DPN_QLP", "EXO_MTF")
_PRESTATION = (
    *NINE_KEYS,
    *_QUALIFIERS,
    "BEN_NIR_PSA",
    "BEN_RNG_GEM",
    "BEN_RES_DPT",
    "EXE_SOI_DTD",
    "PRS_NAT_REF",
)
_DRUG = ("PRE_PRE_DTD", "RGO_REM_TAU", "ETB_PRE_FIN", "PFS_PRE_NUM", "PFS_EXE_NUM")
_VISIT = ("PRS_ACT_QTE", "BSE_REM_MNT", "CPL_REM_MNT", "PFS_EXE_NUM", "PSE_SPE_COD")
_FINE = (
    *PHA_KEY,
    "PHA_PRS_C13",
    "PHA_PRS_IDE",
    "PHA_ACT_QSN",
    "PHA_ACT_PRU",
    "PHA_DEC_TOP",
    "PHA_DEC_QSU",
    "PHA_DEC_PRU",
)
DRUG_GROUP = ("person_id", "day", "product", "prescribed", "prescriber", "dispenser")
VISIT_GROUP = ("person_id", "day", "product", "prescriber")


@dataclass
class Town:
    """One reading of the DCIR.

    ``lookup`` gives the person of each pseudonym and birth rank (see ``lines.with_person``).
    """

    raw: Raw
    lookup: Frame
    seen: Period
    findings: Findings

    @cached_property
    def direct(self) -> Frame | None:
        """Keys of the lines by which public hospitals bill directly."""
        return rules.direct_billing(self.raw, self.findings)

    @cached_property
    def regions(self) -> Frame:
        """The region (a number) of every spelling of a department."""
        return self.raw.engine.load(spelled_regions(), "regions_spelled")

    def prestations(self, columns: Sequence[str], natures: nw.Expr) -> Frame:
        """Lines of ER_PRS_F of these natures with their person, day, and reason to set aside.

        ``region`` is that of the department written, as a number (null when unknown), ``exempted``
        whether an ALD exempted the care.
        """
        wanted = [*_PRESTATION, *[name for name in columns if name not in _PRESTATION]]
        found = self._united("ER_PRS_F", tuple(wanted), NINE_KEYS).filter(natures)
        placed = rules.with_person(rules.marked_direct(found, self.direct), self.lookup)
        placed = placed.join(self.regions, on="BEN_RES_DPT", how="left")
        dated = placed.with_columns(nw.col("EXE_SOI_DTD").alias("day"))
        return dated.select(
            *NINE_KEYS,
            *columns,
            "PRS_NAT_REF",
            "person_id",
            "day",
            "BEN_NIR_PSA",
            nw.col("home_region").alias("region"),
            rules.exempted().alias("exempted"),
            rules.reason(self.seen).alias("reason"),
        )

    @cached_property
    def _tables(self) -> dict[str, Frame]:
        return {}

    def _united(self, table: str, columns: tuple[str, ...], key: Sequence[str]) -> Frame:
        """The lines of a table; those met twice are found once, whatever is read of them."""
        if table not in self._tables:
            every = [c for c in self._columns[table] if c not in key]
            self._tables[table] = rules.united(self.raw, table, [*key, *every], key, self.findings)
        return self._tables[table].select(*columns)

    @cached_property
    def _columns(self) -> dict[str, list[str]]:
        every = dict.fromkeys([*_PRESTATION, *_DRUG, *_VISIT])
        return {"ER_PRS_F": list(every), "ER_PHA_F": list(_FINE)}

    @cached_property
    def drug_lines(self) -> Frame:
        """Fine lines of drugs, each with its prestation, kept or set aside (``reason``)."""
        natures = ~nw.col("PRS_NAT_REF").is_in([*FEES, *VISITS])
        prestations = self.prestations(_DRUG, natures)
        fine = self._united("ER_PHA_F", _FINE, PHA_KEY)
        joined = fine.join(prestations, on=list(NINE_KEYS), how="left")
        euros = nw.when(unit_dose()).then(unit_amount()).otherwise(box_amount())
        lone = nw.when(nw.col("PRS_NAT_REF").is_null()).then(nw.lit(NO_PRESTATION))
        return self.raw.engine.checkpoint(
            joined.select(
                *PHA_KEY,
                "person_id",
                "day",
                set_aside_pseudonym(),
                "region",
                "exempted",
                cip13().fill_null("").alias("product"),
                nw.col("PHA_PRS_C13").is_null().alias("cip7"),
                boxes_given().fill_null(0.0).alias("quantity"),
                nw.when(unit_dose()).then(nw.col("PHA_DEC_QSU")).alias("units_given"),
                rules.cents(euros).alias("cents"),
                nw.col("PRE_PRE_DTD").fill_null(NO_DATE).alias("prescribed"),
                nw.coalesce("PFS_PRE_NUM", "ETB_PRE_FIN").fill_null("").alias("prescriber"),
                nw.col("PFS_EXE_NUM").fill_null("").alias("dispenser"),
                nw.col("ETB_PRE_FIN").alias("establishment"),
                rules.or_no_quantity(lone.otherwise(nw.col("reason")), boxes_given()).alias(
                    "reason"
                ),
            ),
            "drug_lines",
        )

    @cached_property
    def visit_lines(self) -> Frame:
        """Lines of visits to doctors, kept or set aside (``reason``)."""
        natures = nw.col("PRS_NAT_REF").is_in(list(VISITS))
        general = nw.col("PSE_SPE_COD").is_in(list(GENERALISTS)).fill_null(False) | (
            nw.col("PSE_SPE_COD").fill_null(0) == 0
        ) & nw.col("PRS_NAT_REF").is_in(list(GENERAL_VISITS))
        kind = nw.when(general).then(nw.lit("generalist")).otherwise(nw.lit("specialist"))
        paid = nw.col("BSE_REM_MNT").fill_null(0.0) + nw.col("CPL_REM_MNT").fill_null(0.0)
        return self.raw.engine.checkpoint(
            self.prestations(_VISIT, natures).select(
                *NINE_KEYS,
                "person_id",
                "day",
                set_aside_pseudonym(),
                "region",
                "exempted",
                kind.alias("product"),
                nw.col("PRS_ACT_QTE").fill_null(0.0).alias("quantity"),
                rules.cents(paid).alias("cents"),
                nw.col("PFS_EXE_NUM").fill_null("").alias("prescriber"),
                rules.or_no_quantity(nw.col("reason"), nw.col("PRS_ACT_QTE")).alias("reason"),
            ),
            "visit_lines",
        )

    def dispensings(self) -> Frame:
        """Event table ``dispensings``; ATC by the referential on the day, "" when it has none."""
        kept = self.kept("ER_PHA_F", self.drug_lines, PHA_KEY)
        columns = ("person_id", "day", "product", "prescribed", "prescriber", "dispenser")
        rest = ("establishment", "quantity", "units_given", nw.col("cents").fill_null(0))
        whole = netted(
            self.raw.engine,
            kept.select(*PHA_KEY, *columns, *rest),
            DRUG_GROUP,
            self.findings,
            "ER_PHA_F",
            PHA_KEY,
        )
        known = self.raw.engine.load(packs(self.raw), "packs")
        named = with_packs(whole.with_columns(nw.col("product").alias("cip13")), known)
        boxes = nw.when(~nw.col("units_given").is_null() & ~nw.col("units").is_null()).then(
            nw.col("units_given") / nw.col("units")
        )
        counted = named.with_columns(boxes.otherwise(nw.col("quantity")).alias("boxes"))
        covered = (nw.col("boxes") * nw.col("pack_days") + 0.5).floor().cast(nw.Int64())
        events = counted.with_columns(
            nw.when(covered < 1).then(nw.lit(1)).otherwise(covered).alias("days_supply")
        )
        return events.select(
            "person_id",
            "atc",
            "cip13",
            nw.col("day").alias("start"),
            (nw.col("day") + nw.col("days_supply")).alias("end"),
            nw.col("boxes").alias("quantity"),
            nw.col("days_supply").cast(nw.Int64()),
            (nw.col("cents") / 100).alias("cost"),
            "establishment",
            in_town().alias("prescriber"),
            "in_referential",
        )

    def consultations(self) -> Frame:
        """Event table ``consultations``: code is generalist or specialist."""
        kept = self.kept("ER_PRS_F", self.visit_lines, NINE_KEYS)
        columns = ("person_id", "day", "product", "prescriber", "quantity", "cents")
        whole = netted(
            self.raw.engine,
            kept.select(*NINE_KEYS, *columns),
            VISIT_GROUP,
            self.findings,
            "ER_PRS_F",
            NINE_KEYS,
        )
        return whole.select(
            "person_id",
            nw.col("product").alias("code"),
            nw.col("day").alias("start"),
            (nw.col("day") + 1).alias("end"),
            "quantity",
            (nw.col("cents") / 100).alias("cost"),
        )

    def kept(self, table: str, lines: Frame, key: Sequence[str]) -> Frame:
        """The lines to count; the others go to the findings under their reason."""
        aside = lines.filter(~nw.col("reason").is_null()).select(
            "reason",
            line_key(key),
            nw.col("pseudonym").alias("person"),
            "day",
            nw.col("product").alias("code"),
            "quantity",
            (nw.col("cents") / 100).alias("amount"),
        )
        self.findings.reject_each(table, aside, self.raw.engine.count(lines))
        return lines.filter(nw.col("reason").is_null())


def set_aside_pseudonym() -> nw.Expr:
    """The pseudonym of lines to set aside, ``pseudonym``; those kept have their person."""
    aside = ~nw.col("reason").is_null()
    return nw.when(aside).then(nw.col("BEN_NIR_PSA")).alias("pseudonym")
