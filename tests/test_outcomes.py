"""Outcomes: figures by hand on a few rows, honest warnings, nothing lost."""

import numpy as np
import pandas as pd
import pytest

from detractor.errors import SchemaError
from detractor.outcomes import TABLE_COLUMNS, OutcomeColumns, measure_outcomes

CONTACTS = pd.DataFrame(
    {
        "arm": ["contacted", "contacted", "contacted", "holdout", "holdout", "lost"],
        "randomised": ["true", "true", "false", "true", "true", "true"],
        "assigned_at": ["2026-03-02T09:00", "2026-03-02T16:00", "2026-03-06T16:00", "", "", ""],
        "contacted_at": ["2026-03-02T11:00", "2026-03-03T10:00", "2026-03-11T12:00", "", "", ""],
        "lane": ["senior", "standard", "standard", "holdout", "holdout", "holdout"],
        "cost": [10.0, 20.0, 30.0, 0.0, 0.0, 0.0],
        "annual_value": [100.0, 200.0, 300.0, 100.0, 200.0, 1.0],
        "stayed": ["true", "true", "true", "true", "false", "true"],
        "complaint_again": ["false", "true", "", "false", "true", "false"],
        "score_before": [2, 6, 9, 4, 5, 1],
        "score_after": [9, 6, None, 4, None, 1],
        "region": ["North", "South", "North", "North", "South", "South"],
    }
)


def test_figures_by_hand() -> None:
    report = measure_outcomes(CONTACTS)
    expected = {
        "recovery_rate": 2 / 3,
        "hours_to_contact": 2.0,
        "within_service_level": 2 / 3,
        "score_change": 3.5,
        "promoters_made": 0.5,
        "cost": 20.0,
        "effect_on_staying": 0.5,
        "money_kept": 100.0,
        "return_on_cost": 100 / 15,
    }
    for measure, figure in expected.items():
        assert report.interval(measure).estimate == pytest.approx(figure), measure


def test_the_table_is_tidy_and_counts() -> None:
    table = measure_outcomes(CONTACTS).table
    assert tuple(table.columns) == TABLE_COLUMNS
    assert (table["n"] > 0).all()
    north = table[(table["split"] == "region") & (table["group"] == "North")]
    assert north.set_index("measure").loc["recovery_rate", "n"] == 2


def test_effects_are_never_split_by_what_was_decided() -> None:
    table = measure_outcomes(CONTACTS.assign(gesture="refund", role="agent")).table
    decided = table[table["split"].isin(["lane", "role", "gesture"])]
    assert not decided.empty
    assert not decided["measure"].str.startswith("effect").any()


def test_rows_of_no_arm_are_set_aside() -> None:
    aside = measure_outcomes(CONTACTS).set_aside
    assert aside.index.tolist() == [5]
    assert "neither" in aside["reason"].iloc[0]


def test_warnings_say_what_the_figures_cannot_bear() -> None:
    few = measure_outcomes(CONTACTS).warnings
    assert any("give money no range" in warning for warning in few)
    assert any("not decided by chance" in warning for warning in few)
    without = measure_outcomes(CONTACTS[CONTACTS["arm"] == "contacted"])
    assert without.warnings[0].startswith("no randomised holdout")


def test_imbalance_and_unequal_loss_are_seen() -> None:
    rows = pd.DataFrame({"arm": ["contacted", "holdout"] * 50})
    rows["annual_value"] = [200.0, 100.0] * 25 + [201.0, 101.0] * 25
    rows["stayed"] = [None, "true", "true", "true"] * 25
    warnings = " ".join(measure_outcomes(rows).warnings)
    assert "differ in value by 100" in warnings
    assert "missing unequally" in warnings


def test_the_input_is_untouched_and_names_can_change() -> None:
    before = CONTACTS.copy()
    report = measure_outcomes(
        CONTACTS.rename(columns={"stayed": "kept"}), columns=OutcomeColumns(stayed="kept")
    )
    assert report.interval("recovery_rate").estimate == pytest.approx(2 / 3)
    pd.testing.assert_frame_equal(CONTACTS, before)
    with pytest.raises(SchemaError):
        measure_outcomes(CONTACTS.drop(columns="arm"))
    assert measure_outcomes(CONTACTS.iloc[:0]).table.empty


def test_a_report_is_readable_in_a_terminal_and_a_notebook() -> None:
    report = measure_outcomes(CONTACTS.assign(region="<b>"))
    text, page = repr(report), report._repr_html_()
    assert text.splitlines()[0].startswith("recovery rate: 67 % (")
    assert "effect on staying: +50 % (" in text
    assert "Beware: " in text
    assert "<caption>What the contacts achieved" in page
    assert page.count("<li>") == len(report.warnings)
    assert repr(measure_outcomes(CONTACTS.iloc[:0])).startswith("Beware: no randomised holdout")


def test_small_groups_are_warned_of() -> None:
    arms = pd.DataFrame({"arm": ["contacted", "holdout"] * 60, "stayed": [True, False] * 60})
    regions = ["North"] * 100 + ["South"] * 20
    assert measure_outcomes(arms).warnings == ()
    (warning,) = measure_outcomes(arms.assign(region=regions)).warnings
    assert warning.startswith("region: 1 of 2 groups")


def test_money_has_a_range_only_where_both_arms_show_its_tail() -> None:
    rows = pd.DataFrame({"arm": ["contacted"] * 60 + ["holdout"] * 50, "cost": 1.0})
    rows = rows.assign(stayed=True, annual_value=range(110), spend_after=range(110), score_after=5)
    money = ("money_kept", "return_on_cost", "effect_on_spend")
    report = measure_outcomes(rows)
    assert all(np.isfinite(report.interval(name)).all() for name in money)
    fewer = measure_outcomes(rows.iloc[:-1])
    for name in money:
        estimate, low, high = fewer.interval(name)
        assert np.isfinite(estimate)
        assert (low, high) == (-np.inf, np.inf)
    assert np.isfinite(fewer.interval("effect_on_score")).all()
    assert "(no range)" in repr(fewer)


def test_a_return_holds_where_the_costs_leave_no_doubt() -> None:
    rows = pd.DataFrame(
        {
            "arm": ["contacted"] * 40 + ["holdout"] * 40,
            "stayed": [True, True, True, False] * 10 + [True, False] * 20,
            "annual_value": 100.0,
            "cost": 10.0,
        }
    )
    report = measure_outcomes(rows)
    kept, rate = report.interval("money_kept"), report.interval("return_on_cost")
    assert rate == pytest.approx([figure / 10 for figure in kept], rel=1e-6)
    free = measure_outcomes(rows.assign(cost=0.0))
    assert "return_on_cost" not in set(free.table["measure"])
