"""Read the words of a text in one compiled pass over its UTF-8 bytes.

A token is a hash, a span of bytes and a few flags; no string is made. Words are folded (lower case,
no accents, at most two of the same letter in a row). Numbers are one class whatever their value.
URLs, e-mail addresses and handles leave no token, so they cannot move a score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.characters import (
    APOSTROPHE,
    AT,
    COMMA,
    CURRENCY,
    DIGIT,
    EMOJI,
    EXCLAIM,
    HYPHEN,
    IDEOGRAPH,
    LOWER,
    MARK,
    NEWLINE,
    PERCENT,
    QUESTION,
    STOP,
    UNDERSCORE,
    UPPER,
    characters,
    classify,
    decode,
    encode,
)
from detractor.compilation import compiled, compiled_with_arrays, prepare, wrapping
from detractor.vectors import letters

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Flags of a token.
CAPITALS, INITIAL_CAPITAL, ELONGATED, OPENS_SENTENCE, WORD, NEGATED_VERB = 1, 2, 4, 8, 16, 32
JOINED = 64  # by a hyphen to the word before

# Hashes of the tokens that are classes: small numbers, which no word's hash takes in practice.
NUMBER, MONEY, PERCENTAGE, ORDINAL, CODE, SMILE, FROWN, HEART = range(1, 9)
FULL_STOP, PAUSE, SHOUT, SHOUTS, ASK, ASKS, DISBELIEF, ELLIPSIS = range(11, 19)

_SEED = np.uint64(0x9FB21C651E98DF25)
_FACTOR = np.uint64(0xD6E8FEB86659FD93)  # of Pelle Evensen's mixer rrmxmx, as is the seed
_HALF = np.uint64(32)


@compiled
def mix(value):
    """Stir the bits of a hash: no two values become one."""
    value = value * _FACTOR
    return value ^ (value >> _HALF)


@compiled
def finish(value, block, size):
    """End a hash of so many letters: what is left of the last eight, and never less than 16."""
    if size < 8:
        value, block = mix(value ^ block), np.uint64(0)
    return mix(value ^ block) if size < 16 or size & 7 else value


def _hash_letters(word: str) -> np.uint64:
    low = np.uint64(int.from_bytes(word.encode(), "little"))
    with np.errstate(over="ignore"):
        return np.uint64(finish(_SEED, low, len(word)))


BEFORE_IS = "it that there here what who he she where how"
"""The words after which ``'s`` is "is"; after "let" it is "us", after others it tells an owner."""
_HOSTS = np.array([_hash_letters(word) for word in f"{BEFORE_IS} let".split()])
_WWW = np.uint64(int.from_bytes(b"www", "little"))
_GOES_ON = np.array([c >= 128 or c in b"'`_:@0123456789" for c in range(256)])
"""The bytes that may go on with a word or an address when they stand after letters."""


