"""Dated reference data: regions, departments, observatories, open-data zones, ATC labels."""

from studylib.referentials.names import observatory, region_code, region_name, zone_code
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

__all__ = [
    "atc_label",
    "atc_labels",
    "departments",
    "observatories",
    "observatory",
    "old_regions",
    "open_data_zones",
    "reference_files",
    "region_code",
    "region_name",
    "regions",
    "zone_code",
]
