"""Fit the compiled reader by hand-written back-propagation, one text at a time, on one core.

The forward pass is that of `detractor.network`, with one more output for each auxiliary label. The
tables learn by Adagrad with one step size a row, the small arrays by Adam over batches of 32 texts.
Sixty thousand texts a pass take about ten seconds, where the same network in a general framework
took four minutes on the same core: most of its time went into overheads of small operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from detractor.compilation import compiled, compiled_with_arrays
from detractor.network import MEMORIES

F = np.float32
BATCH = 32
MOMENTUM, SQUARES = 0.9, 0.99  # Adam's decay rates
LEAK = F(0.1)  # of the gradient through a saturated memory or gate that would move further out
LONGEST = 256  # words of a text that are trained on
COMMON = 30  # uses of a word from which its moves are evidence for words of near meaning


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How the network is fitted."""

    passes: int = 4
    orders: int = 2  # of the texts, each fitted from the same start; the parameters are averaged
    rate: float = 0.003
    table_rate: float = 6.0
    word_dropout: float = 0.05
    scale: float = 0.2
    rarity: float = 50.0  # uses at which a word moves half as itself, half as words near to it
    forget: float = 0.1  # what a pass leaves of Adagrad's sums: common words go on learning
    settled: float = 1e-3  # where Adagrad's sums start: high where rows have learned already
    seed: int = 0


@dataclass(frozen=True)
class Examples:
    """Texts as rows of the tables, with soft labels."""

    rows: NDArray[np.int32]
    marks: NDArray[np.uint8]
    bounds: NDArray[np.int64]
    labels: NDArray[np.float32]  # (n, K), 0 to 1, NaN where unknown
    weights: NDArray[np.float32]  # (n,)
    shifts: NDArray[np.float32]  # (n,), added to the first output's logit while it is learned
    focus: NDArray[np.float32]  # (n,), power of the error by which it weighs less (Lin et al. 2017)


def start(n_rows: int, outputs: int, vectors: NDArray[np.float32], settings: Settings) -> list[Any]:
    """Draw the first parameters; words with near vectors start near each other."""
    rng = np.random.default_rng(settings.seed)
    d = MEMORIES
    lanes = 2 * d

    def table(width: int, scale: float) -> NDArray[np.float32]:
        projection = rng.normal(size=(vectors.shape[1], width)) / np.sqrt(vectors.shape[1])
        return np.asarray((vectors @ projection) * scale, dtype=F)

    here, beside = table(4 * d, settings.scale), table(4 * d, settings.scale / 2)
    token = table(lanes, settings.scale)
    bias = np.zeros(4 * d, F)
    for direction in range(2):  # memories from short to long
        bias[direction * lanes + d : direction * lanes + lanes] = np.linspace(-1.5, 1.8, d)
    value = (rng.normal(size=(lanes, outputs)) * 0.2).astype(F)
    attention = (rng.normal(size=(lanes, outputs)) * 0.1).astype(F)
    return [
        here, beside, token, np.zeros((4, 4 * d), F), bias, np.ones(lanes, F),
        np.full(lanes, 0.1, F), value, attention, np.zeros(outputs, F), np.zeros(outputs, F),
        (rng.normal(size=lanes) * 0.3).astype(F),
    ]  # fmt: skip


