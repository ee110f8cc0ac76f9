"""Learn safely which gesture works: Thompson sampling with a share kept for chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from detractor.errors import ParameterError
from detractor.intervals import Interval, wilson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

GESTURE, PROPENSITY = "gesture", "propensity"

DRAWS = 2000
"""Draws by which the probability of each choice is found; its error is about 0.01."""


@dataclass(frozen=True)
class Bandit:
    """What is known of each gesture: how often it was tried, and how often it saved the customer.

    Immutable: `learn` gives a new one. Every gesture starts from the same prior, Beta(6, 14) by
    default as in `Policy`.

    Parameters
    ----------
    gestures : tuple of str
        What can be done.
    saved, lost : tuple of float
        Customers saved and lost after each; nothing when not given.
    prior : (float, float)
        Beta prior in customers saved and lost.
    exploration : float
        Share of choices made by chance alone, 0 to 1, so that every gesture keeps a known
        propensity and can be judged later.

    Examples
    --------
    >>> bandit = Bandit(("apology", "refund")).learn(["refund"] * 90, [1] * 60 + [0] * 30)
    >>> choices = bandit.choose(1000, seed=0)
    >>> bool(choices["gesture"].eq("refund").mean() > 0.9)
    True
    """

    gestures: tuple[str, ...]
    saved: tuple[float, ...] = ()
    lost: tuple[float, ...] = ()
    prior: tuple[float, float] = (6.0, 14.0)
    exploration: float = 0.05

    def __post_init__(self) -> None:
        if not self.gestures or len(set(self.gestures)) < len(self.gestures):
            raise ParameterError(f"gestures={self.gestures}: name at least one, each once")
        if not 0 <= self.exploration <= 1 or min(self.prior) <= 0:
            raise ParameterError(
                f"exploration={self.exploration} lies in 0 to 1, prior={self.prior} above 0"
            )
        for name in ("saved", "lost"):
            counts = getattr(self, name) or (0.0,) * len(self.gestures)
            if len(counts) != len(self.gestures) or min(counts) < 0:
                raise ParameterError(f"{name}={counts}: one count of 0 or more for each gesture")
            object.__setattr__(self, name, tuple(counts))

    def learn(self, gestures: Sequence[str], outcomes: ArrayLike) -> Bandit:
        """Give a bandit that also knows these outcomes: 1 saved, 0 lost; unknown ones are skipped.

        Examples
        --------
        >>> Bandit(("call", "letter")).learn(["call", "letter"], [1, 0]).saved
        (1.0, 0.0)
        """
        unknown = sorted(set(gestures) - set(self.gestures))
        if unknown:
            raise ParameterError(f"unknown gestures {unknown}; there are {list(self.gestures)}")
        seen, ended = np.asarray(gestures), np.asarray(outcomes, dtype=np.float64)
        saved = [old + (ended[seen == name] == 1).sum() for name, old in self._tally(self.saved)]
        lost = [old + (ended[seen == name] == 0).sum() for name, old in self._tally(self.lost)]
        return Bandit(
            self.gestures,
            tuple(map(float, saved)),
            tuple(map(float, lost)),
            self.prior,
            self.exploration,
        )

    def choose(self, n: int, *, seed: int) -> pd.DataFrame:
        """Choose a gesture for each of n customers, with the probability of that choice.

        Returns
        -------
        DataFrame
            Columns `gesture` and `propensity`; keep both in the log.

        Examples
        --------
        >>> Bandit(("call", "letter"), exploration=1.0).choose(2, seed=1)["propensity"].tolist()
        [0.5, 0.5]
        """
        chances = self.propensities(seed=seed)
        order = np.random.default_rng((seed, 1)).choice(
            len(self.gestures), size=n, p=list(chances.values())
        )
        names = np.asarray(self.gestures, dtype=object)[order]
        weights = np.asarray(list(chances.values()))[order]
        return pd.DataFrame({GESTURE: names, PROPENSITY: weights})

    def propensities(self, *, seed: int) -> Mapping[str, float]:
        """Give the probability with which each gesture is chosen now.

        Examples
        --------
        >>> chances = Bandit(("call", "letter"), saved=(90, 0), lost=(0, 90)).propensities(seed=0)
        >>> {name: round(chance, 3) for name, chance in chances.items()}
        {'call': 0.975, 'letter': 0.025}
        """
        rng = np.random.default_rng((seed, 0))
        alpha, beta = (np.asarray(counts) for counts in (self.saved, self.lost))
        draws = rng.beta(
            alpha + self.prior[0], beta + self.prior[1], size=(DRAWS, len(self.gestures))
        )
        best = np.bincount(draws.argmax(axis=1), minlength=len(self.gestures)) / DRAWS
        mixed = (1 - self.exploration) * best + self.exploration / len(self.gestures)
        return dict(zip(self.gestures, mixed.tolist(), strict=True))

    def rates(self) -> Mapping[str, Interval]:
        """Give the observed share of customers saved by each gesture, with its 95 % interval.

        Examples
        --------
        >>> Bandit(("call",), saved=(3,), lost=(1,)).rates()["call"].estimate
        0.75
        """
        counts = zip(self.gestures, self.saved, self.lost, strict=True)
        return {name: wilson(saved, saved + lost) for name, saved, lost in counts}

    def _tally(self, counts: tuple[float, ...]) -> list[tuple[str, float]]:
        return list(zip(self.gestures, counts, strict=True))
