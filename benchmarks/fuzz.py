"""Feed the four doors of the library with broken input: text, CSV, model file, playbook.

    python benchmarks/fuzz.py text --minutes 10
    python benchmarks/fuzz.py csv --minutes 10 --seed 1

Whatever comes in, a door either does what it promises or raises an error of ours. With atheris
installed the inputs are steered by the branches they reach (of the Python code; compiled functions
are not seen); without it they are made by a plain mutator from the same seeds. The last line gives
the inputs tried; an input that breaks a promise is written to a file and ends the run.
"""

from __future__ import annotations

import argparse
import copy
import csv
import io
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

COMPILED = [
    "calibration",
    "characters",
    "features",
    "language",
    "matching",
    "network",
    "tokens",
    "vectors",
    "vector_instructions",
    "vocabulary",
]
STEERED = {"include": ["detractor"], "exclude": [f"detractor.{name}" for name in COMPILED]}

with atheris.instrument_imports(**STEERED) if atheris else nullcontext():
    import numpy as np
    from safetensors.numpy import load as unpack
    from safetensors.numpy import save as pack

    import detractor
    from detractor.chunks import Reading
    from detractor.classifier import DetractorClassifier
    from detractor.cleaning import clean
    from detractor.container import checksum
    from detractor.errors import DetractorError
    from detractor.files import FORMULA, NUMBER, csv_bytes, header_bytes
    from detractor.losses import read_loss
    from detractor.playbook import check_playbook, load_playbook
    from detractor.policy import Policy
    from detractor.privacy import mask_personal_data
    from detractor.schema import HEADS, STATUSES
    from detractor.sentences import split_clauses, split_sentences
    from detractor.signals import find_signals
    from detractor.tables import read_bytes

ROOT = Path(__file__).parents[1]
WORK = Path(tempfile.mkdtemp(prefix="fuzz-"))

TEXTS = [
    b"Third no-show this month. I'm cancelling on Friday.",
    "On Mon, 2 Mar 2026 Tom wrote:\n> awful 😡\n\nCafé £71.50, card 4111 1111 1111 1111".encode(),
    b"<p>Not <b>once</b> did they call &amp; I&#39;m done</p>\n--\nSent from my phone",
    "e\u0301\u200b\ufeff\u202e NOOOO!!! \U0001f1e9\U0001f1ea ﬁne \x00 #fail @them http://x.example".encode(),
]
CSVS = [
    b'id,text\n1,"a ""b"""\n2,=1+1\n',
    b"id;text\r\n1;caf\xe9\r\n2;x;y\r\n",
    b'\xef\xbb\xbfid\ttext\n1\t"open\n2\tb\n',
    "id|text\n1|日本\n".encode("utf-16"),
]
TEXT_POLICY = (
    'capacity = 20\nzone = "Europe/London"\nmust_contact = ["safety"]\n[calendar]\nopens = 8\n'
)


def read_text(data: bytes) -> None:
    """Score, clean, split, mask and read a text; spans lie in it, and a batch changes nothing."""
    text = data.decode("utf-8", "surrogateescape" if data[:1] > b"\x7f" else "replace")
    alone = detractor.score(text)
    among = detractor.score(["so so", text, data]).iloc[1]
    assert alone.status in STATUSES
    assert among["status"] == alone.status
    for head in HEADS:
        value = getattr(alone, head)
        assert np.isnan(value) if alone.status != "ok" else 0 <= value <= 1, (head, value)
        assert value == among[head] or np.isnan(value), head
    cleaned = clean(text)
    start, end = cleaned.original_span(0, len(cleaned.text))
    assert 0 <= start <= end <= len(text)
    spans = [*split_sentences(text), *split_clauses(text)]
    spans += [(span.start, span.end) for span in find_signals(text)]
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    why = detractor.explain(text)
    assert all(text[part.start : part.end] == part.text for part in why.phrases)
    mask_personal_data(text)
    read_loss(text)


