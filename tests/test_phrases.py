"""The language of phrases and its matcher."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor.errors import ParameterError
from detractor.matching import COMPLETES, FOLLOWS
from detractor.phrases import PhraseBook, word_forms

MATCHES = [
    ("call me", "Call me!", True),
    ("call me", "call. me", False),
    ("call|ring me", "please RING me", True),
    ("charge* me", "they were charging me", True),
    ("charge* me", "they charged you", False),
    ("still .. no", "still there is really no", True),
    ("still .. no", "still one two three four no", False),
    ("still ..5 no", "still one two three four no", True),
    ("so very? sad .", "so sad", True),
    ("so very? sad .", "so very sad", True),
    ("so very? sad .", "so sad news", False),
    ("sad end|.", "sad end", True),
    ("sad end|.", "sad. End", True),
    ("thanks !for", "thanks", True),
    ("thanks !for", "thanks for nothing", False),
    ("!not happy", "not happy", False),
    ("!not happy", "happy", True),
    ("^ avoid", "Bad. Avoid", True),
    ("^ avoid", "they avoid", False),
    ("# times", "I called 12 times", True),
    ("$ back", "my £12.50 back", True),
    ("#th time", "the 3rd time", True),
    ("don't go", "dont go", True),
    ("don't go", "DON\N{RIGHT SINGLE QUOTATION MARK}T GO", True),
    ("please call", "Please, call", True),
    ("@kin ill", "my mum ill", True),
]


@pytest.mark.parametrize(("phrase", "text", "expected"), MATCHES)
def test_a_phrase_matches_what_its_language_says(phrase: str, text: str, expected: bool) -> None:
    book = PhraseBook([[phrase]], lists={"kin": ["mum", "dad"]})
    assert book.mark([text])[0, 0] == expected
    assert bool(book.find(text)) == expected


BAD = [
    (".. no", "begin with a word"),
    ("", "begin with a word"),
    ("no ..", "not end in a gap"),
    ("@nobody", "no list 'nobody'"),
    ("a ..60 b", "more than"),
    ("e-mail", "is not one word"),
]


@pytest.mark.parametrize(("phrase", "message"), BAD)
def test_a_phrase_that_cannot_be_read_says_why(phrase: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        PhraseBook([[phrase]])


def test_spans_count_characters_of_the_original() -> None:
    text = "Ärger… 😡 \ud800 please CALL me"
    (found,) = PhraseBook([["call me"]]).find(text)
    assert text[found.start : found.end] == "CALL me"


def test_words_in_their_usual_forms() -> None:
    assert {"cancelling", "canceled", "cancels"} <= word_forms("cancel")
    assert {"tried", "tries"} <= word_forms("try")
    assert {"refusing", "refused"} <= word_forms("refuse")


@given(st.lists(st.text(alphabet="ab .,!'é", max_size=20), max_size=5))
def test_marking_and_finding_agree(texts: list[str]) -> None:
    book = PhraseBook([["a .. b"], ["!b a .", "ab"]])
    marks = book.mark(texts)
    for text, row in zip(texts, marks, strict=True):
        assert {found.group for found in book.find(text)} == set(row.nonzero()[0])


@given(st.text(alphabet="abc .,!?", max_size=40))
def test_gates_only_save_time(text: str) -> None:
    book = PhraseBook(
        [["a .. b", "b c"], ["a b? c ."], ["c !a b", "!b a"], ["^ b a ..1 c", "cc", "a|b b"]]
    )
    found = book.find(text)
    for gate in (FOLLOWS, COMPLETES):
        book._machine.gates[:, gate] = np.uint64(2**64 - 1)
    assert book.find(text) == found
