"""Measure how well each contender orders texts of companies it has never seen.

    python benchmarks/quality.py --data FOLDER [--per-source 1500] [--only tfidf,detractor]

Two protocols, both without random splits of one source:

- `detractor` on rated reviews, leaving one domain out: fitted on the other domains, judged by the
  area under the curve of each source of the domain left out; mean over sources.
- `anger` and `churn_risk` (level 2 and above) on the annotated texts, five folds of whole sources:
  pooled, mean over sources, and intent to leave among calm texts (the quiet leavers).

Texts marked `eval-only` are judged and never fitted on.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from contenders import Keywords, TfidfLogistic, annotated, find_data, rated, textblob, vader

from detractor.evaluation import calibration, discrimination
from detractor.mislabelling import out_of_fold

ANNOTATED_HEADS = ["anger", "churn_risk"]
ENOUGH = 20  # positives and negatives a source needs before its own area is averaged


def detractor_classifier() -> object:
    """Make ours, unfitted."""
    from detractor.classifier import DetractorClassifier

    return DetractorClassifier(folds=2)  # discrimination does not need more


def contenders(head: str | None) -> dict[str, object]:
    """Name the factories; those with one score give it for every head asked."""
    heads = ANNOTATED_HEADS if head is None else [head]
    return {
        "vader": lambda: vader(heads),
        "textblob": lambda: textblob(heads),
        "keywords": lambda: Keywords(heads),
        "tfidf": TfidfLogistic,
        "detractor": detractor_classifier,
    }


def leave_one_domain_out(make: object, table: pd.DataFrame) -> pd.Series:
    """Give each rated text the probability of a model that never saw its domain."""
    labels = table[["detractor"]].where(table["use"].eq("train"))
    domains = table["domain"].tolist()
    folds = table["domain"].nunique()
    return out_of_fold(make, table["text"].tolist(), labels, groups=domains, folds=folds)[
        "detractor"
    ]


def leave_sources_out(make: object, table: pd.DataFrame) -> pd.DataFrame:
    """Give each annotated text the probabilities of a model that never saw its source."""
    labels = table[ANNOTATED_HEADS].where(table["use"].eq("train"))
    return out_of_fold(make, table["text"].tolist(), labels, groups=table["source"].tolist())


def by_source(truth: pd.Series, values: pd.Series, source: pd.Series) -> pd.DataFrame:
    """Measure each source that has enough of both classes, and all together."""
    measured = discrimination(truth, values, by=source)
    negatives = measured["n"] - measured["positives"]
    return measured[(measured["positives"] >= ENOUGH) & (negatives >= ENOUGH)]


def summarise(name: str, head: str, table: pd.DataFrame, values: pd.Series) -> dict[str, object]:
    """Put the figures of one contender on one head into a row."""
    measured = by_source(table[head], values, table["source"])
    sources = measured.drop(index="all")
    row: dict[str, object] = {
        "contender": name,
        "head": head,
        "sources": len(sources),
        "auc_pooled": measured.loc["all", "auc"],
        "auc_mean": sources["auc"].mean(),
        "ap_pooled": measured.loc["all", "average_precision"],
        "ap_mean": sources["average_precision"].mean(),
        "calibration_error": calibration(table[head], values).loc["all", "calibration_error"],
    }
    if "calm" in table and head == "churn_risk":
        calm = discrimination(table.loc[table["calm"], head], values[table["calm"]]).loc["all"]
        row |= {"auc_calm": calm["auc"], "ap_calm": calm["average_precision"]}
    return row


def main() -> None:
    """Run the contenders and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--per-source", type=int, default=1500)
    parser.add_argument("--only", default="vader,textblob,keywords,tfidf,detractor")
    parser.add_argument("--protocol", choices=["rated", "annotated", "both"], default="both")
    parser.add_argument("--out", type=Path, help="write the rows of both tables to this CSV file")
    options = parser.parse_args()
    data, only = find_data(options.data), options.only.split(",")
    rows, sources = [], {}
    if options.protocol != "annotated":
        table = rated(data, per_source=options.per_source).reset_index(drop=True)
        print(f"{len(table)} rated texts, {table['domain'].nunique()} domains")
        for name in only:
            started = time.perf_counter()
            values = leave_one_domain_out(contenders("detractor")[name], table)
            rows.append(
                summarise(name, "detractor", table, values)
                | {"seconds": time.perf_counter() - started}
            )
            sources[name] = by_source(table["detractor"], values, table["source"])["auc"]
            print(pd.DataFrame(rows[-1:]).round(4).to_string(index=False), flush=True)
    if options.protocol != "rated":
        table = annotated(data)
        print(f"{len(table)} annotated texts, {table['source'].nunique()} sources")
        for name in only:
            started = time.perf_counter()
            scored = leave_sources_out(contenders(None)[name], table)
            seconds = time.perf_counter() - started
            rows += [
                summarise(name, head, table, scored[head]) | {"seconds": seconds}
                for head in ANNOTATED_HEADS
            ]
            print(pd.DataFrame(rows[-2:]).round(4).to_string(index=False), flush=True)
    print(pd.DataFrame(rows).round(4).replace({np.nan: ""}).to_string(index=False))
    if sources:
        print(pd.DataFrame(sources).round(3).to_string())
    if options.out:
        pd.DataFrame(rows).to_csv(options.out, index=False)


if __name__ == "__main__":
    main()
