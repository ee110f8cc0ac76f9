"""Texts that nobody wrote: near generated sentences, and real sentences with something added.

`vary` writes sentences near those of our templates: words give way to words of near meaning,
clauses change partners, a negation comes or goes. What they say, a teacher has to tell; a small
network learns from them what the teacher makes of wordings that no template has (after the
augmentation of Tang et al. 2019, "Distilling Task-Specific Knowledge from BERT").

`extend` adds to real sentences what changes nothing (a greeting, a typing error) or what changes
one thing (that the customer stays, leaves, or has seen it before), so that labels are known from
what a model says of the sentence alone.
"""

from __future__ import annotations

import random
import re

import numpy as np
import pandas as pd
from counterfactual import NAMED, Writer, generate
from numpy.typing import NDArray

LONGEST = 40  # words
NEAREST = 12  # words that may stand for a word
NEAR = 0.45  # cosine of the two
COMMON = 60  # the first words of a vocabulary stay: they hold a sentence together
NEGATIONS = ("not", "never", "hardly", "no longer", "anything but", "not exactly", "barely")
AFFIRMED = {
    "not": "", "never": "", "no": "", "hardly": "", "nothing": "everything", "nobody": "everybody",
    "without": "with", "isn't": "is", "wasn't": "was", "don't": "do", "didn't": "did",
    "won't": "will",
}  # fmt: skip
BEFORE_NEGATION = ("is", "was", "are", "were", "be", "been", "would", "did", "do", "i", "it")
_CLAUSES = re.compile(r"(?<=[.,;:!?])\s+|\s+(?=but |and |because |so |though |although )")
RISE = 2.0  # by which the log odds of dissatisfaction rise where it is not the first time
COMPLAINT = 0.35  # chance of dissatisfaction from which a sentence may be an old complaint


def near_words(forms: list[str], vectors: NDArray[np.float32]) -> dict[str, list[str]]:
    """List for each word the words of near meaning, by vectors of shape (n, width).

    What is no word of three letters or more is left out; the commonest words come first.
    """
    whole = [row for row, form in enumerate(forms) if re.fullmatch("[a-z]{3,}", form)]
    forms, vectors = [forms[row] for row in whole], vectors[whole]
    centred = vectors - vectors.mean(axis=0)
    unit = centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-9)
    alike = unit @ unit.T
    np.fill_diagonal(alike, 0)
    best = np.argpartition(-alike, NEAREST, axis=1)[:, :NEAREST]
    return {
        form: [forms[other] for other in best[row] if alike[row, other] > NEAR]
        for row, form in enumerate(forms)
        if row >= COMMON
    }


class _Varier:
    """Rewrites sentences; the same seed gives the same ones."""

    def __init__(self, near: dict[str, list[str]], others: list[str], seed: int) -> None:
        self.near, self.others = near, others
        self.rng = random.Random(seed)

    def replaced(self, text: str) -> str:
        """Replace some words by words of near meaning."""
        share = self.rng.choice([0.15, 0.3, 0.5])

        def one(match: re.Match[str]) -> str:
            word = match[0]
            near = self.near.get(word.lower())
            if not near or self.rng.random() > share:
                return word
            other = self.rng.choice(near)
            return other.capitalize() if word[0].isupper() else other

        return re.sub(r"[A-Za-z]+", one, text)

    def negated(self, text: str) -> str:
        """Take a negation out, or put one in."""
        words = text.split(" ")
        held = [place for place, word in enumerate(words) if word.lower() in AFFIRMED]
        if held and self.rng.random() < 0.5:
            place = self.rng.choice(held)
            words[place] = AFFIRMED[words[place].lower()]
            return " ".join(filter(None, words))
        free = [place for place, word in enumerate(words) if word.lower() in BEFORE_NEGATION]
        if free:
            words.insert(self.rng.choice(free) + 1, self.rng.choice(NEGATIONS))
        return " ".join(words)

    def crossed(self, text: str) -> str:
        """Put the first clauses of a sentence before the last of another."""
        first = [part for part in _CLAUSES.split(text) if part]
        last = [part for part in _CLAUSES.split(self.rng.choice(self.others)) if part]
        return " ".join(first[: max(1, len(first) // 2)] + last[len(last) // 2 :])

    def spliced(self, text: str) -> str:
        """Begin like a sentence and end like another, broken anywhere."""
        first, last = text.split(), self.rng.choice(self.others).split()
        if not first or not last:
            return text
        begin, end = self.rng.randrange(1, len(first) + 1), self.rng.randrange(len(last))
        return " ".join(first[:begin] + last[end:])


def vary(n: int, near: dict[str, list[str]], real: list[str], seed: int) -> list[str]:
    """Write some `n` sentences near generated ones, a few of them beside real sentences."""
    base = generate(n, seed, swapped=0.0)["text"].tolist()
    varier = _Varier(near, base, seed)
    rng = varier.rng
    found: dict[str, None] = {}
    for text in base:
        draw = rng.random()
        if draw < 0.40:
            other = varier.replaced(text)
        elif draw < 0.55:
            other = varier.negated(varier.replaced(text))
        elif draw < 0.75:
            other = varier.crossed(text)
        elif draw < 0.87:
            other = varier.spliced(text)
        else:
            pair = [rng.choice(real), text]
            rng.shuffle(pair)
            other = " ".join(pair)
        found[" ".join(other.split()[:LONGEST])] = None
    return [text for text in found if text]


def extend(texts: list[str], told: NDArray[np.float32], seed: int) -> pd.DataFrame:
    """Add something to real sentences, of which `told`, shape (n, 3), says what is in them.

    Returns
    -------
    DataFrame
        `text`, and what is known of each head in the order of `told`: NaN where the addition
        changes it by nobody knows how much.
    """
    rng, writer = random.Random(seed), Writer(seed)
    rows: list[tuple[str, float, float, float]] = []
    unknown = float("nan")

    def said(name: str) -> str:
        return writer.sentence(rng.choice(NAMED[name]["templates"]))

    for text, (detractor, anger, churn) in zip(texts, told.tolist(), strict=True):
        writer.start()
        draw = rng.random()
        if draw < 0.55:
            rows.append((_unchanged(text, writer, rng), detractor, anger, churn))
        elif draw < 0.75:
            stays = rng.random() < 0.7
            both = (text, said("loyal_after")) if stays else (said("loyal_before"), text)
            rows.append((_joined(*both, rng), unknown, unknown, 0.0))
        elif draw < 0.90 and detractor > COMPLAINT:
            after = rng.random() < 0.75
            both = (text, said("recurrence")) if after else (said("recurrence_before"), text)
            odds = np.exp(RISE) * detractor / max(1 - detractor, 1e-6)
            rows.append((_joined(*both, rng), float(odds / (1 + odds)), unknown, churn))
        elif draw >= 0.90:
            rows.append((_joined(text, said("bare_leaving"), rng), unknown, unknown, 1.0))
    return pd.DataFrame(rows, columns=["text", "detractor", "anger", "churn_risk"])


def _unchanged(text: str, writer: Writer, rng: random.Random) -> str:
    """Add or change what tells nothing."""
    draw = rng.random()
    if draw < 0.35:
        return writer.fill("{greeting} ") + " " + text
    if draw < 0.45:
        return text + " " + writer.fill("{neutral}")
    if draw < 0.55:
        return writer.fill("{neutral}") + " " + text
    return writer.noise(text, None)


def _joined(first: str, second: str, rng: random.Random) -> str:
    end = rng.choice([".", ".", "!", ",", ";"]) if first[-1:].isalnum() else ""
    return f"{first}{end} {second}"
