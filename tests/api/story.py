"""The story that most tests of analyses begin with: a source with a light curve, and a service."""

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
"""Milliseconds that nobody waits for in a test; what comes later than that is not seen."""

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
    """Add the source SN1, seen by the instrument ZTF, with a light curve."""
    admin.post("/instrument", {"name": "ZTF", "filters": ["ztfg", "ztfr", "ztfi"]})
    assert (
        admin.post("/sources", {"id": "SN1", "ra": 10.0, "dec": -5.0, "redshift": 0.05, **more}).status == 200
    )
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


def start(user: Gateway, service: int, body: Any = None, **headers: str) -> int:
    """Start an analysis of SN1; return its id."""
    return int(user.post(f"/obj/SN1/analysis/{service}", body, **headers).data["id"])


def deliver(queue: str = queues.DISPATCH) -> list[float]:
    """Do what Lambda does: give each message in the queue to its function.

    Returns
    -------
    list of float
        For each message that shall come back: after how many seconds.
    """
    sqs, url = get_client("sqs"), _url(queue)
    pauses: list[float] = []
    while messages := _received(queue):
        (message,) = messages
        event = {"Records": [{"body": message["Body"], "receiptHandle": message["ReceiptHandle"]}]}
        try:
            {queues.DISPATCH: workers.handle_dispatch, queues.JOBS: workers.handle_job}[queue](event)
        except RetryLater:
            pauses.append(_made_visible(url, message))
        else:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return pauses


def taken(queue: str) -> list[dict[str, Any]]:
    """Take every message out of a queue."""
    messages: list[dict[str, Any]] = []
    while found := _received(queue):
        for message in found:
            messages.append(json.loads(message["Body"]))
            get_client("sqs").delete_message(QueueUrl=_url(queue), ReceiptHandle=message["ReceiptHandle"])
    return messages


def _url(queue: str) -> str:
    return f"{get_client('sqs').meta.endpoint_url}/{get_account_id()}/{settings.resource_name(queue)}"


def _received(queue: str) -> list[dict[str, Any]]:
    """Receive the next message; one that is to be seen in a few seconds is seen at once."""
    name = settings.resource_name(queue)
    for message in sqs_backends[get_account_id()]["us-east-1"].queues[name]._messages:
        if message.delayed_until < unix_time_millis() + SOON:
            message.delayed_until = 0.0
    return list(
        get_client("sqs").receive_message(QueueUrl=_url(queue), MaxNumberOfMessages=1).get("Messages", ())
    )


def _made_visible(url: str, message: dict[str, Any]) -> float:
    """Put a message back without the wait, and return none of it: the queue's clock is not ours."""
    get_client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    held.append(json.loads(message["Body"]))
    return 0.0


held: list[dict[str, Any]] = []
"""Messages that shall come back, until `come_back`."""


def come_back() -> None:
    """Let the queue bring again what was given back to it."""
    for message in held:
        overdue(message["analysis_id"], lease_until=0)
        queues.send_message(queues.DISPATCH, message)
    held.clear()


def overdue(analysis: int, **more: Any) -> None:
    """Let the time of an analysis have come."""
    values = {"check_at": time.time() - 1, **more}
    get_client("dynamodb").update_item(
        TableName=settings.resource_name("analyses"),
        Key={"key": {"S": f"analysis#{analysis}"}},
        UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in values),
        ExpressionAttributeValues={
            f":{name}": {"S": value} if isinstance(value, str) else {"N": str(value)}
            for name, value in values.items()
        },
    )


def sent_to(service: Service) -> Any:
    """Return the one body that a service was sent."""
    (request,) = service.received
    return request.body
