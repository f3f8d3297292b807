"""What stands in for the world around the app: services, the renderer, the clock.

Everything between them is the app's own code on moto.
"""

import base64
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import time_machine
from requests.auth import AuthBase

from chalicelib import egress, workers
from tests.faults.injector import Crash, Injector, Kind

__all__ = ["PNG", "Accepted", "Clock", "Functions", "Services"]

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 60

START = datetime(2027, 3, 4, 5, 6, 7, tzinfo=UTC)


class Clock:
    """The time, which passes only when told to, or when the app sleeps."""

    def __init__(self) -> None:
        self._travel = time_machine.travel(START, tick=True)
        self._sleep = time.sleep

    def __enter__(self) -> "Clock":
        self._traveller = self._travel.start()
        time.sleep = self.advance
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep = self._sleep
        self._travel.stop()

    def move_to(self, moment: datetime, *, tick: bool = False) -> None:
        """Set the time (UTC); without `tick` it stands still then."""
        self._traveller.move_to(moment.replace(tzinfo=UTC), tick=tick)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._traveller.shift(seconds)


@dataclass
class Accepted:
    """A request that a service took: its analysis, and what the service does with it."""

    analysis: str
    url: str
    body: dict[str, Any]
    headers: dict[str, str]
    is_done: bool = False

    @property
    def callback(self) -> str:
        """The path of the callback below the API's base."""
        return str(self.body["callback_url"]).partition("/api")[2]


Answer = Callable[[Accepted], egress.ServiceResponse]
"""Answers a request, or raises one of the exceptions of `egress`."""


def take_data(request: Accepted) -> egress.ServiceResponse:
    """Answer 200."""
    return egress.ServiceResponse(200, None, b"")


@dataclass
class Services:
    """All analysis services: what they answer, and which requests they took.

    Attributes
    ----------
    answers : list of callable
        The answers to the next requests; afterwards each is taken.
    accepted : list of Accepted
        The requests that were taken, whether or not the sender got to know.
    """

    injector: Injector
    answers: list[Answer] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    host_answers: dict[str, Answer] = field(default_factory=dict)

    def post(
        self, url: str, body: bytes, headers: dict[str, str], auth: AuthBase | None = None
    ) -> egress.ServiceResponse:
        """Stand in for `egress.post_to_service`."""
        kind = self.injector.begin_call(f"POST {urlsplit(url).hostname}")
        if kind is Kind.ERROR_BEFORE:
            raise egress.ConnectionRefused("the connection was refused")
        with self.injector.paused():
            answer = self._take(url, body, headers, auth)
            if kind is Kind.REPEATED:
                raise egress.ResponseTimedOut("the connection closed before an answer came")
        self.injector.end_call(kind)
        if kind is Kind.ERROR_AFTER or kind is Kind.LOST:
            raise egress.ResponseTimedOut("no answer came in time")
        return answer

    def get(self, url: str, timeout: tuple[float, float]) -> egress.ServiceResponse:
        """Stand in for `egress.get_from_service`."""
        self.injector.end_call(self.injector.begin_call(f"GET {urlsplit(url).hostname}"))
        return egress.ServiceResponse(405, None, b"")

    def _take(self, url: str, body: bytes, headers: dict[str, str], auth: AuthBase | None) -> egress.ServiceResponse:
        sent = requests.Request("POST", url, headers=headers, data=body, auth=auth).prepare()
        text = sent.body.decode() if isinstance(sent.body, bytes) else str(sent.body)
        request = Accepted(headers["webhook-id"], url, json.loads(text), dict(sent.headers))
        self.requests.append(request.analysis)
        default = self.host_answers.get(urlsplit(url).hostname or "", take_data)
        answer = self.answers.pop(0) if self.answers else default
        self.accepted.append(request)
        try:
            response = answer(request)
        except egress.ResponseTimedOut:
            raise
        except BaseException:
            self.accepted.remove(request)
            raise
        if response.status >= 300:
            self.accepted.remove(request)
        return response


class Functions:
    """Lambda's ``Invoke``: the function *documents* is the app's own, the renderer a stand-in without figures.

    Attributes
    ----------
    results : object
        What joblib results hold.
    """

    def __init__(self, injector: Injector, s3: Any, bucket: str) -> None:
        self._injector = injector
        self._s3 = s3
        self._bucket = bucket
        self.results: Any = {"chi2": 3.5, "summary": "A summary from joblib."}
        self.on_render: Callable[[], None] | None = None

    def invoke(self, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        """Stand in for botocore's request; see its event ``before-call``."""
        body = json.loads(params["body"])
        name = unquote(params["url_path"]).split("/")[3].rpartition("-")[2]
        answer: dict[str, Any] = {"StatusCode": 200}
        try:
            result = self._run(name, body)
        except (Exception, Crash):
            answer["FunctionError"] = "Unhandled"
            result = {"errorMessage": "the function failed"}
        answer["Payload"] = io.BytesIO(json.dumps(result).encode())
        return SimpleNamespace(status_code=200), answer

    def _run(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        if name == "documents":
            with self._injector.invocation():
                return workers.handle_document(event)
        with self._injector.paused():
            return self._render(event)

    def _render(self, event: dict[str, Any]) -> dict[str, Any]:
        try:
            source = self._s3.get_object(Bucket=self._bucket, Key=self._get_key(event["source"]))["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return {"ok": False, "error": "The source could not be fetched (HTTP 404)."}
        if self.on_render:
            self.on_render()
        product = PNG
        if event["task"] == "results":
            product = json.dumps(self.results).encode()
        elif event["task"] == "deredden":
            product = source
        elif event["task"] == "periodogram":
            product = json.dumps({"periods": []}).encode()
        self._s3.put_object(Bucket=self._bucket, Key=self._get_key(event["target"]), Body=product)
        return {"ok": True}

    def _get_key(self, url: Any) -> str:
        address = url["url"] if isinstance(url, dict) else url
        if isinstance(url, dict) and "fields" in url:
            return str(url["fields"]["key"])
        return unquote(urlsplit(address).path).removeprefix(f"/{self._bucket}").lstrip("/")


def encode_png() -> str:
    """Return a small picture in base64."""
    return base64.b64encode(PNG).decode()
