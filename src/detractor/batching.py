"""Gather texts of requests that are there at the same time into one call of the model."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

INLINE = 16
"""Up to so many texts take less time than handing them to a thread."""


class Scores(NamedTuple):
    """Probabilities, a row a text, and the position of each status in `STATUSES`."""

    probabilities: NDArray[np.float64]
    statuses: NDArray[np.int8]


ScoreTexts = Callable[[list[str]], Scores]


class Crowded(Exception):  # noqa: N818  # a state, answered with 503
    """More texts are waiting than may."""


class Batcher:
    """Score texts from many coroutines together, in order of arrival.

    Parameters
    ----------
    score : callable
        From a list of texts to `Scores`; called in one thread at a time.
    batch : int
        Texts a call; a longer request is a call of its own.
    waiting : int
        Texts that may wait before `submit` raises `Crowded`.

    Examples
    --------
    >>> import asyncio
    >>> def lengths(texts):
    ...     rows = [[len(text)] * 3 for text in texts]
    ...     return Scores(np.array(rows, float), np.zeros(len(rows), np.int8))
    >>> async def ask():
    ...     batcher = Batcher(lengths, batch=10, waiting=100)
    ...     answers = await asyncio.gather(batcher.submit(["a"]), batcher.submit(["bb", "c"]))
    ...     await batcher.close()
    ...     return [answer.probabilities[:, 0].tolist() for answer in answers]
    >>> asyncio.run(ask())
    [[1.0], [2.0, 1.0]]
    """

    def __init__(self, score: ScoreTexts, *, batch: int, waiting: int) -> None:
        self._score = score
        self._batch = batch
        self._limit = waiting
        self._queue: deque[tuple[list[str], asyncio.Future[Scores]]] = deque()
        self._thread = ThreadPoolExecutor(1, "detractor-scorer")
        self._worker: asyncio.Task[None] | None = None
        self.waiting = 0
        self.sizes: list[int] = []
        """Sizes of the batches since somebody last took them."""

    async def submit(self, texts: list[str]) -> Scores:
        """Wait for the scores of some texts.

        Raises
        ------
        Crowded
            Too many texts are waiting already.
        """
        if self.waiting and self.waiting + len(texts) > self._limit:
            raise Crowded
        answer: asyncio.Future[Scores] = asyncio.get_running_loop().create_future()
        self._queue.append((texts, answer))
        self.waiting += len(texts)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await answer

    async def close(self) -> None:
        """Finish what waits, then stop."""
        if self._worker is not None:
            await self._worker
        self._thread.shutdown()

    async def _work(self) -> None:
        while self._queue:
            requests = self._take()
            texts = [text for part, _ in requests for text in part]
            self.sizes.append(len(texts))
            try:
                scores = await self._run(texts)
            except Exception as error:  # whoever asked has to hear of it
                for _, answer in requests:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                _hand_out(requests, scores)
            self.waiting -= len(texts)

    def _take(self) -> list[tuple[list[str], asyncio.Future[Scores]]]:
        requests = [self._queue.popleft()]
        count = len(requests[0][0])
        while self._queue and count + len(self._queue[0][0]) <= self._batch:
            requests.append(self._queue.popleft())
            count += len(requests[-1][0])
        return requests

    async def _run(self, texts: list[str]) -> Scores:
        if len(texts) <= INLINE and sum(map(len, texts)) < INLINE * 1000:
            await asyncio.sleep(0)  # let requests that are ready join the queue
            return self._score(texts)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._score, texts)


def _hand_out(requests: list[tuple[list[str], asyncio.Future[Scores]]], scores: Scores) -> None:
    start = 0
    for texts, answer in requests:
        rows = slice(start, start + len(texts))
        if not answer.done():  # its client may have gone
            answer.set_result(Scores(scores.probabilities[rows], scores.statuses[rows]))
        start += len(texts)
