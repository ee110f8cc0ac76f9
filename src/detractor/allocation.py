"""Choose one option for each customer so that the total saving is largest: an exact programme.

This is the multiple-choice knapsack problem, with a budget and with stocks. Prices of the scarce
things, found by a linear programme, prove most options useless; the few that are left go to an
integer programme, so the result is the optimum and not a guess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from detractor.errors import ParameterError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TOLERANCE = 1e-6
_NEAR = 0.5  # cents between the bound and the lowest it could be
_TRIALS = 60
_FIRST_CORE = 100
_NODES = 300


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of all customers, one row each.

    Parameters
    ----------
    customer : array of int
        Whose option it is: 0, 1, ... in order; each has an option that needs nothing scarce.
    saving : array of int
        What the option is expected to save, in whole cents: nobody knows it better.
    needs : sparse array of int, options by resources
        What it takes of each scarce thing: whole numbers, such as cents and pieces.

    Examples
    --------
    >>> needs = csr_array(np.array([[0], [5], [0], [5]]))
    >>> saving = np.array([0, 3, 0, 4])
    >>> options = Options(customer=np.array([0, 0, 1, 1]), saving=saving, needs=needs)
    >>> allocate(options, np.array([5])).tolist()
    [0, 3]
    """

    customer: Ints
    saving: Ints
    needs: csr_array

    def __post_init__(self) -> None:
        if (np.diff(self.customer, prepend=-1) > 1).any() or (np.diff(self.customer) < 0).any():
            raise ParameterError("customers must be numbered 0, 1, ... in order; sort the options")
        free = np.asarray(self.needs.sum(axis=1)).ravel() == 0
        if np.unique(self.customer[free]).size != np.unique(self.customer).size:
            raise ParameterError("a customer has no option that needs nothing; add one to each")


def allocate(options: Options, available: NDArray[np.int64]) -> Ints:
    """Choose the row of one option for each customer, in order of the customers.

    Parameters
    ----------
    options : Options
        What may be chosen.
    available : array of int
        How much there is of each scarce thing.

    Returns
    -------
    array of int
        The largest total saving; the same input gives the same choice.

    Examples
    --------
    >>> options = Options(
    ...     customer=np.array([0, 0]), saving=np.array([0, 2]), needs=csr_array([[0], [1]])
    ... )
    >>> allocate(options, np.array([0])).tolist(), allocate(options, np.array([1])).tolist()
    ([0], [1])
    """
    best = _best(options, options.saving)
    if _fits(options, best, available):
        return best
    few = options.saving.size <= _FIRST_CORE
    prices = np.zeros(available.size) if few else _prices(options, available)
    priced = options.saving - options.needs @ prices
    bound_rows = _best(options, priced)
    start = _take_back(options, bound_rows, priced, available)
    bound = math.fsum(priced[bound_rows]) + float(available @ prices)
    loss = priced[bound_rows][options.customer] - priced
    by_loss = np.argsort(loss, kind="stable")
    size = len(start) + _FIRST_CORE
    while True:
        to_beat = int(options.saving[start].sum()) + 1
        useful = int(np.searchsorted(loss[by_loss], bound - to_beat + _TOLERANCE, side="right"))
        if bound < to_beat - _TOLERANCE:
            return start
        core = np.sort(by_loss[: min(size, useful)])
        start = _solve(options, core, available, start, proof=size >= useful)
        if size >= useful:
            return start
        size += 4 * (size - len(start))


def _best(options: Options, worth: Floats | Ints) -> Ints:
    """Take each customer's best option, the first among equals."""
    begins = np.flatnonzero(np.diff(options.customer, prepend=-1))
    highest = np.maximum.reduceat(worth, begins)
    rows = np.flatnonzero(worth == highest[options.customer])
    return rows[np.flatnonzero(np.diff(options.customer[rows], prepend=-1))]


def _fits(options: Options, rows: Ints, available: Ints) -> bool:
    return bool((_used(options, rows) <= available).all())


def _used(options: Options, rows: Ints) -> Ints:
    return np.asarray(options.needs[rows].sum(axis=0), dtype=np.int64).ravel()


def _prices(options: Options, available: Ints) -> Floats:
    """Price the scarce things so that the bound on the total saving is nearly as low as it can be.

    The bound is convex in the prices; each trial adds a plane that it lies above (Kelley's cutting
    planes). Any prices give a valid bound, so stopping early costs time later, never exactness.
    """
    size = available.size
    highest = np.zeros(size)
    for resource in range(size):
        needs = options.needs[:, [resource]].toarray().ravel()
        taking = needs > 0
        highest[resource] = (options.saving[taking] / needs[taking]).max(initial=0.0) + 1.0
    prices, best, lowest = np.zeros(size), np.zeros(size), np.inf
    planes: list[Floats] = []
    heights: list[float] = []
    for _ in range(_TRIALS):
        rows = _best(options, options.saving - options.needs @ prices)
        slope = (available - _used(options, rows)).astype(np.float64)
        bound = float(options.saving[rows].sum()) + float(slope @ prices)
        if bound < lowest:
            lowest, best = bound, prices
        planes.append(np.append(slope, -1.0))
        heights.append(float(slope @ prices) - bound)
        solved = linprog(
            np.append(np.zeros(size), 1.0),
            A_ub=np.array(planes),
            b_ub=np.array(heights),
            bounds=[*((0.0, top) for top in highest), (None, None)],
            method="highs",
        )
        if solved.x is None or solved.fun is None or lowest - solved.fun < _NEAR:
            break
        prices = solved.x[:size]
    return best


def _take_back(options: Options, rows: Ints, priced: Floats, available: Ints) -> Ints:
    """Take options back until all fits, those first whose customers lose least by it."""
    rows = rows.copy()
    free = np.asarray(options.needs.sum(axis=1)).ravel() == 0
    fallback = _best(options, np.where(free, options.saving, -np.inf))
    used = _used(options, rows)
    for place in np.argsort(priced[rows] - priced[fallback], kind="stable"):
        over = used > available
        if not over.any():
            break
        needed = _used(options, rows[[place]])
        if (needed[over] > 0).any():
            used -= needed
            rows[place] = fallback[place]
    return rows


def _solve(options: Options, core: Ints, available: Ints, start: Ints, *, proof: bool) -> Ints:
    """Solve the integer programme over the options in the core; keep `start` if that is no worse.

    Customers with one option left are settled beforehand.
    """
    customer = options.customer[core]
    settled = np.bincount(customer, minlength=start.size)[customer] == 1
    open_rows = core[~settled]
    if not open_rows.size:
        return start
    left = available - _used(options, core[settled])
    _, place = np.unique(customer[~settled], return_inverse=True)
    choice = csr_array((np.ones(place.size), (place, np.arange(place.size))))
    ones = np.ones(choice.shape[0])
    solved = milp(
        -options.saving[open_rows],
        constraints=[
            LinearConstraint(choice, ones, ones),
            LinearConstraint(options.needs[open_rows].T, -np.inf, left),
        ],
        bounds=Bounds(0, 1),
        integrality=np.ones(open_rows.size),
        options={"mip_rel_gap": 0.0} if proof else {"mip_rel_gap": 0.0, "node_limit": _NODES},
    )
    if solved.x is None:  # no whole solution within the core
        return start
    chosen = np.concatenate([core[settled], open_rows[solved.x > 0.5]])
    chosen = chosen[np.argsort(options.customer[chosen])]
    exact = chosen.size == start.size and _fits(options, chosen, available)
    better = exact and options.saving[chosen].sum() > options.saving[start].sum()
    return chosen if better else start
