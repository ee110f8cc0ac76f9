"""A company that does not exist, whose customers' true probabilities are known.

Real texts, with labels of anger and intent to leave that no scorer saw, make customers unhappy.
Leaving and recovery follow curves that differ in form and in numbers from what `Policy` assumes:

===========  ==================================  =============================================
             `Policy` assumes                    this world does
===========  ==================================  =============================================
leaving      log odds: own forecast + texts      hazards that add up: 1 - exp(-(base + texts))
texts        the worst one counts, faded         all count; each weighs a random amount
fading       exponential half-lives              power law for anger; intent ripens, then fades
severity     lowers recoverability a little      a decided customer is half as likely kept
recovery     0.30 by prior, faded with the text  0.45 at best, Weibull window, tenure saturates
quiet ones   not contacted if no text complains  contact raises leaving by a few points
value        taken as known                      the company's figure is off by a third
===========  ==================================  =============================================

Customer values are yearly revenues of a public retail data set. Nothing here was fitted to the
policy, nor the policy to it; but both hold that only who never voiced trouble is a sleeping dog.
Needs the data folder (`--data`), which is not part of the repository.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from detractor.schema import HEADS, STATUS

AS_OF = pd.Timestamp("2026-06-30 23:59:59", tz="UTC")
DAYS = 365


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The curves of the world; each number is made up, none is known to the policy.

    Attributes
    ----------
    base_hazard, base_spread : float
        Median and log spread of the yearly hazard of leaving for reasons no text tells.
    intent_hazard : tuple of float
        Hazard added by a text whose intent label is 0, 1, 2, 3.
    anger_hazard : tuple of float
        The same for anger.
    rating_hazard : float
        Added by the worst rating, in proportion below.
    text_shape : float
        Shape of the gamma draw (mean 1) that multiplies each text's hazard: the smaller, the less
        a text tells.
    forecast_error : float
        Spread of the company's own forecast around the truth, in log odds.
    value_error : float
        Log spread of the company's figure for the value.
    best_recovery : float
        Share of would-be leavers kept under the best conditions.
    window_days, window_shape : float
        Weibull survival of the chance of recovery since the last complaint.
    provoked : float
        Chance that contact makes a contented customer leave.
    contact_cost : float
        What a contact costs.
    """

    base_hazard: float = 0.06
    base_spread: float = 0.5
    intent_hazard: tuple[float, ...] = (0.0, 0.12, 0.5, 0.95)
    anger_hazard: tuple[float, ...] = (0.0, 0.05, 0.2, 0.35)
    rating_hazard: float = 0.12
    text_shape: float = 6.0
    forecast_error: float = 0.8
    value_error: float = 0.3
    best_recovery: float = 0.45
    window_days: float = 70.0
    window_shape: float = 0.8
    provoked: float = 0.03
    contact_cost: float = 10.0


@dataclass(frozen=True)
class World:
    """Customers with what is true of them, and the feedback that a company would have.

    Attributes
    ----------
    customers : DataFrame
        By `customer_id`: `true_value`, `p_leaves` without and `p_leaves_contacted` with contact,
        `saving` (what contact saves by expectation, cost taken off; negative for sleeping dogs),
        `tenure_years`, `purchases`, `segment`.
    feedback : DataFrame
        A row a text: what `rank` reads, `vader`, and the labels `anger_label`, `intent_label`.
    contacts : DataFrame
        Earlier contacts: `customer_id`, `contacted_at`.
    as_of : Timestamp
        The night.
    truth : Truth
        The curves.
    """

    customers: pd.DataFrame
    feedback: pd.DataFrame
    contacts: pd.DataFrame
    as_of: pd.Timestamp
    truth: Truth


def load_pool(data: Path, scores: Path) -> pd.DataFrame:
    """Read labelled texts with a rating, and what a reader says who saw none of their domains.

    `scores` is the file that `unseen_scores.py` writes: today's recipe, left without the very
    domains that the texts come from. VADER reads the same texts for the rivals.
    """
    pool = pd.read_parquet(data / "annotated.parquet")
    told = pd.read_parquet(scores).drop(columns=["text", "source"])
    pool = pool[pool["rating_share"].notna()].merge(told, on="id")
    return pool.assign(vader=_vader(pool["text"]))


