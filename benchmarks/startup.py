"""What the first score in a new process costs, beside `import pandas` in another.

    python benchmarks/startup.py [--repeats 7]

The two take turns. The first call ever on a machine also compiles and is reported apart, with
``--cold``: in an empty cache folder, and the call after it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

TEXT = "Third no-show this month. I'm cancelling on Friday."
PROGRAMS = {
    "bare interpreter": "pass",
    "import numpy": "import numpy",
    "import pandas": "import pandas",
    "import detractor": "import detractor",
    "import detractor, score one text": f"import detractor; detractor.score({TEXT!r})",
}
SCORE = PROGRAMS["import detractor, score one text"]


class Cost(NamedTuple):
    """What a process took: by the clock, and of the processor (to trust on a busy machine)."""

    wall: float
    cpu: float


def cost(program: str, cache: str | None = None) -> Cost:
    """Run a program in a new process; seconds from start to end."""
    environment = dict(os.environ)
    source = str(Path(__file__).parents[1] / "src")
    environment["PYTHONPATH"] = os.pathsep.join([source, environment.get("PYTHONPATH", "")])
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    start, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return Cost(time.perf_counter() - start, cpu)


def heavy_modules() -> list[str]:
    """List the heavy libraries that scoring one text has imported."""
    names = ("pandas", "sklearn", "scipy", "nltk", "numba", "numpy", "tqdm", "typer", "matplotlib")
    program = f"{SCORE}; import sys; print(*[m for m in {names} if m in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, env=environment, capture_output=True, text=True
    )
    return run.stdout.split()


def main() -> None:
    """Print medians, and the ratio to pandas within the same rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--cold", action="store_true", help="also measure the first call ever")
    options = parser.parse_args()
    cost(SCORE)  # compiled and in the page cache from here on
    rounds = [{name: cost(code) for name, code in PROGRAMS.items()} for _ in range(options.repeats)]
    print(f"{'':<34}    wall      cpu   times import pandas: wall  cpu")
    for name in PROGRAMS:
        wall, cpu = (statistics.median(one[name][clock] for one in rounds) for clock in (0, 1))
        ratios = [
            statistics.median(one[name][clock] / one["import pandas"][clock] for one in rounds)
            for clock in (0, 1)
        ]
        print(f"{name:<34} {wall:6.3f} s {cpu:6.3f} s {ratios[0]:26.2f} {ratios[1]:4.2f}")
    print("heavy modules after one score:", ", ".join(heavy_modules()) or "none")
    if options.cold:
        with tempfile.TemporaryDirectory() as cache:
            print(f"first call ever, cache empty: {cost(SCORE, cache).cpu:.1f} CPU s", end="")
            print(f"; the next: {cost(SCORE, cache).cpu:.2f} CPU s")


if __name__ == "__main__":
    main()
