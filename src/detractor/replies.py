"""Check the draft of a reply: open and helpful, or defensive, blaming, empty, beyond authority.

A small encoder reads the draft beside the text that it answers, and says of each sentence and of
the whole what is wrong or missing (`reply_encoder`). The name and the sums of money are compared
with the text and the playbook.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from detractor.artifact import load
from detractor.errors import ParameterError, suggestion
from detractor.greetings import find_wrong_name, message_span
from detractor.losses import find_losses
from detractor.playbook import Playbook, load_playbook
from detractor.reply_encoder import Reading, load_reply_encoder
from detractor.schema import HEADS
from detractor.scoring import score_texts
from detractor.sentences import split_sentences

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

HOSTILE = ("defensive", "arguing", "blaming", "evading")

_BAR = 0.6
"""The log odds from which a sentence commits a fault, in the mean of its own and the draft's.
Above 0 because in daily use such drafts are rarer than in the training file (chosen, as the next,
on parts n to r of `tests/replies.csv`)."""
_NEAR = 1.0
"""A sentence whose log odds of a fault are further below those of the worst sentence is no finding:
read in its place, a sentence is coloured by its neighbours."""
_BARS_OF_LACKS = {"no_acknowledgement": 1.1, "no_commitment": 0.6}
"""The log odds from which a draft lacks this."""
_CONTENT = 0.1
"""The probability of a detractor below which a text tells of no trouble, so that nothing lacks: of
1,133 texts of the training file whose drafts lack something, 7 lie below."""

_GOODWILL = re.compile(
    r"\b(?:good ?will|gestures?|presents?|gifts?|treats?|tokens?|thank[- ]you|amends|vouchers?"
    r"|bonus|mak(?:e|ing) (?:it|this|that) up|on the house|compliments|of our own|from (?:all of )?"
    r"us|(?:for|after) (?:the|your|all (?:the|this|that)) (?:\w+ )?(?:trouble|fright|wait|patience"
    r"|stress|upset|bother|distress|inconvenience|disappointment|loyalty))\b",
    re.IGNORECASE,
)
"""What tells a present from money that goes back."""
_ASKING = re.compile(
    r"\b(?:let (?:us|me) know (?!if|whether|should|when)|(?:could|can|would|will) you (?:please )?"
    r"(?:share|send|tell|confirm|give|dm|message|provide|describe)|(?:please|kindly) (?:share|send"
    r"|provide|confirm|dm|describe|tell (?:us|me)))\b",
    re.IGNORECASE,
)
"""A request for what is needed moves a matter on: of 991 drafts of the training file that move
nothing on, one makes one."""
_LEAST = re.compile(r"\b(?:over|above|from|than|up to|the|spend\w*|total \w+) \W*$", re.IGNORECASE)
_SMALL = ("INR",)
"""Currencies whose sums say nothing beside an authority in pounds, euros or dollars."""


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
    sentences = cut_draft(draft)
    reading = load_reply_encoder().read([sentence.text for sentence in sentences], about or "")
    sums = [*_sums(draft, about or "", authority)]
    found = sums + [
        finding
        for finding in _wordings(sentences, reading)
        if not any(each.kind == finding.kind and _holds(finding, each) for each in sums)
    ]
    if about:
        found += _names(draft, about)
    if about and _tells_of_trouble(about):
        hostile = any(finding.kind in HOSTILE for finding in found)
        found += _lacks(draft, reading, hostile=hostile)
    return sorted(found)


class DraftSentence(NamedTuple):
    """A sentence of a draft: ``draft[start:end]`` is its text.

    Examples
    --------
    >>> DraftSentence(0, 6, "Sorry.").text
    'Sorry.'
    """

    start: int
    end: int
    text: str


def cut_draft(draft: str) -> list[DraftSentence]:
    """Cut a draft into the sentences that hold a word, without greeting, handles and initials.

    Examples
    --------
    >>> [sentence.text for sentence in cut_draft("Dear Tom, sorry. We are on it! ^JS")]
    ['sorry.', 'We are on it!']
    """
    first, last = message_span(draft)
    sentences = []
    for start, end in split_sentences(draft):
        begin = max(start, first)
        text = draft[begin : min(end, last)]
        if any(map(str.isalpha, text)):
            begin += len(text) - len(text.lstrip())
            sentences.append(DraftSentence(begin, begin + len(text.strip()), text.strip()))
    return sentences


@cache
def _advice() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("detractor").joinpath("data/replies.toml").read_text("utf-8"))


def _finding(start: int, end: int, kind: str) -> Finding:
    return Finding(start, end, kind, **_advice()[kind])


def _wordings(sentences: Sequence[DraftSentence], reading: Reading) -> Iterator[Finding]:
    """Report what sentences do wrong: of hostile acts, the one that each does most."""
    faults = load_reply_encoder().faults
    hostile = [faults.index(act) for act in HOSTILE]
    told = (reading.sentences + reading.draft[: len(faults)]) / 2
    worst = reading.sentences.max(axis=0, initial=-np.inf)
    found = (told > _BAR) & (reading.sentences >= worst - _NEAR)
    for sentence, odds, committed in zip(sentences, told, found, strict=True):
        most = hostile[int(odds[hostile].argmax())]
        for place in np.flatnonzero(committed).tolist():
            if place == most or place not in hostile:
                yield _finding(sentence.start, sentence.end, faults[place])


def _holds(finding: Finding, other: Finding) -> bool:
    return finding.start <= other.start < finding.end


def _tells_of_trouble(text: str) -> bool:
    probabilities, _ = score_texts([text], load())
    return bool(probabilities[0, HEADS.index("detractor")] >= _CONTENT)


def _lacks(draft: str, reading: Reading, *, hostile: bool) -> Iterator[Finding]:
    """Report what the whole draft lacks: one that is hostile says enough about acknowledgement."""
    lacks = load_reply_encoder().lacks
    settled = {"no_acknowledgement": hostile, "no_commitment": bool(_ASKING.search(draft))}
    for lack, odds in zip(lacks, reading.draft[-len(lacks) :].tolist(), strict=True):
        if odds > _BARS_OF_LACKS[lack] and not settled[lack]:
            yield _finding(0, len(draft), lack)


def _sums(draft: str, about: str, authority: float) -> Iterator[Finding]:
    """Report the sums above the authority that are given as a present.

    What goes back to the customer is none, nor is a sum that the customer names, or one from which
    or up to which something holds.
    """
    named = {item.value for item in find_losses(about) if item.part == "amount"}
    spans = split_sentences(draft)
    ends = [end for _, end in spans]
    for item in find_losses(draft):
        start, end = spans[bisect_right(ends, item.start)]
        large = item.part == "amount" and item.value > authority and item.kind not in _SMALL
        given = _GOODWILL.search(draft, start, end) and item.value not in named
        if large and given and not _LEAST.search(draft, start, item.start):
            yield Finding(
                item.start,
                item.end,
                "above_authority",
                f"{item.value:g} is above the authority of {authority:g}",
                "Ask the role that may decide it before you promise it.",
            )


def _names(draft: str, about: str) -> Iterator[Finding]:
    if wrong := find_wrong_name(draft, about):
        start, end, author = wrong
        yield Finding(
            start, end, "wrong_name", f"the customer signs as {author}", f"Write {author}."
        )
