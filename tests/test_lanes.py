"""Who goes into which lane, who is left alone, and by when an answer is due."""

import pandas as pd
import pytest

from detractor.lanes import identity_hash
from detractor.policy import Policy, ServiceHours
from detractor.ranking import rank

CROSS = {"detractor": 0.9, "anger": 0.7, "churn_risk": 0.3, "value": 1000}
CALM = {"detractor": 0.1, "anger": 0.0, "churn_risk": 0.0, "value": 1000}
PLAIN = Policy(holdout_share=0)


def only(policy: Policy = PLAIN, **cells: object) -> pd.Series:
    """Rank a single text, written on a Monday morning."""
    told = {"customer_id": "ann", "date": "2026-03-02 10:00", **CROSS, **cells}
    return rank(pd.DataFrame([told]), policy=policy, as_of="2026-03-02").iloc[0]


@pytest.mark.parametrize(
    ("cells", "lane", "why"),
    [
        ({}, "standard", ""),
        ({"safety": True}, "must_contact", ""),
        ({"vulnerable": "yes", "value": 0}, "must_contact", ""),
        ({**CALM, "vulnerable": "yes"}, "suppressed", "sleeping_dog"),
        ({**CALM, "vulnerable": "yes", "request": True}, "standard", ""),
        ({"deadline": "2026-03-10"}, "must_contact", ""),
        ({"opt_out": True}, "suppressed", "opt_out"),
        ({"opt_out": True, "safety": True}, "suppressed", "opt_out"),
        ({"opt_out": "perhaps"}, "suppressed", "opt_out"),
        ({"open_case": 1}, "suppressed", "open_case"),
        ({"last_contacted": "2026-03-02 12:00"}, "suppressed", "quarantine"),
        ({"last_contacted": "2026-03-01"}, "senior", ""),
        ({"last_contacted": "2026-03-05"}, "standard", ""),
        (CALM, "suppressed", "sleeping_dog"),
        ({**CALM, "request": True}, "standard", ""),
    ],
    ids=str,
)
def test_each_customer_has_a_lane(cells: dict[str, object], lane: str, why: str) -> None:
    row = only(**cells)
    assert (row["lane"], row["suppressed_by"]) == (lane, why)
    assert row["contact"] == (lane == "must_contact" or (not why and row["expected_saving"] > 0))


@pytest.mark.parametrize(
    ("cells", "asleep"),
    [({}, True), (CROSS, False), ({"anger": 0.4}, True), ({"churn_risk": 0.6}, False)],
    ids=str,
)
def test_who_ever_spoke_up_is_no_sleeping_dog(cells: dict[str, object], asleep: bool) -> None:
    past = {"customer_id": "ann", "date": "2025-03-02", **CALM, **cells}
    now = {"customer_id": "ann", "date": "2026-03-02", **CALM}
    row = rank(pd.DataFrame([past, now]), policy=PLAIN).iloc[0]
    assert (row["suppressed_by"] == "sleeping_dog") == asleep


def test_must_contact_leads_the_queue_whatever_it_is_worth() -> None:
    rows = [{"customer_id": i, **CROSS, "safety": i == 3, "value": 1000 - i} for i in range(5)]
    queue = rank(pd.DataFrame(rows), policy=Policy(capacity=2, holdout_share=0))
    assert queue["customer_id"].tolist() == [3, 0, 1, 2, 4]
    assert queue["contact"].tolist() == [True, True, False, False, False]


def test_the_holdout_is_the_same_every_night_and_about_its_share() -> None:
    rows = pd.DataFrame([{"customer_id": f"c{i}", **CROSS} for i in range(2000)])
    policy = Policy(holdout_share=0.1, seed=7)
    held = rank(rows, policy=policy).query("lane == 'holdout'")
    again = rank(rows.iloc[::-1].head(1500), policy=policy).query("lane == 'holdout'")
    assert 160 <= len(held) <= 240
    assert set(again["customer_id"]) <= set(held["customer_id"])
    assert not held["contact"].any()
    assert held["why"].str.startswith("Held out at random").all()
    other = rank(rows, policy=Policy(holdout_share=0.1, seed=8)).query("lane == 'holdout'")
    assert set(other["customer_id"]) != set(held["customer_id"])


@pytest.mark.parametrize(
    ("cells", "due"),
    [
        ({}, "2026-03-04 10:00"),
        ({"safety": True}, "2026-03-02 14:00"),
        ({"time_zone": "Asia/Tokyo"}, "2026-03-04 08:00"),
        ({"time_zone": "Nowhere"}, "2026-03-04 10:00"),
        ({"deadline": "2026-03-02 12:00"}, "2026-03-02 12:00"),
    ],
    ids=str,
)
def test_an_answer_is_due_in_the_customers_working_hours(
    cells: dict[str, object], due: str
) -> None:
    assert only(**cells)["respond_by"] == pd.Timestamp(due, tz="UTC")


def test_service_hours_are_the_policys() -> None:
    policy = Policy(service_hours=ServiceHours(standard=1), holdout_share=0)
    assert only(policy)["respond_by"] == pd.Timestamp("2026-03-02 11:00", tz="UTC")


def test_a_name_counts_the_same_as_text_and_as_number() -> None:
    assert identity_hash(pd.Series([5]), 1)[0] == identity_hash(pd.Series(["5"]), 1)[0]
    assert identity_hash(pd.Series([5]), 1)[0] != identity_hash(pd.Series([5]), 2)[0]
