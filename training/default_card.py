"""What the card of the default model says: sources with their licences, and what was measured."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from detractor.behaviour import behaviour
from detractor.card import Evidence
from detractor.evaluation import calibration, calibration_curve_by_labels, discrimination
from detractor.fairness import fairness
from detractor.model import FeedbackModel
from detractor.schema import HEADS

LICENCES = {  # of the sources that the folder's own README lists by file, not by row
    "goemotions": "Apache-2.0",
    "tweeteval_emotion": "as published with TweetEval; licence of the texts not seen",
    "smile_twitter": "CC BY",
    "cfpb": "published by the US government",
    "intent_banking77": "CC BY 4.0",
    "intent_nlupp": "CC BY 4.0",
    "intent_clinc150": "CC BY 3.0",
    "intent_hwu64": "CC BY 4.0",
    "dialog_multidogo": "CDLA-Permissive 1.0",
    "churn_intent_swisscom": "CC BY-SA 3.0",
    "telecom_tweets_uk": "no licence seen",
}
FAILURES = (
    "Labels of anger and intent to leave were made by language-model annotators, one reader "
    "each; texts were drawn towards complaints: the shares are not natural base rates.",
    "Sarcasm is read literally unless its words give it away.",
    "Texts that tag two companies: whose customer leaves is often misread.",
    "Intent to leave in tweets is ordered worse than in reviews and survey answers.",
    "On sources that it had not seen `churn_risk` came out a little high, see the calibration: "
    "calibrate it on some labels of your own before you add it up.",
    "What is said of unseen sources was measured on a model of the same recipe that left their "
    "domains out and heard no encoder, which has seen them; what ships heard it.",
)


def list_sources(data: Path, texts: pd.DataFrame) -> list[dict[str, Any]]:
    """List each source that was trained on, with its rows and its licence as seen."""
    page = data / "README.md"
    lines = page.read_text("utf-8").splitlines() if page.is_file() else []
    cells = [re.split(r"\s*\|\s*", line.strip("| ")) for line in lines if line.startswith("| ")]
    seen = {row[0]: row[4] for row in cells if len(row) >= 7}
    counts = texts.groupby("source").size()
    return [
        {
            "source": str(source),
            "rows": int(count),
            "licence": LICENCES.get(str(source)) or seen.get(str(source), "not seen"),
        }
        for source, count in counts.items()
    ]


def gather(frame: pd.DataFrame, told: NDArray[np.float64], model: FeedbackModel) -> Evidence:
    """Measure order and calibration on held-out texts, and behaviour and fairness of the model.

    Parameters
    ----------
    frame : DataFrame of n held-out texts
        With the true labels of the heads (NaN where unknown), `source`, `domain` and `calm`.
    told : ndarray, shape (n, 3)
        Probabilities of a fit that saw none of their domains.
    model : FeedbackModel
        The model that ships.
    """
    orders, reliabilities = {}, {}
    for head, name in enumerate(HEADS):
        known = frame[name].notna().to_numpy()
        truth, p = frame[name][known].to_numpy(dtype=float), told[known, head]
        for by in ("source", "domain"):
            title = f"{name}, by {by} kept away from the fit"
            orders[title] = discrimination(truth, p, by=frame[by][known].to_numpy())
        reliabilities[f"{name}, domains kept away from the fit"] = calibration(truth, p)
    calm = (frame["calm"].eq(True) & frame["churn_risk"].notna()).to_numpy()
    quiet = frame["churn_risk"][calm].to_numpy(dtype=float)
    orders["churn_risk among calm texts (the quiet leavers)"] = discrimination(quiet, told[calm, 2])
    leaving = frame["churn_risk"].notna().to_numpy()
    return Evidence(
        discrimination=orders,
        calibration=reliabilities,
        recalibration=calibration_curve_by_labels(
            frame["churn_risk"][leaving].to_numpy(dtype=float), told[leaving, 2]
        ),
        behaviour=behaviour(model),
        fairness=fairness(model),
        known_failures=FAILURES,
    )
