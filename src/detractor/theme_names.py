"""Name a theme by the phrases that mark it, as a manager would: "late delivery", not "deliv, tim".

Phrases are found by nltk's collocation measures, which need no downloads: the likelihood ratio
(Dunning 1993) tells how much more a phrase belongs to one theme than to the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from nltk.metrics import BigramAssocMeasures

from detractor.theme_words import stem, surface_words

LONGEST_GAP = 1
"""A phrase may hold so many function words: "lack of communication"."""
FEWEST_UNITS = 3
"""A phrase in fewer of a theme's sentences is no mark of it; 2 where it has under 30 of them."""
PHRASE_BONUS = 3.0
"""A phrase says more than a word: its association counts so many times. (Assumption.)"""
HEAD_SHARE = 0.2
"""A phrase about a word stands for it if it marks the theme at least this much as the word."""
SECOND_SHARE = 0.1
"""A second phrase joins the name if it marks the theme at least this much as the first."""
JUDGED_UNITS = 3_000

_PLAIN_GAPS = frozenset(
    {"of", "to", "for", "on", "in", "the", "my", "a", "with", "up", "out"}
    | {"not", "no", "back", "off", "at"}
)

_NEGATIONS = frozenset(
    {"no", "not", "never", "nobody", "without", "cannot", "can't", "cant", "don't", "dont"}
    | {"doesn't", "doesnt", "didn't", "didnt", "won't", "wont", "isn't", "wasn't", "couldn't"}
)
_PARTICLES = frozenset({"in", "out", "up", "off", "back", "down"})

Key = tuple[str, ...]


class Name(NamedTuple):
    """What a theme is called, and the words that mark it, strongest first."""

    name: str
    terms: tuple[str, ...]


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
        No two themes share a name.

    Examples
    --------
    >>> names = name_themes({
    ...     "t1": ["They lost my bag.", "My bag was lost.", "Lost bag again!"] * 2,
    ...     "t2": ["Late delivery.", "The delivery was late.", "A late delivery again"] * 2,
    ... })
    >>> names["t1"].name, names["t2"].name
    ('lost bag', 'late delivery')
    """
    forms: dict[Key, Counter[str]] = {}
    sampled = {theme: _sample(listed) for theme, listed in sentences.items()}
    counts = {theme: _count(listed, forms, ignored) for theme, listed in sampled.items()}
    beside = _sample(others)
    totals = _count(beside, forms, ignored)
    for count in counts.values():
        totals.update(count)
    every = len(beside) + sum(map(len, sampled.values()))
    names: dict[str, Name] = {}
    # The largest theme chooses first, so a name stays with the theme that uses it most.
    for theme in sorted(sentences, key=lambda theme: (-len(sentences[theme]), theme)):
        marks = _marks(counts[theme], totals, len(sampled[theme]), every)
        names[theme] = _compose(marks, forms, taken, theme)
        taken = {*taken, names[theme].name}
    return {theme: names[theme] for theme in sentences}


def _sample(sentences: Sequence[str]) -> Sequence[str]:
    return sentences[:: max(1, -(-len(sentences) // JUDGED_UNITS))]


def _count(
    sentences: Sequence[str], forms: dict[Key, Counter[str]], ignored: Set[str]
) -> Counter[Key]:
    """Count in how many sentences each word and phrase stands; note how it is written."""
    counts: Counter[Key] = Counter()
    for sentence in sentences:
        found = dict(_phrases(surface_words(sentence), ignored))
        counts.update(found.keys())
        for key, form in found.items():
            forms.setdefault(key, Counter())[form] += 1
    return counts


def _phrases(words: Sequence[str], ignored: Set[str]) -> Iterator[tuple[Key, str]]:
    stems = ["" if (found := stem(word)) in ignored else found for word in words]
    for i, first in enumerate(stems):
        if not first:
            continue
        yield (first,), _with_company(words, i, i)
        for j in range(i + 1, min(i + LONGEST_GAP + 2, len(words))):
            gap = words[i + 1 : j]
            if stems[j] and stems[j] != first and all(word in _PLAIN_GAPS for word in gap):
                yield tuple(sorted((first, stems[j]))), _with_company(words, i, j)
                break


def _with_company(words: Sequence[str], first: int, last: int) -> str:
    """Write a phrase with a negation before and a particle after it: "not working", "log in"."""
    if first and words[first - 1] in _NEGATIONS:
        first -= 1
    if last + 1 < len(words) and words[last + 1] in _PARTICLES:
        last += 1
    return " ".join(words[first : last + 1])


def _marks(
    counts: Counter[Key], totals: Counter[Key], size: int, every: int
) -> list[tuple[float, Key]]:
    """Weigh each phrase by how much it marks the theme, strongest first."""
    marks = []
    fewest = min(FEWEST_UNITS, max(2, size // 10))
    for key, here in counts.items():
        total = totals[key]
        elsewhere_too = size < every and here * every <= total * size
        if here < fewest or elsewhere_too:
            continue
        weight = _association(here, total, size, every)
        marks.append((weight * (PHRASE_BONUS if len(key) > 1 else 1.0), key))
    return sorted(marks, key=lambda mark: (-mark[0], mark[1]))


def _association(here: int, total: int, size: int, every: int) -> float:
    """Give Dunning's likelihood ratio; where there is nothing to compare with, the count."""
    if every in (size, total):
        return float(here)
    return float(BigramAssocMeasures.likelihood_ratio(here, (total, size), every))


def _compose(
    marks: Sequence[tuple[float, Key]],
    forms: Mapping[Key, Counter[str]],
    taken: Set[str],
    theme: str,
) -> Name:
    """Join the best phrase about the strongest word, and that of the next word it leaves unsaid."""
    terms = tuple(_written(forms[key]) for _, key in marks[:8])
    for start, (weight, word) in enumerate(marks):
        head = _phrase_about(word, weight, marks)
        parts = [head]
        for strength, key in marks[start:]:
            if strength < SECOND_SHARE * weight:
                break
            second = _phrase_about(key, strength, marks)
            if not set(second) & set(head):
                parts.append(second)
                break
        name = ", ".join(_written(forms[part]) for part in parts)
        if name not in taken:
            return Name(name, terms)
    return Name(theme, terms)


def _phrase_about(word: Key, weight: float, marks: Sequence[tuple[float, Key]]) -> Key:
    """Find the strongest phrase that holds a word, if it marks the theme nearly as much."""
    about = (mark for mark in marks if set(word) <= set(mark[1]) and len(mark[1]) > 1)
    return next((key for strength, key in about if strength >= HEAD_SHARE * weight), word)


def _written(forms: Counter[str]) -> str:
    """Choose the commonest way to write a phrase, with a negation where most have one."""
    negated = {form: n for form, n in forms.items() if form.split()[0] in _NEGATIONS}
    mostly = 2 * sum(negated.values()) > sum(forms.values())
    usual = negated if mostly else {f: n for f, n in forms.items() if f not in negated} or forms
    return min(usual, key=lambda form: (-usual[form], form.count(" "), len(form), form))
