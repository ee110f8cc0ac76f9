"""How a conversation ended: only words of success make a recovery."""

import pytest

from detractor.conversations import read_outcome
from detractor.errors import ParameterError

ASKED = [("C", "The parcel never came."), ("A", "Sorry about that, we are looking into it.")]


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        ("Thank you!", "thanked"),
        ("Thanks, it is working now", "recovered"),
        ("That worked, cheers", "recovered"),
        ("It has not been fixed", "failed"),
        ("Please get it fixed", "open"),
        ("When will it be resolved?", "open"),
        ("Is it fixed now?", "open"),
        ("No luck, same error", "failed"),
        ("It was fixed but now it still fails", "failed"),
        ("Thanks. What should I send you?", "open"),
        ("My order number is 12", "open"),
        ("", "open"),
    ],
)
def test_the_last_message_decides(last: str, outcome: str) -> None:
    assert read_outcome([*ASKED, ("C", last)]).outcome == outcome


def test_a_customer_without_an_answer_is_open() -> None:
    assert read_outcome([("C", "All sorted, thanks")]).outcome == "open"
    assert read_outcome([]).outcome == "open"
    assert read_outcome([("A", "Hello")]).outcome == "open"


def test_a_turn_is_a_pair() -> None:
    with pytest.raises(ParameterError):
        read_outcome([("C", "a", "b")])  # type: ignore[list-item]
