from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detractor import characters, tokens
from detractor.characters import encode
from detractor.compilation import compile_all
from detractor.tokens import hash_word, tokenize


def spans(text: str) -> list[str]:
    raw = text.encode("utf-8", "surrogatepass")
    found = tokenize(text)
    return [
        raw[start:end].decode("utf-8", "replace")
        for start, end in zip(found.starts, found.ends, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Not good, Sam!", ["Not", "good", ",", "Sam", "!"]),
        ("I don't like it.", ["I", "don't", "like", "it"]),
        ("no-shows — again", ["no", "shows", "—", "again"]),
        ("see https://x.co/a?b=1 or www.x.co now", ["see", "or", "now"]),
        ("write to a.b@c.com, thanks", ["write", "to", ",", "thanks"]),
        ("@Sam thanks", ["thanks"]),
        ("£20.50 back", ["£20.50", "back"]),
        ("20 % off, 3rd time", ["20", "off", ",", "3rd", "time"]),
        ("020 7946 0958", ["020 7946 0958"]),
        ("so :( but :-) <3", ["so", ":(", "but", ":-)", "<3"]),
        ("WHAT?!! never", ["WHAT", "?!!", "never"]),
        ("😡👍🏽", ["😡", "👍"]),
        ("", []),
        ("   ... ", []),
    ],
)
def test_what_is_a_token(text: str, expected: list[str]) -> None:
    assert spans(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café", "CAFE"),
        ("soooooo", "soo"),
        ("don’t", "don't"),
        ("customer's", "customer"),
        ("cafe\u0301", "café"),
        ("17", "403"),
        ("$5", "€1,000.00"),
    ],
)
def test_forms_that_mean_the_same_have_one_hash(one: str, other: str) -> None:
    assert hash_word(one) == hash_word(other)


@pytest.mark.parametrize(("one", "other"), [("we'll", "well"), ("good", "goods"), ("😡", "👍")])
def test_forms_that_differ_have_two(one: str, other: str) -> None:
    assert hash_word(one) != hash_word(other)


def test_flags_say_how_a_word_is_written() -> None:
    found = tokenize("AWFUL and Slooow. Never didn't")
    written = dict(zip(spans("AWFUL and Slooow. Never didn't"), found.flags, strict=True))
    assert written["AWFUL"] & tokens.CAPITALS
    assert written["Slooow"] & tokens.ELONGATED
    assert written["Slooow"] & tokens.INITIAL_CAPITAL
    assert written["Never"] & tokens.OPENS_SENTENCE
    assert written["didn't"] & tokens.NEGATED_VERB
    assert not written["and"] & (tokens.CAPITALS | tokens.ELONGATED | tokens.OPENS_SENTENCE)


@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_gives_ordered_spans_inside_it(text: str) -> None:
    found = tokenize(text)
    size = len(text.encode("utf-8", "surrogatepass"))
    assert (found.starts < found.ends).all()
    assert (found.ends <= size).all()
    assert (np.diff(found.starts) > 0).all()


@given(st.binary(max_size=100))
def test_bytes_that_are_no_utf8_do_no_harm(raw: bytes) -> None:
    size = max(len(raw), 1)
    hashes, flags = np.empty(size, np.uint64), np.empty(size, np.uint8)
    starts, ends = np.empty(size, np.int64), np.empty(size, np.int64)
    buffer = np.frombuffer(raw, dtype=np.uint8)
    compile_all()
    count = tokens.tokenize_into(
        buffer, 0, len(raw), characters.characters(), hashes, starts, ends, flags
    )
    assert 0 <= count <= size


@given(st.lists(st.text(alphabet=st.characters(), max_size=30), max_size=10))
def test_encoding_keeps_every_text_apart(texts: list[str]) -> None:
    buffer, offsets = encode(texts)
    parts = [bytes(buffer[a:b]) for a, b in pairwise(offsets)]
    assert [part.decode("utf-8", "surrogatepass") for part in parts] == texts


def test_words_agree_with_the_tweet_tokenizer_on_plain_feedback() -> None:
    from nltk.tokenize import TweetTokenizer

    text = (
        "I've rung three times, and nobody called back! The router doesn't work; it's the 2nd "
        'one. "Sorry" isn\'t enough... I want my money back (all of it) by Friday, please.'
    )
    words = [word for word in TweetTokenizer().tokenize(text) if word[0].isalpha()]
    assert [span for span in spans(text) if span[0].isalpha()] == words
