"""The model card says what is known, what is missing and what is weak."""

import pandas as pd

from detractor.card import Evidence, write_card

HEADER = {
    "name": "default",
    "format": 1,
    "features": {"buckets": 1024, "pairs": True},
    "golden": ["never shown"],
    "sources": [
        {"source": "a|b", "domain": "shop", "rows": 1200, "licence": "CC0", "use": "train"},
        {"source": "c", "domain": "bank", "rows": 34, "licence": "not seen", "use": "train"},
    ],
}
BEHAVIOUR = pd.DataFrame(
    {
        "phenomenon": ["not bad", "happy"],
        "kind": ["minimum", "minimum"],
        "head": ["detractor", "detractor"],
        "n": [10, 10],
        "failures": [3, 0],
        "failure_rate": [0.3, 0.0],
        "worst": ["It was not bad.", ""],
    }
)
FAIRNESS = pd.DataFrame(
    {
        "attribute": ["first name", "place"],
        "source": ["templates", "texts"],
        "head": ["anger", "anger"],
        "largest_shift": [0.01, 0.2],
        "lowest": ["", "a customer's own words"],
        "highest": ["", "a customer's own words"],
    }
)


def test_a_bare_card_says_what_is_missing() -> None:
    card = write_card({})
    assert card.startswith("# Model card: unnamed\n\n## Intended use")
    assert card.count("Not measured.") == 5
    assert card.count("Not recorded.") == 2


def test_a_full_card() -> None:
    card = write_card(
        HEADER,
        Evidence(
            discrimination={"anger": pd.DataFrame({"n": [90], "auc": [0.71]}, index=["bank"])},
            calibration={"anger": pd.DataFrame({"brier": [0.1]}, index=["all"])},
            recalibration=pd.DataFrame({"labels": [0, 50], "brier": [0.12, float("nan")]}),
            behaviour=BEHAVIOUR,
            fairness=FAIRNESS,
            known_failures=["Sarcasm is read literally."],
        ),
    )
    assert "2 sources, 1,234 texts" in card
    assert "| a\\|b | shop | 1200 | CC0 | train |" in card
    assert "  - buckets: 1024" in card
    assert "15.0% of the cases fail, averaged over 2 phenomena" in card
    failures = card.split("## Known failures")[1]
    assert "- Sarcasm is read literally." in failures
    assert "`bank` is ordered with an area under the curve of only 0.71" in failures
    assert 'not bad (detractor): 30% fail, such as "It was not bad."' in failures
    assert "place moves `anger` by up to 0.20 (texts)." in failures
    assert "first name moves" not in failures
    assert "happy" not in failures


def test_no_users_text_and_no_golden_text_is_quoted() -> None:
    card = write_card(HEADER, Evidence(fairness=FAIRNESS))
    assert "own words" not in card
    assert "never shown" not in card
