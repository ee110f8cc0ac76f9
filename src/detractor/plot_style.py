"""How every plot looks: told apart in grey and by the colour-blind, and safe from hostile words.

Colours are those of Okabe and Ito (2008), chosen to differ for all common kinds of colour vision,
and here also in lightness; markers, line styles and hatches say the same again. Global settings of
matplotlib are never changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from detractor.errors import MissingExtraError
from detractor.markup import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, SOFT, FAINT = "#1d2024", "#585e66", "#c9cdd2"
BLUE, ORANGE, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
GUIDE: Any = {"linestyle": (0, (4, 3)), "linewidth": 1}
"""A line to compare with, not data."""
DOWN_HATCH = "////"
"""Marks bars that take away, beside their colour."""
UNKNOWN = "□"
"""Stands for a sign that the font lacks."""

STYLE: Any = {
    "axes.edgecolor": SOFT, "axes.labelcolor": INK, "axes.titlecolor": INK, "text.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left",
    "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlepad": 10, "axes.labelsize": 10,
    "axes.grid": False, "axes.axisbelow": True, "xtick.color": SOFT, "ytick.color": SOFT,
    "xtick.labelsize": 9, "ytick.labelsize": 9, "legend.fontsize": 9, "legend.frameon": False,
    "font.size": 10, "hatch.linewidth": 0.8, "lines.linewidth": 1.8, "figure.facecolor": "white",
    "axes.facecolor": "white", "svg.hashsalt": "detractor", "text.parse_math": False,
}  # fmt: skip


class Series(NamedTuple):
    """How one of several series is drawn."""

    color: str
    marker: str
    linestyle: str


SERIES = (
    Series(BLUE, "o", "-"),
    Series(ORANGE, "s", "--"),
    Series(GREEN, "^", "-."),
    Series(PURPLE, "D", ":"),
)


@contextmanager
def drawing(ax: Axes | None, *, size: tuple[float, float] = (6.4, 4.2)) -> Iterator[Axes]:
    """Give axes to draw on in our style: those passed in, or new ones.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> with drawing(None) as ax:
    ...     _ = ax.set_title("night")
    """
    try:
        import matplotlib as mpl
        from matplotlib import pyplot
    except ImportError as error:
        raise MissingExtraError("matplotlib", extra="plots") from error
    # The figure comes first: the first one loads the backend, and what that sets (a notebook shows
    # figures by themselves) would be undone where the context ends.
    if ax is None:
        figure = pyplot.figure(figsize=size, layout="constrained")
    with mpl.rc_context(STYLE):
        yield figure.subplots() if ax is None else ax


def words(text: object, *, length: int = 44) -> str:
    r"""Make a text fit for a label: on one line, short, of signs that the font has.

    Examples
    --------
    >>> words("late\nagain \u4e2d"), words("never again", length=8)
    ('late again □', 'never a…')
    """
    line = " ".join(visible(str(text)).split())
    line = line if len(line) <= length else line[: length - 1].rstrip() + "…"
    known = _signs()
    return "".join(sign if ord(sign) in known else UNKNOWN for sign in line)


@cache
def _signs() -> frozenset[int]:
    """List the signs of the font that the plots are set in."""
    from matplotlib import font_manager

    path = font_manager.findfont(font_manager.FontProperties())
    return frozenset(font_manager.get_font(path).get_charmap())


def next_series(ax: Axes) -> Series:
    """Choose a look that no series on these axes has yet.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> with drawing(None) as ax:
    ...     next_series(ax).marker
    'o'
    """
    markers = {look.marker for look in SERIES}
    drawn = sum(line.get_marker() in markers for line in ax.lines)
    return SERIES[drawn % len(SERIES)]
