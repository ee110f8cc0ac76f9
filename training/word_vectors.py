"""Learn the word vectors by which themes recognise that two complaints mean the same.

A stem's vector is what makes the weighted sum over the stems of a text point where a sentence
encoder puts the text (a ridge regression: the encoder, distilled into a table of words). The
encoder reads pieces of some twenty to sixty words; its 384 axes are reduced to the 64 that vary
most. Names are left out: a stem that is mostly written with a capital inside sentences.

The texts of the sets that benchmarks/themes.py judges are not read. Needs
``requirements-teacher.txt``; `--base` is a folder with ``config.json``, ``model.safetensors`` and
``vocab.txt`` of all-MiniLM-L6-v2 (Apache-2.0).

    python training/word_vectors.py --data DIR --base ENCODER
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
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

from detractor.theme_words import content_stems, stem
from detractor.word_space import SMOOTHING

JUDGED = ("mcdonalds_negative",)
PIECES = {"detractors": 26_000, "others": 8_000, "complaints": 14_000, "tweets": 4_000}
"""How many pieces of text the encoder reads: troubles are what themes are about."""
SHORTEST, LONGEST = 18, 60
"""Words of a piece: sentences are joined up to the first number, and cut at the second."""
BATCH = 64
DIMENSIONS = 64
PENALTY = 3.0
FEWEST_TEXTS = 10
NAME_SHARE = 0.7

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


def cut(text: str) -> list[str]:
    """Cut a text into pieces of whole sentences."""
    pieces: list[str] = []
    words: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        words += sentence.split()
        if len(words) >= SHORTEST:
            pieces.append(" ".join(words[:LONGEST]))
            words = []
    return [*pieces, " ".join(words)] if len(words) >= 5 else pieces


def choose_pieces(texts: pd.DataFrame) -> list[str]:
    """Choose the pieces that the encoder reads; sources weigh by the root of their size.

    Tweets that `benchmarks/themes.py` judges (those with a topic) are not among them.
    """
    chosen: list[str] = []
    random = np.random.default_rng(0)
    for kind, count in PIECES.items():
        frame = texts[(texts["kind"] == kind) & (texts["topic"].isna() | (kind != "tweets"))]
        some = corpus.balanced(frame, count, ["source"], 0)["text"]
        pieces = [piece for text in some for piece in cut(text)]
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
    """Find the stems that are mostly written with a capital inside sentences."""
    capital: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for text in tqdm(texts, desc="names", disable=None):
        for word in INSIDE.findall(text):
            key = stem(word.lower())
            every[key] += 1
            capital[key] += word[0].isupper()
    return {key for key, count in every.items() if capital[key] >= NAME_SHARE * count}


def vocabulary(documents: list[list[str]], left_out: set[str]) -> tuple[list[str], np.ndarray]:
    """Give the stems of enough texts, most common first, and the share of texts with each."""
    counts = Counter(word for document in documents for word in set(document))
    kept = [(n, w) for w, n in counts.items() if n >= FEWEST_TEXTS and w not in left_out]
    kept.sort(key=lambda pair: (-pair[0], pair[1]))
    return [word for _, word in kept], np.array([n for n, _ in kept]) / len(documents)


def weigh(pieces: list[str], words: list[str], share: np.ndarray) -> sp.csr_matrix:
    """Weigh the stems of each piece as `detractor.word_space` does, to length 1."""
    place = {word: i for i, word in enumerate(words)}
    counts = [Counter(w for w in content_stems(piece) if w in place) for piece in pieces]
    ends = np.cumsum([0, *map(len, counts)])
    columns = np.array([place[word] for count in counts for word in count])
    heard = 1 + np.log([n for count in counts for n in count.values()])
    weights = heard * SMOOTHING / (SMOOTHING + share[columns])
    return normalize(sp.csr_matrix((weights, columns, ends), shape=(len(pieces), len(words))))


def distil(weights: sp.csr_matrix, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the vectors whose weighted sums come nearest to the places, on their main axes."""
    centred = places - places.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    wanted = normalize(centred @ axes[:, ::-1][:, :DIMENSIONS])
    wanted[np.diff(weights.indptr) == 0] = 0
    known = (weights.T @ weights + PENALTY * sp.eye(weights.shape[1])).tocsr()
    ease = sp.diags(1 / known.diagonal())
    found = [
        cg(known, column, rtol=1e-4, maxiter=300, M=ease)[0] for column in (weights.T @ wanted).T
    ]
    return np.ascontiguousarray(np.array(found).T)  # safetensors writes bytes as they lie


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
    documents = [content_stems(text) for text in tqdm(texts["text"], desc="stems", disable=None)]
    words, share = vocabulary(documents, names(texts["text"]))
    pieces = choose_pieces(texts)
    rows = distil(weigh(pieces, words, share), embed(pieces, arguments.base))
    scale = np.maximum(np.abs(rows).max(axis=1), 1e-6) / 127
    tensors = {
        "vectors": np.round(rows / scale[:, None]).astype(np.int8),
        "scale": scale.astype(np.float32),
        "share": share.astype(np.float32),
        "words": np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
    }
    save_file(tensors, arguments.out, metadata={"pieces": str(len(pieces))})
    print(f"{len(words)} stems from {len(texts)} texts")


if __name__ == "__main__":
    main()
