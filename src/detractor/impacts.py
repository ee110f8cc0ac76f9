"""Say what each theme does to the average score, by the two published measures.

Both are descriptions and no proof of a cause: a theme that angry customers like to mention looks
dear without being the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from detractor.intervals import CONFIDENCE, Interval
from detractor.mentions import THEME, positions_by_theme

if TYPE_CHECKING:
    from numpy.typing import NDArray


def impacts(mentions: pd.DataFrame, outcome: pd.Series) -> pd.DataFrame:
    """Give the average score without each theme, and its effect with the others held equal.

    `score_without` is the average of the texts that do not mention the theme, `without_gain` what
    it is above the average of all (Thematic's "impact on score"). `effect` is the change of the
    score that goes with a mention when all other themes are held equal: least squares on the
    indicators of all themes, with heteroscedasticity-robust intervals.

    Parameters
    ----------
    mentions : DataFrame
        Columns `theme` and `position`.
    outcome : Series
        The score of every row of the feedback; missing ones are left out.

    Returns
    -------
    DataFrame
        Indexed by theme: `score_without`, `without_gain`, `effect`, the latter two with `_low` and
        `_high` (95 %).

    Examples
    --------
    >>> scores = pd.Series([1.0, 2.0, 9.0, 10.0, 9.0])
    >>> late = pd.DataFrame({"theme": ["late", "late"], "position": [0, 1]})
    >>> impact = impacts(late, scores).loc["late"]
    >>> impact[["score_without", "without_gain", "effect"]].round(2).tolist()
    [9.33, 3.13, -7.83]
    """
    score = outcome.to_numpy(dtype=float, na_value=np.nan)
    rated = ~np.isnan(score)
    positions = positions_by_theme(mentions)
    indicators = np.zeros((len(score), len(positions)))
    for column, rows in enumerate(positions.values()):
        indicators[rows, column] = 1.0
    effects = _least_squares(indicators[rated], score[rated])
    gains = [_gain_without(column, score[rated]) for column in indicators[rated].T]
    table = pd.DataFrame(index=pd.Index(list(positions), name=THEME))
    overall = score[rated].mean() if rated.any() else float("nan")
    for name, intervals in (("without_gain", gains), ("effect", effects)):
        table[[name, f"{name}_low", f"{name}_high"]] = np.array(intervals).reshape(-1, 3)
    table.insert(0, "score_without", overall + table["without_gain"])
    return table


def _gain_without(mentioned: NDArray[np.float64], score: NDArray[np.float64]) -> Interval:
    """Compare the mean without a theme with the mean of all, by the influence of each row."""
    without = 1 - mentioned
    if without.sum() < 2 or mentioned.sum() == 0:
        return Interval(float("nan"), float("-inf"), float("inf"))
    mean_without = float(np.average(score, weights=without))
    influence = without * (score - mean_without) / without.mean() - (score - score.mean())
    half = float(ndtri((1 + CONFIDENCE) / 2) * influence.std(ddof=1) / np.sqrt(len(score)))
    gain = mean_without - float(score.mean())
    return Interval(gain, gain - half, gain + half)


def _least_squares(
    indicators: NDArray[np.float64], score: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give each indicator's coefficient with its HC1 interval (MacKinnon and White 1985)."""
    design = np.column_stack([np.ones(len(score)), indicators])
    freedom = len(score) - design.shape[1]
    if freedom < 1:
        return np.tile([np.nan, -np.inf, np.inf], (indicators.shape[1], 1))
    bread = np.linalg.pinv(design.T @ design)
    weights = bread @ design.T @ score
    residual = score - design @ weights
    meat = design.T @ (design * (residual**2)[:, None]) * len(score) / freedom
    errors = np.sqrt(np.diag(bread @ meat @ bread).clip(0))
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * errors
    return np.column_stack([weights, weights - half, weights + half])[1:]
