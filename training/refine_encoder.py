"""Train the encoder tier further on generated sentences; let it label sentences near them.

    python training/refine_encoder.py --data FOLDER --base FOLDER --out FOLDER

It starts from the encoder that ``--start`` holds and writes a new one to ``--out``, and beside it
the log odds that this one gives the sentences of `variants.vary` (`varied.parquet`) and single
sentences of reviews (`sentences.parquet`): the default model learns from these
(`refinement.py`). Real texts keep what the encoder says of them now, so no label of a real text
is seen.

``torchrun --standalone --nproc_per_node 2`` shares the work among two workers of one thread, which
lose less to a busy machine than two threads do: some 35 minutes on two cores.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial
from pathlib import Path

import first_fit as first
import numpy as np
import pandas as pd
import teacher as th
import torch
from counterfactual import generate
from encoder import HEADS as OUTPUTS
from encoder import export, restore
from numpy.typing import NDArray
from refinement import generated_labels, real_texts
from variants import extend, near_words, vary

from detractor.calibration import logistic
from detractor.schema import HEADS
from detractor.wordpiece import WordPiece

COLUMNS = [th.COLUMNS.index(name) for name in OUTPUTS]
LIMIT = 80  # pieces of a text
SHORTEST, LONGEST = 12, 330  # characters of a real text
REAL, EXTENDED, GENERATED = 9_000, 16_500, 46_000
VARIED = 150_000
SEED = 15


def assemble(
    real: pd.DataFrame, model: th.Teacher, pieces: WordPiece
) -> tuple[pd.Series, NDArray[np.float32]]:
    """Put together what is learned from: texts and a label a head, NaN where unknown."""
    real = real[real["text"].str.len().between(SHORTEST, LONGEST)]
    short = real[real["short"]].sample(REAL + EXTENDED, random_state=SEED)
    whole = real[~real["short"]].sample(REAL, random_state=SEED)
    kept = pd.concat([short, whole], ignore_index=True)["text"]
    told = logistic(label(model, pieces, kept)).astype(np.float32)
    more = extend(kept[:EXTENDED].tolist(), told[:EXTENDED], SEED)
    made = generate(GENERATED, SEED, swapped=first.SWAPPED)
    texts = pd.concat([made["text"], more["text"], kept[EXTENDED:]], ignore_index=True)
    parts = [generated_labels(made), more[list(HEADS)].to_numpy(np.float32), told[EXTENDED:]]
    return texts, np.concatenate(parts)


def label(model: th.Teacher, pieces: WordPiece, texts: pd.Series) -> NDArray[np.float32]:
    """Say the log odds of the three heads, shape (n, 3)."""
    return np.asarray(th.predict(model, th.encode(texts, pieces, LIMIT), 64)[:, COLUMNS])


def main() -> None:
    """Train, write the encoder, label."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the parquet files")
    parser.add_argument("--base", type=Path, required=True, help="folder of the base encoder")
    parser.add_argument("--start", type=Path, default=Path("models/encoder"))
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--minutes", type=float, default=17.0)
    given = parser.parse_args()
    torch.set_num_threads(1)
    th.join_workers()
    given.out.mkdir(exist_ok=True, parents=True)
    weights = given.out / "encoder.pt"
    model, pieces = restore(given.start, given.base)
    real = real_texts(given.data, fold=False)
    texts, known = assemble(real, model, pieces)
    labels = np.full((len(texts), len(th.COLUMNS)), np.nan, dtype=np.float32)
    labels[:, COLUMNS] = known
    schedule = th.Schedule(epochs=1, rate=8e-5, minutes=given.minutes, seed=SEED)
    keep = partial(th.save, path=weights) if th.is_first() else None
    th.fit(model, th.encode(texts, pieces, LIMIT), labels, schedule, keep)
    vectors = model.bert.embeddings.word_embeddings.weight.detach().numpy()
    near = near_words(list(pieces.index), vectors)
    short = real.loc[real["short"], "text"]
    varied = pd.Series(vary(VARIED, near, short.tolist(), SEED))
    told = {"varied": (varied, label(model, pieces, varied))}
    told["sentences"] = short, label(model, pieces, short)
    if not th.is_first():
        return
    state = {name: value.numpy() for name, value in model.state_dict().items()}
    kept = list(range(len(pieces.index)))
    export(state, list(pieces.index), kept, given.out, model.bert.config.num_hidden_layers)
    for name, (asked, odds) in told.items():
        frame = pd.DataFrame(odds, columns=list(HEADS)).assign(text=asked.tolist())
        frame.to_parquet(given.out / f"{name}.parquet")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    main()
