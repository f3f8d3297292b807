"""The queue's messages, with S3 in moto and a real callback server."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from fitter_lambda import handler
from heliograph.errors import CallbackError
from heliograph.service.lambda_entry import handle_record
from heliograph.service.public_requests import send_to_public
from tests.fitter.conftest import Server
from tests.fitter.light_curves import fit_payload, sn2019dwz

BUCKET = "heliograph-test"
QUICK = (0.01, 0.01)
ARN = "arn:aws:sqs:eu-central-1:123456789012:heliograph-test-fit"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("BUCKET", BUCKET)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def take(message: dict[str, Any]) -> None:
    handle_record(fit_payload, message, send_to_public, QUICK)


def put(s3: Any, payload: Any) -> str:
    key = f"fits/{uuid.uuid4()}/payload.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=payload if isinstance(payload, bytes) else json.dumps(payload))
    return key


def keys(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def record(key: Any, arn: str = ARN) -> dict[str, Any]:
    return {"body": json.dumps({"key": key}), "eventSourceARN": arn}


def test_a_fit_from_message_to_callback(s3: Any, server: Server) -> None:
    payload = sn2019dwz(fix_z="True", n_draws=100, mjd_max=58630) | {"callback_url": f"{server.url}/token"}
    handler.fit({"Records": [record(put(s3, payload))]}, None)
    (body,) = server.bodies("POST")
    assert json.loads(body)["status"] == "success"
    assert server.bodies("PATCH"), "progress was reported"
    assert keys(s3) == []


def test_a_payload_that_is_wrong_is_answered_with_the_reason(s3: Any, server: Server) -> None:
    for inputs in (None, {}, {"photometry": "nonsense"}, {"analysis_parameters": {"sorce": 1}}):
        take(record(put(s3, {"callback_url": server.url, "inputs": inputs})))
        answer = json.loads(server.bodies("POST")[-1])
        assert answer["status"] == "failure" and answer["message"] and answer["analysis"] == {}
    assert keys(s3) == []


def test_the_document_is_saved_before_the_callback_and_built_once(s3: Any, server: Server) -> None:
    key = put(s3, {"callback_url": server.url, "inputs": {}})
    server.statuses = [503]
    with pytest.raises(CallbackError):
        take(record(key))
    document_key = key.replace("payload", "document")
    assert sorted(keys(s3)) == [document_key, key]
    marked = {"status": "success", "message": "the first one", "analysis": {}}
    s3.put_object(Bucket=BUCKET, Key=document_key, Body=json.dumps(marked))
    server.statuses = [200]
    take(record(key))
    assert json.loads(server.bodies("POST")[-1]) == marked
    assert keys(s3) == []


def test_a_refused_callback_deletes_the_fit(s3: Any, server: Server) -> None:
    server.statuses = [403]
    take(record(put(s3, {"callback_url": server.url})))
    assert len(server.bodies("POST")) == 1 and keys(s3) == []


def test_a_cancelled_fit_is_given_up_without_a_callback(s3: Any, server: Server) -> None:
    server.statuses = [403]
    take(record(put(s3, sn2019dwz() | {"callback_url": server.url})))
    assert server.bodies("POST") == [] and len(server.bodies("PATCH")) == 1 and keys(s3) == []


def test_a_fit_that_nobody_waits_for_is_not_begun(s3: Any, server: Server) -> None:
    late = {"callback_url": server.url, "invalid_after": "2026-01-01 00:00:00.5"}
    take(record(put(s3, sn2019dwz() | late)))
    assert server.requests == [] and keys(s3) == []


def test_a_dead_letter_calls_back_a_failure(s3: Any, server: Server) -> None:
    key = put(s3, sn2019dwz() | {"callback_url": server.url})
    take(record(key, f"{ARN}-dead"))
    answer = json.loads(server.bodies("POST")[0])
    assert answer["status"] == "failure" and "gave up after several tries" in answer["message"]
    assert keys(s3) == []


def test_a_dead_letter_with_a_document_delivers_it(s3: Any, server: Server) -> None:
    key = put(s3, {"callback_url": server.url})
    done = {"status": "success", "message": "done", "analysis": {}}
    s3.put_object(Bucket=BUCKET, Key=key.replace("payload", "document"), Body=json.dumps(done))
    take(record(key, f"{ARN}-dead"))
    assert json.loads(server.bodies("POST")[0]) == done


def test_messages_without_a_payload_are_dropped(s3: Any, server: Server) -> None:
    broken = [{}, {"body": "{"}, {"body": "[]"}, {"body": None}, record(None), record(["a"]), record("../x")]
    gone = record(f"fits/{uuid.uuid4()}/payload.json")
    no_json = record(put(s3, b"\xff{"))
    elsewhere = record(put(s3, {}).replace("fits/", "fits/../"))
    for message in (*broken, gone, no_json, elsewhere, record(put(s3, [])), record(put(s3, {"callback_url": ""}))):
        take(message)
    assert server.requests == []


def test_the_renderer_imports_neither_aws_nor_the_app() -> None:
    from tests.fitter.test_cli import process

    script = "import importlib, pkgutil, sys, fitter_lambda.renderer, fitter_lambda.output.supernova_fit\n"
    script += "import fitter_lambda.handler\n"
    script += "for module in pkgutil.iter_modules(fitter_lambda.renderer.__path__):\n"
    script += "    importlib.import_module(f'fitter_lambda.renderer.{module.name}')\n"
    script += "print({'boto3', 'botocore', 'chalice'} & set(sys.modules))\n"
    script += "print(sorted(name for name in sys.modules if name.startswith(('chalicelib', 'heliograph'))))"
    printed = process("tests.fitter.run_script", stdin=script).stdout.splitlines()
    assert printed == ["set()", "['heliograph_guards', 'heliograph_guards.plausible_values']"]
