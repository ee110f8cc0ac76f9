"""The page of a night in a real browser: search, sort, keyboard, hostile words, accessibility."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from detractor.report import PAGE_SIZES, STATIC_ROWS, write_report
from detractor.report_inputs import Report

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

NOW = "2026-03-02T12:00:00Z"
HOSTILE = (
    "</script><script>window.ran = 1</script>",
    "<img src=x onerror='window.ran = 2'>",
    "<svg/onload=window.ran=3>",
    "<a href=javascript:window.ran=4>click</a>",
    '"><iframe srcdoc="<script>parent.ran=5</script>">',
    "' onmouseover='window.ran = 6",
    "<style>*{display:none}</style><link rel=stylesheet href=//evil.example/a.css>",
    "{{constructor.constructor('window.ran=7')()}} ${window.ran=8} <%= 9 %>",
    "<!--<script>window.ran = 10</script>",
    "\u202egnp.exe\u202c \u2066x\u2069 \ud800 \x00",
    "__proto__",
)


def queue_of(count: int) -> pd.DataFrame:
    """Make a queue whose savings fall and whose dangers rise with the place."""
    place = np.arange(1, count + 1)
    lanes = np.array(["must_contact", "senior", "standard", "suppressed", "holdout"])
    due = pd.Timestamp(NOW) + pd.to_timedelta(place - 3, unit="h")
    return pd.DataFrame(
        {
            "customer_id": [f"customer-{n}" for n in place],
            "position": place,
            "contact": place <= 8,
            "lane": lanes[(place - 1) % 5],
            "expected_saving": 1000.0 - place,
            "anger": place / (count + 1),
            "churn_risk": (place * 7 % count) / count,
            "quadrant": np.where(place % 2 == 0, "venting", "quiet_leaver"),
            "safety": place == 3,
            "evidence": [f"Text number {n} says I am cancelling \U0001f620" for n in place],
            "evidence_date": "2026-03-01",
            "respond_by": due,
            "why": [f"Because of reason {n}" for n in place],
        }
    )


PLAN = pd.DataFrame(
    {"customer_id": ["customer-1"], "fix": ["refund"], "cost": [20.0], "pay_back": [15.0]}
)
THEMES = pd.DataFrame(
    {"name": ["late"], "mentions": [9], "customers": [7], "trend": [1.8], "trend_low": [1.2],
     "trend_high": [2.7], "recurrence": ["repeating"], "value_at_risk": [900.0],
     "evidence": ['["Late again"]']}
)  # fmt: skip
ALERTS = pd.DataFrame(
    {"customer": ["ann", "bea"], "trouble": ["safety", "vulnerable"],
     "evidence": ["It burnt", "She died"], "date": ["2026-03-01", "2025-03-01"]}
)  # fmt: skip
RELIABILITY = pd.DataFrame(
    {"n": [50, 50], "predicted": [0.2, 0.8], "observed": [0.3, 0.7], "low": [0.2, 0.6],
     "high": [0.4, 0.8]}
)  # fmt: skip


def full(count: int) -> Report:
    return Report(
        queue=queue_of(count),
        plan=PLAN,
        themes=THEMES,
        alerts=ALERTS,
        reliability=RELIABILITY,
        shift={"anger": 0.31},
        compared_with="2026-02-28",
        as_of="2026-03-01",
        notes=["38 customers count as base_churn"],
    )


Open = Callable[..., "playwright.Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as started:
        # --no-sandbox: Chromium's own does not work for root, as which CI runs
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def open_page(browser: "playwright.Browser", tmp_path: Path) -> Iterator[Open]:
    """Open a report; whatever the browser complains of or asks the network for is a failure."""
    contexts = []
    complaints: list[str] = []

    def open_report(report: Report, **settings: object) -> "playwright.Page":
        path = write_report(report, tmp_path / "night.html")
        chosen = {"viewport": {"width": 1280, "height": 900}, "timezone_id": "UTC", **settings}
        context = browser.new_context(**chosen)
        contexts.append(context)
        page = context.new_page()
        page.clock.set_fixed_time(NOW)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.append(request.url))
        page.goto(path.as_uri())
        assert complaints.pop(0) == path.as_uri()
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert not complaints


@pytest.fixture
def page(open_page: Open) -> "playwright.Page":
    return open_page(full(120))


def names(page: "playwright.Page") -> list[str]:
    found: list[str] = page.locator("#rows .id").all_inner_texts()
    return found


def status(page: "playwright.Page") -> str:
    text: str = page.locator("#status").inner_text()
    return text


def test_hostile_words_do_not_run_whatever_is_done_with_them(open_page: Open) -> None:
    count = len(HOSTILE)
    words = pd.Series(HOSTILE, dtype=object)  # a lone surrogate is no string to Arrow
    queue = queue_of(count).assign(
        customer_id=words, evidence=words, why=words, lane=words, quadrant=words
    )
    plan = pd.DataFrame({"customer_id": words, "fix": words, "first_line": words, "cost": words})
    page = open_page(
        Report(
            queue=queue,
            plan=plan,
            themes=pd.concat([THEMES] * count, ignore_index=True).assign(
                name=words, recurrence=words
            ),
            alerts=pd.DataFrame({"customer": words, "trouble": words, "evidence": words}),
            title=words[0],
            as_of=words[1],
            compared_with=words[2],
            shift={words[3]: 1.0},
            notes=HOSTILE,
        )
    )
    shown = names(page)
    assert shown[:9] == list(HOSTILE[:9])
    assert shown[9] == "\ufffdgnp.exe\ufffd \ufffdx\ufffd \ufffd \ufffd"
    for summary in page.locator("summary").all():
        summary.click()
    for row in page.locator("#rows tr").all():
        row.hover()
    page.locator("#search").fill("<script>window")
    playwright.expect(page.locator("#status")).to_have_text("Customers 1 to 2 of 2")
    page.get_by_role("button", name="Saves").click()
    assert page.evaluate("window.ran") is None
    assert page.locator("script").count() == 2
    assert page.locator("img, iframe, link, a[href^='javascript']").count() == 0
    assert page.locator("#rows").is_visible()


def test_the_policy_stops_a_script_that_would_have_slipped_in(
    open_page: Open, browser: "playwright.Browser", tmp_path: Path
) -> None:
    page = write_report(full(3), tmp_path / "slip.html").read_text(encoding="utf-8")
    slipped = tmp_path / "slipped.html"
    script = "<script>window.ran = 1</script><img src='data:,' onerror='window.ran = 2'>"
    slipped.write_text(page.replace("<main>", f"<main>{script}"), encoding="utf-8")
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(slipped.as_uri())
    playwright.expect(tab.locator("#status")).to_have_text("Customers 1 to 3 of 3")
    assert tab.evaluate("window.ran") is None
    context.close()


@pytest.mark.parametrize(
    ("words", "count"),
    [("number customer-77", 1), ("REASON 119", 1), ("must contact", 24), ("refund", 1),
     ("cáncelling customer-5", 11), ("no such words", 0)],
)  # fmt: skip
def test_search_finds_every_word_without_regard_to_case_and_accents(
    page: "playwright.Page", words: str, count: int
) -> None:
    page.locator("#search").fill(words)
    ending = f"of {count}" if count else "No customer fits"
    found = page.locator("#status")
    playwright.expect(found).to_contain_text(ending)


def test_the_clear_button_brings_everyone_back(page: "playwright.Page") -> None:
    page.locator("#search").fill("reason 119")
    playwright.expect(page.locator("#status")).to_contain_text("of 1")
    page.get_by_role("button", name="Clear").click()
    assert status(page) == "Customers 1 to 50 of 120"
    assert page.locator("#search").evaluate("field => field === document.activeElement")


def test_filters_narrow_the_queue_together(page: "playwright.Page") -> None:
    page.get_by_label("Lane").select_option("to contact")
    assert status(page) == "Customers 1 to 8 of 8"
    page.get_by_label("Mood").select_option("venting")
    assert status(page) == "Customers 1 to 4 of 4"
    page.get_by_label("Mood").select_option("")
    page.get_by_label("Says").select_option("safety")
    assert names(page) == ["customer-3"]


def test_clocks_count_down_to_the_answer(page: "playwright.Page") -> None:
    assert page.locator("#late").inner_text() == "2"
    clocks = page.locator(".clock").all_inner_texts()
    assert clocks[:5] == ["2 h late", "1 h late", "in 0 min", "in 1 h", "in 2 h"]
    page.get_by_label("Respond by").select_option("past their time")
    assert names(page) == ["customer-1", "customer-2", "customer-3"]


def test_columns_are_sorted_from_the_keyboard_and_say_so(page: "playwright.Page") -> None:
    head = page.locator("th[data-sort=anger]")
    assert page.locator("th[data-sort=position]").get_attribute("aria-sort") == "ascending"
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert names(page)[0] == "customer-120"
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "ascending"
    assert names(page)[0] == "customer-1"
    assert page.locator("[aria-sort]").count() == 1
    page.get_by_label("Sort by").select_option("Saves")
    assert page.locator("th[data-sort=saving]").get_attribute("aria-sort") == "descending"


def test_unknown_values_come_last_either_way(open_page: Open) -> None:
    queue = queue_of(3).assign(anger=[np.nan, 0.2, 0.8])
    page = open_page(Report(queue=queue))
    button = page.get_by_role("button", name="Anger")
    button.click()
    assert names(page) == ["customer-3", "customer-2", "customer-1"]
    button.click()
    assert names(page) == ["customer-2", "customer-3", "customer-1"]


def test_pages_are_turned(page: "playwright.Page") -> None:
    assert page.get_by_role("button", name="Previous").is_disabled()
    page.get_by_role("button", name="Next").click()
    assert status(page) == "Customers 51 to 100 of 120"
    page.get_by_role("button", name="Next").click()
    assert names(page)[-1] == "customer-120"
    assert page.get_by_role("button", name="Next").is_disabled()
    page.get_by_label("Rows").select_option("100")
    assert status(page) == "Customers 1 to 100 of 120"


def test_the_first_tab_stop_leads_to_the_queue(page: "playwright.Page") -> None:
    page.keyboard.press("Tab")
    link = page.locator(":focus")
    assert link.inner_text() == "Skip to the queue"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("id") == "search"


def test_marks_stand_on_the_words_and_the_plan_opens(page: "playwright.Page") -> None:
    row = page.locator("#rows tr").first
    assert row.locator("mark").count() > 0
    assert row.locator(".text").inner_text() == "Text number 1 says I am cancelling \U0001f620"
    row.locator("summary").focus()
    page.keyboard.press("Enter")
    facts = row.locator(".facts")
    assert facts.locator("dt").all_inner_texts() == ["Do", "Costs", "Place"]
    assert facts.locator("dd").first.inner_text() == "refund"


def test_without_scripts_the_first_customers_are_there_whole(open_page: Open) -> None:
    page = open_page(full(STATIC_ROWS + 20), java_script_enabled=False)
    assert page.locator("#rows tr").count() == STATIC_ROWS
    assert "the first 200 of 220 customers" in page.locator("noscript").inner_text()
    assert not page.locator("#search").is_visible()
    assert not page.locator(".pager").is_visible()
    assert not page.get_by_text("past their time").first.is_visible()
    first = page.locator("#rows tr").first
    first.locator("summary").click()
    assert first.get_by_text("refund").is_visible()
    assert "2 Mar 2026" in first.locator(".due").inner_text()


def test_paper_gets_those_to_contact_with_their_plans(page: "playwright.Page") -> None:
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert names(page) == [f"customer-{n}" for n in range(1, 9)]
    assert page.locator("#rows").get_by_text("refund").is_visible()
    assert not page.locator("#search").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(names(page)) == 50


@pytest.mark.parametrize("width", [320, 700, 1000])
def test_the_page_fits_its_window(open_page: Open, width: int) -> None:
    page = open_page(full(30), viewport={"width": width, "height": 800})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


@pytest.mark.parametrize(("colours", "width"), [("light", 390), ("dark", 1280)])
def test_axe_finds_no_violation(open_page: Open, colours: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    size = {"width": width, "height": 900}
    page = open_page(full(60), color_scheme=colours, viewport=size)
    for summary in page.locator("summary").all()[:3]:
        summary.click()
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert len(found.response["passes"]) > 20


def test_of_ten_thousand_customers_only_a_page_is_in_the_document(open_page: Open) -> None:
    page = open_page(full(10_000))
    assert status(page) == "Customers 1 to 50 of 10,000"
    page.get_by_label("Rows").select_option(str(max(PAGE_SIZES)))
    assert page.locator("#rows tr").count() == max(PAGE_SIZES)
    page.locator("#search").fill("reason 9999")
    playwright.expect(page.locator("#status")).to_have_text("Customers 1 to 1 of 1")
