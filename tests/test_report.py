"""The page of a night: what it holds, whatever its tables hold."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detractor.cli import main
from detractor.errors import InputFileError, ParameterError, SchemaError
from detractor.markup import visible
from detractor.report import STATIC_ROWS, render_report, write_report
from detractor.report_inputs import Report, hold_against_ratings, read_night
from detractor.report_rows import customers

QUEUE = pd.DataFrame(
    {
        "customer_id": ["ann", "ben", "cem"],
        "position": [1, 2, 3],
        "contact": [True, True, False],
        "lane": ["must_contact", "standard", "suppressed"],
        "suppressed_by": ["", "", "opt_out"],
        "expected_saving": [120.0, 45.5, np.nan],
        "anger": [0.9, 0.2, np.nan],
        "churn_risk": [0.7, 0.8, np.nan],
        "safety": [True, False, False],
        "evidence": ["It caught fire \U0001f525 and I am leaving", "I want to cancel", ""],
        "respond_by": pd.to_datetime(["2026-03-02 13:00", None, None], utc=True),
        "why": ["Must contact", "Leaving", "Silent"],
    }
)
PLAN = pd.DataFrame(
    {
        "customer_id": ["ann"], "fix": ["refund"], "concern": ["call"], "wow": ["a month free"],
        "cost": [20.0], "pay_back": [15.0], "decided_by": ["agent"], "owner": ["team lead"],
        "channel": ["phone"], "first_line": ["I am sorry."], "why": ["owed"], "next_best": [""],
    }
)  # fmt: skip
THEMES = pd.DataFrame(
    {
        "name": ["fire"], "mentions": [12], "customers": [9], "trend": [1.8], "trend_low": [1.2],
        "trend_high": [2.7], "recurrence": ["repeating"], "value_at_risk": [900.0],
        "evidence": ['["It burnt", "Smoke"]'],
    }
)  # fmt: skip
ALERTS = pd.DataFrame(
    {
        "customer": ["ann", "dora"],
        "trouble": ["safety", "vulnerable"],
        "evidence": ["It caught fire, ring 020 7946 0018", "My mother died"],
        "date": ["2026-03-01", "2025-01-01"],
    }
)
RELIABILITY = pd.DataFrame(
    {"n": [50, 50], "predicted": [0.2, 0.8], "observed": [0.3, 0.7], "low": [0.2, 0.6],
     "high": [0.4, 0.8]}
)  # fmt: skip
FULL = Report(
    queue=QUEUE,
    plan=PLAN,
    themes=THEMES,
    alerts=ALERTS,
    reliability=RELIABILITY,
    shift={"anger": 0.31, "churn_risk": 0.02},
    compared_with="2026-02-28",
    as_of="2026-03-01",
    notes=["38 customers without churn_probability count as base_churn"],
)


# Of the queue: a header, a template and three customers. Of themes, calibration and drift: a header
# each, and one, two and two rows.
TABLE_ROWS = 1 + 1 + 3 + 3 + 1 + 2 + 2


class Page(HTMLParser):
    """The text of a page, the data of its script, and every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        """Keep what a person reads."""
        if self.inside not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        """Everything a person reads, in one line."""
        return " ".join(" ".join(self.words).split())


def data_of(page: str) -> dict[str, list[object]]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, list[object]] = json.loads(found.group(1))
    return data


def test_the_page_tells_without_scripts_who_why_what_and_by_when() -> None:
    text = Page(render_report(FULL)).text
    for words in (
        "night of 1 Mar 2026", "ann must contact", "safety", "It caught fire",
        "Do refund; call; a month free", "Open with I am sorry.",
        "Who team lead owns it, agent decides, by phone", "Costs 20, gives back 15",
        "Mon 2 Mar 2026 13:00 UTC", "to contact, of 3 customers",
    ):  # fmt: skip
        assert words in text, words


