"""Themes kept in a file: the same afterwards, and damaged files refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save

from detractor.container import read_container, write_container
from detractor.errors import ModelFileError
from detractor.theme_file import FORMAT, read_themes, write_themes
from detractor.themes import Themes, find_themes, merge_themes

BAGS = ["My bag was lost.", "They lost my bag!", "Lost bag, nobody called."]
LATE = ["The flight was late.", "Late flight again.", "Flight two hours late!"]
BILLS = ["The bill charged me twice.", "Charged twice on my bill.", "My bill was charged twice."]


def feedback(*groups: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"text": [text for group in groups for text in group * 4]})


def kept(themes: Themes, folder: Path) -> Themes:
    write_themes(themes, folder / "themes.safetensors")
    return read_themes(folder / "themes.safetensors")


def test_what_is_read_recognises_as_what_was_written(tmp_path: Path) -> None:
    old = find_themes(feedback(BAGS, LATE))
    grown = feedback(BAGS, LATE, BILLS)
    by_file = find_themes(grown, known=kept(old, tmp_path))
    by_hand = find_themes(grown, known=old)
    pd.testing.assert_frame_equal(by_file.table, by_hand.table)
    pd.testing.assert_frame_equal(by_file.mentions, by_hand.mentions)


def test_identities_last_over_many_nights(tmp_path: Path) -> None:
    themes = find_themes(feedback(BAGS, LATE))
    first = themes.primary()
    for night in (feedback(BAGS, LATE, BILLS), feedback(BAGS), feedback(BAGS, LATE, BILLS)):
        themes = find_themes(night, known=kept(themes, tmp_path))
    assert themes.primary().iloc[:24].tolist() == first.tolist()
    assert len(themes) == 3
    assert set(themes.table["status"]) == {"known", "returned"}


def test_a_merge_by_hand_and_seeds_last(tmp_path: Path) -> None:
    table = feedback(BAGS, LATE)
    old = find_themes(table)
    into, other = old.table.index
    known = kept(merge_themes(old, into, other, feedback=table), tmp_path)
    assert find_themes(table, known=known).table.index.tolist() == [into]


def test_the_same_themes_give_the_same_bytes(tmp_path: Path) -> None:
    themes = find_themes(feedback(BAGS, LATE))
    write_themes(themes, tmp_path / "a")
    write_themes(read_themes(tmp_path / "a"), tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_themes_are_kept_too(tmp_path: Path) -> None:
    known = kept(find_themes(feedback()), tmp_path)
    assert len(known) == 0
    assert len(find_themes(feedback(BAGS), known=known)) == 1


def test_no_text_is_kept(tmp_path: Path) -> None:
    kept(find_themes(feedback(BAGS, LATE)), tmp_path)
    content = (tmp_path / "themes.safetensors").read_bytes()
    assert not [text for text in BAGS + LATE if text.encode() in content]


@pytest.mark.parametrize(
    "damage", ["cut", "empty", "foreign", "infinite", "short", "nameless", "placed otherwise"]
)
def test_damaged_files_are_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "themes.safetensors"
    write_themes(find_themes(feedback(BAGS, LATE)), path)
    content = path.read_bytes()
    arrays, header = read_container(content, "themes", formats=FORMAT)
    if damage == "infinite":
        arrays["0.middles"] = np.full_like(arrays["0.middles"], np.inf)
    if damage == "short":
        arrays["0.usage"] = arrays["0.usage"][1:]
    if damage == "nameless":
        header["themes"] = header["themes"][1:]
    if damage == "placed otherwise":
        header["meanings"] = "0" * 16
    spoiled = {"cut": content[:-7], "empty": b"", "foreign": save({"x": np.zeros(2)})}
    path.write_bytes(spoiled.get(damage, write_container(arrays, header)))
    with pytest.raises(ModelFileError, match="holds no themes"):
        read_themes(path)