class Tokens(NamedTuple):
    """The tokens of one text; spans are in bytes of its UTF-8 form."""

    hashes: NDArray[np.uint64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    flags: NDArray[np.uint8]


@compiled
def skip_to_space(buffer, position, end):
    """Find the end of a run without white space, and step back over closing punctuation."""
    stop = position
    while stop < end and buffer[stop] > 32:
        stop += 1
    while stop > position + 1 and buffer[stop - 1] in (33, 34, 39, 41, 44, 46, 58, 59, 63, 93):
        stop -= 1
    return stop


@compiled
def read_word(buffer, position, end, classes, folded):
    """Read one word: its hash, its end and its flags.

    Inner apostrophes count, a possessive ``'s`` does not; a hyphen ends the word.
    """
    value = before = _SEED  # and the hash without a trailing apostrophe and what follows it
    block, size = np.uint64(0), 0
    upper = lower = digits = after = run = 0
    previous = last = penult = np.int64(-1)
    flags = WORD
    while position < end:
        point, width = decode(buffer, position)
        kind = classify(point, classes)
        if kind == MARK:
            position += width
            continue
        if kind == APOSTROPHE:
            if position + width >= end:
                break
            following, _ = decode(buffer, position + width)
            if classify(following, classes) not in (LOWER, UPPER):
                break
            before, after, point = finish(value, block, size), 1, np.int64(39)
        elif kind in (LOWER, UPPER, DIGIT, UNDERSCORE):
            upper += kind == UPPER
            lower += kind == LOWER
            digits += kind in (DIGIT, UNDERSCORE)
            after += after > 0
            if point < 65536:
                point = np.int64(folded[point])
        else:
            break
        position += width
        run = run + 1 if point == previous else 1
        previous = point
        if run > 2:
            flags |= ELONGATED
            continue
        penult, last = last, point
        block ^= np.uint64(point) << np.uint64(8 * (size & 7))
        size += 1
        if size & 7 == 0:
            value, block = mix(value ^ block), np.uint64(0)
    value = finish(value, block, size)
    if after == 2 and last == 115:  # 's
        owner = True
        for word in _HOSTS:
            owner &= word != before
        value = before if owner else value
    elif last == 116 and (penult == 39 or penult == 110):  # n't, and "dont" before it is canonical
        flags |= NEGATED_VERB if penult == 39 else 0
    if digits:
        value = np.uint64(CODE)
    if upper > 1 and lower == 0:
        flags |= CAPITALS
    elif upper and lower:
        flags |= INITIAL_CAPITAL
    return value, position, flags


@compiled
def read_number(buffer, position, end, classes):
    """Read one number with its separators, unit sign or ordinal ending."""
    while position < end:
        point, width = decode(buffer, position)
        kind = classify(point, classes)
        if kind != DIGIT:
            if kind not in (STOP, COMMA, HYPHEN) and point != 47:  # 1,000.50 12:30 24/7 2020-01-02
                break
            if position + width >= end:
                break
            following, _ = decode(buffer, position + width)
            if classify(following, classes) != DIGIT:
                break
        position += width
    if position < end:
        point, width = decode(buffer, position)
        kind = classify(point, classes)
        if kind == PERCENT:
            return np.uint64(PERCENTAGE), position + width
        if kind == CURRENCY:
            return np.uint64(MONEY), position + width
        if position + 1 < end:
            pair = np.int64(buffer[position] | 32) << 8 | np.int64(buffer[position + 1] | 32)
            ends = position + 2 >= end or buffer[position + 2] | 32 < 97
            if ends and pair in (0x7374, 0x6E64, 0x7264, 0x7468):  # st nd rd th
                return np.uint64(ORDINAL), position + 2
    return np.uint64(NUMBER), position


@compiled
def read_marks(buffer, position, end, classes):
    """Read a run of punctuation as one token: what it says, where it ends."""
    stops = pauses = shouts = asks = lines = 0
    stop = position
    while position < end:
        point, width = decode(buffer, position)
        kind = classify(point, classes)
        stops += kind == STOP
        pauses += kind in (COMMA, HYPHEN)
        shouts += kind == EXCLAIM
        asks += kind == QUESTION
        lines += kind == NEWLINE
        if kind not in (STOP, COMMA, HYPHEN, EXCLAIM, QUESTION, NEWLINE) and point != 32:
            break
        position += width
        if point != 32:
            stop = position
    if shouts and asks:
        return np.uint64(DISBELIEF), stop
    if shouts:
        return np.uint64(SHOUT if shouts == 1 else SHOUTS), stop
    if asks:
        return np.uint64(ASK if asks == 1 else ASKS), stop
    if stops > 1:
        return np.uint64(ELLIPSIS), stop
    return np.uint64(FULL_STOP if stops or lines else PAUSE), stop


@compiled
def read_face(buffer, position, end):
    """Read an emoticon such as :-) or ;( ; zero where there is none."""
    mouth = position + 1
    while mouth < min(end, position + 3) and buffer[mouth] in (39, 45):
        mouth += 1
    if mouth >= end or buffer[position] not in (58, 59, 61):
        return np.uint64(0), position
    if buffer[mouth] in (41, 93) or (buffer[mouth] in (68, 80) and buffer[position] != 61):
        return np.uint64(SMILE), mouth + 1
    if buffer[mouth] in (40, 91):
        return np.uint64(FROWN), mouth + 1
    return np.uint64(0), position


@compiled
def read_plain_word(buffer, position, end):
    """Read a word of ASCII letters; an end of -1 says that `read_word` must look closer."""
    count, low, high, capitals, stretched = letters(buffer, position, end)
    flags = WORD
    if capitals == count:
        flags |= CAPITALS if count > 1 else 0
    elif capitals:
        flags |= INITIAL_CAPITAL
    position += count
    after = buffer[position]
    goes_on = position < end and (_GOES_ON[after] or (after == 46 and low == _WWW))
    if stretched or goes_on or count == 16:
        position = -1
    return mix(mix(_SEED ^ low) ^ high), position, flags


@compiled
def skip_address(buffer, start, position, end):
    """Find the end of the URL or e-mail address that the word just read begins, if it does."""
    rest = end - position
    if rest < 2:
        return position
    sign, after = buffer[position], buffer[position + 1]
    scheme = sign == 58 and rest > 3 and after == 47 and buffer[position + 2] == 47
    mail = sign == 64 and after > 32
    host = sign == 46 and position - start == 3 and after > 32
    for place in range(start, position):
        host = host and buffer[place] | 32 == 119  # www.
    return skip_to_space(buffer, position, end) if scheme or mail or host else position


@compiled
def read_other(buffer, start, end, classes, after_word):
    """Read what is not a word: its hash (zero for nothing) and its end."""
    point, width = decode(buffer, start)
    kind = classify(point, classes)
    position = start + width
    if kind == DIGIT:
        return read_number(buffer, start, end, classes)
    if kind == CURRENCY:
        if position < end and classify(decode(buffer, position)[0], classes) == DIGIT:
            position = read_number(buffer, position, end, classes)[1]
        return np.uint64(MONEY), position
    if kind in (EMOJI, IDEOGRAPH):
        return mix(_SEED ^ np.uint64(point)), position
    if kind == AT:
        while position < end and (buffer[position] | 32 >= 97 or 48 <= buffer[position] <= 57):
            position += 1
        return np.uint64(0), position
    if kind in (STOP, COMMA, HYPHEN, EXCLAIM, QUESTION, NEWLINE):
        value, stop = read_face(buffer, start, end)
        if value:
            return value, stop
        if kind == HYPHEN and after_word and position < end and buffer[position] > 32:
            return np.uint64(0), position
        return read_marks(buffer, start, end, classes)
    if point == 60 and position < end and buffer[position] == 51:
        return np.uint64(HEART), position + 1
    return np.uint64(0), position


@compiled_with_arrays
def make_room(offsets):
    """Make the arrays that `tokenize_into` writes into, long enough for each text of a buffer."""
    longest = np.int64(1)
    for index in range(offsets.size - 1):
        longest = max(longest, offsets[index + 1] - offsets[index])
    starts, ends = np.empty(longest, np.int64), np.empty(longest, np.int64)
    return np.empty(longest, np.uint64), starts, ends, np.empty(longest, np.uint8)


@compiled
def tokenize_into(buffer, begin, end, characters, hashes, starts, ends, flags):
    """Write the tokens of ``buffer[begin:end]`` into the arrays; return how many there are.

    The arrays must hold one token a byte.
    """
    classes, folded = characters
    count = 0
    opens = OPENS_SENTENCE
    position = begin
    while position < end:
        start = position
        byte = buffer[start]
        if byte == 32:
            position += 1
            continue
        kind = np.int64(classes[byte])
        if byte >= 0x80:
            kind = classify(decode(buffer, start)[0], classes)
        flag = 0
        if kind in (LOWER, UPPER):
            position = -1
            if byte < 0x80:
                value, position, flag = read_plain_word(buffer, start, end)
            if position < 0:
                value, position, flag = read_word(buffer, start, end, classes, folded)
                past = skip_address(buffer, start, position, end)
                if past > position:
                    while count and ends[count - 1] == start:  # first.last@ is one address
                        count -= 1
                        start = starts[count]
                    position = past
                    continue
        else:
            flag = WORD if kind == IDEOGRAPH else 0
            value, position = read_other(
                buffer, start, end, classes, start > begin and buffer[start - 1] > 32
            )
            if value == 0:
                continue
            if count and value == hashes[count - 1] and value == NUMBER:
                ends[count - 1] = position
                continue
            follows_mark = count == 0 or FULL_STOP <= hashes[count - 1] <= ELLIPSIS
            if FULL_STOP <= value <= ELLIPSIS and follows_mark:
                continue
        hashes[count] = value
        starts[count] = start
        ends[count] = position
        joined = start > begin + 1 and buffer[start - 1] == 45 and buffer[start - 2] > 47
        flags[count] = flag | opens | (JOINED if joined and flag & WORD else 0)
        opens = OPENS_SENTENCE if FULL_STOP <= value <= ELLIPSIS and value != PAUSE else 0
        count += 1
    if count and (hashes[count - 1] == FULL_STOP or hashes[count - 1] == PAUSE):
        count -= 1
    return count


def tokenize(text: str) -> Tokens:
    """List the tokens of one text.

    Examples
    --------
    >>> tokens = tokenize("Not good, Sam!")
    >>> [bytes("Not good, Sam!", "utf-8")[a:b].decode() for a, b in zip(tokens.starts, tokens.ends)]
    ['Not', 'good', ',', 'Sam', '!']
    """
    buffer, offsets = encode([text])
    size = max(buffer.size, 1)
    hashes = np.empty(size, dtype=np.uint64)
    starts, ends = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    flags = np.empty(size, dtype=np.uint8)
    prepare(buffer.size)
    with wrapping():
        count = tokenize_into(buffer, 0, offsets[-1], characters(), hashes, starts, ends, flags)
    return Tokens(hashes[:count], starts[:count], ends[:count], flags[:count])


def hash_word(word: str) -> int:
    """Hash one word as the compiled pass does.

    Examples
    --------
    >>> hash_word("Café") == hash_word("cafe")
    True
    """
    return int(tokenize(word).hashes[0])
