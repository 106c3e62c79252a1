"""Columns of the drug-use results. Open Medic counts boxes and euros, never persons."""

from __future__ import annotations

from studylib.tables import Column, Table

_EUROS = "current euros"

PANORAMA = Table(
    "drug_panorama",
    (
        Column("atc", "text", "ATC code of the level asked, empty when no code is known"),
        Column("label", "text", "French label of the ATC group"),
        Column("reimbursed", "number", "amount reimbursed", unit=_EUROS),
        Column("share", "number", "share of the total, 0 to 1"),
        Column("products", "integer", "presentations (CIP13)"),
        Column("boxes", "number", "boxes dispensed", nullable=True),
    ),
    key=("atc",),
)

CONCENTRATION = Table(
    "concentration",
    (
        Column("products", "integer", "products with an amount above zero"),
        Column("reimbursed", "number", "amount of all products", unit=_EUROS),
        Column("top_10", "number", "share of the ten first products, 0 to 1"),
        Column("top_100", "number", "share of the hundred first products, 0 to 1"),
        Column("products_for_80", "integer", "products that make 80 % of the amount"),
        Column("gini", "number", "Gini coefficient, without the n/(n-1) correction"),
    ),
)

LORENZ = Table(
    "lorenz",
    (
        Column("rank", "integer", "products taken, the largest first"),
        Column("product_share", "number", "share of the products, 0 to 1"),
        Column("amount_share", "number", "share of the amount they make, 0 to 1"),
    ),
    key=("rank",),
)

TOP = Table(
    "top_products",
    (
        Column("rank", "integer", "place by amount"),
        Column("cip13", "text", "presentation"),
        Column("label", "text", "label of the presentation"),
        Column("reimbursed", "number", "amount reimbursed", unit=_EUROS),
        Column("share", "number", "share of the total, 0 to 1"),
        Column("cumulative_share", "number", "share of this product and those before, 0 to 1"),
    ),
    key=("rank",),
)

GROUP_SHARE = Table(
    "group_share",
    (
        Column("group", "text", "name of the group in the request"),
        Column("kind", "text", "biosimilar or generic"),
        Column("substance", "text", "substance that selects the products"),
        Column("products", "integer", "presentations selected"),
        Column("reimbursed", "number", "amount of the group", unit=_EUROS),
        Column("followers", "number", "amount of biosimilars or generics", unit=_EUROS),
        Column("share", "number", "followers over the group, in euros, 0 to 1"),
        Column("share_boxes", "number", "the same in boxes, 0 to 1", nullable=True),
        Column("excluded", "text", "brands left out of the group"),
        Column(
            "share_with_excluded", "number", "share if they were left in, 0 to 1", nullable=True
        ),
    ),
    key=("group",),
)

GENERIC_SHARE = Table(
    "generic_share",
    (
        Column("place", "text", "generic, originator, outside or unknown"),
        Column("products", "integer", "presentations (CIP13)"),
        Column("reimbursed", "number", "amount reimbursed", unit=_EUROS),
        Column("share", "number", "share of the total, 0 to 1"),
        Column("share_in_groups", "number", "share within generic groups, 0 to 1", nullable=True),
        Column("boxes", "number", "boxes dispensed", nullable=True),
    ),
    key=("place",),
)

MAPPING = Table(
    "mapping_effect",
    (
        Column("indicator", "text", "what is measured"),
        Column("direct", "number", "by the ATC of the speciality itself", unit=_EUROS),
        Column("spread", "number", "by that ATC spread over substance sets", unit=_EUROS),
        Column("substance", "number", "by active substance", unit=_EUROS, nullable=True),
    ),
    key=("indicator",),
)

_BOTH = ("persons", "events")

RULES = Table(
    "rules",
    (
        Column("rule", "text", "identifier of the rule"),
        Column("label", "text", "what the rule says"),
        Column("category", "text", "family of the rule"),
        Column("level", "text", "inappropriate, omission, contraindicated, discouraged…"),
        Column("population", "text", "region or set of regions"),
        Column("persons", "integer", "persons the rule concerns", counts="persons"),
        Column("events", "integer", "of whom it was found", counts="persons"),
        Column("estimate", "number", "share, 0 to 1", nullable=True, from_counts=_BOTH),
        Column("ci_low", "number", "lower 95 % limit, 0 to 1", nullable=True, from_counts=_BOTH),
        Column("ci_high", "number", "upper 95 % limit, 0 to 1", nullable=True, from_counts=_BOTH),
        Column("status", "text", "run, nobody, no_drug, no_dose or no_table"),
        Column("source", "text", "where the rule was published"),
    ),
    key=("rule", "population"),
)

GROUP_SHARES = Table(
    "group_shares",
    (
        Column("indicator", "text", "what is measured"),
        Column("population", "text", "region or set of regions"),
        Column("stratum", "text", "age band or sex; all: everybody"),
        Column("persons", "integer", "persons of the group", counts="persons"),
        Column("events", "integer", "of whom with it", counts="persons"),
        Column("estimate", "number", "share, 0 to 1", nullable=True, from_counts=_BOTH),
        Column("ci_low", "number", "lower 95 % limit, 0 to 1", nullable=True, from_counts=_BOTH),
        Column("ci_high", "number", "upper 95 % limit, 0 to 1", nullable=True, from_counts=_BOTH),
    ),
    key=("indicator", "population", "stratum"),
)

DOSED = Table(
    "dosed_rules",
    (
        Column("rule", "text", "identifier of the rule"),
        Column("label", "text", "what the rule says"),
        Column("dose", "text", "dose a day above which it holds"),
        Column("dispensings", "integer", "dispensings of its drugs", counts="dispensings"),
        Column("events", "integer", "of which a pack of known dose", counts="dispensings"),
        Column(
            "estimate",
            "number",
            "share of known dose, 0 to 1",
            nullable=True,
            from_counts=("dispensings", "events"),
        ),
        Column("status", "text", "run, or why not"),
    ),
    key=("rule",),
    may_be_empty=True,
)

EXPOSURE = Table(
    "exposure_counts",
    (
        Column("indicator", "text", "rules taken together"),
        Column("population", "text", "region or set of regions"),
        Column("persons", "integer", "persons exposed", counts="persons"),
        Column("dispensings", "integer", "dispensings of the rules' drugs", counts="dispensings"),
        Column("from_hospital", "integer", "of which prescribed by an establishment"),
        Column("establishments", "integer", "establishments that prescribed them"),
        Column(
            "prescribers",
            "integer",
            "prescribers in town, where the source has them",
            nullable=True,
            counts="prescribers",
        ),
    ),
    key=("indicator", "population"),
)

RULE_ESTABLISHMENTS = Table(
    "rule_establishments",
    (
        Column("establishment", "text", "FINESS of the prescribing establishment"),
        Column("population", "text", "region of the establishment"),
        Column("persons", "integer", "persons concerned whom it prescribed to", counts="persons"),
        Column("events", "integer", "of whom found, by its own drug", counts="persons"),
        Column("estimate", "number", "share, 0 to 1", nullable=True, from_counts=_BOTH),
        Column("ci_low", "number", "lower 95 % limit, 0 to 1", nullable=True, from_counts=_BOTH),
        Column("ci_high", "number", "upper 95 % limit, 0 to 1", nullable=True, from_counts=_BOTH),
    ),
    key=("establishment",),
)
