"""Measure the service beside a FastAPI that wraps VADER: requests a second, p50, p99, memory.

python benchmarks/service.py --seconds 5 --connections 1 16 64 [--soak 600]   # needs wrk
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

OURS = "from detractor.service import create_app, serve; serve(create_app(), port={port})"
VADER = """
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
app, analyzer = FastAPI(), SentimentIntensityAnalyzer()

class Texts(BaseModel):
    texts: list[str]

class Text(BaseModel):
    text: str

@app.post("/score")
def score(body: Texts | Text):
    if isinstance(body, Text):
        return analyzer.polarity_scores(body.text)
    return {{"scores": [analyzer.polarity_scores(text) for text in body.texts]}}

@app.get("/health")
def health():
    return {{}}

uvicorn.run(app, port={port}, log_level="error", access_log=False)
"""
TEXT = (
    "The box came late again and nobody called back about the refund I was promised on Monday. "
    "I waited two hours in your chat, was cut off twice, and then got a voucher I did not ask for. "
    "The driver was kind, I will give you that, but this is the third time in a month. "
    "If it is not put right by Friday I am cancelling."
)
LUA = """
wrk.method = "POST"
wrk.body = [==[{body}]==]
wrk.headers["Content-Type"] = "application/json"
"""


def unit(text: str) -> float:
    """Turn wrk's times into milliseconds."""
    value, kind = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[kind]


def load(port: int, script: Path, connections: int, seconds: int) -> dict[str, float]:
    """Load a server with wrk, and read what it prints."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script)]
    text = subprocess.check_output([*command, f"http://127.0.0.1:{port}/score"], text=True)
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return {
        "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),  # type: ignore[index]
        "p50_ms": unit(re.search(r"50%\s+(\S+)", text)[1]),  # type: ignore[index]
        "p99_ms": unit(re.search(r"99%\s+(\S+)", text)[1]),  # type: ignore[index]
        "errors": int(errors[1]) if errors else 0,
    }


def start(code: str, port: int) -> subprocess.Popen[bytes]:
    """Start a server and wait until it answers."""
    process = subprocess.Popen([sys.executable, "-c", code.format(port=port)])
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
        except OSError:
            time.sleep(0.2)
        else:
            return process
    raise SystemExit("the server did not start")


def megabytes(process: subprocess.Popen[bytes]) -> float:
    """Read a process's memory."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--soak", type=int, default=0, help="seconds")
    chosen = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("needs wrk: apt-get install wrk")
    bodies = {"1 text": {"text": TEXT}, "100 texts": {"texts": [TEXT] * 100}}
    servers = {"detractor": start(OURS, 8101), "vader": start(VADER, 8102)}
    ports = {"detractor": 8101, "vader": 8102}
    found: dict[str, object] = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "post.lua"
            for kind, body in bodies.items():
                script.write_text(LUA.format(body=json.dumps(body)))
                for connections in chosen.connections:
                    for name, port in ports.items():
                        figures = load(port, script, connections, chosen.seconds)
                        found[f"{kind}, {connections} connections, {name}"] = figures
            if chosen.soak:
                memory = [megabytes(servers["detractor"])]
                for _ in range(10):
                    load(8101, script, 16, max(1, chosen.soak // 10))
                    memory.append(megabytes(servers["detractor"]))
                found["soak_megabytes"] = [round(value) for value in memory]
    finally:
        for process in servers.values():
            process.terminate()
            process.wait()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
