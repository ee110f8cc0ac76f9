"""Fit the network for the first time: to true labels, what the teacher says, and our sentences.

Every kind of text is a `Block`; a text of ours stands beside each of the others. What the network
starts from are vectors of its words: `word_vectors`. `refinement.py` goes on from here.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import corpus
import numpy as np
import pandas as pd
from counterfactual import PHENOMENA, dress, generate
from fixed_point import to_network
from network_fitting import Examples, Settings, fit
from numpy.typing import NDArray
from vocabulary import Chosen, add_own, choose, choose_negated, count_words

from detractor.calibration import Calibration
from detractor.model import FeedbackModel, build_reader
from detractor.network import Lexicon, build_lexicon, read_rows
from detractor.schema import HEADS
from detractor.wordpiece import WordPiece, words

OUTPUTS = (
    "detractor", "anger_1", "anger_2", "anger_3", "churn_1", "churn_2", "churn_3", "below_0",
    "below_m1", "above_0",
)  # fmt: skip
SHIPPED = [OUTPUTS.index(name) for name in ("detractor", "anger_2", "churn_2")]
IMPORTANCE = np.array([1, 1, 1.5, 0.7, 1, 1.5, 0.7, 1, 1, 1], dtype=np.float32)
GENERATED = 400_000
GENERATED_SHARE = 1.6  # of the weight of all other texts
GENERATED_SHIFT = -0.4
"""Where the half of a generated sentence lies: the calibration, fitted on reviews of which most are
content, moves logits down by so much, and what is meant in so many words is to stay above one half
(fail rates of bad and of good sentences that were not trained on were .32 and .11 without it)."""
FOCUS = 1.0  # generated sentences that are read well leave the memories to those that are not
SWAPPED = 0.03  # the vocabulary cannot tell identities apart: few need to be seen
HEADS_TOLD = 0.3  # of the generated sentences that speak of anger and churn; most say neither
SAMPLING_SHIFT = 1.2
REVIEW_WEIGHT = 0.5
REVIEWS_A_SOURCE = 6_000
SENTENCE_WEIGHT = 0.3  # of a sentence that only the teacher has labelled
TRUST = 0.5  # in a true label, where the teacher has an opinion too
IN_TEMPLATES = 4  # templates that hold a word before it is known for their sake
FEW_CAPITALS = 0.2
VECTOR_WIDTH = 128
SEED = 11


class Inputs(NamedTuple):
    """The folders that a fit reads: labelled tables, the teacher's and the encoder's word."""

    data: Path
    soft: Path | None = None
    encoder: Path | None = None  # whose word pieces the tables start from
    told: Path | None = None  # of refine_encoder.py


class Block(NamedTuple):
    """Texts with labels of one kind and one weight.

    Where texts were chosen for their complaints, the log-odds of being a detractor are higher among
    them than among all feedback by `shift`: the network learns its logit plus that, as a
    case-control study corrects for its sampling.

    With a `focus` above 0 a text weighs the less the better it is read: see `network_fitting`.
    """

    texts: list[str]
    labels: NDArray[np.float32]
    weight: float
    shift: float = 0.0
    focus: float = 0.0


def labels_of(frame: pd.DataFrame) -> NDArray[np.float32]:
    """Put what a table knows of its texts into the order of `OUTPUTS`."""
    labels = np.full((len(frame), len(OUTPUTS)), np.nan, dtype=np.float32)
    if "detractor" in frame:
        labels[:, 0] = frame["detractor"]
    for column, first in (("anger", 1), ("churn", 4)):
        if column in frame:
            for level in (1, 2, 3):
                value = frame[column].to_numpy(dtype=float)
                cell = np.where(np.isnan(value), np.nan, value >= level)
                cell[np.abs(value - level) == 0.5] = 0.5  # "between 1 and 2": not decided
                labels[:, first + level - 1] = cell
    if "attitude" in frame:
        attitude = frame["attitude"].to_numpy(dtype=float)
        labels[:, 7:] = np.stack([attitude < 0, attitude < -1, attitude > 0], axis=1)
    return labels


def told_labels(frame: pd.DataFrame) -> NDArray[np.float32]:
    """Put what the teacher says into the order of `OUTPUTS`."""
    levels = [f"{head}_{level}" for head in ("anger", "churn") for level in (1, 2, 3)]
    labels = np.full((len(frame), len(OUTPUTS)), np.nan, dtype=np.float32)
    labels[:, :7] = frame[["detractor", *levels]]
    labels[:, 7] = 1 - frame["attitude_0"]
    labels[:, 8] = 1 - frame["attitude_m1"]
    labels[:, 9] = frame["attitude_1"]
    return labels


def soft_labels(frame: pd.DataFrame, annotated: pd.DataFrame) -> NDArray[np.float32]:
    """Blend what the teacher says with what is known."""
    labels = told_labels(frame)
    rated = frame["true_detractor"].notna().to_numpy()
    labels[rated, 0] += TRUST * (frame["true_detractor"].to_numpy()[rated] - labels[rated, 0])
    known = pd.DataFrame(labels_of(annotated), index=annotated["id"])
    read = frame["id"].isin(known.index).to_numpy()
    truth = known.loc[frame["id"][read]].to_numpy()
    labels[read, 1:] += TRUST * (truth[:, 1:] - labels[read, 1:])
    return labels


def blocks(inputs: Inputs, *, fold: bool) -> list[Block]:
    """Assemble what is learned from: the train side of the fold, or everything allowed."""
    data, soft = inputs.data, inputs.soft
    annotated = corpus.train_side(corpus.annotated(data), fold=fold)
    reviews = corpus.train_side(corpus.reviews(data), fold=fold)
    sampled = corpus.at_most(reviews[reviews["detractor"].notna()], REVIEWS_A_SOURCE, SEED)
    rated = Block(dress(sampled["text"].tolist(), SEED), labels_of(sampled), REVIEW_WEIGHT)
    if soft is None:
        texts = dress(annotated["text"].tolist(), SEED)
        own = Block(texts, labels_of(annotated), 1.0, SAMPLING_SHIFT)
        return [own, rated, _generated([own, rated])]
    names = ["soft_fold.parquet"] if fold else ["soft_final.parquet", "soft_fold.parquet"]
    told = pd.concat([pd.read_parquet(soft / name) for name in names], ignore_index=True)
    told = told.drop_duplicates("text")  # where both teachers spoke, the later one is heard
    told = told[told["source"].ne("counterfactual") & told["use"].eq("train")]
    texts = dress(told["text"].tolist(), SEED)
    taught = Block(texts, soft_labels(told, annotated), 1.0, SAMPLING_SHIFT)
    short = pd.read_parquet(soft / f"sentences_{'fold' if fold else 'final'}.parquet")
    said = Block(short["text"].tolist(), told_labels(short), SENTENCE_WEIGHT, SAMPLING_SHIFT)
    return [taught, rated, said, _generated([taught, rated])]


def _generated(others: list[Block]) -> Block:
    """Write sentences for what word pairs get wrong, of a share of the weight of other texts."""
    made = generate(GENERATED, SEED, swapped=SWAPPED)
    labels = labels_of(made)
    labels[np.random.default_rng(SEED).random(len(labels)) > HEADS_TOLD, 1:7] = np.nan
    total = sum(len(block.texts) * block.weight for block in others)
    weight = GENERATED_SHARE * total / len(made)
    return Block(made["text"].tolist(), labels, weight, GENERATED_SHIFT, FOCUS)


def all_texts(data: Path) -> pd.DataFrame:
    """List every text that may be trained on, for the vocabulary."""
    frames = [corpus.reviews(data)]
    for name in ("tweets", "complaints", "emotions", "intents"):
        frame = pd.read_parquet(data / f"{name}.parquet")
        if "split" in frame:
            frame = frame[frame["split"].eq("train")]
        frames.append(frame)
    frame = pd.concat([part[["text", "source", "use"]] for part in frames], ignore_index=True)
    return frame[frame["use"].eq("train")].reset_index(drop=True)


def own_words() -> list[str]:
    """List the words that several of our templates hold and that are no names, in one order."""
    uses, capitals = Counter[str](), Counter[str]()
    for template in (line for entry in PHENOMENA for line in entry["templates"]):
        plain = re.sub(r"\{\w+\}", "_", template)
        words = re.findall(r"(?<![\w'-])[A-Za-z]{3,}(?![\w'-])", plain)
        uses.update({word.lower() for word in words})
        capitals.update({word.lower() for word in words[1:] if word.istitle()})
    return sorted(
        word for word, n in uses.items()
        if n >= IN_TEMPLATES and capitals[word] < FEW_CAPITALS * n
    )  # fmt: skip


def choose_words(texts: pd.DataFrame) -> Chosen:
    """Choose the vocabulary, our own words in it, and which have a second row when negated."""
    chosen = choose(add_own(count_words(texts["text"], texts["source"]), own_words()))
    return choose_negated(chosen, [*texts["text"], *generate(GENERATED, SEED)["text"]])


def word_vectors(chosen: Chosen, inputs: Inputs, *, fold: bool) -> NDArray[np.float32]:
    """Give each row a vector: of an encoder's word pieces and of the teacher, or of chance.

    Row 0 is zero. The teacher read each word alone: its vectors hold what a word says of anger,
    leaving and satisfaction, those of the pieces what it means otherwise.
    """
    n = len(chosen.forms)
    parts = []
    if inputs.encoder is not None:
        parts.append(piece_vectors(chosen.forms, inputs.encoder))
    if inputs.soft is not None:
        with np.load(inputs.soft / f"words_{'fold' if fold else 'final'}.npz") as file:
            states = pd.DataFrame(file["states"].astype(np.float64), index=file["forms"])
        parts.append(states.reindex(chosen.forms).fillna(states.mean()).to_numpy())
    if not parts:
        parts.append(np.random.default_rng(SEED).normal(size=(n, VECTOR_WIDTH)))
    vectors = np.concatenate([reduce(part) for part in parts], axis=1)
    return np.concatenate([np.zeros((1, vectors.shape[1])), vectors]).astype(np.float32)


def piece_vectors(forms: list[str], folder: Path) -> NDArray[np.float64]:
    """Average the embeddings of the pieces that spell each word."""
    from safetensors.numpy import load_file

    pieces = (folder / "vocab.txt").read_text("utf-8").splitlines()
    unknown = pieces.index("[UNK]")
    table = load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"]
    reader = WordPiece(pieces)
    vectors = np.zeros((len(forms), table.shape[1]))
    for row, form in enumerate(forms):
        parts = [number for word in words(form) for number in reader.pieces(word)]
        found = [number for number in parts if number != unknown]
        vectors[row] = table[found].mean(axis=0) if found else 0
    return vectors


def reduce(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep the directions of most variance; the mean length becomes the root of their number."""
    vectors = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    kept = vectors @ axes[:VECTOR_WIDTH].T
    return np.asarray(kept / np.linalg.norm(kept, axis=1).mean() * np.sqrt(VECTOR_WIDTH))


