"""The compiled reader: from the bytes of a text to logits in one pass, without a matrix library.

Each word adds a row of a table to two chains of gated memories, one that runs forward over the
text and one that runs back, so that a word is read in the light of what stands before and after it
(negation, contrast, time, who speaks). From the memories at each word follows what that word is
worth for each output and how much attention it deserves; an output is the weighted mean. So a
logit is a sum of parts, one a word: explanations are exact.

    pre[t]  = here[w[t]] + beside[w[t -+ 1]] + mark[t]                    (both directions)
    f, z    = clip(1/2 + pre/4, 0, 1), clip(pre, -1, 1)
    c[t]    = f c[t -+ 1] + (1 - f) z
    u[t]    = relu(gain c[t] + token[w[t]] + offset)
    a[t, k] = relu(1 + attention[k] u[t] + start[k])^2 + 0.01
    logit   = bias + sum(a (value u)) / (1 + sum(a))

All but the last two lines is integers in fixed point, 16 bits wide: they take a quarter of the room
of floats, run sixteen at a time, and may be summed in any order. What is left is a few sums,
products and quotients of 32-bit floats in a fixed order. So results are the same to the bit on
every machine, in every batch and thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.characters import Characters, characters, encode
from detractor.compilation import compile_all, compiled, compiled_with_arrays, prepare, wrapping
from detractor.tokens import ELLIPSIS, HEART, SMILE, WORD, make_room, tokenize, tokenize_into
from detractor.vocabulary import (
    UNKNOWN,
    KnownWords,
    Vocabulary,
    build_vocabulary,
    look_up,
    make_row_room,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

# Fixed point: the tables are in steps of 1/64, sums of them (`pre`) of 1/2048, memories of 1/8192,
# what a memory says of its word (`u`) of 1/1024. No sum can pass 16 bits, see `artifact.LIMITS`.
_I16, _I32 = np.int16, np.int32
_FULL, _EMPTY = np.int16(2047), np.int16(-2047)  # a value of 1 and of -1
_SHUT, _OPEN = np.int16(4095), np.int16(-4096)  # a gate of 1/2 and of -1/2 beside the middle
_CEILING, _NOTHING = np.int16(16383), np.int16(0)
MEMORIES = 32
"""Memories a direction: what two of them hold of a word fills a line of the cache."""
LANES = 2 * MEMORIES
LINES = 5
_OWN = 4  # the line of what a word says of itself, after two of what it says to either side
_ZERO, _ONE, _FLOOR = np.float32(0), np.float32(1), np.float32(0.01)
_STEP_OF_ATTENTION, _STEP_OF_WORTH = np.float32(2**-18), np.float32(2**-21)
COUNTS = ("words", "known", "function_words", "pictures")
"""What is counted of each text beside the logits."""
FUNCTION_ROWS = 150  # rows are in order of frequency; the first of them are the function words


class Network(NamedTuple):
    """The arrays of the reader, for V words, K outputs and two directions.

    A word has five lines: what it brings to the memory that runs forward and to the one that runs
    back, each as values, then gates; the same two for the memory of the word after it and of the
    word before it; and what it says of itself. The last row stands for the edges: nothing.
    """

    words: NDArray[np.int8]  # (V + 1, LINES, LANES), in steps of 1/64
    mark: NDArray[np.int16]  # (4, 2, LANES), 1/2048, with the bias: none, capitals, long, both
    gain: NDArray[np.int16]  # (LANES,), 1/8192
    offset: NDArray[np.int16]  # (LANES,), 1/1024
    value: NDArray[np.int16]  # (K, LANES), 1/2048
    attention: NDArray[np.int16]  # (K, LANES), 1/256
    bias: Floats  # (K,)
    start: Floats  # (K,)


class Lexicon(NamedTuple):
    """What turns bytes into rows: the characters and the words."""

    characters: Characters
    vocabulary: Vocabulary


class Reading(NamedTuple):
    """What the reader made of a batch of n texts."""

    logits: Floats  # (n, K)
    counts: NDArray[np.int32]  # (n, 4): see COUNTS


class Parts(NamedTuple):
    """What each word of one text adds to each logit; spans in bytes of the UTF-8 form."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]
    contributions: Floats  # (words, K)
    bias: Floats  # (K,)


