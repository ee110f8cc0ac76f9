"""Name a theme by the phrases that mark it, as a manager would: "late delivery", not "deliv, tim".

The likelihood ratio (Dunning 1993, as nltk computes it) tells how much more a phrase belongs to one
theme than to the others. A name says what goes wrong: phrases that tell trouble go before those
that only name the subject. Sentences that share no phrase and no word of trouble have no name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from nltk.metrics import BigramAssocMeasures

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
from detractor.theme_words import stem, words_and_stops
from detractor.word_space import background

FEWEST_UNITS = 3
"""A word or phrase in fewer of a theme's sentences names it not; 2 mark it if it has under 30."""
PHRASE_BONUS = 3.0
"""A phrase says more than a word: its association counts so many times. (Assumption, as are the
next four.)"""
TROUBLE_BONUS = 2.0
HEAD_SHARE = 0.1
"""A phrase about a word stands for it if it marks the theme at least this much as the word."""
SECOND_SHARE = 0.1
"""A second phrase joins the name if it marks the theme at least this much as the first."""
OBJECT_SHARE = 0.1
"""A lone word of trouble takes an object that so many of its clauses have: "missing items"."""
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

    Returns
    -------
    dict of theme to Name
        No two themes share a name. Those whose sentences have none are left out.

    Examples
    --------
    >>> names = name_themes({
    ...     "t1": ["They lost my bag.", "My bag was lost.", "Lost bag again!"] * 2,
    ...     "t2": ["Late delivery.", "The delivery was late.", "A late delivery again"] * 2,
    ... })
    >>> names["t1"].name, names["t2"].name
    ('lost bag', 'late delivery')
    """
    clauses = {theme: _words(listed) for theme, listed in sentences.items()}
    beside = _words(others)
    counts = {theme: count_phrases(listed, ignored) for theme, listed in clauses.items()}
    totals = count_phrases(beside, ignored)
    for count in counts.values():
        totals.update(count)
    every = len(beside) + sum(map(len, clauses.values()))
    names: dict[str, Name] = {}
    # The largest theme chooses first, so a name stays with the theme that uses it most.
    for theme in sorted(sentences, key=lambda theme: (-len(sentences[theme]), theme)):
        spots = find_phrases(clauses[theme], ignored)
        marks = _marks(spots, totals, len(clauses[theme]), every)
        name = _compose(marks, spots, taken, ignored)
        if name:
            names[theme] = name
            taken = {*taken, name.name}
    return {theme: names[theme] for theme in sentences if theme in names}


def _words(sentences: Sequence[str]) -> list[list[str]]:
    """Give the words of each sentence, or of an even sample."""
    step = max(1, -(-len(sentences) // JUDGED_UNITS))
    return [words_and_stops(sentence) for sentence in sentences[::step]]


def _marks(
    spots: Mapping[Key, Sequence[Spot]], totals: Counter[Key], size: int, every: int
) -> list[Mark]:
    """Weigh each phrase by how much it marks the theme, strongest first."""
    counts = {key: len(each) for key, each in spots.items()}
    marks = []
    fewest = min(FEWEST_UNITS, max(2, size // 10))
    for key, here in counts.items():
        total = totals[key]
        elsewhere_too = size < every and here * every <= total * size
        if here < fewest or elsewhere_too:
            continue
        weight = _association(here, total, size, every)
        if len(key) > 1:
            if is_cut(spots[key], counts):
                continue
            weight *= PHRASE_BONUS
        if tells_trouble(spots[key]):
            weight *= TROUBLE_BONUS
        marks.append(Mark(weight, key))
    return sorted(marks, key=lambda mark: (-mark.weight, mark.key))


def _association(here: int, total: int, size: int, every: int) -> float:
    """Give Dunning's likelihood ratio; where there is nothing to compare with, the count."""
    if every in (size, total):
        return float(here)
    return float(BigramAssocMeasures.likelihood_ratio(here, (total, size), every))


def _compose(
    marks: Sequence[Mark],
    spots: Mapping[Key, Sequence[Spot]],
    taken: Set[str],
    ignored: Set[str],
) -> Name | None:
    """Choose the best name that is free; number it where there is no other."""
    terms = tuple(dict.fromkeys(write_phrase(spots[key], ignored) for _, key in marks[:MOST_TERMS]))
    names = list(_candidates(marks, spots, ignored))
    numbered = (f"{name} ({i})" for i in range(2, len(taken) + 3) for name in names[:1])
    free = (name for name in (*names, *numbered) if name not in taken)
    return next((Name(name, terms) for name in free), None)


def _candidates(
    marks: Sequence[Mark], spots: Mapping[Key, Sequence[Spot]], ignored: Set[str]
) -> Iterator[str]:
    """Give names, best first: a phrase about a strong word, and one of what it leaves unsaid.

    One of them at least tells trouble, or is more than a word.
    """
    common = [mark for mark in marks if len(spots[mark.key]) >= FEWEST_UNITS]
    for start, mark in enumerate(common):
        head = _phrase_about(mark, marks, spots)
        if len(head) == 1 and tells_trouble(spots[head]) and not mostly_negated(spots[head]):
            head = _with_object(head, spots)
        name = write_phrase(spots[head], ignored)
        said = {stem(word) for word in name.split()} - {""}
        second = _second(common[start:], spots, said, needed=not tells_trouble(spots[head]))
        if second:
            name += ", " + write_phrase(spots[second], ignored | said)
        if any(len(key) > 1 or tells_trouble(spots[key]) for key in (head, second) if key):
            yield name


def _phrase_about(mark: Mark, marks: Sequence[Mark], spots: Mapping[Key, Sequence[Spot]]) -> Key:
    """Find the strongest phrase that holds a word, best one that tells trouble."""
    least = HEAD_SHARE * mark.weight
    about = [
        key
        for weight, key in marks
        if weight >= least and len(key) > 1 and set(mark.key) <= set(key)
    ]
    troubled = (key for key in about if tells_trouble(spots[key]))
    return next(troubled, about[0] if about else mark.key)


def _with_object(word: Key, spots: Mapping[Key, Sequence[Spot]]) -> Key:
    """Find the pair that says what a lone word of trouble befell; of rare ones the plainest."""
    known = background()

    def commonness(key: Key) -> float:
        place = known.places.get(key[0] if key[1] == word[0] else key[1])
        return 0.0 if place is None else float(known.share[place])

    pairs = [
        (len(each), commonness(key), key)
        for key, each in spots.items()
        if len(key) > 1 and word[0] in key and len(each) >= OBJECT_SHARE * len(spots[word])
    ]
    return max(pairs)[-1] if pairs else word


def _second(
    marks: Sequence[Mark], spots: Mapping[Key, Sequence[Spot]], said: Set[str], *, needed: bool
) -> Key | None:
    """Choose a phrase of what is not said yet; where trouble is needed, one that tells it."""
    strong = [mark for mark in marks if mark.weight >= SECOND_SHARE * marks[0].weight]
    about = [(_phrase_about(mark, marks, spots), mark.key) for mark in strong]
    troubled = (
        key for pair in about for key in pair if said.isdisjoint(key) and tells_trouble(spots[key])
    )
    unsaid = next((phrase for phrase, _ in about if said.isdisjoint(phrase)), None)
    return next(troubled, unsaid) if needed else unsaid
