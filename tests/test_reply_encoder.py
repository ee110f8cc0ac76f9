"""The encoder that reads the sentences of drafts: its sums, its file, its weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detractor.container import read_container, write_container
from detractor.errors import ModelFileError
from detractor.reply_encoder import (
    FORMAT,
    LIMIT,
    ReplyEncoder,
    load_reply_encoder,
    read_reply_encoder,
    write_reply_encoder,
)

SENTENCES = [
    ("Sorry if you felt ignored.", "conditional_apology"),
    ("That is simply not true.", "arguing"),
    ("You should have read the label.", "blaming"),
    ("I have refunded the fee this morning.", "fixing"),
    ("Which of the two lights is on?", "moving"),
]


@pytest.mark.parametrize(("text", "act"), SENTENCES, ids=[act for _, act in SENTENCES])
def test_each_act_is_read(text: str, act: str) -> None:
    encoder = load_reply_encoder()
    place = encoder.acts.index(act)
    sums = encoder.sums([text, "The office is on the second floor."])
    assert sums[0, place] > 0 > sums[1, place]


def test_the_order_of_words_counts() -> None:
    encoder = load_reply_encoder()
    ours, yours = "We did not read what you sent.", "You did not read what we sent."
    hostile = encoder.sums([ours, yours])[:, encoder.acts.index("hostile")]
    assert hostile[0] < 0 < hostile[1]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(max_size=60), max_size=4))
def test_a_text_is_read_alike_in_any_company(texts: list[str]) -> None:
    encoder = load_reply_encoder()
    together = encoder.sums(texts)
    assert together.shape == (len(texts), len(encoder.acts))
    assert (np.abs(together) <= 1).all()
    for row, text in zip(together, texts, strict=True):
        np.testing.assert_allclose(encoder.sums([text])[0], row, atol=1e-5)


def test_a_long_text_is_cut_in_the_middle() -> None:
    encoder = load_reply_encoder()
    long = "We refund you. " + "Very " * 3 * LIMIT + "soon."
    assert np.isfinite(encoder.sums([long])).all()


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
    }
    inner = ("attention.self.query", "attention.self.key", "attention.self.value")
    for name in (*inner, "attention.output.dense"):
        state |= {f"{layer}{name}.weight": square, f"{layer}{name}.bias": zeros}
    state[f"{layer}output.dense.bias"] = zeros
    for name in ("bert.embeddings", f"{layer}attention.output", f"{layer}output"):
        state |= {f"{name}.LayerNorm.weight": ones, f"{name}.LayerNorm.bias": zeros}
    state = {name: array.astype(np.float32) for name, array in state.items()}
    encoder = ReplyEncoder.from_state(state, acts=("x", "y"), vocabulary=vocabulary, layers=1)
    words = state["bert.embeddings.word_embeddings.weight"][[2, 4, 3]]
    words = (words - words.mean(axis=1, keepdims=True)) / words.std(axis=1, keepdims=True)
    expected = np.tanh(words.mean(axis=0)[:2] / 2)
    np.testing.assert_allclose(encoder.sums(["a"])[0], expected, atol=0.02)
    content = write_reply_encoder(encoder)
    np.testing.assert_array_equal(
        read_reply_encoder(content, "tiny").sums(["a b"]), encoder.sums(["a b"])
    )


def test_a_file_that_does_not_fit_together_is_refused() -> None:
    content = write_reply_encoder(load_reply_encoder())
    arrays, header = read_container(content, "copy", formats=FORMAT)
    with pytest.raises(ModelFileError, match="no model file"):
        read_reply_encoder(content[: len(content) // 2], "half")
    with pytest.raises(ModelFileError, match="does not fit together"):
        read_reply_encoder(
            write_container({k: v for k, v in arrays.items() if k != "heads"}, header), "headless"
        )
    with pytest.raises(ModelFileError, match="reads its golden text differently"):
        read_reply_encoder(
            write_container(arrays | {"heads_bias": arrays["heads_bias"] + 1}, header), "biased"
        )
