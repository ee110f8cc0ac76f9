"""The compiled reader: from the bytes of a text to logits in one pass, without a matrix library.

Each word adds a row of a table to two chains of gated memories, one that runs forward over the
text and one that runs back, so that a word is read in the light of what stands before and after it
(negation, contrast, time, who speaks). From the memories at each word follows what that word is
worth for each output and how much attention it deserves; an output is the weighted mean. So a
logit is a sum of parts, one a word: explanations are exact.

    pre[t]  = here[w[t]] + beside[w[t -+ 1]] + mark[t] + bias             (both directions)
    f, z    = clip(1/2 + pre/4, 0, 1), clip(pre, -1, 1)
    c[t]    = f c[t -+ 1] + (1 - f) z
    u[t]    = relu(gain c[t] + token[w[t]] + offset)
    a[t, k] = relu(1 + attention[k] u[t] + start[k])^2 + 0.01
    logit   = bias + sum(a (value u)) / (1 + sum(a))

Every operation is an addition, a product, a quotient, a minimum or a maximum of 32-bit floats in a
fixed order, or of integers (`attention u`, in fixed point, since a sum of integers may be taken in
any order and so at full speed): results are the same to the bit on every machine, in every batch
and thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.characters import Characters, characters
from detractor.compilation import compile_all, compiled, prepare, wrapping
from detractor.tokens import ELLIPSIS, HEART, SMILE, WORD, encode, tokenize, tokenize_into
from detractor.vocabulary import UNKNOWN, Vocabulary, build_vocabulary, hash_shift, look_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_ZERO, _ONE, _HALF, _QUARTER = np.float32(0), np.float32(1), np.float32(0.5), np.float32(0.25)
_FLOOR = np.float32(0.01)
_STEPS, _CEILING = np.float32(256), np.float32(16)  # of the fixed-point numbers
_STEP_SQUARED = np.float32(1 / 65536)
COUNTS = ("words", "known", "function_words", "pictures")
"""What is counted of each text beside the logits."""
FUNCTION_ROWS = 150  # rows are in order of frequency; the first of them are the function words


class Network(NamedTuple):
    """The arrays of the reader, for V rows, d memories a direction, K outputs."""

    here: Floats  # (V, 4 d): forward values, forward gates, backward values, backward gates
    beside: Floats  # (V, 4 d)
    token: Floats  # (V, 2 d)
    mark: Floats  # (4, 4 d), with the bias of the gates: none, capitals, elongated, both
    gain: Floats  # (2 d,)
    offset: Floats  # (2 d,)
    value: Floats  # (2 d, K)
    attention: NDArray[np.int16]  # (K, 2 d), in steps of 1/256
    bias: Floats  # (K,)
    start: Floats  # (K,)


class Lexicon(NamedTuple):
    """What turns bytes into rows: the characters, the words, and the shift of their hash."""

    characters: Characters
    vocabulary: Vocabulary
    shift: np.uint64


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


def build_lexicon(hashes: NDArray[np.uint64], rows: NDArray[np.int32]) -> Lexicon:
    """Build what turns bytes into rows from the hashes of the known words."""
    vocabulary = build_vocabulary(hashes, rows)
    return Lexicon(characters(), vocabulary, hash_shift(vocabulary))


@compiled
def remember(rows, marks, count, here, beside, mark, memory):
    """Run both chains of memories over the words of one text."""
    width = memory.shape[1] // 2
    for back in range(2):
        base = back * 2 * width
        gate_base = base + width
        cell = back * width
        for index in range(count):
            place = count - 1 - index if back else index
            past = place + (1 if back else -1)
            row, kind = rows[place], marks[place]
            if index == 0:
                for j in range(width):
                    pre = here[row, base + j] + mark[kind, base + j]
                    gate = here[row, gate_base + j] + mark[kind, gate_base + j]
                    keep = min(_ONE, max(_ZERO, _HALF + _QUARTER * gate))
                    memory[place, cell + j] = (_ONE - keep) * min(_ONE, max(-_ONE, pre))
                continue
            other = rows[past]
            for j in range(width):
                pre = here[row, base + j] + mark[kind, base + j] + beside[other, base + j]
                gate = here[row, gate_base + j] + mark[kind, gate_base + j]
                gate += beside[other, gate_base + j]
                keep = min(_ONE, max(_ZERO, _HALF + _QUARTER * gate))
                fresh = (_ONE - keep) * min(_ONE, max(-_ONE, pre))
                memory[place, cell + j] = keep * memory[past, cell + j] + fresh


@compiled
def attend(rows, count, memory, network, weights, fixed):
    """Turn each memory into what it says of its word, and weigh the words for each output."""
    token, gain, offset = network.token, network.gain, network.offset
    attention, start = network.attention, network.start
    outputs, lanes = attention.shape
    for place in range(count):
        row = rows[place]
        for j in range(lanes):
            told = gain[j] * memory[place, j] + token[row, j] + offset[j]
            told = min(_CEILING, max(_ZERO, told))
            memory[place, j] = told
            fixed[j] = np.int16(told * _STEPS)
        for k in range(outputs):
            total = np.int32(0)
            for j in range(lanes):
                total += np.int32(fixed[j]) * np.int32(attention[k, j])
            ready = max(_ZERO, np.float32(total) * _STEP_SQUARED + (start[k] + _ONE))
            weights[place, k] = ready * ready + _FLOOR


@compiled
def pool(count, memory, weights, network, pooled, logits):
    """Average what the words say, by weight: write the logits; return nothing."""
    value = network.value
    lanes, outputs = value.shape
    for k in range(outputs):
        norm = _ONE
        for j in range(lanes):
            pooled[j] = _ZERO
        for place in range(count):
            weight = weights[place, k]
            norm += weight
            for j in range(lanes):
                pooled[j] += weight * memory[place, j]
        total = _ZERO
        for j in range(lanes):
            total += pooled[j] * value[j, k]
        logits[k] = network.bias[k] + total / norm


@compiled
def read_batch(buffer, offsets, lexicon, network, logits, counts):
    """Read all texts of a buffer: write the logits and counts of each."""
    longest = np.int64(1)
    for index in range(offsets.size - 1):
        longest = max(longest, offsets[index + 1] - offsets[index])
    hashes = np.empty(longest, np.uint64)
    starts, ends = np.empty(longest, np.int64), np.empty(longest, np.int64)
    flags = np.empty(longest, np.uint8)
    rows, origins = np.empty(longest, np.int64), np.empty(longest, np.int64)
    marks = np.empty(longest, np.uint8)
    lanes, outputs = network.value.shape
    room = np.int64(0)
    memory, weights = np.empty((0, lanes), np.float32), np.empty((0, outputs), np.float32)
    pooled, fixed = np.empty(lanes, np.float32), np.empty(lanes, np.int16)
    for index in range(offsets.size - 1):
        begin, end = offsets[index], offsets[index + 1]
        found = tokenize_into(buffer, begin, end, lexicon.characters, hashes, starts, ends, flags)
        count = look_up(
            hashes, flags, found, lexicon.vocabulary, lexicon.shift, rows, marks, origins
        )
        count_words(hashes, flags, rows, origins, count, found, counts[index])
        if count > room:
            room = count * 2
            memory = np.empty((room, lanes), np.float32)
            weights = np.empty((room, outputs), np.float32)
        remember(rows, marks, count, network.here, network.beside, network.mark, memory)
        attend(rows, count, memory, network, weights, fixed)
        pool(count, memory, weights, network, pooled, logits[index])


@compiled
def count_words(hashes, flags, rows, origins, count, found, counts):
    """Count what tells a language and feedback apart: see COUNTS."""
    words = known = common = pictures = 0
    for index in range(found):
        words += (flags[index] & WORD) > 0
    for index in range(count):
        row = rows[index]
        if row == UNKNOWN:
            continue
        if flags[origins[index]] & WORD:
            known += 1
            common += row <= FUNCTION_ROWS
        else:
            value = hashes[origins[index]]
            pictures += value > ELLIPSIS or SMILE <= value <= HEART
    counts[0], counts[1], counts[2], counts[3] = words, known, common, pictures


@compiled
def _rows_of_batch(buffer, offsets, lexicon, rows, marks, bounds):
    longest = np.int64(1)
    for index in range(offsets.size - 1):
        longest = max(longest, offsets[index + 1] - offsets[index])
    hashes = np.empty(longest, np.uint64)
    starts, ends = np.empty(longest, np.int64), np.empty(longest, np.int64)
    flags, origins = np.empty(longest, np.uint8), np.empty(longest, np.int64)
    done = np.int64(0)
    for index in range(offsets.size - 1):
        found = tokenize_into(
            buffer,
            offsets[index],
            offsets[index + 1],
            lexicon.characters,
            hashes,
            starts,
            ends,
            flags,
        )
        done += look_up(
            hashes,
            flags,
            found,
            lexicon.vocabulary,
            lexicon.shift,
            rows[done:],
            marks[done:],
            origins,
        )
        bounds[index + 1] = done


def read_rows(
    texts: Sequence[str], lexicon: Lexicon
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
    """List the rows and marks of the words of all texts, and the bounds of each text.

    This is what a network is fitted on.
    """
    buffer, offsets = encode(texts)
    rows, marks = np.empty(buffer.size + 1, np.int64), np.empty(buffer.size + 1, np.uint8)
    bounds = np.zeros(len(texts) + 1, dtype=np.int64)
    compile_all()
    _rows_of_batch(buffer, offsets, lexicon, rows, marks, bounds)
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
    size = max(tokens.hashes.size, 1)
    rows, origins = np.empty(size, np.int64), np.empty(size, np.int64)
    marks = np.empty(size, np.uint8)
    found = tokens.hashes.size
    with wrapping():
        count = look_up(tokens.hashes, tokens.flags, found, *lexicon[1:], rows, marks, origins)
    lanes, outputs = network.value.shape
    memory, weights = np.empty((count, lanes), np.float32), np.empty((count, outputs), np.float32)
    remember(rows, marks, count, network.here, network.beside, network.mark, memory)
    attend(rows, count, memory, network, weights, np.empty(lanes, np.int16))
    shares = weights / (_ONE + weights.sum(axis=0))
    kept = origins[:count]
    return Parts(
        tokens.starts[kept], tokens.ends[kept], rows[:count], shares * (memory @ network.value),
        network.bias,
    )  # fmt: skip
