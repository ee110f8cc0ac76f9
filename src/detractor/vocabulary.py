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


class Vocabulary(NamedTuple):
    """An open-addressing table from word hash to row.

    Parameters
    ----------
    keys : ndarray of uint64, shape (2**k,)
        Word hashes; 0 marks a free slot.
    rows : ndarray of int32, shape (2**k,)
        The row of each key.
    """

    keys: NDArray[np.uint64]
    rows: NDArray[np.int32]


@compiled
def find_slot(value, keys, shift):
    """Find the slot that holds a hash, or the free one where it would stand."""
    slot = np.int64((value * _MIX) >> shift)
    while keys[slot] != 0 and keys[slot] != value:
        slot = (slot + 1) & (keys.size - 1)
    return slot


@compiled
def _insert(hashes, rows, keys, values, shift):
    for index in range(hashes.size):
        slot = find_slot(hashes[index], keys, shift)
        keys[slot] = hashes[index]
        values[slot] = rows[index]


def build_vocabulary(hashes: NDArray[np.uint64], rows: NDArray[np.int32]) -> Vocabulary:
    """Put word hashes and their rows into a table at most half full.

    Examples
    --------
    >>> hashes, rows = np.array([7, 9], dtype=np.uint64), np.array([1, 2], dtype=np.int32)
    >>> table = build_vocabulary(hashes, rows)
    >>> sorted(table.rows[table.keys > 0].tolist())
    [1, 2]
    """
    bits = max(4, int(hashes.size * 2).bit_length())
    keys = np.zeros(1 << bits, dtype=np.uint64)
    values = np.zeros(1 << bits, dtype=np.int32)
    with wrapping():
        _insert(hashes, rows, keys, values, hash_shift(Vocabulary(keys, values)))
    return Vocabulary(keys, values)


def hash_shift(vocabulary: Vocabulary) -> np.uint64:
    """Say how far a mixed hash is shifted to give a slot of this table.

    Examples
    --------
    >>> hash_shift(Vocabulary(np.zeros(16, np.uint64), np.zeros(16, np.int32)))
    np.uint64(60)
    """
    return np.uint64(64 - (vocabulary.keys.size.bit_length() - 1))


@compiled
def look_up(hashes, flags, count, vocabulary, shift, rows, marks, origins):
    """Turn the tokens of one text into rows and marks of emphasis; return how many are left.

    ``origins`` receives the index of the token that each row came from.
    """
    keys, values = vocabulary
    kept = 0
    for index in range(count):
        value = hashes[index]
        slot = find_slot(value, keys, shift)
        row = np.int64(values[slot]) if keys[slot] == value else UNKNOWN
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
