"""Group places by direction, without chance: the same places give the same groups.

Random starts are why topic models differ from run to run. Here the starts are chosen greedily from
the words of the table, each the one that explains most of what is not yet explained, so that a day
of new rows seldom changes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detractor.word_space import unit

if TYPE_CHECKING:
    import scipy.sparse as sp
    from numpy.typing import NDArray

CANDIDATES = 400
JUDGED_PLACES = 5_000
FITTED_PLACES = 30_000
MOST_STEPS = 60


def choose_starts(
    places: NDArray[np.float32],
    counts: sp.csr_matrix,
    *,
    count: int,
    fixed: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Choose where groups start: directions of words that between them lie near most places.

    A candidate is the mean direction of the places that share a word or pair. The next start is
    the candidate that raises the summed similarity of places to their nearest start most (greedy
    facility location, within 63 % of the best choice: Nemhauser, Wolsey and Fisher 1978).

    Parameters
    ----------
    places : array, shape (n, dimensions)
        Vectors of length 1 or 0.
    counts : sparse matrix, shape (n, n_words)
        Which words each place has, commonest words first.
    count : int
        How many starts to choose.
    fixed : array, optional
        Starts that are given; the others are chosen beside them.

    Returns
    -------
    array, shape (fixed + at most count, dimensions)

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> places = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    >>> words = sp.csr_matrix(np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32))
    >>> choose_starts(places, words, count=2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    present = counts[:, :CANDIDATES].copy()
    present.data[:] = 1
    candidates = unit(np.asarray(present.T @ places, dtype=np.float32))
    step = max(1, -(-len(places) // JUDGED_PLACES))
    judged = places[::step]
    gains_of = np.maximum(judged @ candidates.T, 0)
    starts = [] if fixed is None else list(fixed)
    explained = (
        np.zeros(len(judged), dtype=np.float32)
        if not starts
        else np.maximum(judged @ np.array(starts).T, 0).max(axis=1)
    )
    for _ in range(min(count, len(candidates))):
        gains = np.maximum(gains_of - explained[:, None], 0).sum(axis=0)
        best = int(gains.argmax())
        if gains[best] <= 1e-6:
            break
        starts.append(candidates[best])
        explained = np.maximum(explained, gains_of[:, best])
    return np.array(starts, dtype=np.float32).reshape(len(starts), places.shape[1])


def group(
    places: NDArray[np.float32], starts: NDArray[np.float32], *, held: int = 0
) -> NDArray[np.float32]:
    """Move each start to the middle of its places until none moves (spherical k-means).

    Parameters
    ----------
    places : array, shape (n, dimensions)
        Vectors of length 1 or 0.
    starts : array, shape (k, dimensions)
        Where the groups start.
    held : int
        The first so many starts are the user's: half of their direction stays.

    Returns
    -------
    array, shape (k, dimensions)
        The middles, of length 1.

    Examples
    --------
    >>> places = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    >>> [[round(float(x), 2) for x in middle] for middle in group(places, places[[0, 2]])]
    [[0.95, 0.32], [0.0, 1.0]]
    """
    step = max(1, -(-len(places) // FITTED_PLACES))
    fitted = places[::step]
    middles, nearest = starts, None
    for _ in range(MOST_STEPS):
        now = (fitted @ middles.T).argmax(axis=1)
        if nearest is not None and (now == nearest).all():
            break
        nearest = now
        sums = np.zeros_like(middles)
        np.add.at(sums, nearest, fitted)
        moved = unit(sums)
        moved[:held] = unit(moved[:held] + starts[:held])
        empty = ~sums.any(axis=1)
        moved[empty] = middles[empty]
        middles = moved
    return middles


def merge_near(
    middles: NDArray[np.float32],
    sizes: NDArray[np.int64],
    *,
    nearness: float,
    held: int = 0,
    to_held: float | None = None,
) -> NDArray[np.intp]:
    """Say which groups are one: the nearest two are joined while nearer than a limit.

    Parameters
    ----------
    middles : array, shape (k, dimensions)
        Vectors of length 1.
    sizes : array, shape (k,)
        How many places each has, its weight in the joint middle.
    nearness : float
        Cosine above which two groups are one.
    held : int
        The first so many groups are never joined with each other.
    to_held : float, optional
        Cosine above which a group is one with a held one; `nearness` by default.

    Returns
    -------
    array, shape (k,)
        For each group the number of the one it belongs to.

    Examples
    --------
    >>> middles = np.array([[1, 0], [0, 1], [0.96, 0.28]], dtype=np.float32)
    >>> merge_near(middles, np.array([5, 5, 1]), nearness=0.9).tolist()
    [0, 1, 0]
    """
    owner = np.arange(len(middles))
    sums = middles * np.maximum(sizes, 1)[:, None]
    alive = np.ones(len(middles), dtype=bool)
    needed = np.full(len(middles), nearness)
    needed[:held] = nearness if to_held is None else to_held
    while alive.sum() > 1:
        directions = unit(sums)
        beyond = directions @ directions.T - needed[:, None]
        beyond[~np.outer(alive, alive)] = -1
        beyond[np.tril_indices(len(beyond))] = -1
        beyond[:held, :held] = -1
        first, second = np.unravel_index(int(beyond.argmax()), beyond.shape)
        if beyond[first, second] < 0:
            break
        sums[first] += sums[second]
        alive[second] = False
        owner[owner == second] = first
    return owner
