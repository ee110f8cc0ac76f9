"""Place texts so that those about the same trouble lie near, whatever words they use.

Two views stand side by side. `meaning` is what the words mean in customer feedback at large:
vectors distilled beforehand from a sentence encoder, shipped with the package. `usage` is how this
table uses them: a latent semantic analysis of its stems and pairs of stems, which knows the
company's own terms. A text's place is a weighted sum over its words in each view, so it never
depends on other texts once the space is fitted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp
from safetensors.numpy import load
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from numpy.typing import NDArray

FEWEST_TEXTS = 3
"""What a table means by a stem or pair is learned from at least so many texts; what a rarer stem
means at large is known all the same."""
COMMONEST = 0.4
"""One in a larger share of the texts is the subject of the table (the brand, the trade), if there
are more than `FEW_TEXTS` with it."""
FEW_TEXTS = 100
MOST_WORDS = 40_000
MOST_DIMENSIONS = 40
"""Of the usage view: the root of the number of texts, and at most so many. More axes than that
would learn a small table by heart. (Assumption.)"""
SMOOTHING = 0.01
"""Weight of a word is a / (a + share of texts with it) (Arora, Liang and Ma 2017, with their a for
words counted by text)."""
FITTED_TEXTS = 20_000
"""More texts than this are represented by an even sample when the usage is learned."""


class Background(NamedTuple):
    """Word vectors distilled over feedback at large: see training/word_vectors.py."""

    places: dict[str, int]
    vectors: NDArray[np.float32]
    share: NDArray[np.float32]


@cache
def background() -> Background:
    """Load the shipped vectors.

    Examples
    --------
    >>> known = background()
    >>> bag, luggage, price = (known.vectors[known.places[w]] for w in ("bag", "luggag", "price"))
    >>> bool(bag @ luggage > bag @ price)
    True
    """
    stored = load(files("detractor").joinpath("data/word_vectors.safetensors").read_bytes())
    words = stored["words"].tobytes().decode().split("\n")
    vectors = stored["vectors"].astype(np.float32) * stored["scale"][:, None]
    return Background({word: i for i, word in enumerate(words)}, vectors, stored["share"])


@dataclass(frozen=True, eq=False)
class WordSpace:
    """Where each stem and pair of stems lies, in both views.

    Parameters
    ----------
    words : tuple of str
        Stems, and pairs joined by a space.
    meaning, usage : array of float32, shape (n_words, dimensions)
        Weighted vectors of the two views.
    """

    words: tuple[str, ...]
    meaning: NDArray[np.float32]
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
        places = self._places
        columns: list[int] = []
        ends = [0]
        for document in documents:
            columns += [i for word in document if (i := places.get(word)) is not None]
            columns += [i for pair in pairs_of(document) if (i := places.get(pair)) is not None]
            ends.append(len(columns))
        ones = np.ones(len(columns), dtype=np.float32)
        table = sp.csr_matrix((ones, columns, ends), shape=(len(documents), len(self.words)))
        table.sum_duplicates()
        return table

    def place(self, counts: sp.csr_matrix) -> NDArray[np.float32]:
        """Give each row of counts its place, a vector of length 1 (0 where no word is known).

        Examples
        --------
        >>> space = fit_space([["late", "flight"]] * 4 + [["lost", "bag"]] * 4)
        >>> late, lost, none = space.place(space.count([["late"], ["lost", "bag"], []]))
        >>> round(float(late @ late), 3), bool(late @ lost < 0.9), float(none @ none)
        (1.0, True, 0.0)
        """
        damped = counts.copy()
        damped.data = 1 + np.log(damped.data)
        views = [unit(damped @ view) for view in (self.meaning, self.usage)]
        return unit(np.hstack(views))


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
    frequent = sum(count >= FEWEST_TEXTS for count in counts.values())
    usage = _usage(words[:frequent], share[:frequent], sample)
    rare = np.zeros((len(words) - frequent, usage.shape[1]), dtype=np.float32)
    return WordSpace(words, _meaning(words, share), np.vstack([usage, rare]))


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
    known = background().places
    telling = [
        (-n, word)
        for word, n in counts.items()
        if (n >= FEWEST_TEXTS or word in known) and (n <= most or word in kept)
    ]
    return {word: -n for n, word in sorted(telling)[:MOST_WORDS]}


def _meaning(words: Sequence[str], share: NDArray[np.float32]) -> NDArray[np.float32]:
    known = background()
    vectors = np.zeros((len(words), known.vectors.shape[1]), dtype=np.float32)
    found = [(i, place) for i, w in enumerate(words) if (place := known.places.get(w)) is not None]
    if found:
        ours, theirs = map(list, zip(*found, strict=True))
        commoner = np.maximum(share[ours], known.share[theirs])
        vectors[ours] = known.vectors[theirs] * (SMOOTHING / (SMOOTHING + commoner))[:, None]
    return vectors


def _usage(
    words: tuple[str, ...], share: NDArray[np.float32], documents: Sequence[Sequence[str]]
) -> NDArray[np.float32]:
    """Reduce the TF-IDF table; a word's vector is its row of components, times its weight."""
    dimensions = min(MOST_DIMENSIONS, round(len(documents) ** 0.5), len(words) - 1)
    if dimensions < 2:
        return np.zeros((len(words), 1), dtype=np.float32)
    rarity = 1 - np.log(share)
    counts = WordSpace(words, np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)).count(
        documents
    )
    counts.data = 1 + np.log(counts.data)
    weighted = normalize(counts.multiply(rarity[None, :]).tocsr())
    # Seeded, and refined by power steps, so that the same table gives the same axes.
    _, _, axes = randomized_svd(weighted, dimensions, n_iter=4, random_state=0)
    usage: NDArray[np.float32] = (axes.T * rarity[:, None]).astype(np.float32)
    return usage
