"""The HTTP service: score, rank and explain over JSON, for applications that are not Python.

No text is ever logged, stored or sent on. Requests that are there at the same time are scored
together; when too many wait, the answer is 503 with Retry-After instead of a growing queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import time
import traceback
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from detractor.batching import Crowded
from detractor.desk import KEYS_VARIABLE, Desk, Settings, TooMuchError
from detractor.errors import DetractorError, MissingExtraError, ParameterError
from detractor.metrics import SECONDS

if TYPE_CHECKING:
    from fastapi import FastAPI

    from detractor.model import FeedbackModel

LOG = logging.getLogger(__name__)
KEY_HEADER = "x-api-key"
NDJSON = "application/x-ndjson"
OPEN_PATHS = ("/health", "/metrics", "/openapi.json")
PATHS = (*OPEN_PATHS, "/score", "/rank", "/explain")
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def create_app(model: FeedbackModel | None = None, settings: Settings | None = None) -> FastAPI:
    """Build the service around a model.

    Parameters
    ----------
    model : FeedbackModel, optional
        The one that detractor carries, if None.
    settings : Settings, optional
        Limits and keys; the keys of the environment, if None.

    Returns
    -------
    FastAPI

    Raises
    ------
    MissingExtraError
        FastAPI is not installed.

    Examples
    --------
    >>> sorted(create_app().openapi()["paths"])
    ['/explain', '/health', '/metrics', '/rank', '/score']
    """
    try:
        from fastapi import FastAPI
    except ImportError as error:
        raise MissingExtraError("fastapi", extra="serve") from error
    from detractor.artifact import load
    from detractor.routes import add_routes

    desk = Desk(model or load(), settings or Settings.from_environment())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await desk.close()

    app = FastAPI(
        title="detractor",
        summary="How angry a customer is, and whether they mean to leave, from what they write.",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # the documentation pages would load scripts from elsewhere
        redoc_url=None,
    )
    add_routes(app, desk)
    app.add_middleware(Gate, desk=desk)
    return app


def serve(
    app: FastAPI, *, host: str = "127.0.0.1", port: int = 8000, grace_seconds: int = 30
) -> None:
    """Answer requests until told to stop, then finish those that were begun.

    Parameters
    ----------
    app : FastAPI
        From `create_app`.
    host, port : str, int
        Where to listen. Beyond this machine only with API keys.
    grace_seconds : int
        How long a stop waits for requests.

    Raises
    ------
    ParameterError
        The host can be reached from other machines and there are no keys.
    """
    if host not in LOOPBACK and not app.state.desk.settings.keys:
        raise ParameterError(f"listening on {host} needs API keys; set {KEYS_VARIABLE}")
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError("uvicorn", extra="serve") from error
    gc.collect()
    gc.freeze()  # else a collection of all that is loaded holds every request up, some 100 ms
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=grace_seconds,
    )


class Gate:
    """Stands before every request: key, size, time; counts what comes and how long it takes.

    Parameters
    ----------
    app : ASGI application
        What the request goes to.
    desk : Desk
        Settings and metrics.
    """

    def __init__(self, app: Any, desk: Desk) -> None:  # noqa: ANN401  # ASGI has no types here
        self.app = app
        self.desk = desk

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        """Pass a request on, or answer it with a refusal."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        statuses: list[int] = []

        async def sending(message: Any) -> None:  # noqa: ANN401
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        try:
            await self._pass(scope, receive, sending)
        except Exception as error:  # whose message may quote a text
            refusal = self._refusal(error, scope["path"])
            if not statuses:
                await _refuse(sending, *refusal)
        path = scope["path"] if scope["path"] in PATHS else "other"
        seconds = time.perf_counter() - began
        status = str(statuses[0] if statuses else 499)
        self.desk.metrics.add("detractor_requests_total", path=path, status=status)
        self.desk.metrics.observe("detractor_request_seconds", seconds, bounds=SECONDS, path=path)

    async def _pass(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        key = headers.get(KEY_HEADER.encode(), "")
        if scope["path"] not in OPEN_PATHS and not self.desk.admits(key):
            await _refuse(send, 401, f"this needs a key in the header {KEY_HEADER}")
            return
        if headers.get(b"content-type", "").startswith(NDJSON):
            await self.app(scope, receive, send)
            return
        limit = self.desk.settings.max_bytes
        async with asyncio.timeout(self.desk.settings.timeout_seconds):
            await self.app(scope, _limited(receive, limit), send)

    @staticmethod
    def _refusal(error: Exception, path: str) -> tuple[int, str]:
        if isinstance(error, TimeoutError):
            return 504, "this took too long"
        for kind, status in STATUS_OF.items():
            if isinstance(error, kind):
                return status, str(error) or "too much is waiting; ask again in a second"
        where = "".join(traceback.format_tb(error.__traceback__))
        LOG.error("%s at %s\n%s", type(error).__name__, path, where)
        return 500, "a fault in the service"


STATUS_OF: dict[type[Exception], int] = {Crowded: 503, TooMuchError: 413, DetractorError: 422}


def _limited(receive: Any, limit: int) -> Callable[[], Any]:  # noqa: ANN401
    """Count the bytes of a request's body, whatever its header says of them."""
    seen = 0

    async def counting() -> Any:  # noqa: ANN401
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooMuchError(f"a request holds at most {limit:,} bytes")
        return message

    return counting


async def _refuse(send: Any, status: int, detail: str) -> None:  # noqa: ANN401
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    if status == 401:
        headers.append((b"www-authenticate", b"ApiKey"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
