"""One HTTP exchange with a server that nobody trusts: to public addresses only, in a bounded time, of bounded size.

The rules of `egress_policy` are applied where the connection is made: a name is resolved once, and each of its
addresses is checked before the first is connected to. So it does not matter how a URL is spelled, which parser reads
it, or what a name resolves to later. Proxies of the environment, ``.netrc`` and redirects are not followed, and no
request is ever repeated.

One deadline holds for the whole exchange, however many bytes arrive: when it is over, the socket is shut down.
"""

import http.client
import io
import ipaddress
import logging
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock, Thread, Timer
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from heliograph_guards.egress_policy import EgressRules, read_egress_rules

HEAD_BYTES = 65536
"""Most bytes of a response before its body: status lines and headers, with those of ``100 Continue``."""

SHORT_BODY = 16384
"""Most bytes of a body that are kept, after it is unpacked."""

BODY_BYTES = 16 * SHORT_BODY
"""Most bytes that are received for them, with the sizes of chunks and with trailers."""

NOT_ALLOWED = "its address is not one that may be called from here"

# It writes the URL, which may hold a token, and headers of the server into the log.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)

_SHORTEST = 0.001
"""Seconds of a timeout that is over; sockets take 0 for none."""

_MOST_ADDRESSES = 8
"""Addresses of a name that are tried."""

_SPARE = 1.0
"""Seconds after the deadline in which its timer has shut the socket down."""

_AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]


class AddressRefused(requests.exceptions.InvalidURL):
    """The URL is not valid, or its address is not public; nothing was sent."""


class ConnectionFailed(requests.RequestException):
    """No connection was made, so nothing was sent; each subclass names one cause."""


class NameNotFound(ConnectionFailed):
    """The host name cannot be resolved."""


class ConnectionRefused(ConnectionFailed):
    """Nothing listens at the port, or the host cannot be reached."""


class ConnectTimedOut(ConnectionFailed):
    """The host did not accept the connection in time."""


class CertificateInvalid(ConnectionFailed):
    """The TLS handshake failed, mostly because of the certificate."""


class ResponseTimedOut(requests.RequestException):
    """The request was sent, at least in part, and no response came: the server may be at work."""


@dataclass(frozen=True)
class TimeLimits:
    """Most seconds of the parts of an exchange.

    Attributes
    ----------
    connect : float
        To connect, with TLS; the name is resolved before that.
    total : float
        For everything, from resolving the name to the body; with digest auth, for both requests.
    body : float
        For the body alone: a response without its body is one, too.
    """

    connect: float
    total: float
    body: float = 3.0


def send_guarded_request(method: str, url: str, limits: TimeLimits, **options: Any) -> requests.Response:
    """Send one request, and return the response of any status, redirects included.

    Parameters
    ----------
    method, url : str
        The request.
    limits : TimeLimits
        Its limits.
    **options
        Arguments of `requests.request`: data, json, headers, auth.

    Returns
    -------
    requests.Response
        Its ``content`` is the first `SHORT_BODY` bytes of the body, unpacked. It is empty for redirects, and if the
        body breaks off or takes too long.

    Raises
    ------
    AddressRefused
        If the URL is not valid, its address may not be called, or a header cannot be sent.
    ConnectionFailed
        If nothing was sent; a subclass names the cause.
    ResponseTimedOut
        If no response came in time, or the connection broke after sending.
    """
    exchange = _Exchange(read_egress_rules(), limits)
    with requests.Session() as session:
        # A proxy of the environment would resolve names itself, and .netrc holds credentials of other hosts.
        session.trust_env = False
        session.adapters.clear()
        for scheme in ("https://", "http://"):
            session.mount(scheme, _GuardedAdapter(exchange))
        # No packed body is asked for; one that comes anyway is unpacked within the bound.
        session.headers["Accept-Encoding"] = "identity"
        session.headers["Connection"] = "close"
        try:
            return session.request(method, url, allow_redirects=False, **options)
        except (AddressRefused, ConnectionFailed, ResponseTimedOut):
            raise
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise exchange.explain(error) from error
        finally:
            exchange.release()


