"""Score annotated texts with today's recipe, by a reader that saw no company of their domains.

Run ``python benchmarks/unseen_scores.py --data DIR --soft DIR --vectors DIR --out FILE``, with the
folders of `training/fit_default.py`. The shipped model learned from the annotated texts and would
do too well on them, so the first model of that recipe is made again: it and its teacher saw the
domains airline, app, hospitality, insurance and retail only. The texts of all other domains are
scored, each calibrated on the half of the sources that it is not of.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from first_fit import Inputs, all_texts, choose_words
from fit_default import calibrate, fit_model, held_out

from detractor.compilation import compile_all
from detractor.schema import HEADS


def main() -> None:
    """Fit, score, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("data", "soft", "vectors", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    asked = parser.parse_args()
    compile_all()
    inputs = Inputs(asked.data, asked.soft, asked.vectors)
    chosen = choose_words(all_texts(asked.data))
    held = held_out(asked.data)
    model = fit_model(inputs, chosen, fold=True)
    _, shares = calibrate(model.logits(held["text"].tolist())[0], held)
    scored = held[["id", "text", "source"]].assign(
        **{f"{head}_score": shares[:, k] for k, head in enumerate(HEADS)}
    )
    scored[scored["id"].notna()].to_parquet(asked.out)


if __name__ == "__main__":
    main()
