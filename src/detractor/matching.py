"""The compiled half of `detractor.phrases`: run phrases over the tokens of many texts.

A phrase is a row of steps, and the states of a phrase while it is matched are the bits of one
number: bit s is set where the first s steps are done. Steps that need no word are passed at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.compilation import compiled, compiled_with_arrays
from detractor.tokens import ELLIPSIS, FULL_STOP, PAUSE, tokenize_into

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detractor.characters import Characters

    Bytes = NDArray[np.uint8]
    Flags = NDArray[np.bool_]
    Hashes = NDArray[np.uint64]
    Ints = NDArray[np.int64]
    Work = tuple[Hashes, Ints, Ints, Bytes, Ints]

WORD, OPTIONAL, NOT, STOP = range(4)
"""Kinds of steps: a word, a word that may be missing, no such word next, the sentence ends."""

ANY = -1
"""The number of the set of all words."""

MAX_STEPS = 60

_UNKNOWN, _END = -1, -2


class Machine(NamedTuple):
    """Phrases as arrays: the words they know, and the steps of each.

    ``bits[symbol]`` are the sets a word belongs to; ``first`` and ``candidates`` list the phrases
    that begin with a word; ``second`` is the set that the second step demands, so that most
    candidates are dropped at one look.
    """

    slots: NDArray[np.int64]
    symbols: NDArray[np.uint64]
    bits: NDArray[np.uint64]
    first: NDArray[np.int64]
    candidates: NDArray[np.int64]
    offsets: NDArray[np.int64]
    kinds: NDArray[np.int64]
    sets: NDArray[np.int64]
    second: NDArray[np.int64]
    before: NDArray[np.int64]
    opens: NDArray[np.bool_]
    groups: NDArray[np.int64]


def hash_table(symbols: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Place each hash in an open table that stays at most a quarter full.

    Examples
    --------
    >>> sorted(hash_table(np.array([5, 9], dtype=np.uint64)).tolist())[-3:]
    [-1, 0, 1]
    """
    size = 1 << (4 * len(symbols) + 3).bit_length()
    slots = np.full(size, -1, dtype=np.int64)
    for number, value in enumerate(symbols.tolist()):
        slot = value & (size - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot] = number
    return slots


@compiled
def _look_up(value: int, slots: Ints, symbols: Hashes) -> int:
    mask = np.uint64(slots.size - 1)
    slot = int(value & mask)
    while slots[slot] >= 0:
        if symbols[slots[slot]] == value:
            return int(slots[slot])
        slot = int(np.uint64(slot + 1) & mask)
    return _UNKNOWN


@compiled
def _accepts(number: int, symbol: int, bits: Hashes) -> bool:
    if symbol == _END:
        return False
    if number == ANY:
        return True
    if symbol == _UNKNOWN:
        return False
    return bool((bits[symbol, number >> 6] >> np.uint64(number & 63)) & np.uint64(1))


@compiled_with_arrays
def _work_space(longest: int) -> Work:
    size = max(longest, 1)
    return (
        np.empty(size, np.uint64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.uint8),
        np.empty(size, np.int64),
    )


@compiled
def _read_symbols(
    buffer: Bytes,
    begin: int,
    end: int,
    characters: Characters,
    slots: Ints,
    known: Hashes,
    work: Work,
) -> int:
    """Tokenize one text into the work space, drop its commas and look its words up."""
    hashes, starts, ends, flags, symbols = work
    count = tokenize_into(buffer, begin, end, characters, hashes, starts, ends, flags)
    kept = 0
    for token in range(count):
        value = hashes[token]
        if value == PAUSE:
            continue
        if FULL_STOP <= value <= ELLIPSIS:
            symbols[kept] = _END
        else:
            symbols[kept] = _look_up(value, slots, known)
        starts[kept], ends[kept] = starts[token], ends[token]
        kept += 1
    symbols[kept] = _END  # tokens are fewer than bytes, or the text is one token long
    return kept


