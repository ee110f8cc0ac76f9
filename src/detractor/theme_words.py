"""The words that carry a theme: stems of content words, without function, opinion and person words.

Opinion words ("terrible", "worst") and words for people say how or who, not what is broken, so a
theme made of them would name no cause.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from nltk.stem.snowball import SnowballStemmer
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
"""A word: letters of any script, with apostrophes inside."""

_WORD_OR_STOP = re.compile(rf"{WORD.pattern}|[.,;:!?()\n]")

_NOT_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\bX{2,}\b|&\w+;")
"""Addresses, handles, hash tags, scrub marks and entities."""

_MAYBE_NOT_WORDS = re.compile(r"[@#&]|://|www\.|XX")
"""One of these is in all of them, and found much faster."""


def content_stems(text: str) -> list[str]:
    """Give the stems of the words that can carry a theme, in order.

    Examples
    --------
    >>> content_stems("The WORST airline, they cancelled our flights! @help http://x.y")
    ['airlin', 'cancel', 'flight']
    """
    return [found for word in surface_words(text) if (found := stem(word))]


def surface_words(text: str) -> list[str]:
    r"""Give all words in small letters, without addresses, handles and scrub marks.

    Examples
    --------
    >>> surface_words("Don\u2019t call XXXX at me@mail.com")
    ["don't", 'call', 'at']
    """
    return WORD.findall(_plain(text))


def words_and_stops(text: str) -> list[str]:
    """Give all words in small letters, and the stops between which phrases stand.

    Examples
    --------
    >>> words_and_stops("Lost bag, nobody called")
    ['lost', 'bag', ',', 'nobody', 'called']
    """
    return _WORD_OR_STOP.findall(_plain(text))


@cache
def stem(word: str) -> str:
    """Give the stem of a lower-case word, or "" where it carries no theme.

    Examples
    --------
    >>> stem("delays"), stem("the"), stem("awful")
    ('delay', '', '')
    """
    plain = word.replace("'s", "").replace("'", "")
    ignored = ignored_words()
    if len(plain) < 3 or word in ignored or plain in ignored:
        return ""
    return str(_stemmer().stem(plain))


@cache
def ignored_words() -> frozenset[str]:
    """Give the words that carry no theme: function words, opinions, persons, chatter.

    Examples
    --------
    >>> {"the", "terrible", "lady"} <= ignored_words()
    True
    """
    own = {word for group in _lists()["ignored"].values() for word in group.split()}
    return frozenset(own | ENGLISH_STOP_WORDS)


@cache
def word_list(name: str) -> frozenset[str]:
    """Give a list: words ignored, that tell praise from trouble, or that phrases are made with.

    Examples
    --------
    >>> "awful" in word_list("opinion"), "friendly" in word_list("praise")
    (True, True)
    """
    listed = _lists()
    return frozenset((listed["ignored"] | listed["tone"] | listed["phrases"])[name].split())


@cache
def plainest(found: str) -> str:
    """Give for a stem the one that stands for all that say the same trouble.

    Examples
    --------
    >>> plainest("charg"), plainest("doubl"), plainest("answer"), plainest("seat")
    ('pay', 'twice', 'repli', 'seat')
    """
    return _alike().get(found, found)


@cache
def _alike() -> dict[str, str]:
    listed = _lists()["alike"].items()
    return {stem(word): stem(plain) for plain, said in listed for word in said.split()}


def _plain(text: str) -> str:
    if _MAYBE_NOT_WORDS.search(text):
        text = _NOT_WORDS.sub(" ", text)
    return text.lower().replace("\u2019", "'")


@cache
def _lists() -> dict[str, dict[str, str]]:
    text = files("detractor").joinpath("data/theme_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _stemmer() -> SnowballStemmer:
    return SnowballStemmer("english")
