"""A night as one page: whom to contact first and why, for people, from a file share.

The page needs no network and no server. Its one script and one style are allowed by their hashes
and nothing else is, so that a customer's words cannot become code even if one slipped through the
escaping. Without scripts it still shows the first customers, whole.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from detractor.artifact import load
from detractor.errors import ParameterError
from detractor.files import whole_file
from detractor.markup import Html, element, escape, join, percent
from detractor.report_inputs import Report, day
from detractor.report_rows import (
    LANE_WORDS,
    MOOD_WORDS,
    Customers,
    Said,
    customers,
)
from detractor.report_sections import alerts_section, section, themes_section, trust_section
from detractor.schema import HEADS

if TYPE_CHECKING:
    from detractor.model import FeedbackModel

STATIC_ROWS = 200
"""Customers that are shown where scripts are off."""
PAGE_SIZES = (25, 50, 100, 250)
_SIZE = 50
_BAR = 60
_HEADER = (
    ("#", "position", "number"),
    ("Customer", "", ""),
    ("What they say", "", ""),
    ("Leaving", "churn_risk", ""),
    ("Anger", "anger", ""),
    ("Saves", "saving", "number"),
    ("Respond by", "due", ""),
)
_LEGEND = (
    (HEADS[2], "leaving"),
    (HEADS[1], "anger"),
    (HEADS[0], "dissatisfied"),
)


def write_report(report: Report, path: str | Path, *, model: FeedbackModel | None = None) -> Path:
    """Write a night as one HTML file that needs nothing else.

    Parameters
    ----------
    report : Report
        What to show: see `detractor.report_inputs.read_night` for the folder of a night.
    path : str or Path
        The file; it appears under its name only when it is whole.
    model : FeedbackModel, optional
        Marks the words behind the scores; the default model when not given.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SchemaError
        The table is no queue.
    ParameterError
        There is no such folder to write in.

    Examples
    --------
    >>> import tempfile
    >>> queue = pd.DataFrame({"customer_id": ["ann"], "position": 1, "contact": True,
    ...     "lane": "standard", "expected_saving": 90.0, "evidence": "I am leaving"})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_report(Report(queue=queue), Path(folder) / "night.html")
    ...     "ann" in page.read_text(encoding="utf-8")
    True
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise ParameterError(f"no folder {str(target.parent)!r} to write in; make it first")
    page = render_report(report, model=model)
    with whole_file(target) as part:
        part.write_text(page, encoding="utf-8")
    return target


def render_report(report: Report, *, model: FeedbackModel | None = None) -> str:
    """Make the page; the same inputs give the same bytes.

    Parameters
    ----------
    report : Report
    model : FeedbackModel, optional

    Raises
    ------
    SchemaError
        The table is no queue.

    Examples
    --------
    >>> queue = pd.DataFrame({"customer_id": ["<ann>"], "position": 1, "contact": True,
    ...     "lane": "standard", "expected_saving": 90.0})
    >>> "<ann>" in render_report(Report(queue=queue))
    False
    """
    told = customers(report, load() if model is None else model)
    style, script = _asset("report.css"), _asset("report.js")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", _title(report)),
        element("style", style),
    )
    data = element("script", _json(told), type="application/json", id="data")
    body = element("body", *_body(report, told), data, element("script", script))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _asset(name: str) -> Html:
    return Html((resources.files("detractor") / "data" / name).read_text(encoding="utf-8"))


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _json(told: Customers) -> Html:
    """Write the data so that nothing in it can end the element it stands in.

    Plans and reasons repeat themselves: each of their texts is written once.
    """
    places: dict[str, int] = {}
    facts = [
        [places.setdefault(text, len(places)) for pair in pairs for text in pair]
        for pairs in told.facts
    ]
    values = {**told._asdict(), "facts": facts, "texts": list(places), "lane_words": LANE_WORDS}
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Html(text)


def _title(report: Report) -> str:
    return f"{report.title}{f' · {_night(report)}' if report.as_of else ''}"


def _night(report: Report) -> str:
    try:
        return f"night of {day(pd.Timestamp(report.as_of))}"
    except ValueError:
        return report.as_of


