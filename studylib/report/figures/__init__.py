"""Figures of a report, each with its caption, alternative text and the masked table behind it."""

from studylib.report.figures.balance import balance_plot
from studylib.report.figures.confounder import confounder_map
from studylib.report.figures.controls import negative_controls
from studylib.report.figures.curves import survival_curves
from studylib.report.figures.flow import flow_chart
from studylib.report.figures.forest import forest
from studylib.report.figures.gaps import gap_chart
from studylib.report.figures.misclassification import misclassification_plot
from studylib.report.figures.preference import preference_plot
from studylib.report.figures.regions import region_chart
from studylib.report.figures.series import time_series

__all__ = [
    "balance_plot",
    "confounder_map",
    "flow_chart",
    "forest",
    "gap_chart",
    "misclassification_plot",
    "negative_controls",
    "preference_plot",
    "region_chart",
    "survival_curves",
    "time_series",
]
