"""Figures of themes: sizes, trend, recurrence, impact, concentration."""

import numpy as np
import pandas as pd
import pytest

from detractor.concentrations import concentrations, share_ratio
from detractor.errors import ParameterError
from detractor.impacts import impacts
from detractor.intervals import rate_ratio
from detractor.movements import days_of, recurrence, trend
from detractor.theme_statistics import describe_themes


def mentions(theme: str, positions: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"theme": theme, "position": positions})


@pytest.mark.parametrize("values", [[100.0, 100.0, 50.0], ["100", "100", "50"]])
def test_value_at_risk_counts_a_customer_once(values: list[object]) -> None:
    feedback = pd.DataFrame(
        {
            "customer_id": ["a", "a", "b"],
            "value": values,
            "churn_risk": [0.2, 0.8, 0.5],
        }
    )
    table = describe_themes(mentions("late", [0, 1, 2]), feedback)
    assert table.loc["late", "value_at_risk"] == pytest.approx(100 * 0.8 + 50 * 0.5)
    assert table.loc["late", "customers"] == 2


def test_many_customers_are_told_from_few() -> None:
    feedback = pd.DataFrame({"customer_id": [*range(20), *(["x"] * 20)]})
    assert describe_themes(mentions("t", list(range(20))), feedback)["spread"].item() == "many"
    assert describe_themes(mentions("t", list(range(20, 40))), feedback)["spread"].item() == "few"


def test_missing_columns_leave_figures_missing() -> None:
    row = describe_themes(mentions("t", [0]), pd.DataFrame({"text": ["a", "b"]})).iloc[0]
    assert row[["anger", "value_at_risk", "trend"]].isna().all()
    assert row["recurrence"] == "unclear"


def test_more_feedback_alone_is_no_trend() -> None:
    volumes = np.array([100, 200, 400, 800, 1600, 3200])
    growth = trend(volumes / 10, volumes)
    assert growth.estimate == pytest.approx(1, abs=1e-6)
    assert growth.low < 1 < growth.high


def test_the_trend_interval_covers() -> None:
    rng, held = np.random.default_rng(3), 0
    weeks, truth = np.arange(20), 1.3
    for _ in range(400):
        expected = 20 * truth ** (weeks * 7 / 30)
        growth = trend(rng.poisson(expected), np.full(20, 100.0))
        held += growth.low <= truth <= growth.high
    assert 0.92 <= held / 400 <= 0.985


def test_random_dates_are_seldom_called_one_off() -> None:
    rng, days = np.random.default_rng(1), np.arange(0.0, 365.0)
    kinds = [recurrence(rng.choice(days, 12), days)[0] for _ in range(40)]
    assert kinds.count("one-off") <= 2


def test_impact_holds_other_themes_equal() -> None:
    rng = np.random.default_rng(0)
    late = rng.random(4000) < 0.3
    rude = np.where(late, rng.random(4000) < 0.8, rng.random(4000) < 0.1)
    score = pd.Series(8 - 3.0 * late + rng.normal(0, 1, 4000))
    both = pd.concat(
        [mentions("late", np.flatnonzero(late)), mentions("rude", np.flatnonzero(rude))]
    )
    table = impacts(both, score)
    assert table.loc["late", "effect_low"] < -3 < table.loc["late", "effect_high"]
    assert table.loc["rude", "effect_low"] < 0 < table.loc["rude", "effect_high"]
    assert table.loc["rude", "without_gain_low"] > 0
    assert table.loc["late", "score_without"] == pytest.approx(score[~late].mean())


def test_concentration_finds_the_bad_store_and_no_other() -> None:
    rng = np.random.default_rng(5)
    store = rng.integers(0, 100, 10_000)
    hit = rng.random(10_000) < np.where(store == 7, 0.3, 0.03)
    feedback = pd.DataFrame({"store": store})
    found = concentrations(mentions("dirty", np.flatnonzero(hit)), feedback, by=["store"])
    assert found["value"].tolist() == ["7"]
    assert found["lift_low"].item() > 4


def test_a_lift_is_wider_where_it_was_chosen_among_more() -> None:
    hit = np.flatnonzero(np.arange(1000) % 10 < np.where(np.arange(1000) < 100, 5, 1))
    few = pd.DataFrame({"store": np.where(np.arange(1000) < 100, "bad", "rest")})
    many = pd.DataFrame(
        {"store": np.where(np.arange(1000) < 100, "bad", np.arange(1000) // 10 % 20)}
    )
    one, chosen = (
        concentrations(mentions("late", hit), table, by=["store"]).iloc[0] for table in (few, many)
    )
    assert one["value"] == chosen["value"] == "bad"
    assert one["lift"] == chosen["lift"] == pytest.approx(5)
    assert chosen["lift_low"] < one["lift_low"] < 5 < one["lift_high"] < chosen["lift_high"]


def test_the_ratio_of_common_shares_is_closer_than_that_of_rates() -> None:
    shares, rates = (ratio((30, 50), (160, 400)) for ratio in (share_ratio, rate_ratio))
    assert shares.estimate == pytest.approx(rates.estimate)
    assert rates.low < shares.low < shares.high < rates.high
    assert share_ratio((3, 10), (0, 10)).high == np.inf


def test_a_trend_is_wider_only_where_periods_vary_more_than_chance() -> None:
    volumes = np.full(20, 500)
    even, clumped = np.tile([9, 11, 10, 8, 12], 4), np.tile([0, 0, 0, 40, 10], 4)
    calm, wild = trend(even, volumes), trend(clumped, volumes)
    assert np.log(wild.high / wild.low) > 3 * np.log(calm.high / calm.low)
    # A slope of counts by chance: 1.96 over the root of the sum of mean times squared distance.
    time = np.arange(20) * 7 / 30
    error = 1 / np.sqrt((10 * (time - time.mean()) ** 2).sum())
    assert np.log(calm.high / calm.low) == pytest.approx(2 * 1.96 * error, rel=0.02)


def test_concentration_needs_a_rate() -> None:
    with pytest.raises(ParameterError, match="false_discovery"):
        concentrations(mentions("t", [0]), pd.DataFrame({"a": [1]}), by=["a"], false_discovery=0)


def test_days_survive_time_zones_and_missing_dates() -> None:
    frame = pd.DataFrame({"date": ["2026-01-01T23:30:00-05:00", None, "nonsense"]})
    days = days_of(frame, "date")
    assert days[0] == pd.Timestamp("2026-01-02").timestamp() / 86400
    assert np.isnan(days[1:]).all()
