"""The package as users get it: a wheel, installed outside the checkout, offline."""

import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

import detractor

ROOT = Path(__file__).parents[1]

SCORE_OFFLINE = """
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("the library opened a socket")
socket.socket = refuse
sys.path.append({site!r})  # the dependencies
import detractor
assert {environment!r} in detractor.__file__, detractor.__file__
score = detractor.score("Third no-show this month. I'm cancelling on Friday.")
assert score.churn_risk > 0.5, score
assert len(detractor.score(["fine", None])) == 2
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_models_data_and_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {
        "detractor/models/default.safetensors",
        "detractor/data/unicode.npz",
        "detractor/data/identity.toml",
        "detractor/data/playbook.toml",
        "detractor/py.typed",
    } <= set(names)
    assert not [name for name in names if name.startswith(("tests", "training", "examples"))]
    stated = re.search(r"a wheel of (\d+) MB", (ROOT / "README.md").read_text("utf-8"))
    assert stated
    assert abs(wheel.stat().st_size / 1e6 - int(stated[1])) < 1


def test_an_installed_wheel_scores_without_network_or_checkout(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    site = next((environment / "lib").glob("python*")) / "site-packages"
    zipfile.ZipFile(wheel).extractall(site)
    code = SCORE_OFFLINE.format(site=sysconfig.get_paths()["purelib"], environment=str(environment))
    done = subprocess.run(
        [python, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_public_name_is_there_documented_and_sorted() -> None:
    assert sorted(detractor.__all__) == detractor.__all__
    for name in detractor.__all__:
        assert (getattr(detractor, name).__doc__ or "").strip(), name
    assert set(detractor.__all__) <= set(dir(detractor))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        detractor.scores  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, detractor;"
        "heavy = {'numpy', 'pandas', 'sklearn', 'numba', 'nltk', 'scipy', 'typer'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (ROOT / "src/detractor").glob("*.py"))
)
def test_every_module_says_what_it_is_for(name: str) -> None:
    if name == "__main__":
        return
    module = import_module("detractor" if name == "__init__" else f"detractor.{name}")
    assert (module.__doc__ or "").strip()
