"""Take from a message what its author did not write: quoted mail, signatures, markup.

Conservative on purpose: a line is removed only where its whole form says what it is, and a message
is never emptied of words. What went is reported, and every place in the clean text leads back to
its place in the original.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from detractor.characters import EncodedTexts, join
from detractor.compilation import compiled, prepare
from detractor.mail import find_quotes, find_signatures

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Cleaning:
    r"""Which parts to remove; all by default.

    Parameters
    ----------
    quotes : bool
        Mail that the message answers or forwards, with its heading.
    signatures : bool
        "-- " and what follows, sign-offs, "Sent from my phone", confidentiality notices.
    markup : bool
        HTML tags, comments, scripts and styles; entities become the characters they stand for.
    invisibles : bool
        Characters nobody sees that break words apart: NUL, backspace, terminal colours, soft
        hyphens, zero-width spaces and byte order marks.

    Examples
    --------
    >>> clean("Never again.\n-- \nJo", options=Cleaning(signatures=False)).removed
    ()
    """

    quotes: bool = True
    signatures: bool = True
    markup: bool = True
    invisibles: bool = True


class Removed(NamedTuple):
    """A part of the original that was taken out or replaced: its kind and where it stood.

    The kind is the name of the option in `Cleaning`.

    Examples
    --------
    >>> Removed("signatures", 10, 20).kind
    'signatures'
    """

    kind: str
    start: int
    end: int


class Piece(NamedTuple):
    """A stretch of clean text and the stretch of original text that it stands for."""

    start: int
    original_start: int
    original_end: int
    verbatim: bool


class Cleaned(NamedTuple):
    r"""The clean text, what was removed, and the way back to the original.

    Attributes
    ----------
    text : str
        What is left.
    removed : tuple of Removed
        In the order of the original.
    layers : tuple of tuple of Piece
        One layer for each pass over the text, the last first; `original_span` reads them.

    Examples
    --------
    >>> cleaned = clean("<b>Never</b> again &amp; again\n-- \nJo Doe")
    >>> cleaned.text
    'Never again & again'
    >>> [part.kind for part in cleaned.removed]
    ['markup', 'markup', 'markup', 'signatures']
    """

    text: str
    removed: tuple[Removed, ...] = ()
    layers: tuple[tuple[Piece, ...], ...] = ()

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Find the span of the original text that a span of the clean text came from.

        Examples
        --------
        >>> message = "<p>Cancel it</p>"
        >>> start, end = clean(message).original_span(0, 6)
        >>> message[start:end]
        'Cancel'
        """
        for pieces in self.layers:
            start, end = _span_before(pieces, start, end)
        return start, end


def clean(text: str, *, options: Cleaning | None = None) -> Cleaned:
    r"""Remove quoted mail, signatures, markup and invisible characters from a message.

    A quotation or signature stays where nothing but it would be left, so a message of words never
    becomes empty; one of markup alone does.

    Parameters
    ----------
    text : str
        One message.
    options : Cleaning, optional
        Which parts to remove.

    Examples
    --------
    >>> clean("Still broken.\n\nOn 3 May 2026, Support wrote:\n> We fixed it.").text
    'Still broken.'
    >>> clean("Order: 3 lamps. I wrote: nothing works").text
    'Order: 3 lamps. I wrote: nothing works'
    """
    if _is_plain(text):
        return Cleaned(text)
    chosen = options or Cleaning()
    cleaned = _apply(Cleaned(text), _character_edits(text, chosen))
    for kind, find in (("quotes", find_quotes), ("signatures", find_signatures)):
        if getattr(chosen, kind) and "\n" in cleaned.text:
            edits = (_Edit(start, end, kind) for start, end in find(cleaned.text))
            shorter = _apply(cleaned, edits)
            cleaned = shorter if _WORD.search(shorter.text) else cleaned
    if cleaned.layers:
        cleaned = _apply(cleaned, _margins(cleaned.text))
    return cleaned._replace(removed=tuple(sorted(cleaned.removed, key=itemgetter(1, 2))))


