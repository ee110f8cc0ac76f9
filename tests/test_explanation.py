import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detractor.artifact import load
from detractor.calibration import logit
from detractor.classifier import DetractorClassifier
from detractor.explanation import explain, explain_text, main_phrases, word_contributions
from detractor.schema import HEADS

TEXT = "The rooms were lovely, but not once did they call back, and I am cancelling on Friday."


def expected_logits(text: str) -> np.ndarray:
    return logit(load().predict_proba([text]).to_numpy()[0], margin=1e-12)


@pytest.mark.parametrize("text", [TEXT, "😡 Não, café naïve — AWFUL!!!", "fine", "?"])
def test_parts_sum_to_the_logits(text: str) -> None:
    _, parts, bias = word_contributions(text, load())
    assert parts.sum(axis=0) + bias == pytest.approx(expected_logits(text), abs=1e-4)
    phrases, bias = explain_text(text, load())
    sums = [sum(getattr(phrase, head) for phrase in phrases) for head in HEADS]
    assert np.array(sums) + bias == pytest.approx(expected_logits(text), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80))
def test_spans_lie_in_the_original_text_in_order(text: str) -> None:
    phrases, _ = explain_text(text, load())
    for phrase in phrases:
        assert text[phrase.start : phrase.end] == phrase.text
    assert [phrase.start for phrase in phrases] == sorted(phrase.start for phrase in phrases)


def test_the_main_phrases_are_those_a_person_would_mark() -> None:
    marked = " ".join(phrase.text for phrase in main_phrases(TEXT, load()))
    assert "cancelling" in marked


def test_deleting_the_strongest_phrase_lowers_the_score() -> None:
    text = "The menu has changed. I am cancelling my subscription. The weather was mild."
    strongest = max(main_phrases(text, load()), key=lambda phrase: phrase.churn_risk)
    rest = text[: strongest.start] + text[strongest.end :]
    before, after = load().predict_proba([text, rest])["churn_risk"]
    assert after < before / 2


def test_an_explanation_escapes_hostile_text() -> None:
    page = explain("<b onclick=alert(1)>awful</b> & I am leaving")._repr_html_()
    assert "<b onclick" not in page
    assert "&lt;b onclick" in page


def test_linear_models_are_explained_too() -> None:
    texts = ["rude and slow", "kind and fast"] * 20
    labels = pd.DataFrame({"detractor": [1, 0] * 20})
    model = DetractorClassifier(n_features=2**12).fit(texts, labels).model_
    text = "The waiter was rude but the food was fast"
    spans, parts, bias = word_contributions(text, model)
    total = logit(model.predict_proba([text]).to_numpy()[0], margin=1e-12)
    assert parts.sum(axis=0) + bias == pytest.approx(total, abs=1e-4)
    said = {text[start:end]: part[0] for (start, end), part in zip(spans, parts, strict=True)}
    assert said["rude"] > 0.1 > said["fast"]
