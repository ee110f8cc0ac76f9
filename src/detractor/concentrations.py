"""Find where a theme piles up: at one store, product, batch, agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, hypergeom

from detractor.errors import ParameterError
from detractor.intervals import CONFIDENCE, Interval, rate_ratio, wilson
from detractor.mentions import MENTIONS, POSITION, THEME, positions_by_theme
from detractor.rate_changes import divide
from detractor.schema import require

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def concentrations(
    mentions: pd.DataFrame,
    feedback: pd.DataFrame,
    *,
    by: Sequence[str],
    false_discovery: float = 0.05,
) -> pd.DataFrame:
    """Find where a theme piles up: at one store, product, batch, agent.

    Each value of each column is compared with all other rows, by the hypergeometric test, and the
    false discovery rate over all comparisons is held (Benjamini and Yekutieli 2001, which allows
    for dependent tests), so that a hundred stores do not make five scandals.

    Parameters
    ----------
    mentions : DataFrame
        Columns `theme` and `position`.
    feedback : DataFrame
        All feedback, with the columns to look at.
    by : sequence of str
        The columns. Rows with a missing value are left out of that column's comparison.
    false_discovery : float
        Share of the findings that may be false, 0 to 1.

    Returns
    -------
    DataFrame
        `theme`, `column`, `value`, `mentions`, `rows`, `lift` (share of mentions here against
        elsewhere) with `lift_low` and `lift_high`, `p` (adjusted); strongest first. At least 95 %
        of the ranges shown hold the truth: the fewer of the comparisons are shown, the wider they
        are (Benjamini and Yekutieli 2005).

    Raises
    ------
    SchemaError
        If a column does not exist.

    Examples
    --------
    >>> feedback = pd.DataFrame({"store": ["north"] * 20 + ["south"] * 20})
    >>> mentions = pd.DataFrame({"theme": ["dirty"] * 12, "position": range(12)})
    >>> found = concentrations(mentions, feedback, by=["store"])
    >>> found[["theme", "value", "mentions"]].values.tolist()
    [['dirty', 'north', 12]]
    """
    require(feedback, *by)
    if not 0 < false_discovery < 1:
        raise ParameterError(f"false_discovery lies between 0 and 1, not {false_discovery!r}")
    positions = positions_by_theme(mentions.drop_duplicates([THEME, POSITION]))
    parts = [
        _cross_counts(theme, rows, feedback[column])
        for column in by
        for theme, rows in positions.items()
    ]
    names = [THEME, "column", "value", MENTIONS, "rows", "lift", "lift_low", "lift_high", "p"]
    crossed = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if crossed.empty:
        return pd.DataFrame(columns=names)
    crossed["p"] = false_discovery_control(crossed["p"], method="by")
    found = crossed[crossed["p"] <= false_discovery].copy()
    confidence = 1 - (1 - CONFIDENCE) * len(found) / len(crossed)
    lifts = [
        share_ratio((here, rows), (total - here, known - rows), confidence=confidence)
        for here, rows, total, known in found[[MENTIONS, "rows", "total", "known"]].to_numpy()
    ]
    found[["lift", "lift_low", "lift_high"]] = np.array(lifts).reshape(-1, 3)
    order = found.sort_values(["p", "lift_low"], ascending=[True, False], kind="stable")
    return order[names].reset_index(drop=True)


def _cross_counts(theme: str, positions: NDArray[np.intp], values: pd.Series) -> pd.DataFrame:
    rows = values.value_counts(sort=False)
    hits = values.iloc[positions].value_counts(sort=False).reindex(rows.index, fill_value=0)
    known, total = int(rows.sum()), int(hits.sum())
    table = pd.DataFrame({MENTIONS: hits.to_numpy(), "rows": rows.to_numpy()})
    table = table.assign(theme=theme, column=str(values.name), value=rows.index.astype(str))
    table = table.assign(known=known, total=total)
    table["p"] = hypergeom.sf(table[MENTIONS] - 1, known, total, table["rows"])
    # A column with one value has no elsewhere to compare with.
    return table[(table["rows"] < known) & (table["rows"] > 0)]


def share_ratio(
    here: tuple[int, int], elsewhere: tuple[int, int], *, confidence: float = CONFIDENCE
) -> Interval:
    """Give the ratio of two shares from Wilson's interval of each (Donner and Zou 2012).

    Parameters
    ----------
    here, elsewhere : (mentions, rows)
        Counts.
    confidence : float
        Between 0 and 1.

    Examples
    --------
    >>> [round(value, 2) for value in share_ratio((12, 40), (30, 300))]
    [3.0, 1.64, 5.14]
    """
    if min(here[0], elsewhere[0]) == 0:
        return rate_ratio(here, elsewhere, confidence=confidence)
    return divide(*(wilson(*part, confidence=confidence) for part in (here, elsewhere)))
