"""Learn the word vectors by which themes recognise that two complaints mean the same.

A word's vector is what makes the sum over the words of a text point where a sentence encoder puts
the text: the encoder, distilled into a table of words. The encoder reads sentences, and pieces of
some twenty to sixty words; its 384 axes are reduced to the 128 that vary most. All words are fitted
together, so that none takes on what a neighbour says; words that name no cause (opinions, persons,
chatter) and names (mostly written with a capital inside sentences) are left out of the table.

The texts of the sets that benchmarks/themes.py judges are not read. Needs
``requirements-teacher.txt``; `--base` is a folder with ``config.json``, ``model.safetensors`` and
``vocab.txt`` of all-MiniLM-L6-v2 (Apache-2.0).

    python training/word_vectors.py --data DIR --base ENCODER
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from itertools import chain
from pathlib import Path

import corpus
import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy.sparse.linalg import cg
from sklearn.preprocessing import normalize
from teacher import embed as read_states
from teacher import load_base
from tqdm import tqdm

from detractor.theme_words import surface_words, word_list

JUDGED = ("mcdonalds_negative",)
PIECES = {"detractors": 85_000, "others": 35_000, "complaints": 30_000, "tweets": 7_000}
"""How many pieces of text the encoder reads: troubles are what themes are about."""
PER_TEXT = 3
"""Pieces that are taken of a text, on average."""
SHORTEST, LONGEST = (4, 18), 60
"""Words of a piece: the sentences of every second text as they are, those of the others joined up
to the second number; and cut at the last."""
BATCH = 64
DIMENSIONS = 128
PENALTY = 0.5
ROUNDS = 4
FEWEST_TEXTS, FEWEST_PIECES = 10, 4
NAME_SHARE = 0.7
NO_CAUSE = ("opinion", "persons", "chatter", "other_languages")
"""Lists of words that say how, or who, not what is broken."""

INSIDE = re.compile(r"(?<=[a-z,] )([A-Za-z][a-z]+)\b")
"""A word inside a sentence: what stands before it is a small letter or a comma."""


def read_texts(data: Path) -> pd.DataFrame:
    """Read the English texts that may be trained on and are not judged later, with their kind."""
    reviews = pd.read_parquet(
        data / "reviews.parquet", columns=["source", "text", "language", "use", "detractor"]
    )
    english = reviews["language"].isna() | (reviews["language"] == "en")
    reviews = reviews[english & ~reviews["source"].isin(JUDGED)]
    told = reviews["detractor"].eq(True).map({True: "detractors", False: "others"})
    complaints = pd.read_parquet(data / "complaints.parquet", columns=["text", "topic", "use"])
    unlabelled = complaints[complaints["topic"].isna() | (complaints["topic"] == "nan")]
    tweets = pd.read_parquet(data / "tweets.parquet", columns=["source", "text", "use", "topic"])
    every = pd.concat(
        [
            reviews.assign(kind=told),
            unlabelled.assign(kind="complaints", source="complaints"),
            tweets.assign(kind="tweets"),
        ]
    )
    return every[(every["use"] == "train") & every["text"].notna()].reset_index(drop=True)


def cut(text: str, shortest: int) -> list[str]:
    """Cut a text into pieces of whole sentences."""
    pieces: list[str] = []
    words: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        words += sentence.split()
        if len(words) >= shortest:
            pieces.append(" ".join(words[:LONGEST]))
            words = []
    return [*pieces, " ".join(words)] if len(words) >= SHORTEST[0] else pieces


def choose_pieces(texts: pd.DataFrame) -> list[str]:
    """Choose the pieces that the encoder reads; sources weigh by the root of their size.

    Tweets that `benchmarks/themes.py` judges (those with a topic) are not among them.
    """
    chosen: list[str] = []
    random = np.random.default_rng(0)
    for kind, count in PIECES.items():
        frame = texts[(texts["kind"] == kind) & (texts["topic"].isna() | (kind != "tweets"))]
        some = corpus.balanced(frame, -(-count // PER_TEXT), ["source"], 0)["text"]
        every = [cut(text, SHORTEST[place % 2]) for place, text in enumerate(some)]
        pieces = list(dict.fromkeys(chain.from_iterable(every)))
        chosen += [pieces[place] for place in random.permutation(len(pieces))[:count]]
    return chosen


def embed(pieces: list[str], base: Path) -> NDArray[np.float64]:
    """Let the encoder read each piece: the mean of its states, of length 1."""
    model, reader = load_base(base)
    rows = [reader.encode(piece) for piece in pieces]
    order = np.argsort([len(row) for row in rows], kind="stable")
    states = read_states(model, [rows[row] for row in order], BATCH)
    return np.asarray(normalize(states[np.argsort(order)].astype(np.float64)))


def names(texts: pd.Series) -> set[str]:
    """Find the words that are mostly written with a capital inside sentences."""
    capital: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for text in tqdm(texts, desc="names", disable=None):
        for word in INSIDE.findall(text):
            every[word.lower()] += 1
            capital[word.lower()] += word[0].isupper()
    return {word for word, count in every.items() if capital[word] >= NAME_SHARE * count}


def count_words(pieces: list[str]) -> tuple[list[str], sp.csr_matrix]:
    """Count the words of each piece that stand in enough pieces."""
    said = [Counter(surface_words(piece)) for piece in pieces]
    shared = Counter(word for counts in said for word in counts)
    words = sorted(word for word, count in shared.items() if count >= FEWEST_PIECES)
    place = {word: i for i, word in enumerate(words)}
    said = [{w: n for w, n in counts.items() if w in place} for counts in said]
    ends = np.cumsum([0, *map(len, said)])
    columns = [place[word] for counts in said for word in counts]
    heard = np.array([n for counts in said for n in counts.values()], dtype=np.float64)
    return words, sp.csr_matrix((heard, columns, ends), shape=(len(pieces), len(words)))


def distil(counts: sp.csr_matrix, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the vectors whose sums point nearest to the places, on their main axes.

    A ridge regression to places of length 1, in rounds: after each, a piece is counted as so many
    words as give its sum the length 1, for only the direction matters.
    """
    centred = places - places.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    wanted = normalize(centred @ axes[:, ::-1][:, :DIMENSIONS])
    lengths = np.sqrt(np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1))
    found = np.zeros((counts.shape[1], DIMENSIONS))
    for _ in tqdm(range(ROUNDS), desc="rounds", disable=None):
        scaled = sp.diags(1 / lengths) @ counts
        known = (scaled.T @ scaled + PENALTY * sp.eye(counts.shape[1])).tocsr()
        ease = sp.diags(1 / known.diagonal())
        columns = zip((scaled.T @ wanted).T, found.T, strict=True)
        found = np.stack(
            [cg(known, to, x0=near, rtol=1e-4, maxiter=200, M=ease)[0] for to, near in columns],
            axis=1,
        )
        sums = counts @ found
        lengths = np.maximum(np.linalg.norm(sums, axis=1), 0.3)  # a piece of few known words
        nearness = (sums * wanted).sum(axis=1) / np.maximum(np.linalg.norm(sums, axis=1), 1e-9)
        print(f"cosine with the encoder {nearness.mean():.3f}")
    return np.ascontiguousarray(found)  # safetensors writes bytes as they lie


