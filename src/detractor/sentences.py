"""Cut a text into sentences and clauses, as offsets into it.

Written for feedback: full stops before small letters, emoji in the place of marks, lists, hard
wrapped mail, and no punctuation at all are all common there. nltk's Punkt, untrained, is the
yardstick in the tests; it knows neither lists nor emoji.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "rev", "hon", "capt", "lt", "sgt", "gen"}
    | {"vs", "eg", "e.g", "ie", "i.e", "cf", "approx", "est", "incl", "excl", "ca", "resp", "esp"}
    | {"no", "nr", "art", "fig", "vol", "pp", "tel", "ext", "dept", "ref", "acct", "max", "min"}
    | {"jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec"}
    | {"z.b", "d.h", "bzw", "ggf", "p.ex", "sra", "dra", "mme", "mlle"}
)
_ONLY_BEFORE_DIGITS = frozenset(
    {"no", "nr", "art", "fig", "max", "min", "mar", "dec", "est", "ref"}
)
_MAYBE_LAST = frozenset({"a.m", "p.m", "am", "pm", "etc", "inc", "ltd", "co", "corp", "u.s", "u.k"})

_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff\ufe0f\u200d\u2b50"
_CLOSERS = "\"')\\]}\u2019\u201d\u00bb*_"
# Possessive quantifiers and the look behind keep hostile input, such as 10,000 points, linear.
_BREAK = re.compile(
    rf"""
    (?P<mark>(?<![.!?])[.!?\u2026\u203c\u2049]++[{_CLOSERS}]*+(?:[^\S\n]?[{_EMOJI}])*+)(?=\s|$)
  | (?P<glued>(?:(?<=[a-z]{{2}})[.]|(?<=\w)[!?]++)(?=[A-Z][a-z]))          # "end.Next"
  | (?P<wide>[\u3002\uff01\uff1f]++[\u300d\u300f\uff09]*+)                # Chinese, Japanese
  | (?P<emoji>(?<![{_EMOJI}])[{_EMOJI}]++)(?=[^\S\n]+[A-Z])              # an emoji as the mark
  | (?P<line>\n\s*+)
    """,
    re.VERBOSE,
)
_BULLET = re.compile(r"(?:[-*\u2022\u2023\u25cf\u25e6\u2013\u2014+>]|\(?\d{1,2}[.)]|\(?[a-z]\))\s")
_LAST_WORD = re.compile(r"[\w.]+$")
_WRAP = 60
"""A line at least this long without a mark at its end is taken as wrapped (assumption)."""

_CLAUSE = re.compile(
    r"""
    [;:](?=\s)
  | \s[-\u2013]{1,3}(?=\s) | \s?\u2014
  | ,(?=\s+(?:but|yet|so|and|or|nor|because|although|though|while|whereas|however|which|who|when|
             if|since|unless|until|even\s+though|then|aber|sondern|mais|pero|mas)\b)
  | (?<=\w)(?=\s+(?:but|because|although|though|whereas|however|unless|even\s+though|aber|mais|pero)
      \b)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Find the sentences of a text, in order, without the white space around them.

    Every character that is no white space lies in exactly one sentence.

    Returns
    -------
    list of (start, end)
        Offsets into `text`.

    Examples
    --------
    >>> text = "Dr. Lee left at 5.30 p.m. today. nobody called!!! Why?"
    >>> [text[start:end] for start, end in split_sentences(text)]
    ['Dr. Lee left at 5.30 p.m. today.', 'nobody called!!!', 'Why?']
    """
    return list(_stretches(text, 0, len(text), _sentence_ends(text)))


def split_clauses(text: str) -> list[tuple[int, int]]:
    """Find the clauses of a text: its sentences, cut before a turn such as ", but".

    Every character that is no white space lies in exactly one clause.

    Returns
    -------
    list of (start, end)
        Offsets into `text`.

    Examples
    --------
    >>> text = "The food was good, but they were rude because we came late."
    >>> [text[start:end] for start, end in split_clauses(text)]
    ['The food was good,', 'but they were rude', 'because we came late.']
    """
    clauses: list[tuple[int, int]] = []
    for start, end in split_sentences(text):
        ends = (match.end() for match in _CLAUSE.finditer(text, start, end))
        clauses += _stretches(text, start, end, ends)
    return clauses


def _stretches(text: str, start: int, end: int, cuts: Iterator[int]) -> Iterator[tuple[int, int]]:
    """Yield what lies between cuts, without white space at its ends."""
    for cut in (*cuts, end):
        piece = text[start:cut]
        if stripped := piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            yield first, first + len(stripped)
        start = cut


def _sentence_ends(text: str) -> Iterator[int]:
    line_start = 0
    for match in _BREAK.finditer(text):
        kind = match.lastgroup
        if kind == "line":
            if _ends_line(text, line_start, match):
                yield match.end()
            line_start = match.end()
        elif kind != "mark" or _ends_sentence(text, match):
            yield match.end()


def _ends_line(text: str, line_start: int, match: re.Match[str]) -> bool:
    """Tell the end of a paragraph, a heading or a list item from a wrapped line."""
    if match[0].count("\n") > 1 or _BULLET.match(text, match.end()):
        return True
    wrapped = match.start() - line_start >= _WRAP
    return not wrapped and not text[match.end() : match.end() + 1].islower()


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    """Tell a full stop from the point of an abbreviation, an initial or a number in a list."""
    mark, following = match["mark"], text[match.end() : match.end() + 12].lstrip()[:1]
    if mark[0] != "." or not following:
        return True
    if mark.startswith(("..", ".\u2026")):
        return not following.islower()
    found = _LAST_WORD.search(text, max(0, match.start() - 12), match.start())
    word = found[0].lower() if found else ""
    if word in _ONLY_BEFORE_DIGITS:
        return not following.isdigit()
    if word in _MAYBE_LAST:
        return following.isupper()
    initial = len(word) == 1 and word.isalpha() and word != "i" and following.isupper()
    numbered = word.isdigit() and _starts_line(text, match.start() - len(word))
    return not (word in _ABBREVIATIONS or initial or numbered)


def _starts_line(text: str, position: int) -> bool:
    return not text[max(0, position - 20) : position].rpartition("\n")[2].strip()
