"""The service over HTTP, without a port: answers, limits, keys, silence about texts."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import hypothesis
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, strategies
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from detractor.batching import Batcher, Crowded, Scores
from detractor.calibration import Calibration
from detractor.desk import Settings
from detractor.errors import ParameterError
from detractor.model import FeedbackModel, Linear
from detractor.schema import HEADS
from detractor.scoring import score as score_in_memory
from detractor.service import create_app, serve

TEXTS = ["I want to cancel, this is the third time", "Lovely service, thank you", "", "Refund me"]


@pytest.fixture(scope="module")
def model() -> FeedbackModel:
    weights = np.random.default_rng(0).normal(0, 0.5, (2**12, 3)).astype(np.float32)
    return FeedbackModel(
        calibration=Calibration(np.ones(3), np.zeros(3)),
        linear=Linear(weights, np.zeros(3), np.ones(3)),
    )


def client_of(model: FeedbackModel, **settings: object) -> httpx.AsyncClient:
    app = create_app(model, Settings(**settings))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


async def asked(
    client: httpx.AsyncClient, *requests: tuple[str, str, object]
) -> list[httpx.Response]:
    async with client:
        return list(
            await asyncio.gather(
                *(client.request(verb, path, json=body) for verb, path, body in requests)
            )
        )


def ask(model: FeedbackModel, path: str, body: object, **settings: object) -> httpx.Response:
    (answer,) = asyncio.run(asked(client_of(model, **settings), ("POST", path, body)))
    return answer


def test_scores_are_those_of_the_library_to_the_bit(model: FeedbackModel) -> None:
    expected = score_in_memory(TEXTS, model=model)
    many = ask(model, "/score", {"texts": TEXTS}).json()["scores"]
    for row, (_, wanted) in zip(many, expected.iterrows(), strict=True):
        assert row["status"] == wanted["status"]
        for head in HEADS:
            assert row[head] == (wanted[head] if wanted["status"] == "ok" else None)
    one = ask(model, "/score", {"text": TEXTS[0]}).json()
    assert one == many[0]
    assert ask(model, "/score", {"texts": []}).json() == {"scores": []}
    assert ask(model, "/score", {"text": None}).json()["status"] == "empty"


def test_requests_at_the_same_time_get_their_own_answers(model: FeedbackModel) -> None:
    bodies = [{"texts": [f"{text} {i}" for text in TEXTS[: i % 4]]} for i in range(60)]
    answers = asyncio.run(asked(client_of(model), *(("POST", "/score", body) for body in bodies)))
    for body, answer in zip(bodies, answers, strict=True):
        expected = score_in_memory(body["texts"], model=model)
        assert [row["anger"] for row in answer.json()["scores"]] == expected["anger"].tolist()


def test_a_stream_is_answered_line_by_line(model: FeedbackModel) -> None:
    lines = ['"I want to cancel"', '{"id": 7, "text": "Lovely"}', "{broken", "[1]", ""]
    lines += ['{"id": 8, "text": null}', '"the last, unended"']
    data = "\n".join(lines).encode()

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 7):
            yield data[start : start + 7]

    async def stream() -> httpx.Response:
        async with client_of(model) as client:
            headers = {"content-type": "application/x-ndjson"}
            return await client.post("/score", content=parts(), headers=headers)

    answer = asyncio.run(stream())
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row.get("status", row.get("error")) for row in rows] == [
        "ok", "ok", "not JSON", "neither a string nor an object with a text", "empty", "ok",
    ]  # fmt: skip
    assert rows[1]["id"] == 7
    assert rows[0]["anger"] == score_in_memory(["I want to cancel"], model=model)["anger"][0]


def test_a_ranking_scores_first_and_explains_itself(model: FeedbackModel) -> None:
    rows = [{"customer_id": f"c{i}", "text": TEXTS[0], "value": 100 * i} for i in range(1, 6)]
    answer = ask(model, "/rank", {"rows": rows, "policy": {"capacity": 2, "holdout_share": 0}})
    assert answer.status_code == 200
    queue = answer.json()["queue"]
    assert [row["position"] for row in queue] == [1, 2, 3, 4, 5]
    assert sum(row["contact"] for row in queue) <= 2
    assert answer.json()["assumptions"]


def test_an_explanation_sums_to_the_logits(model: FeedbackModel) -> None:
    body = ask(model, "/explain", {"text": TEXTS[0]}).json()
    logits = model.logits([TEXTS[0]])[0][0]
    for k, head in enumerate(HEADS):
        total = body["bias"][head] + sum(part[head] for part in body["phrases"])
        assert total == pytest.approx(logits[k])
    assert all(TEXTS[0][p["start"] : p["end"]] == p["text"] for p in body["phrases"])


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/score", {}, 422, "Field required"),
        ("/score", {"text": 3}, 422, "valid string"),
        ("/score", {"text": "a", "extra": 1}, 422, "Extra inputs"),
        ("/score", {"texts": ["a"] * 11}, 413, "11 texts; a request holds at most 10"),
        ("/score", {"text": "a" * 5000}, 413, "at most 4,000 bytes"),
        ("/rank", {"rows": []}, 422, "at least 1"),
        ("/rank", {"rows": [{"text": "a"}], "columns": {"txt": "x"}}, 422, "did you mean 'text'"),
        ("/rank", {"rows": [{"text": "a"}], "policy": {"capcity": 1}}, 422, "mean 'capacity'"),
        ("/rank", {"rows": [{"comment": "a"}]}, 422, "no column 'text'"),
        ("/rank", {"rows": [{"text": "a"}], "as_of": "when"}, 422, "when"),
    ],
)
def test_a_refusal_is_one_sentence(
    model: FeedbackModel, path: str, body: object, status: int, sentence: str
) -> None:
    answer = ask(model, path, body, max_texts=10, max_bytes=4000)
    assert answer.status_code == status, answer.text
    assert sentence in answer.json()["detail"]


def test_without_a_known_key_nothing_but_health_is_answered(model: FeedbackModel) -> None:
    async def tries() -> list[int]:
        async with client_of(model, keys=("secret", "other")) as client:
            answers = [
                await client.post("/score", json={"text": "a"}, headers=headers)
                for headers in ({}, {"x-api-key": "wrong"}, {"x-api-key": "other"})
            ]
            answers += [await client.get("/health"), await client.get("/metrics")]
            return [answer.status_code for answer in answers]

    assert asyncio.run(tries()) == [401, 401, 200, 200, 200]


def test_only_loopback_is_served_without_keys(model: FeedbackModel) -> None:
    with pytest.raises(ParameterError, match=r"listening on 0\.0\.0\.0 needs API keys"):
        serve(create_app(model, Settings()), host="0.0.0.0")


def test_a_crowd_is_told_to_come_back(model: FeedbackModel) -> None:
    bodies = [("POST", "/score", {"texts": ["a text"] * 40})] * 8
    answers = asyncio.run(asked(client_of(model, waiting_texts=100, batch_texts=40), *bodies))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 200
    assert statuses[-1] == 503
    late = next(answer for answer in answers if answer.status_code == 503)
    assert late.headers["retry-after"] == "1"


def test_what_takes_too_long_is_given_up(model: FeedbackModel) -> None:
    texts = {"texts": ["a long text " * 200] * 2000}
    answer = ask(model, "/score", texts, timeout_seconds=0.001, max_bytes=1 << 25)
    assert answer.status_code == 504


def test_metrics_count_requests_and_texts(model: FeedbackModel) -> None:
    async def counted() -> str:
        async with client_of(model) as client:
            await client.post("/score", json={"texts": TEXTS})
            await client.post("/score", json={})
            await client.get("/nowhere")
            return (await client.get("/metrics")).text

    text = asyncio.run(counted())
    assert 'detractor_requests_total{path="/score",status="200"} 1' in text
    assert 'detractor_requests_total{path="/score",status="422"} 1' in text
    assert 'detractor_requests_total{path="other",status="404"} 1' in text
    assert "detractor_texts_total 4" in text
    assert 'detractor_batch_texts_bucket{le="5"} 1' in text


class Broken(FeedbackModel):
    """A model whose fault quotes the text, as faults do."""

    def logits(self, texts: object) -> object:  # type: ignore[override]
        """Fail, unless asked the question with which the service warms up."""
        if texts == ["ready"]:
            return super().logits(["ready"])
        raise RuntimeError(f"cannot read {texts}")


def test_a_fault_is_logged_and_answered_without_the_text(
    model: FeedbackModel, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Broken(calibration=model.calibration, linear=model.linear)
    with caplog.at_level(logging.DEBUG):
        answer = ask(broken, "/score", {"text": "my secret sorrow"})
    assert answer.status_code == 500
    assert answer.json() == {"detail": "a fault in the service"}
    assert "RuntimeError at /score" in caplog.text
    assert "sorrow" not in caplog.text


def test_the_description_names_every_answer_and_has_examples(model: FeedbackModel) -> None:
    api = create_app(model, Settings()).openapi()
    score = api["paths"]["/score"]["post"]
    assert {"200", "401", "413", "422", "503", "504"} <= set(score["responses"])
    content = score["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-ndjson"}
    assert content["application/json"]["schema"]["anyOf"][0]["examples"]


def test_a_batcher_keeps_order_limits_and_faults_apart() -> None:
    def lengths(texts: list[str]) -> Scores:
        if "bad" in texts:
            raise ZeroDivisionError
        return Scores(np.array([[len(t)] * 3 for t in texts], float), np.zeros(len(texts), np.int8))

    async def run() -> None:
        batcher = Batcher(lengths, batch=4, waiting=6)
        first = asyncio.create_task(batcher.submit(["a" * 3] * 4))
        await asyncio.sleep(0)
        bad = asyncio.create_task(batcher.submit(["bad"]))
        await asyncio.sleep(0)
        with pytest.raises(Crowded):
            await batcher.submit(["x"] * 5)
        assert (await first).probabilities[:, 0].tolist() == [3.0] * 4
        with pytest.raises(ZeroDivisionError):
            await bad
        assert (await batcher.submit(["ok"])).probabilities[0, 0] == 2.0
        assert batcher.waiting == 0
        await batcher.close()

    asyncio.run(run())


def test_a_line_without_a_text_is_an_error_not_an_empty_text(model: FeedbackModel) -> None:
    async def stream() -> httpx.Response:
        async with client_of(model) as client:
            headers = {"content-type": "application/x-ndjson"}
            return await client.post("/score", content=b'{"txt": "I leave"}', headers=headers)

    assert "neither a string nor an object" in json.loads(asyncio.run(stream()).text)["error"]


@hypothesis.settings(max_examples=5, database=None, suppress_health_check=list(HealthCheck))
@given(data=strategies.data())
def _check(operation: Any, excluded: list[object], data: strategies.DataObject) -> None:  # noqa: ANN401
    data.draw(operation.as_strategy()).call_and_validate(excluded_checks=excluded)


def test_every_answer_is_one_that_the_description_names(model: FeedbackModel) -> None:
    load_all_checks()
    schemathesis.serializer("application/x-ndjson")(lambda _, lines: json.dumps(lines).encode())
    api = schemathesis.openapi.from_asgi("/openapi.json", create_app(model, Settings()))
    for found in api.get_all_operations():
        operation = found.ok()
        # Which columns and rules a ranking takes depends on each other, beyond any schema: 422.
        excluded = [positive_data_acceptance] if operation.path == "/rank" else []
        _check(operation, excluded)
