"""Other readers behind our protocol: how to put any model beside ours in a test.

Each has ``predict_proba(list of str) -> DataFrame`` with one or more of `detractor.schema.HEADS`;
those that learn also have ``fit(texts, labels)`` with NaN where a label is unknown.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from detractor.reader import SentimentReader
from detractor.schema import HEADS

if TYPE_CHECKING:
    from collections.abc import Sequence

KEYWORDS = {
    "detractor": "bad awful terrible horrible worst poor rude slow broken useless disappointed "
    "disappointing unacceptable waste refund never nobody problem issue late wrong dirty avoid",
    "anger": "angry furious livid disgusting disgrace disgraceful joke ridiculous scam scammers "
    "thieves liars lies shame pathetic idiots fuck fucking shit crap useless outrageous",
    "churn_risk": "cancel cancelled cancelling canceled leaving leave switch switched switching "
    "never again goodbye unsubscribe uninstall uninstalled deleted close closing elsewhere "
    "competitor moving",
}
"""The list a support team would write in an afternoon; written for this project."""


class Unfitted:
    """A reader that has nothing to learn."""

    def __init__(self, reader: SentimentReader, heads: Sequence[str] = HEADS[:1]) -> None:
        self.reader, self.heads = reader, tuple(heads)

    def fit(self, texts: list[str], labels: pd.DataFrame) -> Unfitted:
        """Learn nothing."""
        return self

    def predict_proba(self, texts: list[str]) -> pd.DataFrame:
        """Give the one score it has for each head asked of it."""
        values = self.reader.predict_proba(texts)[HEADS[0]]
        return pd.DataFrame(dict.fromkeys(self.heads, values))


def vader(heads: Sequence[str] = HEADS[:1]) -> Unfitted:
    """Wrap vaderSentiment: its compound score is a polarity."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    reader = SentimentReader(lambda text: analyzer.polarity_scores(text)["compound"])
    return Unfitted(reader, heads)


def textblob(heads: Sequence[str] = HEADS[:1]) -> Unfitted:
    """Wrap TextBlob's pattern analyser."""
    from textblob import TextBlob

    return Unfitted(SentimentReader(lambda text: float(TextBlob(text).sentiment.polarity)), heads)


class Keywords(Unfitted):
    """Count listed words: ``1 - 2**-hits``."""

    def __init__(self, heads: Sequence[str] = HEADS) -> None:
        self.heads = tuple(heads)
        self.patterns = {
            head: re.compile(rf"\b(?:{'|'.join(words.split())})\b", re.IGNORECASE)
            for head, words in KEYWORDS.items()
        }

    def predict_proba(self, texts: list[str]) -> pd.DataFrame:
        """Turn counts into numbers between 0 and 1."""
        return pd.DataFrame(
            {
                head: [1.0 - 0.5 ** len(self.patterns[head].findall(text)) for text in texts]
                for head in self.heads
            }
        )


class TfidfLogistic:
    """Words and word pairs, TF-IDF, logistic regression: one model a head."""

    def fit(self, texts: list[str], labels: pd.DataFrame) -> TfidfLogistic:
        """Fit each head on the rows whose label is known."""
        self.vectorizer = TfidfVectorizer(
            ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32, max_features=400_000
        )
        X = self.vectorizer.fit_transform(texts)
        self.models = {}
        for head in labels:
            known = labels[head].notna().to_numpy()
            model = LogisticRegression(C=4.0, max_iter=200, solver="liblinear", random_state=0)
            self.models[head] = model.fit(X[known], labels[head].to_numpy()[known].astype(int))
        return self

    def predict_proba(self, texts: list[str]) -> pd.DataFrame:
        """Give the probabilities of the heads it was fitted on."""
        X = self.vectorizer.transform(texts)
        return pd.DataFrame({head: m.predict_proba(X)[:, 1] for head, m in self.models.items()})


class DefaultModel:
    """The model that ships, or one from a file; it reads every text, whatever its status."""

    def __init__(self, path: Path | None = None) -> None:
        from detractor.artifact import load

        self.model = load(path)

    def predict_proba(self, texts: list[str]) -> pd.DataFrame:
        """Give the probabilities of the heads."""
        return self.model.predict_proba(texts)


def labelled(data: Path, *, per_source: int, seed: int = 0) -> pd.DataFrame:
    """Read the labelled texts: `text`, `source`, `domain`, `use`, HEADS, `calm`; English only.

    `detractor` comes from ratings; `anger` and `churn_risk` are true from level 2 of 0 to 3.
    At most `per_source` rated texts a source, drawn with a fixed seed; every annotated text.
    """
    return pd.concat(
        [rated(data, per_source=per_source, seed=seed), annotated(data)], ignore_index=True
    )


def rated(data: Path, *, per_source: int, seed: int = 0) -> pd.DataFrame:
    """Read reviews with their `detractor` label."""
    table = pd.read_parquet(
        data / "reviews.parquet",
        columns=["source", "domain", "text", "detractor", "language", "use"],
    )
    table = table[table["detractor"].notna() & table["language"].fillna("en").eq("en")]
    table = table[~table["source"].isin(["nps_retail_fr", "nps_creditcard_pt"])]
    table = table.sample(frac=1.0, random_state=seed).groupby("source").head(per_source)
    return table.assign(detractor=table["detractor"].astype(float)).drop(columns="language")


def annotated(data: Path) -> pd.DataFrame:
    """Read the texts annotated for anger and intent to leave."""
    table = pd.read_parquet(data / "annotated.parquet")
    return pd.DataFrame(
        {
            "source": table["source"],
            "domain": table["domain"],
            "text": table["text"],
            "use": table["use"],
            "anger": (table["anger"] >= 2).astype(float),
            "churn_risk": (table["churn"] >= 2).astype(float),
            "calm": table["anger"] <= 1,
        }
    )


def find_data(folder: Path) -> Path:
    """Stop with a clear word where the data are not to be had."""
    if not (folder / "annotated.parquet").exists():
        raise SystemExit(f"no labelled data in {folder}; give their folder with --data")
    return folder
