"""The HTTP side of a service: take a request, store it, acknowledge it at once."""

import asyncio
import contextlib
import importlib.util
import logging
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from heliograph.errors import ArgumentError, ServiceError
from heliograph.service.analysis_pool import AnalysisPool
from heliograph.service.analysis_service import Service
from heliograph.service.json_logs import configure_logs
from heliograph.service.payload_contents import MAX_PAYLOAD_BYTES
from heliograph.service.portal_requests import PortalRequests
from heliograph.service.request_admission import Admission, RequestRefusedError
from heliograph.service.service_files import load_service, locate_service, resolve_reference
from heliograph.service.spool import Spool

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

TOKEN_VARIABLE = "HELIOGRAPH_SERVICE_TOKEN"  # noqa: S105 - the name of a variable

_BODY_SECONDS = 30.0
_MAX_CONNECTIONS = 200
_RETRY_SECONDS = 30
_MAX_BYTES_IN_MEMORY = 256 * 1024 * 1024
_LIBRARIES = ("cryptography", "pydantic", "starlette", "uvicorn")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")

_logger = logging.getLogger(__name__)


def serve(
    service: Service | str | Path,
    *,
    portals: Iterable[str] | str,
    host: str = "127.0.0.1",
    port: int = 6800,
    workers: int | None = None,
    queue_size: int = 100,
    token: str | None = None,
    spool: str | Path | None = None,
    grace_seconds: float = 25.0,
) -> None:
    """Serve a service until SIGTERM or Ctrl-C.

    Parameters
    ----------
    service : Service, str or Path
        Or its file, such as ``my_service.py``.
    portals : iterable of str, or str
        Addresses of the portals that may send analyses; callbacks go to these alone.
    host, port
        Where to listen; by default only this machine can connect.
    workers : int, optional
        Most analyses that run at a time; one for each processor by default.
    queue_size : int
        Most analyses that wait; further ones are answered 429 and sent again later.
    token : str, optional
        What a portal that signs nothing (SkyPortal) has to send; ``HELIOGRAPH_SERVICE_TOKEN`` by default.
    spool : path, optional
        A folder for what is not called back yet; in ``~/.local/state/heliograph`` by default.
    grace_seconds : float
        At a stop, how long running analyses may take to end; others stay in the spool.

    Raises
    ------
    ArgumentError
        If an argument is not valid.
    DeclarationError
        If the service cannot be loaded.
    """
    _require_libraries()
    reference = locate_service(service) if isinstance(service, Service) else resolve_reference(str(service))
    loaded = load_service(reference)
    loaded.declaration()
    if workers is not None and workers < 1:
        raise ArgumentError(f"workers is {workers}; expected at least 1.")
    requests = PortalRequests(portals)
    admission = Admission(requests, token or os.environ.get(TOKEN_VARIABLE) or None)
    configure_logs()
    listener = _listen(host, port)
    storage = Spool(Path(spool) if spool else get_default_spool(loaded.name))
    pool = AnalysisPool(
        reference, storage, requests.send, workers=workers or os.cpu_count() or 1, queue_size=queue_size
    )
    app = build_app(loaded.name, admission, storage, pool, grace_seconds)
    if host not in _LOOPBACK:
        _logger.warning("other machines can connect to %s; put a server with TLS in front", host)
    _logger.info("%s listens on http://%s:%d", loaded.name, host, listener.getsockname()[1])
    _run_server(app, listener)
    storage.close()


