"""Read a table of feedback as clauses with their stems: what themes are found in."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.sparse as sp

from detractor.meanings import stem_meanings, word_meanings
from detractor.sentences import split_clauses
from detractor.theme_words import stem, surface_words, word_list

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from numpy.typing import NDArray

FEWEST_STEMS = 2
"""A clause with fewer content words is read together with the next: "Why?" names no cause."""

_INSIDE = re.compile(r"(?<=[a-z,] )([A-Za-z]{2,})\b")  # a word inside a sentence
_BRAND_SHARE, _FEWEST, _SAMPLE = 0.05, 5, 5_000  # assumptions, as the next
_CAPITAL_AND_COMMONER = ((0.7, 0), (0.5, 20), (0.3, 50))
"""A name has a capital in so large a share of its uses, and is so many times as common here as in
feedback at large: "credit report" is written either way too where laws are quoted."""


@dataclass(frozen=True, eq=False)
class Reading:
    """The clauses of some texts, in order.

    Parameters
    ----------
    texts : sequence of str
        The texts.
    owner : array of int
        Which text each clause belongs to.
    spans : array of int, shape (n, 2)
        Where the clause starts and ends in its text.
    stems : list of list of str
        The stems of each clause.
    words : sparse matrix, shape (n, words of `word_meanings`)
        How often each clause has each word whose meaning is known.
    brands : set of str
        Stems that were left out as names the table is about.
    """

    texts: Sequence[str]
    owner: NDArray[np.intp]
    spans: NDArray[np.int64]
    stems: list[list[str]]
    words: sp.csr_matrix
    brands: Set[str] = frozenset()

    def __len__(self) -> int:
        return len(self.stems)

    def clause(self, number: int) -> str:
        """Give a clause in the original words."""
        start, end = self.spans[number].tolist()
        return str(self.texts[self.owner[number]][start:end])

    def documents(self) -> list[list[str]]:
        """Give the stems of each text."""
        whole: list[list[str]] = [[] for _ in self.texts]
        for text, stems in zip(self.owner.tolist(), self.stems, strict=True):
            whole[text] += stems
        return whole

    def membership(self) -> sp.csr_matrix:
        """Give the table of texts by clauses, 1 where the clause is of the text."""
        ones = np.ones(len(self), dtype=np.float32)
        shape = (len(self.texts), len(self))
        return sp.csr_matrix((ones, (self.owner, np.arange(len(self)))), shape=shape)

    def text_words(self) -> sp.csr_matrix:
        """Give how often each text has each word whose meaning is known."""
        return (self.membership() @ self.words).tocsr()

    def part(self, chosen: NDArray[np.bool_]) -> Reading:
        """Keep some of the texts."""
        kept = np.flatnonzero(chosen[self.owner])
        renumbered = np.cumsum(chosen) - 1
        return Reading(
            [text for text, keep in zip(self.texts, chosen, strict=True) if keep],
            renumbered[self.owner[kept]],
            self.spans[kept],
            [self.stems[i] for i in kept],
            self.words[kept],
            self.brands,
        )


def read_clauses(texts: Sequence[str]) -> Reading:
    """Cut texts into clauses of at least two content words; leave out plain praise and vows.

    Examples
    --------
    >>> reading = read_clauses(["The crew was friendly, but my bag was lost. Why?"])
    >>> [reading.clause(i) for i in range(len(reading))]
    ['but my bag was lost. Why?']
    """
    brands = brand_stems(texts)
    owner: list[int] = []
    spans: list[tuple[int, int]] = []
    stems: list[list[str]] = []
    words: list[list[str]] = []
    for number, text in enumerate(texts):
        for clause in _clauses(text, brands):
            if not (is_praise(clause.words) or is_vow(clause.words)):
                owner.append(number)
                spans.append((clause.start, clause.end))
                stems.append(clause.stems)
                words.append(clause.words)
    return Reading(
        texts,
        np.array(owner, dtype=np.intp),
        np.array(spans, dtype=np.int64).reshape(-1, 2),
        stems,
        word_meanings().count(words),
        brands,
    )


def brand_stems(texts: Sequence[str]) -> frozenset[str]:
    """Find the names a table is about: the brand, its home, its best-known rival.

    A stem is such a name when at least 1 in 20 texts has it, and inside a sentence it mostly has a
    capital, or often has one and is far commoner here than in feedback at large ("uber" is written
    either way). A theme made of them would say who is complained of, not what about.

    Examples
    --------
    >>> sorted(brand_stems(["I asked Acme for a refund.", "why is Acme so slow"] * 9))
    ['acm']
    """
    sample = texts[:: max(1, -(-len(texts) // _SAMPLE))]
    capital: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for text in sample:
        words = set(_INSIDE.findall(text))
        every.update({stem(word.lower()) for word in words})
        capital.update({stem(word.lower()) for word in words if word[0].isupper()})
    fewest = max(_FEWEST, _BRAND_SHARE * len(sample))
    known = stem_meanings()

    def is_name(word: str) -> bool:
        place = known.places.get(word)
        usual = 0.0 if place is None else float(known.share[place])
        here = every[word] / len(sample)
        share = capital[word] / every[word]
        return any(
            share >= least and here >= times * usual for least, times in _CAPITAL_AND_COMMONER
        )

    return frozenset(word for word, n in capital.items() if n >= fewest and is_name(word)) - {""}


def is_praise(words: Sequence[str]) -> bool:
    """Tell a clause that only praises: a word of praise, and no negation or trouble beside it.

    Examples
    --------
    >>> is_praise(["staff", "were", "lovely"]), is_praise(["staff", "were", "not", "friendly"])
    (True, False)
    """
    praise, trouble = word_list("praise"), word_list("trouble")
    return not praise.isdisjoint(words) and trouble.isdisjoint(words)


def is_vow(words: Sequence[str]) -> bool:
    """Tell a clause that only vows to stay away: what follows from the trouble is not its cause.

    Examples
    --------
    >>> is_vow(["i", "will", "never", "fly", "again"]), is_vow(["they", "never", "called"])
    (True, False)
    """
    vows, wrong = word_list("vows"), word_list("wrong")
    return "never" in words and not vows.isdisjoint(words) and wrong.isdisjoint(words)


class _Clause(NamedTuple):
    start: int
    end: int
    words: list[str]
    stems: list[str]


def _clauses(text: str, brands: Set[str]) -> list[_Clause]:
    """Cut into clauses, each joined with those after it until it has enough stems."""
    found: list[_Clause] = []
    for start, end in split_clauses(text):
        words = surface_words(text[start:end])
        stems = [each for word in words if (each := stem(word)) and each not in brands]
        if found and min(len(found[-1].stems), len(stems)) < FEWEST_STEMS:
            last = found.pop()
            start, words, stems = last.start, last.words + words, last.stems + stems
        found.append(_Clause(start, end, words, stems))
    return [clause for clause in found if clause.stems]