def main() -> None:
    """Write the vectors as 8-bit numbers with one scale a word."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument(
        "--out", type=Path, default=Path("src/detractor/data/word_vectors.safetensors")
    )
    arguments = parser.parse_args()
    for folder in (arguments.data, arguments.base):
        if not folder.exists():
            parser.exit(0, f"skipped: nothing at {folder}\n")
    texts = read_texts(arguments.data)
    pieces = choose_pieces(texts)
    words, counts = count_words(pieces)
    found = distil(counts, embed(pieces, arguments.base))
    spoken = [set(surface_words(text)) for text in tqdm(texts["text"], desc="words", disable=None)]
    texts_with = Counter(word for said in spoken for word in said)
    left_out = names(texts["text"]).union(*map(word_list, NO_CAUSE))
    kept = [(-texts_with[word], word) for word in words if word not in left_out]
    kept = sorted((n, word) for n, word in kept if -n >= FEWEST_TEXTS)
    place = {word: i for i, word in enumerate(words)}
    rows = found[[place[word] for _, word in kept]]
    scale = np.maximum(np.abs(rows).max(axis=1), 1e-6) / 127
    tensors = {
        "vectors": np.round(rows / scale[:, None]).astype(np.int8),
        "scale": scale.astype(np.float32),
        "share": np.array([-n / len(texts) for n, _ in kept], dtype=np.float32),
        "words": np.frombuffer("\n".join(word for _, word in kept).encode(), dtype=np.uint8),
    }
    save_file(tensors, arguments.out, metadata={"pieces": str(len(pieces))})
    print(f"{len(kept)} words from {len(pieces)} pieces of {len(texts)} texts")


if __name__ == "__main__":
    main()
