"""A portal for tests: a real HTTP server in a thread, which sends analyses and takes what comes back."""

import base64
import json
import re
import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote, urlsplit

import requests

from heliograph.connection import Connection
from heliograph.credentials import Credentials
from heliograph.service.analysis_run import run_payload
from heliograph.service.analysis_service import Service
from heliograph.service.document_delivery import deliver_document
from heliograph.service.portal_requests import PortalRequests
from heliograph.service.progress_reports import ProgressReporter
from heliograph.testing.document_checks import (
    MAX_CALLBACK_BYTES,
    MAX_UPLOAD_BYTES,
    DocumentRefusedError,
    check_analysis,
    check_callback,
    check_progress,
    decode_body,
)
from heliograph.testing.sample_payloads import PortalKind, make_inputs, make_payload
from heliograph.testing.sent_analysis import SentAnalysis

if TYPE_CHECKING:
    pass

ALL_INPUTS = ["photometry", "spectra", "redshift", "annotations", "comments", "classifications"]

_WEBHOOK = re.compile(r"/api/webhook/obj_analysis/([\w-]+)(/upload)?")
_SERVICE = re.compile(r"/api/analysis_service(?:/(\d+))?")
_SOURCE = re.compile(r"/api/sources/([^/]+)(?:/(\w+))?")
_STORE = re.compile(r"/store/([\w-]+)")
_ANSWER_SECONDS = 20

Reply = tuple[int, dict[str, Any]]


