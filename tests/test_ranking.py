"""The queue: a trusted order, whatever the table lacks."""

import io
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detractor.errors import ParameterError, SchemaError
from detractor.policy import Policy
from detractor.ranking import QUEUE_COLUMNS, assumptions, compare, rank, report_fairness
from detractor.schema import Columns
from detractor.value import FACTORS

NOBODY_HELD = Policy(holdout_share=0)

FIVE = pd.read_csv(
    io.StringIO(
        """\
customer_id,date,text,value,detractor,anger,churn_risk
ann,2026-03-01,I am leaving in April.,1200,0.9,0.1,0.9
ben,2026-03-02,This is a disgrace!,300,0.9,0.9,0.2
cem,2026-03-02,Lovely as ever.,9000,0.1,0.0,0.0
dee,2026-02-01,Late again.,500,0.8,0.4,0.2
dee,2026-03-02,Late again. I am off.,500,0.9,0.6,0.8
"""
    )
)


@st.composite
def tables(draw: st.DrawFn, least: int = 1) -> pd.DataFrame:
    """Draw scored feedback with every optional column and every kind of bad cell."""
    size = draw(st.integers(least, 12))

    def column(cells: st.SearchStrategy) -> list[object]:
        return draw(st.lists(cells, min_size=size, max_size=size))

    share = st.floats(0, 1, width=32) | st.just(float("nan"))
    number = st.sampled_from([0, 10, 250.5, 1e6, -40, float("nan"), float("inf")])
    days = st.dates(date(2025, 6, 1), date(2026, 3, 31)).map(str)
    messy = days | st.sampled_from([None, "soon", "2026-03-01T08:00+09:00", "2026-03-01T08:00"])
    flag = st.sampled_from([True, False, None, "yes", "no"])
    frame = pd.DataFrame({"customer_id": column(st.sampled_from(["a", "b", "c", "d", None]))})
    for name in ("detractor", "anger", "churn_risk", "churn_probability"):
        frame[name] = np.array(column(share), dtype=float)
    frame["value"] = np.array(column(number), dtype=float)
    frame["rating"] = np.array(column(st.sampled_from([0, 3, 6, 7, 10, 11, np.nan])), dtype=float)
    frame["date"] = pd.Series(column(messy), dtype=object)
    frame["last_contacted"] = pd.Series(column(messy), dtype=object)
    for name in ("opt_out", "open_case", "request", "safety", "vulnerable", "repeat_failure"):
        frame[name] = pd.Series(column(flag), dtype=object)
    frame["author"] = pd.Series(column(st.sampled_from(["customer", "Agent", None])), dtype=object)
    frame["time_zone"] = pd.Series(column(st.sampled_from(["Asia/Tokyo", "?", None])), dtype=object)
    frame["text"] = pd.Series(column(st.text(max_size=20) | st.none()), dtype=object)
    drawn = draw(st.sets(st.sampled_from([c for c in frame if c not in REQUIRED])))
    return frame.drop(columns=list(drawn))


REQUIRED = ("detractor", "anger", "churn_risk")
POLICIES = st.builds(
    Policy,
    capacity=st.none() | st.integers(0, 5),
    hours=st.none() | st.floats(0, 4),
    budget=st.none() | st.floats(0, 60),
    holdout_share=st.sampled_from([0.0, 0.5]),
)
AS_OF = st.none() | st.sampled_from(["2026-01-15", "2026-03-31 12:00"])


@settings(max_examples=20, deadline=None)
@given(tables(), POLICIES, AS_OF)
def test_a_queue_keeps_its_promises(
    scored: pd.DataFrame, policy: Policy, as_of: str | None
) -> None:
    before = scored.copy()
    queue = rank(scored, policy=policy, as_of=as_of)
    pd.testing.assert_frame_equal(scored, before)
    pd.testing.assert_frame_equal(queue, rank(scored, policy=policy, as_of=as_of))
    assert queue["customer_id"].is_unique
    assert queue["position"].tolist() == list(range(1, len(queue) + 1))
    chosen = queue[queue["contact"]]
    assert len(chosen) <= (np.inf if policy.capacity is None else policy.capacity)
    assert chosen["cost"].sum() <= (np.inf if policy.budget is None else policy.budget + 1e-6)
    longer = np.where(chosen["lane"] == "senior", policy.senior_factor, 1.0)
    hours = (longer * policy.hours_per_contact).sum()
    assert hours <= (np.inf if policy.hours is None else policy.hours + 1e-6)
    assert not chosen["lane"].isin(["suppressed", "holdout"]).any()
    assert ((queue["lane"] == "suppressed") == (queue["suppressed_by"] != "")).all()
    product = queue[list(FACTORS)].prod(axis=1) - queue["cost"]
    assert (product == queue["expected_saving"]).all()
    assert np.isfinite(queue["expected_saving"]).all()
    assert queue["freshness"].between(0, 1 + 1e-12).all()
    assert queue["p_leaves"].between(0, 1).all()
    assert (queue["why"].str.len() > 0).all()


