"""Feedback-like texts from a small word list, with word frequencies that fall as in real prose.

No text of any data set is in them: they measure speed, not quality. numpy only, so that a process
that measures something else pays for nothing more.
"""

from __future__ import annotations

import numpy as np

_COMMON = (
    "the i and to a it was of is my for in not that they have this on with you but we had so me "
    "be at no as are from very after when were would service get been just all what an there or "
    "time out if up can could one your will never them now about even still back again only "
    "because"
)
_TOPICS = (
    "order delivery driver parcel refund money account card bank branch staff manager agent "
    "call phone email app website password login update price bill invoice fee contract renewal "
    "broken screen battery cable room bed bathroom breakfast hotel flight seat luggage crew "
    "gate delay hour week month year day morning line queue ticket case complaint answer reply "
    "promise appointment technician engineer internet router signal speed mobile plan insurance "
    "claim policy doctor food waiter table menu shop store return box label size colour quality "
    "product warranty repair part customer company team chat bot form letter address payment "
    "charge discount offer balance amount"
)
_ANGRY = (
    "angry furious awful terrible rude slow late useless wrong disappointed unacceptable "
    "ridiculous worst horrible frustrating cancel leaving switch refuse lied ignored cheated "
    "broken failed lost"
)
_HAPPY = (
    "great friendly quick helpful easy kind happy lovely perfect excellent reliable thanks "
    "pleased recommend smooth fair best clean calm honest polite fast solved improved amazing "
    "impressed"
)
_SYLLABLES = ("ba", "ke", "li", "mo", "tu", "ran", "sel", "dor", "vin", "pas", "ter", "gos")
_SUFFIXES = ("", "s", "ed", "ing", "er", "ly", "y")
_ENDINGS = (".", ".", ".", "!", "?", "...", ",", ",", " -", " :(", "!!!", " 😀")
DISTINCT = {5: 100_000, 60: 40_000, 500: 5_000}
"""How many different texts are made of each length; longer batches repeat them."""


def vocabulary() -> list[str]:
    """List the words, the most frequent first: common words, topics and feelings, then a long tail.

    Examples
    --------
    >>> len(vocabulary()), vocabulary()[:3]
    (13000, ['the', 'i', 'and'])
    """
    known = " ".join((_COMMON, _ANGRY, _TOPICS, _HAPPY)).split()
    stems = [a + b + c for a in ("", *_SYLLABLES) for b in _SYLLABLES for c in _SYLLABLES]
    tail = (stem + suffix for suffix in _SUFFIXES for stem in stems)
    words = list(dict.fromkeys([*known, *tail]))
    return words[:13_000]


def make_texts(count: int, words: int, *, seed: int = 0) -> list[str]:
    """Write texts of about so many words each; the same seed gives the same texts.

    Word frequencies follow Zipf's law with exponent 1 (an assumption that fits most prose). A mark
    stands after every eighth word or so, and a capital after it.
    """
    rng = np.random.default_rng(seed)
    terms = np.array(vocabulary(), dtype=object)
    weights = 1.0 / np.arange(1, len(terms) + 1)
    lengths = np.maximum(1, rng.normal(words, words / 5, count).astype(int))
    chosen = terms[rng.choice(len(terms), size=lengths.sum(), p=weights / weights.sum())]
    marked = np.flatnonzero(rng.random(len(chosen)) < 1 / 8)
    chosen[marked] += np.array(_ENDINGS, dtype=object)[
        rng.integers(len(_ENDINGS), size=len(marked))
    ]
    after = marked[marked + 1 < len(chosen)] + 1
    chosen[after] = [word.capitalize() for word in chosen[after]]
    ends = lengths.cumsum()
    return [" ".join(chosen[end - n : end]) for end, n in zip(ends, lengths, strict=True)]


def make_batch(size: int, words: int, *, seed: int = 0) -> list[str]:
    """Write a batch of any size, repeating its texts once there are enough different ones."""
    texts = make_texts(min(size, DISTINCT.get(words, 5_000)), words, seed=seed)
    return (texts * (size // len(texts) + 1))[:size]


def make_labelled(count: int, words: int, *, seed: int = 1) -> tuple[list[str], list[int]]:
    """Write texts with a label, for contenders that must be trained before they can predict."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(2, size=count)
    feelings = [np.array(group.split()) for group in (_HAPPY, _ANGRY)]
    texts = [
        f"{text} {' '.join(rng.choice(feelings[label], 3))}"
        for text, label in zip(make_texts(count, words, seed=seed), labels, strict=True)
    ]
    return texts, labels.tolist()
