"""The plots: right values, told apart without colour, on axes of one's own, safe from any words."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from detractor.capacity import capacity_curve
from detractor.errors import MissingExtraError, SchemaError
from detractor.evaluation import reliability
from detractor.explanation import Explanation, Phrase, explain
from detractor.model_plots import plot_explanation, plot_qini, plot_reliability
from detractor.plot_style import SERIES, UNKNOWN, words
from detractor.plots import plot_capacity, plot_quadrants, plot_savings, plot_themes
from detractor.policy import Policy
from detractor.ranking import rank
from detractor.uplift_metrics import curve_band, qini_curve

mpl.use("Agg")
from matplotlib import pyplot  # after the choice of what draws

SCORED = pd.DataFrame(
    {
        "customer_id": ["ann", "ben", "cem", "dora", "eve"],
        "value": [1200.0, 300.0, 900.0, 2000.0, 50.0],
        "detractor": [0.9, 0.9, 0.8, 0.9, 0.1],
        "anger": [0.9, 0.7, 0.1, 0.2, 0.0],
        "churn_risk": [0.9, 0.2, 0.8, 0.7, 0.0],
    }
)
POLICY = Policy(capacity=3, holdout_share=0)
THEMES = pd.DataFrame(
    {
        "name": ["late box", "$money$ \\frac{", "new \U0001f525"], "mentions": [30, 20, 5],
        "trend": [1.8, 1.0, np.nan], "trend_low": [1.2, 0.7, 0.0],
        "trend_high": [2.7, 1.4, np.inf],
    }
)  # fmt: skip
HOSTILE = "$\\frac{</script>\U0001f620\u202e\x00\n\n$x"


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def queue() -> pd.DataFrame:
    return rank(SCORED, policy=POLICY)


@pytest.fixture(scope="module")
def band() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    treatment = np.tile([0, 1], 100)
    return curve_band(
        qini_curve, rng.random(200) < 0.5, rng.random(200), treatment, points=5, replicates=20
    )


def calibration() -> pd.DataFrame:
    return reliability([0, 1, 1, 1], [0.2, 0.2, 0.9, 0.9], bins=2)


Plot = Callable[[pd.DataFrame, pd.DataFrame, Any], Any]
PLOTS: dict[str, Plot] = {
    "reliability": lambda queue, band, ax: plot_reliability(calibration(), ax=ax),
    "quadrants": lambda queue, band, ax: plot_quadrants(queue, ax=ax),
    "savings": lambda queue, band, ax: plot_savings(queue, ax=ax),
    "capacity": lambda queue, band, ax: plot_capacity(
        capacity_curve(queue, policy=POLICY), capacity=2, ax=ax
    ),
    "themes": lambda queue, band, ax: plot_themes(THEMES, ax=ax),
    "qini": lambda queue, band, ax: plot_qini(band, ax=ax),
    "explanation": lambda queue, band, ax: plot_explanation(explain("I am leaving, bye"), ax=ax),
}


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_draws_on_given_axes_and_leaves_the_settings_alone(
    name: str, queue: pd.DataFrame, band: pd.DataFrame
) -> None:
    before = dict(mpl.rcParams)
    _, ax = pyplot.subplots()
    assert PLOTS[name](queue, band, ax) is ax
    assert dict(mpl.rcParams) == before
    assert ax.get_title(loc="left")
    assert ax.get_xlabel() or name == "savings"
    ax.figure.canvas.draw()  # warnings are errors: every sign is in the font


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_makes_axes_of_its_own_and_the_same_picture_twice(
    name: str, queue: pd.DataFrame, band: pd.DataFrame
) -> None:
    pictures = []
    for _ in range(2):
        canvas = PLOTS[name](queue, band, None).figure.canvas
        canvas.draw()
        pictures.append(bytes(canvas.buffer_rgba()))
    assert pictures[0] == pictures[1]
    ink = np.frombuffer(pictures[0], dtype=np.uint8).reshape(-1, 4)[:, :3] < 250
    assert 0.002 < ink.any(axis=1).mean() < 0.5


def test_without_matplotlib_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"detractor\[plots\]"):
        plot_themes(THEMES)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(SchemaError, match="trend_low"):
        plot_themes(THEMES.drop(columns="trend_low"))


def test_series_differ_by_more_than_colour() -> None:
    assert len({look.marker for look in SERIES}) == len(SERIES)
    assert len({look.linestyle for look in SERIES}) == len(SERIES)
    _, ax = pyplot.subplots()
    for label in ("a", "b", "c"):
        plot_reliability(calibration(), label=label, ax=ax)
    drawn = [line for line in ax.lines if line.get_marker() in {look.marker for look in SERIES}]
    assert [line.get_marker() for line in drawn] == ["o", "s", "^"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b", "c"]


def test_the_waterfall_ends_at_the_expected_saving(queue: pd.DataFrame) -> None:
    ax = plot_savings(queue)
    chosen = queue[queue["contact"]]
    bars = [(bar.get_y(), bar.get_height()) for bar in ax.patches]
    assert bars[0] == (0, chosen["value"].sum())
    assert bars[-1][1] == pytest.approx(chosen["expected_saving"].sum())
    assert bars[-2][0] == pytest.approx(bars[-1][1])  # the last step leads there
    assert all(bar.get_hatch() for bar in ax.patches[1:-1])  # each takes away
    assert "3 contacts" in ax.get_title(loc="left")
    assert "5 contacts" in plot_savings(queue, first=5).get_title(loc="left")


def test_quadrants_count_everyone_and_fill_those_to_contact(queue: pd.DataFrame) -> None:
    ax = plot_quadrants(queue)
    assert {text.get_text() for text in ax.texts} == {
        "loud leavers: 1", "quiet leavers: 2", "venting: 1", "neither: 1"
    }  # fmt: skip
    drawn = [(len(points.get_offsets()), len(points.get_facecolors())) for points in ax.collections]
    assert sum(count for count, _ in drawn) == len(queue)
    assert sum(count for count, fills in drawn if fills) == queue["contact"].sum()


def test_capacity_is_marked_with_what_one_more_saves(queue: pd.DataFrame) -> None:
    curve = capacity_curve(queue, policy=POLICY, capacities=[1, 2, 5])
    ax = plot_capacity(curve, capacity=2)
    saved, more = curve.loc[1, ["expected_saving", "next_saves"]]
    assert f"2 contacts save {saved:,.0f};\none more {more:,.0f}" in [
        t.get_text() for t in ax.texts
    ]
    assert "about" in plot_capacity(curve, capacity=4).texts[-1].get_text()


def test_themes_show_by_their_marker_whether_they_spread() -> None:
    ax = plot_themes(THEMES)
    points = [line for line in ax.lines if line.get_linestyle() == "None"]
    assert [(line.get_marker(), line.get_label()) for line in points] == [
        ("^", "growing"), ("o", "unclear")
    ]  # fmt: skip
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "late box (30)", "$money$ \\frac{ (20)"
    ]  # fmt: skip


def test_the_bars_of_an_explanation_sum_to_the_logit() -> None:
    text = "Nice people, but not once did they call back, so I am cancelling on Friday."
    why = explain(text)
    for first in (1, 8):
        ax = plot_explanation(why, first=first)
        total = why.bias["churn_risk"] + sum(bar.get_width() for bar in ax.patches)
        share = why.probabilities["churn_risk"]
        assert total == pytest.approx(np.log(share / (1 - share)), abs=1e-3)
    names = [label.get_text() for label in plot_explanation(why, first=1).get_yticklabels()]
    assert names[-2:] == ["all other words", "churn risk"]


def test_hostile_words_are_drawn_as_they_are() -> None:
    phrase = Phrase(0, len(HOSTILE), HOSTILE, 1.0, 1.0, 1.0)
    why = Explanation(HOSTILE, {"anger": 0.7}, {"anger": 0.1}, (phrase,))
    ax = plot_explanation(why, head="anger")
    ax.figure.canvas.draw()
    label = ax.get_yticklabels()[1]
    assert label.get_text().startswith("“$\\frac{</script>")
    assert not label.get_parse_math()
    assert words("\u4e2d") == UNKNOWN
