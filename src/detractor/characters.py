"""Characters as bytes, and what is known of each: its class and its folded form.

The same on every machine, whatever version of Unicode its Python knows.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.compilation import compiled
from detractor.vectors import SHORTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Character classes, as written by training/unicode_table.py.
OTHER, LOWER, UPPER, DIGIT, APOSTROPHE, HYPHEN, EMOJI, MARK, IDEOGRAPH = range(9)
STOP, COMMA, EXCLAIM, QUESTION, NEWLINE, CURRENCY, PERCENT, AT, HASH, UNDERSCORE = range(10, 20)


class Characters(NamedTuple):
    """What is known of each character of the basic plane, by code point."""

    classes: NDArray[np.uint8]
    folded: NDArray[np.uint16]


@cache
def characters() -> Characters:
    """Load the character tables that the package carries."""
    with (resources.files("detractor") / "data" / "unicode.npz").open("rb") as file:
        table = np.load(file, allow_pickle=False)
        points = np.arange(65536, dtype=np.uint16)
        return Characters(table["classes"], points + table["shifts"])


def encode(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    r"""Join texts into one UTF-8 buffer and say where each begins.

    Parameters
    ----------
    texts : sequence of str
        Any Unicode, lone surrogates included.

    Returns
    -------
    tuple of ndarray
        The bytes, sixteen more that `vectors.letters` may look at, and n + 1 offsets into them.

    Examples
    --------
    >>> buffer, offsets = encode(["ab", "é"])
    >>> bytes(buffer[:4]), offsets.tolist()
    (b'ab\xc3\xa9', [0, 2, 4])
    """
    if isinstance(texts, EncodedTexts):
        return texts.encoded
    return join([text.encode("utf-8", "surrogatepass") for text in texts])


def join(parts: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Join texts that are in UTF-8 already, as `encode` does."""
    ends = accumulate(map(len, parts), initial=0)
    offsets = np.fromiter(ends, dtype=np.int64, count=len(parts) + 1)
    return np.frombuffer(b"".join([*parts, bytes(SHORTS)]), dtype=np.uint8), offsets


class EncodedTexts(list[str]):
    """Texts that carry what `encode` makes of them, for it was needed before.

    Examples
    --------
    >>> texts = EncodedTexts(["ab"])
    >>> texts.encoded = encode(["ab"])
    >>> encode(texts) is texts.encoded
    True
    """

    encoded: tuple[NDArray[np.uint8], NDArray[np.int64]]


def character_span(text: str, start: int, end: int) -> tuple[int, int]:
    """Turn a span in bytes of a text's UTF-8 form into one in characters.

    Examples
    --------
    >>> character_span("café au lait", 6, 8)
    (5, 7)
    """
    if text.isascii():
        return start, end
    raw = text.encode("utf-8", "surrogatepass")
    before = len(raw[:start].decode("utf-8", "surrogatepass"))
    return before, before + len(raw[start:end].decode("utf-8", "surrogatepass"))


@compiled
def decode(buffer, position):
    """Read one code point and its width; lone surrogates and bad bytes are code points too."""
    lead = buffer[position]
    left = buffer.size - position
    if lead < 0x80 or lead < 0xC0 or left < 2:
        return np.int64(lead), 1
    if lead < 0xE0:
        return (np.int64(lead & 0x1F) << 6) | (buffer[position + 1] & 0x3F), 2
    if lead < 0xF0 or left < 4:
        if left < 3:
            return np.int64(lead), 1
        high = np.int64(lead & 0x0F) << 12
        return high | (np.int64(buffer[position + 1] & 0x3F) << 6) | (
            buffer[position + 2] & 0x3F
        ), 3
    high = np.int64(lead & 0x07) << 18
    middle = np.int64(buffer[position + 1] & 0x3F) << 12
    low = np.int64(buffer[position + 2] & 0x3F) << 6
    return high | middle | low | (buffer[position + 3] & 0x3F), 4


@compiled
def classify(point, classes):
    """Name the class of any code point."""
    if point < 65536:
        return np.int64(classes[point])
    if 0x1F3FB <= point <= 0x1F3FF:  # skin tones change no meaning
        return MARK
    if 0x1F000 <= point < 0x20000:
        return EMOJI
    return IDEOGRAPH if point < 0x40000 else OTHER
