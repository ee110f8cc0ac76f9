"""Fit the default model further on sentences of our own, without forgetting what it reads.

    python training/refine_default.py --data FOLDER --vectors FOLDER --told FOLDER --out models

The model that `fit_default.py` wrote goes on learning, from four kinds of text:

- real ones, with what the model itself says of them ("learning without forgetting", Li and Hoiem
  2016), half way to the true label where there is one, and to what the encoder says where it has
  been asked (`sentences.parquet` of ``--told``);
- real sentences with something added that says nothing, or one thing (`variants.extend`);
- sentences near the generated ones, with what the encoder says of them (`varied.parquet`);
- the generated ones, with their labels.

The vocabulary is chosen anew, with the words of our templates; new rows start where words of near
meaning are. With ``--fold`` only the train side of the fold of `fit_default.py` is learned from,
and what its teacher says (``--soft``), without the encoder; what that does to the held-out domains
is printed.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import corpus
import fit_default as first
import numpy as np
import pandas as pd
from counterfactual import PHENOMENA, generate
from default_card import renew
from fit_default import Block
from fixed_point import F, to_network, to_parameters
from network_fitting import Settings, refine
from numpy.typing import NDArray
from variants import extend
from vocabulary import Chosen

from detractor.artifact import load, save
from detractor.calibration import logistic
from detractor.compilation import compile_all
from detractor.evaluation import calibration, discrimination
from detractor.model import FeedbackModel, build_reader
from detractor.network import build_lexicon
from detractor.schema import HEADS
from detractor.vocabulary import SOMETIMES_NAME, KnownWords

SETTINGS = Settings(
    passes=3, orders=2, rate=0.002, table_rate=6.0, word_dropout=0.03, forget=1.0, settled=0.05,
    seed=3,
)  # fmt: skip
IMPORTANCE = np.array([1, 1.5, 1.5], F)
SENTENCES = 80_000
OTHERS = 30_000  # tweets, complaints and other texts without a rating
SENTENCE_WEIGHT = 0.1  # a sentence that negates is what the model read badly
EXTENDED, EXTENDED_WEIGHT = 80_000, 0.5
ASKED = 0.5  # of the way to what the encoder says of a real sentence
GENERATED_SHARE, VARIED_SHARE = 1.2, 0.5  # of the weight of real texts
TOLD = 0.3, 0.05  # of the zeros of anger and of leaving in sentences that speak of neither
TOLD_VARIED = 0.5, 0.1  # the same, where the encoder says them
SPEAKS = "anger|furious|swear|emotion", "leav|loyal|stay|cancel|switch|harmless"
IN_TEMPLATES = 4  # templates that hold a word before it is known for their sake
FEW_CAPITALS = 0.2
RIDGE = 0.01
WRITTEN_BY_SAVE = ("golden", "golden_texts", "checksum", "format", "heads")


def real_texts(data: Path, *, fold: bool) -> pd.DataFrame:
    """List real texts to learn from: `text`, whether it is a `short` sentence, its true labels."""
    reviews, annotated = corpus.reviews(data), corpus.annotated(data)
    others = first.all_texts(data)
    others = others[~others["source"].isin(reviews["source"])]
    reviews, annotated = (part[part["use"].eq("train")] for part in (reviews, annotated))
    if fold:
        inside = [part["domain"].isin(corpus.TRAIN_DOMAINS) for part in (reviews, annotated)]
        reviews, annotated, others = reviews[inside[0]], annotated[inside[1]], others[:0]
    some = reviews.groupby("source", group_keys=False)[reviews.columns.tolist()].apply(
        lambda part: part.sample(min(len(part), first.REVIEWS_A_SOURCE), random_state=first.SEED)
    )
    others = others.sample(min(len(others), OTHERS), random_state=first.SEED)
    short = corpus.sentences(reviews, SENTENCES, first.SEED)
    labels = {  # at the level that each head tells; "1 or 2" is no label
        "anger": annotated["anger"].ge(2).where(annotated["anger"].ne(1.5)),
        "churn_risk": annotated["churn"].ge(2).where(annotated["churn"].ne(1.5)),
    }
    parts = [
        annotated[["text"]].assign(chosen=True, **labels),
        some[["text", "detractor"]],
        others[["text"]],
        short[["text"]].assign(short=True),
    ]
    texts = pd.concat(parts, ignore_index=True).drop_duplicates("text", ignore_index=True)
    texts[["short", "chosen"]] = texts[["short", "chosen"]].eq(True)
    return texts.astype(dict.fromkeys(HEADS, float))


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


def former_rows(words: KnownWords, old: KnownWords) -> NDArray[np.int64]:
    """Find for each row the row of the same word in an older vocabulary, or -1."""
    rows_of_old = dict(zip(old.hashes.tolist(), old.rows.tolist(), strict=True))
    former = np.full(len(words.negated), -1)
    former[0] = 0
    for value, (row, second) in zip(words.hashes.tolist(), words.rows.tolist(), strict=True):
        if value in rows_of_old and not second:
            former[row % SOMETIMES_NAME] = rows_of_old[value][0] % SOMETIMES_NAME
    for row, after in enumerate(words.negated.tolist()):
        before = old.negated[former[row]] if former[row] > 0 else 0
        if after > row and before > former[row]:
            former[after] = before
    return former


def carry_over(
    parameters: list[Any], former: NDArray[np.int64], words: KnownWords,
    vectors: NDArray[np.float32],
) -> list[Any]:  # fmt: skip
    """Give each word its former rows, new ones those that their vectors foretell.

    What a word says after a negation is foretold from what it says without one, too.
    """
    n = len(former)
    plain = np.arange(n)
    second = words.negated > np.arange(n)
    plain[words.negated[second]] = np.flatnonzero(second)
    after = plain != np.arange(n)
    carried = []
    for old in parameters[:3]:
        table = np.zeros((n, old.shape[1]), F)
        table[former >= 0] = old[former[former >= 0]]
        for side in (False, True):  # those without a negation first: the others look at them
            known = np.concatenate([vectors, np.ones((n, 1), F)], axis=1)
            if side:
                known = np.concatenate([known, table[plain]], axis=1)
            learned, new = ((former >= 0) & (after == side), (former < 0) & (after == side))
            told = known[learned].astype(np.float64)
            ridge = np.eye(told.shape[1]) * len(told) * RIDGE
            slopes = np.linalg.solve(told.T @ told + ridge, told.T @ table[learned])
            table[new] = known[new] @ slopes
        carried.append(table)
    return [*carried, *parameters[3:]]


def generated_labels(made: pd.DataFrame) -> NDArray[np.float32]:
    """Put what is known of generated sentences into the order of `HEADS`."""
    return first.labels_of(made)[:, first.SHIPPED]


def tell_few(
    labels: NDArray[np.float32], speaks: NDArray[np.bool_], shares: tuple[float, float], seed: int
) -> NDArray[np.float32]:
    """Forget most labels of anger and leaving of texts that speak of neither, of shape (n, 2).

    Told all of them, the network learns that a complaint is calm and its writer will stay.
    """
    labels = labels.copy()
    draw = np.random.default_rng(seed).random(speaks.shape)
    labels[:, 1:][~speaks & (draw > shares)] = np.nan
    return labels


def uncalibrated(model: FeedbackModel, told: pd.DataFrame) -> NDArray[np.float64]:
    """Put log odds of what is meant, one column a head, on the scale of the model's own logits."""
    slopes, intercepts = model.calibration
    return np.asarray((told[list(HEADS)].to_numpy() - intercepts) / slopes)


