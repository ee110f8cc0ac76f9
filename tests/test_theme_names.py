"""Names of themes: phrases as people write them, and no brands."""

from detractor.theme_names import name_themes
from detractor.theme_reading import brand_stems

LATE = ["Late delivery.", "The delivery was late.", "A late delivery again"] * 3


def named(*clauses: str) -> str:
    return name_themes({"it": list(clauses) * 3, "other": LATE})["it"].name


def test_a_negation_that_mostly_stands_there_is_part_of_the_name() -> None:
    assert named("The app is not working.", "App not working today!") == "app not working"
    assert "not" not in named("The app is not working.", "The app is slow.", "App is slow again.")


def test_a_particle_goes_with_its_verb() -> None:
    assert named("I cannot log in.", "Unable to log in today.").startswith("unable to log in")


def test_the_commonest_way_to_write_a_phrase_is_taken() -> None:
    clauses = ("waiting for the driver", "waiting for driver", "waiting for driver", "waits driver")
    assert named(*clauses) == "waiting for driver"


def test_a_name_says_what_goes_wrong_rather_than_what_it_is_about() -> None:
    rooms = ["The room was clean.", "Clean room.", "Room not cleaned properly.", "Never cleaned."]
    assert named(*rooms).startswith("room not cleaned")
    assert "was clean" not in named("The room was clean.", "Was the room clean?", "Clean room.")


def test_a_lone_word_of_trouble_takes_its_plainest_object() -> None:
    assert named("Mince missing.", "Items missing.", "Yoghurt missing.") == "items missing"


def test_no_two_themes_share_a_name() -> None:
    names = name_themes({"a": LATE, "b": LATE, "c": ["My bag was lost."] * 9})
    assert len({name.name for name in names.values()}) == 3


def test_a_name_that_is_taken_is_numbered_where_there_is_no_other() -> None:
    again = name_themes({"it": ["Bag lost."] * 4}, taken={"bag lost"})
    assert again["it"].name == "bag lost (2)"


def test_sentences_that_share_no_phrase_and_no_trouble_have_no_name() -> None:
    boxes = ["Box again.", "My box!", "That box was from her.", "Whose box is it?"]
    assert set(name_themes({"boxes": boxes, "late": LATE})) == {"late"}


def test_what_fewer_than_three_sentences_share_is_no_name() -> None:
    assert name_themes({"it": ["Bag lost.", "Bag lost.", "Soup cold.", "Card blocked."]}) == {}


def test_brands_are_found_in_small_letters_and_in_capitals() -> None:
    either = ["I took an uber home.", "My Uber was late.", "i hate this uber app."]
    assert "uber" in brand_stems(either * 6)
    assert "pnc" in brand_stems(["I left PNC bank.", "the PNC app fails."] * 9)
    assert not brand_stems(["my flight was late.", "a Flight again late."] * 9)
