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

TEXT = "Third no-show this month. I'm cancelling on Friday."
PROGRAMS = {
    "bare interpreter": "pass",
    "import numpy": "import numpy",
    "import pandas": "import pandas",
    "import detractor": "import detractor",
    "import detractor, score one text": f"import detractor; detractor.score({TEXT!r})",
}
SCORE = PROGRAMS["import detractor, score one text"]


def seconds(program: str, cache: str | None = None) -> float:
    """Run a program in a new process; wall-clock seconds from start to end."""
    environment = dict(os.environ)
    source = str(Path(__file__).parents[1] / "src")
    environment["PYTHONPATH"] = os.pathsep.join([source, environment.get("PYTHONPATH", "")])
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    return time.perf_counter() - start


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
    seconds(SCORE)  # compiled and in the page cache from here on
    rounds = [
        {name: seconds(code) for name, code in PROGRAMS.items()} for _ in range(options.repeats)
    ]
    for name in PROGRAMS:
        times = [one[name] for one in rounds]
        ratio = statistics.median(one[name] / one["import pandas"] for one in rounds)
        print(f"{name:<34} {statistics.median(times):6.3f} s   {ratio:5.2f} times import pandas")
    print("heavy modules after one score:", ", ".join(heavy_modules()) or "none")
    if options.cold:
        with tempfile.TemporaryDirectory() as cache:
            print(f"first call ever, cache empty: {seconds(SCORE, cache):.1f} s", end="")
            print(f"; the next: {seconds(SCORE, cache):.2f} s")


if __name__ == "__main__":
    main()
