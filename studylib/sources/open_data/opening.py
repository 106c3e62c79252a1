"""Opening the open data of a study: which files, what they hold, one fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pandas as pd

from studylib import project, tables
from studylib.errors import DataMissing
from studylib.files.layout import sha256_of
from studylib.referentials import bdpm
from studylib.sources.open_data import bands as age_bands
from studylib.sources.open_data import damir, locate, open_medic, population
from studylib.sources.open_data.bands import Bands
from studylib.sources.open_data.catalogue import dataset
from studylib.sources.open_data.drugs import Bdpm, drug_table
from studylib.sources.open_data.schemas import FILES

_BDPM = tuple(bdpm.COLUMNS)
_NO_LABELS = pd.DataFrame(columns=["system", "code", "label"], dtype=object)


@dataclass(frozen=True, eq=False, repr=False)
class OpenData:
    """Open data as tables in our columns, with what they were read from.

    ``spending`` (``SPENDING``), ``drugs`` (``DRUGS``) of ``drug_year``, ``files`` (``FILES``),
    ``labels`` (system, code, label of Cnam's descriptor, empty without it), ``fingerprint`` (hash
    of the hashes). Population is asked by date: ``population`` and ``person_years``.
    """

    spending: pd.DataFrame
    drugs: pd.DataFrame
    labels: pd.DataFrame
    files: pd.DataFrame
    drug_year: int
    fingerprint: str
    yearly_population: pd.DataFrame
    five_year_population: pd.DataFrame | None
    synthetic: ClassVar[bool] = False

    def monthly(self, amount: str, *, zones: Iterable[str] = ()) -> pd.Series:
        """Current euros by month (YYYY-MM) of the zones given, all of them by default.

        ``amount``: ``reimbursed`` or ``paid``. Unknown ages and sexes are in.
        """
        kept = list(zones)
        rows = self.spending[self.spending["zone"].isin(kept)] if kept else self.spending
        return rows.groupby("month")[amount].sum()

    def spending_between(self, start: str, end: str, *, bands: Bands = "common") -> pd.DataFrame:
        """Rows of ``spending`` from month ``start`` to ``end``, both included, in these bands."""
        rows = self.spending[self.spending["month"].between(start, end)]
        return rows.assign(age_band=age_bands.spending_band(rows["age_band"], bands))

    def available_bands(self) -> tuple[Bands, ...]:
        """Age bands that ``population`` can give: fine ones need the five-year table."""
        return ("common",) if self.five_year_population is None else ("common", "fine")

    def population_years(self) -> list[int]:
        """Years whose 1 January population is known."""
        return sorted(int(year) for year in self.yearly_population["year"].unique())

    def population(self, year: int, *, bands: Bands = "common") -> pd.DataFrame:
        """Inhabitants on 1 January of ``year``: zone, age_band, sex, population.

        ``bands``: ``common`` (0-19, 20-39, 40-59, 60+) or ``fine`` (ten-year bands, apportioned
        with the five-year table). DataMissing when the year or that table is absent.
        """
        if year not in self.population_years():
            known = ", ".join(map(str, self.population_years()))
            raise DataMissing(
                f"Population au 1er janvier {year} absente : années présentes {known} ; ajouter "
                f"le fichier Insee du 31 décembre {year - 1} (studylib data add FICHIER)."
            )
        yearly = self.yearly_population[self.yearly_population["year"] == year]
        if bands == "common":
            return age_bands.common_population(yearly)
        if self.five_year_population is None:
            raise DataMissing(
                "Classes d'âge fines : la table quinquennale de l'Insee est absente.\n"
                + locate.how_to_get(["insee_population_five_year"])
            )
        return age_bands.fine_population(yearly, self.five_year_population)

    def person_years(self, start: str, end: str, *, bands: Bands = "common") -> pd.DataFrame:
        """Person-years lived from month ``start`` to month ``end``, both included (YYYY-MM).

        Zone, age_band, sex, person_years: population at mid-period, between the two nearest
        1 January populations, times the length of the period in years. Outside the known years
        the nearest known population stands unchanged.
        """
        first, last = pd.Period(start, "M"), pd.Period(end, "M")
        years = ((last - first).n + 1) / 12
        middle = first.year + (first.month - 1) / 12 + years / 2
        known = self.population_years()
        before = max([year for year in known if year <= middle], default=known[0])
        after = min([year for year in known if year > middle], default=before)
        weight = (middle - before) / (after - before) if after > before else 0.0
        keys = ["zone", "age_band", "sex"]
        early = self.population(before, bands=bands).set_index(keys)["population"]
        late = self.population(after, bands=bands).set_index(keys)["population"]
        lived = ((1 - weight) * early + weight * late) * years
        return lived.rename("person_years").reset_index()


def open(*, drug_year: int | None = None, folders: Iterable[Path] | None = None) -> OpenData:
    """The open data of the project's data folders, every file checked.

    Spending comes from the aggregate by month when it is there, else from Cnam's monthly files;
    drugs from the complete Open Medic of ``drug_year`` (default: the latest year), else from the
    aggregate by CIP13. DataMissing lists **all** that is absent and how to get each.
    """
    searched = project.data_folders() if folders is None else list(folders)
    found = _found(searched, drug_year)
    year, products = _products(found)
    read = {name: found[name][0] for name in _BDPM}
    bdpm_tables = Bdpm(
        specialities=bdpm.read("bdpm_specialities", read["bdpm_specialities"]),
        presentations=bdpm.presentations(read["bdpm_presentations"]),
        substances=bdpm.substances(read["bdpm_compositions"]),
        generic_groups=bdpm.generic_groups(read["bdpm_generic_groups"]),
        essential_atc=bdpm.essential_atc(read["bdpm_essential_drugs"]),
    )
    described = found.get("open_medic_descriptor", [])
    labels = open_medic.read_descriptor(described[0]) if described else _NO_LABELS
    files = provenance(found)
    return OpenData(
        spending=_spending(found),
        drugs=drug_table(products, bdpm_tables, labels),
        labels=labels,
        files=files,
        drug_year=year,
        fingerprint=hashlib.sha256("".join(sorted(files["sha256"])).encode()).hexdigest(),
        yearly_population=_yearly(found["insee_population"]),
        five_year_population=_five_year(found.get("insee_population_five_year", [])),
    )


def provenance(found: dict[str, list[Path]]) -> pd.DataFrame:
    """The files read, in the columns of ``FILES``."""
    rows = [
        {
            "dataset": name,
            "file": path.name,
            "period": dataset(name).period(path.name),
            "layout": dataset(name).layout,
            "bytes": path.stat().st_size,
            "sha256": sha256_of(path),
            "producer": dataset(name).producer,
            "licence": dataset(name).licence,
        }
        for name, paths in sorted(found.items())
        for path in paths
    ]
    return tables.check(pd.DataFrame(rows, columns=FILES.names), FILES)


def _found(folders: list[Path], drug_year: int | None) -> dict[str, list[Path]]:
    """Files to read by data set: one spending layout, one drug file, and the rest."""

    def present(name: str) -> list[Path]:
        return locate.files_of(dataset(name), folders=folders)

    def drugs(name: str) -> list[Path]:
        paths = present(name)
        if drug_year is not None:
            paths = [p for p in paths if dataset(name).period(p.name) == str(drug_year)]
        return paths[-1:]

    spending = {name: present(name) for name in ("open_damir_by_month", "open_damir")}
    medic = {name: drugs(name) for name in ("open_medic", "open_medic_by_cip")}
    single = {name: present(name)[:1] for name in (*_BDPM, "open_medic_descriptor")}
    people = {"insee_population": present("insee_population")}
    five_year = {"insee_population_five_year": present("insee_population_five_year")[-1:]}
    chosen = single | people | five_year
    for layouts in (spending, medic):
        name = next((name for name, paths in layouts.items() if paths), next(iter(layouts)))
        chosen[name] = layouts[name]
    lacking = [name for name, paths in chosen.items() if not paths and dataset(name).required]
    if lacking:
        raise locate.absent(lacking, folders=folders, drug_year=drug_year)
    return {name: paths for name, paths in chosen.items() if paths}


def _spending(found: dict[str, list[Path]]) -> pd.DataFrame:
    if "open_damir_by_month" in found:
        return damir.read_aggregate(found["open_damir_by_month"][-1])
    return damir.read_monthly(found["open_damir"])


def _products(found: dict[str, list[Path]]) -> tuple[int, pd.DataFrame]:
    name = "open_medic" if "open_medic" in found else "open_medic_by_cip"
    path = found[name][0]
    read = open_medic.read_complete if name == "open_medic" else open_medic.read_aggregate
    return int(dataset(name).period(path.name)), read(path)


def _yearly(paths: list[Path]) -> pd.DataFrame:
    entry = dataset("insee_population")
    parts = [population.read_yearly(path, year_end=int(entry.period(path.name))) for path in paths]
    return pd.concat(parts, ignore_index=True)


def _five_year(paths: list[Path]) -> pd.DataFrame | None:
    return population.read_five_year(paths[0]) if paths else None
