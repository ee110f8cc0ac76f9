"""Find the phrases of clauses, and write them as people do: "app doesn't work", "pre existing".

A phrase is a content word, or two with at most two small words between them; "flight was delayed"
and "delayed flight" are one phrase. How it is written follows from how it mostly stands in the
clauses: with a negation before it, and with the neighbours that belong to it ("low cost airline").
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cache
from typing import NamedTuple

from detractor.theme_words import stem, word_list

LONGEST_GAP = 2
NEGATED_SHARE = 0.4
"""A phrase is written with its negation if so many of its spots have one. (Assumption.)"""
COMPANY_SHARE = 0.35
"""A neighbour belongs to a phrase if it stands beside so many of its spots. (Assumption.)"""
MOST_COMPANY = 2
FEWEST = 2
"""What stands in one clause alone is chance."""

Key = tuple[str, ...]
"""The stems of a phrase, in the order of the alphabet."""


class Spot(NamedTuple):
    """A phrase in a clause: its words, the first and last one of the phrase, and its number."""

    words: Sequence[str]
    first: int
    last: int
    clause: int = 0

    def __str__(self) -> str:
        return " ".join(self.words[self.first : self.last + 1])

    def holds(self, listed: str) -> bool:
        """Tell whether a word of a list stands in it."""
        return not word_list(listed).isdisjoint(self.words[self.first : self.last + 1])

    def beside(self, steps: int) -> str:
        """Give the word so many steps after it, or before it if negative; "" beyond the clause."""
        place = self.last + steps if steps > 0 else self.first + steps
        word = self.words[place] if 0 <= place < len(self.words) else ""
        return word.removesuffix("to") if word in ("into", "onto") else word


def count_phrases(clauses: Sequence[Sequence[str]], ignored: Set[str]) -> Counter[Key]:
    """Count in how many clauses each phrase stands.

    Examples
    --------
    >>> count_phrases([["late", "flight"], ["flight", "was", "late"]], set())[("flight", "late")]
    2
    """
    counts: Counter[Key] = Counter()
    for words in clauses:
        counts.update({key for key, _ in _phrases(words, ignored)})
    return counts


def find_phrases(clauses: Sequence[Sequence[str]], ignored: Set[str]) -> dict[Key, list[Spot]]:
    """Find where each phrase stands, the first time in each clause.

    Parameters
    ----------
    clauses : sequence of sequences of str
        The words of each, as `detractor.theme_words.words_and_stops` gives them.
    ignored : set of str
        Stems that shall not be part of a phrase.

    Examples
    --------
    >>> [str(spot) for spot in find_phrases([["it", "never", "works"]], set())[("work",)]]
    ['never works']
    """
    found: defaultdict[Key, list[Spot]] = defaultdict(list)
    for number, words in enumerate(clauses):
        here: dict[Key, Spot] = {}
        for key, spot in _phrases(words, ignored):
            here.setdefault(key, spot)
        for key, spot in here.items():
            first = _negation_before(words, spot.first)
            found[key].append(spot._replace(first=first, clause=number))
    return dict(found)


def tells_trouble(spots: Sequence[Spot]) -> bool:
    """Tell whether a phrase says what went wrong: by a word for it, or by its negation.

    Examples
    --------
    >>> spots = find_phrases([["lost", "my", "bag"], ["lost", "bag"]], set())
    >>> tells_trouble(spots[("bag", "lost")]), tells_trouble(spots[("bag",)])
    (True, False)
    """
    return 2 * sum(spot.holds("wrong") for spot in spots) > len(spots) or mostly_negated(spots)


def mostly_negated(spots: Sequence[Spot]) -> bool:
    """Tell whether a phrase is often enough negated to be written so."""
    told = sum(spot.holds("negations") and not spot.holds("shunned") for spot in spots)
    return told >= max(FEWEST, NEGATED_SHARE * len(spots))


def is_cut(spots: Sequence[Spot], counts: Mapping[Key, int]) -> bool:
    """Tell whether a pair is mostly cut out of a commoner one: "called customer" of "... service".

    Examples
    --------
    >>> clauses = [["called", "customer", "service"], ["customer", "service"]]
    >>> counts = count_phrases(clauses, set())
    >>> is_cut(find_phrases(clauses, set())[("call", "custom")], counts)
    True
    """
    return 2 * sum(_spot_is_cut(spot, len(spots), counts) for spot in spots) > len(spots)


def write_phrase(spots: Sequence[Spot], ignored: Set[str] = frozenset()) -> str:
    """Write a phrase the commonest way, with the neighbours that belong to it.

    Parameters
    ----------
    spots : sequence of Spot
        Where it stands; at least one.
    ignored : set of str
        Stems of words that shall not join it.

    Examples
    --------
    >>> clauses = [["a", "low", "cost", "airline"], ["low", "cost", "airline", "again"]]
    >>> write_phrase(find_phrases(clauses, set())[("airlin", "cost")])
    'low cost airline'
    """
    negated = mostly_negated(spots)
    alike = [spot for spot in spots if spot.holds("negations") == negated] or spots
    if not tells_trouble(spots):  # "room was clean" would be praise
        alike = [spot for spot in alike if not spot.holds("copulas")] or alike
    forms = Counter(map(str, alike))
    usual = min(forms, key=lambda form: (-forms[form], form.count(" "), len(form), form))
    needed = max(FEWEST, COMPANY_SHARE * len(alike))
    alike = [spot for spot in alike if str(spot) == usual]
    before = _company(alike, -1, ignored | set(usual.split()), needed)
    after = _company(alike, 1, ignored | {*usual.split(), *before}, needed)
    return " ".join([*reversed(before), usual, *after])


def _phrases(words: Sequence[str], ignored: Set[str]) -> Iterator[tuple[Key, Spot]]:
    stems = ["" if (found := stem(word)) in ignored else found for word in words]
    for first, one in enumerate(stems):
        if not one:
            continue
        yield (one,), Spot(words, first, first)
        for last in range(first + 1, min(first + LONGEST_GAP + 2, len(words))):
            if stems[last]:
                if stems[last] != one and _joins(words[first + 1 : last]):
                    yield tuple(sorted((one, stems[last]))), Spot(words, first, last)
                break


def _joins(gap: Sequence[str]) -> bool:
    """Tell whether small words hold two words together: "was", "the", "to the", "does not"."""
    if not gap:
        return True
    *links, last = gap
    return last in _last_links() and word_list("links").issuperset(links)


@cache
def _last_links() -> frozenset[str]:
    return (word_list("links") | word_list("closers") | word_list("negations")) - {"nor", "neither"}


def _negation_before(words: Sequence[str], first: int) -> int:
    """Find where a phrase begins with the negation before it: "never even opened"."""
    negations = word_list("negations")
    if first >= 1 and words[first - 1] in negations:
        return first - 1
    if first >= 2 and words[first - 2] in negations and words[first - 1] in word_list("light"):
        return first - 2
    return first


def _spot_is_cut(spot: Spot, here: int, counts: Mapping[Key, int]) -> bool:
    first = next(i for i in range(spot.first, spot.last + 1) if stem(spot.words[i]))
    edges = ((first, first - 1), (spot.last, spot.last + 1))
    return any(
        counts.get(tuple(sorted((stem(spot.words[edge]), stem(spot.words[near])))), 0) > here
        for edge, near in edges
        if 0 <= near < len(spot.words)
    )


def _company(spots: Sequence[Spot], side: int, ignored: Set[str], needed: float) -> list[str]:
    """Find the neighbours on one side that enough spots share, the nearest first."""
    company: list[str] = []
    for step in range(1, MOST_COMPANY + 1):
        near = Counter(spot.beside(side * step) for spot in spots)
        word, count = min(near.items(), key=lambda pair: (-pair[1], pair[0]))
        known = word in company or word in ignored or stem(word) in ignored
        if known or count < needed or not _may_join(word):
            break
        company.append(word)
        spots = [spot for spot in spots if spot.beside(side * step) == word]
    return company


def _may_join(word: str) -> bool:
    return bool(stem(word)) or word in word_list("joining")
