"""Read from a text what the scores do not say: a second failure, a threat, a request, a loss.

Each signal is a set of rules in ``data/signals.toml``. Most rules are never tried: a text is cut
into words once, and only the rules that name one of its words look closer.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from detractor.schema import SIGNALS

_PLAIN = bytes(
    ord(letter) if (letter := chr(code)).isascii() and letter.isalnum() else 32
    for code in range(256)
)


class Span(NamedTuple):
    """A stretch ``text[start:end]`` that shows a signal, and the rule that found it.

    Examples
    --------
    >>> Span(0, 12, "thanks", "thank-you").end
    12
    """

    start: int
    end: int
    signal: str
    rule: str


@dataclass(frozen=True)
class _Rule:
    name: str
    signal: str
    words: tuple[str, ...]
    pattern: re.Pattern[str]


def _compile(rule: Mapping[str, Any], parts: Mapping[str, str]) -> _Rule:
    words = tuple(rule["words"])
    pattern = rule.get("pattern", rf"\b(?:{'|'.join(words)})\b")
    pattern = re.sub(r"[A-Z]{3,}", lambda part: parts[part.group()], pattern)
    pattern = re.sub("_[*?]", r"\\s*", pattern).replace("_", r"\s+")
    return _Rule(rule["name"], rule["signal"], words, re.compile(pattern))


@cache
def _rules() -> tuple[_Rule, ...]:
    source = resources.files("detractor").joinpath("data/signals.toml").read_text("utf-8")
    table = tomllib.loads(source)
    return tuple(_compile(rule, table["parts"]) for rule in table["rule"])


@cache
def _by_word() -> dict[bytes, tuple[int, ...]]:
    rules: dict[bytes, tuple[int, ...]] = {}
    for number, rule in enumerate(_rules()):
        for word in rule.words:
            rules[word.encode()] = (*rules.get(word.encode(), ()), number)
    return rules


def _lower(text: str) -> str:
    """Lower-case and straighten apostrophes, so that every offset still holds in the original."""
    low = text.lower()
    if len(low) != len(text):  # a capital I with a dot becomes two letters
        low = "".join(letter.lower()[:1] for letter in text)
    return low.replace("\u2019", "'")


def _candidates(low: str) -> Iterator[_Rule]:
    """Name, in their order, the rules whose words occur in a text."""
    words = low.encode("utf-8", "replace").translate(_PLAIN).split()
    by_word = _by_word()
    numbers = {number for word in by_word.keys() & words for number in by_word[word]}
    rules = _rules()
    return (rules[number] for number in sorted(numbers))


def find_signals(text: str) -> list[Span]:
    """Find every place in a text that shows a signal, in order of its start.

    Examples
    --------
    >>> for span in find_signals("This is the third time. Please call me."):
    ...     print(span.signal, span.start, span.end)
    repeat_failure 12 22
    request 24 35
    request 24 38
    """
    low = _lower(text)
    return sorted(
        Span(found.start(), found.end(), rule.signal, rule.name)
        for rule in _candidates(low)
        for found in rule.pattern.finditer(low)
    )


def read_signals(texts: Iterable[object]) -> pd.DataFrame:
    """Say of each text which signals it shows: one boolean column for each of `SIGNALS`.

    ``repeat_failure`` (the same trouble more than once, or several contacts), ``escalation`` (a
    regulator, lawyer, the press, or a warning to others), ``request`` (asks for an answer, help or
    money back), ``loss`` (money, time, goods or an event), ``vulnerable`` (health, bereavement,
    age, hardship), ``safety`` (danger, injury, assault) and ``thanks`` (to a person, or for a
    trouble put right). The rules are English; other languages and missing texts show nothing.

    Parameters
    ----------
    texts : iterable of str
        A Series keeps its index; a value that is not text shows no signal.

    Examples
    --------
    >>> read_signals(pd.Series(["Third no-show. I am calling my lawyer.", None]))["escalation"]
    0     True
    1    False
    Name: escalation, dtype: bool
    """
    values = list(texts)
    found = np.zeros((len(values), len(SIGNALS)), dtype=bool)
    place = {signal: column for column, signal in enumerate(SIGNALS)}
    for row, text in zip(found, values, strict=True):
        if not isinstance(text, str):
            continue
        low = _lower(text)
        for rule in _candidates(low):
            column = place[rule.signal]
            if not row[column] and rule.pattern.search(low):
                row[column] = True
    index = texts.index if isinstance(texts, pd.Series) else None
    return pd.DataFrame(found, columns=list(SIGNALS), index=index)
