"""Learn the word vectors by which themes recognise that two complaints mean the same.

Stems that stand near the same stems get near vectors: positive pointwise mutual information
of stems up to five content words apart, reduced by a truncated SVD (Levy, Goldberg and Dagan 2015),
with the two directions that all words share taken out (Mu and Viswanath 2018). Only scikit-learn.
Names are left out: a stem that is mostly written with a capital inside sentences.

The texts of the sets that benchmarks/themes.py judges are not read.

    python training/word_vectors.py --data DIR --out src/detractor/data/word_vectors.safetensors
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from safetensors.numpy import save_file
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd
from tqdm import tqdm

from detractor.theme_words import content_stems, stem

JUDGED = ("mcdonalds_negative",)
WINDOW = 5
DIMENSIONS = 64
SHARED_DIRECTIONS = 2
FEWEST_TEXTS = 10
NAME_SHARE = 0.7

INSIDE = re.compile(r"(?<=[a-z,] )([A-Za-z][a-z]+)\b")
"""A word inside a sentence: what stands before it is a small letter or a comma."""


def read_texts(data: Path) -> pd.Series:
    """Read the English texts that may be trained on and are not judged later."""
    reviews = pd.read_parquet(
        data / "reviews.parquet", columns=["source", "text", "language", "use"]
    )
    english = reviews["language"].isna() | (reviews["language"] == "en")
    reviews = reviews[english & ~reviews["source"].isin(JUDGED)]
    complaints = pd.read_parquet(data / "complaints.parquet", columns=["text", "topic", "use"])
    unlabelled = complaints[complaints["topic"].isna() | (complaints["topic"] == "nan")]
    tweets = pd.read_parquet(data / "tweets.parquet", columns=["text", "use"])
    every = pd.concat([reviews, unlabelled, tweets])
    return every.loc[every["use"] == "train", "text"].dropna()


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


def cooccurrence(documents: list[list[str]], words: list[str]) -> sp.csr_matrix:
    """Count pairs of stems within the window, nearer pairs for more."""
    place = {word: i for i, word in enumerate(words)}
    gap = [-1] * WINDOW
    flat = np.array([place.get(w, -1) for d in documents for w in (*d, *gap)], dtype=np.int32)
    total = sp.csr_matrix((len(words), len(words)))
    for distance in range(1, WINDOW + 1):
        left, right = flat[:-distance], flat[distance:]
        both = (left >= 0) & (right >= 0) & (left != right)
        data = np.full(both.sum(), 1 / distance)
        pairs = sp.coo_matrix((data, (left[both], right[both])), shape=total.shape).tocsr()
        total = total + pairs + pairs.T
    return total


def vectors(pairs: sp.csr_matrix, share: np.ndarray) -> np.ndarray:
    """Reduce the positive pointwise mutual information, and take out what all words share."""
    pairs = pairs.tocoo()
    margin = np.asarray(pairs.sum(axis=1)).ravel()
    context = margin**0.75 / (margin**0.75).sum()
    information = np.log(pairs.data / (margin[pairs.row] * context[pairs.col]))
    positive = information > 0
    table = sp.coo_matrix(
        (information[positive], (pairs.row[positive], pairs.col[positive])), shape=pairs.shape
    ).tocsr()
    kept = DIMENSIONS + SHARED_DIRECTIONS
    left, size, _ = randomized_svd(table, kept, n_iter=4, random_state=0)
    rows = normalize(left * np.sqrt(size))
    rows -= np.average(rows, axis=0, weights=share)
    _, _, directions = np.linalg.svd(rows * np.sqrt(share)[:, None], full_matrices=False)
    rows -= rows @ directions[:SHARED_DIRECTIONS].T @ directions[:SHARED_DIRECTIONS]
    _, _, axes = np.linalg.svd(rows, full_matrices=False)
    return rows @ axes[:DIMENSIONS].T


def main() -> None:
    """Write the vectors as 8-bit numbers with one scale a word."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    texts = read_texts(arguments.data)
    documents = [content_stems(text) for text in tqdm(texts, desc="stems", disable=None)]
    words, share = vocabulary(documents, names(texts))
    rows = vectors(cooccurrence(documents, words), share)
    scale = np.abs(rows).max(axis=1) / 127
    tensors = {
        "vectors": np.round(rows / scale[:, None]).astype(np.int8),
        "scale": scale.astype(np.float32),
        "share": share.astype(np.float32),
        "words": np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
    }
    save_file(tensors, arguments.out, metadata={"texts": str(len(texts)), "window": str(WINDOW)})
    print(f"{len(words)} stems from {len(texts)} texts")


if __name__ == "__main__":
    main()
