"""Themes: found, named, kept, merged, seeded."""

import pandas as pd
import pytest

from detractor.errors import ParameterError, SchemaError
from detractor.themes import ThemeOptions, find_themes, merge_themes

BAGS = ["My bag was lost.", "They lost my bag!", "Lost bag, nobody called."]
LATE = ["The flight was late.", "Late flight again.", "Flight two hours late!"]
BILLS = ["The bill charged me twice.", "Charged twice on my bill.", "My bill was charged twice."]


def feedback(*groups: list[str], times: int = 4) -> pd.DataFrame:
    texts = [text for group in groups for text in group * times]
    return pd.DataFrame({"text": texts, "customer_id": range(len(texts))})


def test_two_kinds_of_trouble_make_two_themes() -> None:
    themes = find_themes(feedback(BAGS, LATE))
    first = themes.primary()
    assert len(themes) == 2
    assert first.iloc[:12].nunique() == 1
    assert first.iloc[12:].nunique() == 1
    assert first.iloc[0] != first.iloc[12]


def test_the_same_input_gives_the_same_themes() -> None:
    one, two = find_themes(feedback(BAGS, LATE)), find_themes(feedback(BAGS, LATE))
    pd.testing.assert_frame_equal(one.table, two.table)
    pd.testing.assert_frame_equal(one.mentions, two.mentions)


def test_reading_again_with_what_is_known_changes_nothing() -> None:
    table = feedback(BAGS, LATE)
    old = find_themes(table)
    new = find_themes(table, known=old)
    assert new.table.index.tolist() == old.table.index.tolist()
    assert set(new.table["status"]) == {"known"}
    pd.testing.assert_frame_equal(new.mentions, old.mentions)


def test_new_trouble_makes_a_new_theme_beside_the_known() -> None:
    old = find_themes(feedback(BAGS, LATE))
    new = find_themes(feedback(BAGS, LATE, BILLS), known=old)
    assert set(old.table.index) < set(new.table.index)
    assert new.primary().iloc[:24].tolist() == old.primary().tolist()
    (added,) = set(new.table.index) - set(old.table.index)
    assert new.table.loc[added, "status"] == "new"
    assert "charged" in new.table.loc[added, "name"]


def test_rows_that_are_added_leave_at_least_95_percent_of_the_texts_where_they_were() -> None:
    old = find_themes(feedback(BAGS, LATE, BILLS, times=12))
    grown = pd.concat(
        [feedback(BAGS, LATE, BILLS, times=12), feedback(BILLS, ["Rude, rude crew."])]
    )
    new = find_themes(grown.reset_index(drop=True), known=old)
    before, after = old.primary(), new.primary()
    assert len(before) == 108
    assert (after.reindex(before.index) == before).mean() >= 0.95


def test_texts_that_share_only_their_subject_are_no_theme() -> None:
    boxes = ["Box again.", "My box!", "That box was from her.", "Whose box is it?"]
    assert len(find_themes(feedback(boxes, LATE))) == 1


def test_a_seed_nobody_mentions_is_kept() -> None:
    themes = find_themes(feedback(BAGS), options=ThemeOptions(seeds={"toaster": ["burnt toast"]}))
    assert themes.table.loc["toaster", "mentions"] == 0


def test_a_rare_word_is_known_by_its_meaning_at_large() -> None:
    bags = [*(BAGS * 4), "Luggage never arrived."]
    assert len(find_themes(pd.DataFrame({"text": [*bags, *(LATE * 4)]})).primary()) == 25


def test_texts_that_share_no_word_are_no_theme() -> None:
    words = "soup bus card towel tyre gate lamp queue chair ring"
    texts = [f"the {word} was late" if word == "bus" else f"my {word}" for word in words.split()]
    assert len(find_themes(pd.DataFrame({"text": texts}))) == 0


def test_vows_to_stay_away_are_no_theme() -> None:
    vows = ["I will never fly with them again."] * 8
    assert len(find_themes(feedback(BAGS, LATE, vows))) == 2


