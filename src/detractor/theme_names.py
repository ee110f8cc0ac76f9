"""Name a theme by the phrases that mark it, as a manager would: "late delivery", not "deliv, tim".

The likelihood ratio (Dunning 1993, as nltk computes it) tells how much more a phrase belongs to one
theme than to the others. A name says what goes wrong, and what with: a subject alone is no name
while its clauses share a word of trouble. Groups that speak of no trouble have none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from nltk.metrics import BigramAssocMeasures

from detractor.meanings import stem_meanings
from detractor.theme_phrases import (
    Key,
    Spot,
    count_phrases,
    find_phrases,
    is_cut,
    mostly_negated,
    tells_trouble,
    write_phrase,
)
from detractor.theme_words import plainest, stem, word_list, words_and_stops
from detractor.word_space import unit

FEWEST_UNITS = 3
"""A word or phrase in fewer of a theme's sentences names it not; 2 mark it if it has under 30."""
PHRASE_BONUS = 3.0
"""A phrase says more than a word: its association counts so many times. (Assumption, as are the
shares and limits below.)"""
TROUBLE_BONUS = 2.0
HEAD_SHARE = 0.1
"""A phrase about a word stands for it if it marks the theme at least this much as the word."""
TROUBLE_SHARE = 0.02
"""So does the trouble of a subject, if it stands in so many of the subject's clauses."""
SECOND_SHARE = 0.1
"""A second phrase joins the name if it marks the theme at least this much as the first,"""
SECOND_UNITS = 0.03
"""and stands in so many of the theme's clauses."""
OBJECT_SHARE = 0.1
"""A lone word of trouble takes an object that so many of its clauses have: "missing items"."""
SUBJECT_SHARE = 0.5
"""A theme is of trouble with anything if no subject marks it this much as its word of trouble."""
LEAST_TROUBLE = 0.7
"""A group is quiet if its clauses tell trouble less than this times as often as all do;"""
QUIET_SHARE = 0.05
"""the trouble that names it must stand in so many of them."""
SAME_ROOT = 5
"""Stems that begin with so many same letters say the same: "respond", "response"."""
SAME_WORD = 0.88
"""Cosine from which two stems are one cause: "lost bag", "lost luggage"."""
JUDGED_UNITS = 1_000
"""Of more sentences than this, an even sample is judged."""
MOST_TERMS = 8


class Name(NamedTuple):
    """What a theme is called, and the words that mark it, strongest first."""

    name: str
    terms: tuple[str, ...]


class Mark(NamedTuple):
    """A phrase, and how much it marks a theme."""

    weight: float
    key: Key


def name_themes(
    sentences: Mapping[str, Sequence[str]],
    *,
    others: Sequence[str] = (),
    taken: Set[str] = frozenset(),
    ignored: Set[str] = frozenset(),
    near: Callable[[str, str], bool] = lambda one, other: True,
) -> dict[str, Name]:
    """Name each theme by what its sentences say and the others' do not.

    Parameters
    ----------
    sentences : mapping of theme to sequence of str
        The sentences or clauses that speak of it.
    others : sequence of str
        Sentences that speak of other themes, which have names already.
    taken : set of str
        Those names.
    ignored : set of str
        Stems that shall not be part of a name.
    near : callable
        Whether two themes are near enough to be one cause, if their names would state one.

    Returns
    -------
    dict of theme to Name
        Two themes share a name only where they are one cause. Those that tell no trouble, or
        whose sentences have nothing in common, are left out.

    Examples
    --------
    >>> names = name_themes({
    ...     "t1": ["They lost my bag.", "My bag was lost.", "Lost bag again!"] * 2,
    ...     "t2": ["Late delivery.", "The delivery was late.", "A late delivery again"] * 2,
    ... })
    >>> names["t1"].name, names["t2"].name
    ('lost bag', 'late delivery')
    """
    ignored = ({*ignored} | {stem(word) for word in word_list("unsaid")}) - {""}
    clauses = {theme: _words(listed) for theme, listed in sentences.items()}
    table = _Table.of([*clauses.values(), _words(others)], ignored)
    names: dict[str, Name] = {}
    # The largest theme chooses first, so a name stays with the theme that uses it most.
    order = sorted(sentences, key=lambda theme: (-len(sentences[theme]), theme))
    for themes, one in _by_cause({theme: table.read(clauses[theme]) for theme in order}, near):
        if len(themes) > 1:
            one = table.read([words for theme in themes for words in clauses[theme]])
        name = one.name(taken)
        if name:
            names |= dict.fromkeys(themes, name)
            taken = {*taken, name.name}
    return {theme: names[theme] for theme in sentences if theme in names}


