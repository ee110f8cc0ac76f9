"""Filling templates, and harmless changes to a text."""

import pytest

from detractor.rewording import CHANGES, swap_letters, switch_contractions
from detractor.templates import expand


def test_a_repeated_slot_takes_two_values() -> None:
    lines = expand("{w} and {w}", {"w": ["one", "two", "three"]}, limit=10)
    assert len(lines) == 6
    assert not {"One and one", "Two and two", "Three and three"} & set(lines)


def test_a_short_list_is_used_again() -> None:
    assert expand("{w} and {w}", {"w": ["one"]}, limit=3) == ["One and one"]


def test_values_open_sentences_with_a_capital() -> None:
    assert expand("Sad. {w}, {w}", {"w": ["late"]}, limit=1) == ["Sad. Late, late"]


@pytest.mark.parametrize(
    ("change", "text", "expected"),
    [
        ("lower", "I Am", "i am"),
        ("punctuation", "Why?!", "Why"),
        ("number", "9 of 12 on the 2nd", "3 of 34 on the 2nd"),
        ("handle", "hi", "@acmehelp hi"),
    ],
)
def test_changes(change: str, text: str, expected: str) -> None:
    assert CHANGES[change](text) == expected


def test_short_words_take_no_typo() -> None:
    assert swap_letters("not my day") == "not my day"


def test_contractions_keep_their_capital() -> None:
    assert switch_contractions("Can't do") == "Cannot do"
    assert switch_contractions("Do not") == "Don't"
    assert switch_contractions("No such words") == "No such words"
