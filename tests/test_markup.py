"""HTML from hostile text: nothing gets out of where it was put."""

from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detractor.artifact import load
from detractor.markup import REPLACEMENT, Html, bars, element, escape, marked, table, visible
from detractor.scoring import score

HOSTILE = (
    "<script>alert(1)</script>",
    "</td></table><img src=x onerror=alert(1)>",
    "\" onmouseover='alert(1)",
    "<!--",
    "]]>",
    "&lt;script&gt;",
    "javascript:alert(1)",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "a\u202eb\u2066c\x00d\ud800e",
)


class Reader(HTMLParser):
    """Collect what a browser would see: tags with attributes, and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


@given(text=st.text(), title=st.text())
@example(text=HOSTILE[0], title=HOSTILE[2])
@example(text=HOSTILE[1], title='"')
def test_a_browser_reads_back_exactly_what_was_put_in(text: str, title: str) -> None:
    page = read(element("p", text, element("b", "x"), title=title))
    assert page.tags == [("p", {"title": visible(title)}), ("b", {})]
    assert page.text == visible(text) + "x"


@pytest.mark.parametrize("text", HOSTILE)
def test_spans_keep_their_places_in_hostile_text(text: str) -> None:
    page = read(marked(text, [(1, 3, {"class_": "leave"})]))
    assert [tag for tag, _ in page.tags] == ["mark"]
    assert page.text == visible(text)
    assert len(page.text) == len(text)


def test_controls_that_reorder_text_are_shown_instead_of_obeyed() -> None:
    assert visible("a\u202eb\u2066c\x00d\ud800e") == REPLACEMENT.join("abcde")
    assert visible("line\r\n\tשלום 👩‍👧 é") == "line\r\n\tשלום 👩‍👧 é"


def test_markup_is_escaped_once() -> None:
    assert element("p", element("b", "<")) == "<p><b>&lt;</b></p>"
    assert isinstance(escape(escape("&")), Html)
    assert escape(escape("&")) == "&amp;"


def test_a_table_has_headers_for_its_columns_and_rows() -> None:
    tags = read(table(["who", "why"], [["ann", "<i>"]], caption="All")).tags
    assert [a.get("scope") for tag, a in tags if tag == "th"] == ["col", "col", "row"]


def test_bars_say_in_words_what_they_show() -> None:
    labels = [a["aria-label"] for tag, a in read(bars({"churn_risk": 0.824})).tags if tag == "svg"]
    assert labels == ["churn risk 82 %"]


def test_scores_show_themselves_short() -> None:
    assert repr(score("")) == "Score(status='empty')"
    assert repr(score("I want to cancel.")).count("=0.") == 3
    assert score("")._repr_html_().endswith("<p>empty</p></div>")


def test_models_show_themselves_without_their_arrays() -> None:
    assert repr(load()) == "FeedbackModel('default', reader)"
    assert "anger" in load()._repr_html_()
