"""The compiled reader: from the bytes of a text to logits in one pass, without a matrix library.

Each word adds a row of a table to two chains of gated memories, one that runs forward over the
text and one that runs back, so that a word is read in the light of what stands before and after it
(negation, contrast, time, who speaks). From the memories at each word follows what that word is
worth for each output and how much attention it deserves; an output is the weighted mean. So a
logit is a sum of parts, one a word: explanations are exact.

    pre[t]  = here[w[t]] + beside[w[t -+ 1]] + mark[t]                    (both directions)
    f, z    = clip(1/2 + pre/4, 0, 1), clip(pre, -1, 1)
    c[t]    = f c[t -+ 1] + (1 - f) z
    u[t]    = relu(gain c[t] + across o[t] + token[w[t]] + offset)      (o: the other direction's c)
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
from detractor.vectors import (
    FLOATS,
    SHORTS,
    clip,
    load,
    multiply_high,
    multiply_pairs,
    positive,
    shorts,
    store,
    totals,
    triple,
)
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
_FULL, _EMPTY = np.int16(2047), np.int16(-2047)  # a value of 1 and of -1
_SHUT, _OPEN = np.int16(4095), np.int16(-4096)  # a gate of 1/2 and of -1/2 beside the middle
_CEILING, _NOTHING = np.int16(16383), np.int16(0)
MEMORIES = 32
"""Memories a direction: what two of them hold of a word fills a line of the cache."""
LANES = 2 * MEMORIES
LINES = 5
_OWN = 4  # the line of what a word says of itself, after two of what it says to either side
_WORD, _MARK = LINES * LANES, 2 * LANES  # numbers of a word, and of a mark
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
    across: NDArray[np.int16]  # (LANES,), 1/8192: the same for the memory of the other direction
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
def remember(rows, marks, count, network, memory):
    """Run both chains of memories over the words of one text."""
    words, mark = network.words, network.mark
    for index in range(count):  # ask for all lines at once: waiting for one by one takes longer
        row = rows[index]
        memory[index, 0] = words[row, 0, 0] & words[row, 1, 0] & words[row, 2, 0]
        memory[index, 1] = words[row, 3, 0] & words[row, _OWN, 0]
    edge = np.int64(words.shape[0] - 1) * _WORD
    for back in range(2):
        first = second = shorts(_NOTHING)
        line, other = back * LANES, edge
        for index in range(count):
            place = count - 1 - index if back else index
            here = rows[place] * _WORD + line
            kind = np.int64(marks[place]) * _MARK + line
            beside = other + 2 * LANES
            first = advance(first, words, here, beside, mark, kind)
            second = advance(second, words, here + SHORTS, beside + SHORTS, mark, kind + SHORTS)
            store(memory, place * LANES + back * MEMORIES, first)
            store(memory, place * LANES + back * MEMORIES + SHORTS, second)
            other = here


@compiled
def advance(old, words, here, beside, mark, kind):
    """Move memories on by one word: half way to the fresh value, from there by what the gate says.

    The last four say where the numbers of the word, of its neighbour and of its mark begin.
    """
    near = load(words, here) + load(words, beside)
    gate = load(words, here + MEMORIES) + load(words, beside + MEMORIES)
    near = (near << 5) + load(mark, kind)
    gate = (gate << 5) + load(mark, kind + MEMORIES)
    fresh = clip(near, _EMPTY, _FULL) << 2
    gate = clip(gate, _OPEN, _SHUT) << 2
    return ((old + fresh) >> 1) + multiply_high(gate, (old - fresh) << 1)


@compiled
def attend(rows, count, memory, network, weights, worth):
    """Say what each word is worth for each output, and how much attention it deserves."""
    attention, value = network.attention, network.value
    start = triple(network.start[0] + _ONE, network.start[1] + _ONE, network.start[2] + _ONE)
    for place in range(count):
        own, told = rows[place] * _WORD + _OWN * LANES, place * LANES
        said = (
            say(network, own, memory, told, 0),
            say(network, own, memory, told, SHORTS),
            say(network, own, memory, told, 2 * SHORTS),
            say(network, own, memory, told, 3 * SHORTS),
        )
        ready = positive(weigh(said, attention) * _STEP_OF_ATTENTION + start)
        store(weights, place * FLOATS, ready * ready + _FLOOR)
        store(worth, place * FLOATS, weigh(said, value) * _STEP_OF_WORTH)


@compiled
def say(network, own, memory, told, lane):
    """Tell what some memories say of a word that says `own` of itself."""
    heard = multiply_high(load(network.gain, lane), load(memory, told + lane))
    other = (lane + MEMORIES) % LANES
    heard = heard + multiply_high(load(network.across, lane), load(memory, told + other))
    heard = heard + (load(network.words, own + lane) << 4)
    return clip(heard + load(network.offset, lane), _NOTHING, _CEILING)


@compiled
def weigh(said, table):
    """Multiply what is said of a word with the row of each output, and sum."""
    return totals(multiply(said, table, 0), multiply(said, table, 1), multiply(said, table, 2))


@compiled
def multiply(said, table, output):
    """Multiply what is said of a word with the row of one output: sums of eighths."""
    row = output * LANES
    low = multiply_pairs(said[0], load(table, row))
    low = low + multiply_pairs(said[1], load(table, row + SHORTS))
    high = multiply_pairs(said[2], load(table, row + 2 * SHORTS))
    return low + (high + multiply_pairs(said[3], load(table, row + 3 * SHORTS)))


@compiled
def pool(count, weights, worth, bias, sums, logits):
    """Average what the words are worth, by weight: write the logits."""
    total, norm = triple(_ZERO, _ZERO, _ZERO), triple(_ONE, _ONE, _ONE)
    for place in range(0, count * FLOATS, FLOATS):
        weight = load(weights, place)
        norm = norm + weight
        total = total + weight * load(worth, place)
    store(sums, 0, total)
    store(sums, FLOATS, norm)
    for k in range(bias.size):
        logits[k] = bias[k] + sums[0, k] / sums[1, k]


@compiled_with_arrays
def read_batch(buffer, offsets, lexicon, network, logits, counts):
    """Read all texts of a buffer: write the logits and counts of each."""
    hashes, starts, ends, flags = make_room(offsets)
    rows, marks, origins = make_row_room(hashes.size)
    memory = np.empty((0, LANES), np.int16)
    weights, worth = np.empty((0, FLOATS), np.float32), np.empty((0, FLOATS), np.float32)
    sums = np.empty((2, FLOATS), np.float32)
    for index in range(offsets.size - 1):
        begin, end = offsets[index], offsets[index + 1]
        found = tokenize_into(buffer, begin, end, lexicon.characters, hashes, starts, ends, flags)
        count = look_up(hashes, flags, found, lexicon.vocabulary, rows, marks, origins)
        count_words(hashes, flags, rows, origins, count, found, counts[index])
        if count > len(memory):
            memory = np.empty((2 * count, LANES), np.int16)
            weights = np.empty((2 * count, FLOATS), np.float32)
            worth = np.empty((2 * count, FLOATS), np.float32)
        remember(rows, marks, count, network, memory)
        attend(rows, count, memory, network, weights, worth)
        pool(count, weights, worth, network.bias, sums, logits[index])


@compiled
def count_words(hashes, flags, rows, origins, count, found, counts):
    """Count what tells a language and feedback apart: see COUNTS."""
    words = known = common = pictures = 0
    for index in range(found):
        words += (flags[index] & WORD) > 0
    previous = np.int64(-1)
    for index in range(count):
        row, origin = rows[index], origins[index]
        told = (row != UNKNOWN) & (origin != previous)  # the second row of a token counts for none
        word = told & ((flags[origin] & WORD) > 0)
        previous = origin
        known += word
        common += word & (row <= FUNCTION_ROWS)
        if told and not word:
            value = hashes[origin]
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
    memory = np.empty((count, LANES), np.int16)
    weights, worth = np.empty((count, FLOATS), np.float32), np.empty((count, FLOATS), np.float32)
    remember(rows, marks, count, network, memory)
    attend(rows, count, memory, network, weights, worth)
    weights, worth = weights[:, : network.bias.size], worth[:, : network.bias.size]
    shares = weights / (_ONE + weights.sum(axis=0))
    kept = origins[:count]
    return Parts(
        tokens.starts[kept], tokens.ends[kept], rows[:count], shares * worth,
        network.bias,
    )  # fmt: skip
