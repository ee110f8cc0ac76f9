"""What a contact is expected to save: factors that multiply out exactly.

``expected_saving = value x reach x p_leaves x recoverability x freshness - cost``
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from detractor.attributes import read_numbers, read_shares, read_values
from detractor.customers import (
    FAILED_RECOVERIES,
    FRESHNESS,
    REPEAT_FAILURE,
    TEXT_RISK,
    TREND,
)
from detractor.errors import ParameterError
from detractor.grouping import Floats
from detractor.histories import History
from detractor.policy import Policy
from detractor.schema import HEADS

VALUE = "value"
REACH = "reach"
P_LEAVES = "p_leaves"
RECOVERABILITY = "recoverability"
FACTORS = (VALUE, REACH, P_LEAVES, RECOVERABILITY, FRESHNESS)
COST = "cost"
EXPECTED_SAVING = "expected_saving"

SEVERE = (REPEAT_FAILURE, "loss", "safety")
"""The signals that make a failure severe, each a third of the whole."""

LEAST = 1e-6
"""Probabilities keep this distance from 0 and 1, so that log odds stay finite."""


def add_saving(frame: pd.DataFrame, history: History, *, policy: Policy) -> pd.DataFrame:
    """Add the factors, the cost of an ordinary contact and the expected saving.

    P(leaves), in log odds, is `base_churn`, plus `forecast_weight` times what your own forecast
    says beyond it, plus `text_weight` times what the texts, faded, say beyond ordinary feedback,
    plus `trend_weight` times the trend.

    Examples
    --------
    >>> from detractor.customers import gather_customers
    >>> from detractor.histories import read_history
    >>> from detractor.schema import Columns
    >>> scored = pd.DataFrame({"detractor": [0.9], "anger": [0.4], "churn_risk": [0.8]})
    >>> history = read_history(scored, policy=Policy(), columns=Columns())
    >>> frame = gather_customers(history, policy=Policy())
    >>> row = add_saving(frame, history, policy=Policy()).iloc[0]
    >>> round(row["value"] * row["p_leaves"] * row["recoverability"] * row["freshness"], 2)
    np.float64(25.1)
    """
    frame = frame.copy()
    frame[VALUE] = _values(history, policy)
    frame[REACH] = 1 + policy.reach_weight * frame[HEADS[1]]
    own, trend = own_forecast(history, policy=policy), frame[TREND].to_numpy()
    frame[P_LEAVES] = p_leaves(own, frame[TEXT_RISK].to_numpy(), trend, policy=policy)
    frame[RECOVERABILITY] = _learned(frame, _recoverability(frame, history, policy), policy)
    frame[COST] = policy.cost_per_contact
    return price(frame)


def price(frame: pd.DataFrame) -> pd.DataFrame:
    """Multiply the factors and take off the cost.

    Examples
    --------
    >>> frame = pd.DataFrame({name: [2.0] for name in FACTORS} | {"cost": [5.0]})
    >>> price(frame)["expected_saving"].tolist()
    [27.0]
    """
    saving = frame[list(FACTORS)].prod(axis=1, skipna=False) - frame[COST]
    return frame.assign(**{EXPECTED_SAVING: saving})


def p_leaves(own: Floats, risk: Floats, trend: Floats, *, policy: Policy) -> Floats:
    """Join your own forecast of leaving, NaN where unknown, with the risk the texts speak of.

    Texts as risky as ordinary feedback leave as it is what is known without them.

    Examples
    --------
    >>> policy = Policy(forecast_weight=1.0, text_weight=1.0)
    >>> ordinary = policy.text_risk(*np.array(policy.typical)[:, None])
    >>> p_leaves(np.array([0.3, np.nan]), ordinary, np.zeros(1), policy=policy)
    array([0.3, 0.1])
    """
    ordinary = policy.text_risk(*np.array(policy.typical)[:, None])
    beyond = log_odds(risk) - log_odds(ordinary)
    base = log_odds(policy.base_churn)
    odds = base + policy.forecast_weight * np.nan_to_num(log_odds(own) - base)
    return _share(odds + policy.text_weight * beyond + policy.trend_weight * trend)


def log_odds(share: Any) -> Floats:  # noqa: ANN401 - float, array or Series
    """Give the log odds of a probability, kept finite.

    Examples
    --------
    >>> float(log_odds(0.5))
    0.0
    """
    kept = np.clip(np.asarray(share, dtype=np.float64), LEAST, 1 - LEAST)
    return np.log(kept / (1 - kept))


def _share(odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-odds))


def _values(history: History, policy: Policy) -> Floats:
    name = history.columns.value
    known = history.last_known(name)
    if known is None:
        worth = policy.default_value
        history.notes.say(f"no column {name!r}: every customer counts as {worth:,.6g}")
        return np.full(len(history.groups), worth)
    return read_values(known, default=policy.default_value, notes=history.notes)


def own_forecast(history: History, *, policy: Policy) -> Floats:
    """Read each customer's latest forecast of leaving; NaN where there is none.

    Examples
    --------
    >>> from detractor.histories import read_history
    >>> from detractor.schema import Columns
    >>> scored = pd.DataFrame({"detractor": 0.9, "anger": 0.4, "churn_risk": [0.8, 0.1],
    ...                        "churn_probability": [0.3, None]})
    >>> history = read_history(scored, policy=Policy(), columns=Columns())
    >>> own_forecast(history, policy=Policy())
    array([0.3, nan])
    """
    name = history.columns.churn_probability
    known = history.last_known(name)
    if known is None:
        history.notes.say(f"no column {name!r}: base_churn, {policy.base_churn:g}, for everyone")
        return np.full(len(history.groups), np.nan)
    own = read_shares(known, name=name, notes=history.notes)
    history.notes.count(np.isnan(own), f"customer{{s}} without {name} count{{v}} as base_churn")
    return own


def _recoverability(frame: pd.DataFrame, history: History, policy: Policy) -> Floats:
    severe = sum(frame[name].to_numpy(dtype=float) for name in SEVERE if name in frame)
    odds = log_odds(policy.prior_recoverability) - policy.severity_effect * severe / len(SEVERE)
    odds = odds - policy.failure_effect * frame[FAILED_RECOVERIES].to_numpy()
    for name, effect in (
        (history.columns.tenure, policy.tenure_effect),
        (history.columns.purchases, policy.purchases_effect),
    ):
        known = history.last_known(name)
        if known is not None:
            count = np.maximum(np.nan_to_num(read_numbers(known)), 0)
            odds = odds + effect * np.log1p(count)
    return _share(odds)


def _learned(frame: pd.DataFrame, prior: Floats, policy: Policy) -> Floats:
    """Blend the prior with a model of the saving; below 0 where a contact does harm."""
    model = policy.saving_model
    if model is None or not len(frame):
        return prior
    weight = float(model.weight)
    if not 0 <= weight <= 1:
        raise ParameterError(f"saving_model.weight={weight}: must lie in 0 to 1")
    leaves = np.maximum((frame[P_LEAVES] * frame[FRESHNESS]).to_numpy(), LEAST)
    saved = np.asarray(model.predict(frame.assign(**{RECOVERABILITY: prior})), dtype=np.float64)
    if saved.shape != prior.shape or not np.isfinite(saved).all():
        raise ParameterError(
            f"saving_model.predict gave shape {saved.shape}; need {len(prior)} finite numbers"
        )
    # Nobody can be kept who would not leave: the share kept is at most 1.
    kept: Floats = np.minimum((1 - weight) * prior + weight * saved / leaves, 1.0)
    return kept
