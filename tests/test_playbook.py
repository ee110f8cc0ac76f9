"""Reading playbooks, and naming every mistake in them with its line."""

from pathlib import Path

import pytest

from detractor.errors import ConfigError, InputFileError
from detractor.playbook import check_playbook, load_playbook

GOOD = """\
[[role]]
name = "chief"
authority = 900
[[role]]
name = "agent"
authority = 50.0
[[service_level]]
lane = "must_contact"
hours = 4
channel = "phone"
owner = "agent"
[[service_level]]
lane = "senior"
hours = 8
channel = "phone"
owner = "chief"
[[service_level]]
lane = "standard"
hours = 16
channel = "email"
owner = "agent"
[[gesture]]
name = "refund"
layer = "fix"
kind = "refund"
losses = [
  "money", # a comment with ] in it
]
of_loss = 1
[[gesture]]
name = "sorry"
layer = "concern"
kind = "personal"
"""

MISTAKES = [
    ("authority = 50.0", "authority = -1", 6, "at least 0"),
    ("authority = 50.0", "authority = true", 6, "must be a number"),
    ("authority = 50.0", "authority = nan", 6, "at least 0"),
    ('name = "agent"', 'name = ""', 5, "a text in quotes"),
    ('name = "agent"', 'name = "chief"', 5, "used twice"),
    ('owner = "chief"', 'owner = "cheif"', 16, "did you mean 'chief'?"),
    ('kind = "refund"', 'kind = "refunds"', 25, "did you mean 'refund'?"),
    ('layer = "fix"', 'layer = "concern"', 1, "no [[gesture]] with layer 'fix'"),
    ("of_loss = 1", "of_los = 1", 29, "did you mean 'of_loss'?"),
    ("of_loss = 1", "cost_share = 2", 29, "at most 1"),
    ("of_loss = 1", "per_year = 0", 29, "at least 1"),
    ("of_loss = 1", "stock = 1.5", 29, "whole number"),
    ("of_loss = 1", "fallback = 1", 29, "true or false"),
    ("of_loss = 1", 'approval = "boss"', 29, "no role 'boss'"),
    ("of_loss = 1", 'lanes = ["holdout"]', 29, "must_contact"),
    ("of_loss = 1", 'lanes = "senior"', 29, "list of words"),
    ('kind = "personal"', "", 30, "gesture needs 'kind'"),
    ('lane = "standard"', 'lane = "senior"', 18, "used twice"),
    ('[[role]]\nname = "chief"', '[[rolle]]\nname = "chief"', 1, "unknown table 'rolle'"),
    ('name = "sorry"', 'name = "sorry', 31, "line 31"),
]


def test_the_default_playbook_has_no_mistakes() -> None:
    playbook = load_playbook()
    assert {gesture.layer for gesture in playbook.gestures} == {"fix", "concern", "wow"}
    authorities = [role.authority for role in playbook.roles]
    assert authorities == sorted(authorities)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "playbook.toml"
    path.write_text(GOOD)
    playbook = load_playbook(path)
    assert [role.name for role in playbook.roles] == ["agent", "chief"]
    assert playbook.gestures[0].losses == ("money",)
    assert playbook.level("senior").owner == "chief"


@pytest.mark.parametrize(("old", "new", "line", "message"), MISTAKES)
def test_a_mistake_is_named_with_its_line(old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    found = check_playbook(GOOD.replace(old, new, 1))
    assert any(mistake.line == line and message in mistake.message for mistake in found), found


def test_every_mistake_is_named() -> None:
    text = GOOD
    for old, new, _, _ in (MISTAKES[0], MISTAKES[5], MISTAKES[8]):
        text = text.replace(old, new, 1)
    assert [mistake.line for mistake in check_playbook(text)] == [6, 16, 29]


@pytest.mark.parametrize("text", ["role = 3", "role = [1]", "limits = [1]", "", "gesture = {}"])
def test_tables_of_the_wrong_shape_are_mistakes(text: str) -> None:
    assert check_playbook(text)


def test_a_bad_file_raises_with_every_mistake(tmp_path: Path) -> None:
    path = tmp_path / "playbook.toml"
    path.write_text(GOOD.replace("authority = 50.0", "authority = -1").replace("of_loss", "of_los"))
    with pytest.raises(ConfigError, match=r"(?s)2 mistakes.*line 6.*line 29"):
        load_playbook(path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="cannot read playbook"):
        load_playbook(tmp_path / "none.toml")
