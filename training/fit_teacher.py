"""Train the teacher by stages and let it label texts.

Stages, in order: ``pretrain`` (ratings of reviews), ``tune`` (annotated texts
and generated sentences), ``label`` and ``label-sentences`` (soft labels for the
student, of texts and of single sentences of reviews), and ``final`` (continue on
every domain).  All before ``final`` keep to the train side of one fold, so that
``evaluate_teacher.py`` can judge on domains no stage has seen.  ``words`` writes
what the teacher holds of each word of the student's vocabulary, read alone: the
student's tables start there.
"""

from __future__ import annotations

import argparse
import logging
from functools import partial
from pathlib import Path

import corpus
import numpy as np
import pandas as pd
import teacher as th
import torch
from counterfactual import generate
from first_fit import all_texts, choose_words

from detractor.compilation import compile_all
from detractor.wordpiece import WordPiece

log = logging.getLogger("fit_teacher")

STAGES = [
    "pretrain", "tune", "label", "label-sentences", "final", "label-final",
    "label-final-sentences", "words",
]  # fmt: skip
SEED = 20
SOFT = ["text", "source", "domain", "use"]


def sentences(n: int, seed: int) -> pd.DataFrame:
    """Write generated sentences in the shape of a training table."""
    frame = generate(n, seed)
    return frame.assign(source="counterfactual", domain="generated", use="train")


