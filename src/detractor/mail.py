"""Find in the lines of a message what mail programs add to it: quoted mail, signatures, notices.

The forms are those of common mail programs in English, French, German, Spanish, Portuguese,
Italian and Dutch, written down from general knowledge of them (an assumption, not a survey).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple


class _Line(NamedTuple):
    start: int
    end: int  # after the line break
    text: str


def _lines(text: str) -> list[_Line]:
    lines, start = [], 0
    for line in text.split("\n"):
        end = min(start + len(line) + 1, len(text))
        lines.append(_Line(start, end, line.strip()))
        start = end
    return lines


_QUOTED = re.compile(r">(?:$|[>|]| ?[^\W\d_]| ?[\"'(*-])")  # not ">:(", not "> 3 weeks"
_ATTRIBUTION = re.compile(
    r"(?:on|le|am|el|em|il|op|den)\b.{4,300}"
    r"(?:wrote|a \w{0,3}crit|schrieb.{0,80}|escribi\w|escreveu|ha scritto|schreef.{0,80}) ?:$",
    re.IGNORECASE,
)
_BY_MACHINE = re.compile(r"\b\d{4}\b|\d:\d\d|@")
_BY_AUTHOR = re.compile(r"\b(?:I|we|you|je|nous|ich|wir|yo|eu|ik)\b.{0,20}$", re.IGNORECASE)
_DIVIDER = re.compile(
    r"-{2,} ?(?:original message|forwarded message|reply message|urspr\w{1,3}ngliche nachricht|"
    r"weitergeleitete nachricht|message d.origine|message transf\w{1,3}r\w{1,2}|mensaje original|"
    r"mensaje reenviado|mensagem original|mensagem encaminhada|messaggio originale|"
    r"oorspronkelijk bericht) ?-{2,}$|begin forwarded message:$",
    re.IGNORECASE,
)
_FROM = re.compile(r"\*?(?:from|von|de|da|van) ?:\*? ?\S", re.IGNORECASE)
_HEADER = re.compile(
    r"\*?(?:sent|date|to|cc|subject|reply-to|gesendet|datum|an|betreff|envoy\w|objet|\w|"
    r"enviado(?: el| em)?|fecha|para|asunto|data|assunto|inviato|oggetto|verzonden|aan|onderwerp)"
    r" ?:\*?(?: |$)",
    re.IGNORECASE,
)


def find_quotes(text: str) -> list[tuple[int, int]]:
    r"""Find quoted mail: from its heading to the end, or, where ">" marks it, those lines only.

    Examples
    --------
    >>> find_quotes("> Did it arrive?\n> And whole?\nNo.")
    [(0, 30)]
    """
    spans: list[tuple[int, int]] = []
    for start, end in _quoted_stretches(text):
        if spans and spans[-1][1] == start:
            start = spans.pop()[0]
        spans.append((start, end))
    return spans


def _quoted_stretches(text: str) -> Iterator[tuple[int, int]]:
    lines = _lines(text)
    marked = _marked_rows(lines)
    row = 0
    while row < len(lines):
        height = _heading_height(lines, row, marked)
        if not height:
            if row in marked:
                yield lines[row][:2]
            row += 1
            continue
        start, row = row, row + height
        if _next_row(lines, row) not in marked:
            if any(line.text for number, line in enumerate(lines[:start]) if number not in marked):
                yield lines[start].start, len(text)
            return
        yield lines[start].start, lines[row - 1].end


def _next_row(lines: list[_Line], row: int) -> int:
    return next((number for number in range(row, len(lines)) if lines[number].text), len(lines))


def _marked_rows(lines: list[_Line]) -> set[int]:
    """Find the lines that ">" marks as quoted: two or more, or one below a heading."""
    marked: set[int] = set()
    above = ""
    for row, line in enumerate(lines):
        if _QUOTED.match(line.text) and (row - 1 in marked or not _announces(above)):
            marked.add(row)
        elif line.text and not _QUOTED.match(line.text):
            above = line.text
    alone = len(marked) == 1 and not _ATTRIBUTION.search(_above(lines, min(marked)))
    return set() if alone else marked


def _above(lines: list[_Line], row: int) -> str:
    return " ".join(line.text for line in lines[max(0, row - 3) : row] if line.text)


def _announces(line: str) -> bool:
    """Tell a line that introduces the author's own list from the heading of a quotation."""
    return line.endswith(":") and not (_BY_MACHINE.search(line) or "wrote" in line)


