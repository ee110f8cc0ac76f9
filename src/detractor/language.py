"""Say whether a text is feedback that the model can read, from what the compiled pass counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detractor.schema import STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

OK, EMPTY, UNSUPPORTED, NOT_FEEDBACK = range(len(STATUSES))
KNOWN_SHARE = 0.5
FUNCTION_SHARE = 0.12
LONG_ENOUGH = 4


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
        words, known, common, others = (counts[:, column] for column in range(4))
        wordless = (words == 0) & (others == 0)
        strange = known < KNOWN_SHARE * words
        foreign = (words >= LONG_ENOUGH) & (common < FUNCTION_SHARE * words) & (known < 0.8 * words)
        statuses[strange | foreign] = UNSUPPORTED
        statuses[wordless] = NOT_FEEDBACK
    empty = [row for row, text in enumerate(texts) if not text or text.isspace()]
    statuses[empty] = EMPTY
    return statuses
