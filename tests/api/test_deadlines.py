"""An answer that waits for other systems comes before API Gateway's 29 s: 503, and when to try again."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import GetError, TransactWriteError

from chalicelib import aws, deadlines, lambda_functions
from chalicelib.aws import get_client, is_temporary_failure, is_throttled
from chalicelib.errors import BusyError, UnavailableError
from chalicelib.tables.base import StateChanged, retry_on_conflict
from tests.gateway import Gateway


def make_client_error(code: str, status: int = 400, message: str = "") -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


THROTTLED = "Transaction cancelled, reasons [None, ThrottlingError]"
REFUSED = [
    make_client_error("ProvisionedThroughputExceededException"),
    make_client_error("ThrottlingException"),
    make_client_error("RequestLimitExceeded"),
    make_client_error("SlowDown", 503),
    make_client_error("TooManyRequestsException"),
    make_client_error("TransactionCanceledException", 400, THROTTLED),
    GetError("read", cause=make_client_error("ThrottlingException")),
]
TEMPORARY = [
    make_client_error("InternalServerError", 500),
    make_client_error("ServiceUnavailable", 503),
    ReadTimeoutError(endpoint_url="https://x"),
    ConnectTimeoutError(endpoint_url="https://x"),
    EndpointConnectionError(endpoint_url="https://x"),
    TransactWriteError("write", cause=ReadTimeoutError(endpoint_url="https://x")),
]
LASTING = [
    make_client_error("AccessDeniedException"),
    make_client_error("ValidationException"),
    make_client_error("ConditionalCheckFailedException"),
    GetError("read", cause=make_client_error("ResourceNotFoundException")),
    KeyError("x"),
    RuntimeError("x"),
]


@pytest.mark.parametrize("error", [*TEMPORARY, *REFUSED], ids=str)
def test_a_busy_system_is_a_503_or_429(admin: Gateway, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    is_refused = error in REFUSED
    assert (is_throttled(error), is_temporary_failure(error) or is_refused) == (is_refused, True)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("chalicelib.people.requesters.find_token_by_hash", fail)
    reply = admin.get("/groups")
    assert (reply.status, reply.headers["Retry-After"]) == (429 if is_refused else 503, "1")
    assert reply.message.endswith("Try again in a second.")


@pytest.mark.parametrize("error", LASTING, ids=str)
def test_a_fault_of_the_app_is_a_500(admin: Gateway, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    assert not is_temporary_failure(error) and not is_throttled(error)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("chalicelib.people.requesters.find_token_by_hash", fail)
    reply = admin.get("/groups")
    assert reply.status == 500
    assert "Retry-After" not in reply.headers


def test_a_request_whose_time_is_over_sends_nothing_more(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "REQUEST_SECONDS", 0.0)
    reply = admin.get("/groups")
    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
    assert "other systems are slow" in reply.message


def test_jobs_have_no_deadline() -> None:
    assert deadlines.limit_wait(1000.0) == 1000.0
    deadlines.require_time(1000.0)


def test_a_call_that_did_not_answer_once_is_not_repeated_for_longer_than_there_is_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Request:
        headers = {"amz-sdk-request": "attempt=2; max=4"}

    monkeypatch.setattr(deadlines, "REQUEST_SECONDS", 9.0)
    with deadlines.limit_request(), pytest.raises(UnavailableError):
        aws._require_time(10.0, Request())
    Request.headers = {"amz-sdk-request": "attempt=1"}
    with deadlines.limit_request():
        aws._require_time(10.0, Request())
    assert get_client("dynamodb").meta.config.read_timeout == 10.0


@pytest.mark.parametrize(("left", "timeout"), [(27.0, 25.0), (24.0, 20.0), (11.0, 10.0), (5.5, 5.0), (4.0, None)])
def test_a_function_is_waited_for_as_long_as_there_is_time(
    monkeypatch: pytest.MonkeyPatch, left: float, timeout: float | None
) -> None:
    timeouts: list[float] = []

    def get_fake(service: str, read_timeout: float, attempts: int) -> Any:
        timeouts.append(read_timeout)
        raise UnavailableError("enough")

    monkeypatch.setattr(lambda_functions, "get_client", get_fake)
    monkeypatch.setattr(deadlines, "REQUEST_SECONDS", left)
    with deadlines.limit_request(), pytest.raises(UnavailableError):
        lambda_functions.invoke_function(lambda_functions.RENDER, {})
    assert timeouts == ([] if timeout is None else [timeout])


def test_a_contested_record_is_waited_for_as_long_as_there_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    def collide() -> None:
        attempts.append(1)
        raise StateChanged

    monkeypatch.setattr(deadlines, "REQUEST_SECONDS", 0.2)
    with deadlines.limit_request(), pytest.raises(BusyError) as caught:
        retry_on_conflict(collide, "busy")
    assert caught.value.headers["Retry-After"] == "1"
    assert 2 <= len(attempts) <= 20
