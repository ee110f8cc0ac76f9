"""Fit the learned reader of draft replies on sentences written for it, and write its card.

    python training/fit_replies.py [--out models/replies.safetensors]

``replies.txt`` holds sentences of service agents, all written for this library. A line that begins
with ``#`` names the voice of the sentences below it. Before each sentence stand the letters of what
it does: C apologises with an if, D defends, A argues, B blames, E evades, G gives a present,
H promises too much, K acknowledges, F has put something right, P promises it with a time, Q asks
what is needed to go on, I tells a step to take or answers what was asked, N nothing of these.

A ridge regression for each act, over words, pairs of words, the marks of the rules, and what the
words mean (`detractor.meanings`: as a kernel, (1 + cosine)^2 / 4 between two sentences). The bar is
the one with the highest F1, were each act as common as in drafts, in cross-validation by voice:
every sentence is judged by a fit that saw none of its voice (of long lists, none of its 25
neighbours).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from fit_signals import COLUMNS, best_bar, describe, make_features, quantize
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.linalg import solve as solve_positive
from scipy.sparse import csr_array, hstack
from sklearn.model_selection import GroupKFold

from detractor.meanings import DIMENSIONS, STEPS, lay_out, locate
from detractor.phrases import read_rules
from detractor.reply_acts import ACTS
from detractor.signal_model import SignalModel, write_signal_model

LETTERS = {
    "conditional_apology": "C",
    "defensive": "D",
    "arguing": "A",
    "blaming": "B",
    "evading": "E",
    "placating": "G",
    "above_authority": "H",
    "hostile": "DABE",
    "acknowledging": "K",
    "fixing": "FP",
    "moving": "FPQI",
}
"""Each act and the letters that show it."""

PENALTY = 0.5
OF_RULES = 0.3  # how large a mark of a rule is beside the words of a sentence of length one
EMPTY = 200
"""Empty texts that do nothing are learned from too, so that what shows an act are words."""
SHARES = {"hostile": 0.12, "acknowledging": 0.2, "fixing": 0.2, "moving": 0.3}
SHARE = 0.03
"""How many sentences of a draft do this, the second for every other act: an assumption. Nearly half
of the sentences of the training file are hostile, so that a bar chosen among them is too low."""
FOLDS = 4
NEIGHBOURS = 25
FEW_ACTS = 8
AT_ONCE = 1_000
LARGEST = 20_000  # rows of a matrix; OpenBLAS 0.3 crashed on those of more than 23,170
MEANING_WEIGHTS = np.concatenate(
    [
        np.full(DIMENSIONS, 0.5**0.5),
        0.5 * np.where(np.equal(*np.triu_indices(DIMENSIONS)), 1, 2**0.5),
    ]
)
"""So that the products of the features of two texts sum to (1 + cosine)^2 / 4, less 1/4."""

CARD = """\
# Model card: replies

What a sentence of a draft reply does: a sum over hashed words and pairs of words, over what the
words mean (vectors of all-MiniLM-L6-v2, Apache-2.0), and over the rules of `replies.toml` that it
meets. Behind `check_reply`. {size:,.0f} KB, no text in it. Made by `python training/fit_replies.py`
from {count:,} sentences in {voices} voices, all written for it; no customer, agent or data set has
a line in it. English. Not for decisions about a person
without a person.

By sentence, precision / recall / F1, rules alone and as shipped, each sentence judged by a fit that
saw nothing of its voice (of long lists, none of its {neighbours} neighbours). The bars were chosen
on the same sums:

| act | sentences | rules | with this file |
|---|---|---|---|
{rows}

On whole drafts that nothing was written on: see the limits of `check_reply` in the documentation.
"""


class Sentences(NamedTuple):
    """The training file: texts, the letters of each, and the voice or part of a voice it is in."""

    texts: list[str]
    letters: list[str]
    groups: NDArray[np.str_]


def read_sentences(path: Path) -> Sentences:
    """Read the training file, and cut voices of many sentences into blocks of neighbours."""
    voices: dict[str, list[tuple[str, str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        first, rest = line.split(" ", 1)
        if first == "#":
            rows = voices.setdefault(rest, [])
        else:
            rows.append((first, rest))
    letters = [acts for rows in voices.values() for acts, _ in rows]
    texts = [text for rows in voices.values() for _, text in rows]
    groups = [
        f"{voice} {place // NEIGHBOURS if len({acts for acts, _ in rows}) < FEW_ACTS else 0}"
        for voice, rows in voices.items()
        for place in range(len(rows))
    ]
    return Sentences(texts, letters, np.array(groups))


def lay_out_meanings(texts: list[str]) -> NDArray[np.float64]:
    """Lay out what the words of each text mean."""
    return lay_out(locate(texts)) / STEPS**2 * MEANING_WEIGHTS


class Features(NamedTuple):
    """What a sum can weigh of each sentence; the last column of `words` is 1."""

    words: csr_array  # with the marks of the rules
    meanings: NDArray[np.float64]

    def products(self, rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.float64]:
        """Multiply sentences with sentences."""
        products: NDArray[np.float64] = self.meanings[rows] @ self.meanings[columns].T
        words = self.words[columns].T.tocsr()
        for first in range(0, len(rows), AT_ONCE):  # all words share a column: nothing is sparse
            part = slice(first, first + AT_ONCE)
            products[part] += (self.words[rows[part]] @ words).toarray()
        return products


def solve(products: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fit all acts at once, in the dual: there are fewer sentences than columns."""
    products[np.diag_indices_from(products)] += PENALTY
    wanted = 2.0 * truth - 1
    if len(products) <= LARGEST:
        return np.asarray(solve_positive(products, wanted, assume_a="pos", overwrite_a=True))
    one, two = slice(LARGEST), slice(LARGEST, None)
    factor, across = cho_factor(products[one, one]), products[one, two]
    spread, own = cho_solve(factor, across), cho_solve(factor, wanted[one])
    left = products[two, two] - across.T @ spread
    rest = solve_positive(left, wanted[two] - across.T @ own, assume_a="pos")
    return np.concatenate([own - spread @ rest, rest])


