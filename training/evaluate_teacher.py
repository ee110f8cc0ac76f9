"""Judge the fold's teacher on domains it has not seen, beside a plain baseline.

The baseline is TF-IDF over words and word pairs with logistic regression, fit
on the same side of the same fold.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

import corpus
import fit_teacher as ft
import numpy as np
import pandas as pd
import teacher as th
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score
from sklearn.pipeline import make_pipeline

log = logging.getLogger("evaluate_teacher")

SCORES = ("detractor", "anger_2", "churn_2")


def held_out(data: Path, per_source: int, seed: int) -> pd.DataFrame:
    """Annotated texts and rated reviews outside the fold's train side.

    Parameters
    ----------
    data : Path
        Folder of the parquet files.
    per_source : int
        The most rated reviews taken from one source.
    seed : int
        Seed of the draw.

    Returns
    -------
    DataFrame
        ``kind`` is ``annotated`` or ``review``; ``key`` identifies the text.
    """
    labelled = corpus.annotated(data)
    labelled = labelled.drop(ft.fold_side(labelled).index).assign(kind="annotated")
    rated = corpus.reviews(data)
    rated = rated.drop(ft.fold_side(rated).index)
    rated = rated[rated["detractor"].notna()].sample(frac=1, random_state=seed)
    rated = rated.groupby("source").head(per_source).assign(kind="review")
    frame = pd.concat([labelled, rated], ignore_index=True)
    frame["key"] = frame["text"].map(corpus.key)
    return frame


def baseline(data: Path, n_reviews: int, texts: pd.Series) -> pd.DataFrame:
    """Fit TF-IDF and logistic regression on the fold; score `texts`."""
    labelled = ft.fold_side(corpus.annotated(data))
    rated = ft.pretraining(data, n_reviews)
    rated = rated[rated["detractor"].notna()]
    out = pd.DataFrame(index=texts.index)
    jobs = {
        "detractor": (rated["text"], rated["detractor"]),
        "anger_2": (labelled["text"], labelled["anger"] >= 2),
        "churn_2": (labelled["text"], labelled["churn"] >= 2),
    }
    for name, (x, y) in jobs.items():
        model = make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            LogisticRegression(C=4.0, max_iter=400, class_weight="balanced"),
        )
        model.fit(x, y.astype(int))
        out[f"tfidf_{name}"] = model.predict_proba(texts)[:, 1]
    return out


def discrimination(truth: pd.Series, score: pd.Series, source: pd.Series) -> dict[str, float]:
    """AUC and average precision: pooled, and the mean over sources.

    Parameters
    ----------
    truth, score, source : Series
        0 or 1, the model's score, the source of the text.

    Returns
    -------
    dict
        Sources with fewer than ten of either class stay out of the mean.
    """
    y = truth.astype(int)
    rows = []
    for _, group in y.groupby(source):
        if min(group.sum(), len(group) - group.sum()) >= 10:
            s = score[group.index]
            rows.append((roc_auc_score(group, s), average_precision_score(group, s)))
    mean = np.mean(rows, axis=0) if rows else (np.nan, np.nan)
    return {
        "n": len(y),
        "positives": int(y.sum()),
        "auc": round(float(roc_auc_score(y, score)), 4),
        "ap": round(float(average_precision_score(y, score)), 4),
        "auc_by_source": round(float(mean[0]), 4),
        "ap_by_source": round(float(mean[1]), 4),
        "sources": len(rows),
    }


def table(frame: pd.DataFrame, prefix: str) -> dict[str, dict[str, float]]:
    """All figures of one model whose columns begin with `prefix`."""
    labelled = frame[frame["kind"].eq("annotated")]
    calm = labelled[labelled["anger"].eq(0)]
    rated = frame[frame["kind"].eq("review")]
    tweets = labelled[
        labelled["source"].isin(["telecom_tweets_uk", "twcs_tweets", "twitter_us_airline"])
    ]
    out = {}
    for name in ("anger", "churn"):
        score = f"{prefix}{name}_2"
        out[name] = discrimination(labelled[name] >= 2, labelled[score], labelled["source"])
        out[f"{name}_tweets"] = discrimination(tweets[name] >= 2, tweets[score], tweets["source"])
    score = f"{prefix}churn_2"
    out["churn_calm"] = discrimination(calm["churn"] >= 2, calm[score], calm["source"])
    score = f"{prefix}detractor"
    out["detractor"] = discrimination(rated["detractor"], rated[score], rated["source"])
    return out


def by_source(frame: pd.DataFrame, prefix: str) -> dict[str, dict[str, float]]:
    """AUC of `detractor` by source of rated reviews, anger and churn by annotated source."""
    out: dict[str, dict[str, float]] = {}
    for name, kind in (("detractor", "review"), ("anger_2", "annotated"), ("churn_2", "annotated")):
        rows = frame[frame["kind"].eq(kind)]
        truth = rows["detractor"] if kind == "review" else rows[name[:-2]] >= 2
        for source, group in truth.astype(int).groupby(rows["source"]):
            if min(group.sum(), len(group) - group.sum()) >= 8:
                auc = roc_auc_score(group, rows.loc[group.index, prefix + name])
                out.setdefault(name, {})[str(source)] = round(float(auc), 4)
    return out


def public_tests(data: Path, score_all: object) -> dict[str, dict[str, float]]:
    """Anger against the rest on the test splits of TweetEval and GoEmotions."""
    frame = pd.read_parquet(data / "emotions.parquet")
    frame = frame[frame["anger"].notna()]
    out: dict[str, dict[str, float]] = {}
    for source in ("tweeteval_emotion", "goemotions"):
        rows = frame[frame["source"].eq(source) & frame["split"].isin(["dev", "test"])]
        scores = score_all(rows["text"])  # type: ignore[operator]
        dev, test = rows["split"].eq("dev").to_numpy(), rows["split"].eq("test").to_numpy()
        y = rows["anger"].to_numpy() == 1
        for name in ("anger_1", "anger_2", "emotion_anger"):
            s = scores[name].to_numpy()
            cuts = np.quantile(s[dev], np.linspace(0.02, 0.98, 97))
            cut = max(cuts, key=lambda c: f1_score(y[dev], s[dev] >= c))
            out[f"{source}:{name}"] = {
                "auc": round(float(roc_auc_score(y[test], s[test])), 4),
                "ap": round(float(average_precision_score(y[test], s[test])), 4),
                "f1": round(float(f1_score(y[test], s[test] >= cut)), 4),
            }
    return out


def main() -> None:
    """Score the held-out side and write figures and predictions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for figures and predictions"
    )
    parser.add_argument("--per-source", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=30_000, help="reviews the baseline is fit on")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    th.join_workers()
    model, pieces = th.load(args.base, args.weights)

    def score_all(texts: pd.Series) -> pd.DataFrame:
        return th.probabilities(th.predict(model, th.encode(texts, pieces, 128)))

    frame = held_out(args.data, args.per_source, ft.SEED)
    frame = pd.concat([frame, score_all(frame["text"]).add_prefix("p_")], axis=1)
    frame["p_attitude_negative"] = -frame["p_attitude"]
    keep = [
        "id",
        "key",
        "kind",
        "source",
        "domain",
        "use",
        "text",
        "anger",
        "churn",
        "attitude",
        "flags",
    ]
    named = [*keep, "detractor", *[c for c in frame if c.startswith("p_")]]

    def write() -> None:
        columns = named + [c for c in frame if c.startswith("tfidf_")]
        part = args.out / "fold_heldout.part"
        frame[columns].to_parquet(part)
        part.replace(args.out / "fold_heldout.parquet")

    public = public_tests(args.data, score_all)
    if not th.is_first():
        return
    write()
    figures: dict[str, object] = {"teacher": table(frame, "p_"), "public": public}
    figures["teacher_by_source"] = by_source(frame, "p_")
    rated = frame[frame["kind"].eq("review")]
    both = rated["p_logit_detractor"].rank() + rated["p_attitude_negative"].rank()
    for name, score in (("attitude", rated["p_attitude_negative"]), ("rating_and_attitude", both)):
        figures[f"detractor_by_{name}"] = discrimination(rated["detractor"], score, rated["source"])
    log.info("%s", json.dumps(figures, indent=1))
    frame = pd.concat([frame, baseline(args.data, args.rows, frame["text"])], axis=1)
    figures["tfidf"] = table(frame, "tfidf_")
    figures["tfidf_by_source"] = by_source(frame, "tfidf_")
    write()
    text = json.dumps(figures, indent=1)
    (args.out / "fold_metrics.json").write_text(text)
    log.info("%s", text)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    main()
