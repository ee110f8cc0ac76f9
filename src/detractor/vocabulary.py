"""The words a model knows: from the hash of a word to its row in the model's tables.

Only hashes are kept, never the words. Words that stand for each other share a row; a word that is
not known, any name among them, is row 0, and several of these in a row count as one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.compilation import compiled, wrapping
from detractor.tokens import CAPITALS, ELONGATED, INITIAL_CAPITAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNKNOWN = 0
SOMETIMES_NAME = 1 << 20  # set on the row of a word that is a name when it has a capital
_ROW = SOMETIMES_NAME - 1
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: Fibonacci hashing
_ROWS = np.uint64((1 << 21) - 1)
"""The bits of a slot that hold the row; the other 43 are those of the mixed hash. That two of a few
ten thousand words share them has a chance below one in ten thousand."""


class Vocabulary(NamedTuple):
    """An open-addressing table from word hash to row.

    Parameters
    ----------
    slots : ndarray of uint64, shape (2**k,)
        The mixed hash, its low bits replaced by the row; 0 is a free slot. Both in one number, so
        that a word costs one line of the cache.
    shift : numpy.uint64
        How far a mixed hash is shifted to give the slot.
    """

    slots: NDArray[np.uint64]
    shift: np.uint64


@compiled
def find_row(value, vocabulary):
    """Find the row of a word hash; `UNKNOWN` where it is not in the table."""
    slots, shift = vocabulary
    mixed = value * _MIX
    slot = np.int64(mixed >> shift)
    while slots[slot] != 0:
        if (slots[slot] ^ mixed) <= _ROWS:
            return np.int64(slots[slot] & _ROWS)
        slot = (slot + 1) & (slots.size - 1)
    return np.int64(UNKNOWN)


@compiled
def _insert(hashes, rows, slots, shift):
    for index in range(hashes.size):
        mixed = hashes[index] * _MIX
        slot = np.int64(mixed >> shift)
        while slots[slot] != 0 and (slots[slot] ^ mixed) > _ROWS:
            slot = (slot + 1) & (slots.size - 1)
        slots[slot] = (mixed & ~_ROWS) | np.uint64(rows[index])


def build_vocabulary(hashes: NDArray[np.uint64], rows: NDArray[np.int32]) -> Vocabulary:
    """Put word hashes and their rows, from 1 to 2**21 - 1, into a table at most half full.

    Examples
    --------
    >>> hashes, rows = np.array([7, 9], dtype=np.uint64), np.array([1, 2], dtype=np.int32)
    >>> table = build_vocabulary(hashes, rows)
    >>> table.slots.size, int((table.slots > 0).sum())
    (16, 2)
    """
    bits = max(4, int(hashes.size * 2).bit_length())
    vocabulary = Vocabulary(np.zeros(1 << bits, dtype=np.uint64), np.uint64(64 - bits))
    with wrapping():
        _insert(hashes, rows, *vocabulary)
    return vocabulary


@compiled
def look_up(hashes, flags, count, vocabulary, rows, marks, origins):
    """Turn the tokens of one text into rows and marks of emphasis; return how many are left.

    ``origins`` receives the index of the token that each row came from.
    """
    kept = 0
    for index in range(count):
        row = find_row(hashes[index], vocabulary)
        flag = flags[index]
        if row & SOMETIMES_NAME:
            row = UNKNOWN if flag & INITIAL_CAPITAL else row & _ROW
        if row == UNKNOWN and kept and rows[kept - 1] == UNKNOWN:
            continue
        rows[kept] = row
        marks[kept] = ((flag & CAPITALS) > 0) | (((flag & ELONGATED) > 0) << 1)
        if row == UNKNOWN:
            marks[kept] = 0
        origins[kept] = index
        kept += 1
    return kept
