"""A replay knows only what each night knew, and remembers whom it called."""

import pandas as pd
import pytest

from detractor.errors import ParameterError, SchemaError
from detractor.policy import Policy
from detractor.simulation import simulate

HISTORY = pd.DataFrame(
    {
        "customer_id": ["ann", "ben", "cem", "ann"],
        "date": ["2026-03-02 09:00", "2026-03-02 10:00", "2026-03-04 09:00", "2026-03-05 09:00"],
        "value": [900, 500, 700, 900],
        "detractor": 0.9,
        "anger": 0.2,
        "churn_risk": [0.9, 0.8, 0.9, 0.9],
    }
)
ONE = Policy(capacity=1, holdout_share=0)
NIGHTS = ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"]


def test_nobody_is_called_before_they_wrote_and_who_complains_again_is_senior() -> None:
    replay = simulate(ONE, HISTORY, nights=NIGHTS[::-1])
    assert replay.contacts["customer_id"].tolist() == ["ann", "ben", "cem", "ann"]
    assert replay.contacts["lane"].tolist() == ["standard", "standard", "standard", "senior"]
    assert replay.nights["repeats"].tolist() == [0, 0, 0, 1]
    assert replay.nights["customers"].tolist() == [2, 2, 3, 3]
    assert replay.nights["wait_hours"].tolist() == [8, 15, 8, 8]


def test_a_longer_replay_begins_like_a_shorter_one() -> None:
    short, long = (simulate(ONE, HISTORY, nights=NIGHTS[:n]) for n in (2, 4))
    pd.testing.assert_frame_equal(short.nights, long.nights.iloc[:2])
    pd.testing.assert_frame_equal(short.contacts, long.contacts.iloc[:2])


def test_real_contacts_count_only_before_the_first_night() -> None:
    nights = ["2026-03-03", "2026-03-04"]
    for day, calls in (("2026-03-02 12:00", 1), ("2026-03-04 12:00", 2)):
        real = pd.DataFrame({"customer_id": ["ann", "ben", "cem"], "contacted_at": day})
        assert len(simulate(ONE, HISTORY, nights=nights, contacts=real).contacts) == calls
        told = HISTORY.assign(last_contacted=day)
        assert len(simulate(ONE, told, nights=nights).contacts) == calls


def test_without_capacity_nothing_is_done_and_everything_is_left_behind() -> None:
    replay = simulate(Policy(capacity=0, holdout_share=0), HISTORY, nights=NIGHTS)
    assert len(replay.contacts) == 0
    assert (replay.nights["left_behind"] > 0).all()
    assert replay.nights["overdue"].iloc[-1] == 2


def test_impossible_replays_are_refused() -> None:
    with pytest.raises(ParameterError, match="nights is empty"):
        simulate(ONE, HISTORY, nights=[])
    with pytest.raises(SchemaError, match="no column 'customer_id'"):
        simulate(ONE, HISTORY.drop(columns="customer_id"), nights=NIGHTS)
