"""Several messages in one invocation of Lambda: each has its outcome, and none is lost."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import given, strategies as st
from moto import mock_aws

from heliograph.errors import CallbackError
from heliograph.service import lambda_batches
from heliograph.service.lambda_batches import LEAST_SECONDS, handle_batch
from heliograph.service.lambda_entry import get_end
from heliograph.testing import FakePortal, SentAnalysis
from tests.heliograph.kit_services import service

BUCKET = "analyses-of-tests"
ARN = "arn:aws:sqs:us-east-1:123456789012:"
NEVER = float("inf")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A bucket, and a queue of batches whose messages go on alone in another; their URLs."""
    for name, value in (("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("BUCKET", BUCKET)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        sqs = boto3.client("sqs")
        alone = sqs.create_queue(QueueName="alone")["QueueUrl"]
        policy = json.dumps({"deadLetterTargetArn": f"{ARN}alone", "maxReceiveCount": 1})
        batch = sqs.create_queue(QueueName="batch", Attributes={"RedrivePolicy": policy})["QueueUrl"]
        yield {"alone": alone, "batch": batch}


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePortal]:
    with FakePortal() as portal:
        monkeypatch.setenv("HELIOGRAPH_PORTALS", portal.url)
        yield portal


def queue_analyses(aws: dict[str, str], *analyses: SentAnalysis) -> None:
    for number, analysis in enumerate(analyses):
        key = f"analyses/{number:040}/payload.json"
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(analysis.payload).encode())
        boto3.client("sqs").send_message(QueueUrl=aws["batch"], MessageBody=json.dumps({"key": key}))


def receive(aws: dict[str, str], name: str = "batch") -> list[dict[str, Any]]:
    """Return messages as Lambda gets them, hidden for the others."""
    messages = boto3.client("sqs").receive_message(QueueUrl=aws[name], MaxNumberOfMessages=10, VisibilityTimeout=1800)
    return [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "eventSourceARN": ARN + name,
        }
        for message in messages.get("Messages", [])
    ]


def invoke(aws: dict[str, str], records: list[dict[str, Any]], context: object = None) -> list[str]:
    """Let the function handle messages, and delete those that it does not hand back, as Lambda does."""
    answer = service.lambda_handler({"Records": records}, context)
    assert answer is not None
    returned = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
    for record in records:
        if record["messageId"] not in returned:
            boto3.client("sqs").delete_message(QueueUrl=aws["batch"], ReceiptHandle=record["receiptHandle"])
    return returned


class Context:
    """The part of Lambda's context that says how much time is left."""

    def __init__(self, seconds: float) -> None:
        self._end = time.time() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self._end - time.time()))


def test_each_has_its_own_outcome(aws: dict[str, str], portal: FakePortal) -> None:
    good, wrong, late, last = (
        portal.prepare(), portal.prepare(parameters={"seconds": "long"}), portal.prepare(timeout=-1), portal.prepare(),
    )  # fmt: skip
    queue_analyses(aws, good, wrong, late, last)
    assert invoke(aws, receive(aws)) == []
    assert [each.status for each in (good, wrong, last)] == ["completed", "failure", "completed"]
    assert late.callbacks == [] and receive(aws) == receive(aws, "alone") == []


def test_a_callback_that_fails_goes_on_alone_and_is_delivered_once(
    aws: dict[str, str], portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heliograph.service.document_delivery.time.sleep", lambda _: None)
    analyses = [portal.prepare() for _ in range(3)]
    queue_analyses(aws, *analyses)
    records = receive(aws)
    portal.fail_callbacks(5)
    assert invoke(aws, records) == [records[0]["messageId"]]
    assert [each.status for each in analyses] == ["pending", "completed", "completed"]
    assert receive(aws) == []
    service.lambda_handler({"Records": receive(aws, "alone")})
    assert [each.callbacks for each in analyses] == [[503] * 5 + [200], [200], [200]]


def test_what_there_is_no_time_for_goes_on_alone_at_once(aws: dict[str, str], portal: FakePortal) -> None:
    analyses = [portal.prepare() for _ in range(3)]
    queue_analyses(aws, *analyses)
    records = receive(aws)
    assert len(invoke(aws, records, Context(LEAST_SECONDS - 1))) == 2
    assert [each.status for each in analyses] == ["completed", "pending", "pending"]
    assert receive(aws) == []
    for record in receive(aws, "alone"):
        service.lambda_handler({"Records": [record]})
    assert [each.callbacks for each in analyses] == [[200]] * 3


def test_an_invocation_that_dies_loses_nothing_and_repeats_nothing(
    aws: dict[str, str], portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    class TimeoutOfLambda(BaseException):
        pass

    def die(*_: Any) -> None:
        raise TimeoutOfLambda

    analyses = [portal.prepare(), portal.prepare(parameters={"seconds": 9}), portal.prepare()]
    queue_analyses(aws, *analyses)
    records = receive(aws)
    with monkeypatch.context() as patch, pytest.raises(TimeoutOfLambda):
        patch.setattr("tests.heliograph.kit_services.time.sleep", die)
        invoke(aws, records)
    assert [each.status for each in analyses] == ["completed", "pending", "pending"]
    # all are delivered again when they are visible
    assert invoke(aws, [{**record, "eventSourceARN": f"{ARN}alone"} for record in records[:1] + records[2:]]) == []
    assert [each.callbacks for each in analyses] == [[200], [], [200]]


def test_one_message_alone_fails_as_a_whole(
    aws: dict[str, str], portal: FakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heliograph.service.document_delivery.time.sleep", lambda _: None)
    queue_analyses(aws, portal.prepare())
    portal.fail_callbacks(5)
    with pytest.raises(CallbackError):
        service.lambda_handler({"Records": receive(aws)})


def test_a_message_that_cannot_be_shown_is_reported_all_the_same(aws: dict[str, str]) -> None:
    record = {"messageId": "1", "receiptHandle": "none", "eventSourceARN": f"{ARN}nowhere"}

    def fail(_: Any) -> None:
        raise OSError

    assert handle_batch(fail, [record], NEVER) == {"batchItemFailures": [{"itemIdentifier": "1"}]}


def test_without_a_context_there_is_no_end() -> None:
    assert get_end(None) == NEVER
    assert get_end(Context(50)) == pytest.approx(time.time() + 50, abs=5)


@given(seconds=st.lists(st.floats(0, 400), min_size=1, max_size=30), fails=st.sets(st.integers(0, 29)))
def test_each_message_is_done_or_handed_back_and_none_is_begun_too_late(seconds: list[float], fails: set[int]) -> None:
    clock = 0.0
    done: list[int] = []

    def handle(record: Any) -> None:
        nonlocal clock
        number = record["number"]
        assert not done or 300 - clock >= max(LEAST_SECONDS, 2 * max(seconds[:number]))
        done.append(number)
        clock += seconds[number]
        if number in fails:
            raise CallbackError("later")

    records = [{"messageId": str(number), "number": number} for number in range(len(seconds))]
    made_visible: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lambda_batches.time, "time", lambda: clock)
        patch.setattr(lambda_batches, "show_message", made_visible.append)
        answer = handle_batch(handle, records, 300)
    returned = [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]
    assert done == list(range(len(done))) and done[0] == 0
    assert sorted({*done} - fails | {*returned}) == list(range(len(seconds)))
    assert [record["number"] for record in made_visible] == returned