def pretraining(data: Path, n: int) -> pd.DataFrame:
    """Rated reviews of the fold's train side, balanced, and some emotions."""
    frame = corpus.train_side(corpus.reviews(data), fold=True)
    frame = frame[frame["detractor"].notna()].drop(columns="rating_share")
    frame = corpus.balanced(frame, n, ["source", "detractor"], SEED, power=0.45)
    return pd.concat([frame, corpus.emotions(data, n // 10, SEED)])


def tuning(data: Path, n_generated: int) -> pd.DataFrame:
    """Annotated texts of the fold's train side and generated sentences."""
    frame = corpus.train_side(corpus.annotated(data), fold=True)
    return pd.concat([frame, sentences(n_generated, SEED)])


def finishing(data: Path, n_reviews: int, n_generated: int) -> pd.DataFrame:
    """Everything that may be trained on, domains new to the fold twice."""
    labelled = corpus.train_side(corpus.annotated(data), fold=False)
    new = labelled[~labelled["domain"].isin(corpus.TRAIN_DOMAINS)]
    rated = corpus.reviews(data)
    fresh = ~rated["domain"].isin(corpus.TRAIN_DOMAINS) & rated["use"].eq("train")
    rated = rated[fresh & rated["detractor"].notna()].drop(columns="rating_share")
    rated = corpus.balanced(rated, n_reviews, ["source", "detractor"], SEED, power=0.45)
    return pd.concat([labelled, new, rated, sentences(n_generated, SEED + 1)])


def to_label(data: Path, n: int, final: bool) -> pd.DataFrame:
    """Texts worth a soft label, the useful ones first.

    Reviews are skewed to low and middling ratings, where anger and intent to
    leave are found; annotated texts and generated sentences come first.

    Parameters
    ----------
    data : Path
        Folder of the parquet files.
    n : int
        How many texts in all, at most.
    final : bool
        All domains and kinds of text, or the fold's train side only.

    Returns
    -------
    DataFrame
        ``text``, ``source``, ``domain``, ``use`` and the true labels known.
    """
    labelled = corpus.train_side(corpus.annotated(data), fold=not final)
    rated = corpus.train_side(corpus.reviews(data), fold=not final)
    made = sentences(n // 6, SEED + 2)
    extra = corpus.other_texts(data, n // 4, SEED) if final else []
    share = rated["rating_share"].fillna(0.25)
    keep = np.select([share <= 0.3, share <= 0.75], [1.0, 1.0], 0.45)
    size = rated["text"].str.len().clip(20, 900)
    weight = keep * (200 / size) ** 0.35
    weight = weight / rated.groupby("source")["text"].transform("size") ** 0.35
    room = max(0, n - len(labelled) - len(made) - sum(map(len, extra)))
    rated = corpus.weighted(rated, room, weight.to_numpy("float64"), SEED)
    rest = pd.concat([made, rated, *extra]).sample(frac=1, random_state=SEED)
    frame = pd.concat([labelled, rest]).drop_duplicates("text")
    names = [
        c for c in ("id", "anger", "churn", "detractor", "phenomenon", "pair_id") if c in frame
    ]
    return frame[SOFT + names].reset_index(drop=True)


def sentences_to_label(data: Path, n: int, *, final: bool) -> pd.DataFrame:
    """List sentences of reviews: what a short text says is seldom seen in whole reviews."""
    return corpus.sentences(corpus.train_side(corpus.reviews(data), fold=not final), n, SEED)


def label(
    model: th.Teacher, pieces: WordPiece, frame: pd.DataFrame, out: Path, part: int = 6000
) -> None:
    """Write soft labels, a growing file after each part of the rows."""
    done: list[pd.DataFrame] = []
    for start in range(0, len(frame), part):
        block = frame.iloc[start : start + part].reset_index(drop=True)
        soft = th.probabilities(th.predict(model, th.encode(block["text"], pieces, 128)))
        truth = block.rename(columns=lambda c: c if c in SOFT or c == "id" else f"true_{c}")
        done.append(pd.concat([truth, soft], axis=1))
        if not th.is_first():
            continue
        temporary = out.with_suffix(".part")
        pd.concat(done, ignore_index=True).to_parquet(temporary)
        temporary.replace(out)
        log.info("labelled %d of %d", start + len(block), len(frame))


def write_words(model: th.Teacher, pieces: WordPiece, data: Path, out: Path) -> None:
    """Write the state of the teacher for each word that the student knows."""
    compile_all()
    texts = all_texts(data)
    forms = choose_words(texts).forms
    states = th.embed(model, th.encode(pd.Series(forms), pieces, 16))
    np.savez_compressed(out, forms=np.array(forms), states=states.astype(np.float16))
    log.info("%d words", len(forms))


def train(args: argparse.Namespace, frame: pd.DataFrame, schedule: th.Schedule, limit: int) -> None:
    """Run one training stage and save its weights."""
    frame = frame.reset_index(drop=True)
    if args.resume:
        model, pieces = th.load(args.base, args.resume)
    else:
        model, pieces = th.load_base(args.base)
    rows = th.encode(frame["text"], pieces, limit)
    log.info("%d rows, %.1f pieces a row", len(rows), np.mean([len(r) for r in rows]))
    first = th.is_first()
    keep = partial(th.save, path=args.weights) if first else None
    th.fit(model, rows, th.targets(frame), schedule, keep)
    if first:
        th.save(model, args.weights)


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--data", type=Path, required=True, help="folder of the parquet files")
    parser.add_argument("--base", type=Path, required=True, help="folder of the base encoder")
    parser.add_argument("--resume", type=Path, help="weights to continue from")
    parser.add_argument(
        "--weights", type=Path, required=True, help="weights to write, or to label with"
    )
    parser.add_argument("--out", type=Path, help="soft labels or words to write")
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--generated", type=int, default=9_000)
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    th.join_workers()
    schedule = th.Schedule(
        epochs=args.epochs,
        rate=args.rate,
        minutes=args.minutes,
        seed=SEED,
        frozen=0 if args.stage == "pretrain" else 3,
    )
    if args.stage == "pretrain":
        train(args, pretraining(args.data, args.rows), schedule, 64)
    elif args.stage == "tune":
        train(args, tuning(args.data, args.generated), schedule, 80)
    elif args.stage == "final":
        train(args, finishing(args.data, args.rows, args.generated), schedule, 80)
    else:
        model, pieces = th.load(args.base, args.weights)
        if args.stage == "words":
            write_words(model, pieces, args.data, args.out)
            return
        final = args.stage.startswith("label-final")
        if args.stage.endswith("sentences"):
            frame = sentences_to_label(args.data, args.rows, final=final)
        else:
            frame = to_label(args.data, args.rows, final=final)
        label(model, pieces, frame, args.out)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    main()
