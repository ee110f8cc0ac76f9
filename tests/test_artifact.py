import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load as unpack
from safetensors.numpy import save as pack

from detractor.artifact import GOLDEN_TEXTS, load, save
from detractor.container import checksum
from detractor.errors import ModelFileError
from detractor.vocabulary import MOST_ROWS, SOMETIMES_NAME

DEFAULT = Path(__file__).parents[1] / "models" / "default.safetensors"


def header(path: Path) -> dict[str, object]:
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + size])["__metadata__"]
    return json.loads(metadata["detractor"])  # type: ignore[no-any-return]


def rewrite(path: Path, **changes: object) -> Path:
    """Write a copy of the default model with other values in its header."""
    arrays = unpack(DEFAULT.read_bytes())
    path.write_bytes(pack(arrays, {"detractor": json.dumps(header(DEFAULT) | changes)}))
    return path


def test_saving_and_loading_keeps_every_bit(tmp_path: Path) -> None:
    save(load(), tmp_path / "copy.safetensors")
    texts = [*GOLDEN_TEXTS, "Fine.", ""]
    expected = load().predict_proba(texts).to_numpy()
    assert (load(tmp_path / "copy.safetensors").predict_proba(texts).to_numpy() == expected).all()


def test_the_default_is_small_and_holds_no_text_but_the_golden_ones() -> None:
    assert DEFAULT.stat().st_size < 12 * 2**20
    assert [golden["text"] for golden in header(DEFAULT)["golden"]] == list(GOLDEN_TEXTS)  # type: ignore[attr-defined]
    assert {array.dtype.kind for array in unpack(DEFAULT.read_bytes()).values()} <= set("fiu")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(DEFAULT.read_bytes())
    content[-1000] ^= 1
    (tmp_path / "bad.safetensors").write_bytes(content)
    with pytest.raises(ModelFileError, match="checksum differs"):
        load(tmp_path / "bad.safetensors")


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"PK\x03\x04", b"x" * 100])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "foreign.safetensors").write_bytes(content)
    with pytest.raises(ModelFileError, match="is no model file of detractor"):
        load(tmp_path / "foreign.safetensors")


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="has format 99, this version reads 7"):
        load(rewrite(tmp_path / "new.safetensors", format=99))


def test_golden_texts_that_score_differently_are_refused(tmp_path: Path) -> None:
    golden = [{"text": "Fine.", "scores": [0.1, 0.2, 0.3]}]
    with pytest.raises(ModelFileError, match="golden texts differently"):
        load(rewrite(tmp_path / "other.safetensors", golden=golden))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("slopes", np.ones(2), "slopes of shape"),
        ("bias", np.full(3, np.nan, np.float32), "not finite"),
        ("rows", None, "row"),
        ("phrases", None, "reaches 900000 words"),
        ("phrases", np.zeros((2, 2), np.uint64), "phrases of type uint64 and shape"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, value: np.ndarray | None, message: str
) -> None:
    arrays = unpack(DEFAULT.read_bytes())
    arrays[name] = np.full_like(arrays[name], 900_000) if value is None else value
    changed = header(DEFAULT) | {"checksum": checksum(arrays)}
    (tmp_path / "odd.safetensors").write_bytes(pack(arrays, {"detractor": json.dumps(changed)}))
    with pytest.raises(ModelFileError, match=message):
        load(tmp_path / "odd.safetensors")


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("rows", (SOMETIMES_NAME | 5, 7)),
        ("rows", (5, SOMETIMES_NAME | 7)),
        ("rows", (5, -1)),
        ("rows", (MOST_ROWS, 0)),
        ("negated", -4),
        ("negated", MOST_ROWS),
    ],
)
def test_no_row_outside_the_table_reaches_compiled_code(
    tmp_path: Path, name: str, row: int | tuple[int, int]
) -> None:
    arrays = unpack(DEFAULT.read_bytes())
    arrays[name] = arrays[name].copy()
    arrays[name][9] = row
    changed = header(DEFAULT) | {"checksum": checksum(arrays)}
    (tmp_path / "odd.safetensors").write_bytes(pack(arrays, {"detractor": json.dumps(changed)}))
    with pytest.raises(ModelFileError, match="rows from"):
        load(tmp_path / "odd.safetensors")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ModelFileError, match="no model file 'nowhere'"):
        load("nowhere")
