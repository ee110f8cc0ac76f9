"""The behaviour suite and the fairness report over several models in one run.

    python benchmarks/behaviour.py --data FOLDER [--only default,vader,textblob,tfidf]
        [--suite benchmarks/behaviour_suites/third.toml] [--model FILE.safetensors]

VADER and TextBlob have one sentiment score and are tested on the `detractor` head only. The TF-IDF
baseline is fitted here: on rated reviews for `detractor`, on the annotated texts for the others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from contenders import DefaultModel, TfidfLogistic, find_data, labelled, textblob, vader

from detractor.behaviour import behaviour, macro_failure_rate
from detractor.fairness import fairness
from detractor.schema import HEADS


def fitted_baseline(data: Path) -> TfidfLogistic:
    """Fit the baseline on everything that may be fitted on."""
    table = labelled(find_data(data), per_source=1500)
    table = table[table["use"].eq("train")]
    return TfidfLogistic().fit(table["text"].tolist(), table[list(HEADS)])


def main() -> None:
    """Print failure rates by phenomenon and shifts by attribute."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", default="default,vader,textblob,tfidf")
    parser.add_argument("--suite", type=Path, help="another suite than the one that ships")
    parser.add_argument("--model", type=Path, help="this model file in place of the default")
    options = parser.parse_args()
    factories = {
        "default": lambda: DefaultModel(options.model),
        "vader": vader,
        "textblob": textblob,
        "tfidf": lambda: fitted_baseline(options.data),
    }
    behaviours, fair = {}, {}
    for name in options.only.split(","):
        model = factories[name]()
        table = behaviour(model, suite=options.suite)
        behaviours[name] = table.set_index(["phenomenon", "head"])["failure_rate"]
        shifts = fairness(model)
        fair[name] = shifts.set_index(["attribute", "head"])["largest_shift"]
        detractor_only = table[table["head"] == HEADS[0]]
        print(
            f"{name}: macro failure rate {macro_failure_rate(table):.3f}, on the detractor head "
            f"{macro_failure_rate(detractor_only):.3f}; largest identity shift "
            f"{shifts['largest_shift'].max():.3f}, sets moving by more than .02 "
            f"{(shifts['failure_rate'] * shifts['sets']).sum() / shifts['sets'].sum():.3f}"
        )
    with pd.option_context("display.width", 200, "display.max_rows", None):
        print(pd.DataFrame(behaviours).reindex(next(iter(behaviours.values())).index).round(3))
        print(pd.DataFrame(fair).round(3))


if __name__ == "__main__":
    main()