@compiled
def forward(rows, marks, count, parameters, pre, memory, unit, worth, open_, logits, totals, norms):
    """Read one text and keep every intermediate value for the backward pass."""
    here, beside, token, mark, bias, gain, offset, value, attention, intercept, begin, across = (
        parameters
    )
    d = memory.shape[2]
    lanes, outputs = value.shape
    one, zero = F(1), F(0)
    for t in range(count):
        for back in range(2):
            past = t + 1 if back else t - 1
            base = back * lanes
            for j in range(lanes):
                pre[t, back, j] = (
                    here[rows[t], base + j] + mark[marks[t], base + j] + bias[base + j]
                )
            if 0 <= past < count:
                for j in range(lanes):
                    pre[t, back, j] += beside[rows[past], base + j]
    for back in range(2):
        for index in range(count):
            t = count - 1 - index if back else index
            for j in range(d):
                new = min(one, max(-one, pre[t, back, j]))
                keep = min(one, max(zero, F(0.5) + F(0.25) * pre[t, back, d + j]))
                old = zero if index == 0 else memory[t + 1 if back else t - 1, back, j]
                memory[t, back, j] = keep * old + (one - keep) * new
    for k in range(outputs):
        totals[k], norms[k] = zero, one
    for t in range(count):
        for back in range(2):
            for j in range(d):
                lane = back * d + j
                said = gain[lane] * memory[t, back, j] + token[rows[t], lane] + offset[lane]
                said += across[lane] * memory[t, 1 - back, j]
                unit[t, lane] = max(zero, said)
        for k in range(outputs):
            worth[t, k], open_[t, k] = zero, begin[k] + one
        for lane in range(lanes):
            x = unit[t, lane]
            if x > 0:
                for k in range(outputs):
                    worth[t, k] += x * value[lane, k]
                    open_[t, k] += x * attention[lane, k]
        for k in range(outputs):
            open_[t, k] = max(zero, open_[t, k])
            weight = open_[t, k] * open_[t, k] + F(0.01)
            totals[k] += weight * worth[t, k]
            norms[k] += weight
    for k in range(outputs):
        logits[k] = intercept[k] + totals[k] / norms[k]


@compiled
def to_units(count, parameters, unit, worth, open_, wrong, totals, norms, slopes, gradients):
    """Carry the error from the logits back to the units of each word."""
    value, attention = parameters[7], parameters[8]
    g_offset, g_value, g_attention, g_begin = gradients[3], gradients[4], gradients[5], gradients[7]
    lanes, outputs = value.shape
    for t in range(count):
        for lane in range(lanes):
            slopes[t, lane] = 0
        for k in range(outputs):
            if wrong[k] == 0:
                continue
            weight = open_[t, k] * open_[t, k] + F(0.01)
            to_worth = wrong[k] * weight / norms[k]
            to_open = wrong[k] * (worth[t, k] - totals[k] / norms[k]) / norms[k] * 2 * open_[t, k]
            g_begin[k] += to_open
            for lane in range(lanes):
                slopes[t, lane] += value[lane, k] * to_worth + attention[lane, k] * to_open
                g_value[lane, k] += unit[t, lane] * to_worth
                g_attention[lane, k] += unit[t, lane] * to_open
        for lane in range(lanes):
            if unit[t, lane] <= 0:
                slopes[t, lane] = 0
            g_offset[lane] += slopes[t, lane]


@compiled
def to_gates(count, parameters, pre, memory, slopes, into, gradients):
    """Carry the error through both chains of memories back to values and gates."""
    gain, across = parameters[5], parameters[11]
    g_gain, g_across = gradients[2], gradients[8]
    d = memory.shape[2]
    for back in range(2):
        for j in range(d):
            lane = back * d + j
            carry = F(0)
            for index in range(count):
                t = index if back else count - 1 - index
                first = index == count - 1
                g_gain[lane] += memory[t, back, j] * slopes[t, lane]
                other = (1 - back) * d + j
                g_across[lane] += memory[t, 1 - back, j] * slopes[t, lane]
                slope = gain[lane] * slopes[t, lane] + across[other] * slopes[t, other] + carry
                raw, gate = pre[t, back, j], F(0.5) + F(0.25) * pre[t, back, d + j]
                new, keep = min(F(1), max(F(-1), raw)), min(F(1), max(F(0), gate))
                old = F(0) if first else memory[t + 1 if back else t - 1, back, j]
                to_new, to_keep = slope * (1 - keep), slope * (old - new) * F(0.25)
                if raw > 1 or raw < -1:
                    to_new = to_new * LEAK if to_new * raw > 0 else F(0)
                if gate > 1 or gate < 0:
                    to_keep = to_keep * LEAK if to_keep * (gate - F(0.5)) > 0 else F(0)
                into[t, back, j], into[t, back, d + j] = to_new, to_keep
                carry = slope * keep


@compiled
def step_row(table, squares, row, base, slopes, rate):
    """Move one row of a table, by Adagrad with one step size a row."""
    total = F(0)
    for j in range(slopes.size):
        total += slopes[j] * slopes[j]
    squares[row] += total
    step = rate / np.sqrt(squares[row] / table.shape[1] + F(1e-8))
    for j in range(slopes.size):
        table[row, base + j] -= step * slopes[j]