@compiled
def _pass(
    active: int, offset: int, steps: int, here: int, kinds: Ints, sets: Ints, bits: Hashes
) -> int:
    """Pass the steps that need no word before the word ``here``."""
    for step in range(1, steps):
        if active >> step & 1:
            kind = kinds[offset + step]
            free = kind == OPTIONAL or (kind == STOP and here == _END)
            if free or (kind == NOT and not _accepts(sets[offset + step], here, bits)):
                active |= 1 << (step + 1)
    return active


@compiled
def _match(
    offset: int, steps: int, token: int, symbols: Ints, kinds: Ints, sets: Ints, bits: Hashes
) -> int:
    """Find where the phrase that begins at a token ends at the latest; -1 where it does not."""
    active = 2
    position = token + 1
    end = -1
    while active:
        here = symbols[position]
        active = _pass(active, offset, steps, here, kinds, sets, bits)
        if active >> steps & 1:
            end = position
        following = 0
        for step in range(1, steps):
            takes = active >> step & 1 and kinds[offset + step] <= OPTIONAL
            if takes and _accepts(sets[offset + step], here, bits):
                following |= 1 << (step + 1)
        active = following
        position += 1
    return end


@compiled
def _may_begin(
    phrase: int, token: int, symbols: Ints, second: Ints, before: Ints, opens: Flags, bits: Hashes
) -> bool:
    """Look at the neighbours of a token, which rules most phrases out."""
    if second[phrase] >= 0 and not _accepts(second[phrase], symbols[token + 1], bits):
        return False
    if not opens[phrase] and before[phrase] == ANY:
        return True
    previous = symbols[token - 1] if token else _END
    if opens[phrase] and previous != _END:
        return False
    return before[phrase] == ANY or not _accepts(before[phrase], previous, bits)


@compiled_with_arrays
def mark_all(
    buffer: Bytes, offsets: Ints, characters: Characters, machine: Machine, found: NDArray[np.bool_]
) -> None:
    """Set ``found[text, group]`` where a phrase of the group is in the text."""
    longest = 0
    for row in range(offsets.size - 1):
        longest = max(longest, int(offsets[row + 1] - offsets[row]))
    work = _work_space(longest + 1)
    symbols = work[4]
    slots, known, bits = machine.slots, machine.symbols, machine.bits
    first, candidates, groups = machine.first, machine.candidates, machine.groups
    second, before, opens = machine.second, machine.before, machine.opens
    begins, kinds, sets = machine.offsets, machine.kinds, machine.sets
    for row in range(offsets.size - 1):
        begin, end = offsets[row], offsets[row + 1]
        count = _read_symbols(buffer, begin, end, characters, slots, known, work)
        for token in range(count):
            symbol = symbols[token]
            if symbol < 0:
                continue
            for place in range(first[symbol], first[symbol + 1]):
                phrase = candidates[place]
                group = groups[phrase]
                if found[row, group]:
                    continue
                if not _may_begin(phrase, token, symbols, second, before, opens, bits):
                    continue
                steps = begins[phrase + 1] - begins[phrase]
                if _match(begins[phrase], steps, token, symbols, kinds, sets, bits) >= 0:
                    found[row, group] = True


@compiled_with_arrays
def find_all(buffer: Bytes, size: int, characters: Characters, machine: Machine) -> Ints:
    """List start, end (in bytes) and group of every phrase in one text."""
    work = _work_space(size + 1)
    _, starts, ends, _, symbols = work
    count = _read_symbols(buffer, 0, size, characters, machine.slots, machine.symbols, work)
    bits, second, before, opens = machine.bits, machine.second, machine.before, machine.opens
    begins, kinds, sets = machine.offsets, machine.kinds, machine.sets
    spans = [(np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    for token in range(count):
        symbol = symbols[token]
        if symbol < 0:
            continue
        for place in range(machine.first[symbol], machine.first[symbol + 1]):
            phrase = machine.candidates[place]
            if not _may_begin(phrase, token, symbols, second, before, opens, bits):
                continue
            steps = begins[phrase + 1] - begins[phrase]
            end = _match(begins[phrase], steps, token, symbols, kinds, sets, bits)
            if end >= 0:
                spans.append((starts[token], ends[end - 1], machine.groups[phrase]))
    result = np.empty((len(spans), 3), np.int64)
    for row in range(len(spans)):
        result[row, 0], result[row, 1], result[row, 2] = spans[row]
    return result
