"""Dated reference data, hashed, with source and licence: shipped, or brought by a producer's file.

``referential(name, at=date)`` gives a table, ``versions(name)`` what is at hand, ``update(name,
file)`` a new version; the typed functions below give what readers ask for.
"""

from studylib.referentials.catalogue import Referential, all_known, how_to_get, known
from studylib.referentials.comorbidity import charlson
from studylib.referentials.drugs import (
    cip_atc,
    en_sus_periods,
    en_sus_price_periods,
    en_sus_tariffs,
    ghs_tariff_periods,
    ghs_tariffs,
    ucd_atc,
    ucd_list_en_sus,
)
from studylib.referentials.geography import (
    department_region,
    departments_by_spelling,
    regions_by_spelling,
)
from studylib.referentials.names import observatory, region_code, region_name, zone_code
from studylib.referentials.reading import catalogue, referential, versions
from studylib.referentials.store import Version
from studylib.referentials.tables import (
    atc_label,
    atc_labels,
    departments,
    observatories,
    old_regions,
    open_data_zones,
    reference_files,
    regions,
)
from studylib.referentials.updating import Updated, at_hand, update, update_from

__all__ = [
    "Referential",
    "Updated",
    "Version",
    "all_known",
    "at_hand",
    "atc_label",
    "atc_labels",
    "catalogue",
    "charlson",
    "cip_atc",
    "department_region",
    "departments",
    "departments_by_spelling",
    "en_sus_periods",
    "en_sus_price_periods",
    "en_sus_tariffs",
    "ghs_tariff_periods",
    "ghs_tariffs",
    "how_to_get",
    "known",
    "observatories",
    "observatory",
    "old_regions",
    "open_data_zones",
    "reference_files",
    "referential",
    "region_code",
    "region_name",
    "regions",
    "regions_by_spelling",
    "ucd_atc",
    "ucd_list_en_sus",
    "update",
    "update_from",
    "versions",
    "zone_code",
]
