"""A night from configuration to report: resumable step by step, replayable, the same in the end."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from detractor.databases import write_rows
from detractor.errors import ConfigError, DetractorError, SchemaError
from detractor.night_config import Config
from detractor.nightly import DO, Night, check_night
from detractor.storage import Store

EXAMPLES = Path(__file__).parents[1] / "examples"
SKIP = ("plan", "themes")
SCORED = pd.DataFrame(
    {
        "customer_id": ["ann", "ben", "cem", "ann"],
        "date": ["2026-02-01", "2026-02-20", "2026-02-27", "2026-03-09"],
        "comment": ["It caught fire", "Thanks", "I am leaving", "Better now"],
        "value": [1200, 300, 900, 1200],
        "detractor": [0.9, 0.1, 0.9, 0.2],
        "anger": [0.8, 0.0, 0.3, 0.1],
        "churn_risk": [0.5, 0.0, 0.9, 0.1],
        "safety": [True, False, False, False],
        "status": "ok",
    }
)
TOML = """
[source]
files = "in.csv"
[columns]
text = "comment"
[policy]
holdout_share = 0
[store]
database = "sqlite:///{folder}/store.db"
[alerts]
file = "alerts.jsonl"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    SCORED.to_csv(tmp_path / "in.csv", index=False)
    return Config.from_toml(TOML.format(folder=tmp_path), base=tmp_path)


def contents(folder: Path) -> dict[str, object]:
    """Read what a night leaves, but for the seconds it took."""
    found: dict[str, object] = {}
    for path in sorted(folder.glob("*")):
        if path.suffix == ".json" and not path.name.startswith("scored"):
            found[path.name] = {**json.loads(path.read_text()), "seconds": 0}
        elif path.suffix in (".csv", ".txt", ".html"):
            found[path.name] = path.read_bytes()
    return found


def test_a_night_leaves_queue_alerts_report_and_a_full_store(
    config: Config, tmp_path: Path
) -> None:
    notes = Night(config, "2026-03-01", SKIP).run()
    assert notes["score"]["rows"] == 4
    assert notes["rank"]["customers"] == 3
    queue = pd.read_csv(tmp_path / "nights/2026-03-01/queue.csv")
    assert queue["customer_id"][0] == "ann"
    assert queue["lane"][0] == "must_contact"
    (alert,) = (tmp_path / "alerts.jsonl").read_text().splitlines()
    assert json.loads(alert)["trouble"] == "safety"
    with Store(f"sqlite:///{tmp_path / 'store.db'}") as store:
        assert len(store.read("queue", run="2026-03-01")) == 3
        assert store.read("runs")["state"].tolist() == ["done"]
    text = (tmp_path / "nights/2026-03-01/report.txt").read_text()
    assert "rank: 3 customers" in text
    page = (tmp_path / "nights/2026-03-01/report.html").read_text(encoding="utf-8")
    assert "It caught fire" in page
    assert "Cannot wait (1)" in page


def test_done_steps_are_not_done_again_until_something_changes(
    config: Config, tmp_path: Path
) -> None:
    Night(config, "2026-03-01", SKIP).run()
    assert dict(Night(config, "2026-03-01", SKIP).plan()) == {
        "fetch": "done", "score": "done", "rank": "done", "plan": "skip", "themes": "skip",
        "alerts": "done", "report": "done",
    }  # fmt: skip
    before = (tmp_path / "nights/2026-03-01/queue.csv").stat().st_mtime_ns
    Night(config, "2026-03-01", SKIP).run()
    assert (tmp_path / "nights/2026-03-01/queue.csv").stat().st_mtime_ns == before
    SCORED[:2].to_csv(tmp_path / "in.csv", index=False)
    assert dict(Night(config, "2026-03-01", SKIP).plan())["score"] == "do"
    assert Night(config, "2026-03-01", SKIP).run()["rank"]["customers"] == 2


