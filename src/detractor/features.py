"""Text to sparse hashed features in one compiled pass, as a scikit-learn transformer.

What a text gives: its words, its pairs of neighbouring words, its words once more where they stand
under a negation, and its marks of emphasis, each hashed to one of `n_features` columns. Words that
say who somebody is are all one word (`data/identity.toml`), numbers are classes, and addresses and
handles are nothing.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from detractor.characters import Characters, characters, encode
from detractor.compilation import compile_all, compiled, compiled_with_arrays
from detractor.errors import ParameterError
from detractor.text import coerce
from detractor.tokens import (
    CAPITALS,
    ELLIPSIS,
    ELONGATED,
    FULL_STOP,
    NEGATED_VERB,
    hash_word,
    make_room,
    tokenize,
    tokenize_into,
)
from detractor.vocabulary import (
    SCOPE,
    UNKNOWN,
    KnownWords,
    Vocabulary,
    build_vocabulary,
    find_row,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEGATIONS = (
    "not no never nothing nobody none nor neither cannot without hardly barely "
    "pas jamais rien aucun sans nao nunca nem sem nicht kein keine nie ohne sin tampoco"
)
CONTRASTS = "but however though although yet except mais cependant mas porem aber jedoch pero"

_MIX = np.uint64(0x9E3779B97F4A7C15)
_PAIR, _NEGATED = np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)
_SHOUTED, _STRETCHED = np.uint64(101), np.uint64(102)  # hashes of marks, which no word has
_NEUTRAL, _NEGATION, _CONTRAST, _STAND_IN = 1, 2, 3, 4
"""What a listed word does; from the last of these on it stands in for others."""


class Rules(NamedTuple):
    """What the pass knows of words: which are neutral or stand for another, which negate."""

    characters: Characters
    words: Vocabulary
    stand_ins: NDArray[np.uint64]


@cache
def rules() -> Rules:
    """Build the rules from `data/identity.toml` and the lists of this module."""
    path = resources.files("detractor") / "data" / "identity.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    effects: dict[int, int] = {hash_word(word): _NEGATION for word in NEGATIONS.split()}
    effects |= {hash_word(word): _CONTRAST for word in CONTRASTS.split()}
    for group in table["neutral"].values():
        effects |= {hash_word(word): _NEUTRAL for word in group.split()}
    stand_ins: list[int] = []
    for group in table["same"].values():
        effects |= {hash_word(word): _STAND_IN + len(stand_ins) for word in group.split()}
        stand_ins.append(hash_word(group.split()[0]))
    codes = np.array([(code, UNKNOWN) for code in effects.values()], dtype=np.int32)
    hashes, negated = np.array(list(effects), dtype=np.uint64), np.empty(0, dtype=np.int32)
    vocabulary = build_vocabulary(KnownWords(hashes, codes, negated))
    return Rules(characters(), vocabulary, np.array(stand_ins, dtype=np.uint64))


@compiled
def _column(value, mask):
    mixed = value * _MIX
    return np.int32((mixed ^ (mixed >> np.uint64(29))) & mask)


@compiled
def extract_into(hashes, flags, found, rules, mask, columns, owners):
    """Write the column and the token of each feature of one text; return how many there are.

    A token has at most four features. The owner of a pair is its second word.
    """
    count = 0
    reach = 0
    previous = np.uint64(0)
    for index in range(found):
        value = hashes[index]
        effect = find_row(value, rules.words)
        if effect == _NEUTRAL:
            value = np.uint64(100)
            if previous == value:
                continue
        elif effect >= _STAND_IN:
            value = rules.stand_ins[effect - _STAND_IN]
        first = count
        columns[count] = _column(value, mask)
        count += 1
        if index:
            columns[count] = _column((previous * _PAIR) ^ value, mask)
            count += 1
        if reach > 0:
            reach -= 1
            columns[count] = _column(value ^ _NEGATED, mask)
            count += 1
        if effect == _NEGATION or flags[index] & NEGATED_VERB:
            reach = SCOPE
        elif effect == _CONTRAST or FULL_STOP <= value <= ELLIPSIS:
            reach = 0
        if flags[index] & (CAPITALS | ELONGATED):
            mark = _SHOUTED if flags[index] & CAPITALS else _STRETCHED
            columns[count] = _column(mark, mask)
            count += 1
        owners[first:count] = index
        previous = value
    return count


@compiled
def extract_text(buffer, begin, end, rules, mask, room, columns, owners):
    """Do the same from the bytes of one text, with the `room` that `make_room` made."""
    hashes, starts, ends, flags = room
    found = tokenize_into(buffer, begin, end, rules.characters, hashes, starts, ends, flags)
    return extract_into(hashes, flags, found, rules, mask, columns, owners)


@compiled_with_arrays
def extract_batch(buffer, offsets, rules, mask, columns, bounds):
    """Write the columns of all texts, and where each text's begin."""
    room = make_room(offsets)
    owners = np.empty(4 * room[0].size, np.int64)
    count = np.int64(0)
    for index in range(offsets.size - 1):
        begin, end = offsets[index], offsets[index + 1]
        count += extract_text(buffer, begin, end, rules, mask, room, columns[count:], owners)
        bounds[index + 1] = count


