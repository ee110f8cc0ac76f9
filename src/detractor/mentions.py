"""The table of mentions: one row a text and theme, the seam between finding and describing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

THEME = "theme"
POSITION = "position"
MENTIONS = "mentions"


def positions_by_theme(mentions: pd.DataFrame) -> dict[str, NDArray[np.intp]]:
    """Give the rows of the feedback that speak of each theme.

    Examples
    --------
    >>> table = pd.DataFrame({"theme": ["b", "a", "b"], "position": [3, 0, 1]})
    >>> {theme: rows.tolist() for theme, rows in positions_by_theme(table).items()}
    {'a': [0], 'b': [1, 3]}
    """
    groups = mentions.groupby(THEME, sort=True, observed=True)[POSITION]
    return {str(theme): np.sort(rows.to_numpy(dtype=np.intp)) for theme, rows in groups}
