"""What the service does, without HTTP: limits, keys, scoring together, ranking, explaining."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from detractor.batching import Batcher, Crowded, Scores
from detractor.compilation import compile_all
from detractor.errors import DetractorError, ParameterError, suggestion
from detractor.metrics import TEXTS, Metrics
from detractor.schema import HEADS, SIGNALS, STATUSES, Columns

if TYPE_CHECKING:
    import pandas as pd

    from detractor.model import FeedbackModel

KEYS_VARIABLE = "DETRACTOR_API_KEYS"
RANKINGS_WAITING = 4


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Limits of the service.

    Parameters
    ----------
    max_bytes : int
        Of one request, or of one line of a stream.
    max_texts : int
        Of one request.
    timeout_seconds : float
        After which a request is answered with 504; streams are exempt.
    batch_texts : int
        Texts scored together.
    waiting_texts : int
        Texts that may wait; beyond, 503.
    keys : tuple of str
        API keys, of which a request must carry one; none means that everybody may ask.

    Examples
    --------
    >>> Settings.from_environment({"DETRACTOR_API_KEYS": "one, two"}).keys
    ('one', 'two')
    """

    max_bytes: int = 8 << 20
    max_texts: int = 10_000
    timeout_seconds: float = 30.0
    batch_texts: int = 512
    waiting_texts: int = 20_000
    keys: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the keys from `DETRACTOR_API_KEYS`, where commas separate them."""
        given = (os.environ if environment is None else environment).get(KEYS_VARIABLE, "")
        return cls(keys=tuple(key.strip() for key in given.split(",") if key.strip()))


class TooMuchError(DetractorError, ValueError):
    """A request is larger than the settings allow."""


class Desk:
    """A model and the limits under which it answers.

    Parameters
    ----------
    model : FeedbackModel
        Scores the texts.
    settings : Settings
        The limits.
    """

    def __init__(self, model: FeedbackModel, settings: Settings) -> None:
        self.model = model
        self.settings = settings
        self.metrics = Metrics()
        self.batcher = Batcher(
            self._score, batch=settings.batch_texts, waiting=settings.waiting_texts
        )
        self._rankings = 0
        self._ranker = ThreadPoolExecutor(1, "detractor-ranker")
        compile_all()  # now, not during the first requests, which it would hold up for seconds
        self._score(["ready"])
        self._rank([{"customer_id": "ready", "text": "ready"}], {})

    def _score(self, texts: list[str]) -> Scores:
        from detractor.scoring import score_texts

        return Scores(*score_texts(texts, self.model))

    async def close(self) -> None:
        """Finish what was begun."""
        await self.batcher.close()
        self._ranker.shutdown()

    def admits(self, key: str) -> bool:
        """Compare a key with every one that is known, in constant time."""
        given = key.encode()
        known = [hmac.compare_digest(given, one.encode()) for one in self.settings.keys]
        return any(known) or not known

    async def score(self, texts: list[str | None]) -> list[dict[str, Any]]:
        """Score texts, together with those of other requests.

        Raises
        ------
        TooMuchError
            More texts than one request may hold.
        Crowded
            Too many texts are waiting.
        """
        if len(texts) > self.settings.max_texts:
            raise TooMuchError(
                f"{len(texts):,} texts; a request holds at most {self.settings.max_texts:,}"
            )
        if not texts:
            return []
        scores = await self.batcher.submit([text or "" for text in texts])
        rows = zip(scores.probabilities.tolist(), scores.statuses.tolist(), strict=True)
        return [_record(probabilities, status) for probabilities, status in rows]

    async def score_lines(self, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Score JSON lines as they arrive; each answer stands in its line's place.

        A line is a JSON string, or an object with a "text" whose other members are given back.
        One that is neither gets an "error".
        """
        rest = b""
        async for part in parts:
            *lines, rest = (rest + part).split(b"\n")
            if len(rest) > self.settings.max_bytes:
                raise TooMuchError(f"a line is longer than {self.settings.max_bytes:,} bytes")
            for start in range(0, len(lines), self.settings.batch_texts):
                yield await self._answer(lines[start : start + self.settings.batch_texts])
        if rest.strip():
            yield await self._answer([rest])

    async def _answer(self, lines: list[bytes]) -> bytes:
        records = [_read_line(line) for line in lines if line.strip()]
        scores = await self._patiently([record.pop("text", None) for record in records])
        answers = [
            record if "error" in record else {**record, **row}
            for record, row in zip(records, scores, strict=True)
        ]
        return b"".join(json.dumps(answer).encode() + b"\n" for answer in answers)

    async def _patiently(self, texts: list[str | None]) -> list[dict[str, Any]]:
        """Wait for room: a stream has begun to be answered and cannot be refused any more."""
        while True:
            try:
                return await self.score(texts)
            except Crowded:
                await asyncio.sleep(0.05)

    def explain(self, text: str) -> dict[str, Any]:
        """Tell which phrases make the scores; with the bias they sum to the logits."""
        from detractor.explanation import explain_text

        phrases, bias = explain_text(text, self.model)
        return {
            "phrases": [asdict(phrase) for phrase in phrases],
            "bias": dict(zip(HEADS, bias.tolist(), strict=True)),
        }

    async def rank(self, rows: list[dict[str, Any]], order: Mapping[str, Any]) -> bytes:
        """Rank rows, scored first where they hold no scores; gives JSON.

        Raises
        ------
        TooMuchError
            More rows than one request may hold.
        Crowded
            Too many rankings are waiting.
        DetractorError
            The rows, the policy or the column names cannot be used.
        """
        if len(rows) > self.settings.max_texts:
            raise TooMuchError(
                f"{len(rows):,} rows; a request holds at most {self.settings.max_texts:,}"
            )
        if self._rankings >= RANKINGS_WAITING:
            raise Crowded
        self._rankings += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._ranker, self._rank, rows, order)
        finally:
            self._rankings -= 1

    def _rank(self, rows: list[dict[str, Any]], order: Mapping[str, Any]) -> bytes:
        import pandas as pd

        from detractor.files import json_bytes
        from detractor.policy import Policy
        from detractor.ranking import assumptions, rank

        names = order.get("columns") or {}
        for part in names:
            if part not in Columns.__dataclass_fields__:
                hint = suggestion(part, Columns.__dataclass_fields__)
                raise ParameterError(f"no part {part!r}; {hint}")
        columns = Columns(**names)
        policy = Policy.from_mapping(order.get("policy") or {})
        frame = self._scored(pd.DataFrame(rows), columns.text)
        queue = rank(frame, policy=policy, as_of=order.get("as_of"), columns=columns)
        records = b",".join(json_bytes(queue).splitlines())
        notes = json.dumps(assumptions(queue)).encode()
        return b'{"queue":[' + records + b'],"assumptions":' + notes + b"}"

    def _scored(self, frame: pd.DataFrame, text: str) -> pd.DataFrame:
        from detractor.scoring import score
        from detractor.signals import read_signals

        if not set(HEADS) <= set(frame.columns):
            frame = score(frame, text=text, model=self.model)
        missing = [name for name in SIGNALS if name not in frame]
        if missing and text in frame:
            frame = frame.assign(**read_signals(frame[text])[missing])
        return frame

    def measure(self) -> str:
        """Write the metrics down."""
        for size in self.batcher.sizes:
            self.metrics.observe("detractor_batch_texts", size, bounds=TEXTS)
            self.metrics.add("detractor_texts_total", size)
        self.batcher.sizes.clear()
        self.metrics.set("detractor_waiting_texts", self.batcher.waiting)
        return self.metrics.text()


def _record(probabilities: list[float], status: int) -> dict[str, Any]:
    if STATUSES[status] != "ok":
        return {**dict.fromkeys(HEADS), "status": STATUSES[status]}
    return {**dict(zip(HEADS, probabilities, strict=True)), "status": "ok"}


def _read_line(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "not JSON"}
    record = {"text": value} if isinstance(value, str) else value
    if not isinstance(record, dict) or not isinstance(record.get("text", 0), str | None):
        return {"error": "neither a string nor an object with a text"}
    return record
