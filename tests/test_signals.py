"""What a text says beside its scores."""

import pandas as pd
import pytest

from detractor.schema import SIGNALS
from detractor.signals import find_signals, read_signals

SAYS = [
    ("repeat_failure", "This is the third time my order never came."),
    ("escalation", "My lawyer will write to the ombudsman."),
    ("request", "Please refund my deposit."),
    ("loss", "They charged me twice."),
    ("vulnerable", "My mother is disabled and was left without heating."),
    ("safety", "The driver was reckless and I was injured."),
    ("thanks", "Thank you, Ann, the advisor was very helpful."),
]


@pytest.mark.parametrize(("signal", "text"), SAYS, ids=[signal for signal, _ in SAYS])
def test_a_plain_sentence_shows_its_signal(signal: str, text: str) -> None:
    assert read_signals([text]).loc[0, signal]
    assert signal in {span.signal for span in find_signals(text)}


@pytest.mark.parametrize("text", [None, float("nan"), 7, b"refund me", "", "ok", "\ud800"])
def test_what_says_nothing_shows_nothing(text: object) -> None:
    assert not read_signals([text]).to_numpy().any()


def test_a_series_keeps_its_index() -> None:
    read = read_signals(pd.Series(["fine", "thank you"], index=["b", "a"]))
    assert list(read.index) == ["b", "a"]
    assert list(read.columns) == list(SIGNALS)
