"""Fit the default model further on sentences of our own, without forgetting what it reads.

The model of `first_fit.py` goes on learning, twice. Once from real texts alone, with what the model
itself says of them ("learning without forgetting", Li and Hoiem 2016), half way to the true label
where there is one, and to what the encoder says where it has been asked (`sentences.parquet`). And
once from these and

- real sentences with something added that says nothing, or one thing (`variants.extend`);
- sentences near the generated ones, with what the encoder says of them (`varied.parquet`);
- the generated ones, with their labels.

The first reads real texts better than what it starts from, the second reads constructions better
and real texts worse; the mean of their parameters keeps most of both (Wortsman et al. 2022).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import corpus
import numpy as np
import pandas as pd
from counterfactual import generate
from first_fit import (
    FOCUS,
    GENERATED_SHIFT,
    IMPORTANCE,
    REVIEWS_A_SOURCE,
    SAMPLING_SHIFT,
    SEED,
    SHIPPED,
    SWAPPED,
    TRUST,
    Block,
    Inputs,
    all_texts,
    examples_of,
    labels_of,
)
from fixed_point import F, to_network, to_parameters
from network_fitting import Settings, refine
from numpy.typing import NDArray
from variants import extend
from vocabulary import Chosen

from detractor.calibration import logistic
from detractor.model import FeedbackModel, build_reader
from detractor.network import build_lexicon
from detractor.schema import HEADS

ON_REAL_TEXTS = Settings(
    passes=3, orders=2, rate=0.002, table_rate=6.0, word_dropout=0.03, forget=1.0, settled=0.05,
    seed=3,
)  # fmt: skip
ON_ALL = replace(ON_REAL_TEXTS, passes=6)
REAL_SHARE = 0.4  # of the parameters that were fitted further on real texts alone
GENERATED = 800_000
SENTENCES = 80_000
OTHERS = 30_000  # tweets, complaints and other texts without a rating
SENTENCE_WEIGHT = 0.1  # a sentence that negates is what the model read badly
EXTENDED, EXTENDED_WEIGHT = 80_000, 0.5
ASKED = 0.5  # of the way to what the encoder says of a real sentence
GENERATED_SHARE, VARIED_SHARE = 1.2, 0.5  # of the weight of real texts
TOLD = 0.3, 0.05  # of the zeros of anger and of leaving in sentences that speak of neither
TOLD_VARIED = 0.5, 0.1  # the same, where the encoder says them
SPEAKS = "anger|furious|swear|emotion", "leav|loyal|stay|cancel|switch|harmless"


def real_texts(data: Path, *, fold: bool) -> pd.DataFrame:
    """List real texts to learn from: `text`, whether it is a `short` sentence, its true labels."""
    reviews, others = corpus.reviews(data), all_texts(data)
    others = others[~others["source"].isin(reviews["source"]) & (not fold)]
    reviews = corpus.train_side(reviews, fold=fold)
    annotated = corpus.train_side(corpus.annotated(data), fold=fold)
    some = corpus.at_most(reviews, REVIEWS_A_SOURCE, SEED)
    others = others.sample(min(len(others), OTHERS), random_state=SEED)
    short = corpus.sentences(reviews, SENTENCES, SEED)
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


def generated_labels(made: pd.DataFrame) -> NDArray[np.float32]:
    """Put what is known of generated sentences into the order of `HEADS`."""
    return labels_of(made)[:, SHIPPED]


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
    shift = np.where(real["chosen"], SAMPLING_SHIFT, 0)
    soft = logistic(own + shift[:, None] * [1, 0, 0]).astype(F)
    truth = real[list(HEADS)].to_numpy(dtype=F)
    return soft + TRUST * np.nan_to_num(truth - soft)


def real_blocks(model: FeedbackModel, real: pd.DataFrame, told: Path | None) -> list[Block]:
    """Assemble what is learned from real texts: annotated ones, whole other ones, sentences."""
    soft = soft_labels(model, real, told)
    short, chosen = real["short"].to_numpy(), real["chosen"].to_numpy()
    texts = real["text"].to_numpy()
    kinds = (
        (chosen, 1.0, SAMPLING_SHIFT), (~chosen & ~short, 1.0, 0.0), (short, SENTENCE_WEIGHT, 0.0),
    )  # fmt: skip
    return [Block(texts[kind].tolist(), soft[kind], *others) for kind, *others in kinds]


def own_blocks(model: FeedbackModel, real: list[Block], told: Path | None) -> list[Block]:
    """Assemble what else is learned from; the last of the real blocks holds sentences."""
    weight = sum(len(part.texts) * part.weight for part in real)
    short = real[-1]
    picked = np.random.default_rng(SEED).permutation(len(short.texts))[:EXTENDED]
    more = extend([short.texts[row] for row in picked], short.labels[picked], SEED)
    parts = [Block(more["text"].tolist(), more[list(HEADS)].to_numpy(F), EXTENDED_WEIGHT)]
    if told is not None:
        parts.append(_varied(told, model, weight))
    made = generate(GENERATED, SEED, swapped=SWAPPED)
    speaks = np.stack([made["phenomenon"].str.contains(words) for words in SPEAKS], axis=1)
    labels = tell_few(generated_labels(made), speaks, TOLD, SEED)
    share = GENERATED_SHARE * weight / len(made)
    return [*parts, Block(made["text"].tolist(), labels, share, GENERATED_SHIFT, FOCUS)]


def _varied(told: Path, model: FeedbackModel, weight: float) -> Block:
    """Read the sentences near generated ones, with what the encoder says of them."""
    varied = pd.read_parquet(told / "varied.parquet")
    labels = logistic(uncalibrated(model, varied)).astype(F)
    speaks = np.stack([np.zeros(len(labels), bool), labels[:, 2] > 0.3], axis=1)
    labels = tell_few(labels, speaks, TOLD_VARIED, SEED + 1)
    return Block(varied["text"].tolist(), labels, VARIED_SHARE * weight / len(labels))


def refine_model(
    model: FeedbackModel, chosen: Chosen, inputs: Inputs, *, fold: bool
) -> FeedbackModel:
    """Fit a model further; its calibration stays.

    On the fold no encoder is heard: it has seen the domains that are left out.
    """
    told = None if fold else inputs.told
    real = real_blocks(model, real_texts(inputs.data, fold=fold), told)
    parts = [*real, *own_blocks(model, real, told)]
    lexicon, begun = build_lexicon(chosen.words), to_parameters(model.reader.network)
    fits = [
        refine(examples_of(some, lexicon), IMPORTANCE[SHIPPED], begun, settings)
        for some, settings in ((real, ON_REAL_TEXTS), (parts, ON_ALL))
    ]
    parameters = [
        (REAL_SHARE * alone + (1 - REAL_SHARE) * both).astype(F)
        for alone, both in zip(*fits, strict=True)
    ]
    network = to_network(parameters, list(range(len(HEADS))))
    return replace(model, reader=build_reader(chosen.words, network))
