"""What a hostile text, file or caller may try, where no module's own tests show it.

docs/threats.md lists every threat with its test.
"""

import json
import logging
import socket
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load as unpack
from safetensors.numpy import save as pack

import detractor
from detractor.alerts import find_alerts
from detractor.classifier import DetractorClassifier
from detractor.cleaning import clean
from detractor.errors import ConfigError, DetractorError, ModelFileError, ParameterError
from detractor.files import write_table
from detractor.playbook import load_playbook
from detractor.policy import Policy
from detractor.schema import Columns
from detractor.tables import read_table

SECRET = "my card is 4111 1111 1111 1111 and I live at 12 Elm Street"


@pytest.fixture(scope="module")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    texts = ["great, thank you", "awful, I am leaving"] * 10
    DetractorClassifier(n_features=256).fit(texts, [0, 1] * 10).save(path)
    return path


def rewrite(path: Path, header: object) -> None:
    """Put another header into a model file."""
    arrays = unpack(path.read_bytes())
    path.write_bytes(pack(arrays, {"detractor": json.dumps(header)}))


def header_of(path: Path) -> dict[str, object]:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    return dict(json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["detractor"]))


@pytest.mark.parametrize(
    "change",
    [
        lambda header: [],
        lambda header: {name: value for name, value in header.items() if name != "golden"},
        lambda header: header | {"golden": 7},
        lambda header: header | {"golden": [{"text": 1, "scores": [1]}]},
        lambda header: header | {"golden": [{"text": "a", "scores": "b"}]},
    ],
    ids=["a list", "no golden texts", "a number", "a text that is none", "scores that are none"],
)
def test_a_model_header_of_any_shape_is_refused(
    small_model: Path, tmp_path: Path, change: object
) -> None:
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(small_model.read_bytes())
    rewrite(path, change(header_of(path)))
    with pytest.raises(ModelFileError):
        detractor.load(path)


@pytest.mark.parametrize("name", ["m.safetensors", "m.joblib", "m.pkl"])
def test_a_pickle_under_any_name_is_never_run(tmp_path: Path, name: str) -> None:
    ran = tmp_path / "ran"
    path = tmp_path / name
    path.write_bytes(f"cpathlib\nPath.touch\n(cpathlib\nPath\n(V{ran}\ntRtR.".encode())
    with pytest.raises(ModelFileError):
        detractor.load(path)
    assert not ran.exists()


@pytest.mark.parametrize(
    "text",
    [
        "<" * 50_000,
        "&#x" * 30_000,
        "> " * 30_000,
        "a@" * 30_000,
        "(" * 50_000 + ")" * 50_000,
        "http://" * 10_000,
        "\u202e\u200b" * 30_000,
        "e" + "\u0301" * 50_000,
        "no " * 40_000,
    ],
    ids=[
        "tags",
        "entities",
        "quotes",
        "addresses",
        "brackets",
        "links",
        "marks",
        "accents",
        "nots",
    ],
)
def test_a_text_made_to_be_slow_is_read_in_time_linear_in_its_length(text: str) -> None:
    def seconds(words: str) -> float:
        start = time.process_time()
        clean(words)
        detractor.score(words)
        return time.process_time() - start

    seconds(text[: len(text) // 8])
    short, long = (min(seconds(part) for _ in range(3)) for part in (text[: len(text) // 8], text))
    assert long < 8 * 6 * max(short, 0.002)  # a quadratic one would take 64 times as long


def test_formulas_in_any_column_come_back_as_words_only(tmp_path: Path) -> None:
    words = ["=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "-12.50", "fine"]
    frame = pd.DataFrame({"id": words, "text": words})
    write_table(frame, str(tmp_path / "safe.csv"))
    safe = read_table(str(tmp_path / "safe.csv"))
    marked = [f"'{word}" for word in words[:5]]
    assert safe["text"].tolist() == safe["id"].tolist() == [*marked, "-12.50", "fine"]
    write_table(frame, str(tmp_path / "raw.csv"), spreadsheet_safe=False)
    assert read_table(str(tmp_path / "raw.csv"))["text"].tolist() == words


@pytest.mark.parametrize(
    "content",
    [
        "[[gesture]]\n" * 2000,
        "a = " + "[" * 90 + "]" * 90,
        "limits = 1\nroles = {}\n",
        "[limits]\ncurrency = \"__import__('os')\"\n",
        "x = 1e999\ny = nan\n",
        "\x00",
    ],
    ids=["many tables", "deep", "wrong kinds", "code", "no numbers", "NUL"],
)
def test_a_hostile_playbook_is_a_list_of_mistakes(tmp_path: Path, content: str) -> None:
    path = tmp_path / "playbook.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError):
        load_playbook(path)
    with pytest.raises(ConfigError):
        Policy.from_toml(content + "\n")


def test_no_text_reaches_a_log_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    scored = detractor.score(pd.DataFrame({"text": [SECRET], "customer_id": ["a"]}))
    with caplog.at_level(logging.DEBUG):
        detractor.rank(scored)
        detractor.find_themes(scored)
        for broken in (scored.drop(columns="anger"), scored.assign(date=3)):
            with pytest.raises(DetractorError) as error:
                detractor.rank(broken)
            assert "4111" not in str(error.value)
    assert "4111" not in caplog.text


def test_personal_data_is_masked_before_it_stands_in_a_queue() -> None:
    scored = detractor.score(pd.DataFrame({"text": [SECRET + ". I am leaving!"]}))
    queue = detractor.rank(scored)
    assert "4111" not in queue["evidence"].item()
    assert "leaving" in queue["evidence"].item() or "card" in queue["evidence"].item()


def test_personal_data_is_masked_before_it_is_told_to_a_webhook() -> None:
    scored = pd.DataFrame({"customer_id": ["a"], "text": [SECRET], "safety": [True]})
    assert "4111" not in find_alerts(scored, columns=Columns())["evidence"].item()
    with pytest.raises(ParameterError, match="no signal 'saftey'"):
        find_alerts(scored, columns=Columns(), signals=("saftey",))


def test_nothing_calls_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError(f"a socket was opened: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    scored = detractor.score(pd.DataFrame({"text": ["Late again. I am leaving."] * 12}))
    queue = detractor.rank(scored)
    detractor.plan(queue.rename(columns={queue.columns[0]: "customer_id"}))
    detractor.find_themes(scored)
    assert np.isfinite(detractor.explain("Late again.").probabilities["anger"])
