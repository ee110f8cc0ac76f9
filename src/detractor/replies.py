"""Check the draft of a reply: open and helpful, or defensive, blaming, empty, beyond authority.

What each sentence does is decided by two learned readers: a sum over its words and the phrases of
``data/replies.toml`` that it holds, and a small encoder that sees their order. Sure phrases speak
alone. What is missing, the name and the sums of money are read from the draft and the text that it
answers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from detractor.artifact import load
from detractor.errors import ParameterError, suggestion
from detractor.greetings import find_author, find_wrong_name
from detractor.losses import find_losses
from detractor.playbook import Playbook, load_playbook
from detractor.reply_acts import HOSTILE, DraftSentences, rule_of
from detractor.schema import HEADS
from detractor.scoring import score_texts
from detractor.signals import find_signals
from detractor.stock_phrases import (
    asks,
    is_common,
    is_general,
    is_plain,
    is_plain_apology,
    is_procedure,
)

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

_TROUBLED = 0.3
"""The probability of a detractor from which a text that names no trouble tells of some."""

_REPAID = re.compile(
    r"\b(?:refund\w*|re-?paid|repay\w*|reimburs\w*|revers\w*|return\w*|re-?credited|void\w*"
    r"|(?:paid|pay|back|go|goes|going|sent|send|put|came|comes|is|are|money|went|gone) back"
    r"|cancel\w*|waiv\w+|written off|struck|(?:off|from) (?:the|your) (?:\w+ )?(?:bill|invoice)"
    r"|(?:take|taken|took|knocked)\b[^.!?]{0,30}\boff|on (?:the|its|their) way back"
    r"|(?:have|gets?|gives?|send|take)\b[^.!?]{0,30}\bback)\b",
    re.IGNORECASE,
)
_ALLOWED = re.compile(
    r"\b(?:has|been|is|was|were|are) (?:\w+ )?(?:approved|authori[sz]ed|signed (?:\w+ )?off)\b"
    r"|\b(?:under|as per|by) (?:the )?(?:\w+ ){0,2}(?:scheme|law|rules?|regulation\w*|terms)\b",
    re.IGNORECASE,
)
_LEAST = re.compile(r"\b(?:over|above|from|than|up to|the|spend\w*|total \w+) \W*$", re.IGNORECASE)
_TIMES = 10
"""Prices are named by night or by person: fewer than so many of them may go back."""
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
    sentences = DraftSentences(draft)
    troubled = not about or _complains(about)
    found = [*_wordings(sentences, troubled), *_sums(draft, about or "", authority, sentences)]
    if about:
        found += [*_missing(draft, about, sentences)] if troubled else []
        found += _names(draft, about)
    if {finding.kind for finding in found} & {*HOSTILE}:  # says enough about acknowledgement
        found = [finding for finding in found if finding.kind != "no_acknowledgement"]
    return sorted(found)


def _wordings(sentences: DraftSentences, troubled: bool) -> Iterator[Finding]:
    """Report what sentences do wrong, one finding for each kind and sentence."""
    phrased = sentences.phrased()
    for kind, place in sentences.faulty(troubled=troubled):
        if kind == "placating" and sentences.fixing():
            continue
        if kind == "conditional_apology" and is_plain(sentences.texts[place]):
            continue
        start, end, rule = phrased.get((kind, place), (*sentences.spans[place], rule_of(kind)))
        yield Finding(start, end, kind, rule["message"], rule["better"])


def _sums(draft: str, about: str, authority: float, sentences: DraftSentences) -> Iterator[Finding]:
    """Report the sums above the authority in sentences that give something.

    What was taken from the customer and goes back is no gift: a sum that the customer names, or one
    that is paid back and not many times what the customer names. Nor is one that somebody has
    approved, one from which or up to which something holds, or one that is known ("the £55").
    """
    named = {item.value for item in find_losses(about) if item.part == "amount"}
    most = _TIMES * sum(named) if named else math.inf
    for item in find_losses(draft):
        sentence = sentences.at(item.start)
        start, end = sentences.spans[sentence]
        back = item.value < most and _REPAID.search(draft, start, end)
        repaid = item.value in named or back
        allowed = _ALLOWED.search(draft, start, end) or _LEAST.search(draft, start, item.start)
        given = sentence in sentences.holding("giving") and not repaid and not allowed
        large = item.part == "amount" and item.value > authority and item.kind not in _SMALL
        if large and given:
            yield Finding(
                item.start,
                item.end,
                "above_authority",
                f"{item.value:g} is above the authority of {authority:g}",
                "Ask the role that may decide it before you promise it.",
            )


def _missing(draft: str, about: str, sentences: DraftSentences) -> Iterator[Finding]:
    whole = (0, len(draft))
    elsewhere = _elsewhere(sentences)
    if not (_acknowledged(sentences, elsewhere) or _shared(draft, about, sentences, elsewhere)):
        yield Finding(
            *whole,
            "no_acknowledgement",
            "nothing shows that the trouble was read",
            "Name the trouble in a few words of your own, and say that you are sorry for it.",
        )
    if not sentences.moving():
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


def _elsewhere(sentences: DraftSentences) -> set[int]:
    """List the sentences about something else than the trouble: gifts, defences, promises."""
    others = {sentence for _, sentence in sentences.hostile(troubled=True)}
    others |= sentences.doing("placating") | sentences.doing("above_authority")
    return others - sentences.doing("acknowledging")


def _acknowledged(sentences: DraftSentences, elsewhere: set[int]) -> bool:
    """Say whether something shows that the trouble was read.

    A sentence acknowledges it in words that do not fit every trouble; or acts on it, tells a step
    or asks in such words; or is plainly sorry, where the draft goes on to ask for what it needs.
    """
    told = (sentences.holding("acknowledging") | sentences.doing("acknowledging")) - elsewhere
    acting = (sentences.moving() | sentences.fixing()) - elsewhere
    of = sentences.texts
    return (
        any(not is_general(of[place]) for place in told)
        or any(not is_procedure(of[place]) for place in acting)
        or (any(asks(of[p]) for p in acting) and any(is_plain_apology(of[p]) for p in told))
    )


def _shared(draft: str, about: str, sentences: DraftSentences, elsewhere: set[int]) -> bool:
    """Say whether the draft takes up a word of the text, other than everyday ones and the name.

    Words beside a gift do not count, nor those of a procedure: "next month" in "a voucher for next
    month" names no trouble.
    """
    told = [
        draft[start:end]
        for place, (start, end) in enumerate(sentences.spans)
        if place not in elsewhere and not is_procedure(draft[start:end])
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