def load_values(data: Path) -> np.ndarray:
    """Read what real customers brought in a year: heavy-tailed, returns taken off."""
    invoices = pd.read_parquet(data / "clv_online_retail2_invoices.parquet")
    years = (invoices["date"].max() - invoices["date"].min()).days / 365.25
    yearly = invoices.groupby("customer_id")["revenue"].sum() / years
    return yearly[yearly > 0].to_numpy()


def make_world(
    seed: int,
    *,
    pool: pd.DataFrame,
    values: np.ndarray,
    customers: int = 20_000,
    truth: Truth | None = None,
) -> World:
    """Draw a world; the same seed gives the same world."""
    truth = truth or Truth()
    dice = np.random.default_rng(seed)
    people = _people(dice, customers, values)
    texts = _texts(dice, people, pool)
    contacts = _past_contacts(dice, texts)
    _decide_leaving(dice, people, texts, truth)
    _decide_recovery(people, texts, contacts, truth)
    feedback = _feedback(dice, people, texts, truth)
    hidden = ["mood", "base"]
    past = contacts[["customer_id", "contacted_at"]]
    return World(people.drop(columns=hidden), feedback, past, AS_OF, truth)


def draw_stays(world: World, contacted: np.ndarray, seed: int) -> np.ndarray:
    """Throw the dice: who stays, given who is contacted."""
    p = np.where(contacted, world.customers["p_leaves_contacted"], world.customers["p_leaves"])
    return np.random.default_rng(seed).random(len(p)) >= p


def _people(dice: np.random.Generator, count: int, values: np.ndarray) -> pd.DataFrame:
    value = dice.choice(values, count) * dice.lognormal(0, 0.1, count)
    tenure = dice.gamma(1.5, 2.0, count)
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:06d}" for i in range(count)],
            "true_value": value,
            "tenure_years": tenure.round(1),
            "purchases": dice.poisson(1 + 4 * tenure),
            "segment": dice.choice(["north", "south", "online"], count, p=[0.3, 0.3, 0.4]),
            # content, grumbling, troubled, quietly leaving
            "mood": dice.choice(4, count, p=[0.6, 0.2, 0.15, 0.05]),
        }
    )


def _texts(dice: np.random.Generator, people: pd.DataFrame, pool: pd.DataFrame) -> pd.DataFrame:
    """Give each customer one to six texts of the last year, as their mood has it."""
    number = np.minimum(1 + dice.geometric(0.6, len(people)) - 1, 6)
    owner = np.repeat(np.arange(len(people)), number)
    unhappy = pool["churn"] / 3 + pool["anger"] / 3 + (1 - pool["rating_share"])
    kind = np.select([unhappy >= 1.4, unhappy >= 0.7], [2, 1], default=0)
    leaving = (pool["churn"] >= 2) & (pool["anger"] <= 1)
    kinds = [np.flatnonzero(kind == k) for k in range(3)] + [np.flatnonzero(leaving)]
    shares = np.array(
        [
            [0.90, 0.09, 0.01, 0.00],
            [0.45, 0.45, 0.10, 0.00],
            [0.10, 0.40, 0.50, 0.00],
            [0.30, 0.30, 0.00, 0.40],
        ]
    )
    drawn = (dice.random(len(owner))[:, None] > shares[people["mood"]][owner].cumsum(axis=1)).sum(1)
    row = np.empty(len(owner), dtype=int)
    for k, members in enumerate(kinds):
        row[drawn == k] = dice.choice(members, int((drawn == k).sum()))
    texts = pool.iloc[row].reset_index(drop=True)
    texts["owner"] = owner
    texts["age"] = dice.uniform(0, DAYS, len(owner))
    return texts


def _past_contacts(dice: np.random.Generator, texts: pd.DataFrame) -> pd.DataFrame:
    """Answer some complaints older than three weeks, a day to a week later."""
    bad = (texts["rating_share"] <= 0.4) & (texts["age"] > 21)
    answered = texts[bad & (dice.random(len(texts)) < 0.15)]
    delay = dice.uniform(1, 7, len(answered))
    when = AS_OF - pd.to_timedelta((answered["age"] - delay).to_numpy(), unit="D").round("s")
    return pd.DataFrame(
        {
            "customer_id": [f"c{i:06d}" for i in answered["owner"]],
            "contacted_at": when,
            "owner": answered["owner"].to_numpy(),
            "age": answered["age"].to_numpy() - delay,
        }
    )