def read_csv(data: bytes) -> None:
    """Read bytes as CSV; what was read is written and read again as it was."""
    try:
        chunk = read_bytes("x.csv", data, Reading(format="csv"))
    except DetractorError:
        return
    frame = chunk.frame
    if not len(frame) or not len(frame.columns):
        return
    written = header_bytes(frame) + csv_bytes(frame, spreadsheet_safe=False)
    again = read_bytes("y.csv", written, Reading(format="csv", delimiter=",", encoding="utf-8"))
    told = frame.astype(object).map(lambda cell: cell.replace("\0", "\ufffd")).to_numpy().tolist()
    assert again.frame.astype(object).to_numpy().tolist() == told or again.rejects, told
    safe = io.StringIO(csv_bytes(frame).decode("utf-8"), newline="")
    cells = [cell for row in csv.reader(safe) for cell in row]
    assert not [cell for cell in cells if re.match(FORMULA, cell) and not re.match(NUMBER, cell)]


def read_model(data: bytes) -> None:
    """Read a model file whose arrays and header were tampered with, its checksum mended."""
    dice = random.Random(data)
    arrays = {key: array.copy() for key, array in BASE_ARRAYS.items()}
    header = json.loads(json.dumps(BASE_HEADER))
    odd = [None, -1, 0, 1e308, "x", [], {}, True, float("nan"), [[1]], {"text": 1}]
    for _ in range(dice.randint(1, 3)):
        if dice.random() < 0.5:
            _tamper(header, dice, odd)
        else:
            _bend(arrays, dice)
    header_value: object = dice.choice(odd) if dice.random() < 0.02 else header
    if isinstance(header_value, dict) and dice.random() < 0.9:
        header_value["checksum"] = checksum(arrays)
    raw = bytearray(pack(arrays, metadata={"detractor": json.dumps(header_value)}))
    if dice.random() < 0.2:
        for _ in range(dice.randint(1, 8)):
            raw[dice.randrange(min(len(raw), 4000))] = dice.randrange(256)
    path = WORK / "model.safetensors"
    path.write_bytes(raw if dice.random() < 0.95 else raw[: dice.randrange(len(raw))])
    try:
        model = detractor.load(path)
    except DetractorError:
        return
    scores = detractor.score(["They lied. I am leaving.", ""], model=model)
    assert scores["status"].isin(STATUSES).all()


def _tamper(header: object, dice: random.Random, odd: list[object]) -> None:
    """Replace, add or drop a value at a random place of the header."""
    while True:
        if isinstance(header, dict) and header:
            key = dice.choice(sorted(header))
        elif isinstance(header, list) and header:
            key = dice.randrange(len(header))
        else:
            return
        deeper = header[key]
        if isinstance(deeper, dict | list) and deeper and dice.random() < 0.6:
            header = deeper
            continue
        if dice.random() < 0.3:
            del header[key]
        else:
            header[key] = copy.deepcopy(dice.choice(odd))
        return


def _bend(arrays: dict[str, np.ndarray], dice: random.Random) -> None:
    """Change the values, shape or type of an array, or drop it."""
    key = dice.choice(sorted(arrays))
    array = arrays[key]
    change = dice.randrange(6)
    if change == 0 and len(arrays) > 1:
        del arrays[key]
    elif change == 1:
        arrays[key] = array.reshape(-1)[: dice.randrange(array.size + 1)].copy()
    elif change == 2:
        with np.errstate(invalid="ignore", over="ignore"):
            arrays[key] = array.astype(dice.choice(["f2", "f8", "i1", "i8", "u1", "?"]))
    elif change == 3:
        arrays[key] = array.reshape(1, *array.shape)
    elif array.size:
        flat = array.reshape(-1)
        flat[dice.randrange(flat.size)] = np.array(dice.choice([0, 1, -1, 127])).astype(flat.dtype)
        if change == 5 and array.dtype.kind == "f":
            flat[dice.randrange(flat.size)] = dice.choice([np.nan, np.inf, 3e38, -3e38])