def test_the_page_shows_alerts_themes_calibration_drift_and_assumptions() -> None:
    text = Page(render_report(FULL)).text
    assert "Cannot wait (1)" in text
    assert "1 older" in text
    assert "020 7946" not in text
    assert "growing: x 1.80 (1.20 to 2.70)" in text
    assert "Smoke" in text
    assert "Of 100 texts with a rating, 50 % came from detractors" in text
    assert "anger shifted 0.310" in text
    assert "churn risk steady 0.020" in text
    assert "38 customers without" in text


def test_a_queue_alone_makes_a_page() -> None:
    page = Page(render_report(Report(queue=QUEUE)))
    assert {a["id"] for t, a in page.tags if t == "section"} == {"queue"}
    minimal = QUEUE[["customer_id", "position", "contact", "lane", "expected_saving"]]
    assert "ann" in Page(render_report(Report(queue=minimal))).text


def test_a_table_that_is_no_queue_is_refused() -> None:
    with pytest.raises(SchemaError, match="position"):
        render_report(Report(queue=pd.DataFrame({"customer_id": ["ann"]})))


def test_the_script_sees_what_the_page_shows() -> None:
    data = data_of(render_report(FULL))
    assert data["customer"] == ["ann", "ben", "cem"]
    assert data["saving"] == [120.0, 45.5, None]
    assert data["due"] == ["2026-03-02T13:00Z", "", ""]
    assert data["flags"] == [["safety"], [], ["asked for silence"]]
    facts = [data["texts"][place] for place in data["facts"][2]]  # type: ignore[index,attr-defined]
    assert facts == ["Place", "Silent"]
    said = data["said"]
    assert "".join(text for _, text in said[0]) == QUEUE["evidence"][0]  # type: ignore[attr-defined]
    kinds = {text: kind for kind, text in said[0]}  # type: ignore[attr-defined]
    assert any(kind == "churn_risk" and "leaving" in text for text, kind in kinds.items())


def test_nothing_is_marked_without_a_model() -> None:
    assert customers(FULL, None).said[0] == [("", QUEUE["evidence"][0])]


HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "\u2028\u2029",
    "=HYPERLINK()",
    "{{constructor.constructor('alert(1)')()}}",
)


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_add_no_tag_anywhere(words: str) -> None:
    hostile = replace(
        FULL,
        queue=QUEUE.assign(
            customer_id=[words, "b", "c"], evidence=words, why=words, lane=words, quadrant=words
        ),
        plan=PLAN.assign(customer_id=words, fix=words, first_line=words),
        themes=THEMES.assign(name=words, recurrence=words, evidence=json.dumps([words])),
        alerts=ALERTS.assign(customer=words, trouble=words, evidence=words),
        notes=[words],
        title=words,
        as_of=words,
        compared_with=words,
        shift={words: 0.2},
    )
    page = Page(render_report(hostile))
    assert [a for t, a in page.tags if t == "script"] == [
        {"type": "application/json", "id": "data"}, {}
    ]  # fmt: skip
    assert not {t for t, _ in page.tags} & {"img", "iframe", "object", "a href"}
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert data_of(render_report(hostile))["customer"][0] == words


@settings(max_examples=40)
@given(words=st.text(max_size=60), name=st.text(max_size=20))
def test_any_words_come_back_from_the_page_as_they_went_in(words: str, name: str) -> None:
    queue = QUEUE.assign(customer_id=pd.Series([name, "b", "c"], dtype=object))
    queue["evidence"] = pd.Series([words, "", ""], dtype=object)
    page = render_report(replace(FULL, queue=queue, plan=None))
    data = data_of(page)
    assert data["customer"][0] == visible(name)
    assert "".join(part for _, part in data["said"][0]) == visible(words)  # type: ignore[attr-defined]
    assert sum(tag == "tr" for tag, _ in Page(page).tags) == TABLE_ROWS