@pytest.mark.parametrize("step", ["score", "rank", "alerts", "report"])
def test_a_night_that_died_in_any_step_ends_the_same_when_run_again(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    night = Night(config, "2026-03-01", SKIP)
    night.run()
    expected = contents(night.folder)
    shutil.rmtree(night.base)
    (tmp_path / "store.db").unlink()
    (tmp_path / "alerts.jsonl").unlink()
    works = DO[step]

    def dies(night: Night) -> dict[str, object]:
        works(night)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setitem(DO, step, dies)
        with pytest.raises(KeyboardInterrupt):
            Night(config, "2026-03-01", SKIP).run()
    Night(config, "2026-03-01", SKIP).run()
    assert contents(night.folder).keys() == expected.keys()
    for name, content in contents(night.folder).items():
        assert content == expected[name], name
    assert len((tmp_path / "alerts.jsonl").read_text().splitlines()) == 1


def test_a_past_night_can_be_replayed_and_does_not_see_the_future(
    config: Config, tmp_path: Path
) -> None:
    first = Night(config, "2026-02-21", SKIP)
    assert first.run()["rank"]["customers"] == 2
    queue = (first.folder / "queue.csv").read_bytes()
    Night(config, "2026-03-10", SKIP).run()
    shutil.rmtree(first.folder)
    Night(config, "2026-02-21", SKIP).run()
    assert (first.folder / "queue.csv").read_bytes() == queue


def test_a_later_night_says_how_far_scores_moved(config: Config) -> None:
    Night(config, "2026-03-01", SKIP).run()
    notes = Night(config, "2026-03-02", SKIP).run()["report"]
    assert notes["compared_with"] == "2026-03-01"
    assert notes["shift"] == {"detractor": 0.0, "anger": 0.0, "churn_risk": 0.0}


def test_a_night_may_read_from_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    write_rows(url, "feedback", [SCORED.assign(id=range(4))], key=("id",))
    monkeypatch.setenv("FEEDBACK", url)
    text = '[source]\ndatabase = "env:FEEDBACK"\nquery = "SELECT * FROM feedback"\n'
    config = Config.from_toml(text + '[columns]\ntext = "comment"\n', base=tmp_path)
    assert Night(config, "2026-03-10", SKIP).run()["rank"]["customers"] == 3
    monkeypatch.delenv("FEEDBACK")
    with pytest.raises(ConfigError, match="environment variable FEEDBACK"):
        Night(config, "2026-03-11", SKIP).run()


def test_a_dry_run_checks_and_writes_nothing(config: Config, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    lines = check_night(Night(config, "2026-03-01", SKIP))
    assert lines[0] == "1 files, the first with columns as configured"
    assert lines[2] == "score: do"
    assert sorted(tmp_path.iterdir()) == before
    SCORED.rename(columns={"comment": "comments"}).to_csv(tmp_path / "in.csv", index=False)
    with pytest.raises(SchemaError, match="did you mean 'comments'"):
        check_night(Night(config, "2026-03-01", SKIP))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[sources]", "did you mean 'source'"),
        ("[source]\n", "takes either files, or a database and a query"),
        ('[source]\nquery = "x"', "a query and no database"),
        ('[source]\nfiles = "x"\n[steps]\nskip = ["ranks"]', "did you mean 'rank'"),
        ('[source]\nfiles = "x"\n[policy]\ncapcity = 3', "did you mean 'capacity'"),
        ("nonsense", "not TOML"),
    ],
)
def test_every_mistake_in_a_configuration_is_named(text: str, sentence: str) -> None:
    with pytest.raises(DetractorError, match=sentence):
        Config.from_toml(text)
    with pytest.raises(ConfigError, match="not a date"):
        Night(Config.from_toml('[source]\nfiles = "x"'), "tomorrow")


def test_the_sample_configuration_is_valid() -> None:
    config = Config.from_file(str(EXAMPLES / "nightly.toml"))
    assert config.policy.capacity == 20


def test_a_theme_keeps_its_identity_from_night_to_night(tmp_path: Path) -> None:
    bags = ["My bag was lost.", "They lost my bag!", "Lost bag, nobody called."] * 4
    late = ["The flight was late.", "Late flight again.", "Flight two hours late!"] * 4
    config = Config.from_toml('[source]\nfiles = "in.csv"', base=tmp_path)
    skip = ("rank", "plan", "alerts", "report")
    found = {}
    for day, texts in (("01", bags), ("02", late), ("03", bags + late)):
        rows = pd.DataFrame({"text": texts, "detractor": 0.9, "anger": 0.5, "churn_risk": 0.5})
        rows.assign(status="ok").to_csv(tmp_path / "in.csv", index=False)
        Night(config, f"2026-03-{day}", skip).run()
        table = pd.read_csv(tmp_path / f"nights/2026-03-{day}/themes.csv", index_col="theme")
        found[day] = table["status"].to_dict()
    assert found == {
        "01": {"lost-bag": "new"},
        "02": {"late-flight-again": "new", "lost-bag": "retired"},
        "03": {"late-flight-again": "known", "lost-bag": "returned"},
    }