def build_lexicon(words: KnownWords) -> Lexicon:
    """Build what turns bytes into rows."""
    return Lexicon(characters(), build_vocabulary(words))


def align(network: Network) -> Network:
    """Copy the table of words to where its lines are lines of the cache."""
    size = network.words.size
    room = np.empty(size + LANES, dtype=np.int8)
    first = -room.ctypes.data % LANES
    room[first : first + size] = network.words.reshape(-1)
    return network._replace(words=room[first : first + size].reshape(network.words.shape))


@compiled
def remember(rows, marks, count, network, state, memory):
    """Run both chains of memories over the words of one text.

    A memory moves half way to the fresh value, and from there by what the gate says. The state is
    kept apart from the memories that are written, so that the compiler sees no overlap.
    """
    words, mark = network.words, network.mark
    for index in range(count):  # ask for all lines at once: waiting for one by one takes longer
        row = rows[index]
        memory[index, 0, 0] = words[row, 0, 0] & words[row, 1, 0] & words[row, 2, 0]
        memory[index, 1, 0] = words[row, 3, 0] & words[row, _OWN, 0]
    for back in range(2):
        for j in range(MEMORIES):
            state[j] = _NOTHING
        other = np.int64(words.shape[0] - 1)
        for index in range(count):
            place = count - 1 - index if back else index
            row, kind = rows[place], marks[place]
            for j in range(MEMORIES):
                near = _I16(_I16(words[row, back, j]) + _I16(words[other, back + 2, j]))
                gate = _I16(words[row, back, MEMORIES + j])
                gate = _I16(gate + _I16(words[other, back + 2, MEMORIES + j]))
                near = _I16(_I16(near << 5) + mark[kind, back, j])
                gate = _I16(_I16(gate << 5) + mark[kind, back, MEMORIES + j])
                fresh = _I16(min(_FULL, max(_EMPTY, near)) << 2)
                gate = _I16(min(_SHUT, max(_OPEN, gate)) << 2)
                old = state[j]
                moved = _I16(_I32(_I32(gate) * _I32(_I16(_I16(old - fresh) << 1))) >> 16)
                state[j] = _I16(_I16(_I16(old + fresh) >> 1) + moved)
                memory[place, back, j] = state[j]
            other = row


@compiled
def attend(rows, count, memory, network, said, weights, worth):
    """Say what each word is worth for each output, and how much attention it deserves."""
    words, gain, offset = network.words, network.gain, network.offset
    attention, value, start = network.attention, network.value, network.start
    for place in range(count):
        row = rows[place]
        for j in range(LANES):
            told = _I16(_I32(_I32(gain[j]) * _I32(memory[place, j])) >> 16)
            told = _I16(told + _I16(_I16(words[row, _OWN, j]) << 4))
            said[j] = min(_CEILING, max(_NOTHING, _I16(told + offset[j])))
        for k in range(start.size):
            total = _I32(0)
            for j in range(LANES):
                total = _I32(total + _I32(_I32(said[j]) * _I32(attention[k, j])))
            ready = max(_ZERO, np.float32(total) * _STEP_OF_ATTENTION + (start[k] + _ONE))
            weights[place, k] = ready * ready + _FLOOR
            total = _I32(0)
            for j in range(LANES):
                total = _I32(total + _I32(_I32(said[j]) * _I32(value[k, j])))
            worth[place, k] = np.float32(total) * _STEP_OF_WORTH


@compiled
def pool(count, weights, worth, bias, logits):
    """Average what the words are worth, by weight: write the logits."""
    for k in range(bias.size):
        total, norm = _ZERO, _ONE
        for place in range(count):
            norm += weights[place, k]
            total += weights[place, k] * worth[place, k]
        logits[k] = bias[k] + total / norm


