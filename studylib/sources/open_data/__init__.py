"""Real French open data: catalogue, register, readers, and one object that holds them."""

from studylib.sources.open_data.bands import Bands, spending_band
from studylib.sources.open_data.catalogue import DataSet, dataset, datasets
from studylib.sources.open_data.download import fetch
from studylib.sources.open_data.opening import OpenData, open
from studylib.sources.open_data.register import Entry, add, registered, status
from studylib.sources.open_data.schemas import DRUGS, FILES, SPENDING
from studylib.sources.open_data.zones import check_zones, zone_name, zones_of

__all__ = [
    "DRUGS",
    "FILES",
    "SPENDING",
    "Bands",
    "DataSet",
    "Entry",
    "OpenData",
    "add",
    "check_zones",
    "dataset",
    "datasets",
    "fetch",
    "open",
    "registered",
    "spending_band",
    "status",
    "zone_name",
    "zones_of",
]
