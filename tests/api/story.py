"""Helpers of most tests of analyses: a source with a light curve, a service, and the queues."""

import json
import time
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.models import sqs_backends

from chalicelib import queues, settings, workers
from chalicelib.aws import get_account_id, get_client
from chalicelib.errors import RetryLater
from tests.gateway import Gateway
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
    """Add the source SN1 with a light curve of the instrument ZTF."""
    admin.post("/instrument", {"name": "ZTF", "filters": ["ztfg", "ztfr", "ztfi"]})
    assert admin.post("/sources", {"id": "SN1", "ra": 10.0, "dec": -5.0, "redshift": 0.05, **more}).status == 200
    assert admin.post("/photometry", LIGHT_CURVE).status == 200


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
    """Do what Lambda does: pass each message in the queue to its function.

    Returns
    -------
    list of float
        The delay in seconds of each message that was returned to the queue.
    """
    sqs = get_client("sqs")
    url = _queue_url(queue)
    delays: list[float] = []
    while messages := _receive_next(queue):
        (message,) = messages
        event = {"Records": [{"body": message["Body"], "receiptHandle": message["ReceiptHandle"]}]}
        try:
            {queues.DISPATCH: workers.handle_dispatch, queues.JOBS: workers.handle_job}[queue](event)
        except RetryLater:
            delays.append(_return_message(url, message))
        else:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return delays


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
    name = settings.resource_name(queue)
    for message in sqs_backends[get_account_id()]["us-east-1"].queues[name]._messages:
        if message.delayed_until < unix_time_millis() + SOON:
            message.delayed_until = 0.0
    return list(
        get_client("sqs").receive_message(QueueUrl=_queue_url(queue), MaxNumberOfMessages=1).get("Messages", ())
    )


def _return_message(url: str, message: dict[str, Any]) -> float:
    """Keep a message for `redeliver_messages`; return 0.0, since tests do not wait for the queue."""
    get_client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    returned_messages.append(json.loads(message["Body"]))
    return 0.0


returned_messages: list[dict[str, Any]] = []
"""Messages that were returned to their queue, until `redeliver_messages`."""


def redeliver_messages() -> None:
    """Send the returned messages again."""
    for message in returned_messages:
        set_overdue(message["analysis_id"], lease_until=0)
        queues.send_message(queues.DISPATCH, message)
    returned_messages.clear()


def set_overdue(analysis: int, **more: Any) -> None:
    """Make the sweep look at an analysis now, and set more of its attributes."""
    values = {"check_at": time.time() - 1, **more}
    get_client("dynamodb").update_item(
        TableName=settings.resource_name("analyses"),
        Key={"key": {"S": f"analysis#{analysis}"}},
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in values),
        ExpressionAttributeValues={
            f":{name}": {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in values.items()
        },
    )


def get_sent_body(service: Service) -> Any:
    """Return the body of the only request that a service received."""
    (request,) = service.received
    return request.body