_FEW = 32
"""Texts that are looked at one by one: below it the scan of a batch takes longer to set up."""


def clean_many(texts: Sequence[str], *, options: Cleaning | None = None) -> list[str]:
    r"""Clean a batch of messages; most need nothing, and are returned as they are.

    Examples
    --------
    >>> clean_many(["All fine.", "Broken.\n--\nJo"])
    ['All fine.', 'Broken.']
    """
    if len(texts) < _FEW:
        return [text if _is_plain(text) else clean(text, options=options).text for text in texts]
    parts = [text.encode("utf-8", "surrogatepass") for text in texts]
    buffer, offsets = join(parts)
    suspects = np.empty(len(parts), dtype=np.bool_)
    prepare(buffer.size)
    find_suspects(buffer, offsets, suspects)
    cleaned = EncodedTexts(texts)
    changed = False
    for row in np.flatnonzero(suspects).tolist():
        if not _is_plain(text := cleaned[row]):
            cleaned[row] = clean(text, options=options).text
            parts[row] = cleaned[row].encode("utf-8", "surrogatepass")
            changed = True
    cleaned.encoded = join(parts) if changed else (buffer, offsets)
    return cleaned


@compiled
def find_suspects(
    buffer: NDArray[np.uint8], offsets: NDArray[np.int64], suspects: NDArray[np.bool_]
) -> None:
    """Say which texts hold a byte without which `_is_plain` is true: a scan of a whole batch.

    Bytes all through, and over a slice: so LLVM looks at 32 of them at a time.
    """
    for row in range(suspects.size):
        text = buffer[offsets[row] : offsets[row + 1]]
        found = np.uint8(0)
        for place in range(text.size):
            byte = text[place]
            markup = np.uint8(byte == 38) | np.uint8(byte == 60)  # & and <
            control = np.uint8(byte < 28) | np.uint8(byte == 127)
            other = np.uint8(byte == 0xC2) | np.uint8(byte == 0xE2) | np.uint8(byte == 0xEF)
            found = np.uint8(found | markup | control | other)
        suspects[row] = found > 0


def _is_plain(text: str) -> bool:
    """Tell in a few scans at C speed that nothing below can match."""
    if "\n" in text or "<" in text or "&" in text:
        return False
    if "\x00" in text or "\x1b" in text or "\x08" in text or "\x7f" in text:
        return False
    if text.isascii():
        return True
    return not ("\xad" in text or "\u200b" in text or "\u2060" in text or "\ufeff" in text)


_MARGIN = "margin"  # white space that other removals leave at the ends: not worth a report


class _Edit(NamedTuple):
    start: int
    end: int
    kind: str
    replacement: str = ""


def _apply(cleaned: Cleaned, edits: Iterable[_Edit]) -> Cleaned:
    """Make edits that are in order and apart, and record the way back."""
    out, pieces, removed = [], [], []
    done = length = 0

    def keep(end: int) -> None:
        nonlocal length
        if end > done:
            pieces.append(Piece(length, done, end, verbatim=True))
            out.append(cleaned.text[done:end])
            length += end - done

    for edit in edits:
        keep(edit.start)
        if edit.replacement:
            pieces.append(Piece(length, edit.start, edit.end, verbatim=False))
            out.append(edit.replacement)
            length += len(edit.replacement)
        if edit.kind != _MARGIN:
            removed.append(Removed(edit.kind, *cleaned.original_span(edit.start, edit.end)))
        done = edit.end
    if not done:
        return cleaned
    keep(len(cleaned.text))
    return Cleaned("".join(out), (*cleaned.removed, *removed), (tuple(pieces), *cleaned.layers))


