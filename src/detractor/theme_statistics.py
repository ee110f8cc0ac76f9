"""Describe themes: how many they hit, how long, how dear, whether they spread, and what they cost.

A mention is one text that speaks of one theme. Every figure comes from the mentions (columns
`theme` and `position`, the row's place in the feedback) beside the feedback itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from detractor.attributes import read_numbers
from detractor.impacts import impacts
from detractor.intervals import wilson
from detractor.mentions import MENTIONS, POSITION, THEME, positions_by_theme
from detractor.movements import UNCLEAR, days_of, recurrence, trend, weekly_or_daily
from detractor.schema import HEADS, Columns, require

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEW, MANY = "few", "many"


def describe_themes(
    mentions: pd.DataFrame, feedback: pd.DataFrame, *, columns: Columns | None = None
) -> pd.DataFrame:
    """Give one row a theme, most mentioned first: who, how many, since when, at what price.

    Columns that the feedback lacks (customer, date, value, rating, scores) leave their figures
    missing; nothing is guessed.

    Parameters
    ----------
    mentions : DataFrame
        Columns `theme` and `position`, one row a text and theme.
    feedback : DataFrame
        All feedback, also the rows without a theme: they are what a theme is compared with.
    columns : Columns, optional
        What the columns are called.

    Returns
    -------
    DataFrame
        Indexed by theme: `mentions`, `share` (of all rows, Wilson interval `share_low`,
        `share_high`), `customers`, `spread`, `first_seen`, `last_seen`, `detractor`, `anger`,
        `churn_risk` (means, 0 to 1), `value_at_risk` (sum over customers of value times their
        highest churn risk here), `trend` with `trend_low` and `trend_high` (see `trend`),
        `recurrence` with `recurrence_p`, and the two impacts (see `impacts`).

    Raises
    ------
    SchemaError
        If the mentions lack a column.

    Examples
    --------
    >>> feedback = pd.DataFrame({"customer_id": ["a", "a", "b"], "anger": [0.9, 0.7, 0.1]})
    >>> mentions = pd.DataFrame({"theme": ["late", "late"], "position": [0, 1]})
    >>> table = describe_themes(mentions, feedback)
    >>> table[["mentions", "customers", "spread"]].reset_index()
      theme  mentions  customers spread
    0  late         2          1    few
    >>> round(float(table.loc["late", "anger"]), 2)
    0.8
    """
    require(mentions, THEME, POSITION)
    columns = columns or Columns()
    days = days_of(feedback, columns.date)
    known = mentions.drop_duplicates([THEME, POSITION])
    rows = {
        theme: {
            **_sizes(positions, feedback, columns),
            **_dates(positions, feedback, columns),
            **_scores(positions, feedback, columns),
            **_movement(positions, days),
        }
        for theme, positions in positions_by_theme(known).items()
    }
    if not rows:
        return pd.DataFrame(columns=[MENTIONS], index=pd.Index([], name=THEME, dtype=object))
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(THEME)
    outcome = _outcome(feedback, columns)
    if outcome is not None:
        table = table.join(impacts(known, outcome))
    return table.sort_values(MENTIONS, ascending=False, kind="stable")


def _sizes(positions: NDArray[np.intp], feedback: pd.DataFrame, columns: Columns) -> dict[str, Any]:
    share = wilson(len(positions), len(feedback))
    sizes: dict[str, Any] = {
        MENTIONS: len(positions),
        "share": share.estimate,
        "share_low": share.low,
        "share_high": share.high,
    }
    if columns.customer not in feedback.columns:
        return {**sizes, "customers": pd.NA, "spread": UNCLEAR}
    each = feedback[columns.customer].iloc[positions].value_counts()
    return {**sizes, "customers": len(each), "spread": _spread(each.to_numpy())}


def _spread(mentions: NDArray[Any]) -> str:
    """Few: five customers or fewer, or three of them make half of the mentions. Assumption."""
    if len(mentions) == 0:
        return UNCLEAR
    return FEW if len(mentions) <= 5 or mentions[:3].sum() * 2 >= mentions.sum() else MANY


def _dates(positions: NDArray[np.intp], feedback: pd.DataFrame, columns: Columns) -> dict[str, Any]:
    if columns.date not in feedback.columns:
        return {"first_seen": pd.NaT, "last_seen": pd.NaT}
    dates = pd.to_datetime(feedback[columns.date].iloc[positions], errors="coerce")
    return {"first_seen": dates.min(), "last_seen": dates.max()}


def _scores(
    positions: NDArray[np.intp], feedback: pd.DataFrame, columns: Columns
) -> dict[str, Any]:
    hit = feedback.iloc[positions]
    means: dict[str, Any] = {
        head: float(hit[head].mean()) if head in hit.columns else float("nan") for head in HEADS
    }
    return {**means, "value_at_risk": _value_at_risk(hit, columns)}


def exposed(hit: pd.DataFrame, columns: Columns) -> dict[str, object]:
    """Name the customers of some rows, what they are worth together, and what of it is at risk.

    Examples
    --------
    >>> hit = pd.DataFrame({"customer_id": ["a", "a", "b"], "value": [100, 100, 50]})
    >>> exposed(hit, Columns())
    {'customers': ('a', 'b'), 'value': 150.0, 'value_at_risk': nan}
    """
    if columns.customer not in hit.columns:
        return {
            "customers": (),
            "value": float("nan"),
            "value_at_risk": _value_at_risk(hit, columns),
        }
    known = _with_amounts(hit.dropna(subset=[columns.customer]), columns)
    customers = tuple(known[columns.customer].unique().tolist())
    value = float("nan")
    if columns.value in hit.columns:
        value = float(known.groupby(columns.customer, observed=True)[columns.value].max().sum())
    return {"customers": customers, "value": value, "value_at_risk": _value_at_risk(hit, columns)}


def _value_at_risk(hit: pd.DataFrame, columns: Columns) -> float:
    """Sum value times the highest churn risk of each customer; NaN without these columns."""
    churn = HEADS[2]
    if columns.value not in hit.columns or churn not in hit.columns:
        return float("nan")
    hit = _with_amounts(hit, columns)
    if columns.customer not in hit.columns:
        return float((hit[columns.value] * hit[churn]).sum())
    known = hit.dropna(subset=[columns.customer])
    each = known.groupby(columns.customer, observed=True)[[columns.value, churn]].max()
    return float((each[columns.value] * each[churn]).sum())


def _with_amounts(hit: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """Make numbers of the values, which CSV files bring as text."""
    if columns.value not in hit.columns:
        return hit
    return hit.assign(**{columns.value: read_numbers(hit[columns.value])})


def _movement(positions: NDArray[np.intp], days: NDArray[np.float64]) -> dict[str, Any]:
    names = ("trend", "trend_low", "trend_high", "recurrence", "recurrence_p")
    if np.isnan(days).all():
        return dict(zip(names, (np.nan, np.nan, np.nan, UNCLEAR, np.nan), strict=True))
    counts, volumes, period_days = weekly_or_daily(days[positions], days)
    slope = trend(counts, volumes, period_days=period_days)
    kind, p = recurrence(days[positions], days)
    return dict(zip(names, (*slope, kind, p), strict=True))


def _outcome(feedback: pd.DataFrame, columns: Columns) -> pd.Series | None:
    if columns.rating in feedback.columns:
        return pd.to_numeric(feedback[columns.rating], errors="coerce")
    return 1 - feedback[HEADS[0]] if HEADS[0] in feedback.columns else None