def _by_cause(
    themes: Mapping[str, _Theme], near: Callable[[str, str], bool]
) -> list[tuple[list[str], _Theme]]:
    """Put themes together whose names would state one cause; each with the first of them."""
    causes: list[tuple[_Cause, list[str], _Theme]] = []
    for theme, one in themes.items():
        cause = one.cause()
        alike = (
            others for known, others, _ in causes if cause.is_same(known) and near(theme, others[0])
        )
        together = next(alike, None)
        if together is None:
            causes.append((cause, [theme], one))
        else:
            together.append(theme)
    return [(together, one) for _, together, one in causes]


def _words(sentences: Sequence[str]) -> list[list[str]]:
    """Give the words of each sentence, or of an even sample."""
    step = max(1, -(-len(sentences) // JUDGED_UNITS))
    return [words_and_stops(sentence) for sentence in sentences[::step]]


@dataclass(frozen=True)
class _Table:
    """What all themes have in common: how often each phrase stands, and how often trouble."""

    totals: Counter[Key]
    size: int
    troubled: float
    ignored: Set[str]

    @classmethod
    def of(cls, parts: Sequence[Sequence[Sequence[str]]], ignored: Set[str]) -> _Table:
        clauses = [words for part in parts for words in part]
        return cls(count_phrases(clauses, ignored), len(clauses), _troubled_share(clauses), ignored)

    def read(self, clauses: Sequence[Sequence[str]]) -> _Theme:
        """Find the phrases of a theme, and weigh how much each marks it, strongest first."""
        spots = find_phrases(clauses, self.ignored)
        counts = {key: len(each) for key, each in spots.items()}
        size, marks = len(clauses), []
        fewest = min(FEWEST_UNITS, max(2, size // 10))
        for key, here in counts.items():
            elsewhere_too = size < self.size and here * self.size <= self.totals[key] * size
            if here < fewest or elsewhere_too or (len(key) > 1 and is_cut(spots[key], counts)):
                continue
            weight = _association(here, self.totals[key], size, self.size)
            weight *= PHRASE_BONUS if len(key) > 1 else 1
            weight *= TROUBLE_BONUS if tells_trouble(spots[key]) else 1
            marks.append(Mark(weight, key))
        marks.sort(key=lambda mark: (-mark.weight, mark.key))
        quiet = _troubled_share(clauses) < LEAST_TROUBLE * self.troubled
        return _Theme(spots, marks, self.ignored, size, quiet)


def _troubled_share(clauses: Sequence[Sequence[str]]) -> float:
    """Give the share of clauses with a word of trouble or a negation."""
    told = word_list("wrong") | word_list("negations")
    return sum(not told.isdisjoint(words) for words in clauses) / max(1, len(clauses))


def _association(here: int, total: int, size: int, every: int) -> float:
    """Give Dunning's likelihood ratio; where there is nothing to compare with, the count."""
    if every in (size, total):
        return float(here)
    return float(BigramAssocMeasures.likelihood_ratio(here, (total, size), every))


class _Cause(NamedTuple):
    """What goes wrong in a theme; `trouble` where it befalls now this, now that."""

    head: Key
    trouble: str

    def is_same(self, other: _Cause) -> bool:
        """Tell whether two themes are about the same."""
        one, each = ({*map(plainest, cause.head)} for cause in (self, other))
        if one == each or self.trouble in other.head or other.trouble in self.head:
            return bool(one)
        if not one & each & _wrong_stems() or not len(one) == len(each) == 2:
            return False
        return _likeness(*one - each, *each - one) >= SAME_WORD


@cache
def _wrong_stems() -> frozenset[str]:
    return frozenset(plainest(stem(word)) for word in word_list("wrong"))


@cache
def _likeness(one: str, other: str) -> float:
    """Give the cosine of what two stems mean at large; 1 if they are one, or say one trouble."""
    known = stem_meanings()
    one, other = plainest(one), plainest(other)
    if one == other or one not in known.places or other not in known.places:
        return float(one == other)
    first, second = unit(known.vectors[[known.places[one], known.places[other]]])
    return float(first @ second)


@dataclass(frozen=True)
class _Theme:
    """The phrases of a theme, strongest mark first; it is quiet if it seldom tells trouble."""

    spots: Mapping[Key, Sequence[Spot]]
    marks: Sequence[Mark]
    ignored: Set[str]
    size: int
    quiet: bool

    @cached_property
    def troubles(self) -> dict[Key, set[int]]:
        """Give the clauses of each phrase that tells trouble often enough to name it."""
        needed = max(FEWEST_UNITS, QUIET_SHARE * self.size if self.quiet else 0)
        unclear = {(stem(word),) for word in word_list("unclear")}
        return {
            key: {spot.clause for spot in each}
            for key, each in self.spots.items()
            if len(each) >= needed and key not in unclear and tells_trouble(each)
        }

    def cause(self) -> _Cause:
        """Give the phrase its name begins with, and the word of trouble if no subject is strong."""
        head = next((head for head, _ in self.candidates()), ())
        if not head:
            return _Cause((), "")
        weight, first = self.marks[0]
        subjects = (mark.weight for mark in self.marks if mark.key not in self.troubles)
        lone = len(first) == 1 and first in self.troubles
        lone = lone and next(subjects, 0.0) < SUBJECT_SHARE * weight
        return _Cause(head, first[0] if lone else "")

    def name(self, taken: Set[str]) -> Name | None:
        """Choose the best name that is free; number it where there is no other."""
        marked = (key for _, key in self.marks[:MOST_TERMS])
        terms = tuple(dict.fromkeys(write_phrase(self.spots[key], self.ignored) for key in marked))
        first = ""
        for _, name in self.candidates():
            if name not in taken:
                return Name(name, terms)
            first = first or name
        numbered = (f"{first} ({i})" for i in range(2, len(taken) + 3) if first)
        return next((Name(name, terms) for name in numbered if name not in taken), None)

    def candidates(self) -> Iterator[tuple[Key, str]]:
        """Give phrases and the names they make, best first; plain subjects come last."""
        plain = []
        strong = [mark for mark in self.marks if len(self.spots[mark.key]) >= FEWEST_UNITS]
        for mark in strong:
            head = self._about(mark)
            told = head in self.troubles
            if len(head) == 1 and told and not mostly_negated(self.spots[head]):
                head = self._with_object(head)
            name, said = self._write(head)
            if told and _is_new(strong[0].key, said):
                name = f"{self._write(self._about(strong[0]))[0]}, {name}"
            elif second := self._more(mark, said) if told else self._beside(head, said):
                name += ", " + write_phrase(self.spots[second], self.ignored | said)
                told = True
            if told:
                yield head, name
            elif len(head) > 1 and head == strong[0].key and not self.quiet:
                plain.append((head, name))
        yield from plain

    def _write(self, key: Key) -> tuple[str, set[str]]:
        """Write a phrase, and tell which stems are said by it."""
        name = write_phrase(self.spots[key], self.ignored)
        return name, {stem(word) for word in name.split()} - {""}

    def _about(self, mark: Mark) -> Key:
        """Find the strongest phrase that holds a word, best one that tells trouble."""
        about = [each for each in self.marks if len(each.key) > 1 and {*mark.key} <= {*each.key}]
        needed = TROUBLE_SHARE * len(self.spots[mark.key])
        told = (key for _, key in about if len(self.troubles.get(key, ())) >= needed)
        plain = (key for weight, key in about if weight >= HEAD_SHARE * mark.weight)
        return next(told, mark.key if mark.key in self.troubles else next(plain, mark.key))

    def _with_object(self, word: Key) -> Key:
        """Find the pair that says what a lone word of trouble befell; of rare ones the plainest."""
        known = stem_meanings()

        def commonness(key: Key) -> float:
            place = known.places.get(key[0] if key[1] == word[0] else key[1])
            return 0.0 if place is None else float(known.share[place])

        least = OBJECT_SHARE * len(self.spots[word])
        pairs = [
            (len(each), commonness(key), key)
            for key, each in self.spots.items()
            if len(key) > 1 and word[0] in key and len(each) >= least
        ]
        return max(pairs)[-1] if pairs else word

    def _more(self, mark: Mark, said: Set[str]) -> Key | None:
        """Choose another trouble that marks the theme, and is not said yet."""
        strong = [each for each in self.marks if each.weight >= SECOND_SHARE * mark.weight]
        pairs = ((self._about(each), each.key) for each in strong if each.weight <= mark.weight)
        needed = SECOND_UNITS * self.size
        told = (key for pair in pairs for key in pair if key in self.troubles)
        often = (key for key in told if len(self.troubles[key]) >= needed)
        return next((key for key in often if _is_new(key, said)), None)

    def _beside(self, head: Key, said: Set[str]) -> Key | None:
        """Choose the trouble that stands most often in the clauses of a subject."""
        clauses = {spot.clause for spot in self.spots[head]}
        needed = max(FEWEST_UNITS, TROUBLE_SHARE * len(clauses))
        shared = {
            key: together
            for key, where in self.troubles.items()
            if _is_new(key, said) and (together := len(where & clauses)) >= needed
        }
        if not shared:
            return None
        weights = {key: weight for weight, key in self.marks}

        def strength(key: Key) -> tuple[float, float, Key]:
            return shared[key], weights.get(key, 0.0), key

        best = max(shared, key=strength)
        fuller = [key for key in shared if {*best} < {*key} and 2 * shared[key] >= shared[best]]
        return max(fuller, key=strength, default=best)


def _is_new(key: Key, said: Set[str]) -> bool:
    """Tell whether no word of a phrase is said yet, in whatever form, or by another word."""
    return not any(
        word[:SAME_ROOT] == each[:SAME_ROOT] or _likeness(word, each) >= SAME_WORD
        for word in key
        for each in said
    )