def _body(report: Report, told: Customers) -> Iterator[Html]:
    parts = {
        "queue": _queue_section(told),
        "alerts": alerts_section(report.alerts),
        "themes": themes_section(report.themes),
        "trust": trust_section(report),
    }
    names = {"queue": "Queue", "alerts": "Cannot wait", "themes": "Themes", "trust": "Trust"}
    links = [element("a", names[name], href=f"#{name}") for name, part in parts.items() if part]
    yield element("a", "Skip to the queue", href="#queue", class_="skip")
    header = element(
        "header",
        element("h1", report.title),
        element("p", _night(report), class_="soft") if report.as_of else "",
        element("nav", *links, aria_label="On this page") if len(links) > 1 else "",
    )
    sheet = [header, element("main", _tiles(told), *parts.values()), _footer()]
    yield element("div", *sheet, class_="sheet")


def _tiles(told: Customers) -> Html:
    chosen = [row for row, on in enumerate(told.contact) if on]
    saving = sum(told.saving[row] or 0.0 for row in chosen)
    urgent = sum(told.lane[row] == "must_contact" for row in chosen)
    facts = [
        (f"to contact, of {len(told.customer):,} customers", f"{len(chosen):,}"),
        ("expected to be saved", f"{saving:,.0f}"),
        ("must be contacted", f"{urgent:,}"),
    ]
    tiles = [element("div", element("dt", name), element("dd", value)) for name, value in facts]
    late = element("dd", "-", id="late")
    tiles.append(
        element("div", element("dt", "past their time"), late, hidden=True, data_live=True)
    )
    return element("dl", *tiles, class_="tiles")


def _queue_section(told: Customers) -> Html:
    shown = range(min(STATIC_ROWS, len(told.customer)))
    rows = join(_row(told, row) for row in shown)
    header = element(
        "tr",
        *(
            element("th", title, scope="col", role="columnheader", class_=kind or None,
                    data_sort=name or None)
            for title, name, kind in _HEADER
        ),
        role="row",
    )  # fmt: skip
    caption = element("caption", "Customers, first to contact first", class_="unseen")
    table = element(
        "table",
        caption,
        element("thead", header, role="rowgroup"),
        element("tbody", rows, id="rows", role="rowgroup"),
        role="table",
    )
    few = f"the first {len(shown):,} of {len(told.customer):,} customers are shown, without search"
    marks = [element("li", element("mark", words, class_=kind)) for kind, words in _LEGEND]
    legend = [element("li", "Words that speak of", class_="soft"), *marks]
    return section(
        "queue",
        "Queue",
        element("noscript", element("p", f"Scripts are off: {few}.")),
        element("ul", *legend, class_="legend"),
        _controls(told),
        element("div", table, class_="queue framed"),
        _pager(),
        element("template", _row(_EMPTY, 0), id="row"),
    )


_EMPTY = Customers(
    [""], [0], [True], [""], [""], [["-"]], [[]], [""], [[("-", "-")]], [0.0], [0.0], [0.0], [""]
)
"""What the script fills in."""


def _row(told: Customers, row: int) -> Html:
    lane = told.lane[row]
    flags = [element("li", flag) for flag in told.flags[row]]
    facts = [join([element("dt", a), element("dd", b, dir="auto")]) for a, b in told.facts[row]]
    empty = told is _EMPTY
    details = element(
        "details",
        element("summary", "Plan and reasons"),
        element("dl", *([] if empty else facts), class_="facts"),
    )
    written = pd.Timestamp(told.written[row]) if told.written[row] else None
    foot = element(
        "div",
        element("span", day(written) if written else "", class_="when"),
        details if facts else "",
        class_="foot",
    )
    saving = told.saving[row]
    cells = [
        element("td", told.position[row], class_="place", role="cell"),
        element(
            "th",
            element("bdi", told.customer[row], class_="id"),
            element("span", LANE_WORDS.get(lane, lane), class_=f"lane {_kind(lane)}".strip()),
            element("ul", *([] if empty else flags), class_="flags") if flags else "",
            scope="row",
            class_="who",
            role="rowheader",
        ),
        element(
            "td",
            element("p", _said(told.said[row]), class_="text", dir="auto"),
            foot,
            class_="said",
            role="cell",
        ),
        _share(told.churn_risk[row], "leaving", "Leaving"),
        _share(told.anger[row], "anger", "Anger"),
        element("td", "-" if saving is None else f"{saving:,.0f}", class_="saving", role="cell",
                data_label="Saves"),
        element("td", "" if empty else _due(told.due[row]), class_="due", role="cell",
                data_label="Respond by"),
    ]  # fmt: skip
    return element("tr", *cells, role="row", class_=None if told.contact[row] else "rest")


