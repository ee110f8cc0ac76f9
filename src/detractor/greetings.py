"""Read who wrote a text and whom its reply greets, and whether that is the same person."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from detractor.losses import read_loss
from detractor.meanings import word_meanings

_WORD = r"[^\W\d_][\w'\u2019-]*"
_PARTICLES = ("van", "de", "von", "der", "la", "el", "al", "bin")
_PARTICLE = rf"(?:(?i:{'|'.join(_PARTICLES)})\s+)*"
_ONE_TITLE = (
    r"\b(?i:mr|mrs|ms|mx|miss|dr|prof|professor|rev|reverend|father|sister|pastor|captain|herr|hr"
    r"|frau|fru|sra?|mme|madame|monsieur)\b\.?"
)
_TITLE = rf"{_ONE_TITLE}(?:\s(?:and|&)\s{_ONE_TITLE})?"
_GREETING = re.compile(
    r"^(?:@\w+\s+)*\W*"
    r"(?i:dear|hi|hello|hey|hallo|hej|hola|ciao|bonjour|respected|g'day|howdy"
    r"|good (?:morning|afternoon|evening))\s+"
    rf"(?P<title>{_TITLE}\s+)?"
    rf"(?P<name>{_PARTICLE}(?:[A-Z][\w'\u2019-]*|{_WORD}(?=\s?[,!.:]))"
    rf"(?:\s+{_PARTICLE}[A-Z][\w'\u2019-]+)?)"
)
_CALLED = re.compile(
    rf"^(?:(?P<title>{_TITLE})\s+)?(?P<name>{_PARTICLE}[A-Z][\w'\u2019-]+)[,!](?=\s)"
)
_ADDRESSED = re.compile(
    r"(?:\b(?:[Ss]orry|[Aa]pologies|[Oo]h|[Aa]w|[Aa]h|[Tt]hank you|[Tt]hanks|[Yy]es|[Nn]o),?\s+"
    r"(?P<name>[A-Z][\w'\u2019-]+)[,.!](?=\s)|^[^.!?]*,\s(?P<end>[A-Z][\w'\u2019-]+)!(?=\s))"
)
"""Somebody spoken to by name after an opening word, or at the end of a first exclamation."""
_INITIAL = r"(?: [A-Z]\.?(?!\w))?"
_NAME = rf"(?P<name>[A-Z][\w'\u2019-]*\.?(?: {_PARTICLE}[A-Z][\w'\u2019-]+){{0,2}}{_INITIAL})"
_CLOSING = (
    r"(?:[Rr]egards|[Ww]ishes|[Ss]incerely|[Ff]aithfully|[Tt]ruly|[Bb]est|[Ll]ove|[Yy]ours|[Cc]heers"
    r"|[Tt]hanks|[Tt]hx|[Tt]hank you|[Gg]reetings|[Ss]igned|[Xx]+)"
)
_COMPANY = (
    r"(?:, ?(?:[A-Z0-9][\w&.-]*)(?: [A-Z0-9&][\w&.-]*){0,3}"
    r"|, ?(?:[Ff]lat|[Pp]lot|[Rr]oom|[Uu]nit|[Tt]able) \w{1,4})?"
)
_SIGNED = re.compile(
    rf"(?:(?:(?<!\w)[-\u2013\u2014~]|\n)[ \t]*|\b{_CLOSING}[,.!:]?\s+)(?P<title>{_TITLE}\s+)?"
    rf"{_NAME}{_COMPANY}\W*$"
)
_LAST_WORDS = re.compile(
    rf"[.!?\u2026][\W_]*\s(?P<title>{_TITLE}\s+)?"
    rf"(?P<name>(?:[A-Z]\.? )*{_PARTICLE}[A-Z][a-z'\u2019-][\w'\u2019-]*"
    rf"(?: (?:[A-Z]\. |and |& )?{_PARTICLE}[A-Z][\w'\u2019-]+){{0,2}}{_INITIAL})"
    rf"{_COMPANY}\W*$"
)
_THANKED = re.compile(
    rf"\b(?i:thanks?|cheers|regards|bye|yours|sincerely)\b[^.!?\n]{{0,30}},\s+{_NAME}\W*$"
)
_SIGNED_ABOVE = re.compile(
    rf"\b{_CLOSING}[,.!]?[ \t]*\n+[ \t]*(?P<title>{_TITLE}\s+)?{_NAME}[ \t]*,?(?:\n[^\n]*){{1,4}}$"
)
"""A name under the closing words, with the post, the firm or the telephone under it."""
_INTRODUCED = re.compile(
    rf"\b(?:(?:[Ii] ?['\u2019]?m|[Ii] am|[Tt]his is|[Mm]y name is|[Nn]ame['\u2019]?s"
    rf"|[Hh](?:i|ey|ello),? it['\u2019]?s)\s+"
    rf"(?P<title>{_TITLE}\s+)?{_NAME}"
    rf"|(?:(?P<titled>{_TITLE})\s+)?(?P<here>[A-Z][\w'\u2019-]+) here)\b"
)
_JUDGING = re.compile(r"(?:ful|fully|ing|ible|able|ous|less|etic|ation|ment)$")
_WOMAN, _MAN = frozenset({"mrs", "ms", "miss"}), frozenset({"mr"})
_HANDLES = re.compile(r"(?:@\w+\s+)*")
_INITIALS = re.compile(r"(?<!\s)\s*(?:[\^*]\s?\w{1,12}\s*)?$")
_ALIKE = 2


class _Names(NamedTuple):
    nobodies: frozenset[str]
    no_signatures: frozenset[str]
    endings: tuple[str, ...]
    nicknames: tuple[frozenset[str], ...]


@cache
def _names() -> _Names:
    lists = tomllib.loads(files("detractor").joinpath("data/names.toml").read_text("utf-8"))
    return _Names(
        frozenset(lists["nobodies"]),
        frozenset(lists["nobodies"] + lists["no_signatures"]),
        ("", *lists["endings"]),
        tuple(frozenset(names.split()) for names in lists["nicknames"]),
    )


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


class _Author(NamedTuple):
    title: str
    name: str
    sure: bool


def _author(text: str) -> _Author:
    """Find who signed a text, and whether that is sure to be a name.

    A last line of one to three words with capitals is sure to be one if the last of them is no
    ordinary word.
    """
    signed = _SIGNED_ABOVE.search(text) or _SIGNED.search(text) or _THANKED.search(text)
    if signed:
        return _Author(_plain_title(signed.groupdict().get("title")), signed["name"], sure=True)
    if author := read_loss(text).author:
        return _Author("", author, sure=True)
    if not (last := _LAST_WORDS.search(text)):
        return _introduced(text)
    title = _plain_title(last["title"])
    words = [_plain(word) for word in re.findall(_WORD, last["name"]) if word not in ("and", "de")]
    long = [word for word in words if len(word) > 1]
    odd = any(map(str.isdigit, last["name"])) or all(map(_is_ordinary, long[-2:]))
    return _Author(title, last["name"], sure=bool(title) or not odd)


def _introduced(text: str) -> _Author:
    """Find who says "I'm Ida" or "Ida here"."""
    for found in _INTRODUCED.finditer(text):
        name, title = found["name"] or found["here"], found["title"] or found["titled"]
        if title or not any(_is_ordinary(_plain(word)) for word in re.findall(_WORD, name)):
            return _Author(_plain_title(title), name, sure=True)
    return _Author("", "", sure=False)


def _is_ordinary(word: str) -> bool:
    """Say whether a word is known as something else than a name: no name is a common word."""
    words = word_meanings().places
    if word in _names().no_signatures or _JUDGING.search(word):
        return True
    return any(
        word.endswith(ending) and word[: len(word) - len(ending)] in words
        for ending in _names().endings
    )


def find_wrong_name(draft: str, about: str) -> WrongName | None:
    """Find the name greeted by a draft, when the author of a text signs with another.

    A surname after a title is right when the author gives it, or gives no surname at all. A short
    form of a name is right; Mr for Mrs is not.

    Examples
    --------
    >>> find_wrong_name("Dear Tim, sorry.", "You lost my suitcase. Regards, Tom")
    WrongName(start=5, end=8, author='Tom')
    >>> find_wrong_name("Dear Ms Lund, sorry.", "You lost my suitcase. Regards, Ida Lund")
    """
    greeted = _find_greeted(draft)
    if not greeted:
        return None
    author = _author(about)
    names, own = _words_of(greeted.name), _words_of(author.name)
    if own[:1] == ["the"]:  # the Lunds
        own = [word.removesuffix("s") for word in own[1:]]
    if not names or _is_nobody(names[0], greeted.name) or not {*own} - _names().nobodies:
        return None
    titles = (greeted.title, author.title)
    if any(titles[0] in one and titles[1] in two for one, two in ((_WOMAN, _MAN), (_MAN, _WOMAN))):
        return WrongName(greeted.start, greeted.end, f"{author.title.title()} {author.name}")
    incomparable = len(own) == 1 and bool(greeted.title) != bool(author.title)
    if incomparable or _agree(names, own, titled=bool(greeted.title)):
        return None
    misspelt = any(_alike(name, word) for name in names for word in own)
    elsewhere = not author.title and {*own} & {*_words_of(draft[greeted.end :])}
    known = author.sure and not elsewhere
    if misspelt or (known and not (greeted.loose and _may_be_another(names, about))):
        return WrongName(greeted.named, greeted.end, author.name)
    return None


def _may_be_another(names: list[str], about: str) -> bool:
    """Say whether words that stand where a name stands are something else, or somebody else."""
    return any(map(_is_ordinary, names)) or bool({*names} & {*_words_of(about)})


def _is_nobody(word: str, written: str) -> bool:
    """Say whether a word that is greeted is no name: "tenant", "there"."""
    return word in _names().nobodies or (written.islower() and _is_ordinary(word))


class _Greeted(NamedTuple):
    start: int
    named: int
    end: int
    title: str
    name: str
    loose: bool  # called by name without "Dear" or "Hi"


def _find_greeted(draft: str) -> _Greeted | None:
    """Find whom a draft speaks to by name."""
    for pattern in (_GREETING, _CALLED, _ADDRESSED):
        if found := pattern.search(draft):
            parts = found.groupdict()
            group = "name" if parts["name"] else "end"
            title = _plain_title(parts.get("title"))
            named, end = found.span(group)
            start = found.start("title") if title else named
            return _Greeted(start, named, end, title, parts[group], pattern is not _GREETING)
    return None


def _words_of(text: str) -> list[str]:
    """List the words of a text or a name, plainly written, without "van" and the like."""
    return [word for part in re.findall(_WORD, text) if (word := _plain(part)) not in _PARTICLES]


def _agree(names: list[str], own: list[str], *, titled: bool) -> bool:
    """Say whether two names can be one person's, whole, shortened, or as initials.

    After a title stands a surname, which nobody shortens.
    """
    if {*names} <= {*own}:
        return True
    if titled and len(own) > 1:
        parts = {part for word in own for part in (word, *word.split("-"))}
        return not parts.isdisjoint([names[-1], *names[-1].split("-")])
    first = {*own} if len(own) == 1 or len(names) == 1 else {*own[:-1]}
    return any(_same(names[0], word) for word in first) or (
        names[-1] in own and (len(names) == 1 or len(own) == 1 or len(own[0]) == 1)
    )


def _same(one: str, other: str) -> bool:
    """Say whether one name is the other, a short form of it, or its first letter."""
    short, long = sorted((one, other), key=len)
    shorter = len(long) - len(short) > 1 or len(short) == 1
    return (
        short == long
        or (shorter and long.startswith(short))
        or any({one, other} <= names for names in _names().nicknames)
    )


def _plain_title(title: str | None) -> str:
    return (title or "").strip(" .\n\t").lower()


def _plain(word: str) -> str:
    """Write a word in small letters without accents."""
    parts = unicodedata.normalize("NFKD", word.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _alike(one: str, other: str) -> bool:
    """Say whether two names begin with the same letter and differ in few."""
    from nltk.metrics.distance import edit_distance  # slow to import, and most names agree

    return one[0] == other[0] and edit_distance(one, other) <= _ALIKE
