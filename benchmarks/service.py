"""Measure the service beside a FastAPI that wraps VADER, and its memory over time.

python benchmarks/service.py --seconds 5 --connections 1 16 64   # needs wrk
python benchmarks/service.py --connections --soak 10             # so does this
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


MIXED = """
local bodies = {{[==[{one}]==], [==[{many}]==]}}
local count = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function request()
  count = count + 1
  return wrk.format(nil, nil, nil, bodies[count % 2 + 1])
end
function delay()
  return 20
end
"""
ONE, MANY = json.dumps({"text": TEXT}), json.dumps({"texts": [TEXT] * 100})
SAMPLES = 40


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
        "p50_ms": unit(re.search(r"^ +50% +(\S+)", text, re.M)[1]),  # type: ignore[index]
        "p99_ms": unit(re.search(r"^ +99% +(\S+)", text, re.M)[1]),  # type: ignore[index]
        "errors": int(errors[1]) if errors else 0,
    }


def start(code: str, port: int) -> subprocess.Popen[bytes]:
    """Start a server and wait until it answers."""
    process = subprocess.Popen([sys.executable, "-c", code.format(port=port)])
    for _ in range(1500):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
        except OSError:
            time.sleep(0.2)
        else:
            return process
    process.kill()
    raise SystemExit("the server did not start")


def megabytes(process: subprocess.Popen[bytes]) -> float:
    """Read a process's memory."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def compare(chosen: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Load both servers by turns, with one text a request and with 100."""
    if shutil.which("wrk") is None:
        raise SystemExit("needs wrk: apt-get install wrk")
    ports = {"detractor": 8101, "vader": 8102}
    servers = [start(OURS, 8101), start(VADER, 8102)]
    found: dict[str, object] = {}
    try:
        for kind, body in {"1 text": ONE, "100 texts": MANY}.items():
            script = folder / "post.lua"
            script.write_text(LUA.format(body=body))
            for connections in chosen.connections:
                for name, port in ports.items():
                    figures = load(port, script, connections, chosen.seconds)
                    found[f"{kind}, {connections} connections, {name}"] = figures
    finally:
        for server in servers:
            server.terminate()
            server.wait()
    return found


def soak(minutes: float, folder: Path) -> dict[str, object]:
    """Ask for single texts and batches by turns over two connections, and watch the memory."""
    script = folder / "mixed.lua"
    script.write_text(MIXED.format(one=ONE, many=MANY))
    server = start(OURS, 8103)
    memory = [megabytes(server)]
    length = ["-t1", "-c2", f"-d{round(minutes * 60)}s", "--timeout", "60s", "-s", str(script)]
    try:
        with subprocess.Popen(
            ["wrk", *length, "http://127.0.0.1:8103/score"], stdout=subprocess.PIPE, text=True
        ) as client:
            while client.poll() is None:
                time.sleep(minutes * 60 / SAMPLES)
                memory.append(megabytes(server))
            said = client.stdout.read()  # type: ignore[union-attr]
    finally:
        server.terminate()
        server.wait()
    return {
        "minutes": minutes,
        "requests": int(re.search(r"(\d+) requests in", said)[1]),  # type: ignore[index]
        "errors": re.findall(r"Non-2xx.*|Socket errors.*", said),
        "megabytes": [round(value, 1) for value in memory],
    }


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="of each comparison")
    parser.add_argument("--connections", type=int, nargs="*", default=[1, 16, 64])
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES")
    chosen = parser.parse_args()
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        if chosen.connections:
            found |= compare(chosen, Path(folder))
        if chosen.soak:
            found["soak"] = soak(chosen.soak, Path(folder))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
