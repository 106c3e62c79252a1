"""Figures: words that say something, data behind, nothing hidden in the drawing."""

from __future__ import annotations

import base64
import re
from itertools import pairwise
from urllib.parse import urlparse

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.text import Text

from studylib import report, tables
from studylib.errors import StudyError
from studylib.report import context, page
from studylib.report.figures import series as by_period
from studylib.report.figures import style
from studylib.tables import Column, Table

PHONE = 368  # pixels left for a figure on a screen 400 pixels wide
ALT = "Ce que la figure montre, dit en une phrase"
REGIONS = Table(
    "regions",
    (
        Column("region", "text", "region"),
        Column("value", "number", "value", from_counts=("persons",)),
        Column("low", "number", "low"),
        Column("high", "number", "high"),
        Column("persons", "integer", "persons", counts="persons"),
    ),
)


@pytest.fixture(autouse=True)
def _fresh_page():
    context.start()


def flow():
    return pd.DataFrame(
        {"step": ["A", "B", "C"], "persons": [1000, 993, 500], "excluded": [0, 7, 493]}
    )


def estimates(events=(200, 300)):
    rows = [
        {
            "analysis": analysis,
            "population": "11",
            "comparison": "AOD / AVK",
            "outcome": "Hémorragie",
            "measure": "hazard_ratio",
            "estimate": 0.7,
            "ci_low": 0.6,
            "ci_high": 0.9,
            "p_value": 0.01,
            "persons": 5000,
            "events": count,
            "person_years": 900.0,
            "method": "",
        }
        for analysis, count in zip(("primary", "variante"), events, strict=True)
    ]
    return pd.DataFrame(rows)


def curves(persons=500):
    days = range(0, 100, 10)
    return pd.DataFrame(
        {
            "arm": "AOD",
            "day": days,
            "measure": "survival",
            "estimate": [1 - d / 400 for d in days],
            "ci_low": [1 - d / 300 for d in days],
            "ci_high": [1 - d / 500 for d in days],
            "at_risk": [max(persons - 4 * d, 0) for d in days],
            "events": [int(d * 1.5) for d in days],
        }
    )


def series():
    periods = [f"2024-{month:02d}" for month in range(1, 13)]
    return pd.DataFrame(
        {
            "period": periods,
            "stratum": "11",
            "observed": range(12),
            "expected": 5.0,
            "ci_low": 4.0,
            "ci_high": 6.0,
            "phase": ["before"] * 11 + ["incomplete"],
        }
    ).astype({"observed": float})


def balance():
    row = {
        "covariate": "diabetes",
        "kind": "share",
        "arm": "AOD",
        "reference": "AVK",
        "arm_persons": 500,
        "arm_count": 100,
        "arm_mean": 0.2,
        "arm_sd": 0.4,
        "reference_persons": 400,
        "reference_count": 100,
        "reference_mean": 0.25,
        "reference_sd": 0.4,
        "smd": 0.12,
        "variance_ratio": np.nan,
        "arm_mean_after": np.nan,
        "reference_mean_after": np.nan,
        "smd_after": 0.02,
        "variance_ratio_after": np.nan,
    }
    return pd.DataFrame([row])


def regions(persons=(500, 600)):
    return pd.DataFrame(
        {"region": ["11", "84"], "value": [10.0, 987654.0], "low": 1.0, "high": 30.0}
    ).assign(persons=persons)


DRAW = {
    "flow": lambda **words: report.flow_chart(flow(), **words),
    "forest": lambda **words: report.forest(estimates(), **words),
    "curves": lambda **words: report.survival_curves(curves(), **words),
    "series": lambda **words: report.time_series(series(), unit="€ par habitant", **words),
    "balance": lambda **words: report.balance_plot(balance(), **words),
    "regions": lambda **words: report.region_chart(
        regions(), schema=REGIONS, value="value", unit="€", **words
    ),
}
every_figure = pytest.mark.parametrize("draw", DRAW.values(), ids=DRAW)


def soup_of(fragment):
    return BeautifulSoup(fragment.html, "html.parser")


def svg_of(fragment):
    address = soup_of(fragment).img["src"]
    assert urlparse(address).scheme == "data"
    return base64.b64decode(address.split(",")[1]).decode()


@every_figure
def test_a_figure_has_caption_alternative_text_and_its_data(draw):
    soup = soup_of(draw(caption="Titre de la figure", alt=ALT))
    assert soup.figure.figcaption.get_text() == "Titre de la figure"
    assert soup.figure.img["alt"] == ALT
    assert soup.figure.details.table.caption
    assert page.lint(f"<html lang=fr><title>t</title><main><h1>t</h1>{soup}</main></html>") == []


