"""Alarms: seldom without reason, soon with one."""

import numpy as np
import pandas as pd
import pytest

from detractor.errors import ParameterError
from detractor.spikes import Watch, find_spikes, watch_series


@pytest.mark.parametrize("daily", [0.3, 3.0, 20.0])
def test_quiet_series_raise_at_most_one_alarm_in_a_hundred_years(daily: float) -> None:
    rng = np.random.default_rng(11)
    alarms = [len(watch_series(rng.poisson(daily, 1096).astype(float))) for _ in range(100)]
    # 300 years of one series: 3 are allowed on average; 8 would be beyond chance (p < 0.02).
    assert sum(alarms) <= 7


def test_shuffled_history_is_quiet() -> None:
    rng = np.random.default_rng(2)
    bursty = rng.negative_binomial(2, 2 / (2 + 4), 1096).astype(float)
    assert sum(len(watch_series(rng.permutation(bursty))) for _ in range(30)) <= 4


@pytest.mark.parametrize(("daily", "dispersion"), [(5.0, 1.0), (10.0, 2.0)])
def test_nine_of_ten_doubled_rates_are_found_within_the_stated_delay(
    daily: float, dispersion: float
) -> None:
    rng, stated = np.random.default_rng(7), Watch().delay(daily, dispersion=dispersion)
    means = np.r_[np.full(200, daily), np.full(40, 2 * daily)]
    within = []
    for _ in range(100):
        counts = rng.poisson(means)
        if dispersion > 1:
            counts = rng.negative_binomial(means / (dispersion - 1), 1 / dispersion)
        found = watch_series(counts.astype(float))["found"]
        within.append(bool(((found >= 200) & (found < 200 + stated)).any()))
    # Two standard errors of 100 series are 6 points.
    assert np.mean(within) >= 0.84


def test_a_delay_is_stated_only_where_rises_are_found() -> None:
    watch = Watch(history=40)
    assert watch.delay(0.1) == np.inf
    assert watch.delay(20 * np.array([1.3, 1.3, 1.3, 1.3, 1.2, 0.3, 0.3])) > watch.delay(20)
    assert watch.delay(5, share=0.5) < watch.delay(5)
    assert watch.delay([5, 5]) == watch.delay(5)
    for mistake in ({"share": 1.0}, {"dispersion": 0.5}):
        with pytest.raises(ParameterError):
            watch.delay(1, **mistake)
    with pytest.raises(ParameterError):
        watch.delay([0, 0])


def test_one_spike_is_one_alarm() -> None:
    counts = np.r_[np.tile([3.0, 2.0, 4.0], 40), np.full(15, 9.0), np.tile([3.0, 2.0, 4.0], 10)]
    assert len(watch_series(counts)) == 1


def test_a_mailing_that_doubles_all_feedback_is_no_spike() -> None:
    volumes = np.r_[np.full(100, 50.0), np.full(30, 100.0)]
    assert watch_series(volumes / 10, volumes).empty


def test_an_alarm_names_group_customers_and_money() -> None:
    days = pd.date_range("2026-01-01", periods=100).repeat(10)
    feedback = pd.DataFrame(
        {"date": days, "customer_id": range(1000), "value": 100.0, "churn_risk": 0.5}
    )
    feedback["store"] = np.where(np.arange(1000) % 2, "north", "south")
    late = [i for i in range(1000) if i % 10 == 0 or (i >= 900 and i % 2)]
    table = pd.DataFrame({"theme": "late", "position": late})
    spikes = find_spikes(table, feedback, by=["store"])
    assert set(spikes["group"]) == {"", "north"}
    north = spikes[spikes["group"] == "north"].iloc[0]
    assert north["value_at_risk"] == pytest.approx(50 * len(north["customers"]))
    assert all(feedback["store"][i] == "north" for i in north["customers"])
    assert north["ratio"] == north["observed"] / north["expected"] > 1


def test_no_dates_no_alarms() -> None:
    frame = pd.DataFrame({"date": [None, None]})
    assert find_spikes(pd.DataFrame({"theme": ["t"], "position": [0]}), frame).empty


@pytest.mark.parametrize("mistake", [{"false_alarms": 0}, {"ratio": 1}, {"guard": 30}])
def test_mistakes_are_named(mistake: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        Watch(**mistake)