def _kind(lane: str) -> str:
    return lane if lane in LANE_WORDS else ""


def _said(said: Said) -> Html:
    return join(element("mark", text, class_=kind) if kind else escape(text) for kind, text in said)


def _share(share: float | None, kind: str, label: str) -> Html:
    cell: list[Html | str] = ["-"]
    if share is not None:
        full = {"height": 8, "rx": 2, "fill": "currentColor"}
        picture = element(
            "svg",
            element("rect", width=_BAR, opacity=0.2, **full),
            element("rect", width=round(share * _BAR, 1), class_="full", **full),
            role="img",
            aria_label=f"{kind} {percent(share)}",
            width=_BAR,
            height=8,
        )
        cell = [element("span", percent(share), aria_hidden="true"), picture]
    return element("td", *cell, class_=f"share {kind}", role="cell", data_label=label)


def _due(due: str) -> Html:
    if not due:
        return Html("-")
    at = pd.Timestamp(due)
    return element("time", f"{at:%a} {day(at)} {at:%H:%M} UTC", datetime=due)


def _controls(told: Customers) -> Html:
    lanes = {"contact": "to contact"} | {
        lane: words for lane, words in LANE_WORDS.items() if lane in told.lane
    }
    moods = {mood: words for mood, words in MOOD_WORDS.items() if mood in told.mood}
    flags = {flag: flag for flag in sorted({flag for given in told.flags for flag in given})}
    hours = {"0": "past their time", "4": "within 4 hours", "24": "within a day"}
    sorts = {name: title for title, name, _ in _HEADER if name} | {"position": "Place"}
    search = element("input", type="search", id="search", autocomplete="off", spellcheck="false")
    words = element("label", "Search names and words", for_="search")
    return element(
        "form",
        element("div", words, search, class_="wide"),
        _select("lane", "Lane", {"": "everyone"} | lanes),
        _select("mood", "Mood", {"": "any"} | moods),
        _select("flag", "Says", {"": "anything"} | flags),
        _select("due", "Respond by", {"": "any time"} | hours),
        _select("sort", "Sort by", sorts),
        element("button", "Clear", type="button", id="clear"),
        class_="controls",
        role="search",
        aria_label="Customers",
        hidden=True,
        data_live=True,
    )


def _select(name: str, label: str, options: dict[str, str]) -> Html:
    choices = [element("option", words, value=value) for value, words in options.items()]
    field = element("select", *choices, id=name, autocomplete="off")
    return element("div", element("label", label, for_=name), field)


def _pager() -> Html:
    sizes = [element("option", size, selected=size == _SIZE) for size in PAGE_SIZES]
    return element(
        "div",
        element("p", "", id="status", role="status"),
        element("label", "Rows", for_="size"),
        element("select", *sizes, id="size", autocomplete="off"),
        element("button", "Previous", type="button", id="previous"),
        element("span", "", id="page"),
        element("button", "Next", type="button", id="next"),
        class_="pager",
        hidden=True,
        data_live=True,
    )


def _footer() -> Html:
    return element(
        "footer",
        element(
            "p",
            "A proposal for people, who may overrule it; nothing here is a reason to refuse "
            "anybody anything. Leaving is the intent that a text states or clearly implies, not a "
            "forecast of what the customer will do.",
        ),
        element(
            "p",
            "Expected saving is value x reach x chance of leaving x chance of recovery x "
            "freshness, less the cost of the contact. Personal data in the texts is masked as far "
            "as it was recognised.",
        ),
    )
