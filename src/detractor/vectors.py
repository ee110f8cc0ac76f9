"""Many small numbers at a time: the arithmetic of the compiled reader, as NumPy.

The reader runs on these functions until there is enough work to compile; machine code has a twin of
each in `vector_instructions`, of one or two instructions. Written as loops over single numbers, the
same arithmetic took LLVM twice as many instructions, for it widened what should have stayed narrow.

A vector is 16 integers of 16 bits, 8 of 32 bits, or 4 floats of 32 bits. Vectors of one kind are
added, subtracted, multiplied and shifted with the signs for it; integers wrap around.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from detractor.compilation import replaced_by

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[Any]
    Letters = tuple[int, int, int, int, bool]

SHORTS = 16
"""Integers of 16 bits in a vector, and bytes that are looked at together."""
FLOATS = 4
_twin = replaced_by("detractor.vector_instructions")


@_twin
def load(array: NDArray[Any], place: int) -> Vector:
    """Take the vector that begins at a place of an array, counted over all its axes.

    Integers of 8 bits are widened to 16; an array of floats gives four.

    Examples
    --------
    >>> load(np.arange(20, dtype=np.int8), 3)[:4]
    array([3, 4, 5, 6], dtype=int16)
    """
    size = FLOATS if array.dtype == np.float32 else SHORTS
    part = array.reshape(-1)[place : place + size]
    return part.astype(np.int16) if array.dtype == np.int8 else part.copy()


@_twin
def store(array: NDArray[Any], place: int, vector: Vector) -> None:
    """Write a vector to a place of an array.

    Examples
    --------
    >>> array = np.zeros(6, dtype=np.float32)
    >>> store(array, 1, triple(5.0, 6.0, 7.0))
    >>> array.tolist()
    [0.0, 5.0, 6.0, 7.0, 0.0, 0.0]
    """
    array.reshape(-1)[place : place + vector.size] = vector


@_twin
def shorts(value: Any) -> Vector:  # noqa: ANN401, a number of NumPy's
    """Repeat one number of 16 bits.

    Examples
    --------
    >>> shorts(np.int16(7)).sum()
    np.int64(112)
    """
    return np.full(SHORTS, value, dtype=np.int16)


@_twin
def triple(first: Any, second: Any, third: Any) -> Vector:  # noqa: ANN401, numbers of NumPy's
    """Join three floats; the fourth is zero.

    Examples
    --------
    >>> triple(1.0, 2.0, 3.0).tolist()
    [1.0, 2.0, 3.0, 0.0]
    """
    return np.array((first, second, third, 0), dtype=np.float32)


@_twin
def clip(vector: Vector, low: Any, high: Any) -> Vector:  # noqa: ANN401, numbers of NumPy's
    """Hold 16-bit numbers between two bounds.

    Examples
    --------
    >>> clip(np.arange(16, dtype=np.int16), np.int16(3), np.int16(5))[:7].tolist()
    [3, 3, 3, 3, 4, 5, 5]
    """
    clipped: Vector = np.minimum(np.maximum(vector, low), high)
    return clipped


@_twin
def positive(vector: Vector) -> Vector:
    """Put zero in place of what is below it, of floats.

    Examples
    --------
    >>> positive(triple(-1.0, 2.0, 0.5)).tolist()
    [0.0, 2.0, 0.5, 0.0]
    """
    return np.maximum(vector, np.float32(0))


@_twin
def multiply_high(x: Vector, y: Vector) -> Vector:
    """Multiply 16-bit numbers and keep the upper 16 bits of each product.

    Examples
    --------
    >>> multiply_high(shorts(np.int16(300)), shorts(np.int16(-1000)))[0]
    np.int16(-5)
    """
    return ((x.astype(np.int32) * y) >> 16).astype(np.int16)


@_twin
def multiply_pairs(x: Vector, y: Vector) -> Vector:
    """Multiply 16-bit numbers and add each two products that are neighbours, in 32 bits.

    Examples
    --------
    >>> multiply_pairs(np.arange(16, dtype=np.int16), shorts(np.int16(10))).tolist()
    [10, 50, 90, 130, 170, 210, 250, 290]
    """
    pairs: Vector = (x.astype(np.int32) * y).reshape(-1, 2).sum(axis=1, dtype=np.int32)
    return pairs


@_twin
def totals(x: Vector, y: Vector, z: Vector) -> Vector:
    """Sum each of three vectors of 32-bit numbers; the fourth sum is zero.

    Examples
    --------
    >>> eight = np.arange(8, dtype=np.int32)
    >>> totals(eight, 2 * eight, -eight).tolist()
    [28.0, 56.0, -28.0, 0.0]
    """
    sums = [vector.sum(dtype=np.int32) for vector in (x, y, z)]
    return np.array([*sums, 0], dtype=np.int32).astype(np.float32)


@_twin
def letters(buffer: NDArray[np.uint8], start: int, end: int) -> Letters:
    """Look at the ASCII letters that stand between two places, up to sixteen of them.

    The buffer must go on for sixteen bytes after the start.

    Returns
    -------
    tuple
        How many they are; the first eight and the next eight in lower case, the first in the lowest
        byte of a number of 64 bits, and zero where there is none; how many are capitals; whether
        any three in a row are the same.

    Examples
    --------
    >>> letters(np.frombuffer(b"Pool party".ljust(16), dtype=np.uint8), 0, 10)
    (4, np.uint64(1819242352), np.uint64(0), 1, False)
    """
    word = bytes(buffer[start : min(end, start + SHORTS)])
    small = word.lower()
    count = next((n for n, byte in enumerate(small) if not 97 <= byte <= 122), len(word))
    small = small[:count].ljust(SHORTS, b"\0")
    capitals = sum(byte < 97 for byte in word[:count])
    stretched = any(0 < a == b == c for a, b, c in zip(small, small[1:], small[2:], strict=False))
    low, high = np.frombuffer(small, dtype="<u8").astype(np.uint64)
    return count, low, high, capitals, stretched
