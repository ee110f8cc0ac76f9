"""Where a sentence lies by what its words mean: near others that say it in other words.

For what is learned from few sentences (replies). A word's vector is what a sentence
encoder makes of it alone (`training/word_meanings.py`); a sentence lies where the sum of its words
points. All in whole numbers, but for one root and one quotient: the same on every machine.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from safetensors.numpy import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FILE = "meanings.safetensors"
DIMENSIONS = 64
STEPS = 1024
"""A place has the length of so many steps."""
FEATURES = DIMENSIONS + DIMENSIONS * (DIMENSIONS + 1) // 2
"""What a weighted sum can see of a place: its numbers, and the products of two of them."""
_WORD = re.compile(r"[a-z]+|[0-9£$€%]")
_PART = 512  # texts laid out at a time: 9 MB
_FIRST, _SECOND = np.triu_indices(DIMENSIONS)


class Meanings(NamedTuple):
    """The known words and their vectors."""

    rows: dict[str, int]
    vectors: NDArray[np.int8]  # (words, DIMENSIONS)


@cache
def meanings() -> Meanings:
    """Load the shipped vectors.

    Examples
    --------
    >>> known = meanings()
    >>> sorry, regret, invoice = (
    ...     known.vectors[known.rows[word]].astype(int) for word in ("sorry", "regret", "invoice")
    ... )
    >>> bool(sorry @ regret > sorry @ invoice)
    True
    """
    stored = load(files("detractor").joinpath(f"data/{FILE}").read_bytes())
    words = stored["words"].tobytes().decode().split("\n")
    return Meanings({word: row for row, word in enumerate(words)}, stored["vectors"])


def locate(texts: Sequence[str]) -> NDArray[np.int64]:
    """Give each text its place: `DIMENSIONS` numbers of length `STEPS`, 0 without a known word.

    Examples
    --------
    >>> one, same, other = locate(["We are sorry.", "our apologies", "the invoice of May"])
    >>> bool(one @ same > one @ other)
    True
    """
    known = meanings()
    sums = [known.vectors[_rows(text, known)].sum(axis=0, dtype=np.int64) for text in texts]
    summed = np.array(sums, dtype=np.int64).reshape(-1, DIMENSIONS)
    length = np.sqrt((summed * summed).sum(axis=1).astype(np.float64))
    unit: NDArray[np.float64] = summed / np.maximum(length, 1)[:, None]
    return np.asarray(np.rint(unit * STEPS), dtype=np.int64)


def _rows(text: str, known: Meanings) -> list[int]:
    plain = text.lower().replace("\u2019", "'").replace("n't", " not")
    return [row for word in _WORD.findall(plain) if (row := known.rows.get(word)) is not None]


def lay_out(places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lay out what a sum can weigh of places: numbers and products, in steps of `STEPS` squared.

    Examples
    --------
    >>> lay_out(locate(["We are sorry."])).shape == (1, FEATURES)
    True
    """
    return np.hstack([places * STEPS, places[:, _FIRST] * places[:, _SECOND]])


def weigh(texts: Sequence[str], weights: NDArray[np.int16]) -> NDArray[np.float64]:
    """Sum the weights, of shape (FEATURES, outputs), over the features of each text.

    Examples
    --------
    >>> weigh(["We are sorry."], np.ones((FEATURES, 2), dtype=np.int16)).shape
    (1, 2)
    """
    wide = weights.astype(np.int64)
    sums = [
        lay_out(locate(texts[start : start + _PART])) @ wide
        for start in range(0, len(texts), _PART)
    ]
    empty = np.zeros((0, wide.shape[1]), dtype=np.int64)
    return np.concatenate([empty, *sums]) / STEPS**2
