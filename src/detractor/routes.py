"""The service's paths: what they take, what they answer, and how OpenAPI describes them."""

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from detractor.desk import Desk
from detractor.schema import STATUSES

JSON = "application/json"
NDJSON = "application/x-ndjson"
Probability = float | None
Scalar = str | bool | int | float | None
EXAMPLE = "Third no-show this month. I'm cancelling on Friday."


class OneText(BaseModel):
    """One text."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": EXAMPLE}]})
    text: str | None


class ManyTexts(BaseModel):
    """Several texts; null is an empty one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"texts": [EXAMPLE, "Lovely, thanks"]}]}
    )
    texts: list[str | None]


class ScoreRow(BaseModel):
    """Three probabilities, null unless the status is "ok".

    churn_risk is the intent to leave that the text states or clearly implies, not a forecast.
    """

    detractor: Probability = Field(ge=0, le=1)
    anger: Probability = Field(ge=0, le=1)
    churn_risk: Probability = Field(ge=0, le=1)
    status: str = Field(json_schema_extra={"enum": list(STATUSES)})


class ScoreTable(BaseModel):
    """One row a text, in the order of the texts."""

    scores: list[ScoreRow]


class Part(BaseModel):
    """A phrase of the text, and what it adds to each logit."""

    start: int
    end: int
    text: str
    detractor: float
    anger: float
    churn_risk: float


class Explanation(BaseModel):
    """Parts that sum, with the bias, to the logits."""

    phrases: list[Part]
    bias: dict[str, float]


class RankOrder(BaseModel):
    """Rows to rank, one a text, scored or not; columns, policy and date as in `detractor.rank`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "rows": [{"customer_id": "ann", "text": EXAMPLE, "value": 1200}],
                    "policy": {"capacity": 20},
                }
            ]
        },
    )
    rows: list[dict[str, Scalar]] = Field(min_length=1)
    columns: dict[str, str] = {}
    policy: dict[str, Any] = {}
    as_of: str | None = None


class Queue(BaseModel):
    """One row a customer, first to contact first."""

    queue: list[dict[str, Any]]
    assumptions: list[str]


class Health(BaseModel):
    """The service is up and has a model."""

    status: str


class Refusal(BaseModel):
    """What was wrong, in one sentence."""

    detail: str


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Refusal, "description": "No key, or not one that is known"},
    413: {"model": Refusal, "description": "More than one request may hold"},
    422: {"model": Refusal, "description": "Not what this path takes"},
    503: {"model": Refusal, "description": "Too much is waiting; see Retry-After"},
    504: {"model": Refusal, "description": "Took too long"},
}
LINES = {
    "description": "JSON lines; one that cannot be read is answered with an error in its place"
}
SCORE: TypeAdapter[OneText | ManyTexts] = TypeAdapter(OneText | ManyTexts)
EXPLAIN = TypeAdapter(OneText)
RANK = TypeAdapter(RankOrder)


def add_routes(app: FastAPI, desk: Desk) -> None:
    """Give an app its paths.

    Examples
    --------
    >>> app = FastAPI()
    >>> add_routes(app, desk=None)
    >>> app.openapi()["paths"]["/health"]["get"]["summary"]
    'Health'
    """
    app.state.desk = desk
    stream = {NDJSON: {"schema": LINES, "example": f'{{"text": "{EXAMPLE}"}}\n'}}

    @app.post(
        "/score",
        response_model=ScoreRow | ScoreTable,
        responses={**REFUSALS, 200: {"content": {NDJSON: {"schema": LINES}}}},
        openapi_extra=_takes(SCORE, stream),
    )
    async def score(request: Request) -> Response:
        """Score one text, several, or a stream of JSON lines that is answered as it comes."""
        if request.headers.get("content-type", "").startswith(NDJSON):
            return _Stream(desk.score_lines(request.stream()))
        asked = await _read(SCORE, request)
        if isinstance(asked, OneText):
            return _json((await desk.score([asked.text]))[0])
        return _json({"scores": await desk.score(asked.texts)})

    @app.post(
        "/explain",
        response_model=Explanation,
        responses=REFUSALS,
        openapi_extra=_takes(EXPLAIN),
    )
    async def explain(request: Request) -> Response:
        """Tell which phrases of a text make its scores."""
        asked = await _read(EXPLAIN, request)
        return _json(desk.explain(asked.text or ""))

    @app.post("/rank", response_model=Queue, responses=REFUSALS, openapi_extra=_takes(RANK))
    async def rank(request: Request) -> Response:
        """Say whom to contact first."""
        asked = await _read(RANK, request)
        return Response(await desk.rank(asked.rows, asked.model_dump()), media_type=JSON)

    @app.get("/health")
    async def health() -> Health:
        """Say that the service is up."""
        return Health(status="ok")

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> str:
        """Tell counts and times in Prometheus' text format."""
        return desk.measure()

    @app.exception_handler(Unreadable)
    async def unreadable(_: Request, error: Exception) -> Response:
        return _json({"detail": str(error)}, status=422)


class Unreadable(Exception):  # noqa: N818  # an answer, not a fault
    """A body that is not what the path takes."""


async def _read(kind: TypeAdapter[Any], request: Request) -> Any:  # noqa: ANN401
    """Read a body; the complaint names the place, never what stands there."""
    try:
        return kind.validate_json(await request.body())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise Unreadable(f"{place}: {first['msg']}" if place else first["msg"]) from error


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value, allow_nan=False), status, media_type=JSON)


def _takes(kind: TypeAdapter[Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
    """Describe a body that the path reads by itself."""
    schema = kind.json_schema(ref_template="#/components/schemas/{model}")
    defined = schema.pop("$defs", {})
    if "anyOf" in schema:
        schema = {
            "anyOf": [defined[option["$ref"].rsplit("/", 1)[1]] for option in schema["anyOf"]]
        }
    return {
        "requestBody": {"required": True, "content": {JSON: {"schema": schema}, **(more or {})}}
    }


class _Stream(Response):
    """An answer that is sent while the question is still being read.

    Starlette's own streaming answer watches for the client's leaving by reading the request, and
    would swallow parts of it.
    """

    media_type = NDJSON

    def __init__(self, parts: AsyncIterator[bytes]) -> None:
        super().__init__()
        self._parts = parts
        del self.headers["content-length"]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for part in self._parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
