"""The words a model knows: from the hash of a word to its row in the model's tables.

Only hashes are kept, never the words. Words that stand for each other share a row, and a word that
stands for two ("don't") has both their rows. A word that is not known, any name among them, is row
0, and so is a compound that one is part of ("Acme-branded"); several of these count as one.

Many words have a second row, for where they stand after a negation: what "not awful" says is
learned apart from what "awful" says. So are those of a question that is answered "no", of a clause
that the next one takes back ("They said it was fixed. It was not."), and of what was hoped for or
once so ("used to", "hoped", "formerly"), which is told because it is so no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.compilation import compiled, compiled_with_arrays, wrapping
from detractor.tokens import ASK, CAPITALS, ELONGATED, INITIAL_CAPITAL, JOINED

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNKNOWN = 0
SOMETIMES_NAME = 1 << 20  # set on the row of a word that is a name when it has a capital
NEGATES, ENDS, UNREAL = -1, -2, -3  # in place of the row of a word after a negation
SCOPE = 6
"""Words that a negation reaches, unless punctuation or a contrast ends it (the scope that the
first experiments with this project's data used; an assumption, not tuned since)."""
BACK = 12
"""Words of a clause that a "no" after it reaches back over. (Assumption.)"""
ANSWER = 3
"""Words of an answer among which a "no" answers the question before it. (Assumption.)"""
BARE = 3
"""Words before the "not" of a clause that says no more than "it was not". (Assumption.)"""
MOST_ROWS = 1 << 19
_PAIR = MOST_ROWS  # set on the place of two rows in the table of pairs
_ROW = _PAIR - 1
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: Fibonacci hashing
_LOW, _BIT = np.uint64(63), np.uint64(1)
_ROWS = np.uint64((1 << 21) - 1)
"""The bits of a slot that hold the row; the other 43 are those of the mixed hash. That two of a few
ten thousand words share them has a chance below one in ten thousand."""


class KnownWords(NamedTuple):
    """The words of a model as its file holds them.

    Parameters
    ----------
    hashes : ndarray of uint64, shape (n,)
    rows : ndarray of int32, shape (n, 2)
        The row of each word, from 1 to 2**19 - 1, and that of the second word that it stands for,
        or 0.
    negated : ndarray of int32, shape (number of rows,)
        The row that stands for each row after a negation, itself where it has no other; `NEGATES`
        for words that negate, `ENDS` for words and marks that end a negation, `UNREAL` for words
        of what was hoped for or once so, which is told because it is not so.
    phrases : ndarray of uint64, shape (p, 3)
        The hashes of two words that follow each other, and how many words more a negation reaches
        after them: `SCOPE` if they begin one ("far from"), fewer if they only go on with one ("at
        all").
    """

    hashes: NDArray[np.uint64]
    rows: NDArray[np.int32]
    negated: NDArray[np.int32]
    phrases: NDArray[np.uint64] = np.empty((0, 3), np.uint64)


class Vocabulary(NamedTuple):
    """An open-addressing table from word hash to row.

    Parameters
    ----------
    slots : ndarray of uint64, shape (2**k,)
        The mixed hash, its low bits replaced by the row; 0 is a free slot. Both in one number, so
        that a word costs one line of the cache.
    shift : numpy.uint64
        How far a mixed hash is shifted to give the slot.
    pairs : ndarray of int32, shape (p, 2)
        The rows of the words that stand for two.
    negated : ndarray of int32
    phrases : ndarray of uint64, shape (p, 3)
        See `KnownWords`.
    seconds : numpy.uint64
        The bits that the last six bits of the second words of phrases stand for: most words are
        told apart from them at once.
    """

    slots: NDArray[np.uint64]
    shift: np.uint64
    pairs: NDArray[np.int32]
    negated: NDArray[np.int32]
    phrases: NDArray[np.uint64]
    seconds: np.uint64


@compiled
def find_slot(mixed, slots, shift):
    """Find the slot that holds a mixed hash, or the free one where it would stand."""
    slot = np.int64(mixed >> shift)
    while slots[slot] != 0 and (slots[slot] ^ mixed) > _ROWS:
        slot = (slot + 1) & (slots.size - 1)
    return slot


@compiled
def find_row(value, vocabulary):
    """Find the row of a word hash; `UNKNOWN`, as a free slot has, where it is not in the table."""
    slot = find_slot(value * _MIX, vocabulary.slots, vocabulary.shift)
    return np.int64(vocabulary.slots[slot] & _ROWS)


@compiled
def _insert(hashes, rows, slots, shift):
    for index in range(hashes.size):
        mixed = hashes[index] * _MIX
        slots[find_slot(mixed, slots, shift)] = (mixed & ~_ROWS) | np.uint64(rows[index])


def build_vocabulary(words: KnownWords) -> Vocabulary:
    """Put word hashes and their rows into a table at most half full.

    Examples
    --------
    >>> hashes, rows = np.array([7, 9], dtype=np.uint64), np.array([[1, 0], [2, 1]], dtype=np.int32)
    >>> table = build_vocabulary(KnownWords(hashes, rows, np.arange(3, dtype=np.int32)))
    >>> table.slots.size, int((table.slots > 0).sum())
    (16, 2)
    """
    hashes, rows, negated, phrases = words
    bits = max(4, int(hashes.size * 2).bit_length())
    double = rows[:, 1] > 0
    single = rows[:, 0].copy()
    single[double] = _PAIR + np.arange(double.sum())
    slots, shift = np.zeros(1 << bits, dtype=np.uint64), np.uint64(64 - bits)
    seconds = np.bitwise_or.reduce(_BIT << (phrases[:, 1] & _LOW), initial=np.uint64(0))
    with wrapping():
        _insert(hashes, single, slots, shift)
    return Vocabulary(slots, shift, np.ascontiguousarray(rows[double]), negated, phrases, seconds)


@compiled
def negate(row, left, negated):
    """Give the row of a word with `left` words of a negation before it, and what is left then."""
    after = negated[row]
    if after == ENDS:
        return row, 0
    if after == NEGATES:
        return row, SCOPE
    if after == UNREAL:
        return row, SCOPE - 1
    if left:
        return np.int64(after), left - 1
    return row, 0


@compiled
def go_on(left, hashes, index, vocabulary):
    """Say how many words a negation still reaches after a word that may end a phrase."""
    value, phrases = hashes[index], vocabulary.phrases
    if index == 0 or not (vocabulary.seconds >> (value & _LOW)) & _BIT:
        return left
    for place in range(len(phrases)):
        further = np.int64(phrases[place, 2])
        same = phrases[place, 1] == value and phrases[place, 0] == hashes[index - 1]
        if same and (left or further == SCOPE):
            return min(left + further, SCOPE)
    return left


@compiled
def take_back(rows, place, negated):
    """Deny the clause before that whose last word stands before `place`, if that one is bare."""
    first = place
    while first and negated[rows[first - 1]] != ENDS:
        first -= 1
        if place - first > BARE + 1:
            return
    while first and negated[rows[first - 1]] == ENDS:
        first -= 1
    deny(rows, first, negated)


@compiled
def deny(rows, place, negated):
    """Give the words of the clause that ends before `place` their rows after a negation."""
    for index in range(place - 1, max(place - BACK, 0) - 1, -1):
        after = negated[rows[index]]
        if after == ENDS:
            break
        if after > 0:
            rows[index] = after


@compiled_with_arrays
def make_row_room(count):
    """Make the arrays that `look_up` writes into: each of the tokens may stand for two rows."""
    size = 2 * count
    return np.empty(size, np.int64), np.empty(size, np.uint8), np.empty(size, np.int64)


@compiled
def look_up(hashes, flags, count, vocabulary, rows, marks, origins):
    """Turn the tokens of one text into rows and marks of emphasis; return how many are left.

    ``origins`` receives the index of the token that each row came from.
    """
    for index in range(count):  # all at once, so that one wait for memory hides the others
        rows[count + index] = find_row(hashes[index], vocabulary)
    kept = first = left = 0
    asked = -ANSWER - 1
    dropped = False
    negated = vocabulary.negated
    for index in range(count):  # writes no further than twice the index: short of what it reads
        row, second = rows[count + index], np.int64(UNKNOWN)
        flag = flags[index]
        if row & SOMETIMES_NAME:
            row = np.int64(UNKNOWN) if flag & INITIAL_CAPITAL else row & ~SOMETIMES_NAME
        if row & _PAIR:
            second = np.int64(vocabulary.pairs[row & _ROW, 1])
            row = np.int64(vocabulary.pairs[row & _ROW, 0])
        if not flag & JOINED:
            first, dropped = kept, False
        elif dropped:
            continue
        elif row == UNKNOWN:
            kept = first
        dropped |= row == UNKNOWN
        if row == UNKNOWN and kept and rows[kept - 1] == UNKNOWN:
            continue
        if negated[row] == NEGATES and kept - asked <= ANSWER:
            deny(rows, asked, negated)
        if hashes[index] == ASK:
            asked = kept
        elif negated[row] == ENDS and kept - asked > 1:  # "?!" asks too
            asked = -ANSWER - 1
        if left == SCOPE and negated[row] == ENDS:
            take_back(rows, kept, negated)
        rows[kept], left = negate(row, left, negated)
        left = go_on(left, hashes, index, vocabulary)
        emphasis = ((flag & CAPITALS) > 0) | (((flag & ELONGATED) > 0) << 1)
        marks[kept] = 0 if row == UNKNOWN else emphasis
        origins[kept] = index
        kept += 1
        if second:
            if negated[second] == NEGATES and kept - asked <= ANSWER:
                deny(rows, asked, negated)
            rows[kept], left = negate(second, left, negated)
            marks[kept], origins[kept] = emphasis, index
            kept += 1
    if left == SCOPE:
        take_back(rows, kept, negated)
    return kept
