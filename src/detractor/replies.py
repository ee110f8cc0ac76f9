"""Check the draft of a reply: open and helpful, or defensive, blaming, empty, beyond authority.

What each sentence does is decided by a learned sum over its words and the phrases of
``data/replies.toml`` that it holds; sure phrases speak alone. What is missing,
the name and the sums of money are read from the draft and the text that it answers.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from detractor.artifact import load
from detractor.errors import ModelFileError, ParameterError, suggestion
from detractor.greetings import find_author, find_wrong_name, message_span
from detractor.losses import find_losses
from detractor.phrases import PhraseBook, read_rules
from detractor.playbook import Playbook, load_playbook
from detractor.schema import HEADS
from detractor.scoring import score_texts
from detractor.sentences import split_sentences
from detractor.signal_model import SignalModel, load_signal_model
from detractor.signals import find_signals
from detractor.stock_phrases import asks_how, is_common, is_general, is_plain, is_plain_apology

FAULTS = (
    "conditional_apology",
    "defensive",
    "arguing",
    "blaming",
    "evading",
    "placating",
    "no_acknowledgement",
    "no_commitment",
    "above_authority",
    "wrong_name",
)
"""The kinds of findings."""

_HOSTILE = ("defensive", "arguing", "blaming", "evading")

ACTS = (
    "conditional_apology",
    *_HOSTILE,
    "placating",
    "above_authority",
    "hostile",
    "acknowledging",
    "fixing",
    "moving",
)
"""What a sentence does, as far as it is learned: `moving` tells what happens next or what to do, or
asks."""

_BARS = {"conditional_apology": 0.25, "placating": 0.2, "above_authority": 0.1}
"""The sum from which a sentence is taken to do this: above 0 because in drafts such sentences are
rarer still than the fit assumes (chosen on parts a to k of `tests/replies.csv`)."""

_BESIDE = -0.2
"""The same beside a phrase of the rules of these kinds, which were right in four of five sentences
that they were not written on."""

_OPEN_MINDED = 0.5
"""How large the sum of a hostile sentence is in a draft that acknowledges or moves on (chosen on
the same parts)."""

_MOVING = -0.15
"""The sum from which a sentence is taken to move the matter on: whoever does so in unusual words is
not told to (chosen on the same parts)."""

_TROUBLED = 0.2
"""The probability of a detractor from which a text that names no trouble tells of some."""

_FILE = "replies.safetensors"
_REPAID = re.compile(
    r"\b(?:refund\w*|re-?paid|repay\w*|reimburs\w*|revers\w*|return\w*|re-?credited|void\w*"
    r"|(?:paid|pay|back|goes|going|sent|send|put|came|comes|is|are|money|went|gone) back"
    r"|(?:have|get)\b[^.!?]{0,30}\bback)\b",
    re.IGNORECASE,
)
_ALLOWED = re.compile(
    r"\b(?:has|been|is|was|were|are) (?:\w+ )?(?:approved|authori[sz]ed|signed (?:\w+ )?off)\b",
    re.IGNORECASE,
)
_LEAST = re.compile(r"\b(?:over|above|from|than|spend\w*|total \w+) \W*$", re.IGNORECASE)


class Finding(NamedTuple):
    """A fault in ``draft[start:end]``: its kind, why it is one, and what to write instead.

    A finding about something missing spans the whole draft.

    Examples
    --------
    >>> check_reply("Sorry if you felt ignored.")[0].kind
    'conditional_apology'
    """

    start: int
    end: int
    kind: str
    message: str
    better: str


class _Rules(NamedTuple):
    rules: tuple[dict[str, Any], ...]
    book: PhraseBook
    model: SignalModel


@cache
def _rules() -> _Rules:
    rules, book = read_rules("replies")
    model = load_signal_model(_FILE, ACTS)
    if model.rule_names != tuple(rule["kind"] for rule in rules):
        raise ModelFileError("the file of replies was fitted with other rules; fit it anew")
    return _Rules(tuple(rules), book, model)


def check_reply(
    draft: str,
    *,
    about: str | None = None,
    playbook: Playbook | None = None,
    role: str | None = None,
) -> list[Finding]:
    """Find what would make a reply fail, in order of its place.

    Parameters
    ----------
    draft : str
        The reply, in English.
    about : str, optional
        The text that it answers. Only with it can a missing acknowledgement or commitment and a
        wrong name be found.
    playbook : Playbook, optional
        Whose authorities count; the one of the package when not given.
    role : str, optional
        Who sends the reply; the role with the least authority when not given.

    Raises
    ------
    ParameterError
        The playbook has no such role.

    Examples
    --------
    >>> about = "You lost my suitcase. Regards, Tom"
    >>> for finding in check_reply("Dear Tim, it is your responsibility to label it.", about=about):
    ...     print(finding.kind)
    no_commitment
    wrong_name
    blaming
    """
    playbook = load_playbook() if playbook is None else playbook
    authorities = {known.name: known.authority for known in playbook.roles}
    if role is not None and role not in authorities:
        raise ParameterError(f"no role {role!r}; {suggestion(role, authorities)}")
    authority = authorities[role] if role else playbook.roles[0].authority
    marks = _Marks(draft)
    found = [*_wordings(marks), *_sums(draft, about or "", authority, marks)]
    if about:
        found += [*_missing(draft, about, marks), *_names(draft, about)]
    if {finding.kind for finding in found} & {*_HOSTILE}:  # says enough about acknowledgement
        found = [finding for finding in found if finding.kind != "no_acknowledgement"]
    return sorted(found)


class _Marks:
    """The phrases of the rules that a draft holds, its sentences, and what each of them does."""

    def __init__(self, draft: str) -> None:
        rules = _rules()
        self.spans = split_sentences(draft)
        self.found = rules.book.find(draft)
        self._ends = [end for _, end in self.spans]
        self._sentences: dict[str, set[int]] = {}
        for start, _, group in self.found:
            self._sentences.setdefault(rules.rules[group]["kind"], set()).add(self.sentence(start))
        first, last = message_span(draft)
        self.texts = [draft[max(start, first) : min(end, last)] for start, end in self.spans]
        self._sums = rules.model.sums(self.texts, rules.book.mark(self.texts))

    def sentence(self, position: int) -> int:
        """Count the sentences that end before a position."""
        return bisect_right(self._ends, position)

    def of(self, kind: str) -> set[int]:
        """List the sentences that hold a phrase of this kind."""
        return self._sentences.get(kind, set())

    def doing(self, act: str, bar: float = 0.0) -> set[int]:
        """List the sentences that do something, by the learned sums."""
        return {*np.flatnonzero(self._sums[:, ACTS.index(act)] >= bar).tolist()}

    def moving(self) -> set[int]:
        """List the sentences that say what happens next or what to do, or ask what is needed."""
        return self.doing("moving", _MOVING)

    def fixing(self) -> set[int]:
        """List the sentences that put the trouble right: a gift that is on its way does not."""
        fixed, given = (self._sums[:, ACTS.index(act)] for act in ("fixing", "placating"))
        return {*np.flatnonzero((fixed >= 0) & (fixed >= given)).tolist()}

    def hostile(self) -> set[tuple[str, int]]:
        """List the hostile sentences, each with the act that it does most.

        Who acknowledges or says what happens next is seldom hostile: beside such a sentence the
        bar is higher.
        """
        open_minded = self.doing("acknowledging") | self.moving()
        sure = self.doing("hostile", _OPEN_MINDED)
        places = [ACTS.index(act) for act in _HOSTILE]
        return {
            (_HOSTILE[int(self._sums[sentence, places].argmax())], sentence)
            for sentence in self.doing("hostile")
            if sentence in sure or not open_minded - {sentence}
        }


def _wordings(marks: _Marks) -> Iterator[Finding]:
    """Report what sentences do wrong, one finding for each kind and sentence."""
    worded = _worded(marks)
    faults = marks.hostile()
    for kind, bar in _BARS.items():
        told = {(kind, sentence) for sentence in marks.doing(kind, _BESIDE)}
        faults |= {(kind, sentence) for sentence in marks.doing(kind, bar)} | (told & worded.keys())
    for kind, sentence in faults:
        if kind == "placating" and marks.fixing():
            continue
        if kind == "conditional_apology" and is_plain(marks.texts[sentence]):
            continue
        start, end, rule = worded.get((kind, sentence), (*marks.spans[sentence], _rule_of(kind)))
        yield Finding(start, end, kind, rule["message"], rule["better"])


def _worded(marks: _Marks) -> dict[tuple[str, int], tuple[int, int, dict[str, Any]]]:
    """Find the first phrase of each kind of fault in each sentence that holds one."""
    worded: dict[tuple[str, int], tuple[int, int, dict[str, Any]]] = {}
    for start, end, group in marks.found:
        rule = _rules().rules[group]
        kind, sentence = rule["kind"], marks.sentence(start)
        alone = not any(sentence in marks.of(other) for other in rule.get("beside", [kind]))
        if kind in FAULTS and not alone:
            worded.setdefault((kind, sentence), (start, end, rule))
    return worded


@cache
def _rule_of(kind: str) -> dict[str, Any]:
    """Give the first rule of a kind, for its message."""
    return next(rule for rule in _rules().rules if rule["kind"] == kind)


def _sums(draft: str, about: str, authority: float, marks: _Marks) -> Iterator[Finding]:
    """Report the sums above the authority in sentences that give something.

    What was taken from the customer and goes back is no gift: a sum that the customer names, or one
    that is paid back to a customer who names none. Nor is one that somebody has approved, or a sum
    from which something holds.
    """
    named = {item.value for item in find_losses(about) if item.part == "amount"}
    for item in find_losses(draft):
        sentence = marks.sentence(item.start)
        start, end = marks.spans[sentence]
        repaid = item.value in named or (not named and _REPAID.search(draft, start, end))
        allowed = _ALLOWED.search(draft, start, end) or _LEAST.search(draft, start, item.start)
        given = sentence in marks.of("giving") and not repaid and not allowed
        if item.part == "amount" and item.value > authority and given:
            yield Finding(
                item.start,
                item.end,
                "above_authority",
                f"{item.value:g} is above the authority of {authority:g}",
                "Ask the role that may decide it before you promise it.",
            )


def _missing(draft: str, about: str, marks: _Marks) -> Iterator[Finding]:
    acknowledged = _acknowledged(marks) or _shared(draft, about, marks)
    moving = bool(marks.moving())
    if (acknowledged and moving) or not _complains(about):
        return
    whole = (0, len(draft))
    if not acknowledged:
        yield Finding(
            *whole,
            "no_acknowledgement",
            "nothing shows that the trouble was read",
            "Name the trouble in a few words of your own, and say that you are sorry for it.",
        )
    if not moving:
        yield Finding(
            *whole,
            "no_commitment",
            "nothing is promised with a time",
            "Say who does what, and by when.",
        )


def _complains(text: str) -> bool:
    """Say whether a text tells of trouble: in a phrase that names it, or by all it says."""
    if {item.part for item in find_losses(text)} & {"loss", "emotion", "trouble"}:
        return True
    if "?" in text or any(span.signal == "thanks" for span in find_signals(text)):
        return False
    probabilities, _ = score_texts([text], load())
    return bool(probabilities[0, HEADS.index("detractor")] >= _TROUBLED)


def _acknowledged(marks: _Marks) -> bool:
    """Say whether something shows that the trouble was read.

    A sentence acknowledges it in words that do not fit every trouble; or is plainly sorry, where
    the draft goes on to act or to ask; or asks how it shows itself.
    """
    told = (marks.of("acknowledging") | marks.doing("acknowledging")) - _elsewhere(marks)
    if not all(is_general(marks.texts[place]) for place in told):
        return True
    moving = marks.moving()
    if (moving or marks.fixing()) and any(is_plain_apology(marks.texts[place]) for place in told):
        return True
    return any(asks_how(marks.texts[place]) for place in moving)


def _elsewhere(marks: _Marks) -> set[int]:
    """List the sentences about something else than the trouble: gifts, defences, promises."""
    others = {sentence for _, sentence in marks.hostile()}
    others |= marks.doing("placating") | marks.doing("above_authority")
    return others - marks.doing("acknowledging")


def _shared(draft: str, about: str, marks: _Marks) -> bool:
    """Say whether the draft takes up a word of the text, other than everyday ones and the name.

    Words beside a gift do not count: "next month" in "a voucher for next month" names no trouble.
    """
    elsewhere = _elsewhere(marks)
    told = [
        draft[start:end] for place, (start, end) in enumerate(marks.spans) if place not in elsewhere
    ]
    words: Sequence[set[str]] = [
        {word[:5] for word in re.findall(r"[a-z]{4,}", text.lower()) if not is_common(word)}
        for text in (" ".join(told), about, find_author(about)[0])
    ]
    return bool((words[0] & words[1]) - words[2])


def _names(draft: str, about: str) -> Iterator[Finding]:
    if wrong := find_wrong_name(draft, about):
        start, end, author = wrong
        yield Finding(
            start, end, "wrong_name", f"the customer signs as {author}", f"Write {author}."
        )