@settings(max_examples=20, deadline=None)
@given(tables(least=2), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(scored: pd.DataFrame, dice: object) -> None:
    scored = scored.drop(columns=["value", "churn_probability", "text"], errors="ignore")
    places = list(range(len(scored)))
    dice.shuffle(places)
    if "customer_id" not in scored:
        return
    names = ["customer_id", "contact", "lane", "expected_saving", "why"]
    shuffled = rank(scored.iloc[places])[names]
    pd.testing.assert_frame_equal(rank(scored)[names], shuffled, check_exact=False)


@settings(max_examples=20, deadline=None)
@given(tables(), st.sampled_from(["2025-12-31", "2026-02-15"]))
def test_the_past_does_not_see_the_future(scored: pd.DataFrame, as_of: str) -> None:
    if not {"date", "customer_id"} <= set(scored):
        return
    read = pd.to_datetime(scored["date"], errors="coerce", utc=True, format="ISO8601")
    end = pd.Timestamp(as_of, tz="UTC") + pd.Timedelta(days=1)
    known = scored[~(read >= end)]
    pd.testing.assert_frame_equal(
        rank(scored, as_of=as_of).drop(columns="evidence_row"),
        rank(known, as_of=as_of).drop(columns="evidence_row"),
        check_dtype=False,
    )


@settings(max_examples=20, deadline=None)
@given(tables(), st.data())
def test_more_at_stake_never_ranks_lower(scored: pd.DataFrame, data: st.DataObject) -> None:
    """Raise the newest text's risk, or the value, of one customer."""
    scored = scored.assign(
        customer_id=[f"c{i}" for i in range(len(scored))],
        value=np.abs(np.nan_to_num(scored.get("value", 100.0), posinf=1e6)) + 1,
    ).drop(columns=["opt_out", "open_case"], errors="ignore")
    who = data.draw(st.integers(0, len(scored) - 1))
    what = data.draw(st.sampled_from(["value", "churn_risk", "anger", "churn_probability"]))
    if what not in scored or np.isnan(scored[what].iloc[who]):
        return
    raised = scored.copy()
    cell = raised[what].iloc[who]
    raised[what] = raised[what].astype(float)
    raised.iloc[who, raised.columns.get_loc(what)] = cell * 2 if what == "value" else (cell + 1) / 2
    name = f"c{who}"
    before, after = (
        rank(frame, policy=NOBODY_HELD).set_index("customer_id").loc[name, "position"]
        if name in set(rank(frame)["customer_id"])
        else 0
        for frame in (scored, raised)
    )
    assert after <= before


def test_a_rising_customer_ranks_above_a_falling_one() -> None:
    scored = pd.DataFrame(
        {
            "customer_id": ["up", "up", "down", "down"],
            "date": ["2026-01-01", "2026-03-01"] * 2,
            "detractor": [0.3, 0.9, 0.9, 0.3],
            "anger": [0.1, 0.5, 0.5, 0.1],
            "churn_risk": [0.2, 0.8, 0.8, 0.2],
        }
    )
    queue = rank(scored, policy=NOBODY_HELD)
    assert queue["customer_id"].tolist() == ["up", "down"]
    assert queue["trend"].tolist() == pytest.approx([0.594, -0.594], abs=0.001)


def test_the_five_customers_stand_in_order() -> None:
    queue = rank(FIVE, policy=NOBODY_HELD)
    assert queue["customer_id"].tolist() == ["ann", "dee", "ben", "cem"]
    assert queue["quadrant"].tolist() == ["quiet_leaver", "loud_leaver", "venting", "fine"]
    assert queue["suppressed_by"].tolist() == ["", "", "", "sleeping_dog"]
    assert queue["evidence"].iloc[1] == "Late again. I am off."
    assert queue["repeat_failure"].tolist() == [False, True, False, False]


@pytest.mark.parametrize("columns", [[], ["customer_id", "date", "value", "text", "opt_out"]])
def test_an_empty_table_gives_an_empty_queue(columns: list[str]) -> None:
    empty = pd.DataFrame({name: [] for name in [*columns, *REQUIRED]})
    queue = rank(empty)
    assert len(queue) == 0
    assert list(queue.columns) == ["customer_id", *QUEUE_COLUMNS]
    assert len(rank(FIVE, as_of="1999-12-31")) == 0


def test_scores_alone_make_a_queue() -> None:
    queue = rank(FIVE[list(REQUIRED)])
    assert len(queue) == 5
    assert queue["value"].eq(200).all()
    assert assumptions(queue)[0].startswith("no dates")


def test_columns_may_have_other_names() -> None:
    renamed = FIVE.rename(columns={"customer_id": "account", "value": "worth"})
    queue = rank(renamed, columns=Columns(customer="account", value="worth"), policy=NOBODY_HELD)
    assert queue["account"].tolist() == rank(FIVE, policy=NOBODY_HELD)["customer_id"].tolist()


def test_a_missing_score_column_is_named() -> None:
    with pytest.raises(SchemaError, match="no column 'churn_risk'; did you mean 'churn_rsk'"):
        rank(FIVE.rename(columns={"churn_risk": "churn_rsk"}))


def test_an_unreadable_night_is_refused() -> None:
    with pytest.raises(ParameterError, match="as_of='tonight'"):
        rank(FIVE, as_of="tonight")


def test_dates_may_not_be_numbers() -> None:
    with pytest.raises(SchemaError, match="'date' holds numbers"):
        rank(FIVE.assign(date=20260301))


def test_two_nights_are_compared_customer_by_customer() -> None:
    yesterday = rank(FIVE, policy=NOBODY_HELD, as_of="2026-03-01")
    told = FIVE.assign(opt_out=FIVE["customer_id"] == "ann")
    change = compare(yesterday, rank(told, policy=NOBODY_HELD)).set_index("customer_id")
    assert change["change"].to_dict() == {"dee": "up", "ben": "new", "cem": "new", "ann": "down"}
    assert change.loc["ann", "because"] == "standard -> suppressed (opt_out)"
    assert change.loc["dee", "because"].startswith("leaves 0.18 -> 0.5")
    assert change.loc["ben", "because"] == "first heard of"
    assert change.loc["ann", ["contact_before", "contact_after"]].tolist() == [True, False]
    back = compare(rank(told, policy=NOBODY_HELD), yesterday)
    assert sorted(back["change"]) == ["down", "gone", "gone", "up"]
    same = compare(yesterday, yesterday)
    assert set(same["change"]) == {"same"}
    assert set(same["because"]) == {""}


def test_fairness_shows_what_weighing_by_value_costs() -> None:
    rows = pd.DataFrame(
        {
            "customer_id": range(6),
            "group": [*"aaabb", None],
            "value": [900, 900, 900, 100, 100, 100],
            "detractor": 0.9,
            "anger": 0.3,
            "churn_risk": [0.5, 0.5, 0.5, 0.8, 0.8, 0.8],
            "safety": [False] * 4 + [True, False],
        }
    )
    queue = rank(rows, policy=Policy(capacity=3, holdout_share=0))
    report = report_fairness(queue, group="group")
    assert report["customers"].tolist() == [3, 2, 1]
    assert report["contacted"].tolist() == [2, 1, 0]
    assert report["must_reached"].tolist()[1] == 1.0
    assert report["rate_if_equal"].tolist() == [0, 1, 1]
    assert (report["low"] <= report["contact_rate"]).all()
    with pytest.raises(SchemaError, match="no column 'segment'"):
        report_fairness(queue, group="segment")


def test_a_table_without_signals_is_said_to_see_no_danger() -> None:
    assert any("read_signals" in sentence for sentence in assumptions(rank(FIVE)))
    seen = FIVE.assign(safety=False)
    assert not any("read_signals" in sentence for sentence in assumptions(rank(seen)))
