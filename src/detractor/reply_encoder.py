"""A small encoder that reads a sentence of a draft reply with its order, not as a bag of words.

A few layers of self-attention over word pieces (Vaswani and others 2017), the lowest of a sentence
encoder, trained on the sentences of `training/replies.txt`. Weights are whole numbers of 8 bits
with a scale for each column; they are restored when the file is read, and numpy does the rest.
The sentences of a draft share the large products, and attend to none but themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from detractor.container import carried, read_container, write_container
from detractor.errors import ModelFileError
from detractor.wordpiece import WordPiece

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from detractor.container import Arrays

FORMAT = 1
FILE = "reply_encoder.safetensors"
LIMIT = 96
"""The most word pieces of a sentence that are read; of longer ones, the head and the tail."""
ATTENTION_HEADS = 12
GOLDEN_TEXT = "We are sorry that the engineer never came. He will be with you at nine tomorrow."
_GOLDEN_TOLERANCE = 1e-2
_EPSILON = 1e-12
_PACKED = ("words", "places", "attention", "output", "wide", "narrow")
_PLAIN = (
    "attention_bias", "output_bias", "wide_bias", "narrow_bias", "first_norm", "attention_norm",
    "last_norm", "heads", "heads_bias",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class ReplyEncoder:
    """The weights of an encoder, which says how sure it is that a sentence does each act.

    Parameters
    ----------
    acts : tuple of str
        What a sentence may do.
    vocabulary : tuple of str
        The word pieces.
    arrays : dict of str to array
        Matrices as int8, each with ``<name>_scales``; biases, norms and heads as float32. Those of
        layers are stacked: ``attention`` (layers, width, 3 width) holds queries, keys and values.
    header : mapping
        What the file says of itself.

    Examples
    --------
    >>> encoder = load_reply_encoder()
    >>> bool(encoder.sums(["Sorry if you felt ignored."])[0, 0] > 0.5), encoder.acts[0]
    (True, 'conditional_apology')
    """

    acts: tuple[str, ...]
    vocabulary: tuple[str, ...]
    arrays: Arrays
    header: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, NDArray[np.float32]],
        *,
        acts: Sequence[str],
        vocabulary: Sequence[str],
        layers: int,
    ) -> ReplyEncoder:
        """Take the weights of a trained BERT with heads, and round its matrices to 8 bits.

        Parameters
        ----------
        state : mapping of str to array
            As torch names them: ``bert.…`` of transformers, ``heads.weight`` and ``heads.bias``.
        acts, vocabulary : sequence of str
            In the order of the rows of the heads and of the word embeddings.
        layers : int
            How many there are.

        Returns
        -------
        ReplyEncoder
        """

        def stack(name: str, *, turned: bool = False) -> NDArray[np.float32]:
            found = [state[f"bert.encoder.layer.{layer}.{name}"] for layer in range(layers)]
            return np.stack([array.T for array in found] if turned else found)

        embeddings = "bert.embeddings."
        inner = [f"attention.self.{part}." for part in ("query", "key", "value")]
        places = state[f"{embeddings}position_embeddings.weight"][:LIMIT]
        matrices = {
            "words": state[f"{embeddings}word_embeddings.weight"].T,
            "places": (places + state[f"{embeddings}token_type_embeddings.weight"][0]).T,
            "attention": np.concatenate([stack(f"{p}weight", turned=True) for p in inner], axis=2),
            "output": stack("attention.output.dense.weight", turned=True),
            "wide": stack("intermediate.dense.weight", turned=True),
            "narrow": stack("output.dense.weight", turned=True),
        }
        arrays: Arrays = {
            "attention_bias": np.concatenate([stack(f"{part}bias") for part in inner], axis=1),
            "output_bias": stack("attention.output.dense.bias"),
            "wide_bias": stack("intermediate.dense.bias"),
            "narrow_bias": stack("output.dense.bias"),
            "first_norm": np.stack(
                [state[f"{embeddings}LayerNorm.{part}"] for part in ("weight", "bias")]
            ),
            "heads": state["heads.weight"].T,
            "heads_bias": state["heads.bias"],
        }
        for name, source in (("attention_norm", "attention.output."), ("last_norm", "output.")):
            parts = [stack(f"{source}LayerNorm.{part}") for part in ("weight", "bias")]
            arrays[name] = np.stack(parts, axis=1)
        for name, matrix in matrices.items():
            arrays[name], arrays[f"{name}_scales"] = _pack(matrix)
        held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        return cls(tuple(acts), tuple(vocabulary), held)

    @cached_property
    def _weights(self) -> Arrays:
        """The matrices, restored."""
        restored = {
            name: self.arrays[name].astype(np.float32) * self.arrays[f"{name}_scales"]
            for name in _PACKED
        }
        return {name: self.arrays[name] for name in _PLAIN} | restored

    @cached_property
    def _pieces(self) -> WordPiece:
        return WordPiece(self.vocabulary, LIMIT)

    def sums(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Say of each text and act how sure it is, from -1 (never) to 1; 0 is an even chance.

        Parameters
        ----------
        texts : sequence of str
            Sentences.

        Returns
        -------
        array, shape (n, acts)
            Twice the probability in a draft, less 1; -1 for a text without a letter.

        Examples
        --------
        >>> load_reply_encoder().sums(["", "?!"]).max()
        np.float64(-1.0)
        """
        told = np.full((len(texts), len(self.acts)), -1.0)
        worded = [row for row, text in enumerate(texts) if any(map(str.isalpha, text))]
        if worded:
            logits = self._read([self._pieces.encode(texts[row]) for row in worded])
            told[worded] = np.tanh(logits / 2)
        return told

    def _read(self, sentences: list[list[int]]) -> NDArray[np.float32]:
        of = self._weights
        pieces = [piece for sentence in sentences for piece in sentence]
        places = [place for sentence in sentences for place in range(len(sentence))]
        ends = np.cumsum([len(sentence) for sentence in sentences])
        x = (of["words"][:, pieces] + of["places"][:, places]).T
        x = _normalise(x, of["first_norm"])
        for layer in range(len(of["attention"])):
            inner = x @ of["attention"][layer] + of["attention_bias"][layer]
            seen = np.concatenate([_attend(part) for part in np.split(inner, ends[:-1])])
            x = x + seen @ of["output"][layer] + of["output_bias"][layer]
            x = _normalise(x, of["attention_norm"][layer])
            wide = _gelu(x @ of["wide"][layer] + of["wide_bias"][layer])
            x = x + wide @ of["narrow"][layer] + of["narrow_bias"][layer]
            x = _normalise(x, of["last_norm"][layer])
        means = np.stack([part.mean(axis=0) for part in np.split(x, ends[:-1])])
        told: NDArray[np.float32] = means @ of["heads"] + of["heads_bias"]
        return told


