"""The kinds of study known: one notebook, one model of parameters, one example each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from studylib import economics, risk, tables, usage
from studylib.report import bundle
from studylib.requests.strict import StudyParameters
from studylib.requests.studies import (
    DataQualityParameters,
    IatrogenicRiskParameters,
    InappropriateMedicationParameters,
    PooledSynthesisParameters,
    RegionalSpendingParameters,
    SelfControlledParameters,
    SequenceSymmetryParameters,
    ValidationParameters,
)
from studylib.risk import pooling, schemas, validation
from studylib.sources import quality_checks


@dataclass(frozen=True)
class StudyType:
    """A kind of study. Paths are relative to the project; ``artefacts`` is name → table kept."""

    name: str
    title: str
    notebook: str
    parameters_model: type[StudyParameters]
    example: str
    artefacts: Mapping[str, tables.Table]
    memory_gb: float
    sources: tuple[str, ...]


def _study(
    name: str,
    title: str,
    parameters_model: type[StudyParameters],
    artefacts: Mapping[str, tables.Table],
    *,
    memory_gb: float,
    sources: tuple[str, ...],
) -> StudyType:
    return StudyType(
        name,
        title,
        f"notebooks/{name}.ipynb",
        parameters_model,
        f"parameters/examples/{name}.yaml",
        MappingProxyType(dict(artefacts)),
        memory_gb,
        sources,
    )


_KNOWN = (
    _study(
        "data_quality",
        "Qualité des données",
        DataQualityParameters,
        {
            "checks": quality_checks.CHECKS,
            "check_summary": quality_checks.SUMMARY,
            "volume_months": quality_checks.MONTHS,
            "flow_delays": quality_checks.DELAYS,
            "rejected_shares": quality_checks.REJECTED_SHARES,
            "prevalence_drift": quality_checks.DRIFT,
        },
        memory_gb=2.0,
        sources=("simulated_snds",),
    ),
    _study(
        "iatrogenic_risk",
        "Risque iatrogène comparé",
        IatrogenicRiskParameters,
        {
            "flow": tables.FLOW,
            "balance": tables.BALANCE,
            "balance_adjusted": tables.BALANCE,
            "exits": tables.EXITS,
            "cumulative_incidence": tables.CURVES,
            "survival": tables.CURVES,
            "incidence": tables.ESTIMATES,
            "hazard_ratios": tables.ESTIMATES,
            "calibrated": tables.ESTIMATES,
            "e_values": risk.doubt.E_VALUES,
            "risk_differences": tables.ESTIMATES,
            "impact": risk.IMPACT,
            "designs": tables.ESTIMATES,
            "sensitivity": tables.ESTIMATES,
            "profile": risk.PROFILES,
        },
        memory_gb=2.0,
        sources=("simulated",),
    ),
    _study(
        "pooled_synthesis",
        "Synthèse de plusieurs observatoires",
        PooledSynthesisParameters,
        {
            "sites": bundle.SITES,
            "site_estimates": tables.ESTIMATES,
            "pooled": tables.ESTIMATES,
            "heterogeneity": pooling.HETEROGENEITY,
        },
        memory_gb=1.0,
        sources=("simulated",),
    ),
    _study(
        "inappropriate_medication",
        "Médication inappropriée et séjours liés aux médicaments",
        InappropriateMedicationParameters,
        {
            "polypharmacy": usage.GROUP_SHARES,
            "rules": usage.RULES,
            "dosed_rules": usage.DOSED,
            "exposure": usage.EXPOSURE,
            "rule_establishments": usage.RULE_ESTABLISHMENTS,
            "load": usage.GROUP_SHARES,
            "regional_shares": tables.REGIONAL,
            "avoidable": tables.REGIONAL,
            "admissions": schemas.ADMISSIONS,
            "admission_classes": schemas.ADMISSIONS,
            "coded_bleedings": schemas.CODED_BLEEDINGS,
            "admission_rates": tables.REGIONAL,
        },
        memory_gb=2.0,
        sources=("simulated",),
    ),
    _study(
        "regional_spending",
        "Dépenses régionales de soins et médicaments de ville",
        RegionalSpendingParameters,
        {
            "series": tables.SERIES,
            "standardised_spending": economics.STANDARDISED,
            "drug_panorama": usage.PANORAMA,
            "group_share": usage.GROUP_SHARE,
            "mapping_effect": usage.MAPPING,
        },
        memory_gb=1.0,
        sources=("open_data",),
    ),
    _study(
        "self_controlled",
        "Série de cas autocontrôlée",
        SelfControlledParameters,
        {
            "flow": tables.FLOW,
            "windows": risk.WINDOWS,
            "rate_ratios": tables.ESTIMATES,
            "sensitivity": tables.ESTIMATES,
            "profile": risk.PROFILES,
        },
        memory_gb=2.0,
        sources=("simulated",),
    ),
    _study(
        "sequence_symmetry",
        "Symétrie de séquences de prescription",
        SequenceSymmetryParameters,
        {
            "sequences": risk.SEQUENCES,
            "gaps": risk.GAPS,
            "sequence_ratios": tables.ESTIMATES,
            "calibrated": tables.ESTIMATES,
        },
        memory_gb=2.0,
        sources=("simulated",),
    ),
    _study(
        "validation",
        "Dossier de validation de la bibliothèque",
        ValidationParameters,
        {
            "published": validation.AGREEMENT,
            "by_hand": validation.AGREEMENT,
            "coverage": validation.COVERAGE,
        },
        memory_gb=1.0,
        sources=("simulated",),
    ),
)

STUDIES: Mapping[str, StudyType] = MappingProxyType({study.name: study for study in _KNOWN})
