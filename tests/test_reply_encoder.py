"""The encoder that reads drafts: what it says, its blocks, its file, its weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detractor.container import read_container, write_container
from detractor.errors import ModelFileError
from detractor.reply_encoder import (
    FORMAT,
    LIMIT,
    OWN_LIMIT,
    PART_LIMIT,
    ReplyEncoder,
    lay_out,
    load_reply_encoder,
    read_reply_encoder,
    write_reply_encoder,
)
from detractor.wordpiece import WordPiece

SENTENCES = [
    ("Sorry if you felt ignored.", "conditional_apology"),
    ("Everybody else is happy with our drivers.", "defensive"),
    ("That is simply not true.", "arguing"),
    ("You should have read the label.", "blaming"),
    ("That is for the courier to answer, not for us.", "evading"),
    ("Please accept this voucher.", "placating"),
    ("We will pay whatever it costs.", "above_authority"),
]


@pytest.mark.parametrize(("text", "fault"), SENTENCES, ids=[fault for _, fault in SENTENCES])
def test_each_fault_is_read_where_it_stands(text: str, fault: str) -> None:
    encoder = load_reply_encoder()
    place = encoder.faults.index(fault)
    reading = encoder.read(["I am sorry that the bus never came.", text])
    assert reading.sentences[1, place] > reading.sentences[0, place] + 1
    assert min(reading.sentences[1, place], reading.draft[place]) > 0


def test_the_order_of_words_counts() -> None:
    encoder = load_reply_encoder()
    blaming = encoder.faults.index("blaming")
    ours, yours = "We did not read what you sent.", "You did not read what we sent."
    told = [encoder.read([text]).sentences[0, blaming] for text in (ours, yours)]
    assert told[1] > max(told[0] + 1, 0)


def test_a_sentence_is_read_beside_the_others_and_the_text() -> None:
    encoder = load_reply_encoder()
    lacking = len(encoder.faults) + encoder.lacks.index("no_commitment")
    about, sorry = "Nobody came to mend the boiler.", "I am sorry that nobody came."
    step = "The engineer will be with you at nine tomorrow."
    assert encoder.read([sorry], about).draft[lacking] > 0
    assert encoder.read([sorry, step], about).draft[lacking] < 0


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=4), st.text(max_size=60))
def test_any_draft_is_read(sentences: list[str], about: str) -> None:
    encoder = load_reply_encoder()
    reading = encoder.read(sentences, about)
    assert reading.sentences.shape == (len(sentences), len(encoder.faults))
    assert reading.draft.shape == (len(encoder.faults) + len(encoder.lacks),)
    assert np.isfinite(reading.sentences).all()
    assert np.isfinite(reading.draft).all()


def test_a_long_draft_is_read_in_blocks_and_to_its_end() -> None:
    encoder = load_reply_encoder()
    place = encoder.faults.index("blaming")
    calm = ["The driver left the depot at nine and was held up by the flood."] * 60
    blame = "You should have read the label."
    alone = encoder.read(calm)
    reading = encoder.read([*calm, blame])
    assert len(reading.sentences) == 61
    assert reading.draft[place] > 0 > alone.draft[place]
    assert reading.sentences[-1, place] > 0


def test_blocks_hold_whole_sentences_and_no_more_than_the_limits() -> None:
    pieces = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"], PART_LIMIT)
    blocks = [*lay_out(pieces, "a " * 200, ["a " * 200, "a"] * 5)]
    assert len(blocks) > 1
    assert max(len(block.pieces) for block in blocks) <= LIMIT
    assert max(len(block.owners) - block.owners.count(0) for block in blocks) <= OWN_LIMIT
    assert sum(block.owners[-1] for block in blocks) == 10


def test_weights_in_torchs_names_are_taken_up() -> None:
    """One layer that passes its input on: what is left is the normalised word."""
    width, vocabulary = 12, ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b")
    random = np.random.default_rng(0)
    zeros, ones = np.zeros(width, np.float32), np.ones(width, np.float32)
    square, layer = np.zeros((width, width), np.float32), "bert.encoder.layer.0."
    state = {
        "bert.embeddings.word_embeddings.weight": random.normal(size=(6, width)),
        "bert.embeddings.position_embeddings.weight": np.zeros((LIMIT, width)),
        "bert.embeddings.token_type_embeddings.weight": np.zeros((2, width)),
        f"{layer}intermediate.dense.weight": np.zeros((4 * width, width)),
        f"{layer}intermediate.dense.bias": np.zeros(4 * width),
        f"{layer}output.dense.weight": np.zeros((width, 4 * width)),
        "heads.weight": np.eye(2, width),
        "heads.bias": np.zeros(2),
        "whole.weight": np.eye(3, 2 * width),
        "whole.bias": np.zeros(3),
    }
    inner = ("attention.self.query", "attention.self.key", "attention.self.value")
    for name in (*inner, "attention.output.dense"):
        state |= {f"{layer}{name}.weight": square, f"{layer}{name}.bias": zeros}
    state[f"{layer}output.dense.bias"] = zeros
    for name in ("bert.embeddings", f"{layer}attention.output", f"{layer}output"):
        state |= {f"{name}.LayerNorm.weight": ones, f"{name}.LayerNorm.bias": zeros}
    state = {name: array.astype(np.float32) for name, array in state.items()}
    encoder = ReplyEncoder.from_state(
        state, faults=("x", "y"), lacks=("z",), vocabulary=vocabulary, layers=1
    )
    words = state["bert.embeddings.word_embeddings.weight"]
    words = (words - words.mean(axis=1, keepdims=True)) / words.std(axis=1, keepdims=True)
    reading = encoder.read(["a", "b"])
    for row, piece in zip(reading.sentences, (4, 5), strict=True):
        np.testing.assert_allclose(row, words[[piece, 3]].mean(axis=0)[:2], atol=0.02)
    np.testing.assert_allclose(reading.draft, words[2][:3], atol=0.02)
    content = write_reply_encoder(encoder)
    again = read_reply_encoder(content, "tiny").read(["a b"])
    np.testing.assert_array_equal(again.draft, encoder.read(["a b"]).draft)


def test_a_file_that_does_not_fit_together_is_refused() -> None:
    content = write_reply_encoder(load_reply_encoder())
    arrays, header = read_container(content, "copy", formats=FORMAT)
    with pytest.raises(ModelFileError, match="no model file"):
        read_reply_encoder(content[: len(content) // 2], "half")
    with pytest.raises(ModelFileError, match="does not fit together"):
        read_reply_encoder(
            write_container({k: v for k, v in arrays.items() if k != "heads"}, header), "headless"
        )
    with pytest.raises(ModelFileError, match=r"^biased reads its golden draft differently"):
        read_reply_encoder(
            write_container(arrays | {"heads_bias": arrays["heads_bias"] + 1}, header), "biased"
        )