@compiled_with_arrays
def read_batch(buffer, offsets, lexicon, network, logits, counts):
    """Read all texts of a buffer: write the logits and counts of each."""
    hashes, starts, ends, flags = make_room(offsets)
    rows, marks, origins = make_row_room(hashes.size)
    outputs = network.bias.size
    state, said = np.empty(MEMORIES, np.int16), np.empty(LANES, np.int16)
    memory = np.empty((0, 2, MEMORIES), np.int16)
    weights, worth = np.empty((0, outputs), np.float32), np.empty((0, outputs), np.float32)
    for index in range(offsets.size - 1):
        begin, end = offsets[index], offsets[index + 1]
        found = tokenize_into(buffer, begin, end, lexicon.characters, hashes, starts, ends, flags)
        count = look_up(hashes, flags, found, lexicon.vocabulary, rows, marks, origins)
        count_words(hashes, flags, rows, origins, count, found, counts[index])
        if count > len(memory):
            memory = np.empty((2 * count, 2, MEMORIES), np.int16)
            weights = np.empty((2 * count, outputs), np.float32)
            worth = np.empty((2 * count, outputs), np.float32)
        remember(rows, marks, count, network, state, memory)
        attend(rows, count, memory.reshape((-1, LANES)), network, said, weights, worth)
        pool(count, weights, worth, network.bias, logits[index])


@compiled
def count_words(hashes, flags, rows, origins, count, found, counts):
    """Count what tells a language and feedback apart: see COUNTS."""
    words = known = common = pictures = 0
    for index in range(found):
        words += (flags[index] & WORD) > 0
    for index in range(count):
        row = rows[index]
        if row == UNKNOWN or (index and origins[index] == origins[index - 1]):
            continue
        if flags[origins[index]] & WORD:
            known += 1
            common += row <= FUNCTION_ROWS
        else:
            value = hashes[origins[index]]
            pictures += value > ELLIPSIS or SMILE <= value <= HEART
    counts[0], counts[1], counts[2], counts[3] = words, known, common, pictures


@compiled_with_arrays
def _rows_of_batch(buffer, offsets, lexicon, rows, marks, origins, bounds):
    hashes, starts, ends, flags = make_room(offsets)
    words = lexicon.vocabulary
    done = np.int64(0)
    for index in range(offsets.size - 1):
        begin, end = offsets[index], offsets[index + 1]
        found = tokenize_into(buffer, begin, end, lexicon.characters, hashes, starts, ends, flags)
        done += look_up(hashes, flags, found, words, rows[done:], marks[done:], origins)
        bounds[index + 1] = done


def read_rows(
    texts: Sequence[str], lexicon: Lexicon
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """List the rows and marks of the words of all texts, and the bounds of each text.

    This is what a network is fitted on.
    """
    buffer, offsets = encode(texts)
    compile_all()
    rows, marks, origins = make_row_room(buffer.size)
    bounds = np.zeros(len(texts) + 1, dtype=np.int64)
    _rows_of_batch(buffer, offsets, lexicon, rows, marks, origins, bounds)
    return rows[: bounds[-1]].copy(), marks[: bounds[-1]].copy(), bounds


def read_texts(texts: Sequence[str], lexicon: Lexicon, network: Network) -> Reading:
    """Read texts of any length and number."""
    buffer, offsets = encode(texts)
    logits = np.empty((len(texts), network.bias.size), dtype=np.float32)
    counts = np.empty((len(texts), len(COUNTS)), dtype=np.int32)
    prepare(buffer.size)
    with wrapping():
        read_batch(buffer, offsets, lexicon, network, logits, counts)
    return Reading(logits, counts)


def read_parts(text: str, lexicon: Lexicon, network: Network) -> Parts:
    """Say what each word of one text adds to each logit.

    The contributions of all words and the bias sum to the logit.
    """
    tokens = tokenize(text)
    found = tokens.hashes.size
    rows, marks, origins = make_row_room(found)
    with wrapping():
        count = look_up(
            tokens.hashes, tokens.flags, found, lexicon.vocabulary, rows, marks, origins
        )
    outputs = network.bias.size
    state, said = np.empty(MEMORIES, np.int16), np.empty(LANES, np.int16)
    memory = np.empty((count, 2, MEMORIES), np.int16)
    weights, worth = np.empty((count, outputs), np.float32), np.empty((count, outputs), np.float32)
    remember(rows, marks, count, network, state, memory)
    attend(rows, count, memory.reshape((-1, LANES)), network, said, weights, worth)
    shares = weights / (_ONE + weights.sum(axis=0))
    kept = origins[:count]
    return Parts(
        tokens.starts[kept], tokens.ends[kept], rows[:count], shares * worth,
        network.bias,
    )  # fmt: skip