def read_playbook(data: bytes) -> None:
    """Read a playbook and a policy; mistakes are listed, and nothing else is raised."""
    text = data.decode("utf-8", "replace")
    mistakes = check_playbook(text)
    path = WORK / "playbook.toml"
    path.write_bytes(data)
    with suppress(DetractorError):
        load_playbook(path)
        assert not mistakes, mistakes
    with suppress(DetractorError):
        Policy.from_toml(text + "\n")


def _small_model() -> tuple[dict[str, np.ndarray], dict[str, object]]:
    path = WORK / "base.safetensors"
    model = DetractorClassifier(n_features=256)
    model.fit(["great, thank you", "awful, I am leaving"] * 10, [0, 1] * 10).save(path)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    return unpack(content), json.loads(metadata["detractor"])


DOORS: dict[str, tuple[Callable[[bytes], None], list[bytes]]] = {
    "text": (read_text, TEXTS),
    "csv": (read_csv, CSVS),
    "model": (read_model, [b"0", b"1"]),
    "playbook": (
        read_playbook,
        [
            (ROOT / "src/detractor/data/playbook.toml").read_bytes(),
            TEXT_POLICY.encode(),
            b'[[gesture]]\nname = "x"\ncost = -1\n',
        ],
    ),
}
PIECES = [b"\x00", b"\xff\xfe", b'"', b"\n", b"\r", b",", b"=", b"[[", b"]]", b"1e999", b"nan",
          b"<", b"&#x0;", b"\xf0\x9f\x98\xa1", b"\xed\xa0\x80", b"> ", b"'''"]  # fmt: skip


def mutate(data: bytes, dice: random.Random, seeds: list[bytes]) -> bytes:
    """Flip, cut, repeat, splice or insert, a few times over."""
    raw = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        place = dice.randrange(len(raw) + 1)
        change = dice.randrange(5)
        if change == 0 and raw:
            raw[place % len(raw)] = dice.randrange(256)
        elif change == 1:
            del raw[place : place + dice.randint(1, 20)]
        elif change == 2:
            raw[place:place] = dice.choice(PIECES) * dice.choice([1, 1, 2, 50])
        elif change == 3:
            raw[place:place] = raw[dice.randrange(len(raw) + 1) :][:40]
        else:
            other = dice.choice(seeds)
            raw[place:place] = other[dice.randrange(len(other)) :][:60]
    return bytes(raw[:20_000])


def run_plain(door: Callable[[bytes], None], seeds: list[bytes], seconds: float, seed: int) -> None:
    """Mutate seeds until the time is up."""
    dice, pool, tried = random.Random(seed), list(seeds), 0
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        data = mutate(dice.choice(pool), dice, seeds)
        if len(pool) < 400 and dice.random() < 0.05:
            pool.append(data)
        tried += 1
        try:
            door(data)
        except Exception:
            Path("fuzz-finding.bin").write_bytes(data)
            print(f"{tried:,} inputs tried; the last one is in fuzz-finding.bin")
            raise
    print(f"{tried:,} inputs tried in {time.monotonic() - start:.0f} s; no finding")


def main() -> None:
    """Run one door for some minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("door", choices=sorted(DOORS))
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="do without atheris")
    parser.add_argument("--replay", type=Path, help="run one input again")
    options = parser.parse_args()
    door, seeds = DOORS[options.door]
    if options.replay:
        door(options.replay.read_bytes())
        return
    if atheris is None or options.plain:
        run_plain(door, seeds, 60 * options.minutes, options.seed)
        return
    corpus = WORK / "corpus"
    corpus.mkdir()
    for number, data in enumerate(seeds):
        (corpus / str(number)).write_bytes(data)
    limits = [f"-max_total_time={round(60 * options.minutes)}", f"-seed={options.seed}"]
    atheris.Setup(
        [sys.argv[0], *limits, "-max_len=20000", "-artifact_prefix=fuzz-", str(corpus)], door
    )
    atheris.Fuzz()


BASE_ARRAYS, BASE_HEADER = _small_model()

if __name__ == "__main__":
    main()
