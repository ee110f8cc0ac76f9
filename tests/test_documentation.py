"""The code that the documentation shows runs."""

import re
import runpy
from importlib import import_module
from pathlib import Path

import pytest

from detractor.playbook import load_playbook

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_blocks_run_in_order(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(script))
    assert "Traceback" not in capsys.readouterr().err


def test_the_two_commands_of_the_readme_are_marked() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert text.count("<!-- start command -->\n```bash\n") == 1
    assert text.count("<!-- test command -->\n```bash\n") == 1


HOMES = (
    "policy",
    "playbook",
    "skewness",
    "uplift",
    "profit",
    "outcomes",
    "intervals",
    "drift",
    "spikes",
    "fixes",
    "rate_changes",
    "movements",
    "areas",
)


def test_the_page_of_evidence_states_the_defaults_of_the_code() -> None:
    text = (ROOT / "docs" / "evidence.md").read_text("utf-8")
    stated = dict(re.findall(r"^\| `([\w.]+)` \| `([^`]+)` \|", text, re.MULTILINE))
    assert len(stated) > 40
    for name, value in stated.items():
        owner, _, field = name.rpartition(".")
        module = next(m for m in HOMES if hasattr(import_module(f"detractor.{m}"), owner or field))
        found = import_module(f"detractor.{module}")
        found = load_playbook().limits if owner == "Limits" else getattr(found, owner or field)
        assert repr(getattr(found, field) if owner else found) == value, name