def test_the_page_asks_for_nothing_outside_it() -> None:
    page = render_report(FULL)
    addresses = [
        value for _, attrs in Page(page).tags for name, value in attrs.items()
        if name in ("src", "href", "action", "data", "xlink:href")
    ]  # fmt: skip
    assert all(str(address).startswith("#") for address in addresses)
    assert "url(" not in page
    assert "@import" not in page
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy.startswith("default-src &#x27;none&#x27;; script-src &#x27;sha256-")
    assert "unsafe" not in policy


def test_the_same_night_gives_the_same_bytes(tmp_path: Path) -> None:
    pages = [write_report(FULL, tmp_path / name).read_bytes() for name in ("a.html", "b.html")]
    assert pages[0] == pages[1]
    assert {path.name for path in tmp_path.iterdir()} == {"a.html", "b.html"}


def test_only_the_first_customers_stand_in_the_page_itself() -> None:
    many = pd.DataFrame(
        {"customer_id": range(STATIC_ROWS + 50), "position": range(1, STATIC_ROWS + 51),
         "contact": False, "lane": "standard", "expected_saving": 1.0}
    )  # fmt: skip
    page = render_report(Report(queue=many))
    rows = page.split("<tbody")[1].split("</tbody>")[0].count("<tr")
    assert rows == STATIC_ROWS
    assert len(data_of(page)["customer"]) == STATIC_ROWS + 50
    assert f"the first {STATIC_ROWS} of {STATIC_ROWS + 50} customers" in page


def test_ratings_judge_the_probabilities_of_customers_only() -> None:
    scored = pd.DataFrame(
        {
            "detractor": [0.9, 0.1, 0.9, 0.9, 0.9],
            "rating": ["2", "9", "10", "", "10"],
            "status": ["ok", "ok", "ok", "ok", "empty"],
            "author": ["customer", "customer", " Agent", "customer", "customer"],
        }
    )
    table = hold_against_ratings(scored)
    assert table[["n", "observed"]].to_numpy().tolist() == [[1, 0.0], [1, 1.0]]
    assert hold_against_ratings(scored.drop(columns="rating")).empty
    assert hold_against_ratings(scored.drop(columns="status"))["n"].sum() == 3
    assert hold_against_ratings(scored.assign(rating=["1", "5", "4", "99", "3"])).empty


def test_a_night_is_read_from_its_folder(tmp_path: Path) -> None:
    night = tmp_path / "2026-03-01"
    night.mkdir()
    QUEUE.assign(evidence="'- late again").to_csv(night / "queue.csv", index=False)
    (night / "report.json").write_text('{"as_of": "2026-03-01", "shift": {"anger": 0.3}}')
    (night / "rank.json").write_text('{"assumptions": ["no column"]}')
    report = read_night(night)
    assert report.queue["evidence"][0] == "- late again"
    assert (report.as_of, report.shift, report.notes) == (
        "2026-03-01", {"anger": 0.3}, ["no column"]
    )  # fmt: skip
    (night / "rank.json").write_text("{")
    with pytest.raises(InputFileError, match=r"rank\.json"):
        read_night(night)
    with pytest.raises(InputFileError, match=r"no queue\.csv"):
        read_night(tmp_path)


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    QUEUE.to_csv(tmp_path / "queue.csv", index=False)
    PLAN.to_csv(tmp_path / "plan.csv", index=False)
    out = tmp_path / "page.html"
    given = [str(tmp_path / "queue.csv"), "--plan", str(tmp_path / "plan.csv")]
    assert main(["report", *given, "--out", str(out), "--title", "Tonight"]) == 0
    assert capsys.readouterr().out.startswith("3 customers: ")
    text = Page(out.read_text(encoding="utf-8")).text
    assert "Tonight" in text
    assert "Do refund" in text
    assert main(["report", str(tmp_path), "--out", str(out)]) == 0
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "no/page.html")]) == 2
    assert "make it first" in capsys.readouterr().err


def test_a_page_is_not_written_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="make it first"):
        write_report(FULL, tmp_path / "no" / "page.html")
