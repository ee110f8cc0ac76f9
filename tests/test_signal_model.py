"""The learned half of the signals, and its file."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.errors import ModelFileError
from detractor.signal_model import load_signal_model, read_signal_model, write_signal_model
from detractor.signals import LEARNED, find_signals, read_signals

WORDS = (
    "thank", "you", "so", "much", ".", "still", "no", "reply", "!", "took", "my", "money", "again",
    "?", "please", "help", "😡", "café", "not", "refund", "waiting", "lovely", "staff", "hours",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@given(TEXTS)
def test_a_text_has_a_span_of_each_signal_it_shows_and_of_no_other(text: str) -> None:
    row = read_signals([text]).loc[0]
    spans = find_signals(text)
    assert {span.signal for span in spans} == set(row[row].index)
    assert all(text[span.start : span.end].strip() for span in spans)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_sums_do_not_depend_on_the_batch(texts: list[str]) -> None:
    model = load_signal_model()
    marks = np.zeros((len(texts), len(model.rule_names)), dtype=np.bool_)
    alone = np.vstack([model.sums([text], marks[:1]) for text in texts])
    assert (model.sums(texts, marks) == alone).all()


def test_what_no_rule_found_is_shown_by_its_strongest_word() -> None:
    text = "🎈 Why is my bill wrong?"
    (span,) = find_signals(text)
    assert (span.signal, span.rule, text[span.start : span.end]) == ("request", LEARNED, "?")


def test_writing_and_reading_keeps_every_bit() -> None:
    content = write_signal_model(load_signal_model())
    assert write_signal_model(read_signal_model(content, "copy")) == content


ODD = [
    ("words", lambda array: array[:-1], "no power of two"),
    ("words", lambda array: array.astype(np.int16), "words of type int16"),
    ("rules", lambda array: array.astype(np.int32), "rules of type int32"),
    ("intercepts", lambda array: -array, "a text without words would show"),
    ("word_scales", lambda array: array * np.nan, "not finite"),
    ("signals", lambda names: ("joy", *names[1:]), "signals"),
]


@pytest.mark.parametrize(("part", "change", "message"), ODD)
def test_a_file_that_does_not_fit_is_refused(part: str, change: object, message: str) -> None:
    model = load_signal_model()
    changed = replace(model, **{part: change(getattr(model, part))})  # type: ignore[operator]
    with pytest.raises(ModelFileError, match=message):
        read_signal_model(write_signal_model(changed), "odd")


def test_other_sums_than_when_it_was_written_are_refused() -> None:
    content = write_signal_model(load_signal_model())
    changed = re.sub(rb'(sums.": .-?[0-9]+[.])[0-9]{3}', rb"\g<1>999", content)
    assert changed != content
    with pytest.raises(ModelFileError, match="differently here"):
        read_signal_model(changed, "odd")
