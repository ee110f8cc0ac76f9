"""Views of queues, plans and themes in a notebook: clear, short, and escaped."""

import pandas as pd
import pytest

from detractor.display import show_plan, show_queue
from detractor.errors import SchemaError
from detractor.planning import plan
from detractor.ranking import rank
from detractor.themes import find_themes

SCORED = pd.DataFrame(
    {
        "customer_id": ["<ann>", "ben", "cem"],
        "text": ["<script>x</script> I am leaving", "You charged me $30 twice, refund me", "Fine"],
        "value": [1200.0, 300.0, 900.0],
        "detractor": [0.9, 0.9, 0.1],
        "anger": [0.9, 0.7, 0.0],
        "churn_risk": [0.9, 0.2, 0.0],
    }
)
QUEUE = rank(SCORED)


def test_a_queue_shows_who_why_and_how_much() -> None:
    view = show_queue(QUEUE, first=2)
    page, text = view._repr_html_(), repr(view)
    assert text.startswith("2 of 3 to contact, expected to save ")
    assert len(text.splitlines()) == 4
    assert "&lt;ann&gt;" in page
    assert "<script" not in page
    assert "<mark style=" in page
    assert 'aria-label="anger 90 %"' in page
    assert "cem" not in page


def test_a_plan_shows_what_to_do_and_who_decides() -> None:
    planned = plan(QUEUE)
    view = show_plan(planned)
    assert repr(view).splitlines()[0].startswith("Plans for 2, ")
    assert planned.loc[0, "first_line"] in view._repr_html_()
    assert "&lt;ann&gt;" in view._repr_html_()
    assert "<ann>" not in view._repr_html_()


def test_other_tables_are_refused() -> None:
    with pytest.raises(SchemaError, match="position"):
        show_queue(SCORED)
    with pytest.raises(SchemaError, match="fix"):
        show_plan(SCORED)


def test_themes_show_what_customers_say() -> None:
    texts = [
        "My <b>bag</b> was lost.",
        "They lost my bag, I tell you!",
        "Lost bag, nobody called.",
    ] * 4
    page = find_themes(pd.DataFrame({"text": texts}))._repr_html_()
    assert "<caption>1 themes, 12 mentions</caption>" in page
    assert "<q>They lost my bag, I tell you!</q>" in page
    assert "<b>" not in page
    short = find_themes(pd.DataFrame({"text": ["Lost bag."] * 12}))
    assert "<q>" not in short._repr_html_()
