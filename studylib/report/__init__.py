"""Everything a reader sees: masked tables, figures, sentences, and the page that holds them."""

from studylib.report import (
    bundle,
    disclosure,
    french,
    page,
)
from studylib.report.blocks import (
    check,
    keep,
    key_figures,
    note,
)
from studylib.report.cover import (
    banners,
    header,
    parameters,
)
from studylib.report.figures import (
    balance_plot,
    confounder_map,
    flow_chart,
    forest,
    gap_chart,
    misclassification_plot,
    negative_controls,
    preference_plot,
    region_chart,
    survival_curves,
    time_series,
)
from studylib.report.fragment import (
    Fragment,
)
from studylib.report.gates import (
    gate_titles,
    gates,
    gates_of_each,
)
from studylib.report.labels import value as named
from studylib.report.methods import (
    methods,
)
from studylib.report.sentences import (
    ratio_sentence,
    sentence,
    sentences,
)
from studylib.report.tables import (
    table,
)

__all__ = [
    "Fragment",
    "balance_plot",
    "banners",
    "bundle",
    "check",
    "confounder_map",
    "disclosure",
    "flow_chart",
    "forest",
    "french",
    "gap_chart",
    "gate_titles",
    "gates",
    "gates_of_each",
    "header",
    "keep",
    "key_figures",
    "methods",
    "misclassification_plot",
    "named",
    "negative_controls",
    "note",
    "page",
    "parameters",
    "preference_plot",
    "ratio_sentence",
    "region_chart",
    "sentence",
    "sentences",
    "survival_curves",
    "table",
    "time_series",
]
