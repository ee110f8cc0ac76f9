"""What many texts of one customer add up to, tonight."""

import pandas as pd
import pytest

from detractor.customers import gather_customers
from detractor.histories import History, read_history, read_moment
from detractor.policy import Policy
from detractor.schema import Columns

CALM = {"detractor": 0.1, "anger": 0.0, "churn_risk": 0.0}
CROSS = {"detractor": 0.9, "anger": 0.7, "churn_risk": 0.2}


def history_of(*rows: dict[str, object], **options: object) -> History:
    scored = pd.DataFrame(list(rows))
    return read_history(scored, policy=Policy(), columns=Columns(), **options)


def row_of(*rows: dict[str, object], **options: object) -> pd.Series:
    """Gather the texts of one customer."""
    told = [{"customer_id": "ann", **row} for row in rows]
    frame = gather_customers(history_of(*told, **options), policy=Policy())
    assert len(frame) == 1
    return frame.iloc[0]


def on(day: str, **cells: object) -> dict[str, object]:
    return {"date": day, **CALM, **cells}


def test_anger_fades_faster_than_intent_and_neither_below_the_typical() -> None:
    text = on("2026-01-01", detractor=0.9, anger=0.9, churn_risk=0.9)
    row = row_of(text, as_of="2026-02-15 00:00")
    assert row["anger"] == pytest.approx(0.1 + 0.8 / 2)
    assert row["churn_risk"] == pytest.approx(0.05 + 0.85 * 0.5 ** (45 / 180))
    assert row_of(text, as_of="2030-01-01")["anger"] == pytest.approx(0.1, abs=1e-6)


def test_one_furious_letter_is_not_made_up_for_by_polite_ones() -> None:
    polite = [on(f"2026-03-0{day}") for day in range(2, 8)]
    row = row_of(on("2026-03-01", **CROSS), *polite)
    assert row["anger"] > 0.6
    assert row["trend"] < 0
    assert row["texts"] == 7


def test_what_was_answered_weighs_less_and_silence_is_no_failure() -> None:
    texts = on("2026-03-01", **CROSS), on("2026-03-20")
    contacts = pd.DataFrame({"customer_id": ["ann"], "contacted_at": ["2026-03-02"]})
    answered, open_row = row_of(*texts, contacts=contacts), row_of(*texts)
    assert answered["anger"] < open_row["anger"]
    assert not answered["complains"]
    assert answered["failed_recoveries"] == 0


@pytest.mark.parametrize(
    ("complaint", "failures", "calls"),
    [("2026-03-10", 1, True), ("2026-03-01", 0, False), ("2026-07-30", 0, False)],
    ids=["after", "before", "months later"],
)
def test_a_complaint_soon_after_a_contact_is_a_failed_recovery(
    complaint: str, failures: int, calls: bool
) -> None:
    contacts = pd.DataFrame({"customer_id": ["ann"], "contacted_at": ["2026-03-05"]})
    row = row_of(on("2026-02-28", **CROSS), on(complaint, **CROSS), contacts=contacts)
    assert row["failed_recoveries"] == failures
    assert row["failed_recovery"] == calls


def test_a_failure_long_past_no_longer_calls_but_is_remembered() -> None:
    contacts = pd.DataFrame({"customer_id": ["ann"], "contacted_at": ["2026-03-05"]})
    row = row_of(on("2026-03-10", **CROSS), contacts=contacts, as_of="2026-12-31")
    assert (row["failed_recovery"], row["failed_recoveries"]) == (False, 1)


def test_contacts_of_tomorrow_are_not_known_tonight() -> None:
    contacts = pd.DataFrame({"customer_id": ["ann"], "contacted_at": ["2026-03-02"]})
    row = row_of(on("2026-03-01", **CROSS), as_of="2026-03-01", contacts=contacts)
    assert pd.isna(row["last_contact"])


@pytest.mark.parametrize(
    ("cells", "agreement"),
    [
        ({"rating": 2, **CROSS}, "confirmed"),
        ({"rating": 9, **CROSS}, "suspected"),
        ({**CROSS}, "suspected"),
        ({"rating": 2, **CALM}, "contradicted"),
        ({"rating": 9, **CALM}, "clear"),
        ({"rating": 2, "status": "empty"}, "unread"),
        ({"rating": 2, **CALM, "churn_risk": 0.8}, "confirmed"),
        ({"rating": 2, **CALM, "escalation": True}, "confirmed"),
        ({"rating": 2, **CALM, "request": True}, "contradicted"),
    ],
)
def test_the_rating_is_held_against_the_text(cells: dict[str, object], agreement: str) -> None:
    assert row_of(on("2026-03-01", **cells))["agreement"] == agreement


def test_a_text_that_cannot_be_read_leaves_the_word_to_its_rating() -> None:
    unread = {"status": "unsupported", "detractor": None, "anger": None, "churn_risk": None}
    low, none = row_of(on("2026-03-01", rating=1, **unread)), row_of(on("2026-03-01", **unread))
    assert low["complains"]
    assert low["detractor"] > 0.9
    assert not none["complains"]
    assert none["detractor"] == Policy().typical[0]


def test_a_signal_counts_while_it_is_recent_unanswered_and_in_a_complaint() -> None:
    text = on("2026-03-01", **CROSS, vulnerable=True)
    contacts = pd.DataFrame({"customer_id": ["ann"], "contacted_at": ["2026-03-02"]})
    assert row_of(text)["vulnerable"]
    assert not row_of(on("2026-03-01", vulnerable=True))["vulnerable"]
    assert not row_of(text, as_of="2026-12-31")["vulnerable"]
    assert not row_of(text, contacts=contacts, as_of="2026-03-05")["vulnerable"]


def test_the_evidence_is_the_text_that_calls_for_the_lane() -> None:
    worst = on("2026-03-02", detractor=0.95, anger=0.9, churn_risk=0.9, safety=False)
    assert row_of(on("2026-03-01", **CROSS, safety=True), worst)["evidence_row"] == 0
    assert row_of(on("2026-03-01", **CROSS, safety=False), worst)["evidence_row"] == 1


def test_a_question_is_read_before_a_vague_remark_but_not_before_fury() -> None:
    asks = on("2026-03-02", request=True)
    vague = on("2026-03-01", detractor=0.2, churn_risk=0.45, request=False)
    furious = on("2026-03-01", detractor=0.9, anger=0.9, churn_risk=0.9, request=False)
    assert row_of(vague, asks)["evidence_row"] == 1
    assert row_of(furious, asks)["evidence_row"] == 0


def test_an_agents_words_are_not_the_customers() -> None:
    history = history_of(
        {"customer_id": "ann", "author": "customer", **CALM},
        {"customer_id": "ann", "author": " Agent", **CROSS},
        {"customer_id": None, "author": None, **CROSS},
    )
    assert history.places.tolist() == [0]
    assert history.notes.sentences[1:] == [
        "1 text without a customer left out",
        "1 text by agents left out",
    ]


def test_stars_read_as_tenths_are_pointed_out() -> None:
    history = history_of(*(on("2026-03-01", rating=stars) for stars in (1, 5)))
    assert any("if these are stars" in sentence for sentence in history.notes.sentences)


def test_a_night_may_be_named_by_its_date() -> None:
    assert read_moment("2026-03-31", "America/New_York").hour == 3
    night = pd.Timestamp("2026-03-31 18:00", tz="UTC")
    assert read_moment(night, "UTC") == night
    assert read_moment(pd.Timestamp("2026-03-31").date(), "UTC").hour == 23