@compiled
def step_tables(rows, marks, count, parameters, squares, into, slopes, gradients, rate):
    """Move the rows of all words of one text; collect the gradients of what they share."""
    lanes = slopes.shape[1]
    for t in range(count):
        for back in range(2):
            past = t + 1 if back else t - 1
            base = back * lanes
            step_row(parameters[0], squares[0], rows[t], base, into[t, back], rate)
            if 0 <= past < count:
                step_row(parameters[1], squares[1], rows[past], base, into[t, back], rate)
            for j in range(lanes):
                gradients[0][marks[t], base + j] += into[t, back, j]
                gradients[1][base + j] += into[t, back, j]
        step_row(parameters[2], squares[2], rows[t], 0, slopes[t], rate)


@compiled
def step_adam(parameter, gradient, mean, square, rate, step):
    """Move one small array by Adam; clear its gradient."""
    p, g = parameter.reshape(-1), gradient.reshape(-1)
    m, s = mean.reshape(-1), square.reshape(-1)
    for i in range(p.size):
        m[i] = MOMENTUM * m[i] + (1 - MOMENTUM) * g[i]
        s[i] = SQUARES * s[i] + (1 - SQUARES) * g[i] * g[i]
        ahead = m[i] / (1 - MOMENTUM**step)
        p[i] -= rate * ahead / (np.sqrt(s[i] / (1 - SQUARES**step)) + 1e-6)
        g[i] = 0


@compiled_with_arrays
def run_pass(examples, order, parameters, squares, gradients, means, seconds, rates, chance, seed):
    """Go through all texts once; return the mean loss."""
    rows_of, marks_of, bounds, labels, weights, shifts, focus, importance = examples
    np.random.seed(seed)
    d = parameters[0].shape[1] // 4
    lanes, outputs = parameters[7].shape
    pre, memory = np.zeros((LONGEST, 2, lanes), F), np.zeros((LONGEST, 2, d), F)
    unit, slopes = np.zeros((LONGEST, lanes), F), np.zeros((LONGEST, lanes), F)
    worth, open_ = np.zeros((LONGEST, outputs), F), np.zeros((LONGEST, outputs), F)
    into, rows = np.zeros((LONGEST, 2, lanes), F), np.zeros(LONGEST, np.int32)
    logits, wrong = np.zeros(outputs, F), np.zeros(outputs, F)
    totals, norms = np.zeros(outputs, F), np.zeros(outputs, F)
    loss, seen, step = 0.0, 0, rates[2]
    for index in range(order.size):
        text = order[index]
        begin = bounds[text]
        count = min(bounds[text + 1] - begin, LONGEST)
        rate = F(rates[0] + (rates[1] - rates[0]) * index / order.size)
        for t in range(count):
            rows[t] = 0 if np.random.random() < chance else rows_of[begin + t]
        marks = marks_of[begin : begin + count]
        forward(
            rows, marks, count, parameters, pre, memory, unit, worth, open_, logits, totals, norms
        )
        logits[0] += shifts[text]
        for k in range(outputs):
            label = labels[text, k]
            wrong[k] = 0
            if not np.isnan(label):
                p = 1 / (1 + np.exp(-logits[k]))
                weight = weights[text] * importance[k]
                wrong[k] = (p - label) * weight * (F(2) * abs(p - label)) ** focus[text]
                loss -= weight * (label * np.log(p + 1e-7) + (1 - label) * np.log(1 - p + 1e-7))
                seen += 1
            gradients[6][k] += wrong[k]
        to_units(count, parameters, unit, worth, open_, wrong, totals, norms, slopes, gradients)
        to_gates(count, parameters, pre, memory, slopes, into, gradients)
        step_tables(
            rows, marks, count, parameters, squares, into, slopes, gradients, rates[3] * rate
        )
        if index % BATCH == BATCH - 1:
            step += 1
            step_adam(parameters[3], gradients[0], means[0], seconds[0], rate, step)
            step_adam(parameters[4], gradients[1], means[1], seconds[1], rate, step)
            step_adam(parameters[5], gradients[2], means[2], seconds[2], rate, step)
            step_adam(parameters[6], gradients[3], means[3], seconds[3], rate, step)
            step_adam(parameters[7], gradients[4], means[4], seconds[4], rate, step)
            step_adam(parameters[8], gradients[5], means[5], seconds[5], rate, step)
            step_adam(parameters[9], gradients[6], means[6], seconds[6], rate, step)
            step_adam(parameters[10], gradients[7], means[7], seconds[7], rate, step)
            step_adam(parameters[11], gradients[8], means[8], seconds[8], rate, step)
    return loss / max(seen, 1)


