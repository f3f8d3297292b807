"""The steps of two kinds of analyses, from request to results, each measured once on moto.

A plain analysis: a service elsewhere is sent a light curve, answers at once, and calls back with two plots and results.
A fit: the service is the supernova fitter of the same deployment. What a step needs for the first time only (clients,
the secret, the account id) is done before.
"""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto import mock_aws

from benchmarks.consumption import Consumption, measure_consumption
from tests.gateway import Gateway, Reply
from tests.service import Received, Service, analysis_service

PLOT_BYTES = 40_000
"""A plot of a plain analysis."""

ENVIRONMENT = {
    **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing"),
    "AWS_DEFAULT_REGION": "us-east-1",
    "EGRESS_ALLOWED_HOSTS": "127.0.0.1:*",
    "PUBLIC_URL": "https://heliograph.test/api",
}


@dataclass(frozen=True)
class Step:
    """A step of an analysis.

    Attributes
    ----------
    name : str
        What is done.
    function : str
        The function that does it.
    consumption : Consumption
        What it takes.
    is_request : bool
        Whether it comes through API Gateway.
    """

    name: str
    function: str
    consumption: Consumption
    is_request: bool = True


@contextmanager
def open_stage() -> Iterator[Gateway]:
    """Yield the app on an empty stage of moto, as its administrator."""
    os.environ |= ENVIRONMENT
    from app import app
    from chalicelib import people
    from tests.stage import load_template_resources, make_stage

    with mock_aws():
        make_stage(load_template_resources())
        yield Gateway(app, people.ensure_administrator("admin"))


def measure_plain_analyses(admin: Gateway) -> tuple[list[Step], list[Step]]:
    """Return the steps of two analyses of different sources by a service elsewhere; the first fills caches."""
    from tests.api import story

    plot = {"format": "png", "data": base64.b64encode(b"\x89PNG\r\n\x1a\n" + os.urandom(PLOT_BYTES)).decode()}
    results = {"period": 0.54, "chi2": 17.4, "type": "RRab"}
    document = {"status": "success", "message": "It is one.", "analysis": {"plots": [plot, plot], "results": results}}
    with analysis_service() as server:
        service = story.make_service(admin, server.url, name="plain")

        def measure() -> list[Step]:
            steps = _measure_start(admin, server, service)
            callback = server.received[-1].callback_path
            with measure_consumption() as taken:
                _require_success(admin.post(callback, document))
            return [*steps, Step("callback", "api_handler", taken), _measure_poll(admin)]

        return measure(), measure()


def measure_fits(admin: Gateway, payload: dict[str, Any]) -> tuple[list[Step], list[Step]]:
    """Return the steps of two analyses of different sources by the supernova fitter; the first fills caches.

    Parameters
    ----------
    admin : Gateway
        The app.
    payload : dict
        The data of a light curve, as a service is sent them.
    """
    from tests.api import story

    with analysis_service() as server:
        service = story.make_service(admin, server.url, name="fitter", analysis_type="lightcurve_fitting")

        def measure() -> list[Step]:
            steps = _measure_start(admin, server, service)
            callback = server.received[-1].callback_path
            first = len(server.received)
            steps += _measure_queued_fit(admin, server, payload)
            steps += [_measure_replay(admin, callback, request) for request in server.received[first:]]
            return [*steps, _measure_poll(admin)]

        return measure(), measure()


def _measure_start(admin: Gateway, server: Service, service: int) -> list[Step]:
    """Start an analysis of a source of its own, and send it."""
    from tests.api import story

    source = f"SN{len(server.received)}x{service}"
    story.make_source(admin, id=source)
    with measure_consumption() as start:
        _require_success(admin.post(f"/obj/{source}/analysis/{service}"))
    with measure_consumption() as sending:
        story.deliver()
    return [Step("start", "api_handler", start), Step("send", "dispatch", sending, is_request=False)]


def _measure_queued_fit(admin: Gateway, server: Service, payload: dict[str, Any]) -> list[Step]:
    """Let the fitter's endpoint queue a payload, and its function fit it; the server receives the callbacks."""
    from chalicelib import fitter_endpoint, queues, settings
    from chalicelib.aws import get_account_id
    from fitter_lambda import handler
    from tests.api import story

    os.environ["BUCKET"] = settings.resource_name(get_account_id())
    boto3.setup_default_session()
    token = fitter_endpoint.list_fitter_tokens()[0]
    body = {**payload, "callback_url": f"{server.url}/callback"}
    with measure_consumption() as queueing:
        anyone = admin.as_user(None)
        _require_success(anyone.post("/fitter/supernova?json_results=true", body, authorization=f"Bearer {token}"))
    (message,) = story.drain_queue(queues.FIT)
    with measure_consumption() as fitting:
        handler.fit({"Records": [{"body": json.dumps(message)}]}, None)
    return [Step("queue the fit", "api_handler", queueing), Step("fit", "fit", fitting, is_request=False)]


def _measure_replay(admin: Gateway, callback: str, request: Received) -> Step:
    """Pass a request of the fitter on to the callback of the analysis."""
    name = "callback" if request.method == "POST" else "progress"
    with measure_consumption() as taken:
        _require_success(admin.request(request.method, callback, request.raw))
    return Step(name, "api_handler", taken)


def _measure_poll(admin: Gateway) -> Step:
    """Ask for the status of the last analysis."""
    number = admin.get("/obj/analysis?numPerPage=1").data[0]["id"]
    with measure_consumption() as taken:
        reply = admin.get(f"/obj/analysis/{number}/status")
    if reply.data["status"] != "completed":
        raise RuntimeError(f"the analysis did not complete: {reply.data}")
    return Step("ask for the status", "api_handler", taken)


def _require_success(reply: Reply) -> None:
    if reply.status != 200:
        raise RuntimeError(f"a step was answered {reply.status}: {reply.text[:300]}")
