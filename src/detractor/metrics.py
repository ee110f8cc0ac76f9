"""Count and time what a service does, in the text format that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
TEXTS = (1.0, 2.0, 5.0, 10.0, 25.0, 100.0, 250.0, 1000.0)

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters, gauges and histograms by name and labels.

    Examples
    --------
    >>> metrics = Metrics()
    >>> metrics.add("detractor_texts_total", status="ok")
    >>> metrics.observe("detractor_request_seconds", 0.004, bounds=(0.001, 0.01))
    >>> print(metrics.text(), end="")
    # TYPE detractor_texts_total counter
    detractor_texts_total{status="ok"} 1
    # TYPE detractor_request_seconds histogram
    detractor_request_seconds_bucket{le="0.001"} 0
    detractor_request_seconds_bucket{le="0.01"} 1
    detractor_request_seconds_bucket{le="+Inf"} 1
    detractor_request_seconds_sum 0.004
    detractor_request_seconds_count 1
    """

    def __init__(self) -> None:
        self._counters: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self._gauges: dict[str, float] = {}
        self._histograms: dict[str, dict[Labels, list[float]]] = defaultdict(dict)
        self._bounds: dict[str, tuple[float, ...]] = {}

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Raise a counter."""
        self._counters[name][tuple(labels.items())] += amount

    def set(self, name: str, value: float) -> None:
        """Set a gauge."""
        self._gauges[name] = value

    def observe(self, name: str, value: float, *, bounds: tuple[float, ...], **labels: str) -> None:
        """Count a value into a histogram; the last two numbers kept are sum and count."""
        self._bounds[name] = bounds
        key = tuple(labels.items())
        cells = self._histograms[name].setdefault(key, [0.0] * (len(bounds) + 3))
        cells[bisect_left(bounds, value)] += 1
        cells[-2] += value
        cells[-1] += 1

    def text(self) -> str:
        """Write everything down, as Prometheus' text format 0.0.4."""
        lines = []
        for name, series in self._counters.items():
            lines.append(f"# TYPE {name} counter")
            lines += [f"{name}{_braces(key)} {_number(value)}" for key, value in series.items()]
        for name, value in self._gauges.items():
            lines += [f"# TYPE {name} gauge", f"{name} {_number(value)}"]
        for name, rows in self._histograms.items():
            lines.append(f"# TYPE {name} histogram")
            for key, cells in rows.items():
                lines += self._histogram(name, key, cells)
        return "\n".join(lines) + "\n"

    def _histogram(self, name: str, key: Labels, cells: list[float]) -> list[str]:
        lines, below = [], 0.0
        ends = [*(f"{bound:g}" for bound in self._bounds[name]), "+Inf"]
        for end, count in zip(ends, cells, strict=False):
            below += count
            lines.append(f"{name}_bucket{_braces((*key, ('le', end)))} {_number(below)}")
        lines.append(f"{name}_sum{_braces(key)} {_number(cells[-2])}")
        return [*lines, f"{name}_count{_braces(key)} {_number(cells[-1])}"]


def _braces(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return f"{value:.12g}"
