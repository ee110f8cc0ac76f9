"""Measure the file job: rate beside scoring in memory, peak memory, and kills with resumes.

python benchmarks/batch.py --rows 5000000 --folder /tmp/batch --kills 20
"""

import argparse
import csv
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

LETTER = """the box came late again and nobody called back about my refund which was promised on
monday i am not happy with this service but the driver was kind so thank you for that cancel order
delivery parcel missing wrong item broken support chat phone waited hours never great love"""
WORDS = LETTER.split()
IN_MEMORY = """
import sys, time, pandas as pd, detractor
texts = pd.read_csv(sys.argv[1], nrows=int(sys.argv[2]), usecols=["text"])["text"]
detractor.score(texts[:1000])
began = time.perf_counter()
detractor.score(texts)
print(len(texts) / (time.perf_counter() - began))
"""


def write_feedback(path: Path, rows: int) -> None:
    """Write made-up feedback of 30 to 90 words, some of it quoted over two lines."""
    chance = random.Random(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "customer_id", "date", "value", "text"])
        for i in range(rows):
            text = " ".join(chance.choices(WORDS, k=chance.randint(30, 90)))
            text = f'{text}, they said "soon"\nbut no' if i % 20 == 0 else text
            writer.writerow(
                [i, f"c{chance.randrange(rows)}", f"2026-01-{i % 28 + 1:02}", i % 997, text]
            )


def start(source: Path, output: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own."""
    command = [sys.executable, "-m", "detractor", "score", str(source), "--out", str(output), *more]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def measure_job(source: Path, output: Path) -> tuple[float, float]:
    """Run the job; give seconds and peak megabytes."""
    began = time.perf_counter()
    process = start(source, output)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def digest(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def kill_and_resume(source: Path, output: Path, *, kills: int, seconds: float) -> int:
    """Kill the job at random moments, resume it each time; give how many kills hit it."""
    chance, hit = random.Random(2), 0
    for _ in range(kills):
        process = start(source, output, "--resume")
        time.sleep(chance.uniform(0, seconds))
        hit += process.poll() is None
        process.kill()
        process.wait()
    assert start(source, output, "--resume").wait() == 0
    return hit


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=0)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    source, output = chosen.folder / f"in{chosen.rows}.csv", chosen.folder / "out.csv"
    if not source.exists():
        write_feedback(source, chosen.rows)
    sample = str(min(chosen.rows, 500_000))
    command = [sys.executable, "-c", IN_MEMORY, str(source), sample]
    rates = [float(subprocess.check_output(command))]
    seconds, peak = measure_job(source, output)
    rates.append(float(subprocess.check_output(command)))
    in_memory = sum(rates) / 2
    found: dict[str, object] = {
        "rows": chosen.rows,
        "megabytes": round(source.stat().st_size / 1e6),
        "in_memory_rows_per_second": round(in_memory),
        "job_rows_per_second": round(chosen.rows / seconds),
        "job_share_of_in_memory": round(chosen.rows / seconds / in_memory, 2),
        "peak_megabytes": round(peak),
    }
    if chosen.kills:
        again = chosen.folder / "again.csv"
        apart = 2 * seconds / chosen.kills  # at most: so that all of them hit the job
        hit = kill_and_resume(source, again, kills=chosen.kills, seconds=apart)
        found |= {"kills": hit, "identical_after_kills": digest(again) == digest(output)}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
