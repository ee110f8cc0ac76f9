"""How a conversation ended, by the customer's last message: a "thank you" is not a recovery."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from detractor.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTCOMES = ("recovered", "failed", "thanked", "open")
"""Solved in the customer's words; trouble goes on after a reply; polite, nothing more; unknown."""

_SOLVED = re.compile(
    r"\b(?:sorted|fixed|solved|resolved|(?:works?|working|back)\s+(?:now|again|fine|perfectly)"
    r"|(?:that|it|this)\s+(?:worked|helped|did it|did the trick)|all (?:good|set)(?: now)?"
    r"|(?:got|received) (?:my|the) (?:refund|money|replacement|order)|problem is gone)\b",
    re.IGNORECASE,
)
_UNDONE = re.compile(
    r"\b(?:not|n['\u2019]?t|never|no|nothing|without|until|if|when|get|be|need(?:s|ed)?|want(?:s|ed)?"
    r"|please|before|hope(?:fully)?)\b[^.!?]{0,25}$|n['\u2019]t\b[^.!?]{0,25}$",
    re.IGNORECASE,
)
_FAILED = re.compile(
    r"\b(?:still|same (?:thing|problem|issue|error)|no (?:luck|dice|change|difference)"
    r"|(?:does|did|do|is|was)(?:n['\u2019]?t| not) (?:help|work|working|fix|change)"
    r"|(?:not|n['\u2019]?t|never) (?:been |yet )?(?:fixed|solved|resolved|sorted|arrived|come)"
    r"|not working|nothing (?:works|worked|helps|helped|happens)|tried everything"
    r"|(?:gotten|getting|got) worse|happens? (?:again|in .{1,25} as well)|ongoing"
    r"|nonsense|ridiculous|unacceptable|useless|waste of (?:time|money)|numerous times)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"\b(?:thanks?|thank you|thx|ty|cheers|appreciated?|no worries)\b", re.IGNORECASE
)
_ASKS = re.compile(r"\?|\b(?:please|pls|plz|help me|can you|could you)\b", re.IGNORECASE)

BRIEF_WORDS = 25
"""A longer message with thanks has something else to say: assumption."""


class ThreadOutcome(NamedTuple):
    """How a conversation ended, and the words that say so."""

    outcome: str
    evidence: str


def read_outcome(thread: Sequence[tuple[str, str]], *, customer: str = "C") -> ThreadOutcome:
    """Read from the customer's last message whether the trouble is over.

    Only words that say so make a recovery. Thanks alone are "thanked": most people thank for an
    answer, whether or not it helps. A customer who has not yet been answered is "open".

    Parameters
    ----------
    thread : sequence of (speaker, text)
        In order of time.
    customer : str
        How the customer is marked as speaker.

    Raises
    ------
    ParameterError
        If a turn is not a pair of speaker and text.

    Examples
    --------
    >>> asked = [("C", "My box is missing."), ("A", "Sorry! A new one is on its way.")]
    >>> read_outcome([*asked, ("C", "Thank you.")]).outcome
    'thanked'
    >>> read_outcome([*asked, ("C", "It arrived, all sorted now. Thanks!")])
    ThreadOutcome(outcome='recovered', evidence='sorted')
    >>> read_outcome([*asked, ("C", "Thanks, but it still has not come.")]).outcome
    'failed'
    """
    if any(len(turn) != 2 for turn in thread):
        raise ParameterError("each turn of a thread is a pair of speaker and text")
    places = [place for place, (speaker, _) in enumerate(thread) if speaker == customer]
    if not places or all(speaker == customer for speaker, _ in thread[: places[-1]]):
        return ThreadOutcome("open", "")
    last = str(thread[places[-1]][1])
    solved = next((hit for hit in _SOLVED.finditer(last) if not _is_undone(last, hit)), None)
    failed = _FAILED.search(last)
    if solved and not (failed and failed.start() > solved.end() and "but" in last.lower()):
        return ThreadOutcome("recovered", solved.group())
    if failed:
        return ThreadOutcome("failed", failed.group())
    thanks = _THANKS.search(last)
    if thanks and not _ASKS.search(last) and len(last.split()) <= BRIEF_WORDS:
        return ThreadOutcome("thanked", thanks.group())
    return ThreadOutcome("open", "")


def _is_undone(text: str, hit: re.Match[str]) -> bool:
    """Say whether a word of success is denied, wished for or asked about."""
    rest = text[hit.end() :]
    asked = re.match(r"[^.!]{0,40}\?", rest) is not None
    return asked or _UNDONE.search(text[: hit.start()]) is not None
