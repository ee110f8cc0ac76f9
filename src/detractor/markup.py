"""HTML that hostile text cannot break out of: what is no `Html` already is escaped.

Customers write what they like, and notebooks and reports show it. So there is one way to make an
element, and it escapes; characters that could turn the reading order or end a document are shown
as the replacement character, one for one, so that spans keep their places.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence

VOID = frozenset({"br", "hr", "input", "link", "meta"})
REPLACEMENT = "\ufffd"
# Controls but for tab and line ends; embeddings, overrides and isolates of direction, which reorder
# what stands around them (Unicode Annex 9); and halves of pairs, which have no UTF-8.
_UNSEEN = dict.fromkeys(
    [
        *(code for code in range(0x20) if chr(code) not in "\t\n\r"),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
    ],
    REPLACEMENT,
)


LEFT = "text-align:left;vertical-align:top"
"""For tables of words in a notebook, which sets cells to the right, as numbers."""


class Html(str):
    """Markup that is safe as it stands."""

    __slots__ = ()


def visible(text: str) -> str:
    r"""Replace what could reorder or break a page, one character for one.

    Examples
    --------
    >>> visible("pay\u202e txt.exe").encode("ascii", "backslashreplace")
    b'pay\\ufffd txt.exe'
    """
    return text.translate(_UNSEEN)


def escape(value: object) -> Html:
    """Make markup of any value; what is markup already stays.

    Examples
    --------
    >>> escape("<b>"), escape(Html("<b>"))
    ('&lt;b&gt;', '<b>')
    """
    return value if isinstance(value, Html) else Html(html.escape(visible(str(value))))


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """Make an element; children and attribute values are escaped, None and False left out.

    An attribute may end in an underscore (`class_`); one inside stands for a hyphen.

    Examples
    --------
    >>> element("a", "<b>", element("br"), class_="x", aria_label='"', hidden=True, title=None)
    '<a class="x" aria-label="&quot;" hidden>&lt;b&gt;<br></a>'
    """
    parts = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        spelled = key.rstrip("_").replace("_", "-")
        parts.append(spelled if value is True else f'{spelled}="{escape(value)}"')
    start = f"<{' '.join(parts)}>"
    return Html(start) if name in VOID else Html(f"{start}{join(children)}</{name}>")


def join(children: Iterable[object], separator: str = "") -> Html:
    """Put markup and texts in a row.

    Examples
    --------
    >>> join(["a & b", element("br")])
    'a &amp; b<br>'
    """
    return Html(escape(separator).join(escape(child) for child in children))


def table(
    header: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    caption: object = None,
    style: str | None = None,
) -> Html:
    """Make a table; the first cell of a row is its header, and `style` that of every cell.

    Examples
    --------
    >>> table(["who"], [["<ann>"]])  # doctest: +ELLIPSIS
    '<table><thead>...<tbody><tr><th scope="row">&lt;ann&gt;</th></tr></tbody></table>'
    """
    titles = join(element("th", title, scope="col", style=style) for title in header)
    body = join(
        element(
            "tr",
            *(element("th", cell, scope="row", style=style) for cell in row[:1]),
            *(element("td", cell, style=style) for cell in row[1:]),
        )
        for row in rows
    )
    parts = [element("thead", element("tr", titles)), element("tbody", body)]
    return element("table", *([element("caption", caption)] if caption else []), *parts)


def bar(share: float, *, label: str, width: int = 60) -> Html:
    """Draw a share of 0 to 1 as a bar, which a screen reader calls by the label.

    Examples
    --------
    >>> bar(0.5, label="anger", width=20)  # doctest: +ELLIPSIS
    '<svg role="img" aria-label="anger 50 %" ...><rect width="10.0" height="8" ...'
    """
    full = {"height": 8, "rx": 2, "fill": "currentColor"}
    return element(
        "svg",
        element("rect", width=width, opacity=0.2, **full),
        element("rect", width=round(share * width, 1), **full),
        role="img",
        aria_label=f"{label} {percent(share)}",
        width=width,
        height=8,
    )


def percent(share: float) -> str:
    """Say a share; an unknown one is a dash.

    Examples
    --------
    >>> percent(0.123), percent(float("nan"))
    ('12 %', '-')
    """
    return f"{share:.0%}".replace("%", " %") if share == share else "-"


def bars(shares: Mapping[str, float]) -> Html:
    """Set shares as a small table of names, bars and numbers; unknown ones are left out.

    Examples
    --------
    >>> bars({"anger": 0.5, "churn_risk": float("nan")}).count("<tr>")
    1
    """
    known = {name.replace("_", " "): share for name, share in shares.items() if share == share}
    rows = [
        element(
            "tr",
            element("th", name, scope="row", style="text-align:left"),
            element("td", bar(share, label=name)),
            element("td", percent(share), style="text-align:right"),
        )
        for name, share in known.items()
    ]
    return element("table", element("tbody", *rows))


def marked(text: str, spans: Iterable[tuple[int, int, Mapping[str, object]]]) -> Html:
    """Mark spans of a text that do not overlap, each with attributes of its own.

    Examples
    --------
    >>> marked("<i> I am leaving", [(9, 16, {"class_": "leave"})])
    '&lt;i&gt; I am <mark class="leave">leaving</mark>'
    """
    parts: list[object] = []
    done = 0
    for start, end, attributes in sorted(spans, key=lambda span: span[:2]):
        parts += [text[done:start], element("mark", text[start:end], **attributes)]
        done = end
    return join([*parts, text[done:]])