@every_figure
def test_a_figure_is_the_same_at_each_run(draw):
    assert draw(caption="Titre", alt=ALT).html == draw(caption="Titre", alt=ALT).html


@every_figure
@pytest.mark.parametrize(
    "alt", ["", "  ", "figure.png", "Titre de la figure", "figure_1", "image", "Figure 12"]
)
def test_an_alternative_text_that_says_nothing_is_refused(draw, alt):
    with pytest.raises(StudyError, match="alt"):
        draw(caption="Titre de la figure", alt=alt)


@every_figure
def test_a_figure_without_caption_is_refused(draw):
    with pytest.raises(StudyError, match="sans titre"):
        draw(caption="", alt=ALT)


@every_figure
def test_no_text_of_a_figure_is_small_on_a_page_or_on_a_phone(draw, monkeypatch):
    sizes, drawn = {}, style.svg_address

    def measured(figure):
        scale = min(1, PHONE / (96 * figure.get_figwidth())) if len(sizes) else 1
        told = [text for text in figure.findobj(Text) if text.get_text().strip()]
        sizes[figure.get_figwidth()] = scale * min(text.get_fontsize() for text in told)
        return drawn(figure)

    monkeypatch.setattr(style, "svg_address", measured)
    source = soup_of(draw(caption="Titre", alt=ALT)).find("source")
    assert list(sizes) == [style.WIDE, style.NARROW]
    assert min(sizes.values()) >= 8
    assert source["media"] == "screen and (max-width:40rem)"


def drawn_forest(frame, **words):
    """The two drawings of a forest plot, as their texts and where each stands."""
    figures = []

    def kept(figure):
        figure.canvas.draw()
        figures.append(
            [
                (text.get_text(), text.get_window_extent())
                for text in figure.findobj(Text)
                if text.get_text().strip() and text.get_visible()
            ]
        )
        return "data:,"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "svg_address", kept)
        report.forest(frame, caption="Forêt", alt=ALT, **words)
    return figures


def test_a_forest_plot_says_which_side_is_more_events_and_with_whom():
    for texts in drawn_forest(estimates(), labels={"AOD": "Anticoagulants directs"}):
        words = [" ".join(text.split()) for text, _ in texts]
        assert "← moins d'événements avec Anticoagulants directs" in words
        assert "plus d'événements → avec Anticoagulants directs" in words
    two = estimates().assign(comparison=["AOD / AVK", "HBPM / AVK"])
    for texts in drawn_forest(two):
        assert "← moins d'événements" in [text for text, _ in texts]
    for texts in drawn_forest(estimates().assign(measure="attributable_fraction"), reference=0.0):
        assert not any("événements" in text for text, _ in texts)


def test_long_names_do_not_overlap_in_a_forest_plot():
    name = "Sans correction de la fin d'observation et sans les cent quatre-vingts premiers jours"
    rows = [estimates().assign(analysis=f"{i} {name}", comparison="AOD / AVK") for i in range(3)]
    many = pd.concat(rows, ignore_index=True).drop_duplicates("analysis")
    for texts in drawn_forest(many):
        boxes = [box for text, box in texts if "Sans correction" in text]
        assert len(boxes) == 3
        ordered = sorted(boxes, key=lambda box: box.y0)
        assert all(low.y1 <= high.y0 for low, high in pairwise(ordered))


def test_close_estimates_still_have_an_axis_to_read_them_on():
    close = estimates().assign(estimate=1.02, ci_low=0.87, ci_high=1.22)
    for texts in drawn_forest(close):
        assert {"0,9", "1", "1,1"} <= {text for text, _ in texts}


def test_full_and_hollow_marks_are_explained():
    drawn = soup_of(report.forest(estimates(), caption="Forêt", alt=ALT))
    told = drawn.select_one("p.note").get_text()
    assert "analyse principale" in told
    one = report.forest(estimates().head(1), caption="Forêt", alt=ALT)
    assert "Carré plein" not in one.html


def test_a_group_without_curve_is_named():
    both = pd.concat([curves(), curves(9).assign(arm="AVK")])
    drawn = report.survival_curves(both, caption="Survie", alt=ALT)
    assert (
        "faute d'un effectif suffisant\u00a0: AVK."
        in soup_of(drawn).select_one("p.note").get_text()
    )


def test_figures_leave_no_trace_in_pyplot():
    before = dict(plt.rcParams)
    report.flow_chart(flow(), caption="Flux", alt=ALT)
    assert plt.get_fignums() == []
    assert dict(plt.rcParams) == before


def test_a_small_exclusion_is_drawn_nowhere():
    """The drawing is what a flow with another small exclusion gives: nothing depends on it."""
    other = flow().assign(persons=[1000, 991, 500], excluded=[0, 9, 491])
    first, second = (report.flow_chart(each, caption="Flux", alt=ALT) for each in (flow(), other))
    assert first.html == second.html