def _heading_height(lines: list[_Line], row: int, marked: set[int]) -> int:
    """Count the lines of the heading of a quoted message that begins here; 0 where none does."""
    line = lines[row].text
    if not line:
        return 0
    if _DIVIDER.match(line):
        return 1
    if _FROM.match(line):
        below = [_HEADER.match(other.text) is not None for other in lines[row + 1 : row + 7]]
        return 1 + max(i for i, hit in enumerate(below, 1) if hit) if sum(below) >= 2 else 0
    for height in (1, 2):
        heading = " ".join(other.text for other in lines[row : row + height])
        if _ATTRIBUTION.match(heading):
            quoted = _next_row(lines, row + height) in marked
            wrote = heading.rstrip(": ").rpartition(" ")[0]
            machine = _BY_MACHINE.search(heading) and not _BY_AUTHOR.search(wrote)
            return height if quoted or machine else 0
    return 0


_DEVICE = re.compile(
    r"(?:sent|get|envoy\w{1,2}|von|gesendet|enviado|inviato|verzonden|skickat)\b.{0,30}"
    r"\b(?:iphone|ipad|android|samsung|galaxy|huawei|outlook|yahoo|gmx|web\.de|proton ?mail|"
    r"blackberry|mobile|smartphone|phone|handy|m\wvil|telefoon)\b[\w /.]{0,30}$",
    re.IGNORECASE,
)
_DEVICE_VERB = re.compile(
    r"\b(?:from|for|via|de|meinem|von|desde|do|da|van|vanaf)\b", re.IGNORECASE
)
_SIGN_OFF = re.compile(
    r"(?:(?:with )?(?:kind|best|warm|kindest|warmest)(?: and \w+)? (?:regards|wishes)|regards|"
    r"sincerely(?: yours)?|yours (?:truly|faithfully|sincerely)|mit freundlichen gr\w{2,4}en|"
    r"(?:freundliche|viele|liebe|beste) gr\w{2,4}e|mfg|cordialement|bien cordialement|"
    r"salutations distingu\w{1,3}es|un saludo|saludos(?: cordiales)?|atentamente|atenciosamente|"
    r"cumprimentos|(?:cordiali|distinti) saluti|met vriendelijke groet(?:en)?)"
    r"(?: ?[,.!]$|$|, (?P<name>(?:[^\W\d_][\w.'-]*(?: |$)){1,4})$)",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"(?:this (?:e-?mail|message|communication|transmission)\b.{0,120}"
    r"(?:confidential|privileged|intended (?:solely|only|for the (?:use|addressee|named|sole))))|"
    r"(?:\[?(?:caution|external|warning)\b.{0,30}(?:e-?mail|message)\b.{0,20}\bfrom "
    r"(?:outside|an external))",
    re.IGNORECASE,
)
_DELIMITED = (10, 100)  # rows and width at most of what follows "--" (assumption)
_SIGNED = (6, 60)  # and of what follows a sign-off (assumption)
_NOTICE_LENGTH = 3000


def find_signatures(text: str) -> Iterator[tuple[int, int]]:
    r"""Find the signature, sign-off or notice that ends a message, and device lines.

    Examples
    --------
    >>> list(find_signatures("No.\nSent from my iPhone"))
    [(4, 23)]
    """
    lines = _lines(text)
    for row, line in enumerate(lines):
        if _starts_ending(lines, row) or (
            row and _NOTICE.match(line.text) and len(text) - line.start < _NOTICE_LENGTH
        ):
            yield line.start, len(text)
            return
        if _DEVICE.match(line.text) and _DEVICE_VERB.search(line.text):
            yield line.start, line.end


def _starts_ending(lines: list[_Line], row: int) -> bool:
    """Tell whether nothing but a signature follows from here on."""
    delimiter = lines[row].text == "--"
    if not delimiter and not _SIGN_OFF.match(lines[row].text):
        return False
    below = (lines[number].text for number in range(row + 1, len(lines)))
    rows, width = _DELIMITED if delimiter else _SIGNED
    written = list(islice(filter(None, below), rows + 1))
    if len(written) > rows or max(map(len, written), default=0) > width:
        return False
    if any(line.lower().startswith(("p.s", "ps:", "ps ")) for line in written):
        return False
    return delimiter or not any(line.endswith((".", "!", "?")) and " " in line for line in written)
