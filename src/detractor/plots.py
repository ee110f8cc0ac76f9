"""Pictures of queues and themes: each draws a table on given or new axes, and returns them.

::

    plot_quadrants(queue).figure.savefig("quadrants.png")

They need the extra `plots`. Nothing is told by colour alone. Of models: `detractor.model_plots`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from detractor.customers import FRESHNESS
from detractor.lanes import QUADRANT, QUADRANTS
from detractor.plot_style import (
    BLUE,
    DOWN_HATCH,
    FAINT,
    GREEN,
    GUIDE,
    INK,
    ORANGE,
    PURPLE,
    SOFT,
    drawing,
    words,
)
from detractor.policy import Policy
from detractor.ranking import CONTACT
from detractor.schema import HEADS, require
from detractor.value import (
    COST,
    EXPECTED_SAVING,
    P_LEAVES,
    REACH,
    RECOVERABILITY,
    VALUE,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

_ANGER, _LEAVING = HEADS[1:]
_QUADRANT_LOOKS = {
    "loud_leaver": ("^", ORANGE, "loud leavers"),
    "quiet_leaver": ("o", BLUE, "quiet leavers"),
    "venting": ("s", PURPLE, "venting"),
    "fine": (".", SOFT, "neither"),
}
_DRIVERS = (
    (REACH, "heard by others"),
    (P_LEAVES, "would stay anyway"),
    (RECOVERABILITY, "cannot be won back"),
    (FRESHNESS, "has gone cold"),
)


def plot_quadrants(
    queue: pd.DataFrame, *, policy: Policy | None = None, ax: Axes | None = None
) -> Axes:
    """Draw anger against the intent to leave, customer by customer.

    Parameters
    ----------
    queue : DataFrame
        From `detractor.rank`. Customers to contact are filled, the others hollow.
    policy : Policy, optional
        The one it was ranked by: `high` is where the quadrants meet.
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
    >>> queue = pd.DataFrame({"anger": [0.9], "churn_risk": [0.2], "quadrant": ["venting"],
    ...     "contact": [True]})
    >>> plot_quadrants(queue).get_ylabel()
    'intent to leave'
    """
    require(queue, _ANGER, _LEAVING, QUADRANT, CONTACT, maker="rank()")
    high = (policy or Policy()).high
    contact = queue[CONTACT].to_numpy(dtype=bool)
    with drawing(ax, size=(5.6, 5.0)) as axes:
        for name in reversed(QUADRANTS):
            marker, color, _ = _QUADRANT_LOOKS[name]
            here = (queue[QUADRANT] == name).to_numpy()
            for rows, fill in ((here & ~contact, "none"), (here & contact, color)):
                axes.scatter(
                    queue[_ANGER].to_numpy()[rows],
                    queue[_LEAVING].to_numpy()[rows],
                    marker=marker,
                    s=36,
                    facecolors=fill,
                    edgecolors=color,
                    linewidths=1.2,
                )
        axes.axhline(high, color=SOFT, **GUIDE)
        axes.axvline(high, color=SOFT, **GUIDE)
        _name_quadrants(axes, queue[QUADRANT], high)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.set_xlabel("anger")
        axes.set_ylabel("intent to leave")
        axes.set_title("Who is loud, and who leaves in silence (filled: to contact)", fontsize=11)
        return axes


def _name_quadrants(axes: Axes, quadrants: pd.Series[Any], high: float) -> None:
    corners = {
        "loud_leaver": (1.0, 0.975), "quiet_leaver": (high, 0.975), "venting": (1.0, 0.025),
        "fine": (high, 0.025),
    }  # fmt: skip
    for name, (x, y) in corners.items():
        count = int((quadrants == name).sum())
        axes.text(
            x - 0.015, y, f"{_QUADRANT_LOOKS[name][2]}: {count:,}", ha="right", va="center",
            fontsize=10, fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
        )  # fmt: skip


def plot_savings(queue: pd.DataFrame, *, first: int | None = None, ax: Axes | None = None) -> Axes:
    """Draw how the value of customers comes down to what contacting them is expected to save.

    Parameters
    ----------
    queue : DataFrame
        From `detractor.rank`.
    first : int, optional
        So many customers from the head of the queue; those to contact when not given.
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
    >>> queue = pd.DataFrame({"contact": [True], "value": 1000.0, "reach": 1.0, "p_leaves": 0.5,
    ...     "recoverability": 0.3, "freshness": 1.0, "cost": 10.0, "expected_saving": 140.0})
    >>> [text.get_text() for text in plot_savings(queue).texts][-1]
    '140'
    """
    drivers = (name for name, _ in _DRIVERS)
    require(queue, CONTACT, VALUE, *drivers, COST, EXPECTED_SAVING, maker="rank()")
    chosen = queue[queue[CONTACT].to_numpy(dtype=bool)] if first is None else queue.head(first)
    names, heights, totals = ["worth a year"], [], []
    product = chosen[VALUE].to_numpy(dtype=np.float64)
    totals.append(float(product.sum()))
    for column, name in _DRIVERS:
        before, product = product, product * chosen[column].to_numpy(dtype=np.float64)
        heights.append(float((product - before).sum()))
        names.append(name)
    names += ["cost of contact", "expected saving"]
    heights.append(-float(chosen[COST].sum()))
    totals.append(float(chosen[EXPECTED_SAVING].sum()))
    changes = [
        (name, height)
        for name, height in zip(names[1:-1], heights, strict=True)
        if height or name != "heard by others"
    ]
    with drawing(ax, size=(7.2, 4.2)) as axes:
        bars = [
            _Bar(names[0], 0.0, totals[0], "total"), *_falling(totals[0], changes),
            _Bar(names[-1], 0.0, totals[1], "total"),
        ]  # fmt: skip
        _waterfall(axes, bars)
        axes.set_ylabel("money a year")
        axes.set_title(f"What {len(chosen):,} contacts are expected to save, and why not more")
        return axes


class _Bar(NamedTuple):
    name: str
    start: float
    end: float
    kind: str  # "total", "up" or "down"


def _falling(start: float, changes: Sequence[tuple[str, float]]) -> list[_Bar]:
    bars = []
    for name, change in changes:
        bars.append(_Bar(name, start, start + change, "up" if change > 0 else "down"))
        start += change
    return bars


_BAR_LOOKS = {"total": (INK, ""), "up": (GREEN, ""), "down": (FAINT, DOWN_HATCH)}


def _waterfall(axes: Axes, bars: Sequence[_Bar]) -> None:
    ceiling = max(max(bar.start, bar.end) for bar in bars)
    for place, bar in enumerate(bars):
        color, hatch = _BAR_LOOKS[bar.kind]
        low, high = sorted((bar.start, bar.end))
        axes.bar(place, high - low, bottom=low, width=0.62, color=color, hatch=hatch,
                 edgecolor=INK, linewidth=0.8)  # fmt: skip
        sign = "+" if bar.kind == "up" else "-" if bar.kind == "down" else ""
        number = f"{sign}{abs(bar.end - bar.start):,.0f}"
        axes.text(place, high + 0.015 * ceiling, number, ha="center", va="bottom", fontsize=9)
        if place + 1 < len(bars):
            axes.plot([place + 0.31, place + 0.69], [bar.end] * 2, color=SOFT, linewidth=0.8)
    labels = [bar.name.replace(" ", "\n", 1) for bar in bars]
    axes.set_xticks(range(len(bars)), labels, color=INK)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(min(0.0, *(bar.end for bar in bars)), ceiling * 1.1 or 1.0)
    axes.yaxis.set_major_formatter("{x:,.0f}")


def plot_capacity(
    curve: pd.DataFrame, *, capacity: int | None = None, ax: Axes | None = None
) -> Axes:
    """Draw what more contacts would save, and where the next one saves little.

    Parameters
    ----------
    curve : DataFrame
        From `detractor.capacity.capacity_curve`.
    capacity : int, optional
        What you have tonight; marked, with what one more contact would save.
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
    >>> curve = pd.DataFrame({"capacity": [1, 2], "expected_saving": [50.0, 80.0],
    ...     "left_behind": [30.0, 0.0], "next_saves": [30.0, 0.0]})
    >>> plot_capacity(curve, capacity=1).get_xlabel()
    'contacts tonight'
    """
    require(curve, "capacity", EXPECTED_SAVING, "left_behind", "next_saves")
    with drawing(ax) as axes:
        at, saved = (
            curve[name].to_numpy(dtype=np.float64) for name in ("capacity", EXPECTED_SAVING)
        )
        axes.plot(np.append(0, at), np.append(0, saved), color=BLUE, marker="o", markersize=4)
        most = float((curve[EXPECTED_SAVING] + curve["left_behind"]).max())
        axes.axhline(most, color=SOFT, **GUIDE)
        axes.annotate(
            f"everyone worth it: {most:,.0f}", (float(at.max()), most), color=SOFT,
            xytext=(0, 4), textcoords="offset points", ha="right", fontsize=9,
        )  # fmt: skip
        if capacity is not None:
            about = "" if capacity in at else "about "
            here = float(np.interp(capacity, at, saved))
            more = float(np.interp(capacity, at, curve["next_saves"].to_numpy(dtype=np.float64)))
            axes.plot(
                [capacity, capacity, 0], [0, here, here], color=INK, linewidth=1, linestyle=":"
            )
            axes.plot(capacity, here, marker="D", color=INK, markersize=7)
            axes.annotate(
                f"{capacity:,} contacts save {about}{here:,.0f};\none more {about}{more:,.0f}",
                (capacity, here), xytext=(10, -8), textcoords="offset points", va="top",
            )  # fmt: skip
        axes.set(xlim=(0, float(at.max()) * 1.02), ylim=(0, most * 1.12 or 1.0))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlabel("contacts tonight")
        axes.set_ylabel("expected saving")
        axes.set_title("What more contacts would save")
        return axes


def plot_themes(table: pd.DataFrame, *, first: int = 12, ax: Axes | None = None) -> Axes:
    """Draw by what factor each theme's share changes in 30 days, with 95 % intervals.

    Parameters
    ----------
    table : DataFrame
        Of `detractor.find_themes`.
    first : int
        So many of the most mentioned.
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
    >>> table = pd.DataFrame({"name": ["late"], "mentions": [12], "trend": [1.8],
    ...     "trend_low": [1.2], "trend_high": [2.7]})
    >>> [label.get_text() for label in plot_themes(table).get_yticklabels()]
    ['late (12)']
    """
    require(table, "name", "mentions", "trend", "trend_low", "trend_high")
    shown = table.head(first)
    shown = shown[np.isfinite(shown["trend"].to_numpy(dtype=np.float64))]
    looks = {"growing": ("^", ORANGE), "fading": ("v", BLUE), "unclear": ("o", SOFT)}
    with drawing(ax, size=(6.8, 1.6 + 0.34 * max(len(shown), 1))) as axes:
        axes.axvline(1, color=SOFT, **GUIDE)
        seen = set()
        for place, row in enumerate(shown.to_dict("records")):
            kind = _direction(row["trend_low"], row["trend_high"])
            marker, color = looks[kind]
            axes.plot([row["trend_low"], row["trend_high"]], [place, place], color=color)
            axes.plot(
                row["trend"], place, marker=marker, markersize=8, color=color, linestyle="none",
                markerfacecolor="white" if kind == "unclear" else color,
                label=None if kind in seen else kind,
            )  # fmt: skip
            seen.add(kind)
        labels = [
            f"{words(n)} ({m:,})" for n, m in zip(shown["name"], shown["mentions"], strict=True)
        ]
        axes.set_yticks(range(len(shown)), labels, parse_math=False, color=INK)
        axes.invert_yaxis()
        _factor_axis(axes, shown)
        axes.set_xlabel("share of the feedback in 30 days, times (95 % interval)")
        axes.set_title("Which troubles spread (mentions)")
        if seen:
            axes.legend(loc="best")
        return axes


def _direction(low: float, high: float) -> str:
    return "growing" if low > 1 else "fading" if high < 1 else "unclear"


def _factor_axis(axes: Axes, shown: pd.DataFrame) -> None:
    """Scale factors by their logarithm, from a half to double at the least."""
    ends = shown[["trend_low", "trend_high"]].to_numpy(dtype=np.float64)
    reach = max([2.0, *np.abs(np.exp(np.abs(np.log(np.clip(ends, 0.05, 20))))).ravel()]) * 1.05
    axes.set_xscale("log")
    axes.set_xlim(1 / reach, reach)
    ticks = [t for t in (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20) if 1 / reach <= t <= reach]
    axes.set_xticks(ticks, [f"x {tick:g}" for tick in ticks])
    axes.minorticks_off()
