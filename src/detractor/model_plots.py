"""Pictures of models: calibration, the gain of an uplift model, and why a text has its scores.

::

    band = curve_band(qini_curve, outcome, uplift, treatment)
    plot_qini(band).figure.savefig("qini.png")

They need the extra `plots`. Nothing is told by colour alone. Of queues: `detractor.plots`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from detractor.markup import percent
from detractor.plot_style import (
    BLUE,
    DOWN_HATCH,
    FAINT,
    GUIDE,
    INK,
    ORANGE,
    SOFT,
    drawing,
    next_series,
    words,
)
from detractor.schema import HEADS, require

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from detractor.explanation import Explanation


def plot_reliability(
    table: pd.DataFrame, *, label: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw observed against predicted shares, with 95 % intervals; on the diagonal is right.

    Parameters
    ----------
    table : DataFrame
        From `detractor.evaluation.reliability`.
    label : str, optional
        Name in the legend; call again with the same axes to compare models or sources.
    ax : Axes, optional
        Where to draw.

    Raises
    ------
    SchemaError
        A column is missing.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from detractor.evaluation import reliability
    >>> ax = plot_reliability(reliability([0, 1, 1, 1], [0.2, 0.2, 0.9, 0.9], bins=2))
    >>> ax.get_xlabel()
    'predicted probability'
    """
    require(table, "n", "predicted", "observed", "low", "high")
    with drawing(ax, size=(5.0, 4.8)) as axes:
        look = next_series(axes)
        if not axes.lines:
            axes.plot([0, 1], [0, 1], color=SOFT, **GUIDE)
            axes.text(0.8, 0.77, "as predicted", color=SOFT, rotation=45, ha="center", va="center",
                      fontsize=9)  # fmt: skip
        below = table["observed"] - table["low"]
        above = table["high"] - table["observed"]
        axes.errorbar(
            table["predicted"],
            table["observed"],
            yerr=np.clip([below, above], 0, None),
            color=look.color,
            linestyle=look.linestyle,
            marker=look.marker,
            markersize=6,
            linewidth=1.2,
            elinewidth=1.4,
            capsize=3,
            label=label,
        )
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axes.set_xlabel("predicted probability")
        axes.set_ylabel("observed share (95 % interval)")
        axes.set_title("Do the probabilities mean what they say?")
        if label is not None:
            axes.legend(loc="upper left")
        return axes


def plot_qini(band: pd.DataFrame, *, label: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw what contacting by a ranking gains over chance, with its 95 % band.

    Parameters
    ----------
    band : DataFrame
        From `detractor.uplift_metrics.curve_band`.
    label : str, optional
        Name in the legend; call again with the same axes to compare rankings.
    ax : Axes, optional
        Where to draw.

    Raises
    ------
    SchemaError
        A column is missing.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> band = pd.DataFrame({"share": [0, 1], "gain": [0, 9], "low": [0, 4], "high": [0, 14]})
    >>> plot_qini(band).get_xlabel()
    'share of the customers contacted, best first'
    """
    require(band, "share", "gain", "low", "high")
    with drawing(ax) as axes:
        look = next_series(axes)
        axes.fill_between(band["share"], band["low"], band["high"], color=look.color, alpha=0.18,
                          linewidth=0)  # fmt: skip
        for edge in ("low", "high"):
            axes.plot(band["share"], band[edge], color=look.color, linewidth=0.7, linestyle=":")
        axes.plot(
            band["share"], band["gain"], color=look.color, linestyle=look.linestyle,
            marker=look.marker, markersize=4, label=label or "by this ranking",
        )  # fmt: skip
        end = float(band["gain"].iloc[-1])
        axes.plot([0, 1], [0, end], color=INK, **GUIDE,
                  label=None if label else "by chance")  # fmt: skip
        axes.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
        axes.set(xlim=(0, 1))
        axes.xaxis.set_major_formatter(lambda share, _: percent(share))
        axes.set_xlabel("share of the customers contacted, best first")
        axes.set_ylabel("extra customers kept (95 % band)")
        axes.set_title("Does the ranking find whom a contact keeps?")
        axes.legend(loc="best")
        return axes


def plot_explanation(
    why: Explanation, *, head: str = HEADS[2], first: int = 8, ax: Axes | None = None
) -> Axes:
    """Draw how the phrases of a text add up to one probability, on the logit scale.

    Parameters
    ----------
    why : Explanation
        From `detractor.explain`.
    head : str
        "detractor", "anger" or "churn_risk".
    first : int
        So many of the strongest phrases, in the order of the text; the others are summed.
    ax : Axes, optional
        Where to draw.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from detractor.explanation import explain
    >>> ax = plot_explanation(explain("Nice shop, but I am cancelling."))
    >>> ax.get_yticklabels()[0].get_text()
    'without a word'
    """
    steps = _steps(why, head, first)
    total = why.bias[head] + sum(change for _, change in steps)
    with drawing(ax, size=(7.2, 1.5 + 0.36 * (len(steps) + 2))) as axes:
        at = why.bias[head]
        path = np.cumsum([at, *(change for _, change in steps)])
        spread = max(float(np.ptp(path)), 0.5)
        axes.plot(at, 0, marker="o", color=INK)
        for place, (_, change) in enumerate(steps, start=1):
            rises = change > 0
            axes.barh(place, change, left=at, height=0.6, color=ORANGE if rises else BLUE,
                      hatch="" if rises else DOWN_HATCH, edgecolor="white" if not rises else INK,
                      linewidth=0.6)  # fmt: skip
            edge = at + max(change, 0)
            axes.text(edge + 0.02 * spread, place, f"{change:+.2f}", va="center", fontsize=9)
            at += change
            axes.plot([at, at], [place + 0.3, place + 0.7], color=SOFT, linewidth=0.8)
        axes.plot(total, len(steps) + 1, marker="D", markersize=8, color=INK)
        share = percent(why.probabilities[head])
        axes.text(total + 0.03 * spread, len(steps) + 1, share, va="center", fontweight="bold")
        names = ["without a word", *(name for name, _ in steps), head.replace("_", " ")]
        axes.set_yticks(range(len(names)), names, parse_math=False, color=INK)
        axes.invert_yaxis()
        axes.set_xlim(min(path) - 0.1 * spread, max(path) + 0.24 * spread)
        axes.set_xlabel("logit (each bar adds to it; hatched bars take away)")
        axes.set_title(f"What makes the {head.replace('_', ' ')}")
        return axes


def _steps(why: Explanation, head: str, first: int) -> list[tuple[str, float]]:
    strongest = sorted(why.phrases, key=lambda phrase: -abs(getattr(phrase, head)))[:first]
    shown = sorted(strongest, key=lambda phrase: phrase.start)
    steps = [(words(f"“{phrase.text.strip()}”"), float(getattr(phrase, head))) for phrase in shown]
    rest = math.fsum(getattr(p, head) for p in why.phrases) - math.fsum(c for _, c in steps)
    return steps if len(shown) == len(why.phrases) else [*steps, ("all other words", rest)]
