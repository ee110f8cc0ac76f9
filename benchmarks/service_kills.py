"""Kill the service under load and start it again: what clients were told must be right and whole.

python benchmarks/service_kills.py --kills 10

Each kill is a SIGTERM and a SIGKILL. Clients ask again for what was not answered. Counted are
answers that looked whole and were not, answers that differ from the library's, and, for SIGTERM,
requests sent a tenth of a second before it or earlier that got no whole answer.
"""

import argparse
import http.client
import json
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from service import OURS, start

import detractor

CLIENTS = 8
PORT = 8104
COMPLAINTS = ("The box was late.", "I am leaving.", "Nobody called back.", "Lovely, thanks.")
EARLY = 0.1
"""Seconds before SIGTERM by which the service has surely taken a request in."""
FAILED = ("unanswered", "cut", "half answered")


class Outcome(NamedTuple):
    """What became of a request, when it was sent, and when that was known."""

    kind: str
    sent: float
    known: float


class Kill(NamedTuple):
    """A signal, when it was sent, and when the service was gone."""

    signal: signal.Signals
    sent: float
    gone: float


@dataclass
class Client:
    """Asks for one text, several, or a stream, one request after the other on one connection."""

    number: int
    outcomes: list[Outcome] = field(default_factory=list)
    answers: dict[str, object] = field(default_factory=dict)
    asked: int = 0

    def run(self, stopping: threading.Event) -> None:
        """Ask until told to stop; what is not answered is asked again until it is."""
        chance = random.Random(self.number)
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        while not stopping.is_set():
            texts = [self._text(chance) for _ in range(chance.choice((1, 1, 20, 200)))]
            streams = chance.random() < 0.2
            outcome = ""
            while outcome != "acknowledged":
                sent = time.monotonic()
                outcome = self._ask(connection, texts, streams=streams)
                self.outcomes.append(Outcome(outcome, sent, time.monotonic()))
                if outcome != "acknowledged":
                    connection.close()
                    time.sleep(0.2)
        connection.close()

    def _text(self, chance: random.Random) -> str:
        """Make a text that nobody else asks for, so that an answer to another's shows."""
        self.asked += 1
        said = f"{chance.choice(COMPLAINTS)} {'Very ' * (self.asked % 5)}bad."
        return f"{said} {self.asked}.{self.number}"

    def _ask(
        self, connection: http.client.HTTPConnection, texts: list[str], *, streams: bool
    ) -> str:
        kind = "application/x-ndjson" if streams else "application/json"
        body = "\n".join(map(json.dumps, texts)) if streams else json.dumps({"texts": texts})
        try:
            connection.request("POST", "/score", body, {"Content-Type": kind})
            answer = connection.getresponse()
        except ConnectionRefusedError:
            return "refused"
        except (OSError, http.client.HTTPException):
            return "unanswered"
        try:
            content = answer.read()
        except (OSError, http.client.HTTPException):
            return "cut"
        if answer.status != 200:
            return str(answer.status)
        rows = [json.loads(line) for line in content.splitlines()]
        rows = rows if streams else rows[0]["scores"]
        if len(rows) != len(texts):
            return "half answered"
        self.answers.update(zip(texts, rows, strict=True))
        return "acknowledged"


def kill(kills: int) -> tuple[list[Client], list[Kill]]:
    """Load the service while it is killed and started, by both signals in turn."""
    clients = [Client(number) for number in range(CLIENTS)]
    stopping = threading.Event()
    threads = [
        threading.Thread(target=client.run, args=(stopping,), daemon=True) for client in clients
    ]
    chance, done = random.Random(0), []
    server = start(OURS, PORT)
    for thread in threads:
        thread.start()
    for number in range(2 * kills):
        time.sleep(chance.uniform(0.5, 2))
        kind = (signal.SIGTERM, signal.SIGKILL)[number % 2]
        sent = time.monotonic()
        server.send_signal(kind)
        server.wait()
        done.append(Kill(kind, sent, time.monotonic()))
        server = start(OURS, PORT)
    stopping.set()
    for thread in threads:
        thread.join()
    server.terminate()
    server.wait()
    return clients, done


def lost(outcomes: list[Outcome], kills: list[Kill]) -> Counter[str]:
    """Count what a SIGTERM took from requests that the service had surely taken in before."""
    return Counter(
        outcome.kind
        for outcome in outcomes
        for one in kills
        if one.signal == signal.SIGTERM
        and one.sent <= outcome.known <= one.gone + EARLY
        and outcome.sent < one.sent - EARLY
        and outcome.kind in FAILED
    )


def wrong_answers(clients: list[Client]) -> int:
    """Count acknowledged answers that the library does not give."""
    answers = {text: row for client in clients for text, row in client.answers.items()}
    expected = detractor.score(list(answers)).to_dict("records")
    return sum(row != right for row, right in zip(answers.values(), expected, strict=True))


def main() -> None:
    """Kill, count, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    clients, kills = kill(parser.parse_args().kills)
    outcomes = [outcome for client in clients for outcome in client.outcomes]
    found = {
        "kills": Counter(one.signal.name for one in kills),
        "requests": Counter(outcome.kind for outcome in outcomes),
        "texts_acknowledged": sum(len(client.answers) for client in clients),
        "texts_asked": sum(client.asked for client in clients),
        "wrong_answers": wrong_answers(clients),
        "lost_by_sigterm": lost(outcomes, kills),
        "longest_stop_seconds": round(max(one.gone - one.sent for one in kills), 2),
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
