"""What words mean in customer feedback at large: vectors distilled beforehand, shipped.

Each word has the vector that makes the sum over a text point where a sentence encoder puts the
text (``training/word_vectors.py``). A stem means what its words do, the common ones more.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp
from safetensors.numpy import load

from detractor.theme_words import stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray


class Meanings(NamedTuple):
    """The vectors of some words, or stems, and the share of texts that have each.

    Parameters
    ----------
    places : dict of str to int
        The row of each word.
    vectors : array of float32, shape (n_words, dimensions)
        The longer, the more a word says.
    share : array of float32, shape (n_words,)
        Of texts with the word, in customer feedback at large.
    """

    places: dict[str, int]
    vectors: NDArray[np.float32]
    share: NDArray[np.float32]

    def count(self, documents: Sequence[Sequence[str]]) -> sp.csr_matrix:
        """Count the known words of each document.

        Examples
        --------
        >>> counts = word_meanings().count([["late", "flight", "late"], []])
        >>> counts.sum(axis=1).tolist()
        [[3.0], [0.0]]
        """
        return count_known(documents, self.places)


def count_known(documents: Iterable[Sequence[str]], places: Mapping[str, int]) -> sp.csr_matrix:
    """Count in each document the words that have a place.

    Examples
    --------
    >>> count_known([["late", "bag", "late"], []], {"bag": 0, "late": 1}).toarray().tolist()
    [[1.0, 2.0], [0.0, 0.0]]
    """
    columns: list[int] = []
    ends = [0]
    for document in documents:
        columns += [place for word in document if (place := places.get(word)) is not None]
        ends.append(len(columns))
    ones = np.ones(len(columns), dtype=np.float32)
    table = sp.csr_matrix((ones, columns, ends), shape=(len(ends) - 1, len(places)))
    table.sum_duplicates()
    return table


@cache
def word_meanings() -> Meanings:
    """Load the shipped vectors.

    Examples
    --------
    >>> known = word_meanings()
    >>> bag, luggage, price = (known.vectors[known.places[w]] for w in ("bag", "luggage", "price"))
    >>> bool(bag @ luggage > bag @ price)
    True
    """
    stored = load(_content())
    words = stored["words"].tobytes().decode().split("\n")
    vectors = stored["vectors"].astype(np.float32) * stored["scale"][:, None]
    return Meanings({word: i for i, word in enumerate(words)}, vectors, stored["share"])


@cache
def stem_meanings() -> Meanings:
    """Give the mean vector of the words of each stem, and the sum of their shares.

    Examples
    --------
    >>> known = stem_meanings()
    >>> {"luggag", "delay"} <= known.places.keys(), "delays" in known.places
    (True, False)
    """
    words = word_meanings()
    stems = [stem(word) for word in words.places]
    places = {each: i for i, each in enumerate(dict.fromkeys(filter(None, stems)))}
    rows = [(places[each], i) for i, each in enumerate(stems) if each]
    owner, member = np.array(rows, dtype=np.intp).T
    shares = words.share[member]
    shape = (len(places), len(stems))
    belongs = sp.csr_matrix((shares, (owner, member)), shape=shape)
    share = np.asarray(belongs.sum(axis=1), dtype=np.float32).ravel()
    return Meanings(places, (belongs @ words.vectors) / share[:, None], share)


@cache
def fingerprint() -> str:
    """Tell one edition of the vectors from another: what was placed by one is placed by no other.

    Examples
    --------
    >>> len(fingerprint())
    16
    """
    return sha256(_content()).hexdigest()[:16]


def _content() -> bytes:
    return files("detractor").joinpath("data/word_vectors.safetensors").read_bytes()
