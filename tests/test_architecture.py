"""The floors of the house: imports only go down, modules stay small, every module has a floor."""

import ast
from pathlib import Path

SRC = Path(__file__).parents[1] / "src" / "detractor"

FLOORS = (
    ("errors", "skewness"),
    (
        "schema",
        "streams",
        "clock",
        "intervals",
        "privacy",
        "wordpiece",
        "mail",
        "compilation",
        "gestures",
        "allocation",
        "rewording",
        "templates",
        "container",
        "grouping",
        "markup",
    ),
    (
        "text",
        "vectors",
        "vector_instructions",
        "sentences",
        "chunks",
        "policy",
        "attributes",
        "areas",
        "playbook",
        "uplift_metrics",
        "interactions",
        "learners",
        "experiments",
        "mentions",
        "movements",
        "plot_style",
        "theme_words",
        "reader",
    ),
    ("characters", "meanings"),
    ("word_space",),
    (
        "delimited",
        "cleaning",
        "tokens",
        "histories",
        "profit",
        "uplift",
        "conversations",
        "contact_logs",
        "safety",
        "impacts",
        "rate_changes",
        "theme_reading",
        "theme_phrases",
        "clustering",
    ),
    (
        "tables",
        "matching",
        "vocabulary",
        "calibration",
        "customers",
        "drift",
        "concentrations",
        "theme_statistics",
        "theme_layers",
        "theme_names",
        "fixes",
        "outcomes",
    ),
    ("phrases", "value", "lanes", "theme_recognition", "bandit", "features", "network"),
    ("model", "themes"),
    ("offers", "language", "signal_model", "reply_encoder"),
    (
        "signals",
        "artifact",
        "capacity",
        "departures",
        "recoveries",
        "reasons",
        "spikes",
        "exposure",
        "theme_log",
    ),
    ("explanation", "encoder", "classifier"),
    ("scoring", "losses", "ranking"),
    ("greetings",),
    (
        "evaluation",
        "replies",
        "openings",
        "mislabelling",
        "behaviour",
        "fairness",
        "simulation",
        "cascade",
    ),
    ("card", "planning"),
    ("training", "plots", "model_plots", "report_inputs"),
    ("report_rows", "report_sections"),
    ("databases", "display"),
    ("files", "runs", "storage", "distributed", "metrics", "batching"),
    ("jobs", "desk", "alerts", "report", "theme_file"),
    ("pipeline", "routes", "night_config", "labelled_files"),
    ("nightly", "service", "watch"),
    ("console", "cli_options"),
    ("cli_reading", "cli_recovery", "cli_operations"),
    ("cli", "__init__"),
    ("__main__",),
)
FLOOR = {module: level for level, modules in enumerate(FLOORS) for module in modules}
MODULES = sorted(SRC.glob("*.py"))


def imports(path: Path) -> set[str]:
    """List the modules of detractor that a file imports, lazily or not."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    origins = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert not {name for name in plain if name.split(".")[0] == "detractor"}, path
    assert "detractor" not in origins or FLOOR[path.stem] >= FLOOR["cli"], path
    return {name.removeprefix("detractor.") for name in origins if name.startswith("detractor.")}


def test_every_module_has_a_floor() -> None:
    assert {path.stem for path in MODULES} <= set(FLOOR)


def test_imports_flow_down() -> None:
    for path in MODULES:
        upward = {name for name in imports(path) if FLOOR[name] >= FLOOR[path.stem]}
        assert not upward, f"{path.stem} imports {sorted(upward)}, on its own floor or above"


def test_modules_stay_small() -> None:
    lengths = {p.stem: len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert not {name: count for name, count in lengths.items() if count > 400}
