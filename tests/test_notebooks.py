"""The notebooks run from top to bottom, without a warning, and are kept without outputs."""

import re
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS = 120


def test_there_are_notebooks() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04", "05"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")  # of the kernel's client, not ours
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_without_a_warning(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONWARNINGS", "default")  # the kernel shows each
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = nbformat.read(path, 4)
    client = nbclient.NotebookClient(
        notebook, timeout=SECONDS, resources={"metadata": {"path": str(FOLDER)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    told = [out.text for out in outputs if out.output_type == "stream" and out.name == "stderr"]
    ours = [text for text in told if "Warning" in text and "site-packages" not in text]
    assert not ours
    for cell in notebook.cells:
        if re.search(r"^(?:\w+ = )?plot_\w+\(|^plt\.show", cell.source, re.MULTILINE):
            assert [out for out in cell.outputs if "image/png" in out.get("data", {})], cell.source
