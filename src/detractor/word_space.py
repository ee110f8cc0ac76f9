"""Place texts so that those about the same trouble lie near, whatever words they use.

Two views stand side by side. The meaning is what the words mean in customer feedback at large:
see `detractor.meanings`. The usage is how this table uses them: a latent semantic analysis of its
stems and pairs of stems, which knows the company's own terms. A text's place is a weighted sum over
its words in each view, so it never depends on other texts once the space is fitted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from detractor.meanings import count_known, word_meanings

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    import scipy.sparse as sp
    from numpy.typing import NDArray

MEANING_WEIGHT = 2.0
"""Of the meaning beside the usage: 1.5 to 2.5 recognise labelled causes alike, 1 and 3 worse (on
the sets that ``benchmarks/themes.py`` calls seen)."""
FEWEST_TEXTS = 3
"""What a table means by a stem or pair is learned from at least so many texts."""
COMMONEST = 0.4
"""One in a larger share of the texts is the subject of the table (the brand, the trade), if there
are more than `FEW_TEXTS` with it."""
FEW_TEXTS = 100
MOST_WORDS = 40_000
MOST_DIMENSIONS = 40
"""Of the usage view: the root of the number of texts, and at most so many. More axes than that
would learn a small table by heart. (Assumption.)"""
FITTED_TEXTS = 20_000
"""More texts than this are represented by an even sample when the usage is learned."""


@dataclass(frozen=True, eq=False)
class WordSpace:
    """How a table uses each stem and pair of stems.

    Parameters
    ----------
    words : tuple of str
        Stems, and pairs joined by a space.
    usage : array of float32, shape (n_words, dimensions)
        Weighted vectors.
    """

    words: tuple[str, ...]
    usage: NDArray[np.float32]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.words)}

    def count(self, documents: Sequence[Sequence[str]]) -> sp.csr_matrix:
        """Count the known stems and pairs of each document.

        Examples
        --------
        >>> space = fit_space([["late", "flight"]] * 4 + [["lost", "bag"]] * 4)
        >>> space.count([["late", "late", "flight"]]).sum()
        np.float32(4.0)
        """
        whole = ([*document, *pairs_of(document)] for document in documents)
        return count_known(whole, self._places)

    def place(self, counts: sp.csr_matrix, words: sp.csr_matrix) -> NDArray[np.float32]:
        """Give each text its place, a vector of length 1 (0 where no word is known).

        Parameters
        ----------
        counts : sparse matrix, shape (n, n_words)
            From `count`.
        words : sparse matrix, shape (n, words of `word_meanings`)
            From `Meanings.count`.

        Examples
        --------
        >>> documents = [["late", "flight"]] * 4 + [["lost", "bag"]] * 4
        >>> space, some = fit_space(documents), [["late"], ["lost", "bag"], []]
        >>> late, lost, none = space.place(space.count(some), word_meanings().count(some))
        >>> round(float(late @ late), 3), bool(late @ lost < 0.9), float(none @ none)
        (1.0, True, 0.0)
        """
        meaning = unit(_damped(words) @ word_meanings().vectors)
        return unit(np.hstack([MEANING_WEIGHT * meaning, unit(_damped(counts) @ self.usage)]))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each row the length 1; a row of zeros stays.

    Examples
    --------
    >>> unit(np.array([[3, 4], [0, 0]], dtype=np.float32)).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    scaled = vectors / np.where(length > 0, length, 1)[:, None]
    return scaled.astype(np.float32)


def fit_space(documents: Sequence[Sequence[str]], *, kept: Set[str] = frozenset()) -> WordSpace:
    """Learn how a table uses its words.

    Parameters
    ----------
    documents : sequence of sequence of str
        The stems of each text.
    kept : set of str
        Stems and pairs that stay, however common they are.

    Examples
    --------
    >>> fit_space([["late", "flight"]] * 4 + [["lost", "bag"]] * 4).words[:2]
    ('bag', 'bag lost')
    """
    step = max(1, -(-len(documents) // FITTED_TEXTS))
    sample = documents[::step]
    counts = _counts(sample, kept)
    words = tuple(counts)
    share = np.fromiter((n / len(sample) for n in counts.values()), dtype=np.float32)
    return WordSpace(words, _usage(words, share, sample))


def pairs_of(document: Sequence[str]) -> list[str]:
    """Join neighbours in the order of the alphabet: "flight cancelled" is "cancelled flight".

    Examples
    --------
    >>> pairs_of(["late", "flight", "again"])
    ['flight late', 'again flight']
    """
    return [f"{a} {b}" if a <= b else f"{b} {a}" for a, b in pairwise(document)]


def _counts(documents: Sequence[Sequence[str]], kept: Set[str]) -> dict[str, int]:
    """Count the texts of each stem and pair that says something, commonest first."""
    counts: Counter[str] = Counter()
    for document in documents:
        counts.update({*document, *pairs_of(document)})
    most = max(COMMONEST * len(documents), FEW_TEXTS)
    telling = [
        (-n, word)
        for word, n in counts.items()
        if n >= FEWEST_TEXTS and (n <= most or word in kept)
    ]
    return {word: -n for n, word in sorted(telling)[:MOST_WORDS]}


def _usage(
    words: tuple[str, ...], share: NDArray[np.float32], documents: Sequence[Sequence[str]]
) -> NDArray[np.float32]:
    """Reduce the TF-IDF table; a word's vector is its row of components, times its weight."""
    dimensions = min(MOST_DIMENSIONS, round(len(documents) ** 0.5), len(words) - 1)
    if dimensions < 2:
        return np.zeros((len(words), 1), dtype=np.float32)
    rarity = 1 - np.log(share)
    counts = _damped(WordSpace(words, np.zeros((0, 0), np.float32)).count(documents))
    weighted = normalize(counts.multiply(rarity[None, :]).tocsr())
    # Seeded, and refined by power steps, so that the same table gives the same axes.
    _, _, axes = randomized_svd(weighted, dimensions, n_iter=4, random_state=0)
    usage: NDArray[np.float32] = (axes.T * rarity[:, None]).astype(np.float32)
    return usage


def _damped(counts: sp.csr_matrix) -> sp.csr_matrix:
    """Let what is said often in a text count less than so many times."""
    damped = counts.copy()
    damped.data = 1 + np.log(damped.data)
    return damped