@compiled_with_arrays
def sum_batch(buffer, offsets, rules, weights, sums, counts):
    """Add up the rows of weights of all features of each text, and count the features."""
    room = make_room(offsets)
    size = 4 * room[0].size
    columns, owners = np.empty(size, np.int32), np.empty(size, np.int64)
    mask = np.uint64(weights.shape[0] - 1)
    for index in range(offsets.size - 1):
        begin, end = offsets[index], offsets[index + 1]
        count = extract_text(buffer, begin, end, rules, mask, room, columns, owners)
        counts[index] = count
        for feature in range(count):
            for output in range(weights.shape[1]):
                sums[index, output] += weights[columns[feature], output]


def sum_weights(
    texts: Sequence[str], weights: NDArray[np.int8]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sum the weights of each text's features, one column an output, and count the features.

    Examples
    --------
    >>> sums, counts = sum_weights(["so sad", ""], np.ones((256, 2), dtype=np.int8))
    >>> sums.tolist(), counts.tolist()
    ([[3, 3], [0, 0]], [3, 0])
    """
    buffer, offsets = encode(texts)
    sums = np.zeros((len(texts), weights.shape[1]), dtype=np.int64)
    counts = np.zeros(len(texts), dtype=np.int64)
    compile_all()
    sum_batch(buffer, offsets, rules(), weights, sums, counts)
    return sums, counts


def extract(texts: Sequence[str], n_features: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """List the columns of all texts' features and the bounds of each text."""
    buffer, offsets = encode(texts)
    columns = np.empty(4 * buffer.size + 4, dtype=np.int32)
    bounds = np.zeros(len(texts) + 1, dtype=np.int64)
    compile_all()
    extract_batch(buffer, offsets, rules(), np.uint64(n_features - 1), columns, bounds)
    return columns[: bounds[-1]].copy(), bounds


def feature_owners(
    text: str, n_features: int
) -> tuple[NDArray[np.int32], NDArray[np.int64], list[tuple[int, int]]]:
    """List the column and the token of each feature of one text, and the spans of the tokens."""
    compile_all()
    tokens = tokenize(text)
    found = tokens.hashes.size
    columns, owners = np.empty(4 * found, np.int32), np.empty(4 * found, np.int64)
    mask = np.uint64(n_features - 1)
    count = extract_into(tokens.hashes, tokens.flags, found, rules(), mask, columns, owners)
    spans = list(zip(tokens.starts.tolist(), tokens.ends.tolist(), strict=True))
    return columns[:count], owners[:count], spans


class FeedbackFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn texts into rows of hashed features of length one.

    Stateless: `transform` needs no `fit`, and a text gives the same row in any batch.

    Parameters
    ----------
    n_features : int, default 2**18
        Columns; a power of two from 2**8 to 2**24.
    batch_size : int, default 65536
        Texts read at a time: what bounds the memory.

    Examples
    --------
    >>> FeedbackFeatures().transform(["Not bad at all", ""]).getnnz(axis=1).tolist()
    [10, 0]
    """

    def __init__(self, *, n_features: int = 2**18, batch_size: int = 65536) -> None:
        self.n_features = n_features
        self.batch_size = batch_size

    def fit(self, texts: object, y: object = None) -> Self:
        """Check the parameters; nothing is learned."""
        self._check()
        return self

    def transform(self, texts: object) -> sparse.csr_matrix:
        """Give one row a text.

        Parameters
        ----------
        texts : str, or list, array or Series of any values
            Rows that hold no text become rows of zeros.

        Returns
        -------
        scipy.sparse.csr_matrix, shape (n, n_features), float32
            Rows of Euclidean length one.

        Raises
        ------
        ParameterError
            If a parameter is outside its range.
        """
        self._check()
        rows = coerce(texts).texts
        step = self.batch_size
        blocks = [self._block(rows[first : first + step]) for first in range(0, len(rows), step)]
        if not blocks:
            blocks = [self._block([])]
        stacked: sparse.csr_matrix = sparse.vstack(blocks, format="csr")
        return stacked

    def _block(self, texts: Sequence[str]) -> Any:
        columns, bounds = extract(texts, self.n_features)
        values = np.ones(columns.size, dtype=np.float32)
        matrix = sparse.csr_matrix((values, columns, bounds), shape=(len(texts), self.n_features))
        matrix.sum_duplicates()
        squares = np.bincount(
            np.repeat(np.arange(len(texts)), np.diff(matrix.indptr)),
            weights=matrix.data.astype(np.float64) ** 2,
            minlength=len(texts),
        )
        lengths = np.sqrt(np.maximum(squares, 1.0))
        matrix.data /= np.repeat(lengths, np.diff(matrix.indptr)).astype(np.float32)
        return matrix

    def _check(self) -> None:
        n = self.n_features
        if not isinstance(n, int) or n & (n - 1) or not 2**8 <= n <= 2**24:
            raise ParameterError(
                f"n_features={n!r} is not a power of two from 256 to 16777216; try 2**18"
            )
        if not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ParameterError(f"batch_size={self.batch_size!r} is below 1; try 65536")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags
