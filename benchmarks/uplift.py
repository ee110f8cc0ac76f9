"""Put the automatic uplift model beside common learners on two randomised tests.

Hillstrom: the women's and the men's e-mail, each against none, outcome a visit; 70/30 splits,
a seed each, stratified by outcome and treatment. Starbucks: a promotion, outcome a purchase;
five-fold cross-validation, a shuffle each seed. Every learner sees the same training rows, and none
the test rows. Figures of five splits move by .01, so the lead of the automatic model over each
rival is printed with its own standard error over splits; more seeds tell more. Learners of
scikit-uplift and CausalML take part where they are installed.

    python benchmarks/uplift.py --data DIR [--learner auto|shrunken] [--seeds 0 5] [--shuffles 0 1]
        [--only women|men|starbucks]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
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


def scikit_uplift(X: pd.DataFrame, y: np.ndarray, t: np.ndarray, new: pd.DataFrame) -> np.ndarray:
    """Fit dependent two models, as scikit-uplift has them."""
    from sklift.models import TwoModels

    return TwoModels(logistic(), logistic(), method="ddr_control").fit(X, y, t).predict(new)


def causalml(name: str) -> Learner:
    """Fit a meta-learner of CausalML over boosted trees; the chance of a contact is known."""

    def predict(X: pd.DataFrame, y: np.ndarray, t: np.ndarray, new: pd.DataFrame) -> np.ndarray:
        from causalml.inference import meta

        trees = HistGradientBoostingRegressor(random_state=0)
        learner = getattr(meta, name)(learner=trees)
        chance = np.full(len(t), t.mean())
        fitted = {"X": X.to_numpy(), "treatment": t, "y": y.astype(float), "p": chance}
        learner.fit(**fitted)
        return learner.predict(new.to_numpy(), p=np.full(len(new), t.mean())).ravel()

    return predict


def contenders() -> dict[str, Learner]:
    """Give the rivals, with those of other libraries where they are installed."""
    found = {
        "two-model logistic": two_models(logistic),
        "two-model boosting": two_models(boosting),
        "response logistic": response(logistic),
    }
    if find_spec("sklift"):
        found["scikit-uplift, dependent two models"] = scikit_uplift
    if find_spec("causalml"):
        found["CausalML, X-learner"] = causalml("BaseXRegressor")
        found["CausalML, R-learner"] = causalml("BaseRRegressor")
    return found


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


def halves(rows: Rows, seeds: range) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split 70/30, a seed each."""
    _, y, t = rows
    for seed in seeds:
        places = np.arange(len(y))
        yield tuple(train_test_split(places, test_size=0.3, random_state=seed, stratify=2 * y + t))


def folds(rows: Rows, seeds: range) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split into five folds, shuffled by each seed."""
    _, y, t = rows
    for seed in seeds:
        yield from StratifiedKFold(5, shuffle=True, random_state=seed).split(t, 2 * y + t)


def compete(name: str, rows: Rows, splits: Iterator, learner: str) -> None:
    """Print mean and spread of the Qini score of each contender, and by how much ours leads."""
    X, y, t = rows
    dummies = pd.get_dummies(X, dtype=float)
    rivals = contenders()
    found: dict[str, list[float]] = {label: [] for label in (*rivals, "UpliftModel")}
    chosen = []
    for train, test in splits:
        for label, predict in rivals.items():
            saving = predict(dummies.iloc[train], y[train], t[train], dummies.iloc[test])
            found[label].append(qini_score(y[test], saving, t[test]))
        model = UpliftModel(learner=learner).fit(X.iloc[train], y[train], treatment=t[train])
        chosen.append(tuple(round(weight, 2) for weight in model.weights_.values()))
        saving = model.predict(X.iloc[test])
        found["UpliftModel"].append(qini_score(y[test], saving, t[test]))
    for label, scores in found.items():
        lead = np.subtract(found["UpliftModel"], scores)
        error = np.std(lead, ddof=1) / np.sqrt(len(lead))
        print(
            f"{name} | {label} | {np.mean(scores):.4f} | spread {np.std(scores, ddof=1):.4f}"
            f" | UpliftModel leads by {lead.mean():+.4f} (error {error:.4f})",
            flush=True,
        )
    print(f"{name} | weights by split: {chosen}", flush=True)


def main() -> None:
    """Run the three comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--learner", default="auto")
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 5), help="from, up to")
    parser.add_argument("--shuffles", type=int, nargs=2, default=(0, 1), help="for Starbucks")
    parser.add_argument("--only", choices=("women", "men", "starbucks"))
    arguments = parser.parse_args()
    if not (arguments.data / "uplift_hillstrom.parquet").exists():
        print(f"no uplift tables in {arguments.data}")
        return
    for only, segment in (("women", "Womens E-Mail"), ("men", "Mens E-Mail")):
        if arguments.only in (None, only):
            rows = hillstrom(arguments.data, segment)
            compete(segment, rows, halves(rows, range(*arguments.seeds)), arguments.learner)
    if arguments.only in (None, "starbucks"):
        rows = starbucks(arguments.data)
        compete("Starbucks", rows, folds(rows, range(*arguments.shuffles)), arguments.learner)


if __name__ == "__main__":
    main()
