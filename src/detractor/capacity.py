"""Choose whom to contact with the means there are, and say what more means would save."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detractor.grouping import Flags, Floats
from detractor.lanes import LANE
from detractor.policy import Policy
from detractor.schema import require
from detractor.value import COST, EXPECTED_SAVING

ROUNDING = 1e-9
"""Three times 0.1 hours fit into 0.3 hours."""


def choose(frame: pd.DataFrame, *, policy: Policy) -> Flags:
    """Choose the contacts that save most within capacity, hours and budget together.

    Must-contact customers come first, whatever they are worth. Of the others, only those above
    `minimum_saving` are chosen. The choice is exact: within a lane all contacts take the same
    means, so the best are a prefix, and every split between the two lanes is tried.

    Parameters
    ----------
    frame : DataFrame
        Customers in the order of the queue, with lane, cost and expected saving.
    policy : Policy
        The means.

    Returns
    -------
    array of bool

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "lane": ["must_contact", "senior", "standard", "standard"],
    ...     "expected_saving": [-5.0, 90.0, 80.0, 70.0], "cost": [10.0, 20.0, 10.0, 10.0],
    ... })
    >>> choose(frame, policy=Policy(hours=1.5)).tolist()
    [True, False, True, True]
    """
    means = _means(policy)
    use = _use(policy)
    chosen = np.zeros(len(frame), dtype=bool)
    saving = frame[EXPECTED_SAVING].to_numpy()
    lane = frame[LANE].to_numpy()
    must = np.flatnonzero(lane == "must_contact")
    count = _most(means, use["must_contact"], len(must))
    chosen[must[:count]] = True
    means = means - count * use["must_contact"]
    worth = saving > policy.minimum_saving
    ranked = {
        name: _descending(np.flatnonzero((lane == name) & worth), saving)
        for name in ("senior", "standard")
    }
    totals = {name: np.append(0, np.cumsum(saving[rows])) for name, rows in ranked.items()}
    seniors, standards = _split(means, use, totals)
    chosen[ranked["senior"][:seniors]] = True
    chosen[ranked["standard"][:standards]] = True
    return chosen


def capacity_curve(
    queue: pd.DataFrame, *, policy: Policy, capacities: Sequence[int] = ()
) -> pd.DataFrame:
    """Show what other numbers of contacts would save, hours and budget staying as they are.

    Parameters
    ----------
    queue : DataFrame
        From `rank`.
    policy : Policy
        The policy it was ranked by.
    capacities : sequence of int, optional
        About a dozen from 1 to everyone when not given.

    Returns
    -------
    DataFrame
        `capacity`, `contacts`, `expected_saving`, `left_behind` (what all worthwhile contacts would
        save beyond that) and `next_saves` (what one more contact would).

    Examples
    --------
    >>> queue = pd.DataFrame({
    ...     "lane": "standard", "expected_saving": [50.0, 30.0, 0.0], "cost": 10.0})
    >>> capacity_curve(queue, policy=Policy(), capacities=[1, 2])
       capacity  contacts  expected_saving  left_behind  next_saves
    0         1         1             50.0         30.0        30.0
    1         2         2             80.0          0.0         0.0
    """
    require(queue, LANE, EXPECTED_SAVING, COST, maker="rank()")
    everything = _total(queue, replace(policy, capacity=None, hours=None, budget=None))
    rows = []
    for capacity in capacities or _ladder(len(queue)):
        here = replace(policy, capacity=int(capacity))
        chosen = choose(queue, policy=here)
        saved = float(queue[EXPECTED_SAVING].to_numpy()[chosen].sum())
        more = _total(queue, replace(here, capacity=int(capacity) + 1))
        rows.append((int(capacity), int(chosen.sum()), saved, everything - saved, more - saved))
    names = ["capacity", "contacts", EXPECTED_SAVING, "left_behind", "next_saves"]
    return pd.DataFrame(rows, columns=names)


def marginal_savings(queue: pd.DataFrame, *, policy: Policy) -> pd.Series[Any]:
    """Tell what one more contact, hour, unit of money or caller would save tonight.

    Each is the exact difference of two best choices, not an approximation. A caller brings a
    working day of hours and the contacts that fit into it.

    Examples
    --------
    >>> queue = pd.DataFrame({
    ...     "lane": "standard", "expected_saving": [50.0, 30.0, 20.0], "cost": 10.0})
    >>> marginal_savings(queue, policy=Policy(capacity=1, budget=20)).to_dict()
    {'contact': 30.0, 'hour': 0.0, 'money': 0.0, 'caller': 30.0}
    """
    require(queue, LANE, EXPECTED_SAVING, COST, maker="rank()")
    now = _total(queue, policy)
    day = policy.calendar.hours_a_day
    contacts = math.floor(day / policy.hours_per_contact + ROUNDING)
    unit = max(policy.cost_per_contact, 1.0)
    more = {
        "contact": (_more(policy, capacity=1), 1.0),
        "hour": (_more(policy, hours=1.0), 1.0),
        "money": (_more(policy, budget=unit), unit),
        "caller": (_more(policy, capacity=contacts, hours=day), 1.0),
    }
    gains = {name: (_total(queue, other) - now) / size for name, (other, size) in more.items()}
    return pd.Series(gains, name="saves")


def contact_costs(lane: npt.NDArray[Any], policy: Policy) -> Floats:
    """Give what a contact costs in each lane.

    Examples
    --------
    >>> contact_costs(np.array(["standard", "senior"]), Policy())
    array([10., 20.])
    """
    return policy.cost_per_contact * np.where(lane == "senior", policy.senior_factor, 1.0)


def _means(policy: Policy) -> Floats:
    means = (policy.capacity, policy.hours, policy.budget)
    return np.array([np.inf if mean is None else mean for mean in means], dtype=np.float64)


def _use(policy: Policy) -> dict[str, Floats]:
    ordinary = np.array([1.0, policy.hours_per_contact, policy.cost_per_contact])
    senior = np.array([1.0, policy.senior_factor, policy.senior_factor]) * ordinary
    return {"must_contact": ordinary, "standard": ordinary, "senior": senior}


def _most(means: Floats, use: Floats, count: int) -> int:
    """Count how many contacts of one kind fit."""
    free = [math.floor(mean / one + ROUNDING) for mean, one in _limits(means, use)]
    return max(min([count, *free]), 0)


def _limits(means: Floats, use: Floats) -> list[tuple[float, float]]:
    pairs = zip(means.tolist(), use.tolist(), strict=True)
    return [(mean, one) for mean, one in pairs if one > 0 and mean < math.inf]


def _descending(rows: npt.NDArray[np.intp], saving: Floats) -> npt.NDArray[np.intp]:
    return rows[np.argsort(-saving[rows], kind="stable")]


def _split(means: Floats, use: dict[str, Floats], totals: dict[str, Floats]) -> tuple[int, int]:
    """Try every number of senior contacts, each with as many standard ones as then fit."""
    most = _most(means, use["senior"], len(totals["senior"]) - 1)
    seniors = np.arange(most + 1)
    standards = np.full(most + 1, len(totals["standard"]) - 1)
    for mean, one, senior in zip(means, use["standard"], use["senior"], strict=True):
        if one > 0 and mean < np.inf:
            left = np.floor((mean - seniors * senior) / one + ROUNDING)
            standards = np.minimum(standards, np.maximum(left, 0).astype(int))
    best = int(np.argmax(totals["senior"][seniors] + totals["standard"][standards]))
    return int(seniors[best]), int(standards[best])


def _total(queue: pd.DataFrame, policy: Policy) -> float:
    return float(queue[EXPECTED_SAVING].to_numpy()[choose(queue, policy=policy)].sum())


def _more(policy: Policy, *, capacity: int = 0, hours: float = 0.0, budget: float = 0.0) -> Policy:
    return replace(
        policy,
        capacity=None if policy.capacity is None else policy.capacity + capacity,
        hours=None if policy.hours is None else policy.hours + hours,
        budget=None if policy.budget is None else policy.budget + budget,
    )


def _ladder(count: int) -> list[int]:
    return sorted({round(step) for step in np.geomspace(1, max(count, 1), 12)})
