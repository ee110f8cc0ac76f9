"""Learn from who left: how far forecast, texts, anger and time foretell it among your customers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from detractor.attributes import read_flags
from detractor.customers import standing, trends
from detractor.errors import ParameterError
from detractor.grouping import Flags, Floats, Places
from detractor.histories import (
    CONTACTED_AT,
    History,
    read_contacts,
    read_history,
    read_moment,
)
from detractor.policy import Policy
from detractor.schema import Columns, require
from detractor.value import log_odds, own_forecast, p_leaves

FOLDS = 3

MOST = 20_000
"""So many customers, drawn by the policy's seed, settle nine numbers."""

LEAST_EVENTS = 30
"""Fewer who left, or who stayed, teach nothing that would be worth a change: assumption."""

Scale = tuple[Callable[[float], Any], Callable[[float], Any]]
"""There and back."""

PLAIN: Scale = (float, float)
LOGARITHMIC: Scale = (np.log, np.exp)
ODDS: Scale = (log_odds, lambda odds: 1 / (1 + np.exp(-odds)))


class Belief(NamedTuple):
    """How a number of the policy may move: between what bounds, how far, and on which scale.

    Examples
    --------
    >>> Belief(0, 1, spread=0.25).moved(0.5, 1.0)
    0.75
    >>> round(Belief(1, 3650, spread=0.7, scale=LOGARITHMIC).moved(60.0, -1.0), 1)
    29.8
    """

    low: float
    high: float
    spread: float
    scale: Scale = PLAIN

    def moved(self, value: float, steps: float) -> float:
        """Move a value by so many spreads."""
        there, back = self.scale
        moved = float(back(there(value) + steps * self.spread))
        return min(max(moved, self.low), self.high)

    def limits(self, value: float) -> tuple[float, float]:
        """Tell how many spreads a value may move down and up."""
        there, _ = self.scale
        low, high = ((there(bound) - there(value)) / self.spread for bound in (self.low, self.high))
        return float(low), float(high)


BELIEFS = {
    "base_churn": Belief(1e-6, 1 - 1e-6, spread=1.0, scale=ODDS),
    "forecast_weight": Belief(0, np.inf, spread=0.5),
    "text_weight": Belief(0, np.inf, spread=0.5),
    "trend_weight": Belief(0, np.inf, spread=0.5),
    "anger_weight": Belief(0, 1, spread=0.25),
    "detractor_weight": Belief(0, 1, spread=0.25),
    "answered_weight": Belief(0, 1, spread=0.25),
    "anger_half_life_days": Belief(1, 3650, spread=0.7, scale=LOGARITHMIC),
    "churn_half_life_days": Belief(1, 3650, spread=0.7, scale=LOGARITHMIC),
}
"""What is learned, with the standard deviation of its prior around the policy's own: assumptions.
A half-life may well be twice as long or half as long, a weight a half more or less."""


@dataclass(frozen=True)
class PolicyFit:
    """What the past taught.

    Attributes
    ----------
    policy : Policy
        With the learned numbers; the one you began with where they foretell no better.
    beliefs : DataFrame
        Indexed by the name of the number: `before` and `learned`.
    adopted : bool
        Whether the learned numbers were taken.
    gain, error : float
        By how much the log loss a customer falls in cross-validation, and its standard error.
    customers, leavers : int
        How many customers it rests on, and how many of them left.
    """

    policy: Policy
    beliefs: pd.DataFrame
    adopted: bool
    gain: float
    error: float
    customers: int
    leavers: int


