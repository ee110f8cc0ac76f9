"""Out-of-fold probabilities, and rows that look mislabelled."""

import numpy as np
import pandas as pd
import pytest

from detractor.errors import ParameterError
from detractor.mislabelling import find_mislabelled, out_of_fold


class Memory:
    """Says 1 for a text it was fitted on, else 0."""

    def fit(self, texts: list[str], labels: pd.DataFrame) -> None:
        """Remember the texts."""
        assert len(texts) == len(labels)
        self.seen = set(texts)

    def predict_proba(self, texts: list[str]) -> pd.DataFrame:
        """Say which texts were seen."""
        return pd.DataFrame({"anger": [float(text in self.seen) for text in texts]})


TEXTS = [f"text {n}" for n in range(23)]
LABELS = pd.DataFrame({"anger": np.arange(23) % 2}, index=np.arange(100, 123))


def test_no_model_has_seen_the_text_it_judges() -> None:
    judged = out_of_fold(Memory, TEXTS, LABELS)
    assert judged.index.equals(LABELS.index)
    assert (judged["anger"] == 0).all()


def test_groups_stay_together() -> None:
    groups = [n % 8 for n in range(23)]
    texts = [f"group {group}" for group in groups]
    assert (out_of_fold(Memory, texts, LABELS, groups=groups)["anger"] == 0).all()
    assert (out_of_fold(Memory, texts, LABELS, groups=groups, folds=8)["anger"] == 0).all()
    assert (out_of_fold(Memory, texts, LABELS)["anger"] == 1).any()


@pytest.mark.parametrize(
    ("texts", "groups", "folds", "message"),
    [
        (TEXTS[1:], None, 5, "22 texts"),
        (TEXTS, [1, 2], 5, "2 groups"),
        (TEXTS, [1] * 23, 5, "two of each"),
        (TEXTS, None, 1, "1 folds"),
    ],
)
def test_mistakes_are_named(
    texts: list[str], groups: list[object] | None, folds: int, message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        out_of_fold(Memory, texts, LABELS, groups=groups, folds=folds)


def test_flipped_labels_come_first() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, size=500)
    probabilities = np.clip(truth * 0.6 + rng.normal(0.2, 0.1, size=500), 0, 1)
    labels = truth.copy()
    labels[:10] = 1 - labels[:10]
    found = find_mislabelled(labels, probabilities)
    assert set(range(10)) & set(found.index[:10]) == set(found.index[:10])


def test_unknown_labels_and_single_classes_are_not_doubted() -> None:
    assert find_mislabelled([float("nan"), 1.0], [0.0, 0.9]).empty
    assert find_mislabelled([0, 0], [0.1, 0.9]).empty
    with pytest.raises(ParameterError, match="one each"):
        find_mislabelled([0], [0.1, 0.9])