def examples_of(parts: list[Block], lexicon: Lexicon) -> Examples:
    """Turn blocks of texts into what a network is fitted on."""
    rows, marks, bounds = read_rows([text for part in parts for text in part.texts], lexicon)
    labels = np.concatenate([part.labels for part in parts])
    sizes = [len(part.texts) for part in parts]
    weights, shifts, focus = (
        np.repeat(np.array([getattr(part, name) for part in parts], np.float32), sizes)
        for name in ("weight", "shift", "focus")
    )
    return Examples(rows, marks, bounds, labels, weights, shifts, focus)


def fit_first(inputs: Inputs, chosen: Chosen, *, fold: bool) -> FeedbackModel:
    """Fit the network to all blocks and make a model of it that is not calibrated yet."""
    parts = blocks(inputs, fold=fold)
    vectors = word_vectors(chosen, inputs, fold=fold)
    examples = examples_of(parts, build_lexicon(chosen.words))
    print(f"{len(examples.weights)} texts, {len(vectors)} rows", flush=True)
    parameters = fit(examples, IMPORTANCE, vectors, Settings(seed=SEED))
    return FeedbackModel(
        calibration=Calibration(np.ones(len(HEADS)), np.zeros(len(HEADS))),
        reader=build_reader(chosen.words, to_network(parameters, SHIPPED)),
    )
