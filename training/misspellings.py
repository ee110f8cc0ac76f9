"""Find how words are misspelt, so that a misspelling shares the row of its word.

Two kinds: those that customers do write, mined from the counts of all words, and two letters
changing places, which is the slip that fast fingers make most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pandas as pd
from nltk.metrics.distance import edit_distance

SHORTEST = 5
RARER = 30  # a misspelling is at least so many times rarer than its word


def without_one(word: str) -> Iterator[str]:
    """List a word and what is left of it without one of its letters."""
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def mine(counts: pd.DataFrame, known: Iterable[str]) -> dict[str, str]:
    """Map misspellings found among rare words to the one common word they are near to.

    Near is one letter more or less, or two neighbours changing places; with another letter in its
    place it is too often another word. Names are left out by their capitals, and so are forms that
    are near to two words.

    Parameters
    ----------
    counts : DataFrame
        Of `vocabulary.count_words`: ``form``, ``count``, ``capital_share``.
    known : iterable of str
        The words of the vocabulary.
    """
    words = set(known)
    frequency = counts.groupby("form")["count"].sum()
    near = defaultdict(set)
    for word in words:
        if len(word) >= SHORTEST and word.isalpha():
            for rest in without_one(word):
                near[rest].add(word)
    rare = counts[
        counts["form"].str.fullmatch(f"[a-z]{{{SHORTEST},}}")
        & ~counts["form"].isin(words) & counts["capital_share"].lt(0.2) & counts["count"].ge(2)
    ]  # fmt: skip
    found: dict[str, str] = {}
    for form, count in zip(rare["form"], rare["count"], strict=True):
        others = {word for rest in without_one(form) for word in near.get(rest, ())}
        close = [
            word for word in others
            if word[0] == form[0] and frequency[word] >= RARER * count
            and _is_slip(form, word) and edit_distance(form, word, transpositions=True) == 1
        ]  # fmt: skip
        if len(close) == 1:
            found[form] = close[0]
    return found


def _is_slip(form: str, word: str) -> bool:
    """Say whether a form has the letters of a word but for one, and not just another ending."""
    if len(form) == len(word):
        return sorted(form) == sorted(word)
    longer, shorter = (form, word) if len(form) > len(word) else (word, form)
    return not longer.startswith(shorter)


def swap(words: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Map each way that two inner letters of a long word change places to the word.

    What is `known` as something else is left out, and so is what two words could become: the first
    of them has it.
    """
    taken = set(known)
    found: dict[str, str] = {}
    for word in words:
        if len(word) < SHORTEST or not word.replace("'", "").isalpha():
            continue
        for place in range(1, len(word) - 2):
            pair = word[place : place + 2]
            swapped = word[:place] + pair[::-1] + word[place + 2 :]
            if pair.isalpha() and swapped not in taken:
                found.setdefault(swapped, word)
    return found
