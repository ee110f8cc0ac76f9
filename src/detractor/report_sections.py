"""The parts of a report that stay as they are: alerts, themes, calibration, drift, notes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping

import pandas as pd

from detractor.drift import SHIFTED, STABLE
from detractor.markup import Html, element, escape, join, percent, table
from detractor.privacy import mask_personal_data
from detractor.report_inputs import Report, day, moments, numbers, words

RECENT_DAYS = 30
"""Alerts older than the latest by more are folded away."""
FIRST_THEMES = 30
_WIDEST = 2.5  # ratio at the ends of a picture of a trend
_SIDE, _EDGE = 220, 42  # of the chart of calibration, in pixels


def alerts_section(alerts: pd.DataFrame | None) -> Html:
    """List the customers who cannot wait, latest first; nothing where there are none.

    Examples
    --------
    >>> alerts = pd.DataFrame({"customer": ["ann"], "trouble": ["safety"], "evidence": ["Fire!"]})
    >>> "Fire!" in alerts_section(alerts), alerts_section(None)
    (True, '')
    """
    if alerts is None or not len(alerts):
        return Html("")
    rows = zip(
        moments(alerts, "date"),
        *(words(alerts, name) for name in ("customer", "trouble", "evidence")),
        strict=True,
    )
    latest = sorted(rows, key=lambda row: 0.0 if pd.isna(row[0]) else -row[0].timestamp())
    limit = latest[0][0] - pd.Timedelta(days=RECENT_DAYS)
    older = [_alert(*row) for row in latest if row[0] < limit]
    items = [_alert(*row) for row in latest if not row[0] < limit]
    first = element("ul", *items, class_="alerts")
    rest = (
        element(
            "details",
            element("summary", f"{len(older):,} older"),
            element("ul", *older, class_="alerts"),
        )
        if older
        else ""
    )
    return section("alerts", f"Cannot wait ({len(items):,})", first, rest)


def _alert(when: pd.Timestamp, customer: str, trouble: str, evidence: str) -> Html:
    head = [element("strong", element("bdi", customer)), f" · {trouble}"]
    if not pd.isna(when):
        head += [" · ", element("span", day(when), class_="soft")]
    return element(
        "li", element("p", *head), element("p", mask_personal_data(evidence).text, dir="auto")
    )


def themes_section(themes: pd.DataFrame | None) -> Html:
    """Show what customers write about, whether it spreads, and what hangs on it.

    Examples
    --------
    >>> themes = pd.DataFrame({"name": ["late box"], "mentions": [12], "trend": [1.8],
    ...     "trend_low": [1.2], "trend_high": [2.7], "evidence": ['["Late again"]']})
    >>> page = themes_section(themes)
    >>> "late box" in page, "growing" in page, "Late again" in page
    (True, True, True)
    """
    if themes is None or not len(themes):
        return Html("")
    shown = themes.head(FIRST_THEMES)
    evidence = shown["evidence"].tolist() if "evidence" in shown else [()] * len(shown)
    rows = zip(
        words(shown, "name"),
        zip(*(numbers(shown, name) for name in ("mentions", "customers")), strict=True),
        zip(*(numbers(shown, f"trend{end}") for end in ("", "_low", "_high")), strict=True),
        words(shown, "recurrence"),
        numbers(shown, "value_at_risk"),
        evidence,
        strict=True,
    )
    cells = [
        [
            element("strong", name),
            _count(*sizes),
            _trend(*trend),
            recurrence,
            f"{risk:,.0f}" if math.isfinite(risk) else "-",
            element("ul", *(_quote(said) for said in _sentences(quotes)), class_="quotes"),
        ]
        for name, sizes, trend, recurrence, risk, quotes in rows
    ]
    header = ["Theme", "Mentions", "Change in 30 days", "Returns?", "Value at risk", "They say"]
    whole = element("div", table(header, cells, caption=None), class_="framed scroll", **_SCROLLS)
    return section("themes", "What it is about", whole)


_SCROLLS: Mapping[str, object] = {"tabindex": "0", "role": "region", "aria_label": "Themes"}


def _quote(said: str) -> Html:
    return element("li", element("q", said, dir="auto"))


def _count(mentions: float, customers: float) -> str:
    by = f" by {customers:,.0f} customers" if math.isfinite(customers) else ""
    return f"{mentions:,.0f}{by}" if math.isfinite(mentions) else "-"


def _trend(factor: float, low: float, high: float) -> Html:
    if not math.isfinite(factor):
        return escape("too few to tell")
    word = "growing" if low > 1 else "fading" if high < 1 else "no clear change"
    told = element("span", f"x {factor:.2f} ({low:.2f} to {high:.2f})", class_="whole")
    return join([f"{word}: ", told, _trend_picture(factor, low, high)])


def _trend_picture(factor: float, low: float, high: float) -> Html:
    """Draw the interval on a log scale; the words beside it say the same."""

    def x(ratio: float) -> float:
        place = math.log(min(max(ratio, 1 / _WIDEST), _WIDEST)) / math.log(_WIDEST)
        return round(5 + (place + 1) / 2 * 110, 1)

    return element(
        "svg",
        element("line", x1=x(1), y1=0, x2=x(1), y2=12, class_="steady"),
        element("line", x1=x(low), y1=6, x2=x(high), y2=6, stroke="currentColor", stroke_width=2),
        element("circle", cx=x(factor), cy=6, r=3.5, fill="currentColor"),
        class_="trend",
        width=120,
        height=12,
        aria_hidden="true",
    )


def _sentences(evidence: object) -> list[str]:
    """Read sentences, which CSV holds as a JSON list."""
    if isinstance(evidence, str):
        try:
            evidence = json.loads(evidence)
        except ValueError:
            return [str(evidence)]
    return [str(each) for each in evidence] if isinstance(evidence, Iterable) else []


def trust_section(report: Report) -> Html:
    """Show whether the figures can be trusted: calibration, drift, and what was assumed.

    Examples
    --------
    >>> page = trust_section(Report(queue=pd.DataFrame(), shift={"anger": 0.31}))
    >>> "shifted" in page
    True
    """
    cards = [
        _calibration_card(report.reliability),
        _drift_card(report.shift, report.compared_with),
        _notes_card(report.notes),
    ]
    if not any(cards):
        return Html("")
    return section("trust", "Can the figures be trusted?", element("div", *cards, class_="cards"))


def _calibration_card(reliability: pd.DataFrame | None) -> Html:
    if reliability is None or not len(reliability):
        return Html("")
    names = ("n", "predicted", "observed", "low", "high")
    rows = list(zip(*(numbers(reliability, name) for name in names), strict=True))
    total = sum(row[0] for row in rows)
    expected, seen = (sum(row[0] * row[k] for row in rows) / max(total, 1) for k in (1, 2))
    sentence = (
        f"Of {total:,.0f} texts with a rating, {percent(seen)} came from detractors; "
        f"the model expected {percent(expected)}."
    )
    cells = [
        [percent(said), percent(saw), f"{percent(low)} to {percent(high)}", f"{n:,.0f}"]
        for n, said, saw, low, high in rows
    ]
    figures = element(
        "details",
        element("summary", "The figures"),
        table(["Expected", "Observed", "95 % interval", "Texts"], cells),
    )
    return element(
        "div",
        element("h3", "Probabilities against ratings"),
        element("p", sentence),
        _chart(rows, sentence),
        figures,
        class_="card",
    )


def _chart(rows: list[tuple[float, ...]], sentence: str) -> Html:
    def x(share: float) -> float:
        return round(_EDGE + share * _SIDE, 1)

    def y(share: float) -> float:
        return round(8 + (1 - share) * _SIDE, 1)

    marks: list[Html] = []
    for _, said, saw, low, high in rows:
        marks.append(_line(x(said), y(low), x(said), y(high), "range"))
        marks.append(element("circle", cx=x(said), cy=y(saw), r=4, class_="dot"))
    ticks: list[Html] = []
    for share in (0.0, 0.5, 1.0):
        ticks.append(element("text", percent(share), x=x(share), y=y(0) + 16, text_anchor="middle"))
        ticks.append(
            element("text", percent(share), x=_EDGE - 5, y=y(share) + 4, text_anchor="end")
        )
    names = [
        element("text", "expected", x=x(0.5), y=y(0) + 32, text_anchor="middle"),
        element("text", "observed", x=x(0.02), y=y(1) + 12),
    ]
    return element(
        "svg",
        _line(x(0), y(0), x(1), y(0), "axis"),
        _line(x(0), y(0), x(0), y(1), "axis"),
        _line(x(0), y(0), x(1), y(1), "ideal"),
        *ticks,
        *names,
        *marks,
        role="img",
        aria_label=f"Expected against observed shares. {sentence}",
        class_="chart",
        viewBox=f"0 0 {_SIDE + _EDGE + 24} {_SIDE + 46}",
    )


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Html:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=kind)


def _drift_card(shift: Mapping[str, float], compared_with: str) -> Html:
    if not shift:
        return Html("")
    rows = [
        [name.replace("_", " "), _steadiness(index), f"{index:.3f}"]
        for name, index in shift.items()
    ]
    since = f"Since the night of {compared_with}." if compared_with else ""
    return element(
        "div",
        element("h3", "Has the feedback changed?"),
        element("p", since, " Index of population stability: below ", f"{STABLE:g} is steady."),
        table(["Probability", "Change", "Index"], rows),
        class_="card",
    )


def _steadiness(index: float) -> str:
    return "steady" if index < STABLE else "shifting" if index < SHIFTED else "shifted"


def _notes_card(notes: Iterable[str]) -> Html:
    items = [element("li", note) for note in notes]
    if not items:
        return Html("")
    return element(
        "div", element("h3", "What had to be assumed"), element("ul", *items), class_="card"
    )


def section(name: str, title: str, *parts: object) -> Html:
    """Make a section of the page with a heading that names it.

    Examples
    --------
    >>> section("a", "Alerts")
    '<section id="a" aria-labelledby="a-title"><h2 id="a-title">Alerts</h2></section>'
    """
    heading = element("h2", title, id=f"{name}-title")
    return element("section", heading, *parts, id=name, aria_labelledby=f"{name}-title")