class _Exchange:
    """An exchange under way: its deadline, its socket, and how far it came."""

    def __init__(self, rules: EgressRules, limits: TimeLimits) -> None:
        self._rules = rules
        self._limits = limits
        self._ends_at = time.monotonic() + limits.total
        self._timer: Timer | None = None
        self._lock = Lock()
        self._handle: socket.socket | None = None
        self._failure: AddressRefused | ConnectionFailed | None = None
        self.is_connected = False
        self.is_sent = False
        self.is_late = False

    @property
    def remaining(self) -> float:
        """The seconds until the deadline."""
        return max(0.0, self._ends_at - time.monotonic())

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a connection to a host whose addresses were checked."""
        try:
            addresses = self._resolve_allowed(host, port)
            connect_ends_at = time.monotonic() + min(self._limits.connect, self.remaining)
            connection = _connect_first(addresses, connect_ends_at)
        except (AddressRefused, ConnectionFailed) as failure:
            # They are OSErrors, which urllib3 and requests wrap.
            self._failure = failure
            raise
        # A duplicate, because TLS detaches the first socket.
        self._handle = connection.dup()
        self.is_connected = True
        self._shut_down_after(connect_ends_at - time.monotonic())
        return connection

    def _resolve_allowed(self, host: str, port: int) -> list[_AddressInfo]:
        addresses = _resolve_name(host, port, self.remaining)
        for *_, sockaddr in addresses:
            if not self._rules.allows(host, port, ipaddress.ip_address(sockaddr[0])):
                raise AddressRefused(NOT_ALLOWED)
        return addresses

    def begin_sending(self) -> None:
        """Note that bytes of the request go out; from now on the whole deadline holds."""
        self.is_sent = True
        self._shut_down_after(self.remaining)

    def begin_body(self) -> None:
        """Give the body its own seconds; the response counts, whatever becomes of them.

        Raises
        ------
        ResponseTimedOut
            If the deadline has cut the response's headers off, which look like whole ones.
        """
        if self.is_late:
            raise ResponseTimedOut("no answer came in time")
        self._shut_down_after(min(self._limits.body, self.remaining))

    def release(self) -> None:
        """Let go of the connection; a further request makes its own."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            if self._handle is not None:
                self._handle.close()
            self._timer = self._handle = None
        self.is_connected = self.is_sent = self.is_late = False

    def explain(self, error: Exception) -> Exception:
        """Return the exception of this module for one of requests or urllib3, by how far the exchange came."""
        if self._failure is not None:
            return self._failure
        if self.is_sent:
            is_late = self.is_late or isinstance(error, requests.Timeout)
            return ResponseTimedOut(
                "no answer came in time" if is_late else "the connection closed before an answer came"
            )
        if self.is_late:
            return ConnectTimedOut("the connection timed out")
        if self.is_connected or isinstance(error, requests.exceptions.SSLError):
            return CertificateInvalid("its TLS certificate is not valid")
        if isinstance(error, requests.ConnectionError):
            return ConnectionRefused("the connection was refused")
        if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
            return AddressRefused(NOT_ALLOWED)
        return AddressRefused("its address, or one of its credentials, cannot be used in a request")

    def _shut_down_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = Timer(seconds, self._shut_down, (self._handle,))
        self._timer.daemon = True
        self._timer.start()

    def _shut_down(self, handle: socket.socket) -> None:
        # Its number may be another connection's as soon as it is closed.
        with self._lock, suppress(OSError):
            if handle is self._handle:
                self.is_late = True
                handle.shutdown(socket.SHUT_RDWR)


