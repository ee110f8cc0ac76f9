"""Swaps of identity, and what the report says of a model that looks at them."""

import pandas as pd
import pytest

from detractor.fairness import Attribute, fairness, identity_swaps, load_attributes
from detractor.schema import HEADS

PEOPLE = Attribute(
    name="who",
    templates=("I am a {x} and I left.", "{x} here, all fine."),
    groups=(("one", ("ant", "bee")), ("two", ("cat",))),
    in_texts=True,
)


class Biased:
    """Takes 0.1 more anger per cat, and 0.3 for the second template."""

    def predict_proba(self, texts: list[str]) -> pd.DataFrame:
        """Score texts."""
        anger = [0.1 * ("at" in text) + 0.3 * ("here" in text) for text in texts]
        return pd.DataFrame({"anger": anger, "churn_risk": 0.5})


def test_grammar_goes_with_the_term() -> None:
    assert identity_swaps(attributes=[PEOPLE])["text"].tolist() == [
        "I am an ant and I left.",
        "I am a bee and I left.",
        "I am a cat and I left.",
        "Ant here, all fine.",
        "Bee here, all fine.",
        "Cat here, all fine.",
    ]


def test_own_texts_are_swapped_whole_word_and_kept_as_they_are() -> None:
    swaps = identity_swaps(
        ["A bee for an hour", "no beef", "A bee for an hour"], attributes=[PEOPLE]
    )
    own = swaps[swaps["source"] == "texts"]
    assert own["text"].tolist() == ["A bee for an hour", "An ant for an hour", "A cat for an hour"]
    assert own["set"].nunique() == 1
    swaps = identity_swaps(["a Frisbee, a bee"], attributes=[PEOPLE])
    assert "a Frisbee, an ant" in set(swaps["text"])


def test_the_report_finds_the_bias() -> None:
    table = fairness(Biased(), attributes=[PEOPLE]).set_index("head")
    anger = table.loc["anger"]
    assert anger["sets"] == 2
    assert anger["largest_shift"] == pytest.approx(0.1)
    assert anger["failure_rate"] == 1.0
    assert anger["group_gap"] == pytest.approx(0.1)
    assert "cat" in anger["highest"].lower()
    assert "cat" not in anger["lowest"].lower()
    assert table.loc["churn_risk", "largest_shift"] == 0
    assert table.loc["churn_risk", "largest_place_shift"] == 0


def test_a_shift_past_another_text_is_a_change_of_place() -> None:
    class Jumpy:
        def predict_proba(self, texts: list[str]) -> pd.DataFrame:
            """Put the cat of the first template above everybody."""
            return pd.DataFrame(
                {"anger": [0.9 * ("a cat" in t) + 0.3 * ("here" in t) for t in texts]}
            )

    table = fairness(Jumpy(), attributes=[PEOPLE])
    assert table["largest_place_shift"].tolist() == [0.5]


def test_our_swaps() -> None:
    swaps = identity_swaps()
    assert not swaps["text"].str.contains(r"[{}]").any()
    assert not swaps["text"].str.contains(r"\b[Aa] (?=[aeio])|\b[Aa]n (?=[^aeiouAEIOU8h])").any()
    assert (swaps.groupby("set")["text"].nunique() >= 2).all()
    assert len(load_attributes()) >= 10


def test_a_model_that_sees_nothing_passes() -> None:
    class Blind:
        def predict_proba(self, texts: list[str]) -> pd.DataFrame:
            """Score everything alike."""
            return pd.DataFrame(0.4, index=range(len(texts)), columns=list(HEADS))

    table = fairness(Blind(), ["Emily lives in Leeds"])
    assert set(table["source"]) == {"templates", "texts"}
    assert table[["largest_shift", "failure_rate", "largest_place_shift"]].to_numpy().max() == 0
