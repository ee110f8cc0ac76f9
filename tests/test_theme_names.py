"""Names of themes: phrases as people write them, and no brands."""

from detractor.theme_names import name_themes
from detractor.theme_reading import brand_stems

LATE = ["Late delivery.", "The delivery was late.", "A late delivery again"] * 3


def named(*clauses: str) -> str:
    return name_themes({"it": list(clauses) * 3, "other": LATE})["it"].name


def test_a_negation_that_mostly_stands_there_is_part_of_the_name() -> None:
    assert named("The app is not working.", "App not working today!") == "app not working"
    slow = ("The app is not working.", "The app is slow.", "App is slow again.")
    assert named(*slow).startswith("app is slow")


def test_a_particle_goes_with_its_verb() -> None:
    assert named("I cannot log in.", "Unable to log in today.").startswith("unable to log in")


def test_the_commonest_way_to_write_a_phrase_is_taken() -> None:
    clauses = ("waiting for the driver", "waiting for driver", "waiting for driver", "waits driver")
    assert named(*clauses) == "waiting for driver"


def test_a_name_says_what_goes_wrong_rather_than_what_it_is_about() -> None:
    rooms = ["The room was clean.", "Clean room.", "Room not cleaned properly.", "Never cleaned."]
    assert named(*rooms).startswith("room not cleaned")


def test_a_lone_word_of_trouble_takes_its_plainest_object() -> None:
    assert named("Mince missing.", "Items missing.", "Yoghurt missing.") == "items missing"


def test_themes_of_one_cause_share_a_name_and_no_others_do() -> None:
    lost = ["My bag was lost.", "They lost my bag.", "My bag is lost again."]
    luggage = ["Lost luggage.", "They lost my luggage.", "Luggage lost again."]
    names = name_themes({"a": LATE, "b": LATE, "c": lost * 3, "d": luggage * 2})
    assert names["a"].name == names["b"].name == "late delivery"
    assert names["c"].name == names["d"].name
    assert "lost" in names["c"].name


def test_names_that_say_one_trouble_in_other_words_are_one() -> None:
    charged = ["They did a double charge.", "A double charge again.", "Double charged my card."]
    paid = ["I paid twice.", "Had to pay twice.", "Made me pay twice again."]
    names = name_themes({"a": charged * 3, "b": paid * 2, "late": LATE})
    assert names["a"].name == names["b"].name != names["late"].name


def test_themes_that_lie_apart_are_not_one_cause() -> None:
    lost = ["My bag was lost.", "They lost my bag.", "My bag is lost again."]
    luggage = ["Lost luggage.", "They lost my luggage.", "Luggage lost again."]
    said = {"a": lost * 3, "b": luggage * 2, "late": LATE}
    near, apart = (name_themes(said, near=lambda one, other, it=it: it) for it in (True, False))
    assert near["a"].name == near["b"].name
    assert apart["a"].name != apart["b"].name


def test_trouble_with_a_word_is_not_trouble_with_one_that_means_the_same() -> None:
    charges = [f"My {what} was charged." for what in ("card", "phone", "desk", "app", "flat")]
    late = ["Late payment.", "The payment was late.", "A late payment again."]
    names = name_themes({"a": charges * 2, "b": late * 2, "other": ["Rude staff."] * 6})
    assert "late" in names["b"].name
    assert names["a"].name != names["b"].name


def test_trouble_that_takes_a_word_each_time_is_named_by_its_subject() -> None:
    wrong = (
        "dirty", "broken", "closed", "smelly", "crowded", "cramped", "locked", "filthy", "cold",
        "damaged", "messy", "noisy", "shabby", "sticky", "narrow", "stained", "unclean", "unsafe",
    )  # fmt: skip
    rooms = [f"The changing room was {each}." for each in wrong]
    names = name_themes({"a": rooms * 2, "late": LATE * 3, "rude": ["Rude staff."] * 20})
    assert "changing room" in names["a"].name


def test_a_trouble_that_befalls_now_this_now_that_is_one_cause() -> None:
    foods = ("mince", "yoghurt", "gravy", "rice", "bread", "milk", "cream", "soup", "cheese")
    missing = [f"The {food} missing." for food in foods]
    names = name_themes({"a": missing, "b": ["Missing items."] * 6, "late": LATE * 3})
    assert names["a"].name == names["b"].name == "missing items"


def test_a_subject_is_told_with_the_trouble_of_its_clauses() -> None:
    crew = ["Cabin crew again.", "The cabin crew and pilots were rude.", "The cabin crew."]
    assert named(*crew) == "cabin crew, pilots were rude"


def test_a_group_that_tells_no_trouble_has_no_name() -> None:
    trips = ["I flew home.", "The return journey home.", "We flew home by train."]
    assert set(name_themes({"trips": trips * 5, "late": LATE})) == {"late"}


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


def test_what_laws_write_with_a_capital_is_no_brand() -> None:
    said = ["fix my credit file.", "my credit is hurt.", "under the Credit rules of the state."]
    others = ["the driver was late.", "a rude driver came."]
    assert not brand_stems([*said * 6, *others * 6])
