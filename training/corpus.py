"""Assemble training and evaluation tables from the labelled collections.

Every function takes the folder that holds the parquet files and returns a
frame with ``text``, ``source``, ``domain``, ``use`` and the label columns that
``teacher.targets`` knows.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd

SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'])|\n+")
STRUCTURE = re.compile(
    r"\b(?:not|no|never|n't|\w+n't|nothing|nobody|none|neither|nor|without|hardly|barely|but"
    r"|although|though|however|despite|used to|previous\w*|former\w*|once|anymore|longer|now"
    r"|expect\w*|hop(?:ed|ing)|thought|supposed|promis\w*|instead|rather|far from|anything but"
    r"|yet|still|again|lack\w*|fail\w*|less|unless|wasnt|didnt|dont|cant|if)\b|\?",
    re.IGNORECASE,
)
"""What makes a sentence harder to read than its words: all such sentences are taken."""
PLAIN_SHARE = 0.25  # of the sentences without it
SENTENCE_WORDS = range(3, 25)
TRAIN_DOMAINS = ("airline", "app", "hospitality", "insurance", "retail")
COLUMNS = ["text", "source", "domain", "use"]


def key(text: str) -> str:
    """Return a short stable key of a text."""
    return hashlib.sha1(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def reviews(data: Path) -> pd.DataFrame:
    """Load English reviews with ``detractor`` as 0, 1 or NaN."""
    frame = pd.read_parquet(data / "reviews.parquet")
    frame = frame[~frame["source"].isin(["nps_creditcard_pt", "nps_retail_fr"])].copy()
    value = frame["detractor"].map({True: 1.0, False: 0.0})
    frame["detractor"] = value.astype("float32")
    low, high = frame["rating_min"].fillna(1), frame["rating_max"]
    frame["rating_share"] = (frame["rating"] - low) / (high - low)
    frame = frame[frame["text"].str.len() >= 4]
    columns = ["source", "domain", "text", "detractor", "rating_share", "use"]
    return frame[columns].reset_index(drop=True)


def annotated(data: Path) -> pd.DataFrame:
    """Load the annotated texts, with ``detractor`` from the review they are."""
    frame = pd.read_parquet(data / "annotated.parquet")
    known = reviews(data).drop_duplicates(["source", "text"])
    known = known.set_index(["source", "text"])["detractor"]
    return frame.join(known, on=["source", "text"])


def train_side(frame: pd.DataFrame, *, fold: bool) -> pd.DataFrame:
    """Keep what may be trained on, and on the fold only the domains that it does not leave out."""
    kept = frame["use"].eq("train")
    return frame[kept & frame["domain"].isin(TRAIN_DOMAINS)] if fold else frame[kept]


def at_most(frame: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """Draw at most `n` rows of each source."""
    return frame.groupby("source", group_keys=False)[frame.columns.tolist()].apply(
        lambda part: part.sample(min(len(part), n), random_state=seed)
    )


def sentences(frame: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """Cut texts into short sentences, and take about `n` of them from many sources.

    A question stays with the sentence after it, which may be its answer.

    Parameters
    ----------
    frame : DataFrame
        ``text``, ``source``, ``domain`` and ``use``.
    n : int
        How many to keep, at most; at most a twelfth of it from a source.
    seed : int
        Seed of the draw.

    Returns
    -------
    DataFrame
        The same columns, a row a sentence.
    """
    rng = np.random.default_rng(seed)
    rows, taken = [], dict.fromkeys(frame["source"], 0)
    for text, *origin in frame.sample(frac=1, random_state=seed)[COLUMNS].to_numpy():
        if taken[origin[0]] <= n // 12:
            found = [part for part in _short(text) if _telling(part, rng)]
            taken[origin[0]] += len(found)
            rows += [[part, *origin] for part in found]
    made = pd.DataFrame(rows, columns=COLUMNS).drop_duplicates("text")
    return balanced(made, n, ["source"], seed)


def _short(text: str) -> list[str]:
    parts = [part.strip() for part in SENTENCE_END.split(text)]
    for place, (part, following) in enumerate(itertools.pairwise(parts)):
        both = f"{part} {following}"
        if part.endswith("?") and len(both.split()) in SENTENCE_WORDS:
            parts[place] = both
    return [part for part in parts if len(part.split()) in SENTENCE_WORDS]


def _telling(part: str, rng: np.random.Generator) -> bool:
    return bool(STRUCTURE.search(part)) or rng.random() < PLAIN_SHARE


def emotions(data: Path, n: int, seed: int) -> pd.DataFrame:
    """Sample anger labels from the training splits of the emotion sets only."""
    frame = pd.read_parquet(data / "emotions.parquet")
    frame = frame[frame["split"].eq("train") & frame["anger"].notna()]
    angry = frame[frame["anger"].eq(1)]
    calm = frame[frame["anger"].eq(0)]
    half = min(n // 2, len(angry))
    frame = pd.concat(
        [angry.sample(half, random_state=seed), calm.sample(n - half, random_state=seed)]
    )
    out = frame[["source", "text"]].assign(domain="social", use="train")
    return out.assign(emotion_anger=frame["anger"].astype("float32"))


def balanced(
    frame: pd.DataFrame, n: int, by: list[str], seed: int, power: float = 0.5
) -> pd.DataFrame:
    """Sample about `n` rows, groups weighted by size to the given power.

    Parameters
    ----------
    frame : DataFrame
        The rows to choose from.
    n : int
        How many to keep, at most.
    by : list of str
        The columns that make a group.
    seed : int
        Seed of the draw.
    power : float, default=0.5
        1 keeps natural shares, 0 takes the same number from each group.

    Returns
    -------
    DataFrame
        The sampled rows, shuffled.
    """
    sizes = frame.groupby(by, dropna=False)[by[0]].transform("size").to_numpy("float64")
    return weighted(frame, n, sizes ** (power - 1), seed)


def weighted(frame: pd.DataFrame, n: int, weight: np.ndarray, seed: int) -> pd.DataFrame:
    """Draw at most `n` rows without replacement, likelier where `weight` is higher."""
    rng = np.random.default_rng(seed)
    score = rng.exponential(size=len(frame)) / weight
    picked = np.argsort(score)[: min(n, len(frame))]
    return frame.iloc[rng.permutation(picked)].reset_index(drop=True)


def other_texts(data: Path, n: int, seed: int) -> list[pd.DataFrame]:
    """Sample texts beside the reviews that may be trained on, for labelling.

    Parameters
    ----------
    data : Path
        Folder of the parquet files.
    n : int
        About how many texts in all.
    seed : int
        Seed of the draw.

    Returns
    -------
    list of DataFrame
        Tweets, complaints, intents and emotion texts; no test splits.
    """
    tweets = pd.read_parquet(data / "tweets.parquet")
    tweets = tweets[tweets["use"].eq("train")].assign(domain="telecom")
    complaints = pd.read_parquet(data / "complaints.parquet").assign(domain="bank")
    complaints = complaints[complaints["text"].str.len() < 900]
    intents = pd.read_parquet(data / "intents.parquet").assign(domain="intents")
    intents = intents[intents["language"].eq("en") & ~intents["split"].eq("test")]
    social = pd.read_parquet(data / "emotions.parquet").assign(domain="social")
    social = social[social["split"].eq("train")]
    shares = [(tweets, 0.45), (complaints, 0.07), (intents, 0.3), (social, 0.18)]
    found = []
    for frame, share in shares:
        frame = frame[frame["use"].eq("train")]
        picked = frame.sample(min(int(n * share), len(frame)), random_state=seed)
        found.append(picked[["text", "source", "domain", "use"]])
    return found
