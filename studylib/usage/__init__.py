"""Use of drugs: panorama, biosimilars and generics, polypharmacy, prescribing rules, load."""

from studylib.usage.load import Scale, drug_load, load_shares, load_strata, scale
from studylib.usage.mapping import mapping_effect, mapping_effects
from studylib.usage.panorama import concentration, drug_panorama, lorenz, top_products
from studylib.usage.polypharmacy import polypharmacy, polypharmacy_strata
from studylib.usage.proportions import shares_by
from studylib.usage.schemas import (
    CONCENTRATION,
    DOSED,
    EXPOSURE,
    GENERIC_SHARE,
    GROUP_SHARE,
    GROUP_SHARES,
    LORENZ,
    MAPPING,
    PANORAMA,
    RULE_ESTABLISHMENTS,
    RULES,
    TOP,
)
from studylib.usage.shares import (
    generic_share,
    share_of_group,
    shares_of_groups,
)
from studylib.usage.substances import with_substance

__all__ = [
    "CONCENTRATION",
    "DOSED",
    "EXPOSURE",
    "GENERIC_SHARE",
    "GROUP_SHARE",
    "GROUP_SHARES",
    "LORENZ",
    "MAPPING",
    "PANORAMA",
    "RULES",
    "RULE_ESTABLISHMENTS",
    "TOP",
    "Scale",
    "concentration",
    "drug_load",
    "drug_panorama",
    "generic_share",
    "load_shares",
    "load_strata",
    "lorenz",
    "mapping_effect",
    "mapping_effects",
    "polypharmacy",
    "polypharmacy_strata",
    "scale",
    "share_of_group",
    "shares_by",
    "shares_of_groups",
    "top_products",
    "with_substance",
]