def cross_validate(
    features: Features, truth: NDArray[np.bool_], groups: NDArray[np.str_]
) -> NDArray[np.float64]:
    """Give each sentence the sums of a fit that saw nothing of its voice; not the empty ones."""
    sums = np.zeros((len(groups), truth.shape[1]))
    empty = np.arange(len(groups), len(truth))
    for seen, test in GroupKFold(FOLDS).split(sums, groups=groups):
        train = np.append(seen, empty)
        parts = solve(features.products(train, train), truth[train])
        sums[test] = features.products(test, train) @ parts
    return sums


def learn(sentences: Sentences) -> SignalModel:
    """Fit all acts, and measure them."""
    written, book = read_rules("replies")
    kinds = [str(rule["kind"]) for rule in written]
    texts = [*sentences.texts, *[""] * EMPTY]
    letters = [*sentences.letters, *["N"] * EMPTY]
    marks = book.mark(texts)
    words = hstack([make_features(texts, marks, OF_RULES), np.ones((len(marks), 1))])
    features = Features(csr_array(words), lay_out_meanings(texts))
    truth = np.array([[bool({*own} & {*LETTERS[act]}) for act in ACTS] for own in letters])
    sums = cross_validate(features, truth, sentences.groups)
    every = np.arange(len(truth))
    parts = solve(features.products(every, every), truth)
    marks, truth = marks[: len(sums)], truth[: len(sums)]
    bars = np.array(
        [
            best_bar(truth[:, place], sums[:, place], SHARES.get(act, SHARE))
            for place, act in enumerate(ACTS)
        ]
    )
    weights = features.words.T @ parts
    words, word_scales = quantize(weights[:COLUMNS], 127, np.int8)
    meanings, meaning_scales = quantize(
        (features.meanings.T @ parts) * MEANING_WEIGHTS[:, None], 32_767, np.int16
    )
    rules, rule_scales = quantize(weights[COLUMNS:-1] * OF_RULES, 32_767, np.int16)
    measured = [
        {"act": act, "positives": int(truth[:, place].sum())}
        | {
            "rules": describe(
                truth[:, place], marks[:, [kind == act for kind in kinds]].any(axis=1)
            )
        }
        | {"shipped": describe(truth[:, place], sums[:, place] >= bars[place])}
        for place, act in enumerate(ACTS)
    ]
    return SignalModel(
        signals=ACTS,
        rule_names=tuple(kinds),
        words=words,
        meanings=meanings,
        rules=rules,
        word_scales=word_scales,
        meaning_scales=meaning_scales,
        rule_scales=rule_scales,
        intercepts=np.minimum(weights[-1] - bars, -1e-6),  # a text without words does nothing
        header={"measured": measured, "rows": len(sentences.texts)},
    )


def card_rows(measured: list[dict[str, Any]]) -> Iterator[str]:
    """Write the table of the card."""
    for row in measured:
        figures = [
            " / ".join(f"{row[side][key]:.2f}" for key in ("precision", "recall", "f1"))
            if row[side]["recall"]
            else "-"
            for side in ("rules", "shipped")
        ]
        yield f"| {' | '.join([row['act'], str(row['positives']), *figures])} |"


def main() -> None:
    """Fit, write the file and its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("models/replies.safetensors"))
    arguments = parser.parse_args()
    sentences = read_sentences(Path(__file__).with_name("replies.txt"))
    model = learn(sentences)
    content = write_signal_model(model)
    arguments.out.write_bytes(content)
    arguments.out.with_suffix(".md").write_text(
        CARD.format(
            size=len(content) / 1000,
            count=len(sentences.texts),
            voices=len(set(sentences.groups)),
            neighbours=NEIGHBOURS,
            rows="\n".join(card_rows(model.header["measured"])),
        ),
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
