"""The most that a retention campaign can be expected to earn with a given ranking.

The expected maximum profit for churn (Verbraken, Verbeke and Baesens 2013): customers are contacted
from the highest score down to the cut that pays best, and the share of leavers who accept the offer
is uncertain, a Beta distribution. Customers may each have their own value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import betainc

from detractor.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """What a campaign costs and how often its offer is accepted.

    The defaults are the published ones of the measure.

    Parameters
    ----------
    alpha, beta : float
        Beta distribution of the share of leavers who accept: 6 and 14, mean 0.30.
    value : float
        Value of a customer who stays: 200.
    incentive : float
        Cost of the offer, paid to those who accept it and to all who meant to stay: 10.
    contact : float
        Cost of a contact: 1.

    Raises
    ------
    ParameterError
        If a parameter of the distribution is not above 0 or a cost is below 0.

    Examples
    --------
    >>> Campaign(value=500).incentive
    10.0
    """

    alpha: float = 6.0
    beta: float = 14.0
    value: float = 200.0
    incentive: float = 10.0
    contact: float = 1.0

    def __post_init__(self) -> None:
        if not (self.alpha > 0 and self.beta > 0):
            raise ParameterError(f"alpha={self.alpha}, beta={self.beta}: both must be above 0")
        if not (self.incentive >= 0 and self.contact >= 0):
            raise ParameterError(
                f"incentive={self.incentive}, contact={self.contact}: costs are 0 or more"
            )


class ExpectedProfit(NamedTuple):
    """Profit per customer, and the share of customers to contact for it."""

    profit: float
    share: float


def expected_maximum_profit(
    leaves: ArrayLike,
    score: ArrayLike,
    *,
    campaign: Campaign | None = None,
    values: ArrayLike | None = None,
) -> ExpectedProfit:
    """Give the expected maximum profit per customer, and the share of customers contacted for it.

    Parameters
    ----------
    leaves : array-like
        1 for customers who left without a contact, else 0.
    score : array-like
        Higher is contacted earlier. Equal scores are contacted together.
    campaign : Campaign, optional
        The published defaults when not given.
    values : array-like, optional
        Each customer's own value, in place of `campaign.value`.

    Raises
    ------
    ParameterError
        If lengths differ, there is no customer, or `leaves` is not 0 and 1.

    Examples
    --------
    Twenty leavers, ranked perfectly among 100: each is worth 0.3 * (200 - 10) - 1 = 56.

    >>> leaves = np.repeat([1, 0], [20, 80])
    >>> best = expected_maximum_profit(leaves, leaves)
    >>> round(best.profit, 2), round(best.share, 2)
    (11.2, 0.2)
    """
    terms = campaign or Campaign()
    left, ranked = np.asarray(leaves, dtype=np.float64), np.asarray(score, dtype=np.float64)
    worth = np.broadcast_to(
        np.asarray(terms.value if values is None else values, dtype=np.float64), left.shape
    )
    _check(left, ranked, worth)
    gain, cost, contacted = _cuts(left, ranked, worth, terms)
    corners = _upper_hull(cost, gain)
    gain, cost, contacted = gain[corners], cost[corners], contacted[corners]
    # Cut k is best for acceptances between its crossings with the cuts before and after it.
    crossings = np.clip(np.diff(cost) / np.diff(gain), 0.0, 1.0)
    edges = np.concatenate([[0.0], crossings, [1.0]])
    mass = np.diff(betainc(terms.alpha, terms.beta, edges))
    mean = terms.alpha / (terms.alpha + terms.beta)
    first_moment = mean * np.diff(betainc(terms.alpha + 1, terms.beta, edges))
    profit = float((gain * first_moment - cost * mass).sum() / len(left))
    return ExpectedProfit(profit, float((contacted * mass).sum() / len(left)))


def _cuts(
    left: Floats, ranked: Floats, worth: Floats, terms: Campaign
) -> tuple[Floats, Floats, Floats]:
    """Give, per cut, what accepted offers gain, what contacts cost, and how many are contacted."""
    order = np.argsort(-ranked, kind="stable")
    left, worth = left[order], worth[order]
    last = np.r_[np.flatnonzero(np.diff(ranked[order])), len(left) - 1]
    gain = np.cumsum(left * (worth - terms.incentive))[last]
    cost = np.cumsum(terms.contact + (1 - left) * terms.incentive)[last]
    return np.r_[0.0, gain], np.r_[0.0, cost], np.r_[0.0, last + 1.0]


def _upper_hull(cost: Floats, gain: Floats) -> list[int]:
    """Keep the cuts that are best for some acceptance: a concave, rising chain from no contact."""
    kept = [0]
    for point in range(1, len(cost)):
        if gain[point] <= gain[kept[-1]]:
            continue
        while len(kept) > 1 and _is_below(cost, gain, kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept


def _is_below(cost: Floats, gain: Floats, first: int, middle: int, last: int) -> bool:
    rise = (gain[last] - gain[first]) * (cost[middle] - cost[first])
    return bool(rise >= (gain[middle] - gain[first]) * (cost[last] - cost[first]))


def _check(left: Floats, ranked: Floats, worth: Floats) -> None:
    if not len(left) == len(ranked) == len(worth) or not len(left):
        lengths = len(left), len(ranked), len(worth)
        raise ParameterError(f"leaves, score and values have {lengths} rows; give one each")
    if not np.isin(left, (0.0, 1.0)).all():
        raise ParameterError("leaves must hold 1 (left) and 0 (stayed)")
    if not (np.isfinite(ranked).all() and np.isfinite(worth).all()):
        raise ParameterError("scores and values must be numbers; drop rows that lack one")
