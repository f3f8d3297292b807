"""Helpers of most tests of analyses: a source with a light curve, a service, and the queues."""

import json
import math
import time
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.models import sqs_backends

from chalicelib import queues, settings, workers
from chalicelib.analysis import sweep
from chalicelib.aws import get_account_id, get_client
from chalicelib.tables.service_lines import find_service_line
from tests.gateway import Gateway
from tests.permissions import run_as
from tests.service import Service

SOON = 10_000.0
"""Milliseconds: tests do not wait for messages that are delayed for less, and ignore the others."""

LIGHT_CURVE = {
    "obj_id": "SN1",
    "mjd": [58000.0, 58001.5, 58003.0],
    "flux": [100.0, None, 250.0],
    "fluxerr": [5.0, 6.0, 7.0],
    "filter": ["ztfg", "ztfr", "ztfg"],
    "zp": 23.9,
    "magsys": "ab",
    "instrument_id": 1,
}


def make_source(admin: Gateway, **more: Any) -> None:
    """Add the source SN1, or one with another `id`, with a light curve of the instrument ZTF."""
    admin.post("/instrument", {"name": "ZTF", "filters": ["ztfg", "ztfr", "ztfi"]})
    assert admin.post("/sources", {"id": "SN1", "ra": 10.0, "dec": -5.0, "redshift": 0.05, **more}).status == 200
    assert admin.post("/photometry", {**LIGHT_CURVE, "obj_id": more.get("id", "SN1")}).status == 200


def make_service(admin: Gateway, url: str = "https://service.example.org/fit", **more: Any) -> int:
    """Register a service; return its id."""
    fields = {
        "name": f"service {more.get('name', '')}".strip(),
        "url": url,
        "authentication_type": "none",
        "analysis_type": "lightcurve_fitting",
        "input_data_types": ["photometry", "redshift"],
        **more,
    }
    return int(admin.post("/analysis_service", fields).data["id"])


def start_analysis(user: Gateway, service: int, body: Any = None, **headers: str) -> int:
    """Start an analysis of SN1; return its id."""
    return int(user.post(f"/obj/SN1/analysis/{service}", body, **headers).data["id"])


def deliver(queue: str = queues.DISPATCH) -> list[float]:
    """Do what Lambda does: pass each message in the queue to its function, but leave retries for later.

    Returns
    -------
    list of float
        The delay in seconds of each retry that is in the queue now.
    """
    sqs = get_client("sqs")
    while messages := _receive_next(queue):
        (message,) = messages
        event = {"Records": [{"body": message["Body"], "receiptHandle": message["ReceiptHandle"]}]}
        {queues.DISPATCH: workers.handle_dispatch, queues.JOBS: workers.handle_job}[queue](event)
        sqs.delete_message(QueueUrl=_queue_url(queue), ReceiptHandle=message["ReceiptHandle"])
    return [(message.delayed_until - unix_time_millis()) / 1000 for message in _list_retries(queue)]


def sweep_overdue(ends_at: float = math.inf) -> int:
    """Do what the sweep does each minute, as its function; return how many it looked at."""
    with run_as("sweep"):
        return sweep.sweep_overdue(ends_at)


def drain_queue(queue: str) -> list[dict[str, Any]]:
    """Remove all messages from a queue and return them."""
    bodies: list[dict[str, Any]] = []
    while messages := _receive_next(queue):
        for message in messages:
            bodies.append(json.loads(message["Body"]))
            url = _queue_url(queue)
            get_client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies


def _queue_url(queue: str) -> str:
    return f"{get_client('sqs').meta.endpoint_url}/{get_account_id()}/{settings.resource_name(queue)}"


def _receive_next(queue: str) -> list[dict[str, Any]]:
    """Receive the next message, without waiting for short delays."""
    retries = _list_retries(queue)
    for message in _list_messages(queue):
        if message not in retries and message.delayed_until < unix_time_millis() + SOON:
            message.delayed_until = 0.0
    return list(
        get_client("sqs").receive_message(QueueUrl=_queue_url(queue), MaxNumberOfMessages=1).get("Messages", ())
    )


def _list_messages(queue: str) -> list[Any]:
    return list(sqs_backends[get_account_id()]["us-east-1"].queues[settings.resource_name(queue)]._messages)


def _list_retries(queue: str) -> list[Any]:
    """Return the delayed messages that repeat something."""
    delayed = [message for message in _list_messages(queue) if message.delayed_until > unix_time_millis()]
    return [message for message in delayed if queue == queues.DISPATCH or "repeats" in json.loads(message.body)]


def list_retries(queue: str = queues.DISPATCH) -> list[dict[str, Any]]:
    """Return the bodies of the messages that repeat something later."""
    return [json.loads(message.body) for message in _list_retries(queue)]


def end_delays(queue: str = queues.DISPATCH) -> None:
    """Let the time pass until all retries in a queue can be delivered, and pauses of services are over."""
    for message in _list_retries(queue):
        message.delayed_until = 0.0
        fields = json.loads(message.body)
        if "analysis_id" in fields:
            set_overdue(fields["analysis_id"], lease_until=0)
        elif "service_id" in fields:
            end_pause(fields["service_id"])


def end_pause(service: int) -> None:
    """Let the time pass until a service may be sent something again."""
    line = find_service_line(service)
    for name in ("paused_until", "asked_until"):
        if getattr(line, name) is not None:
            _set_values(line.key, {name: time.time() - 1})


def set_overdue(analysis: int, **more: Any) -> None:
    """Make the sweep look at an analysis now, and set more of its attributes."""
    _set_values(f"analysis#{analysis}", {"check_at": time.time() - 1, **more})


def _set_values(key: str, values: dict[str, Any]) -> None:
    get_client("dynamodb").update_item(
        TableName=settings.resource_name("analyses"),
        Key={"key": {"S": key}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
        ExpressionAttributeNames={f"#{name}": name for name in values},
        ExpressionAttributeValues={
            f":{name}": {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in values.items()
        },
    )


def get_sent_body(service: Service) -> Any:
    """Return the body of the only request that a service received."""
    (request,) = service.received
    return request.body
