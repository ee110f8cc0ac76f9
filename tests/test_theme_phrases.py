"""Phrases: found once a clause, never across a stop, written with what belongs to them."""

import pytest

from detractor.theme_phrases import (
    count_phrases,
    find_phrases,
    is_cut,
    tells_trouble,
    write_phrase,
)
from detractor.theme_words import words_and_stops


def found(key: str, *clauses: str) -> str:
    spots = find_phrases([words_and_stops(clause) for clause in clauses], frozenset())
    return write_phrase(spots[tuple(key.split())])


def pairs(clause: str) -> set[tuple[str, ...]]:
    return {key for key in count_phrases([words_and_stops(clause)], frozenset()) if len(key) > 1}


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("the flight was delayed", {("delay", "flight")}),
        ("locked in the account", {("account", "lock")}),
        ("the app does not work", {("app", "work")}),
        ("lost bag, late flight", {("bag", "lost"), ("flight", "late")}),
        ("bag and luggage", set()),
    ],
)
def test_small_words_join_and_stops_part(clause: str, expected: set[tuple[str, ...]]) -> None:
    assert pairs(clause) == expected


def test_a_phrase_counts_once_a_clause() -> None:
    clauses = [["late", "flight", ",", "late", "flight"]]
    assert count_phrases(clauses, frozenset())["flight", "late"] == 1
    assert len(find_phrases(clauses, frozenset())["flight", "late"]) == 1


def test_a_negation_is_written_where_it_mostly_stands() -> None:
    assert found("open", "can't open", "it won't even open", "open it").endswith("open")
    assert found("open", "can't open", "cannot open", "can't open", "open") == "can't open"
    assert found("open", "can't open", "open", "open", "open") == "open"


def test_neighbours_that_most_spots_share_join() -> None:
    assert found("airlin cost", *["a low cost airline"] * 3) == "low cost airline"
    assert found("airlin cost", "low cost airline", "the cost airline", "cost airline") == (
        "cost airline"
    )
    assert found("log", "log into it", "log in", "I log on") == "log in"


def test_what_is_no_trouble_is_not_asserted() -> None:
    assert found("clean room", "room was clean", "room was clean", "clean room") == "clean room"
    assert found("flight late", "flight was late", "flight was late", "late flight") == (
        "flight was late"
    )


def test_trouble_is_a_word_for_it_or_a_negation() -> None:
    spots = find_phrases([["blocks", "away"], ["blocked", "card"], ["card"]], frozenset())
    assert not tells_trouble(spots["block",][:1])
    assert tells_trouble(spots["block", "card"])
    assert not tells_trouble(spots["card",])


def test_a_pair_cut_out_of_a_commoner_one_is_told() -> None:
    clauses = [["called", "customer", "service"], ["customer", "service"], ["customer", "service"]]
    spots = find_phrases(clauses, frozenset())
    counts = {key: len(each) for key, each in spots.items()}
    assert is_cut(spots["call", "custom"], counts)
    assert not is_cut(spots["custom", "servic"], counts)
