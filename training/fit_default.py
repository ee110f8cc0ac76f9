"""Fit the default model and write its file and card: one command.

    python training/fit_default.py --data FOLDER --out models [--soft FOLDER] [--vectors FOLDER]
        [--told FOLDER]

FOLDER holds the parquet files that `training/README.md` lists. ``--soft`` names a folder with what
the teacher says of texts (`soft_fold.parquet`, `soft_final.parquet`) and holds of words
(`words_fold.npz`, `words_final.npz`), made by `training/fit_teacher.py`; without it the model
learns from the true labels alone. ``--vectors`` names the folder of a small encoder whose word
embeddings the tables start from; without it they start from chance. ``--told`` names the folder of
`training/refine_encoder.py`.

Two models are made, each fitted (`first_fit.py`) and refined (`refinement.py`). The first leaves
whole domains out, the teacher's included, and the encoder, which saw them: on those the figures of
the card are measured and the probabilities calibrated. The second learns from everything that may
be trained on, and is what ships, with the calibration of the first.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import corpus
import numpy as np
import pandas as pd
from default_card import gather, list_sources
from first_fit import SEED, Inputs, all_texts, choose_words, fit_first
from numpy.typing import NDArray
from refinement import refine_model
from scipy.optimize import minimize_scalar
from vocabulary import Chosen

from detractor.artifact import save
from detractor.calibration import Calibration, fit_calibration, logistic
from detractor.card import Evidence, write_card
from detractor.compilation import compile_all
from detractor.model import FeedbackModel
from detractor.schema import HEADS

SHIFT_BELIEVED = 0.5
"""How much of the shift that the held-out texts ask for the calibration takes over. It comes from
which sources are held out as much as from the reader: fitted on half of the sources, half of it
serves the other half better than all of it (Brier score of `detractor` .091 instead of .093), and
a text that the network is undecided about stays nearer to one half."""


def fit_model(
    inputs: Inputs, chosen: Chosen, *, fold: bool, calibration: Calibration | None = None
) -> FeedbackModel:
    """Fit and refine; where the encoder is heard, it speaks on the scale of `calibration`."""
    model = fit_first(inputs, chosen, fold=fold)
    if calibration is not None:
        model = replace(model, calibration=calibration)
    return refine_model(model, chosen, inputs, fold=fold)


def held_out(data: Path) -> pd.DataFrame:
    """List the labelled texts of the domains that the first fit leaves out."""
    annotated, reviews = corpus.annotated(data), corpus.reviews(data)
    annotated = annotated.assign(anger=annotated["anger"] >= 2, churn_risk=annotated["churn"] >= 2)
    annotated["calm"] = ~(annotated["anger"] >= 1)
    annotated = annotated.drop(columns="detractor")
    sampled = corpus.at_most(reviews[reviews["detractor"].notna()], 1000, SEED)
    both = pd.concat([annotated, sampled], ignore_index=True)
    away = ~both["domain"].isin(corpus.TRAIN_DOMAINS) | both["use"].ne("train")
    return both[away].reset_index(drop=True)


def fit_half_shift(logits: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float]:
    """Fit slope and shift of one head, take over a part of the shift, and fit the slope to that."""
    known = ~np.isnan(truth)
    x, y = logits[known], truth[known]
    shift = SHIFT_BELIEVED * fit_calibration(x, y)[1]

    def loss(slope: float) -> float:
        z = slope * x + shift
        return float((np.logaddexp(0, z) - y * z).sum())

    return float(minimize_scalar(loss, bounds=(0.1, 5), method="bounded").x), shift


def calibrate(
    logits: NDArray[np.float64], frame: pd.DataFrame
) -> tuple[Calibration, NDArray[np.float64]]:
    """Fit the calibration on held-out domains.

    The probabilities that come with it are crossed: those of one half of the sources use a
    calibration fitted on the other half, so that their error can be measured on unseen sources.
    """
    truth = frame[list(HEADS)].to_numpy(dtype=float)
    half = frame["source"].map(lambda source: sum(map(ord, source)) % 2).to_numpy()
    crossed = np.zeros_like(logits)
    for side in (0, 1):
        for head in range(len(HEADS)):
            fit_on, judge_on = half == side, half != side
            slope, shift = fit_half_shift(logits[fit_on, head], truth[fit_on, head])
            crossed[judge_on, head] = logistic(slope * logits[judge_on, head] + shift)
    pairs = np.array([fit_half_shift(logits[:, k], truth[:, k]) for k in range(len(HEADS))])
    return Calibration(pairs[:, 0].copy(), pairs[:, 1].copy()), crossed


def summarise(evidence: Evidence) -> dict[str, dict[str, float]]:
    """Keep the figures over all held-out texts for the header of the model file."""
    tables = {**evidence.discrimination, **evidence.calibration}
    return {
        title: {key: round(float(value), 4) for key, value in table.loc["all"].items()}
        for title, table in tables.items()
        if "by domain" not in title
    }


def main() -> None:
    """Fit, measure, calibrate, fit again, write."""
    compile_all()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled tables")
    parser.add_argument("--soft", type=Path, help="folder of what the teacher says")
    parser.add_argument("--vectors", type=Path, help="folder of an encoder: vectors to start from")
    parser.add_argument("--told", type=Path, help="folder of what the encoder says")
    parser.add_argument("--out", type=Path, default=Path("models"))
    given = parser.parse_args()
    if not given.data.is_dir():
        raise SystemExit(f"no folder {given.data}: the labelled tables are not part of the project")
    inputs = Inputs(given.data, given.soft, given.vectors, given.told)
    texts = all_texts(given.data)
    chosen = choose_words(texts)
    held = held_out(given.data)
    logits, _ = fit_model(inputs, chosen, fold=True).logits(held["text"].tolist())
    calibration, crossed = calibrate(logits, held)
    final = fit_model(inputs, chosen, fold=False, calibration=calibration)
    evidence = gather(held, crossed, final)
    header = {
        "name": "default",
        "sources": list_sources(given.data, texts),
        "held_out_domains": sorted(set(held["domain"]) - set(corpus.TRAIN_DOMAINS)),
        "metrics": summarise(evidence),
        "taught": given.soft is not None,
        "told": given.told is not None,
        "rows": len(chosen.forms) + 1,
    }
    given.out.mkdir(exist_ok=True)
    save(replace(final, header=header), given.out / "default.safetensors")
    (given.out / "default.md").write_text(write_card(header, evidence), encoding="utf-8")


if __name__ == "__main__":
    main()
