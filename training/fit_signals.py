"""Fit the learned half of the signals on the flags of the annotated texts, and write its card.

    python training/fit_signals.py --data DIR [--out models/signals.safetensors]

A logistic regression for each signal, over words, pairs of words and the marks of the rules. The
bar above which a signal is shown is the one with the highest F1 in cross-validation by source:
every text is judged by a fit that saw no text of its source. Sources that are ``eval-only`` enter
no fit. The figures beside the rules' own go into the file and the card.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from detractor.features import extract
from detractor.phrases import read_rules
from detractor.signal_model import SignalModel, write_signal_model

LETTERS = {
    "repeat_failure": "R",
    "request": "C",
    "loss": "L",
    "thanks": "T",
}
COLUMNS = 2**16
STRENGTH = 4.0  # the inverse of the penalty: best of 1, 4 and 10 on the rules' own sources
OF_RULES = 0.5  # how large a mark of a rule is beside the words of a text, which have length one
FOLDS = 5
SEED = 5

CARD = """\
# Model card: signals

For {signals}: a sum over hashed words and pairs of words,
and over the rules of `signals.toml` that a text meets. The other signals are read by rules alone:
no label tells `vulnerable` from `safety`, and for `escalation` the sum was no better than the
rules. {size:,.0f} KB, no text in it. Made by `python training/fit_signals.py` (seeded).

Labels are the flags of language-model annotators, one reader a text, on texts drawn towards
complaints: shares are not natural base rates, and readers do not always agree. English. Not for
decisions about a person without a person.

Precision / recall / F1, rules alone and as shipped:

| signal | texts | rules | with this file |
|---|---|---|---|
{rows}

- "by source": each text is judged by a fit that saw nothing of its source.
- "new to the rules": the same, on the sources that nobody read for the rules.
- "eval-only": three sources that enter no fit.

The fit saw {count:,} texts of {sources} of the sources in the card of the default model, where
their licences stand.
"""

SOURCES_NEW_TO_RULES = (
    "airlineratings_reviews",
    "apps_big4_ios",
    "apps_ecommerce_gp",
    "apps_edtech_in",
    "apps_maalej",
    "bank_app_anz",
    "bank_app_moniepoint",
    "bank_reviews_in",
    "bank_reviews_us",
    "cfpb_narratives",
    "hotels_tripadvisor_1k",
    "restaurants_zomato",
    "starbucks",
)
"""The half of the sources, by checksum of their names, that nobody read for the rules."""


def read_texts(data: Path) -> pd.DataFrame:
    """Read the annotated texts."""
    table = pd.read_parquet(data / "annotated.parquet")
    return table.assign(flags=table["flags"].fillna("")).reset_index(drop=True)


def make_features(
    texts: list[str], marks: NDArray[np.bool_], of_rules: float = OF_RULES
) -> csr_array:
    """Lay out words and pairs over the root of their number, then the marks of the rules."""
    columns, bounds = extract(texts, COLUMNS)
    counts = np.diff(bounds)
    values = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts)
    words = csr_array((values, columns, bounds), shape=(len(texts), COLUMNS))
    words.sum_duplicates()
    whole = csr_array(hstack([words, csr_array(of_rules * marks)]))
    whole.indices, whole.indptr = whole.indices.astype(np.int32), whole.indptr.astype(np.int32)
    return whole


def fit(features: csr_array, truth: NDArray[np.bool_]) -> LogisticRegression:
    """Fit one signal."""
    model = LogisticRegression(
        C=STRENGTH, solver="liblinear", dual=True, tol=1e-2, max_iter=1000, random_state=SEED
    )
    return model.fit(features, truth)


def cross_validate(
    features: csr_array, truth: NDArray[np.bool_], sources: NDArray[Any]
) -> NDArray[np.float64]:
    """Give each text the sum of a fit that saw no text of its source."""
    sums = np.zeros(len(truth))
    for train, test in GroupKFold(FOLDS).split(sums, groups=sources):
        sums[test] = fit(features[train], truth[train]).decision_function(features[test])
    return sums


def best_bar(
    truth: NDArray[np.bool_], sums: NDArray[np.float64], share: float | None = None
) -> float:
    """Find the bar with the highest F1, if so large a share of all texts were true."""
    order = np.argsort(-sums, kind="stable")
    right, wrong = np.cumsum(truth[order]), np.cumsum(~truth[order])
    if share is not None:
        wrong = wrong * (right[-1] / max(wrong[-1], 1)) * (1 - share) / share
    return float(sums[order][(2 * right / (right[-1] + right + wrong)).argmax()])


def describe(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> dict[str, float]:
    """Measure precision, recall and F1."""
    right = int((truth & found).sum())
    return {
        "precision": round(right / max(int(found.sum()), 1), 3),
        "recall": round(right / max(int(truth.sum()), 1), 3),
        "f1": round(2 * right / max(int(truth.sum() + found.sum()), 1), 3),
    }


def quantize(
    weights: NDArray[np.float64], highest: int, width: type
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Write weights as whole numbers and one scale for each signal."""
    scales = np.abs(weights).max(axis=0) / highest
    return np.round(weights / scales).astype(width), scales


