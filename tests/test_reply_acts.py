"""What each sentence of a draft does."""

from detractor.reply_acts import DraftSentences, rule_of

DRAFT = "Dear Tom, sorry for the late train. You should have left earlier. I refunded the fare."


def test_each_sentence_does_its_own() -> None:
    sentences = DraftSentences(DRAFT)
    assert [DRAFT[slice(*span)] for span in sentences.spans][1] == "You should have left earlier."
    assert sentences.texts[0].strip() == "sorry for the late train."
    assert sentences.doing("acknowledging") == {0}
    assert sentences.faulty(troubled=True) == {("blaming", 1)}
    assert sentences.fixing() == {2}
    assert sentences.at(DRAFT.index("refunded")) == 2


def test_a_phrase_counts_where_its_rule_says() -> None:
    beside = "Sorry for what may have happened."
    assert ("conditional_apology", 0) in DraftSentences(beside).phrased()
    alone = "The train may have happened to be late."
    assert ("conditional_apology", 0) not in DraftSentences(alone).phrased()


def test_where_no_trouble_is_told_only_plain_hostility_counts() -> None:
    fact = "Keep in mind that our teams watch the traffic at all times."
    rude = "You should have read the page before asking, it is your own fault."
    for text, calm in ((fact, False), (rude, True)):
        sentences = DraftSentences(text)
        assert bool(sentences.hostile(troubled=False)) is calm


def test_a_gift_on_its_way_is_no_fix() -> None:
    assert DraftSentences("A voucher is in the post to you today.").fixing() == set()
    assert rule_of("placating")["better"]


def test_a_draft_without_a_sentence_does_nothing() -> None:
    sentences = DraftSentences("")
    assert sentences.spans == []
    assert sentences.faulty(troubled=True) == set()
    assert sentences.moving() == set()
