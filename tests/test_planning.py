"""What to do for each customer of a queue."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detractor.errors import ParameterError, SchemaError
from detractor.planning import PLAN_COLUMNS, plan
from detractor.playbook import load_playbook

QUEUE = pd.DataFrame(
    {
        "customer_id": ["ann", "bob", "cem", "dee", "eva"],
        "contact": [True, True, True, True, False],
        "lane": ["must_contact", "senior", "standard", "standard", "holdout"],
        "expected_saving": [40.0, 220.0, 35.0, 12.0, 5.0],
        "recoverability": [0.3, 0.2, 0.35, 0.3, 0.3],
        "cost": [10.0, 10.0, 10.0, 10.0, 0.0],
        "repeat_failure": [False, True, False, False, False],
        "evidence": [
            "The driver was reckless and I am disabled.",
            "Third time! You charged me £60 again and lied about it.",
            "I waited two hours for my food.",
            "You lost my suitcase, worth £3,000, and my money.",
            "Fine.",
        ],
        "last_date": pd.Timestamp("2026-03-02 09:00"),
    },
    index=[10, 11, 12, 13, 14],
)


def test_a_literal_queue_is_planned() -> None:
    table = plan(QUEUE)
    assert list(table.index) == [10, 11, 12, 13]
    assert list(table.columns) == ["customer_id", *PLAN_COLUMNS]
    assert table.attrs["proposal"] is True
    assert set(table["proposal"]) <= {"offer", "approve", "decide"}
    assert table["why"].str.len().min() > 0


def test_the_senior_lane_has_apology_compensation_and_owner() -> None:
    row = plan(QUEUE).loc[11]
    concern = next(item for item in load_playbook().gestures if item.name == row["concern"])
    assert concern.apology
    assert row["pay_back"] >= 60
    assert row["owner"] == row["decided_by"] == "care manager"
    assert not row["automatic"]


def test_a_loss_above_every_authority_is_left_to_a_named_person() -> None:
    row = plan(QUEUE).loc[13]
    assert row["proposal"] == "decide"
    assert row["decided_by"] == "care manager"
    assert math.isnan(row["pay_back"])
    assert row["loss_amount"] == 3000
    assert "still owed" in row["why"]


def test_no_budget_denies_nobody() -> None:
    table = plan(QUEUE, budget=0)
    assert set(table["proposal"]) == {"decide"}
    assert table["why"].str.contains("still owed").all()
    assert table["next_best"].iloc[0]


def test_a_role_that_must_approve_is_named() -> None:
    queue = QUEUE.loc[[12]].assign(loss_amount=120.0)
    row = plan(queue).iloc[0]
    assert (row["proposal"], row["decided_by"]) == ("approve", "team lead")
    assert 120 <= row["pay_back"] <= 180
    assert not row["automatic"]


def test_what_was_given_this_year_is_not_given_again() -> None:
    queue = QUEUE.loc[[10]].assign(expected_saving=900.0)
    wow = plan(queue).iloc[0]["wow"]
    had = pd.DataFrame({"customer_id": ["ann", "ann"], "gesture": [wow, wow]})
    assert wow
    assert plan(queue, given=had).iloc[0]["wow"] != wow


def test_sums_in_another_currency_are_left_to_a_person() -> None:
    playbook = load_playbook()
    pounds = replace(playbook, limits=replace(playbook.limits, currency="EUR"))
    assert math.isnan(plan(QUEUE, playbook=pounds).loc[13, "loss_amount"])


def test_texts_of_the_caller_are_read_instead_of_the_evidence() -> None:
    table = plan(QUEUE, texts={"cem": "You charged me £25 twice."})
    assert table.loc[12, ["lost", "loss_amount"]].tolist() == ["money", 25.0]
    assert table.loc[10, "lost"] == ""


def test_the_answer_is_due_by_the_lane_unless_the_queue_says_when() -> None:
    own = pd.Timestamp("2026-03-03 12:00")
    assert (plan(QUEUE.assign(respond_by=own))["respond_by"] == own).all()
    assert plan(QUEUE)["respond_by"].iloc[0] < plan(QUEUE)["respond_by"].iloc[2]
    assert plan(QUEUE.drop(columns="last_date"))["respond_by"].isna().all()


def test_first_lines_name_the_trouble() -> None:
    lines = plan(QUEUE)["first_line"]
    assert lines[10] == "I am sorry. Before anything else: are you safe now?"
    assert lines[11] == (
        "I am sorry about the £60 that you are out of pocket. "
        "And I am sorry that it was not the first time."
    )
    assert lines[12] == "I am sorry that you were kept for 2 hours."
    assert lines[13] == "I am sorry about your suitcase."


def test_an_empty_queue_makes_an_empty_plan() -> None:
    assert len(plan(QUEUE.iloc[:0])) == 0


def test_bad_queues_say_what_is_wrong() -> None:
    with pytest.raises(SchemaError, match="expected_saving"):
        plan(QUEUE.drop(columns="expected_saving"))
    with pytest.raises(SchemaError, match="'vip'"):
        plan(QUEUE.assign(lane="vip"))
    with pytest.raises(SchemaError, match="twice"):
        plan(pd.concat([QUEUE, QUEUE]))
    with pytest.raises(ParameterError, match="0 or more"):
        plan(QUEUE, budget=-1)


@st.composite
def queues(draw: st.DrawFn) -> pd.DataFrame:
    size = draw(st.integers(1, 6))
    numbers = st.floats(0, 300, allow_nan=False)
    kinds = [
        "You charged me twice.",
        "Lost my bag.",
        "Waited an hour.",
        "You lied.",
        "",
        "Missed my train.",
    ]
    return pd.DataFrame(
        {
            "customer_id": range(size),
            "lane": draw(
                st.lists(
                    st.sampled_from(["must_contact", "senior", "standard"]),
                    min_size=size,
                    max_size=size,
                )
            ),
            "expected_saving": draw(st.lists(numbers, min_size=size, max_size=size)),
            "evidence": draw(st.lists(st.sampled_from(kinds), min_size=size, max_size=size)),
            "loss_amount": draw(
                st.lists(
                    st.one_of(st.floats(0, 5000), st.just(math.nan)), min_size=size, max_size=size
                )
            ),
        }
    )


@settings(max_examples=15, deadline=None)
@given(queues(), st.floats(0, 1500), st.floats(0, 500))
def test_properties_of_every_plan(queue: pd.DataFrame, budget: float, more: float) -> None:
    playbook = load_playbook()
    table = plan(queue, budget=budget)
    offered = table[table["proposal"] != "decide"]
    loss = offered["loss_amount"].fillna(0.0)
    authority = {role.name: role.authority for role in playbook.roles}
    assert (offered["pay_back"] >= loss - 0.01).all()
    known = offered[loss > 0]
    assert (known["pay_back"] <= 1.5 * known["loss_amount"] + 0.02).all()
    assert (offered[loss == 0]["pay_back"] <= playbook.limits.goodwill).all()
    assert (offered["pay_back"] <= offered["decided_by"].map(authority).astype(float) + 0.01).all()
    assert table["decided_by"].isin(authority).all()
    assert table["cost"].sum() <= budget + 1e-9
    assert plan(queue, budget=budget + more)["saving"].sum() >= table["saving"].sum() - 0.01 * len(
        queue
    )
    pd.testing.assert_frame_equal(plan(queue, budget=budget), table)


def test_stock_is_never_exceeded() -> None:
    playbook = load_playbook()
    scarce = tuple(
        replace(item, stock=1, lift=0.5) if item.layer == "wow" else item
        for item in playbook.gestures
    )
    queue = pd.DataFrame({"customer_id": range(6), "expected_saving": np.arange(6) * 50.0})
    table = plan(queue, playbook=replace(playbook, gestures=scarce))
    counts = table["wow"].value_counts().drop("", errors="ignore")
    assert len(counts)
    assert counts.max() == 1


def test_a_customer_column_may_have_another_name() -> None:
    queue = pd.DataFrame({"account": ["ann"], "expected_saving": [90.0]})
    given = pd.DataFrame({"account": ["ann"], "gesture": ["a month free"]})
    assert plan(queue, given=given)["account"].tolist() == ["ann"]
    with pytest.raises(SchemaError, match="no column 'customer_id'"):
        plan(queue.drop(columns="account"))
