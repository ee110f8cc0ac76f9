"""Plan a fair comparison, and judge a rule of whom to contact from its log."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtri

from detractor.errors import ParameterError
from detractor.intervals import Interval, mean_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Requirement(NamedTuple):
    """What a test of a programme needs."""

    customers: int
    holdout_share: float
    days: float


def power(
    *,
    base_rate: float,
    effect: float,
    per_day: float,
    confidence: float = 0.95,
    chance: float = 0.8,
) -> Requirement:
    """Say how many customers, what holdout and how many days show an effect.

    The holdout is an equal split, which needs close to the fewest customers; a smaller holdout
    takes longer (see `days_to_significance`).

    Parameters
    ----------
    base_rate : float
        Share that stays without a contact, 0 to 1.
    effect : float
        Added share that the contact should keep; not 0.
    per_day : float
        Customers a day that enter the programme, contacted or held out.
    confidence, chance : float
        Confidence of the test and the chance that it finds the effect.

    Examples
    --------
    >>> need = power(base_rate=0.6, effect=0.1, per_day=10)
    >>> need.customers, need.holdout_share, round(need.days)
    (707, 0.5, 71)
    """
    share = 0.5
    days = days_to_significance(
        (base_rate, effect), per_day=per_day, holdout=share, confidence=confidence, chance=chance
    )
    return Requirement(int(np.ceil(days * per_day - 1e-9)), share, days)


def days_to_significance(
    rates: tuple[float, float],
    *,
    per_day: float,
    holdout: float,
    confidence: float = 0.95,
    chance: float = 0.8,
) -> float:
    """Say after how many days an effect shows, for a share held out.

    Parameters
    ----------
    rates : (base rate, effect)
        Share that stays without a contact, and what the contact adds.
    per_day : float
        Customers a day.
    holdout : float
        Share held out, between 0 and 1.
    confidence, chance : float
        Confidence of the test and the chance that it finds the effect.

    Examples
    --------
    >>> round(days_to_significance((0.6, 0.1), per_day=10, holdout=0.1))
    207
    """
    base, effect = rates
    lifted = base + effect
    if effect == 0 or not (0 <= base <= 1 and 0 <= lifted <= 1):
        raise ParameterError(f"base rate {base} and effect {effect}: both rates lie in 0 to 1")
    if not (0 < holdout < 1 and per_day > 0):
        raise ParameterError(f"holdout={holdout}, per_day={per_day}: need 0 to 1, and above 0")
    z = float(ndtri((1 + confidence) / 2) + ndtri(chance))
    variance = lifted * (1 - lifted) / (1 - holdout) + base * (1 - base) / holdout
    return float(np.ceil(z**2 * variance / effect**2)) / per_day


def policy_value(
    outcome: ArrayLike, chosen: ArrayLike, treatment: ArrayLike, *, propensity: ArrayLike
) -> Interval:
    """Give the mean outcome, had a policy decided whom to contact, from a randomised log.

    Inverse propensity: rows on which the log did what the policy wants are weighted by one over
    the probability that the log would do so (Horvitz and Thompson 1952).

    Parameters
    ----------
    outcome : array-like
        What was seen.
    chosen : array-like
        1 where the policy would contact.
    treatment : array-like
        1 where the log has a contact.
    propensity : array-like or float
        Probability that the log would contact this customer, above 0 and below 1.

    Examples
    --------
    >>> value = policy_value([4, 0, 2, 2], [1, 1, 0, 0], [1, 0, 1, 0], propensity=0.5)
    >>> value.estimate
    3.0
    """
    y, wanted, t = (np.asarray(part, dtype=np.float64) for part in (outcome, chosen, treatment))
    contact = np.broadcast_to(np.asarray(propensity, dtype=np.float64), y.shape)
    if not ((contact > 0) & (contact < 1)).all():
        raise ParameterError("a propensity lies between 0 and 1; rows without chance say nothing")
    weight = np.where(t == 1, contact, 1 - contact)
    return mean_interval(np.where(t == wanted, y / weight, 0.0))