def _span_before(pieces: tuple[Piece, ...], start: int, end: int) -> tuple[int, int]:
    if not pieces:
        return 0, 0

    def place(position: int) -> tuple[int, int]:
        piece = pieces[max(0, bisect_right(pieces, position, key=lambda p: p.start) - 1)]
        if not piece.verbatim:
            return piece.original_start, piece.original_end
        found = min(piece.original_start + position - piece.start, piece.original_end)
        return found, min(found + 1, piece.original_end)

    first = place(start)[0]
    return first, place(end - 1)[1] if end > start else first


_WORD = re.compile(r"\w")
_HIDDEN_ASCII = "\x00\x08\x1b\x7f"
_HIDDEN_OTHERS = "\xad\u200b\u2060\ufeff"
_INVISIBLE = re.compile(rf"\x1b\[[0-9;]{{0,20}}[A-Za-z]|[{_HIDDEN_ASCII}{_HIDDEN_OTHERS}]+")
_BLOCK_TAGS = (
    "address|article|aside|blockquote|body|br|caption|center|dd|div|dl|dt|fieldset|figure|footer|"
    "form|h[1-6]|head|header|hr|html|li|main|nav|ol|option|p|pre|section|table|tbody|td|tfoot|th|"
    "thead|title|tr|ul"
)
_INLINE_TAGS = (
    "a|abbr|b|base|big|cite|code|col|colgroup|del|em|font|i|iframe|img|input|ins|kbd|label|link|"
    "mark|meta|o:p|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var|wbr"
)
_CLOSING = {
    "<!--": re.compile("-->"),
    "<script": re.compile(r"</script\s*>", re.IGNORECASE),
    "<style": re.compile(r"</style\s*>", re.IGNORECASE),
}
_MARKUP = re.compile(
    r"(?P<opening><!--|<(?:script|style)(?=[\s>]))"
    rf"|</?(?:(?P<block>{_BLOCK_TAGS})|{_INLINE_TAGS})"
    r"(?:\s*/?|\s[^<>=]{0,200}=[^<>]{0,4000})>"  # "a <b and c> d" is no tag: no attribute has "="
    r"|<!doctype[^<>]{0,400}>"
    r"|&(?P<entity>\#\d{1,7}|\#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});",
    re.IGNORECASE,
)


def _margins(text: str) -> Iterator[_Edit]:
    if inner := text.strip():
        start = text.index(inner)
        ends = ((0, start), (start + len(inner), len(text)))
        yield from (_Edit(*end, _MARGIN) for end in ends if end[0] < end[1])


def _character_edits(text: str, options: Cleaning) -> Iterator[_Edit]:
    edits: list[_Edit] = []
    if options.markup and ("<" in text or "&" in text):
        edits += _markup(text)
    if options.invisibles:
        edits += [_Edit(*match.span(), "invisibles") for match in _INVISIBLE.finditer(text)]
    done = 0
    for edit in sorted(edits):
        if edit.start >= done:  # an invisible character inside a tag goes with the tag
            yield edit
            done = edit.end


def _markup(text: str) -> Iterator[_Edit]:
    done = 0
    unclosed: set[str] = set()  # searched for once, so that hostile input costs linear time
    for match in _MARKUP.finditer(text):
        opening = (match["opening"] or "").lower()
        if match.start() < done or opening in unclosed:
            continue
        if opening:
            closing = _CLOSING[opening].search(text, match.end())
            if closing is None:
                unclosed.add(opening)
                continue
            done = closing.end()
            yield _Edit(match.start(), done, "markup")
        else:
            replacement = _stand_in(match)
            if replacement != match[0]:
                yield _Edit(*match.span(), "markup", replacement)


def _stand_in(match: re.Match[str]) -> str:
    """Give what a tag or an entity looks like to a reader."""
    if match["entity"]:
        import html  # a table of 2,000 names, which most messages do not need

        return html.unescape(match[0]).replace("\xa0", " ")
    return "\n" if match["block"] else ""
