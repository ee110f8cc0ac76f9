"""Keep themes in a file, so that tomorrow's night knows them by the names they have today.

::

    write_themes(find_themes(scored), "themes.safetensors")
    find_themes(scored, known=read_themes("themes.safetensors"))

The file holds what recognises the themes (vectors of words) and what they are called. It holds no
feedback; but its words are those of the feedback: stems that stand in three texts or more, and the
phrases that make the names.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from detractor.container import read_container, write_container
from detractor.errors import ModelFileError, reason
from detractor.files import whole_file
from detractor.meanings import fingerprint, word_meanings
from detractor.mentions import MENTIONS, THEME
from detractor.theme_layers import Layer, no_mentions
from detractor.theme_recognition import LABELS
from detractor.themes import Themes
from detractor.word_space import WordSpace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FORMAT = 3
_MATRICES = ("usage", "middles")


def write_themes(themes: Themes, path: str | Path) -> None:
    """Write what is needed to find the same themes again; an older file is replaced as a whole.

    Parameters
    ----------
    themes : Themes
        From `detractor.themes.find_themes` or `merge_themes`.
    path : str or Path
        Conventionally ends in ``.safetensors``.

    Examples
    --------
    >>> import tempfile
    >>> from detractor.themes import find_themes
    >>> feedback = pd.DataFrame({"text": ["Lost bag.", "They lost my bag."] * 5})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_themes(find_themes(feedback), Path(folder) / "themes.safetensors")
    ...     known = read_themes(Path(folder) / "themes.safetensors")
    >>> find_themes(feedback, known=known).table[["name", "status"]].values.tolist()
    [['lost bag', 'known']]
    """
    labels = themes.table.reset_index()[[THEME, *LABELS, MENTIONS]]
    header = {
        "format": FORMAT,
        "meanings": fingerprint(),
        "themes": labels.to_dict("records"),
        "groups": [list(layer.themes) for layer in themes.layers],
    }
    arrays: dict[str, NDArray[Any]] = {}
    for number, layer in enumerate(themes.layers):
        words = "\n".join(layer.space.words).encode("utf-8", errors="surrogatepass")
        arrays[f"{number}.words"] = np.frombuffer(words, dtype=np.uint8)
        matrices = (layer.space.usage, layer.middles)
        for name, matrix in zip(_MATRICES, matrices, strict=True):
            arrays[f"{number}.{name}"] = np.ascontiguousarray(matrix, dtype=np.float32)
    with whole_file(Path(path)) as part:
        part.write_bytes(write_container(arrays, header))


def read_themes(path: str | Path) -> Themes:
    """Read themes back, to be passed on as `known`.

    Returns
    -------
    Themes
        Its table holds identity, name, status, terms and the number of mentions of then; mentions
        and concentrations are empty, for they belong to the feedback of then.

    Raises
    ------
    ModelFileError
        If there is no such file, or it is none that `write_themes` wrote, whole and undamaged.

    Examples
    --------
    >>> read_themes("no-such-file")
    Traceback (most recent call last):
        ...
    detractor.errors.ModelFileError: no-such-file: there is no such file; check its name and folder
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: {reason(error)}") from error
    try:
        arrays, header = read_container(content, "it", formats=FORMAT)
        if header["meanings"] != fingerprint():
            raise ValueError("they were placed by the word vectors of another version")
        layers = tuple(
            _layer(arrays, number, groups) for number, groups in enumerate(header["groups"])
        )
        labels = _labels(header["themes"])
        _check(layers, labels)
    except (ModelFileError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(
            f"{path} holds no themes ({error}); find them anew without it"
        ) from error
    return Themes(labels, no_mentions(), pd.DataFrame({"column": []}), layers)


def _layer(arrays: Mapping[str, NDArray[Any]], number: int, groups: list[str]) -> Layer:
    spelled = arrays[f"{number}.words"].tobytes().decode("utf-8", errors="surrogatepass")
    words = tuple(spelled.split("\n")) if spelled else ()
    usage, middles = (arrays[f"{number}.{name}"] for name in _MATRICES)
    return Layer(WordSpace(words, usage), middles, tuple(map(str, groups)))


def _labels(rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = [THEME, *LABELS, MENTIONS]
    read = [
        (*(str(row[name]) for name in columns[:3]), tuple(map(str, row["terms"])), row[MENTIONS])
        for row in rows
    ]
    table = pd.DataFrame(read, columns=columns)
    text = dict.fromkeys(columns[:-1], "object")
    return table.astype({**text, MENTIONS: "int64"}).set_index(THEME)


def _check(layers: tuple[Layer, ...], labels: pd.DataFrame) -> None:
    """Refuse arrays that do not fit each other, and themes without a name."""
    for layer in layers:
        space, middles = layer.space, layer.middles
        rows = {len(space.words), len(space.usage)}
        width = word_meanings().vectors.shape[1] + space.usage.shape[1]
        if len(rows) > 1 or middles.shape != (len(layer.themes), width):
            raise ValueError("its arrays do not fit each other")
        if not set(layer.themes) <= {*labels.index}:
            raise ValueError("a theme has no name")
