"""Use of drugs in town: panorama, concentration, share of biosimilars and generics."""

from studylib.usage.mapping import mapping_effect, mapping_effects
from studylib.usage.panorama import concentration, drug_panorama, lorenz, top_products
from studylib.usage.schemas import (
    CONCENTRATION,
    GENERIC_SHARE,
    GROUP_SHARE,
    LORENZ,
    MAPPING,
    PANORAMA,
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
    "GENERIC_SHARE",
    "GROUP_SHARE",
    "LORENZ",
    "MAPPING",
    "PANORAMA",
    "TOP",
    "concentration",
    "drug_panorama",
    "generic_share",
    "lorenz",
    "mapping_effect",
    "mapping_effects",
    "share_of_group",
    "shares_of_groups",
    "top_products",
    "with_substance",
]