def test_a_theme_nobody_mentions_is_retired_and_may_return() -> None:
    old = find_themes(feedback(BAGS, LATE))
    quiet = find_themes(feedback(BAGS), known=old)
    assert quiet.table.loc["lost-bag", "status"] == "known"
    gone = quiet.table.index[quiet.table["status"] == "retired"]
    assert len(gone) == 1
    assert quiet.table.loc[gone[0], "mentions"] == 0
    back = find_themes(feedback(BAGS, LATE), known=quiet)
    assert back.table.loc[gone[0], "status"] == "returned"


def test_a_merge_by_hand_lasts() -> None:
    table = feedback(BAGS, LATE)
    old = find_themes(table)
    into, other = old.table.index
    merged = merge_themes(old, into, other, feedback=table)
    assert merged.table["mentions"].tolist() == [24]
    assert find_themes(table, known=merged).table.index.tolist() == [into]


def test_seeds_keep_their_name() -> None:
    options = ThemeOptions(seeds={"baggage": ["lost bag"]})
    themes = find_themes(feedback(BAGS, LATE), options=options)
    assert themes.table.loc["baggage", "name"] == "baggage"
    assert themes.primary().iloc[0] == "baggage"


def test_seeds_may_come_later() -> None:
    table = feedback(BAGS, LATE)
    old = find_themes(table)
    themes = find_themes(table, known=old, options=ThemeOptions(seeds={"baggage": ["lost bag"]}))
    assert themes.primary().iloc[0] == "baggage"
    assert set(old.table.index) <= set(themes.table.index)


@pytest.mark.parametrize("late", [False, True], ids=["at first", "beside known"])
def test_a_seed_is_found_though_most_texts_speak_of_it(late: bool) -> None:
    table = pd.DataFrame({"text": BILLS * 80 + BAGS * 20 + LATE * 20})
    options = ThemeOptions(seeds={"billing": ["charged twice"]})
    themes = find_themes(table, known=find_themes(table) if late else None, options=options)
    assert set(themes.primary().iloc[:240]) == {"billing"}
    assert themes.table.loc["billing", "mentions"] == 240


def test_happy_and_unreadable_rows_are_not_read() -> None:
    table = feedback(BAGS, LATE).assign(detractor=1.0, status="ok")
    table.loc[0, "detractor"] = 0.1
    table.loc[1, "status"] = "unsupported"
    assert not {0, 1} & set(find_themes(table).mentions["position"])


def test_mentions_point_into_the_original_text() -> None:
    table = feedback(BAGS, LATE)
    table.index = [f"r{i}" for i in range(len(table))]
    themes = find_themes(table)
    for row in themes.mentions.itertuples():
        assert table.loc[row.row, "text"][row.start : row.end] == row.sentence


def test_the_input_is_not_changed() -> None:
    table = feedback(BAGS, LATE)
    before = table.copy()
    find_themes(table)
    pd.testing.assert_frame_equal(table, before)


def test_evidence_is_masked() -> None:
    texts = ["My bag was lost, write to ann@mail.example now."] * 12
    themes = find_themes(pd.DataFrame({"text": texts}))
    assert "ann@mail.example" not in str(themes.table["evidence"].tolist())
    assert len(themes) == 1


@pytest.mark.parametrize("texts", [[], [None, float("nan"), ""], ["ok"], ["Lost bag."]])
def test_little_or_nothing_to_read_gives_no_themes(texts: list[object]) -> None:
    themes = find_themes(pd.DataFrame({"text": texts}))
    assert len(themes) == 0
    assert themes.mentions.empty


def test_mistakes_are_named() -> None:
    with pytest.raises(SchemaError, match="no column 'text'"):
        find_themes(pd.DataFrame({"texts": ["a"]}))
    with pytest.raises(ParameterError, match="count is at least 1"):
        ThemeOptions(count=0)
    with pytest.raises(ParameterError, match="smallest"):
        ThemeOptions(smallest=0)
    with pytest.raises(ParameterError, match="detractor_from"):
        ThemeOptions(detractor_from=2)
    table = feedback(BAGS, LATE)
    with pytest.raises(ParameterError, match="no theme 'x'"):
        merge_themes(find_themes(table), "x", feedback=table)
