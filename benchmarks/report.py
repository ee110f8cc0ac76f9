"""How fast the page of a night opens and answers in Chromium.

    python benchmarks/report.py --customers 10000

Times by the clock suffer from whatever else the machine does; beside them stands the processor time
of the page's main thread, which is what opening takes on a machine that is free.

Needs the extra `test` and Debian's Chromium. The queue is invented and everyone in it has a text, a
reason and a plan, so the page is about as large as one of so many customers gets.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import CDPSession, Page, sync_playwright

from detractor.report import write_report
from detractor.report_inputs import Report

WORDS = "late again nobody called cancel refund driver box broken weeks app charged twice helpful"

FRAME = "await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));"
ACTIONS = {
    "search (after the pause of 80 ms)": """async () => {
        const field = document.getElementById('search');
        field.value = 'refund twice'; field.dispatchEvent(new Event('input'));
        await new Promise((done) => setTimeout(done, 79));
        const start = performance.now();
        await new Promise((done) => setTimeout(done, 2));
        FRAME return performance.now() - start; }""",
    "sort by anger": """async () => { const start = performance.now();
        document.querySelector('th[data-sort=anger] button').click();
        FRAME return performance.now() - start; }""",
    "filter by lane": """async () => { const start = performance.now();
        const field = document.getElementById('lane');
        field.value = 'standard'; field.dispatchEvent(new Event('change'));
        FRAME return performance.now() - start; }""",
    "next page": """async () => { const start = performance.now();
        document.getElementById('next').click();
        FRAME return performance.now() - start; }""",
}


def invent(count: int, seed: int) -> Report:
    """Make a queue and a plan of so many customers."""
    rng = np.random.default_rng(seed)
    place = np.arange(1, count + 1)
    texts = [" ".join(rng.choice(WORDS.split(), 40)) for _ in place]
    queue = pd.DataFrame(
        {
            "customer_id": [f"C-{n:06d}" for n in place],
            "position": place,
            "contact": place <= count // 10,
            "lane": rng.choice(["must_contact", "senior", "standard", "suppressed"], count),
            "expected_saving": np.sort(rng.gamma(2, 90, count))[::-1],
            "anger": rng.beta(1, 5, count),
            "churn_risk": rng.beta(1, 4, count),
            "quadrant": rng.choice(["loud_leaver", "venting", "fine"], count),
            "safety": rng.random(count) < 0.05,
            "evidence": texts,
            "evidence_date": "2026-03-01",
            "respond_by": "2026-03-02 12:00",
            "why": [f"Leaving without anger, 2 days ago. {n:,} x 0.5 leaves = 125" for n in place],
            "texts": 2,
        }
    )
    plan = pd.DataFrame(
        {
            "customer_id": queue["customer_id"], "fix": "look into it and report back",
            "concern": "call by an advisor", "wow": "a month free", "cost": 20.0, "pay_back": 15.0,
            "decided_by": "agent", "owner": "team lead", "channel": "phone",
            "first_line": "I am sorry for the trouble we caused you.",
            "why": "within the authority of agent", "next_best": "the same without the month",
        }
    )  # fmt: skip
    return Report(queue=queue, plan=plan, as_of="2026-03-01")


WATCH = """window.painted = new Promise((painted) =>
    document.addEventListener('DOMContentLoaded', async () => {
        FRAME painted(performance.now()); }));"""


def opening(page: Page, address: str) -> float:
    """Give the milliseconds from the start of navigation to a painted table that can be used.

    The script runs before the document counts as loaded, so the frame after that shows its table.
    """
    page.goto(address)
    painted: float = page.evaluate("window.painted")
    return painted


def processor_time(session: CDPSession) -> float:
    """Give the milliseconds that the main thread has worked on this page; a new one begins at 0."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(1000 * m["value"] for m in metrics if m["name"] == "TaskDuration")


def main() -> None:
    """Write the page, open it again and again, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not installed")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        began = time.perf_counter()
        path = write_report(invent(given.customers, seed=1), Path(folder) / "night.html")
        seconds, size = time.perf_counter() - began, path.stat().st_size / 1e6
        print(f"{given.customers:,} customers: {size:.1f} MB, written in {seconds:.1f} s")
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(WATCH.replace("FRAME", FRAME))
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        times: dict[str, list[float]] = {}
        for _ in range(given.repeats):
            times.setdefault("open", []).append(opening(page, path.as_uri()))
            times.setdefault("open, processor time", []).append(processor_time(session))
            for name, code in ACTIONS.items():
                taken = page.evaluate(code.replace("FRAME", FRAME))
                times.setdefault(name, []).append(taken)
        for name, taken in times.items():
            middle, worst = statistics.median(taken), max(taken)
            print(f"{name:34} median {middle:6.0f} ms, worst {worst:6.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
