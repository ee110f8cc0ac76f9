"""Why a text has its scores: phrases of the original text, and what each adds to each logit.

A logit is a sum of parts, one a word (`network`) or one a feature (`features`), plus a bias. Words
are merged into the phrases that a person would mark; the sum stays exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detractor.cleaning import clean
from detractor.network import read_parts
from detractor.schema import HEADS
from detractor.sentences import split_clauses

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detractor.model import FeedbackModel

MAIN_PHRASES = 3
_WORTH_SHOWING = 0.15  # of a logit: less moves a probability by under 4 points


@dataclass(frozen=True)
class Phrase:
    """A span of the original text and what it adds to the logit of each head.

    Parameters
    ----------
    start, end : int
        Span in characters of the text as it was given.
    text : str
        The characters of the span.
    detractor, anger, churn_risk : float
        What it adds to the calibrated logits; negative where it lowers the probability.
    """

    start: int
    end: int
    text: str
    detractor: float
    anger: float
    churn_risk: float

    @property
    def weight(self) -> float:
        """The largest of the three, whatever its sign."""
        return max(abs(self.detractor), abs(self.anger), abs(self.churn_risk))


def word_contributions(
    text: str, model: FeedbackModel
) -> tuple[list[tuple[int, int]], NDArray[np.float64], NDArray[np.float64]]:
    """Give the span of each word, what it adds to each calibrated logit, and the bias.

    The contributions and the bias sum to the calibrated logit of each head.
    """
    cleaned = clean(text)
    slopes, intercepts = model.calibration.slopes, model.calibration.intercepts
    spans: list[tuple[int, int]] = []
    parts = np.zeros((0, len(HEADS)))
    bias = np.zeros(len(HEADS))
    if model.reader is not None:
        found = read_parts(cleaned.text, model.reader.lexicon, model.reader.network)
        starts, ends = _characters(cleaned.text, found.starts, found.ends)
        spans = [cleaned.original_span(a, b) for a, b in zip(starts, ends, strict=True)]
        parts, bias = found.contributions.astype(np.float64), found.bias.astype(np.float64)
    if model.linear is not None:
        whole = model.logits([cleaned.text])[0][0]
        parts = parts * model.linear.blend
        # What the hashed features add is shared out over the words in proportion to their bytes
        # only where there is no reader to say more.
        rest = whole - parts.sum(axis=0)
        bias = rest
    return spans, parts * slopes, bias * slopes + intercepts


def explain_text(text: str, model: FeedbackModel) -> tuple[list[Phrase], NDArray[np.float64]]:
    """List the phrases of a text in order, and the bias: together they sum to the logits.

    A phrase is a run of words of one clause whose contributions point the same way.
    """
    spans, parts, bias = word_contributions(text, model)
    if not spans:
        return [], bias
    clauses = np.array([start for start, _ in split_clauses(text)] or [0])
    clause = np.searchsorted(clauses, [start for start, _ in spans], side="right")
    direction = np.sign(parts[:, 0] + parts[:, 1] + parts[:, 2])
    weak = np.abs(parts).max(axis=1) < 0.02
    phrases: list[Phrase] = []
    first = 0
    for index in range(1, len(spans) + 1):
        ends = index == len(spans) or clause[index] != clause[first]
        if not ends:
            turns = direction[index] != direction[first] and not weak[index]
            ends = bool(turns)
        if ends:
            start, end = spans[first][0], spans[index - 1][1]
            sums = [float(value) for value in parts[first:index].sum(axis=0)]
            phrases.append(Phrase(start, end, text[start:end], *sums))
            first = index
    return phrases, bias


def main_phrases(text: str, model: FeedbackModel) -> tuple[Phrase, ...]:
    """Pick the two or three phrases that moved the scores most, in the order of the text."""
    phrases, _ = explain_text(text, model)
    strongest = sorted(phrases, key=lambda phrase: (-phrase.weight, phrase.start))[:MAIN_PHRASES]
    shown = [phrase for phrase in strongest if phrase.weight >= _WORTH_SHOWING]
    return tuple(sorted(shown, key=lambda phrase: phrase.start))


def _characters(
    text: str, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[list[int], list[int]]:
    """Turn byte offsets into character offsets."""
    if text.isascii():
        return starts.tolist(), ends.tolist()
    raw = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    before = np.concatenate([[0], np.cumsum((raw & 0xC0) != 0x80)])
    return before[starts].tolist(), before[ends].tolist()
