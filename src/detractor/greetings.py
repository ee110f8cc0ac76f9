"""Read who wrote a text and whom its reply greets, and whether that is the same person."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from detractor.losses import read_loss

_WORD = r"[^\W\d_][\w'\u2019-]*"
_PARTICLE = r"(?:(?:[Vv]an|[Dd]e|[Vv]on|[Dd]er|[Ll]a|[Ee]l|[Aa]l|[Bb]in)\s+)*"
_GREETING = re.compile(
    r"^(?:@\w+\s+)*\W*"
    r"(?i:dear|hi|hello|hey|respected|good (?:morning|afternoon|evening)|g'day|howdy)\s+"
    r"(?P<title>(?i:mr|mrs|ms|mx|miss|dr|prof|professor)\.?\s+)?"
    rf"(?P<name>{_PARTICLE}(?:[A-Z][\w'\u2019-]*|{_WORD}(?=\s?[,!.:]))"
    rf"(?:\s+{_PARTICLE}[A-Z][\w'\u2019-]+)?)"
)
_CALLED = re.compile(r"^(?P<name>[A-Z][\w'\u2019-]+)[,!](?=\s)")
_NAME = rf"(?P<name>[A-Z][\w'\u2019-]*\.?(?: {_PARTICLE}[A-Z][\w'\u2019-]+){{0,2}})"
_CLOSING = (
    r"(?:[Rr]egards|[Ww]ishes|[Ss]incerely|[Ff]aithfully|[Tt]ruly|[Bb]est|[Ll]ove|[Yy]ours|[Cc]heers"
    r"|[Tt]hanks|[Tt]hank you|[Gg]reetings|[Xx]+)"
)
_SIGNED = re.compile(rf"(?:(?:[-\u2013\u2014~]|\n)[ \t]*|\b{_CLOSING}[,.!]?\s+){_NAME}\W*$")
_LAST_WORD = re.compile(r"[.!?]\s+(?P<name>[A-Z][a-z'\u2019-]+)\W*$")
_NOBODIES = (
    "sir madam there customer guest valued all team friend friends folks again both everyone mate "
    "everybody love member patient passenger parent neighbour client user subscriber you we i the "
    "a an this that it so and what thank thanks sorry"
)
_NOBODY = frozenset(_NOBODIES.split())
_HANDLES = re.compile(r"(?:@\w+\s+)*")
_INITIALS = re.compile(r"(?<!\s)\s*(?:[\^*]\s?\w{1,12}\s*)?$")
_ALIKE = 2


class WrongName(NamedTuple):
    """The wrong name in ``draft[start:end]``, and who should stand there.

    Examples
    --------
    >>> WrongName(5, 8, "Tom").author
    'Tom'
    """

    start: int
    end: int
    author: str


def message_span(draft: str) -> tuple[int, int]:
    """Give the part of a draft between "Dear Ms Lund," or handles and the initials of the agent.

    Examples
    --------
    >>> message_span("Dear Ms Lund, sorry for the wait.")
    (13, 33)
    >>> message_span("@ida Which one was it? ^JS")
    (5, 22)
    """
    greeted = _GREETING.search(draft)
    start = greeted.end() if greeted else 0
    while greeted and start < len(draft) and draft[start] in ",!.:":
        start += 1
    if not greeted or start == greeted.end():
        start = _HANDLES.match(draft).end()  # type: ignore[union-attr]
    return start, max(start, _INITIALS.search(draft).start())  # type: ignore[union-attr]


def find_author(text: str) -> tuple[str, bool]:
    """Give the name that a text is signed with, and whether that is sure to be a name.

    Examples
    --------
    >>> find_author("You lost my suitcase. Regards, Ida Lund")
    ('Ida Lund', True)
    >>> find_author("You lost my suitcase. Never again. Awful")
    ('Awful', False)
    """
    signed = _SIGNED.search(text)
    author = signed["name"] if signed else read_loss(text).author
    if not author and (last := _LAST_WORD.search(text)):
        return last["name"], False
    return author, bool(author)


def find_wrong_name(draft: str, about: str) -> WrongName | None:
    """Find the name greeted by a draft, when the author of a text signs with another.

    A surname after a title is right when the author gives it, or gives no surname at all.

    Examples
    --------
    >>> find_wrong_name("Dear Tim, sorry.", "You lost my suitcase. Regards, Tom")
    WrongName(start=5, end=8, author='Tom')
    >>> find_wrong_name("Dear Ms Lund, sorry.", "You lost my suitcase. Regards, Ida Lund")
    """
    greeted = _GREETING.search(draft)
    called = None if greeted else _CALLED.search(draft)
    found = greeted or called
    if not found:
        return None
    start, end = found.span("name")
    names = {_plain(word) for word in re.findall(_WORD, found["name"])}
    if _plain(found["name"].split()[0]) in _NOBODY:
        return None
    author, sure = find_author(about)
    own = [_plain(word) for word in re.findall(_WORD, author)]
    if not own or names & {*own}:
        return None
    if greeted and greeted["title"] and len(own) == 1:
        return None
    if (called or not sure) and not any(_alike(name, word) for name in names for word in own):
        return None
    return WrongName(start, end, author)


def _plain(word: str) -> str:
    """Write a word in small letters without accents."""
    parts = unicodedata.normalize("NFKD", word.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _alike(one: str, other: str) -> bool:
    """Say whether two names begin with the same letter and differ in few."""
    return one[0] == other[0] and _distance(one, other) <= _ALIKE


def _distance(one: str, other: str) -> int:
    """Count the letters to change, add or drop."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        previous, row[0] = row[0], place
        for column, wanted in enumerate(other, 1):
            change = previous + (letter != wanted)
            previous = row[column]
            row[column] = min(change, row[column] + 1, row[column - 1] + 1)
    return row[-1]