def test_axes_do_not_depend_on_a_withheld_value():
    near, far = regions((500, 6)), regions((500, 6))
    far.loc[1, ["value", "low", "high"]] = [12.0, 1.0, 30.0]
    drawn = [
        svg_of(
            report.region_chart(f, schema=REGIONS, value="value", unit="€", caption="R", alt=ALT)
        )
        for f in (near, far)
    ]
    assert drawn[0] == drawn[1]


def test_counts_are_drawn_from_zero_and_the_legend_begins_with_the_series():
    with style.canvas(4, 3) as figure:
        axes = figure.subplots()
        for name, values in (("Attendu", [90, 95]), ("ER_PHA_F", [0, 100])):
            axes.plot(values, label=name)
        by_period._dress(axes, ["2021-01", "2021-02"], "lignes", ["ER_PHA_F"])
        assert axes.get_ylim()[0] == 0
        told = [text.get_text() for text in axes.get_legend().get_texts()]
    assert told == ["ER_PHA_F", "Attendu"]


def test_a_withheld_estimate_is_told_not_drawn():
    fragment = report.forest(estimates((200, 6)), caption="Forêt", alt=ALT)
    assert "masqué" in fragment.text
    shown = svg_of(fragment)
    whole = svg_of(report.forest(estimates(), caption="Forêt", alt=ALT))
    assert shown != whole


def test_nothing_to_show_is_said():
    fragment = report.survival_curves(curves(9), caption="Survie", alt=ALT)
    assert "Aucune ligne" in fragment.html


def test_the_horizon_cuts_the_curves():
    fragment = report.survival_curves(curves(), caption="Survie", alt=ALT, horizon_days=40)
    days = [int(cell) for cell in re.findall(r"^\S+\s+(\d+)\s", fragment.text, re.M)]
    assert max(days) <= 40


def test_a_shock_outside_the_series_is_refused():
    with pytest.raises(StudyError, match="Choc"):
        report.time_series(
            series(), caption="Série", alt=ALT, unit="€", shocks=[("2020-03", "2020-05")]
        )


def test_a_region_asked_for_and_absent_is_refused():
    with pytest.raises(StudyError, match="53"):
        report.region_chart(
            regions(),
            schema=REGIONS,
            value="value",
            unit="€",
            caption="R",
            alt=ALT,
            requested=["53"],
        )


def test_an_empty_flow_is_refused():
    with pytest.raises(StudyError, match="aucune étape"):
        report.flow_chart(tables.empty(tables.FLOW), caption="Flux", alt=ALT)


def test_a_love_plot_has_the_difference_before_and_after():
    drawn = report.balance_plot(
        balance(), caption="Équilibre", alt="Différence de 0,12 avant et de 0,02 après ajustement"
    )
    assert "après ajustement" in drawn.text
    assert "0,120" in drawn.text
    assert "0,020" in drawn.text
    crude = balance().assign(smd_after=np.nan)
    alone = report.balance_plot(crude, caption="Équilibre brut", alt="Différence de 0,12 entre eux")
    assert "après ajustement" not in alone.text


def test_a_love_plot_of_thousands_keeps_the_farthest():
    rows = [balance().assign(covariate=f"c{i}", smd=i / 100, smd_after=0.0) for i in range(30)]
    many = pd.concat([*rows, balance().assign(covariate="worse", smd=0.0, smd_after=-0.9)])
    drawn = report.balance_plot(
        many, caption="Les plus fortes", alt="Trois covariables, la plus éloignée après", most=3
    )
    shown = [line.split()[0] for line in drawn.text.splitlines()[3:]]
    assert shown == ["worse", "c29", "c28"]


def test_small_bins_of_a_preference_score_are_not_given_away():
    counts = [5, 20, 15, 40, 20, 5, 30, 60]
    bins = pd.DataFrame(
        {
            "arm": list("AAAABBBB"),
            "band": list("abcd") * 2,
            "bin": [1, 2, 3, 4] * 2,
            "bin_low": [0, 0.25, 0.5, 0.75] * 2,
            "bin_high": [0.25, 0.5, 0.75, 1] * 2,
            "persons": counts,
            "share": [n / 80 for n in counts[:4]] + [n / 115 for n in counts[4:]],
        }
    )
    drawn = report.preference_plot(
        bins, caption="Recouvrement", alt="Deux distributions du score de préférence"
    )
    # the total of an arm is known: a second bin is hidden with the small one, 15 and 20
    assert drawn.text.count("<\u00a011") == 3  # and the sentence that explains it
    assert drawn.text.count("masqué") == 7