def _run_server(app: "Starlette", listener: socket.socket) -> None:
    """Run until a signal; a stop is no error."""
    import uvicorn

    if threading.current_thread() is threading.main_thread():
        # uvicorn stops at the signal, and then raises it again for the handler that was there before
        signal.signal(signal.SIGTERM, lambda number, frame: None)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, limit_concurrency=_MAX_CONNECTIONS
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _require_libraries() -> None:
    if os.name != "posix":
        raise ServiceError("Services are served on Linux and macOS; here, use `heliograph service try`.")
    missing = [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise ServiceError(
            f"{', '.join(missing)} is not installed; run pip install '.[service]' in the folder of Heliograph."
        )


def get_default_spool(name: str) -> Path:
    """Return the folder where a service keeps what is not called back yet."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    slug = "".join(character if character.isalnum() else "-" for character in name.lower())
    return Path(state).expanduser() / "heliograph" / slug[:100]


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        raise ArgumentError(f"Cannot listen on {host}, port {port}: {error}. Choose another port.") from None


def build_app(name: str, admission: Admission, spool: Spool, pool: AnalysisPool, grace_seconds: float) -> "Starlette":
    """Build the application: POST anywhere takes an analysis, GET /health tells how it goes."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse, PlainTextResponse, Response
    from starlette.routing import Route

    @contextlib.asynccontextmanager
    async def work(app: Starlette) -> AsyncIterator[None]:
        pool.start()
        await asyncio.to_thread(admission.fetch_keys)
        yield
        _logger.info("stopping")
        await asyncio.to_thread(pool.stop, grace_seconds)

    bodies = _BodyReader()

    async def take(request: Request) -> Response:
        return await _take_request(request, bodies, admission, spool, pool)

    async def describe(request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"The analysis service {name}")

    async def tell_health(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "name": name, **pool.count()})

    routes = [
        Route("/health", tell_health, methods=["GET"]),
        Route("/{path:path}", take, methods=["POST"]),
        Route("/{path:path}", describe, methods=["GET"]),
    ]
    return Starlette(routes=routes, lifespan=work)


async def _take_request(
    request: "Request", bodies: "_BodyReader", admission: Admission, spool: Spool, pool: AnalysisPool
) -> "Response":
    try:
        async with bodies.read_body(request) as raw:
            admitted = await asyncio.to_thread(admission.admit, dict(request.headers), raw)
            if spool.is_known(admitted.key):
                return _answer(200, "This analysis came before")
            if pool.is_full:
                raise RequestRefusedError(429, "Too many analyses wait; send this one again later")
            if await asyncio.to_thread(spool.add_payload, admitted.key, raw):
                _logger.info("%s is queued", admitted.name or "an analysis", extra={"analysis": admitted.key})
                pool.submit(admitted.key)
    except RequestRefusedError as error:
        _logger.warning("a request was refused with %d: %s", error.status, error)
        return _answer(error.status, str(error))
    return _answer(200, "The analysis is queued")


class _BodyReader:
    """Reads bodies, as long as all that are in memory are not too large: anyone can send one."""

    def __init__(self) -> None:
        self._size = 0

    @contextlib.asynccontextmanager
    async def read_body(self, request: "Request") -> AsyncIterator[bytes]:
        """Give the body of a request; refuse one that is large, or takes long."""
        chunks: list[bytes] = []
        try:
            await self._collect(request, chunks)
            yield b"".join(chunks)
        finally:
            self._size -= sum(map(len, chunks))

    async def _collect(self, request: "Request", chunks: list[bytes]) -> None:
        size = 0
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for chunk in request.stream():
                    size += len(chunk)
                    self._size += len(chunk)
                    chunks.append(chunk)
                    self._check_size(size)
        except TimeoutError:
            raise RequestRefusedError(408, "The payload took too long") from None

    def _check_size(self, size: int) -> None:
        if size > MAX_PAYLOAD_BYTES:
            raise RequestRefusedError(413, "The payload is too large")
        if self._size > _MAX_BYTES_IN_MEMORY:
            raise RequestRefusedError(503, "Too many requests come at a time; send this one again later")


def _answer(status: int, message: str) -> "Response":
    """Answer in plain text: portals show it."""
    from starlette.responses import PlainTextResponse

    headers = {"Retry-After": str(_RETRY_SECONDS)} if status in (429, 503) else {}
    return PlainTextResponse(message, status, headers)
