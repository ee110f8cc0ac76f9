"""What each sentence of a draft reply does, by two learned readers and the phrases of the rules.

One is a sum over the words of the sentence and the phrases of ``data/replies.toml`` that it holds,
the other a small encoder that sees their order.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from detractor.errors import ModelFileError
from detractor.greetings import message_span
from detractor.phrases import PhraseBook, read_rules
from detractor.reply_encoder import ReplyEncoder, load_reply_encoder
from detractor.sentences import split_sentences
from detractor.signal_model import SignalModel, load_signal_model

HOSTILE = ("defensive", "arguing", "blaming", "evading")

ACTS = (
    "conditional_apology",
    *HOSTILE,
    "placating",
    "above_authority",
    "hostile",
    "acknowledging",
    "fixing",
    "moving",
)
"""What a sentence does, as far as it is learned: `moving` tells what happens next or what to do, or
asks."""

_BARS = dict.fromkeys(("conditional_apology", "placating", "above_authority"), 0.3)
"""The sum from which a sentence is taken to do this, where 1 is sure and -1 never: above 0 because
in drafts such sentences are rarer still than the fits assume (chosen, as all that follow, on parts
a to k and n to p of `tests/replies.csv`)."""

_BESIDE = 0.0
"""The same beside a phrase of the rules of these kinds, which were right in four of five sentences
that they were not written on."""

_HOSTILITY, _OPEN_MINDED, _CALM = 0.3, 0.7, 1.2
"""The sum of being hostile and of the act it does most, from which a sentence is taken to do it; in
a draft that acknowledges or moves on, unless it evades; and in one that answers a text without
trouble."""

_MOVING, _ASKED = -0.3, -0.6
"""The sum from which a sentence is taken to move the matter on, without and beside a phrase of the
rules that asks: whoever does so in unusual words is not told to."""

_FILE = "replies.safetensors"


class _Rules(NamedTuple):
    rules: tuple[dict[str, Any], ...]
    book: PhraseBook
    model: SignalModel
    encoder: ReplyEncoder


@cache
def _rules() -> _Rules:
    rules, book = read_rules("replies")
    model = load_signal_model(_FILE, ACTS)
    encoder = load_reply_encoder()
    if model.rule_names != tuple(rule["kind"] for rule in rules) or encoder.acts != ACTS:
        raise ModelFileError("the files of replies were fitted with other rules; fit them anew")
    return _Rules(tuple(rules), book, model, encoder)


def rule_of(kind: str) -> dict[str, Any]:
    """Give the first rule of a kind, for its message and what is better.

    Examples
    --------
    >>> rule_of("placating")["kind"]
    'placating'
    """
    return next(rule for rule in _rules().rules if rule["kind"] == kind)


class DraftSentences:
    """The sentences of a draft, the phrases of the rules that they hold, and what they do.

    Parameters
    ----------
    draft : str
        The reply.

    Attributes
    ----------
    spans : list of tuple of int
        Where each sentence starts and ends.
    texts : list of str
        The same without greeting, handles and the initials of the agent.

    Examples
    --------
    >>> draft = DraftSentences("Dear Tom, sorry for the wait. I refunded the fee today.")
    >>> draft.doing("acknowledging"), draft.fixing()
    ({0}, {1})
    """

    def __init__(self, draft: str) -> None:
        rules = _rules()
        self.spans = split_sentences(draft)
        self._found = rules.book.find(draft)
        self._ends = [end for _, end in self.spans]
        self._holding: dict[str, set[int]] = {}
        for start, _, group in self._found:
            self._holding.setdefault(rules.rules[group]["kind"], set()).add(self.at(start))
        first, last = message_span(draft)
        self.texts = [draft[max(start, first) : min(end, last)] for start, end in self.spans]
        of_words = rules.model.sums(self.texts, rules.book.mark(self.texts))
        # The mean of both: they err in different sentences.
        self._sums = (of_words + rules.encoder.sums(self.texts)) / 2

    def at(self, position: int) -> int:
        """Say which sentence stands at a position of the draft."""
        return bisect_right(self._ends, position)

    def holding(self, kind: str) -> set[int]:
        """List the sentences that hold a phrase of this kind."""
        return self._holding.get(kind, set())

    def doing(self, act: str, bar: float = 0.0) -> set[int]:
        """List the sentences that do something, by the learned sums."""
        return {*np.flatnonzero(self._sums[:, ACTS.index(act)] >= bar).tolist()}

    def moving(self) -> set[int]:
        """List the sentences that say what happens next or what to do, or ask what is needed."""
        return self.doing("moving", _MOVING) | (
            self.holding("asking") & self.doing("moving", _ASKED)
        )

    def fixing(self) -> set[int]:
        """List the sentences that put the trouble right: a gift that is on its way does not."""
        fixed, given = (self._sums[:, ACTS.index(act)] for act in ("fixing", "placating"))
        return {*np.flatnonzero((fixed >= 0) & (fixed >= given)).tolist()}

    def hostile(self, *, troubled: bool) -> set[tuple[str, int]]:
        """List the hostile sentences, each with the act that it does most.

        Who acknowledges or says what happens next is seldom hostile, and hardly evades: beside such
        a sentence the bar is higher.
        """
        open_minded = self.doing("acknowledging") | self.moving()
        acts = self._sums[:, [ACTS.index(act) for act in HOSTILE]]
        sums = self._sums[:, ACTS.index("hostile")] + acts.max(axis=1, initial=-1)
        lowest = _HOSTILITY if troubled else _CALM
        found = [
            (HOSTILE[int(acts[place].argmax())], place)
            for place in np.flatnonzero(sums >= lowest).tolist()
        ]
        return {
            (act, place)
            for act, place in found
            if sums[place] >= (_CALM if act == "evading" else _OPEN_MINDED)
            or not open_minded - {place}
        }

    def faulty(self, *, troubled: bool) -> set[tuple[str, int]]:
        """List the sentences that do something wrong, with what.

        Parameters
        ----------
        troubled : bool
            Whether the text that is answered tells of trouble.
        """
        faults = self.hostile(troubled=troubled)
        phrased = self.phrased().keys()
        for kind in _BARS:
            faults |= {(kind, sentence) for sentence in self.doing(kind, _BARS[kind])}
            faults |= {(kind, sentence) for sentence in self.doing(kind, _BESIDE)} & phrased
        return faults

    def phrased(self) -> dict[tuple[str, int], tuple[int, int, dict[str, Any]]]:
        """Find the first phrase of each kind in each sentence: where it is, and its rule.

        A rule with `beside` counts only in a sentence that holds a phrase of such a kind.
        """
        first: dict[tuple[str, int], tuple[int, int, dict[str, Any]]] = {}
        for start, end, group in self._found:
            rule, sentence = _rules().rules[group], self.at(start)
            if any(sentence in self.holding(kind) for kind in rule.get("beside", [rule["kind"]])):
                first.setdefault((rule["kind"], sentence), (start, end, rule))
        return first
