"""The code that the documentation shows runs."""

import re
import runpy
from pathlib import Path

import pytest

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
