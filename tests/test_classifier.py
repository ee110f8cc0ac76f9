import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from detractor.artifact import load
from detractor.classifier import DetractorClassifier
from detractor.errors import NotFittedError, ParameterError, SchemaError

GOOD = ["lovely staff", "fast and friendly", "works very well", "thank you, great", "so happy"]
BAD = ["rude staff", "slow and broken", "never works", "awful, no reply", "so disappointed"]
TEXTS = (GOOD + BAD) * 6
LABELS = pd.DataFrame({"detractor": ([0.0] * 5 + [1.0] * 5) * 6})


@pytest.fixture(scope="module")
def fitted() -> DetractorClassifier:
    return DetractorClassifier(n_features=2**12).fit(TEXTS, LABELS)


def test_it_learns_what_the_labels_say(fitted: DetractorClassifier) -> None:
    scores = fitted.predict_proba(["rude and slow", "friendly and fast"])["detractor"]
    assert scores[0] > 0.5 > scores[1]
    assert fitted.predict(["rude and slow"])["detractor"].tolist() == [True]


def test_probabilities_keep_the_index(fitted: DetractorClassifier) -> None:
    table = fitted.predict_proba(pd.Series(["rude", None], index=["a", "b"]))
    assert table.index.tolist() == ["a", "b"]
    assert table.columns.tolist() == ["detractor", "anger", "churn_risk"]
    assert table.to_numpy().min() >= 0
    assert table.to_numpy().max() <= 1


def test_partial_labels_teach_the_heads_that_have_them() -> None:
    labels = LABELS.assign(anger=np.nan, churn_risk=LABELS["detractor"])
    labels.loc[:9, "churn_risk"] = np.nan
    model = DetractorClassifier(n_features=2**12).fit(TEXTS, labels).model_
    assert model.header["learned"] == ["detractor", "churn_risk"]
    assert model.header["labels"]["churn_risk"] == {"labels": 50, "positive": 25}


def test_the_same_fit_twice_gives_the_same_bits(fitted: DetractorClassifier) -> None:
    again = clone(fitted).fit(TEXTS, LABELS)
    assert (again.predict_proba(BAD).to_numpy() == fitted.predict_proba(BAD).to_numpy()).all()


def test_pickling_and_saving_keep_the_predictions(
    fitted: DetractorClassifier, tmp_path: Path
) -> None:
    expected = fitted.predict_proba(BAD).to_numpy()
    assert (pickle.loads(pickle.dumps(fitted)).predict_proba(BAD).to_numpy() == expected).all()
    fitted.save(tmp_path / "own.safetensors")
    assert (load(tmp_path / "own.safetensors").predict_proba(BAD).to_numpy() == expected).all()


def test_groups_are_kept_apart_in_calibration() -> None:
    groups = ["one"] * 30 + ["two"] * 30
    fitted = DetractorClassifier(n_features=2**12).fit(TEXTS, LABELS, groups=groups)
    assert fitted.model_.calibration.slopes[0] > 0


def test_own_labels_on_top_of_a_base_change_only_the_heads_they_speak_of() -> None:
    base = load()
    texts = ["it is cloudy blue", "it is cloudy red"] * 20
    labels = pd.DataFrame({"churn_risk": [0.0, 1.0] * 20})
    model = DetractorClassifier(base=base).fit(texts, labels)
    before, after = base.predict_proba(texts[:2]), model.predict_proba(texts[:2])
    assert after["churn_risk"][1] - after["churn_risk"][0] > 0.3
    assert after["anger"].to_numpy() == pytest.approx(before["anger"].to_numpy(), abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (pd.DataFrame({"mood": [0, 1]}), "at least one of the columns"),
        ([0, 1, 1], "3 rows of labels for 2 texts"),
        ([0, 5], "label 5 is neither 0, 1 nor missing"),
    ],
)
def test_wrong_labels_are_named(labels: object, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        DetractorClassifier().fit(["a", "b"], labels)


def test_too_few_labels_are_refused() -> None:
    with pytest.raises(ParameterError, match="no head has 5 labels of each kind"):
        DetractorClassifier().fit(["a", "b"], [0, 1])


@pytest.mark.parametrize("parameters", [{"C": 0}, {"folds": 1}, {"n_features": 3}])
def test_parameters_outside_their_range_are_refused(parameters: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        DetractorClassifier(**parameters).fit(TEXTS, LABELS)  # type: ignore[arg-type]


def test_predicting_before_fitting_is_refused() -> None:
    with pytest.raises(NotFittedError, match="call fit first"):
        DetractorClassifier().predict_proba(["x"])
