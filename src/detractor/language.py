"""Say whether a text is feedback that the model can read, from what the compiled pass counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detractor.compilation import compiled
from detractor.schema import STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OK, EMPTY, UNSUPPORTED, NOT_FEEDBACK = range(len(STATUSES))

READABLE = ((1, 0.01), (3, 0.6), (6, 0.75), (np.inf, 0.8))
"""Up to so many words, the share of known words plus the share of function words must reach this.

Measured on 74,000 English reviews of 25 sources and 7,000 French and Portuguese survey answers: of
texts of 4 words and more, 9 in 10 of the foreign ones fall below, and 2 in 100 of the others (many
of which are not English either).
"""

_LIMITS, _FLOORS = np.array(READABLE).T.copy()


@compiled
def _judge_into(counts, limits, floors, statuses):
    for row in range(statuses.size):
        words, pictures = counts[row, 0], counts[row, 3]
        if words == 0:
            if pictures == 0:
                statuses[row] = NOT_FEEDBACK
        elif pictures == 0 or words > 3:
            band = 0
            while words > limits[band]:
                band += 1
            share = (counts[row, 1] + counts[row, 2]) / words
            if share < floors[band]:
                statuses[row] = UNSUPPORTED


def judge(texts: Sequence[str], counts: NDArray[np.int32] | None) -> NDArray[np.int8]:
    """Give each text its status, as a position in `STATUSES`.

    Parameters
    ----------
    texts : sequence of str
    counts : ndarray, shape (n, 4), optional
        See `network.COUNTS`; without them (a model of the user's own language) only empty texts
        are told apart.

    Examples
    --------
    >>> judge(["", "x"], None).tolist()
    [1, 0]
    """
    statuses = np.zeros(len(texts), dtype=np.int8)
    if counts is not None:
        _judge_into(counts, _LIMITS, _FLOORS, statuses)
    for row, text in enumerate(texts):
        if not text or text.isspace():
            statuses[row] = EMPTY
    return statuses