def follow(
    table: NDArray[np.float32], start: NDArray[np.float32], vectors: NDArray[np.float32],
    uses: NDArray[np.int64], rarity: float,
) -> None:  # fmt: skip
    """Move rare words as common words of near meaning moved.

    What the common rows have learned since the start is foretold from their vectors by a ridge
    regression; each row is drawn to what is foretold for it, the more the rarer it is. A word that
    was never seen in training moves with its like, rather than stay where it began.
    """
    known = np.concatenate([vectors, np.ones((len(vectors), 1))], axis=1).astype(np.float64)
    common = uses >= COMMON
    weight = np.sqrt(uses[common] / (uses[common] + 200.0))[:, None]
    told = known[common] * weight
    ridge = np.eye(known.shape[1]) * len(told) / 100
    moved = (table - start).astype(np.float64)
    slopes = np.linalg.solve(told.T @ told + ridge, told.T @ (moved[common] * weight))
    own = (uses / (uses + rarity))[:, None]
    table[1:] = (start + own * moved + (1 - own) * (known @ slopes))[1:]


def fit(
    examples: Examples, importance: NDArray[np.float32], vectors: NDArray[np.float32],
    settings: Settings,
) -> list[Any]:  # fmt: skip
    """Fit all parameters; the same input gives the same parameters to the bit."""
    uses = np.bincount(examples.rows, minlength=len(vectors))
    first = start(len(vectors), examples.labels.shape[1], vectors, settings)

    def spread(parameters: list[Any]) -> None:
        for table, before in zip(parameters[:3], first[:3], strict=True):
            follow(table, before, vectors, uses, settings.rarity)

    return refine(examples, importance, first, settings, spread)


def refine(
    examples: Examples, importance: NDArray[np.float32], parameters: list[Any],
    settings: Settings, after_pass: Callable[[list[Any]], None] | None = None,
) -> list[Any]:  # fmt: skip
    """Fit parameters further from where they are.

    Fits that start alike and see the texts in other orders end near each other: the mean of their
    parameters errs less than each, and costs nothing to use (Wortsman et al. 2022).
    """
    fits = Parallel(n_jobs=-1, backend="threading")(
        delayed(_fit_in_order)(examples, importance, parameters, settings, order, after_pass)
        for order in range(settings.orders)
    )
    return [np.mean(parts, axis=0, dtype=np.float64).astype(F) for parts in zip(*fits, strict=True)]


def _fit_in_order(
    examples: Examples, importance: NDArray[np.float32], begun: list[Any], settings: Settings,
    number_of_order: int, after_pass: Callable[[list[Any]], None] | None,
) -> list[Any]:  # fmt: skip
    parameters = [parameter.copy() for parameter in begun]
    squares = tuple(np.full(len(parameters[0]), settings.settled, F) for _ in range(3))
    gradients = tuple(np.zeros_like(parameter) for parameter in parameters[3:])
    means = tuple(np.zeros_like(parameter) for parameter in parameters[3:])
    seconds = tuple(np.zeros_like(parameter) for parameter in parameters[3:])
    packed = (
        examples.rows, examples.marks, examples.bounds, examples.labels, examples.weights,
        examples.shifts, examples.focus, importance,
    )  # fmt: skip
    seed = settings.seed + 1000 * number_of_order
    rng = np.random.default_rng(seed)
    for number in range(settings.passes):
        order = rng.permutation(len(examples.weights))
        ends = [
            settings.rate * ((1 - share / settings.passes) + 0.02) for share in (number, number + 1)
        ]
        steps = number * (len(order) // BATCH)
        loss = run_pass(
            packed, order, tuple(parameters), squares, gradients, means, seconds,
            (ends[0], ends[1], steps, F(settings.table_rate)), settings.word_dropout,
            seed * 100 + number,
        )  # fmt: skip
        if after_pass is not None:
            after_pass(parameters)
        for square in squares:
            square *= F(settings.forget)
        print(f"pass {number + 1} of {settings.passes}: loss {loss:.4f}", flush=True)
    return parameters