def soft_labels(model: FeedbackModel, real: pd.DataFrame, told: Path | None) -> NDArray[np.float32]:
    """Say of real texts what the model says, drawn to what the encoder says and to what is true."""
    own = model.logits(real["text"].tolist())[0]
    if told is not None:
        asked = pd.read_parquet(told / "sentences.parquet").set_index("text")
        found = real["text"].isin(asked.index).to_numpy()
        own[found] += ASKED * (uncalibrated(model, asked.loc[real["text"][found]]) - own[found])
    shift = np.where(real["chosen"], first.SAMPLING_SHIFT, 0)
    soft = logistic(own + shift[:, None] * [1, 0, 0]).astype(F)
    truth = real[list(HEADS)].to_numpy(dtype=F)
    return soft + first.TRUST * np.nan_to_num(truth - soft)


def blocks(model: FeedbackModel, real: pd.DataFrame, told: Path | None) -> list[Block]:
    """Assemble what is learned from."""
    soft = soft_labels(model, real, told)
    short, chosen = real["short"].to_numpy(), real["chosen"].to_numpy()
    texts = real["text"].to_numpy()
    parts = [
        Block(texts[chosen].tolist(), soft[chosen], 1.0, first.SAMPLING_SHIFT),
        Block(texts[~chosen & ~short].tolist(), soft[~chosen & ~short], 1.0),
        Block(texts[short].tolist(), soft[short], SENTENCE_WEIGHT),
    ]
    weight = sum(len(part.texts) * part.weight for part in parts)
    picked = np.random.default_rng(first.SEED).permutation(np.flatnonzero(short))[:EXTENDED]
    more = extend(texts[picked].tolist(), soft[picked], first.SEED)
    parts.append(Block(more["text"].tolist(), more[list(HEADS)].to_numpy(F), EXTENDED_WEIGHT))
    if told is not None:
        parts.append(_varied(told, model, weight))
    made = generate(first.GENERATED, first.SEED, swapped=first.SWAPPED)
    speaks = np.stack([made["phenomenon"].str.contains(words) for words in SPEAKS], axis=1)
    labels = tell_few(generated_labels(made), speaks, TOLD, first.SEED)
    share = GENERATED_SHARE * weight / len(made)
    parts.append(Block(made["text"].tolist(), labels, share, first.GENERATED_SHIFT, first.FOCUS))
    return parts