class FakePortal:
    """A portal that runs in a test; a context manager.

    At its end it raises `AssertionError` if a service has sent anything that a portal would refuse, unless the test has
    emptied `problems`.

    Parameters
    ----------
    kind : {'heliograph', 'skyportal'}
        Heliograph signs its requests, takes reports and uploads; SkyPortal does neither.
    service_token : str, optional
        What it sends as ``Authorization: Bearer …`` to a service.

    Attributes
    ----------
    url : str
        Its address, without ``/api``.
    problems : list of str
        What it has refused as malformed.
    uploads : list of int
        The sizes of the documents that were uploaded.
    services : dict
        Registered services by id.
    sources : dict
        Sources by name; see `add_source`.
    """

    def __init__(self, kind: PortalKind = "heliograph", service_token: str | None = None) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self.kind = kind
        self.token = secrets.token_hex(16)
        self.service_token = service_token
        self.problems: list[str] = []
        self.uploads: list[int] = []
        self.services: dict[int, dict[str, Any]] = {}
        self.sources: dict[str, dict[str, Any]] = {}
        self.analyses: dict[str, SentAnalysis] = {}
        self._private_key: Ed25519PrivateKey = Ed25519PrivateKey.generate()
        self._failures: list[int] = []
        self._sizes: dict[str, int | None] = {}
        self._stored: dict[str, bytes] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The address of the portal."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def connection(self) -> Connection:
        """A connection to the portal's API."""
        return Connection(Credentials(self.url, self.token), remembers_keys=self.kind == "heliograph")

    def __enter__(self) -> Self:
        """Start the server."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the server, and raise if it had to refuse anything."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        if kind is None and self.problems:
            raise AssertionError(f"A portal would refuse this: {'; '.join(self.problems)}")

    def add_source(self, name: str, **parts: Any) -> None:
        """Add a source: fields such as ``redshift``, and lists such as ``photometry`` or ``spectra``."""
        self.sources[name] = {"id": name, "ra": 184.5861, "dec": 31.2213, **parts}

    def fail_callbacks(self, times: int, status: int = 503) -> None:
        """Answer the next callbacks with an error, as a portal does that is busy."""
        self._failures = [status] * times

    def prepare(
        self,
        *,
        parameters: Mapping[str, Any] | None = None,
        inputs: Mapping[str, str] | None = None,
        input_types: list[str] | None = None,
        timeout: float = 60.0,
    ) -> SentAnalysis:
        """Make an analysis without sending it; see `send`."""
        token = str(uuid.uuid4())
        url = f"{self.url}/api/webhook/obj_analysis/{token}"
        texts = make_inputs(self.kind, input_types or ALL_INPUTS, parameters or {}, inputs or {})
        payload = make_payload(self.kind, url, texts, timeout)
        analysis = SentAnalysis(payload, url, time.time() + timeout, lambda _: 0)
        self.analyses[token] = analysis
        return analysis

    def send(self, service_url: str, **options: Any) -> SentAnalysis:
        """Send an analysis to a service that is served.

        Parameters
        ----------
        service_url : str
        parameters : mapping, optional
            Values that a user has set.
        inputs : mapping, optional
            CSV texts by kind, in place of the samples.
        input_types : list of str, optional
            What is sent; everything by default.
        timeout : float
            Seconds until callbacks are refused.
        """
        analysis = self.prepare(**options)
        body = json.dumps(analysis.payload).encode()
        message_id = f"analysis-{len(self.analyses)}"

        def send(sent: SentAnalysis) -> int:
            headers = {"Content-Type": "application/json", **self.make_headers(message_id, body)}
            response = requests.post(
                service_url, data=body, headers=headers, timeout=_ANSWER_SECONDS, allow_redirects=False
            )
            sent.answers.append(response.status_code)
            return response.status_code

        analysis.send = send
        send(analysis)
        return analysis

    def run(self, service: Service, **options: Any) -> SentAnalysis:
        """Run an analysis of a service in this process, and take its callback; options as of `send`."""
        options.setdefault("input_types", service.declaration()["input_data_types"])
        analysis = self.prepare(**options)
        send = PortalRequests([self.url]).send
        document = run_payload(service, analysis.payload, ProgressReporter(analysis.callback_url, send))
        deliver_document(analysis.callback_url, document, send)
        return analysis

    def make_headers(self, message_id: str, body: bytes, sent_at: int | None = None) -> dict[str, str]:
        """Return the headers by which a service knows this portal: a signature, a token, or both."""
        headers = {"Authorization": f"Bearer {self.service_token}"} if self.service_token else {}
        if self.kind == "skyportal":
            return headers
        moment = int(time.time()) if sent_at is None else sent_at
        signature = self._private_key.sign(f"{message_id}.{moment}.".encode() + body)
        return {
            **headers,
            "webhook-id": message_id,
            "webhook-timestamp": str(moment),
            "webhook-signature": f"v1a,{base64.b64encode(signature).decode()}",
        }

    def answer(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> Reply:
        """Answer a request."""
        if match := _WEBHOOK.fullmatch(path):
            return self._answer_webhook(method, match.group(1), bool(match.group(2)), raw)
        if path == "/api/sysinfo" and method == "GET":
            return 200, _succeed({"gitlog": []}, **self._describe_key())
        if (match := _STORE.fullmatch(path)) and method == "PUT":
            return self._store_upload(match.group(1), raw)
        if headers.get("Authorization") != f"token {self.token}":
            return 401, _fail("The token is not valid.")
        if match := _SERVICE.fullmatch(path):
            return self._answer_service(method, match.group(1), raw)
        if (match := _SOURCE.fullmatch(path)) and method == "GET":
            return self._answer_source(unquote(match.group(1)), match.group(2))
        return 404, _fail("There is no such route.")

    def _describe_key(self) -> dict[str, str]:
        if self.kind == "skyportal":
            return {}
        key = base64.b64encode(self._private_key.public_key().public_bytes_raw()).decode()
        return {"name": "Heliograph", "public_key": f"whpk_{key}"}

    def _answer_webhook(self, method: str, token: str, is_upload: bool, raw: bytes) -> Reply:
        if self.kind == "skyportal" and (is_upload or method != "POST"):
            return 405, _fail("Method not allowed.")
        analysis = self.analyses.get(token)
        if analysis is None:
            return 403, _fail("Unknown callback token.")
        with analysis.changed:
            status, reply = self._take(method, analysis, is_upload, raw)
            if method == "POST" and not is_upload:
                analysis.callbacks.append(status)
            analysis.changed.notify_all()
        return status, reply

    def _take(self, method: str, analysis: SentAnalysis, is_upload: bool, raw: bytes) -> Reply:
        """Take a report, a callback, or the wish to upload."""
        if analysis.status == "pending" and time.time() > analysis.ends_at:
            analysis.status = "timed_out"
        if analysis.status == "timed_out":
            return 400, _fail("Too late: the analysis is timed out.")
        if analysis.status != "pending":
            return 403, _fail(f"Callback no longer accepted: the analysis is {analysis.status}.")
        if method == "POST" and not is_upload and self._failures:
            return self._failures.pop(), _fail("Busy.")
        try:
            if method == "PATCH":
                return self._take_progress(analysis, decode_body(raw))
            return self._create_upload(decode_body(raw)) if is_upload else self._take_callback(analysis, raw)
        except DocumentRefusedError as error:
            self.problems.append(str(error))
            return 400, _fail(str(error))

    def _take_progress(self, analysis: SentAnalysis, body: dict[str, Any]) -> Reply:
        check_progress(body)
        if body:
            analysis.progress.append((body.get("progress"), body.get("message")))
        return 200, _succeed({})

    def _create_upload(self, body: dict[str, Any]) -> Reply:
        size = body.get("size")
        if size is not None and not (isinstance(size, int) and 0 < size <= MAX_UPLOAD_BYTES):
            raise DocumentRefusedError(f"size: expected the number of bytes, at most {MAX_UPLOAD_BYTES}.")
        upload_id = str(uuid.uuid4())
        self._sizes[upload_id] = size
        headers = {"Content-Type": "application/json", "x-upload": upload_id}
        return 200, _succeed({"upload_id": upload_id, "url": f"{self.url}/store/{upload_id}", "headers": headers})

    def _store_upload(self, upload_id: str, raw: bytes) -> Reply:
        if upload_id not in self._sizes:
            return 403, _fail("No such upload.")
        size = self._sizes[upload_id]
        if size is not None and size != len(raw):
            self.problems.append(f"upload: {len(raw)} bytes instead of {size}")
            return 403, _fail("The size is another.")
        self._stored[upload_id] = raw
        self.uploads.append(len(raw))
        return 200, {}

    def _take_callback(self, analysis: SentAnalysis, raw: bytes) -> Reply:
        if self.kind == "heliograph" and len(raw) > MAX_CALLBACK_BYTES:
            return 413, _fail("Over 4.4 MB; upload the document.")
        body = decode_body(raw)
        check_callback(body)
        document = body.get("analysis") or {}
        if "upload_id" in document:
            document = decode_body(self._stored.pop(str(document["upload_id"]), b""))
            check_analysis(document)
        analysis.status = "completed" if body["status"] == "success" else "failure"
        analysis.message = body.get("message") or ""
        analysis.document = document
        return 200, _succeed({})

    def _answer_service(self, method: str, service_id: str | None, raw: bytes) -> Reply:
        if method == "GET":
            listed = [{"id": number, **fields} for number, fields in self.services.items()]
            return 200, _succeed(listed)
        try:
            fields = decode_body(raw)
        except DocumentRefusedError as error:
            return 400, _fail(str(error))
        if problem := self._find_registration_problem(fields, is_new=method == "POST"):
            self.problems.append(problem)
            return 400, _fail(problem)
        number = len(self.services) + 1 if service_id is None else int(service_id)
        self.services[number] = {**self.services.get(number, {}), **fields}
        return 200, _succeed({"id": number})

    def _find_registration_problem(self, fields: Mapping[str, Any], *, is_new: bool) -> str:
        required = ("name", "url", "authentication_type", "analysis_type", "input_data_types")
        missing = [name for name in required if is_new and not fields.get(name) and name != "input_data_types"]
        if missing:
            return f"{missing[0]}: this field is required"
        if is_new and fields["name"] in [service["name"] for service in self.services.values()]:
            return "name: there is such a service already"
        texts = [name for name in ("optional_analysis_parameters", "_authinfo") if name in fields]
        if self.kind == "skyportal" and not all(isinstance(fields[name], str) for name in texts):
            return f"{', '.join(texts)}: expected JSON texts"
        return ""

    def _answer_source(self, name: str, part: str | None) -> Reply:
        source = self.sources.get(name)
        if source is None:
            return 404, _fail(f"There is no source {name}.")
        lists = {kind: source.get(kind, []) for kind in ALL_INPUTS if kind != "redshift"}
        if part is None:
            return 200, _succeed({key: value for key, value in source.items() if key not in lists})
        if part == "spectra":
            return 200, _succeed({"obj_id": name, "spectra": lists["spectra"]})
        return (200, _succeed(lists[part])) if part in lists else (404, _fail("There is no such route."))


def _succeed(content: Any, **beside: Any) -> dict[str, Any]:
    return {"status": "success", "data": content, "version": "0", **beside}


def _fail(message: str) -> dict[str, Any]:
    return {"status": "error", "message": message, "data": {}, "version": "0"}


def _make_handler(portal: FakePortal) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, reply = portal.answer(self.command, urlsplit(self.path).path, dict(self.headers), raw)
            body = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PATCH = do_PUT = do_POST

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    return Handler