def _decide_leaving(
    dice: np.random.Generator, people: pd.DataFrame, texts: pd.DataFrame, truth: Truth
) -> None:
    base = truth.base_hazard * dice.lognormal(0, truth.base_spread, len(people))
    loyal = 1 / (1 + 0.1 * people["tenure_years"].to_numpy())
    age = texts["age"].to_numpy()
    anger_left = (1 + age / 30) ** -0.8
    intent_left = (0.6 + 0.4 * np.minimum(age / 14, 1)) * (
        1 + np.maximum(age - 14, 0) / 120
    ) ** -1.2
    hazard = np.array(truth.intent_hazard)[texts["churn"]] * intent_left
    hazard += np.array(truth.anger_hazard)[texts["anger"]] * anger_left
    hazard += truth.rating_hazard * (1 - texts["rating_share"].to_numpy()) * anger_left
    hazard *= dice.gamma(truth.text_shape, 1 / truth.text_shape, len(texts))
    told = np.bincount(texts["owner"], weights=hazard, minlength=len(people))
    people["base"] = base * loyal
    people["p_leaves"] = 1 - np.exp(-(people["base"] + told))


def _decide_recovery(
    people: pd.DataFrame, texts: pd.DataFrame, contacts: pd.DataFrame, truth: Truth
) -> None:
    count = len(people)
    unhappy = (texts["rating_share"] <= 0.6) | (texts["churn"] >= 1) | (texts["anger"] >= 2)
    since = np.full(count, np.inf)
    np.minimum.at(since, texts.loc[unhappy, "owner"], texts.loc[unhappy, "age"])
    window = np.exp(-((since / truth.window_days) ** truth.window_shape))
    decided = np.zeros(count, dtype=bool)
    decided[texts.loc[texts["churn"] == 3, "owner"]] = True
    failed = np.zeros(count)
    np.add.at(failed, contacts["owner"], since[contacts["owner"]] < contacts["age"])
    tenure = people["tenure_years"].to_numpy()
    kept = truth.best_recovery * window * np.where(decided, 0.5, 1.0) * 0.65**failed
    kept *= 0.7 + 0.3 * tenure / (tenure + 3)
    leaves = people["p_leaves"].to_numpy()
    # Whoever has nothing on their mind is reminded that they could leave.
    provoked = truth.provoked * (1 - window) * np.isinf(since)
    people["p_leaves_contacted"] = np.clip(leaves * (1 - kept) + provoked, 0, 1)
    added = leaves - people["p_leaves_contacted"]
    people["saving"] = people["true_value"] * added - truth.contact_cost


def _feedback(
    dice: np.random.Generator, people: pd.DataFrame, texts: pd.DataFrame, truth: Truth
) -> pd.DataFrame:
    owner = texts["owner"].to_numpy()
    known_value = people["true_value"] * dice.lognormal(0, truth.value_error, len(people))
    odds = np.log(1 / np.exp(-people["base"]).rsub(1) - 1) * -1
    forecast = 1 / (1 + np.exp(-(odds + dice.normal(0, truth.forecast_error, len(people)))))
    forecast = forecast.where(dice.random(len(people)) < 0.7)
    feedback = pd.DataFrame(
        {
            "customer_id": people["customer_id"].to_numpy()[owner],
            "date": (AS_OF - pd.to_timedelta(texts["age"].to_numpy(), unit="D")).round("s"),
            "text": texts["text"].to_numpy(),
            "rating": np.round(texts["rating_share"] * 10),
            "value": known_value.to_numpy()[owner],
            "churn_probability": forecast.to_numpy()[owner],
            "tenure_years": people["tenure_years"].to_numpy()[owner],
            "purchases": people["purchases"].to_numpy()[owner],
            "group": people["segment"].to_numpy()[owner],
            STATUS: "ok",
            "vader": texts["vader"].to_numpy(),
            "anger_label": texts["anger"].to_numpy(),
            "intent_label": texts["churn"].to_numpy(),
        }
    )
    for head in HEADS:
        feedback[head] = texts[f"{head}_score"].to_numpy()
    return feedback.sort_values("date", ignore_index=True)


def _vader(texts: pd.Series) -> list[float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()
    return [analyser.polarity_scores(text)["compound"] for text in texts]
