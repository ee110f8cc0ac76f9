"""A small encoder that reads a draft reply beside the text that it answers.

A few layers of self-attention over word pieces (Vaswani and others 2017), the lowest of a sentence
encoder, trained on the sentences of `training/replies.txt` and the drafts of `training/drafts.csv`.
The text comes first, then the sentences of the draft, and each piece attends to all: so a sentence
is read in its place, a cause beside an apology otherwise than a cause alone. Weights are whole
numbers of 8 bits with a scale for each column; they are restored when the file is read, and numpy
does the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from detractor.container import carried, fitted_together, read_container, write_container
from detractor.errors import ModelFileError
from detractor.wordpiece import WordPiece

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from detractor.container import Arrays

FORMAT = 2
FILE = "reply_encoder.safetensors"
LIMIT = 384
"""The most word pieces that can be read at once."""
OWN_LIMIT = 112
"""The most of a draft that are; a longer one is read in several blocks. Drafts that are as long as
few were in training (one in ten above 143 with the text) hide a fault among good sentences."""
PART_LIMIT = 96
"""The most word pieces of the text, and of a sentence; of longer ones, the head and the tail."""
ATTENTION_HEADS = 12
GOLDEN_ABOUT = "Nobody came to mend the boiler."
GOLDEN_DRAFT = ("Engineers are busy in winter.", "You could have called again.")
_GOLDEN_TOLERANCE = 3e-2
_EPSILON = 1e-12
_PACKED = ("words", "places", "attention", "output", "wide", "narrow")
_PLAIN = (
    "kinds", "attention_bias", "output_bias", "wide_bias", "narrow_bias", "first_norm",
    "attention_norm", "last_norm", "heads", "heads_bias", "whole", "whole_bias",
)  # fmt: skip


class Reading(NamedTuple):
    """What a draft was found to do, as log odds: 0 is an even chance.

    Parameters
    ----------
    sentences : array, shape (n, faults)
        Of each sentence, that it commits the fault.
    draft : array, shape (faults + lacks,)
        Of the whole draft, that it commits the fault or lacks this.

    Examples
    --------
    >>> Reading(np.zeros((2, 7)), np.zeros(9)).draft.shape
    (9,)
    """

    sentences: NDArray[np.float64]
    draft: NDArray[np.float64]


class Block(NamedTuple):
    """A text and sentences laid out to be read at once.

    Parameters
    ----------
    pieces : list of int
        Word pieces: ``[CLS]``, the text, ``[SEP]``, and each sentence with a ``[SEP]``.
    owners : list of int
        Of each piece the sentence it is part of, counted from 1; 0 for the text.

    Examples
    --------
    >>> Block([2, 3, 7, 3], [0, 0, 1, 1]).owners[-1]
    1
    """

    pieces: list[int]
    owners: list[int]


def lay_out(
    pieces: WordPiece, about: str, sentences: Sequence[str], *, limit: int = OWN_LIMIT
) -> Iterator[Block]:
    """Cut a text and the sentences of a draft into word pieces, in as few blocks as hold them.

    Parameters
    ----------
    pieces : WordPiece
        The vocabulary, with a limit of `PART_LIMIT`.
    about : str
        The text that is answered; it opens every block.
    sentences : sequence of str
        Those of the draft.
    limit : int
        The most word pieces of the draft in a block, which holds one sentence at least.

    Yields
    ------
    Block

    Examples
    --------
    >>> (block,) = lay_out(WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a"]), "a", ["a a", "a"])
    >>> block.owners
    [0, 0, 0, 1, 1, 1, 2, 2]
    """
    opening = pieces.encode(about)
    own: list[int] = []
    owners: list[int] = []
    for sentence in sentences:
        more = pieces.encode(sentence)[1:]
        if own and len(own) + len(more) > limit:
            yield Block(opening + own, [0] * len(opening) + owners)
            own, owners = [], []
        own += more
        owners += [owners[-1] + 1 if owners else 1] * len(more)
    yield Block(opening + own, [0] * len(opening) + owners)


@dataclass(frozen=True, eq=False)
class ReplyEncoder:
    """The weights of an encoder, which says how likely a draft commits each fault.

    Parameters
    ----------
    faults : tuple of str
        What a sentence may commit.
    lacks : tuple of str
        What a draft may lack.
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
    >>> reading = encoder.read(["Sorry if you felt ignored."])
    >>> bool(reading.sentences[0, 0] > 0), encoder.faults[0]
    (True, 'conditional_apology')
    """

    faults: tuple[str, ...]
    lacks: tuple[str, ...]
    vocabulary: tuple[str, ...]
    arrays: Arrays
    header: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_state(
        cls,
        state: Mapping[str, NDArray[np.float32]],
        *,
        faults: Sequence[str],
        lacks: Sequence[str],
        vocabulary: Sequence[str],
        layers: int,
    ) -> ReplyEncoder:
        """Take the weights of a trained BERT with heads, and round its matrices to 8 bits.

        Parameters
        ----------
        state : mapping of str to array
            As torch names them: ``bert.…`` of transformers, ``heads.…`` with a row for each fault,
            ``whole.…`` with one for each fault and lack.
        faults, lacks, vocabulary : sequence of str
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
        matrices = {
            "words": state[f"{embeddings}word_embeddings.weight"].T,
            "places": state[f"{embeddings}position_embeddings.weight"][:LIMIT].T,
            "attention": np.concatenate([stack(f"{p}weight", turned=True) for p in inner], axis=2),
            "output": stack("attention.output.dense.weight", turned=True),
            "wide": stack("intermediate.dense.weight", turned=True),
            "narrow": stack("output.dense.weight", turned=True),
        }
        arrays: Arrays = {
            "kinds": state[f"{embeddings}token_type_embeddings.weight"],
            "attention_bias": np.concatenate([stack(f"{part}bias") for part in inner], axis=1),
            "output_bias": stack("attention.output.dense.bias"),
            "wide_bias": stack("intermediate.dense.bias"),
            "narrow_bias": stack("output.dense.bias"),
            "first_norm": np.stack(
                [state[f"{embeddings}LayerNorm.{part}"] for part in ("weight", "bias")]
            ),
        }
        for name in ("heads", "whole"):
            arrays[name], arrays[f"{name}_bias"] = state[f"{name}.weight"].T, state[f"{name}.bias"]
        for name, source in (("attention_norm", "attention.output."), ("last_norm", "output.")):
            parts = [stack(f"{source}LayerNorm.{part}") for part in ("weight", "bias")]
            arrays[name] = np.stack(parts, axis=1)
        for name, matrix in matrices.items():
            arrays[name], arrays[f"{name}_scales"] = _pack(matrix)
        held = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        return cls(tuple(faults), tuple(lacks), tuple(vocabulary), held)

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
        return WordPiece(self.vocabulary, PART_LIMIT)

    def read(self, sentences: Sequence[str], about: str = "") -> Reading:
        """Say how likely a draft commits each fault, and lacks what it should hold.

        Parameters
        ----------
        sentences : sequence of str
            Those of the draft, in order.
        about : str, optional
            The text that it answers.

        Returns
        -------
        Reading
            A draft of several blocks commits what one of them does, and lacks what all of them do.

        Examples
        --------
        >>> reading = load_reply_encoder().read(["Thank you.", "It is on its way."], "Where is it?")
        >>> reading.sentences.shape, reading.draft.shape
        ((2, 7), (9,))
        """
        parts = [self._read(block) for block in lay_out(self._pieces, about, sentences or [""])]
        told = np.concatenate([part.sentences for part in parts])[: len(sentences)]
        whole = np.stack([part.draft for part in parts])
        count = len(self.faults)
        return Reading(
            told, np.concatenate([whole[:, :count].max(axis=0), whole[:, count:].min(axis=0)])
        )

    def _read(self, block: Block) -> Reading:
        of = self._weights
        owners = np.array(block.owners)
        x = (of["words"][:, block.pieces] + of["places"][:, : len(owners)]).T
        x = _normalise(x + of["kinds"][(owners > 0).astype(np.intp)], of["first_norm"])
        for layer in range(len(of["attention"])):
            seen = _attend(x @ of["attention"][layer] + of["attention_bias"][layer])
            x = x + seen @ of["output"][layer] + of["output_bias"][layer]
            x = _normalise(x, of["attention_norm"][layer])
            wide = _gelu(x @ of["wide"][layer] + of["wide_bias"][layer])
            x = x + wide @ of["narrow"][layer] + of["narrow_bias"][layer]
            x = _normalise(x, of["last_norm"][layer])
        means = np.stack([x[owners == part].mean(axis=0) for part in range(1, owners[-1] + 1)])
        ends = np.concatenate([x[0], x[owners > 0].mean(axis=0)])
        return Reading(
            (means @ of["heads"] + of["heads_bias"]).astype(np.float64),
            (ends @ of["whole"] + of["whole_bias"]).astype(np.float64),
        )


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
    """Let each piece take up what it attends to, in several heads.

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
    with fitted_together(name):
        words = arrays.pop("vocabulary").tobytes().decode().split("\n")
        named = tuple(header["faults"]), tuple(header["lacks"])
        encoder = ReplyEncoder(*named, tuple(words), arrays, header)
        if not np.allclose(_read_golden(encoder), header["golden"], atol=_GOLDEN_TOLERANCE):
            raise ModelFileError(f"{name} reads its golden draft differently here; reinstall it")
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
        "faults": list(encoder.faults),
        "lacks": list(encoder.lacks),
        "golden": _read_golden(encoder).tolist(),
    }
    words = np.frombuffer("\n".join(encoder.vocabulary).encode(), dtype=np.uint8)
    return write_container({**encoder.arrays, "vocabulary": words}, header)


def _read_golden(encoder: ReplyEncoder) -> NDArray[np.float64]:
    reading = encoder.read(GOLDEN_DRAFT, GOLDEN_ABOUT)
    return np.concatenate([reading.sentences.ravel(), reading.draft])
