"""Find who shares the exposure to a failure and has said nothing: most do not complain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from detractor.errors import ParameterError
from detractor.mentions import POSITION, THEME
from detractor.schema import HEADS, Columns, require

if TYPE_CHECKING:
    from collections.abc import Sequence

RISK = "risk"


def affected(
    theme: str,
    exposures: pd.DataFrame,
    *,
    mentions: pd.DataFrame,
    feedback: pd.DataFrame,
    by: Sequence[str],
    columns: Columns | None = None,
) -> pd.DataFrame:
    """List the customers who met what the complainers met, and have not spoken of it.

    Parameters
    ----------
    theme : str
        As in `mentions`.
    exposures : DataFrame
        One row a customer and exposure (an order, a visit, a flight): the customer column, the
        columns of `by`, and, where known, the customer's value and churn probability.
    mentions, feedback : DataFrame
        `Themes.mentions`, and the table the themes were found in.
    by : sequence of str
        What makes an exposure the same: a batch, a store and a day. Columns of both tables.
    columns : Columns, optional
        What the columns are called.

    Returns
    -------
    DataFrame
        One row a silent customer, most at risk first: the customer column, `exposures` (how many
        they share), `rate` (share of the customers with that exposure who complained, the highest
        of theirs), `risk` (rate, times value and churn probability where the exposures have them).

    Raises
    ------
    SchemaError
        If a column is missing.
    ParameterError
        If nobody mentions the theme, or `by` is empty.

    Examples
    --------
    >>> feedback = pd.DataFrame({"customer_id": ["a", "b"], "batch": [7, 7]})
    >>> mentions = pd.DataFrame({"theme": ["mould", "mould"], "position": [0, 1]})
    >>> orders = pd.DataFrame({"customer_id": ["a", "b", "c", "d"], "batch": [7, 7, 7, 8]})
    >>> affected("mould", orders, mentions=mentions, feedback=feedback, by=["batch"])
      customer_id  exposures      rate      risk
    0           c          1  0.666667  0.666667
    """
    columns, keys = columns or Columns(), list(by)
    if not keys:
        raise ParameterError("by is empty; name what complainers share, such as ['batch']")
    require(exposures, columns.customer, *keys)
    require(feedback, columns.customer, *keys)
    spoken = feedback.iloc[mentions.loc[mentions[THEME] == theme, POSITION].to_numpy()]
    if spoken.empty:
        raise ParameterError(f"nobody mentions {theme!r}; take one of the themes in the table")
    complained = spoken[[columns.customer, *keys]].dropna().drop_duplicates()
    shared = exposures.merge(complained[keys].drop_duplicates(), on=keys)
    silent = shared[~shared[columns.customer].isin(spoken[columns.customer])]
    rates = _rates(complained, exposures, keys, columns.customer)
    silent = silent.merge(rates, left_on=keys, right_index=True)
    each = silent.groupby(columns.customer, sort=False, observed=True)
    table = pd.DataFrame({"exposures": each.size(), "rate": each["rate"].max()})
    table[RISK] = table["rate"]
    for weight in (columns.value, columns.churn_probability, HEADS[2]):
        if weight in silent.columns:
            known = each[weight].max()
            # A customer of unknown worth counts as the middle one, not as worthless.
            table[RISK] *= known.fillna(known.median())
    ordered = table.reset_index().sort_values(
        [RISK, "exposures", columns.customer], ascending=[False, False, True], kind="stable"
    )
    return ordered.reset_index(drop=True)


def _rates(
    complained: pd.DataFrame, exposures: pd.DataFrame, keys: list[str], customer: str
) -> pd.Series:
    """Give the share of the customers of each exposure who complained."""
    voices = complained.groupby(keys, observed=True)[customer].nunique()
    together = pd.concat([exposures[[*keys, customer]], complained[[*keys, customer]]])
    people = together.groupby(keys, observed=True)[customer].nunique()
    return (voices / people.reindex(voices.index)).rename("rate")
