"""The compiled half of `detractor.phrases`: run phrases over the tokens of many texts.

A phrase is a row of steps, and the states of a phrase while it is matched are the bits of one
number: bit s is set where the first s steps are done. Steps that need no word are passed at once.

Few phrases are matched at all: each word has gates, sets of phrases as bits, and a token is left
alone unless a phrase passes the gates of the word, its neighbours and the rest of its sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.compilation import compiled, compiled_with_arrays
from detractor.tokens import ELLIPSIS, FULL_STOP, PAUSE, make_room, tokenize_into

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detractor.characters import Characters

    Bytes = NDArray[np.uint8]
    Hashes = NDArray[np.uint64]
    Ints = NDArray[np.int64]
    Room = tuple[Hashes, Ints, Ints, Bytes]

WORD, OPTIONAL, NOT, STOP = range(4)
"""Kinds of steps: a word, a word that may be missing, no such word next, the sentence ends."""

ANY = -1
"""The number of the set of all words."""

MAX_STEPS = 60

UNKNOWN, END = -1, -2
"""What stands for a word of no phrase, and for the end of a sentence."""

BEGINS, FOLLOWS, PRECEDES, COMPLETES = range(4)
"""The gates: phrases that may begin with a word, go on with it, stand after it, and those whose
last needed word it may be."""


class Machine(NamedTuple):
    """Phrases as arrays: the words they know, the steps of each, and the gates of each word.

    ``bits[word]`` are the sets a word belongs to. ``gates[word, gate]`` are phrases, 64 a number;
    its last two rows are those of `END` and `UNKNOWN`, which count from the end as their numbers
    do.
    """

    slots: NDArray[np.int64]
    symbols: NDArray[np.uint64]
    bits: NDArray[np.uint64]
    gates: NDArray[np.uint64]
    offsets: NDArray[np.int64]
    kinds: NDArray[np.int64]
    sets: NDArray[np.int64]
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
    return UNKNOWN


@compiled
def _accepts(number: int, symbol: int, bits: Hashes) -> bool:
    if symbol == END:
        return False
    if number == ANY:
        return True
    if symbol == UNKNOWN:
        return False
    return bool((bits[symbol, number >> 6] >> np.uint64(number & 63)) & np.uint64(1))


@compiled
def _read_symbols(
    buffer: Bytes,
    begin: int,
    end: int,
    characters: Characters,
    machine: Machine,
    room: Room,
    symbols: Ints,
) -> int:
    """Tokenize one text, drop its commas and look its words up; an end stands behind the last."""
    hashes, starts, ends, flags = room
    count = tokenize_into(buffer, begin, end, characters, hashes, starts, ends, flags)
    kept = 0
    for token in range(count):
        value = hashes[token]
        if value == PAUSE:
            continue
        if FULL_STOP <= value <= ELLIPSIS:
            symbols[kept] = END
        else:
            symbols[kept] = _look_up(value, machine.slots, machine.symbols)
        starts[kept], ends[kept] = starts[token], ends[token]
        kept += 1
    symbols[kept] = END
    return kept


@compiled
def _pass(
    active: int, offset: int, steps: int, here: int, kinds: Ints, sets: Ints, bits: Hashes
) -> int:
    """Pass the steps that need no word before the word ``here``."""
    for step in range(1, steps):
        if active >> step & 1:
            kind = kinds[offset + step]
            free = kind == OPTIONAL or (kind == STOP and here == END)
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
def _list_candidates(
    token: int, symbols: Ints, gates: NDArray[np.uint64], ahead: Hashes, candidates: Ints
) -> int:
    """Write the phrases that may begin at a token into `candidates`; return how many there are.

    Tokens are taken from the last to the first, so that `ahead` holds the phrases whose last needed
    word stands here or further on in the sentence.
    """
    count = 0
    symbol = symbols[token]
    if symbol == END:
        ahead[:] = 0
    if symbol < 0:
        return count
    previous = symbols[token - 1] if token else END
    following = symbols[token + 1]
    for part in range(ahead.size):
        ahead[part] |= gates[symbol, COMPLETES, part]
        passed = gates[symbol, BEGINS, part] & ahead[part]
        passed &= gates[following, FOLLOWS, part] & gates[previous, PRECEDES, part]
        phrase = part * 64
        while passed:
            if passed & np.uint64(1):
                candidates[count] = phrase
                count += 1
            passed >>= np.uint64(1)
            phrase += 1
    return count


@compiled
def _end_of_match(token: int, phrase: int, symbols: Ints, machine: Machine) -> int:
    offset = machine.offsets[phrase]
    steps = machine.offsets[phrase + 1] - offset
    return _match(offset, steps, token, symbols, machine.kinds, machine.sets, machine.bits)


@compiled_with_arrays
def mark_all(
    buffer: Bytes, offsets: Ints, characters: Characters, machine: Machine, found: NDArray[np.bool_]
) -> None:
    """Set ``found[text, group]`` where a phrase of the group is in the text."""
    room = make_room(offsets)
    symbols = np.empty(room[0].size + 1, np.int64)
    ahead = np.empty(machine.gates.shape[2], np.uint64)
    candidates = np.empty(machine.groups.size, np.int64)
    for row in range(offsets.size - 1):
        begin, end = offsets[row], offsets[row + 1]
        count = _read_symbols(buffer, begin, end, characters, machine, room, symbols)
        ahead[:] = 0
        for token in range(count - 1, -1, -1):
            for place in range(_list_candidates(token, symbols, machine.gates, ahead, candidates)):
                phrase = candidates[place]
                group = machine.groups[phrase]
                if not found[row, group]:
                    found[row, group] = _end_of_match(token, phrase, symbols, machine) >= 0


@compiled_with_arrays
def find_all(buffer: Bytes, offsets: Ints, characters: Characters, machine: Machine) -> Ints:
    """List start, end (in bytes) and group of every phrase in one text."""
    room = make_room(offsets)
    _, starts, ends, _ = room
    symbols = np.empty(room[0].size + 1, np.int64)
    ahead = np.zeros(machine.gates.shape[2], np.uint64)
    candidates = np.empty(machine.groups.size, np.int64)
    count = _read_symbols(buffer, 0, offsets[1], characters, machine, room, symbols)
    spans = [(np.int64(0), np.int64(0), np.int64(0)) for _ in range(0)]
    for token in range(count - 1, -1, -1):
        for place in range(_list_candidates(token, symbols, machine.gates, ahead, candidates)):
            phrase = candidates[place]
            end = _end_of_match(token, phrase, symbols, machine)
            if end >= 0:
                spans.append((starts[token], ends[end - 1], machine.groups[phrase]))
    result = np.empty((len(spans), 3), np.int64)
    for row in range(len(spans)):
        result[row, 0], result[row, 1], result[row, 2] = spans[row]
    return result