def _varied(told: Path, model: FeedbackModel, weight: float) -> Block:
    """Read the sentences near generated ones, with what the encoder says of them."""
    varied = pd.read_parquet(told / "varied.parquet")
    labels = logistic(uncalibrated(model, varied)).astype(F)
    speaks = np.stack([np.zeros(len(labels), bool), labels[:, 2] > 0.3], axis=1)
    labels = tell_few(labels, speaks, TOLD_VARIED, first.SEED + 1)
    return Block(varied["text"].tolist(), labels, VARIED_SHARE * weight / len(labels))


def refine_model(
    model: FeedbackModel, chosen: Chosen, vectors: NDArray[np.float32], parts: list[Block]
) -> FeedbackModel:
    """Fit a model further; its calibration stays."""
    old = model.reader.words
    former = former_rows(chosen.words, old)
    begun = carry_over(to_parameters(model.reader.network), former, chosen.words, vectors)
    examples = first.examples_of(parts, build_lexicon(chosen.words))
    parameters = refine(examples, IMPORTANCE, begun, SETTINGS)
    reader = build_reader(chosen.words, to_network(parameters, [0, 1, 2]))
    return replace(model, reader=reader)


def vectors_of(chosen: Chosen, encoder: Path) -> NDArray[np.float32]:
    """Give each row the vector of its word in a small encoder; row 0 is zero."""
    plain = [form.removeprefix("not ") for form in chosen.forms]
    vectors = first.reduce(first.piece_vectors(plain, encoder))
    return np.concatenate([np.zeros((1, vectors.shape[1])), vectors]).astype(F)


def measure(
    before: NDArray[np.float64], after: NDArray[np.float64], held: pd.DataFrame
) -> pd.DataFrame:
    """Compare the logits of two models on the held-out domains: one row a head and model.

    Both are judged by the calibration of the first, fitted on the other half of the sources.
    """
    rows = []
    for name, logits in (("before", before), ("after", after)):
        told = first.calibrate(before, held, logits)[1]
        for k, head in enumerate(HEADS):
            known = held[head].notna().to_numpy()
            truth = held[head][known].to_numpy(float)
            order = discrimination(truth, logistic(logits[known, k])).loc["all"]
            error = calibration(truth, told[known, k]).loc["all"]
            rows.append(
                {
                    "fit": f"{head}, {name}",
                    "n": len(truth),
                    "auc": order["auc"],
                    "average_precision": order["average_precision"],
                    "calibration_error": error["calibration_error"],
                }
            )
    return pd.DataFrame(rows).sort_values("fit", ascending=False, kind="stable", ignore_index=True)


def refine_fold(inputs: first.Inputs, chosen: Chosen, vectors: NDArray[np.float32]) -> pd.DataFrame:
    """Fit without the held-out domains, refine without an encoder's word, and compare."""
    held = first.held_out(inputs.data)
    before = first.fit_model(inputs, chosen, fold=True)
    logits, _ = before.logits(held["text"].tolist())
    parts = blocks(before, real_texts(inputs.data, fold=True), None)
    after = refine_model(before, chosen, vectors, parts)
    return measure(logits, after.logits(held["text"].tolist())[0], held)


def main() -> None:
    """Measure on the fold, or fit further and write the model and its card."""
    compile_all()
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled tables")
    parser.add_argument("--vectors", type=Path, required=True, help="folder of a small encoder")
    parser.add_argument("--told", type=Path, help="folder of refine_encoder.py")
    parser.add_argument("--soft", type=Path, help="with --fold: what the fold's teacher says")
    parser.add_argument("--fold", type=Path, help="measure on the fold: the table to write")
    parser.add_argument("--measured", type=Path, help="that table, for the card")
    parser.add_argument("--out", type=Path, default=Path("models"), help="holds the first fit")
    given = parser.parse_args()
    if not given.data.is_dir():
        raise SystemExit(f"no folder {given.data}: the labelled tables are not part of the project")
    chosen = first.choose_words(first.all_texts(given.data), own_words())
    vectors = vectors_of(chosen, given.vectors)
    if given.fold is not None:
        inputs = first.Inputs(given.data, given.soft, given.vectors)
        table = refine_fold(inputs, chosen, vectors)
        table.to_csv(given.fold, index=False)
        print(table.to_string())
        return
    model = load(given.out / "default.safetensors")
    parts = blocks(model, real_texts(given.data, fold=False), given.told)
    refined = refine_model(model, chosen, vectors, parts)
    header = {key: value for key, value in model.header.items() if key not in WRITTEN_BY_SAVE}
    header |= {"refined": given.told is not None, "rows": len(chosen.forms) + 1}
    refined = replace(refined, header=header)
    card = given.out / "default.md"
    measured = pd.read_csv(given.measured) if given.measured else None
    save(refined, given.out / "default.safetensors")
    card.write_text(renew(card.read_text("utf-8"), refined, measured), "utf-8")


if __name__ == "__main__":
    main()
