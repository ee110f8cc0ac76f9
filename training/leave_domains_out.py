"""Measure the recipe of the default model on domains it never saw, all of them in turn.

    python training/leave_domains_out.py --data FOLDER [--vectors ENCODER]

The domains fall into four groups. For each group the network is fitted on the other three and
judges this one: stricter than leaving one domain out. No teacher takes part, since it has seen most
of the domains. Beside it words and word pairs with logistic regression, fitted on the same rated
and annotated texts, and two readers that learn nothing: VADER and a list of keywords.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import corpus
import numpy as np
import pandas as pd
from first_fit import REVIEWS_A_SOURCE, Inputs, all_texts, choose_words
from fit_default import fit_model
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from contenders import Keywords, TfidfLogistic, labelled, vader

from detractor.calibration import logistic
from detractor.compilation import compile_all
from detractor.evaluation import discrimination
from detractor.schema import HEADS

GROUPS = (
    ("hospitality", "saas", "telecom_twitter_uk"),
    ("airline", "healthcare", "transport", "telecom"),
    ("retail", "bank", "us_consumer_finance"),
    ("app", "insurance", "customer_support_twitter"),
)
ENOUGH = 20  # positives and negatives that a source needs before its own area is averaged


def our_probabilities(inputs: Inputs, judged: pd.DataFrame) -> NDArray[np.float64]:
    """Give each text what a network says that saw no domain of its group."""
    chosen = choose_words(all_texts(inputs.data))
    values = np.full((len(judged), len(HEADS)), np.nan)
    everything = {domain for group in GROUPS for domain in group}
    for group in GROUPS:
        corpus.TRAIN_DOMAINS = tuple(sorted(everything - set(group)))
        model = fit_model(inputs, chosen, fold=True)
        here = judged["domain"].isin(group).to_numpy()
        values[here] = logistic(model.logits(judged.loc[here, "text"].tolist())[0])
    return values


def rival_probabilities(data: Path, judged: pd.DataFrame) -> NDArray[np.float64]:
    """Do the same with words and word pairs and logistic regression."""
    values = np.full((len(judged), len(HEADS)), np.nan)
    texts = labelled(data, per_source=REVIEWS_A_SOURCE)
    texts = texts[texts["use"].eq("train")]
    for group in GROUPS:
        here = judged["domain"].isin(group).to_numpy()
        for k, head in enumerate(HEADS):
            known = texts[texts[head].notna() & ~texts["domain"].isin(group)]
            model = TfidfLogistic().fit(known["text"].tolist(), known[[head]])
            values[here, k] = model.predict_proba(judged.loc[here, "text"].tolist())[head]
    return values


def summarise(judged: pd.DataFrame, values: NDArray[np.float64]) -> pd.DataFrame:
    """Measure each head: pooled, and the mean over sources that have enough of both classes."""
    rows = {}
    for k, head in enumerate(HEADS):
        table = discrimination(judged[head], pd.Series(values[:, k]), by=judged["source"])
        enough = table[["positives"]].assign(rest=table["n"] - table["positives"]).min(axis=1)
        own = table[enough >= ENOUGH].drop(index="all")
        measures = ["auc", "average_precision"]
        rows[head] = {f"{name} (pooled)": table.loc["all", name] for name in measures}
        rows[head] |= {f"{name} (mean)": own[name].mean() for name in measures}
        rows[head]["sources"] = len(own)
    return pd.DataFrame(rows).T


def main() -> None:
    """Print a table for each reader."""
    compile_all()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled tables")
    parser.add_argument("--vectors", type=Path, help="folder of an encoder: vectors to start from")
    given = parser.parse_args()
    if not given.data.is_dir():
        raise SystemExit(f"no folder {given.data}: the labelled tables are not part of the project")
    judged = labelled(given.data, per_source=1500)
    print(f"{len(judged)} texts, {judged['source'].nunique()} sources, {len(GROUPS)} groups")
    texts = judged["text"].tolist()
    inputs = Inputs(given.data, encoder=given.vectors)
    readers = {
        "vader": lambda: vader(HEADS).predict_proba(texts).to_numpy(),
        "keywords": lambda: Keywords().predict_proba(texts).to_numpy(),
        "tfidf": lambda: rival_probabilities(given.data, judged),
        "detractor": lambda: our_probabilities(inputs, judged),
    }
    for name, read in readers.items():
        print(name, summarise(judged, read()).round(4).to_string(), sep="\n", flush=True)


if __name__ == "__main__":
    main()