def learn(table: pd.DataFrame, seen: NDArray[np.bool_]) -> SignalModel:
    """Fit all signals on the rows that may be seen, and measure them."""
    written, book = read_rules("signals")
    marks = book.mark(list(table["text"]))
    features = make_features(list(table["text"]), marks)
    sources = table["source"].to_numpy()
    new = table["source"].isin(SOURCES_NEW_TO_RULES).to_numpy()
    parts = {"by source": seen, "new to the rules": seen & new, "eval-only": ~seen}
    weights = np.zeros((features.shape[1], len(LETTERS)))
    intercepts = np.zeros(len(LETTERS))
    measured: list[dict[str, Any]] = []
    for place, (signal, letter) in enumerate(LETTERS.items()):
        truth = table["flags"].str.contains(letter).to_numpy()
        sums = np.zeros(len(table))
        sums[seen] = cross_validate(features[seen], truth[seen], sources[seen])
        bar = best_bar(truth[seen], sums[seen])
        fitted = fit(features[seen], truth[seen])
        sums[~seen] = fitted.decision_function(features[~seen])
        weights[:, place] = fitted.coef_[0]
        intercepts[place] = fitted.intercept_[0] - bar
        ruled = marks[:, [rule["signal"] == signal for rule in written]].any(axis=1)
        measured += [
            {"signal": signal, "texts": title, "positives": int(truth[rows].sum())}
            | {"rules": describe(truth[rows], ruled[rows])}
            | {"shipped": describe(truth[rows], sums[rows] >= bar)}
            for title, rows in parts.items()
        ]
    words, word_scales = quantize(weights[:COLUMNS], 127, np.int8)
    rules, rule_scales = quantize(weights[COLUMNS:] * OF_RULES, 32_767, np.int16)
    return SignalModel(
        signals=tuple(LETTERS),
        rule_names=tuple(str(rule["name"]) for rule in written),
        words=words,
        rules=rules,
        word_scales=word_scales,
        rule_scales=rule_scales,
        intercepts=intercepts,
        header={"measured": measured, "rows": int(seen.sum()), "seed": SEED},
    )


def card_rows(measured: list[dict[str, Any]]) -> Iterator[str]:
    """Write the table of the card."""
    for row in measured:
        figures = [
            " / ".join(f"{row[side][key]:.2f}" for key in ("precision", "recall", "f1"))
            for side in ("rules", "shipped")
        ]
        cells = [row["signal"], f"{row['texts']} ({row['positives']} shown)", *figures]
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Fit, write the file and its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("models/signals.safetensors"))
    arguments = parser.parse_args()
    table = read_texts(arguments.data)
    seen = table["use"].eq("train").to_numpy()
    model = learn(table, seen)
    content = write_signal_model(model)
    arguments.out.write_bytes(content)
    arguments.out.with_suffix(".md").write_text(
        CARD.format(
            signals=", ".join(f"`{signal}`" for signal in model.signals),
            size=len(content) / 1000,
            rows="\n".join(card_rows(model.header["measured"])),
            count=int(seen.sum()),
            sources=table["source"][seen].nunique(),
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
