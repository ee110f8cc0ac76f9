"""Put the automatic uplift model beside common learners on two randomised tests.

Hillstrom: the women's and the men's e-mail, each against none, outcome a visit; 70/30 splits of
five seeds, stratified by outcome and treatment. Starbucks: a promotion, outcome a purchase;
five-fold cross-validation. Every learner sees the same training rows, and none the test rows.

    python benchmarks/uplift.py --data DIR [--learner auto|shrunken]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from detractor.uplift import UpliftModel
from detractor.uplift_metrics import qini_score

HILLSTROM = [
    "recency",
    "history_segment",
    "history",
    "mens",
    "womens",
    "zip_code",
    "newbie",
    "channel",
]
STARBUCKS = [f"V{number}" for number in range(1, 8)]

Rows = tuple[pd.DataFrame, np.ndarray, np.ndarray]
Learner = Callable[[pd.DataFrame, np.ndarray, np.ndarray, pd.DataFrame], np.ndarray]


def logistic() -> object:
    """Give logistic regression on standardised features."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))


def boosting() -> object:
    """Give boosted trees as they come."""
    return HistGradientBoostingClassifier(random_state=0)


def two_models(make: Callable[[], object]) -> Learner:
    """Fit each arm apart."""

    def predict(X: pd.DataFrame, y: np.ndarray, t: np.ndarray, new: pd.DataFrame) -> np.ndarray:
        arms = [make().fit(X[t == arm], y[t == arm]).predict_proba(new)[:, 1] for arm in (0, 1)]
        return arms[1] - arms[0]

    return predict


def response(make: Callable[[], object]) -> Learner:
    """Rank by who responds, whoever was treated."""
    return lambda X, y, t, new: make().fit(X, y).predict_proba(new)[:, 1]


def hillstrom(data: Path, segment: str) -> Rows:
    """Load one e-mail against none."""
    rows = pd.read_parquet(data / "uplift_hillstrom.parquet")
    rows = rows[rows["segment"].isin([segment, "No E-Mail"])].reset_index(drop=True)
    return rows[HILLSTROM], rows["visit"].to_numpy(), (rows["segment"] == segment).to_numpy(int)


def starbucks(data: Path) -> Rows:
    """Load the promotion; its four small codes are categories."""
    rows = pd.read_parquet(data / "uplift_starbucks_train.parquet")
    X = rows[STARBUCKS].astype(dict.fromkeys(("V1", "V4", "V5", "V6", "V7"), str))
    return X, rows["outcome"].to_numpy(), rows["treatment"].to_numpy()


def halves(rows: Rows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split 70/30 by five seeds."""
    _, y, t = rows
    for seed in range(5):
        places = np.arange(len(y))
        yield tuple(train_test_split(places, test_size=0.3, random_state=seed, stratify=2 * y + t))


def folds(rows: Rows) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split into five folds."""
    _, y, t = rows
    yield from StratifiedKFold(5, shuffle=True, random_state=0).split(t, 2 * y + t)


def compete(name: str, rows: Rows, splits: Iterator, learner: str) -> None:
    """Print mean and spread of the Qini score of each contender."""
    X, y, t = rows
    dummies = pd.get_dummies(X, dtype=float)
    contenders = {
        "two-model logistic": two_models(logistic),
        "two-model boosting": two_models(boosting),
        "response logistic": response(logistic),
    }
    found: dict[str, list[float]] = {}
    chosen = []
    for train, test in splits:
        for label, predict in contenders.items():
            saving = predict(dummies.iloc[train], y[train], t[train], dummies.iloc[test])
            found.setdefault(label, []).append(qini_score(y[test], saving, t[test]))
        model = UpliftModel(learner=learner).fit(X.iloc[train], y[train], treatment=t[train])
        chosen.append(tuple(round(weight, 2) for weight in model.weights_.values()))
        saving = model.predict(X.iloc[test])
        found.setdefault("UpliftModel", []).append(qini_score(y[test], saving, t[test]))
    for label, scores in found.items():
        spread = np.std(scores, ddof=1)
        print(f"{name} | {label} | {np.mean(scores):.4f} | {spread:.4f}", flush=True)
    print(f"{name} | weights by split: {chosen}", flush=True)


def main() -> None:
    """Run the three comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--learner", default="auto")
    arguments = parser.parse_args()
    if not (arguments.data / "uplift_hillstrom.parquet").exists():
        print(f"no uplift tables in {arguments.data}")
        return
    for segment in ("Womens E-Mail", "Mens E-Mail"):
        rows = hillstrom(arguments.data, segment)
        compete(segment, rows, halves(rows), arguments.learner)
    rows = starbucks(arguments.data)
    compete("Starbucks", rows, folds(rows), arguments.learner)


if __name__ == "__main__":
    main()