def _pack(matrix: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round to 8 bits with one scale for each column."""
    scales = np.maximum(np.abs(matrix).max(axis=-2, keepdims=True), 1e-8) / 127
    return np.rint(matrix / scales).astype(np.int8), scales.astype(np.float32)


def _normalise(x: NDArray[np.float32], norm: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = x - x.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + _EPSILON)
    shaped: NDArray[np.float32] = centred / spread * norm[0] + norm[1]
    return shaped


def _attend(inner: NDArray[np.float32]) -> NDArray[np.float32]:
    """Let each piece of a sentence take up what it attends to, in several heads.

    `inner` (pieces, 3 width) holds queries, keys and values side by side.
    """
    length, width = len(inner), inner.shape[1] // 3
    split = (length, 3, ATTENTION_HEADS, width // ATTENTION_HEADS)
    queries, keys, values = inner.reshape(split).transpose(1, 2, 0, 3)
    match = queries @ keys.transpose(0, 2, 1) * np.float32(split[3] ** -0.5)
    shares = np.exp(match - match.max(axis=2, keepdims=True))
    shares /= shares.sum(axis=2, keepdims=True)
    seen: NDArray[np.float32] = (shares @ values).transpose(1, 0, 2).reshape(length, width)
    return seen


def _gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Apply the Gaussian error linear unit by its tanh form (Hendrycks and Gimpel 2016)."""
    root = np.float32((2 / np.pi) ** 0.5)
    shaped: NDArray[np.float32] = (
        x * np.float32(0.5) * (1 + np.tanh(root * (x + np.float32(0.044715) * x * x * x)))
    )
    return shaped


@cache
def load_reply_encoder() -> ReplyEncoder:
    """Read the encoder that the package carries.

    Raises
    ------
    ModelFileError
        If it is missing, was damaged, or does not compute here what it computed when written.

    Examples
    --------
    >>> load_reply_encoder() is load_reply_encoder()
    True
    """
    return read_reply_encoder(carried(FILE).read_bytes(), FILE)


def read_reply_encoder(content: bytes, name: str) -> ReplyEncoder:
    """Read the content of a file; `name` is what the errors call it.

    Raises
    ------
    ModelFileError
        As `load_reply_encoder`.

    Examples
    --------
    >>> len(read_reply_encoder(write_reply_encoder(load_reply_encoder()), "copy").vocabulary)
    11000
    """
    arrays, header = read_container(content, name, formats=FORMAT)
    try:
        words = arrays.pop("vocabulary").tobytes().decode().split("\n")
        encoder = ReplyEncoder(tuple(header["acts"]), tuple(words), arrays, header)
        found = encoder.sums([GOLDEN_TEXT])[0]
        if not np.allclose(found, header["golden"], atol=_GOLDEN_TOLERANCE):
            raise ModelFileError(f"{name} reads its golden text differently here; reinstall it")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ModelFileError(f"{name} does not fit together ({error}); save it anew") from error
    return encoder


def write_reply_encoder(encoder: ReplyEncoder) -> bytes:
    """Write an encoder as the content of a file.

    Examples
    --------
    >>> len(write_reply_encoder(load_reply_encoder())) < 12_000_000
    True
    """
    header = dict(encoder.header) | {
        "format": FORMAT,
        "acts": list(encoder.acts),
        "golden": encoder.sums([GOLDEN_TEXT])[0].tolist(),
    }
    words = np.frombuffer("\n".join(encoder.vocabulary).encode(), dtype=np.uint8)
    return write_container({**encoder.arrays, "vocabulary": words}, header)