def fit_policy(
    scored: pd.DataFrame,
    left: pd.Series[Any],
    *,
    as_of: object,
    policy: Policy | None = None,
    columns: Columns | None = None,
    contacts: pd.DataFrame | None = None,
) -> PolicyFit:
    """Learn the beliefs of a policy that foretell leaving, from customers who then left or stayed.

    Maximum a posteriori: the logistic likelihood of who left, with normal priors around the policy
    (see `BELIEFS`). Customers contacted after `as_of` are left out, since the contact may have kept
    them; of the others it is assumed that nobody chose them by what is not in the table. The result
    is taken only if it foretells customers kept out of the fit better than the policy did, by more
    than a standard error. Recoverability is not learned here: that needs contacts drawn by lot
    (`UpliftModel`).

    Parameters
    ----------
    scored : DataFrame
        As for `rank`.
    left : Series
        Yes or no by customer, over the horizon of your own forecast; those missing are not used.
    as_of : str, date or Timestamp
        The past night. Only what was known then is read.
    policy, columns, contacts : optional
        As for `rank`; contacts may be those of all time.

    Raises
    ------
    ParameterError
        When fewer than 30 such customers left, or fewer than 30 stayed.

    Examples
    --------
    >>> dice = np.random.default_rng(0)
    >>> intent = dice.random(900)
    >>> scored = pd.DataFrame({
    ...     "customer_id": range(900), "date": "2025-03-01",
    ...     "detractor": 0.5, "anger": 0.1, "churn_risk": intent,
    ... })
    >>> fit = fit_policy(scored, pd.Series(dice.random(900) < intent**2), as_of="2025-03-31")
    >>> fit.adopted, fit.policy.text_weight > Policy().text_weight
    (True, True)
    """
    policy, columns = policy or Policy(), columns or Columns()
    require(scored, columns.customer)
    night = read_moment(as_of, policy.calendar.zone)
    known = _uncontacted(left, contacts, night, policy, columns)
    history = read_history(
        scored[scored[columns.customer].isin(known.index)],
        policy=policy, columns=columns, as_of=night, contacts=contacts,
    )  # fmt: skip
    place = history.groups.keys.get_indexer(known.index)
    truth, _ = read_flags(known[place >= 0], unclear=False)
    past = _Past(history, own_forecast(history, policy=policy), place[place >= 0], truth)
    leavers, customers = int(truth.sum()), len(truth)
    if min(leavers, customers - leavers) < LEAST_EVENTS:
        raise ParameterError(
            f"of {customers:,} customers without a contact {leavers:,} left; the least to learn "
            f"from are {LEAST_EVENTS} who left and {LEAST_EVENTS} who stayed"
        )
    everyone = np.ones(customers, dtype=bool)
    best = _fit(past, policy, among=everyone, start=np.zeros(len(BELIEFS)))
    gains = _cross_validate(past, policy, start=best)
    gain, error = float(gains.mean()), float(gains.std() / np.sqrt(customers))
    learned = _moved(policy, best)
    pairs = {name: (getattr(policy, name), getattr(learned, name)) for name in BELIEFS}
    beliefs = pd.DataFrame.from_dict(pairs, orient="index", columns=["before", "learned"])
    adopted = gain > error
    taken = learned if adopted else policy
    return PolicyFit(taken, beliefs, adopted, gain, error, customers, leavers)


@dataclass(frozen=True)
class _Past:
    """What was known of customers, and of some, by their numbers, who left."""

    history: History
    own: Floats
    place: Places
    left: Flags

    def losses(self, policy: Policy) -> Floats:
        """Give each customer's log loss under a policy."""
        risk = policy.text_risk(*standing(self.history, policy=policy))
        trend = trends(self.history, policy=policy)
        told = log_odds(p_leaves(self.own, risk, trend, policy=policy))[self.place]
        return np.logaddexp(0, np.where(self.left, -told, told))


def _uncontacted(
    left: pd.Series[Any],
    contacts: pd.DataFrame | None,
    night: pd.Timestamp,
    policy: Policy,
    columns: Columns,
) -> pd.Series[Any]:
    """Keep those whom we did not contact after the night; draw some where there are very many."""
    known = left.dropna()
    if contacts is not None:
        made = read_contacts(contacts, columns=columns, zone=policy.calendar.zone)
        later = made.loc[made[CONTACTED_AT] > night, columns.customer]
        known = known[~known.index.isin(later)]
    return known.sample(min(len(known), MOST), random_state=policy.seed)


def _fit(past: _Past, policy: Policy, *, among: Flags, start: Floats) -> Floats:
    """Find how many spreads each belief moves to where likelihood and prior are highest."""

    def cost(steps: Floats) -> float:
        loss = past.losses(_moved(policy, steps))[among].sum()
        return float(loss + (steps**2).sum() / 2)

    bounds = [belief.limits(getattr(policy, name)) for name, belief in BELIEFS.items()]
    # To some thousandths of a unit of log likelihood.
    found = minimize(
        cost, start, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-6, "eps": 1e-4}
    )
    best: Floats = found.x
    return best


def _moved(policy: Policy, steps: Floats) -> Policy:
    moves = zip(BELIEFS.items(), steps.tolist(), strict=True)
    learned = {name: belief.moved(getattr(policy, name), step) for (name, belief), step in moves}
    return replace(policy, **learned)  # type: ignore[arg-type]


def _cross_validate(past: _Past, policy: Policy, *, start: Floats) -> Floats:
    """Tell by how much each customer's log loss falls when the fit has not seen them.

    Each fit starts from the one on everybody: it is near, so few steps lead to its own top.
    """
    fold = np.random.default_rng(policy.seed).permutation(len(past.left)) % FOLDS
    before, after = past.losses(policy), np.empty(len(past.left))
    for part in range(FOLDS):
        out = fold == part
        after[out] = past.losses(_moved(policy, _fit(past, policy, among=~out, start=start)))[out]
    return before - after
