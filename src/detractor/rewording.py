"""Harmless changes to a text: the same meaning in other letters, to test models with."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_CONTRACTIONS = {
    "can't": "cannot", "won't": "will not", "wouldn't": "would not", "couldn't": "could not",
    "didn't": "did not", "doesn't": "does not", "don't": "do not", "wasn't": "was not",
    "weren't": "were not", "isn't": "is not", "aren't": "are not", "haven't": "have not",
    "hasn't": "has not", "i've": "I have", "i'm": "I am", "it's": "it is", "we've": "we have",
    "they've": "they have", "you've": "you have", "nobody's": "nobody has",
    "app's": "app is",
}  # fmt: skip
_EXPANSIONS = {long.lower(): short for short, long in _CONTRACTIONS.items()} | {
    "i am": "I'm",
    "i have": "I've",
}
_SHORT = re.compile(rf"\b({'|'.join(map(re.escape, _CONTRACTIONS))})\b", re.IGNORECASE)
_LONG = re.compile(rf"\b({'|'.join(map(re.escape, _EXPANSIONS))})\b", re.IGNORECASE)


def swap_letters(text: str) -> str:
    """Make one typing error: two inner letters of a word of five or more change places.

    Which word is fixed by the text.

    Examples
    --------
    >>> swap_letters("The showers are cold")
    'The shwoers are cold'
    """
    words = list(re.finditer(r"[A-Za-z]{5,}", text))
    if not words:
        return text
    start = words[zlib.crc32(text.encode()) % len(words)].start() + 2
    return text[:start] + text[start + 1] + text[start] + text[start + 2 :]


def switch_contractions(text: str) -> str:
    """Write contractions out; a text without any gets its long forms shortened.

    Examples
    --------
    >>> switch_contractions("I can't wait")
    'I cannot wait'
    >>> switch_contractions("They do not care")
    "They don't care"
    """
    if _SHORT.search(text):
        return _SHORT.sub(lambda match: _like(match[0], _CONTRACTIONS[match[0].lower()]), text)
    return _LONG.sub(lambda match: _like(match[0], _EXPANSIONS[match[0].lower()]), text)


def _like(model: str, word: str) -> str:
    return word[0].upper() + word[1:] if model[0].isupper() else word


def _other_digit(match: re.Match[str]) -> str:
    return str(int(match[0]) % 8 + 2)


CHANGES: dict[str, Callable[[str], str]] = {
    "typo": swap_letters,
    "lower": str.lower,
    "punctuation": lambda text: text.rstrip(".!?"),
    "contraction": switch_contractions,
    "typography": lambda text: (
        "  " + text.replace("'", "\u2019").replace(" ", "  ", 3) + "\u00a0\n"
    ),
    "url": lambda text: f"{text} https://pics.example/a/8f3k2",
    "handle": lambda text: f"@acmehelp {text}",
    "number": lambda text: re.sub(r"\d(?!\d*[a-z])", _other_digit, text),
    "opening": lambda text: f"Hi there, {text}",
}
"""Each harmless change by the name a suite calls it."""