def _resolve_name(host: str, port: int, seconds: float) -> list[_AddressInfo]:
    """Return the addresses of a host; a resolver has no deadline of its own, so a thread waits for it."""
    try:
        host.encode("idna")
    except UnicodeError:
        raise AddressRefused(NOT_ALLOWED) from None
    if "%" in host or not host:
        raise AddressRefused(NOT_ALLOWED)
    answers: SimpleQueue[list[Any] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            answers.put(error)

    Thread(target=look_up, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise NameNotFound("its host name was not found in time") from None
    if isinstance(answer, OSError) or not answer:
        raise NameNotFound("its host name is not known")
    return answer


def _connect_first(addresses: list[_AddressInfo], ends_at: float) -> socket.socket:
    """Return a connection to the first address that accepts one; each has an equal share of the time."""
    failure: OSError | None = None
    several = addresses[:_MOST_ADDRESSES]
    for left, (family, kind, protocol, _, sockaddr) in zip(range(len(several), 0, -1), several, strict=True):
        seconds = max(_SHORTEST, ends_at - time.monotonic()) / left
        try:
            return _connect_socket(socket.socket(family, kind, protocol), sockaddr, seconds)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimedOut("the connection timed out")
    raise ConnectionRefused("the connection was refused")


def _connect_socket(connection: socket.socket, sockaddr: tuple[Any, ...], seconds: float) -> socket.socket:
    try:
        connection.settimeout(seconds)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect(sockaddr)
    except OSError:
        connection.close()
        raise
    return connection


class _BoundedResponse(http.client.HTTPResponse):
    """A response of bounded size, whatever it consists of: interim responses, headers, chunks, trailers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._stream = _LimitedStream(self.fp.detach(), HEAD_BYTES)
        self.fp = _LineReader(self._stream)

    def begin(self) -> None:
        """Read the head."""
        super().begin()
        self._stream.left = BODY_BYTES


class _LimitedStream(io.RawIOBase):
    """The bytes that arrive, as long as there are some left."""

    def __init__(self, stream: io.RawIOBase, limit: int) -> None:
        self._stream = stream
        self.left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Receive bytes.

        Raises
        ------
        http.client.HTTPException
            If they are too many.
        """
        count: int | None = self._stream.readinto(buffer)
        self.left -= count or 0
        if self.left < 0:
            raise http.client.HTTPException("the response is too large")
        return count

    def close(self) -> None:
        """Close the connection's stream, too."""
        self._stream.close()
        super().close()


class _LineReader(io.BufferedReader):
    """Reads the lines of a head."""

    def readline(self, size: int | None = -1) -> bytes:
        """Return the next line.

        Raises
        ------
        http.client.HTTPException
            If a status line breaks off: nobody knows how "HTTP/1.1 503" would have gone on.
        """
        line = super().readline(size)
        if line.startswith(b"HTTP/") and not line.endswith(b"\n"):
            raise http.client.HTTPException("the status line breaks off")
        return line


class _GuardedConnection(HTTPConnection):
    """A connection that is made and timed by an exchange."""

    response_class = _BoundedResponse

    def __init__(self, *arguments: Any, exchange: _Exchange, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._exchange = exchange

    def _new_conn(self) -> socket.socket:
        return self._exchange.connect(self._dns_host, self.port)

    def send(self, data: Any) -> None:
        """Send a part of the request; connect before the first."""
        if self.sock is None:
            self.connect()
        if not self._exchange.is_sent:
            self._exchange.begin_sending()
            self.sock.settimeout(self._exchange.remaining + _SPARE)
        super().send(data)


class _GuardedTlsConnection(_GuardedConnection, HTTPSConnection):
    """The same with TLS, whose certificate must be of the URL's host."""


class _GuardedAdapter(HTTPAdapter):
    """The transport of one exchange: each request has its own connection, and its body is read here."""

    def __init__(self, exchange: _Exchange) -> None:
        super().__init__(max_retries=0)
        self._exchange = exchange

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *arguments: Any, **options: Any
    ) -> Any:
        """Return a pool whose connections are guarded."""
        pool: Any = super().get_connection_with_tls_context(request, *arguments, **options)
        is_tls = pool.scheme == "https"
        connection_class: Any = _GuardedTlsConnection if is_tls else _GuardedConnection
        pool.ConnectionCls = partial(connection_class, exchange=self._exchange)
        return pool

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        """Send a request, and read the beginning of the body; requests would read, or keep open, the rest."""
        # The timer ends everything; a socket's own time-out begins anew with each byte.
        options |= {"stream": True, "timeout": self._exchange.remaining + _SPARE}
        response = super().send(request, *arguments, **options)
        try:
            if response.status_code < 200:
                raise ResponseTimedOut("the connection closed before an answer came")
            self._exchange.begin_body()
            response._content = b"" if 300 <= response.status_code < 400 else self._read_body(response)
            response._content_consumed = True
            # With a Location, requests parses the address even if it does not follow.
            response.headers.pop("Location", None)
        finally:
            response.raw.close()
            # A connection that is kept may be closing at the other end: a second request would be lost with it.
            self.poolmanager.clear()
        self._exchange.release()
        return response

    def _read_body(self, response: requests.Response) -> bytes:
        # A little of every body is read: closing early looks like an error to the server.
        try:
            body: bytes = response.raw.read(SHORT_BODY, decode_content=True)
        except (HTTPError, OSError, ValueError, http.client.HTTPException):
            return b""
        return b"" if self._exchange.is_late else body[:SHORT_BODY]
