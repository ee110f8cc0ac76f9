"""Fixes: proven, not proven yet, worse."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from detractor.errors import ParameterError
from detractor.fixes import FixWindow, judge_fix, verify_fix
from detractor.intervals import Interval
from detractor.rate_changes import Side, ratio_to_expected, ratio_to_usual, typical

WINDOW = FixWindow(before=29, after=29)


def side(events: object) -> Side:
    daily = np.asarray(events, dtype=float)
    return Side(events=daily, exposure=np.full(len(daily), 100.0))


@pytest.mark.parametrize(("daily", "ratio"), [(0.5, 0.5), (1.0, 0.3), (3.0, 0.5), (2.0, 1.0)])
def test_the_interval_covers_the_true_ratio(daily: float, ratio: float) -> None:
    rng, held, runs = np.random.default_rng(4), 0, 600
    for _ in range(runs):
        fix = judge_fix(
            {"before": side(rng.poisson(daily, 56)), "after": side(rng.poisson(daily * ratio, 42))},
            {"before": side(rng.poisson(20, 56)), "after": side(rng.poisson(20, 42))},
        )
        held += fix.against_others.low <= ratio <= fix.against_others.high
    # 93 to 97 % is promised; two standard errors of 600 runs are 1.8 points.
    assert 0.925 <= held / runs <= 0.98


def test_no_change_is_seldom_called_fixed() -> None:
    rng = np.random.default_rng(8)
    verdicts = [
        judge_fix({"before": side(rng.poisson(2, 56)), "after": side(rng.poisson(2, 56))}).verdict
        for _ in range(300)
    ]
    assert verdicts.count("fixed") <= 16
    assert verdicts.count("worse") <= 16


def test_a_theme_is_not_judged_by_the_fall_or_rise_of_another() -> None:
    same = {"before": side([2] * 56), "after": side([2] * 56)}
    fell = {"before": side([12] * 56), "after": side([2] * 56)}
    rose = {"before": side([2] * 56), "after": side([12] * 56)}
    assert judge_fix(same, fell).verdict == judge_fix(same, rose).verdict == "not proven yet"


def test_a_fall_beside_too_few_others_asks_for_no_number_of_days() -> None:
    few = {"before": side([0] * 27 + [1]), "after": side([0] * 27 + [1])}
    fix = judge_fix({"before": side([2] * 28), "after": side([1] * 28)}, few)
    assert (fix.verdict, fix.more_days) == ("not proven yet", None)
    assert "alike" in fix.reason


def test_worse_is_said() -> None:
    assert judge_fix({"before": side([1] * 28), "after": side([3] * 28)}).verdict == "worse"


def test_what_all_themes_did_is_no_fix() -> None:
    alone = {"before": side([4] * 28), "after": side([2] * 28)}
    others = {"before": side([40] * 28), "after": side([20] * 28)}
    assert judge_fix(alone).verdict == "fixed"
    assert judge_fix(alone, others).verdict == "not proven yet"


def test_a_chance_peak_that_falls_back_is_no_fix() -> None:
    usual, peak = [2, 2, 3, 1] * 14, [3, 3, 3, 4, 3, 3, 3]
    after = side([2, 2, 1, 2] * 7)
    fix = judge_fix({"usual": side(usual), "before": side(peak), "after": after})
    assert judge_fix({"before": side(peak), "after": after}).ratio.high < 1
    assert fix.ratio.high > 1
    assert fix.verdict == "not proven yet"
    assert "by itself" in fix.reason


def test_a_theme_that_was_largest_among_its_like_was_so_by_chance() -> None:
    theme = {"usual": side([3] * 56), "before": side([3] * 56), "after": side([2] * 56)}
    alone, among_like, among_unlike = (
        judge_fix(theme, peers=peers).ratio
        for peers in ([], [110, 112, 114, 108, 116, 112], [2, 500, 40, 9, 1000, 70])
    )
    assert among_like.estimate > 1.05 * alone.estimate
    assert among_unlike.estimate == pytest.approx(alone.estimate, rel=0.01)


def test_few_themes_tell_nothing_of_others() -> None:
    assert typical(np.array([10.0, 10, 10, 10]), 100.0) == (0.0, 0.0)
    assert typical(np.zeros(9), 100.0) == (0.0, 0.0)


def test_a_table_tells_how_large_the_other_themes_usually_are() -> None:
    days = pd.date_range("2026-01-01", periods=160).repeat(8)
    feedback = pd.DataFrame({"date": days})
    order = np.random.default_rng(3).permutation(len(days))
    like = [(f"t{i}", position) for i in range(7) for position in order[i::8]]
    theme = [("it", position) for position in order[7::8]]
    mentions = pd.DataFrame([*like, *theme], columns=["theme", "position"])
    usual = feedback["date"] < "2026-04-01"
    counts = mentions[usual[mentions["position"]].to_numpy()]["theme"].value_counts()
    fix = verify_fix("it", "2026-04-30", mentions=mentions, feedback=feedback, window=WINDOW)
    shown = verify_fix(
        "it", "2026-04-30", mentions=mentions[mentions["theme"] == "it"], feedback=feedback,
        window=WINDOW,
    )  # fmt: skip
    assert counts.max() < 2 * counts.min()
    widths = [np.log(each.ratio.high / each.ratio.low) for each in (fix, shown)]
    assert widths[0] < widths[1]


def test_usual_days_count_by_what_all_themes_did_since() -> None:
    theme = {"usual": side([2] * 56), "before": side([4] * 56), "after": side([4] * 56)}
    others = {"usual": side([20] * 56), "before": side([40] * 56), "after": side([40] * 56)}
    fix = judge_fix(theme, others)
    assert fix.ratio.estimate == pytest.approx(1, abs=0.01)
    assert fix.against_usual.estimate == pytest.approx(2, abs=0.02)


@pytest.mark.parametrize("ratio", [ratio_to_expected, ratio_to_usual])
def test_complaints_in_clumps_of_four_tell_as_much_as_a_quarter_of_them(
    ratio: Callable[..., Interval],
) -> None:
    days = {"usual": np.full(60, 2.0), "before": np.full(30, 3.0), "after": np.full(30, 1.0)}
    single = ratio({name: side(events) for name, events in days.items()}, 1.1, 1.0)
    clumped = ratio({name: side(4 * events) for name, events in days.items()}, 1.1, 4.0)
    assert clumped == pytest.approx(single)


def test_a_fall_before_the_fix_is_no_fix() -> None:
    before = [9] * 21 + [1] * 7
    fix = judge_fix({"before": side(before), "after": side([1] * 28)})
    assert fix.verdict == "not proven yet"
    assert "before the fix" in fix.reason


def test_a_real_fault_that_ends_is_a_fix() -> None:
    fix = judge_fix(
        {"usual": side([1] * 100), "before": side([6] * 28), "after": side([1] * 28)},
    )
    assert fix.verdict == "fixed"


def test_the_days_still_needed_give_proof() -> None:
    rng = np.random.default_rng(6)
    early = judge_fix({"before": side([1] * 28), "after": side([1, 0, 1, 0, 0, 0])})
    assert early.verdict == "not proven yet"
    assert early.more_days is not None
    days = 6 + early.more_days
    proofs = [
        judge_fix({"before": side([1] * 28), "after": side(rng.poisson(1 / 3, days))}).ratio.high
        < 1
        for _ in range(200)
    ]
    assert 0.65 <= np.mean(proofs) <= 0.95


def test_settling_days_count_for_neither_side() -> None:
    feedback = pd.DataFrame({"date": pd.date_range("2026-01-01", periods=60).repeat(2)})
    about = pd.DataFrame({"theme": "late", "position": range(0, 90, 2)})
    settled = verify_fix(
        "late",
        "2026-02-01",
        mentions=about,
        feedback=feedback,
        window=FixWindow(before=28, after=28, settling=13),
    )
    assert (settled.before, settled.after) == (28, 0)


def test_a_side_without_feedback_is_named() -> None:
    feedback = pd.DataFrame({"date": ["2026-01-01"]})
    about = pd.DataFrame({"theme": ["late"], "position": [0]})
    with pytest.raises(ParameterError, match="no feedback after"):
        verify_fix("late", "2026-01-02", mentions=about, feedback=feedback)
    with pytest.raises(ParameterError, match="each side needs a day"):
        FixWindow(before=0)
