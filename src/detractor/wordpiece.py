"""Clean a text and cut it into word pieces, in pure Python.

The teacher and the encoder tier read text through this one module, so that
what was trained is what is served.  The vocabulary is BERT's uncased one, or
any subset of it that holds every single character it should be able to spell.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

PAD, UNK, CLS, SEP = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
SHOUT, CAPS = "[unused1]", "[unused2]"

_URL = re.compile(r"(?:https?://|www\.)\S+", re.I)
_HANDLE = re.compile(r"(?<!\w)@\w+")
_ELONGATED = re.compile(r"(.)\1{3,}", re.S)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\u2b50\u2b55]")
_CAPS_RUN = re.compile(r"\b[A-Z][A-Z']+\b(?:\W+\b[A-Z][A-Z']+\b)+")
_QUOTES = str.maketrans(
    {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u2026": "..."}
)


def clean(text: str) -> str:
    """Rewrite what an uncased vocabulary cannot read.

    Links become ``url``, handles ``@user``, an emoji its Unicode name, and a
    character repeated more than three times is cut to three.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same text in plainer characters; case is kept.
    """
    text = html.unescape(text).translate(_QUOTES)
    text = _HANDLE.sub("@user", _URL.sub(" url ", text))
    text = _ELONGATED.sub(r"\1\1\1", text)
    return _EMOJI.sub(lambda m: f" {unicodedata.name(m[0], '').lower()} ", text)


def markers(text: str) -> list[str]:
    """Return marker pieces for shouting, which lower-casing would hide.

    Parameters
    ----------
    text : str
        A cleaned text, its case kept.

    Returns
    -------
    list of str
        ``[unused1]`` for a text mostly in capitals, ``[unused2]`` for a run
        of two or more capitalised words, else nothing.
    """
    letters = [c for c in text if c.isalpha()]
    upper = sum(c.isupper() for c in letters)
    if len(letters) >= 8 and upper > 0.6 * len(letters):
        return [SHOUT]
    return [CAPS] if upper >= 6 and _CAPS_RUN.search(text) else []


def fold(ids: list[int], limit: int) -> list[int]:
    """Cut a sequence to `limit` pieces, keeping its head and its tail.

    Intent to leave is often said in the last sentence, so the middle goes.

    Parameters
    ----------
    ids : list of int
        Piece numbers without ``[CLS]`` and ``[SEP]``.
    limit : int
        How many may stay.

    Returns
    -------
    list of int
        At most `limit` piece numbers.
    """
    if len(ids) <= limit:
        return ids
    head = limit * 9 // 16
    return ids[:head] + ids[len(ids) - (limit - head) :]


def _is_punctuation(char: str) -> bool:
    code = ord(char)
    if 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126:
        return True
    return unicodedata.category(char).startswith("P")


def _is_cjk(code: int) -> bool:
    return 0x4E00 <= code <= 0x9FFF or 0x3400 <= code <= 0x4DBF or 0xF900 <= code <= 0xFAFF


def words(text: str) -> list[str]:
    """Split as BERT's uncased basic tokenizer does.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        Lower-cased words without accents; each punctuation mark is a word.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFD", text.lower())
    out: list[str] = []
    word: list[str] = []
    for char in text.lower():
        category = "Ll" if char.isalnum() and char < "\x7f" else unicodedata.category(char)
        if char.isspace() or category == "Zs":
            if word:
                out.append("".join(word))
                word = []
        elif category == "Mn" or category[0] == "C" or char == "\ufffd":
            continue
        elif _is_punctuation(char) or _is_cjk(ord(char)):
            if word:
                out.append("".join(word))
                word = []
            out.append(char)
        else:
            word.append(char)
    if word:
        out.append("".join(word))
    return out


class WordPiece:
    """Greedy longest-match-first word pieces over a given vocabulary.

    Parameters
    ----------
    vocabulary : iterable of str
        The pieces, in the order of their numbers.
    limit : int, default=128
        The longest sequence, ``[CLS]`` and ``[SEP]`` counted.
    """

    def __init__(self, vocabulary: Iterable[str], limit: int = 128) -> None:
        self.index = {piece: i for i, piece in enumerate(vocabulary)}
        self.limit = limit
        self._cache: dict[str, tuple[int, ...]] = {}

    def pieces(self, word: str) -> tuple[int, ...]:
        """Return the numbers of the pieces that spell `word`."""
        known = self._cache.get(word)
        if known is not None:
            return known
        out: list[int] = []
        start = 0
        while start < len(word) and len(word) <= 100:
            end = len(word)
            prefix = "##" if start else ""
            while end > start and prefix + word[start:end] not in self.index:
                end -= 1
            if end == start:
                break
            out.append(self.index[prefix + word[start:end]])
            start = end
        found = tuple(out) if out and start == len(word) else (self.index[UNK],)
        if len(self._cache) < 200_000:
            self._cache[word] = found
        return found

    def encode(self, text: str) -> list[int]:
        """Return the piece numbers of a raw text, ready for the encoder."""
        text = clean(text)
        ids = [self.index[m] for m in markers(text)]
        for word in words(text[:20_000]):
            ids.extend(self.pieces(word))
        ids = fold(ids, self.limit - 2)
        return [self.index[CLS], *ids, self.index[SEP]]
