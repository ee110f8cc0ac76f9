"""The choice is the best there is, and more means never save less."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detractor.capacity import capacity_curve, choose, marginal_savings
from detractor.policy import Policy

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["senior", "standard", "suppressed", "holdout"]),
        st.integers(-20, 100).map(float),
    ),
    max_size=7,
)
MEANS = st.builds(
    Policy,
    capacity=st.none() | st.integers(0, 6),
    hours=st.none() | st.sampled_from([0.0, 0.4, 1.0, 1.5, 3.0]),
    budget=st.none() | st.sampled_from([0.0, 9.0, 25.0, 60.0]),
)


def queue_of(rows: list[tuple[str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["lane", "expected_saving"])
    return frame.assign(
        cost=np.where(frame["lane"] == "senior", 20.0, 10.0),
        expected_saving=frame["expected_saving"].astype(float),
    )


def best_by_brute_force(queue: pd.DataFrame, policy: Policy) -> float:
    best = 0.0
    open_rows = queue[queue["lane"].isin(["senior", "standard"])]
    for picks in product([False, True], repeat=len(open_rows)):
        chosen = open_rows[np.array(picks, dtype=bool)]
        hours = 0.5 * (1 + (chosen["lane"] == "senior")).sum()
        if (
            len(chosen) <= (np.inf if policy.capacity is None else policy.capacity)
            and hours <= (np.inf if policy.hours is None else policy.hours)
            and chosen["cost"].sum() <= (np.inf if policy.budget is None else policy.budget)
        ):
            best = max(best, chosen["expected_saving"].sum())
    return best


@settings(max_examples=60, deadline=None)
@given(ROWS, MEANS)
def test_the_choice_matches_brute_force(rows: list[tuple[str, float]], policy: Policy) -> None:
    queue = queue_of(rows)
    chosen = choose(queue, policy=policy)
    assert queue["expected_saving"][chosen].sum() == pytest.approx(
        best_by_brute_force(queue, policy)
    )


@settings(max_examples=30, deadline=None)
@given(ROWS, MEANS)
def test_more_means_never_save_less(rows: list[tuple[str, float]], policy: Policy) -> None:
    queue = queue_of(rows)
    assert (marginal_savings(queue, policy=policy) >= -1e-9).all()
    saved = capacity_curve(queue, policy=policy)["expected_saving"]
    assert saved.is_monotonic_increasing


def test_must_contact_comes_first_whatever_it_is_worth() -> None:
    queue = queue_of([("must_contact", -10.0), ("must_contact", -10.0), ("standard", 90.0)])
    assert choose(queue, policy=Policy(capacity=1)).tolist() == [True, False, False]
    assert choose(queue, policy=Policy(capacity=3)).all()


def test_nobody_below_the_minimum_is_contacted() -> None:
    queue = queue_of([("standard", 30.0), ("standard", 20.0)])
    assert choose(queue, policy=Policy(minimum_saving=25)).tolist() == [True, False]


def test_a_caller_brings_a_working_day() -> None:
    queue = queue_of([("standard", 10.0)] * 40)
    more = marginal_savings(queue, policy=Policy(hours=2))
    assert more.to_dict() == {"contact": 0.0, "hour": 20.0, "money": 0.0, "caller": 160.0}


def test_the_curve_tells_what_is_left_behind() -> None:
    curve = capacity_curve(queue_of([("standard", 50.0), ("senior", 40.0)]), policy=Policy())
    assert curve["capacity"].tolist() == [1, 2]
    assert curve["left_behind"].tolist() == [40.0, 0.0]
