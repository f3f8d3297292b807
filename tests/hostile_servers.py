"""A table of hostile servers: what each does with a connection, and what may come of a request to it.

They are raw sockets on loopback, so that they can break every rule of HTTP and TLS at every point.
"""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock, Thread

from tests.certificates import make_certificates

__all__ = [
    "Case", "Peer", "Visits", "list_bombs", "list_cases", "list_digest_cases", "list_tls_cases", "make_tls_contexts",
    "open_server",
]  # fmt: skip

PENDING = "ResponseTimedOut"
"""The request went out, perhaps in part, and no response came: it is never sent again."""

UNREACHED = ("CertificateInvalid", "ConnectTimedOut", "ConnectionRefused")
"""Nothing was sent."""

LONGEST_VISIT = 6.0
BLOCK = b"x" * 65536
OK = b"HTTP/1.1 200 OK\r\n\r\n"
UNAVAILABLE = b"HTTP/1.1 503 No\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CHALLENGE = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"\r\n'


@dataclass
class Visits:
    """What a server saw: requests that arrived, at least in part, and the bytes that it could send."""

    requests: int = 0
    sent: int = 0
    lock: Lock = field(default_factory=Lock)


class Peer:
    """One connection, from the server's side."""

    def __init__(self, connection: socket.socket, visits: Visits) -> None:
        self.connection = connection
        self.visits = visits
        self.ends_at = time.monotonic() + LONGEST_VISIT
        connection.settimeout(LONGEST_VISIT)

    def receive(self, most: int = 65536) -> bytes:
        """Receive bytes; the first of a connection count as a request."""
        data = self.connection.recv(most)
        if data:
            with self.visits.lock:
                self.visits.requests += 1
        return data

    def receive_request(self) -> bytes:
        """Receive the whole request."""
        data = self.receive()
        head, separator, body = data.partition(b"\r\n\r\n")
        while data and not separator:
            data = self.connection.recv(65536)
            head, separator, body = (head + data).partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length and (data := self.connection.recv(65536)):
            body += data
        return head

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)
        with self.visits.lock:
            self.visits.sent += len(data)

    def drip(self, data: bytes, pause: float = 0.03) -> None:
        """Send one byte after the other, over and over."""
        while time.monotonic() < self.ends_at:
            for byte in data:
                self.send(bytes([byte]))
                time.sleep(pause)

    def flood(self, data: bytes) -> None:
        """Send without end."""
        block = data * (65536 // len(data) + 1)
        while time.monotonic() < self.ends_at:
            self.send(block)

    def wait(self) -> None:
        """Do nothing until the client goes."""
        while self.connection.recv(65536):
            pass

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


Serve = Callable[[Peer], None]


@dataclass(frozen=True)
class Case:
    """A server, and what may come of a request: statuses, or names of exceptions.

    Attributes
    ----------
    name : str
        What it does.
    serve : callable
        Does it.
    outcomes : tuple
        What may come of it.
    requests : int
        How many requests arrive, at most.
    is_slow : bool
        Whether only the client's deadline ends it.
    tls : str
        The certificate of a server with TLS.
    """

    name: str
    serve: Serve
    outcomes: tuple[int | str, ...]
    requests: int = 1
    is_slow: bool = False
    tls: str = ""


@contextmanager
def open_server(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, Visits]]:
    """Run a server; yield its port and what it sees."""
    visits = Visits()

    def visit(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            secured = context.wrap_socket(connection, server_side=True) if context else connection
            with secured:
                serve(Peer(secured, visits))

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                Thread(target=visit, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=accept, args=(listener,), daemon=True).start()
        try:
            yield int(listener.getsockname()[1]), visits
        finally:
            # Closing alone would not wake accept.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)


# ---- answers that are sent at once, right or wrong


def answer(data: bytes) -> Serve:
    """Return a server that reads the request, sends these bytes and closes."""

    def serve(peer: Peer) -> None:
        peer.receive_request()
        peer.send(data)

    return serve


NO_ANSWERS = {
    "closes at once": b"",
    "one byte": b"H",
    "a word": b"nonsense\r\n\r\n",
    "HTTP/0.9": b"<html>hello</html>\n",
    "binary": bytes(range(256)) * 40,
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x28",
    "an SSH banner": b"SSH-2.0-OpenSSH_9.6\r\n",
    "an SMTP banner": b"220 mail ESMTP\r\n",
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "empty lines": b"\r\n\r\n\r\n",
    "a status line without its end": b"HTTP/1.1 503",
    "half a status line": b"HTTP/1.1 50",
    "a status line of a bare CR": b"HTTP/1.1 503 No\r",
    "a version": b"HTTP/1.1",
    "HTTP/2 as text": b"HTTP/2 200 OK\r\n\r\n",
    "HTTP/3 as text": b"HTTP/3.0 503 OK\r\n\r\n",
    "lower case": b"http/1.1 200 OK\r\n\r\n",
    "ICY": b"ICY 200 OK\r\n\r\n",
    "RTSP": b"RTSP/1.0 200 OK\r\n\r\n",
    "status 0": b"HTTP/1.1 0 x\r\n\r\n",
    "status 99": b"HTTP/1.1 99 x\r\n\r\n",
    "status 1000": b"HTTP/1.1 1000 x\r\n\r\n",
    "status -200": b"HTTP/1.1 -200 x\r\n\r\n",
    "status 2e2": b"HTTP/1.1 2e2 x\r\n\r\n",
    "status in letters": b"HTTP/1.1 abc x\r\n\r\n",
    "no status": b"HTTP/1.1  \r\n\r\n",
    "100 alone": b"HTTP/1.1 100 Continue\r\n\r\n",
    "100 twice": b"HTTP/1.1 100 Continue\r\n\r\n" * 2,
    "100, then nonsense": b"HTTP/1.1 100 Continue\r\n\r\nnonsense\r\n\r\n",
    "101": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "102": b"HTTP/1.1 102 Processing\r\n\r\n",
    "103": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
    "199": b"HTTP/1.1 199 x\r\n\r\n",
    "101 headers": b"HTTP/1.1 503 No\r\n" + b"A: b\r\n" * 101 + b"\r\n",
    "a thousand headers": b"HTTP/1.1 503 No\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
    "a header of 70 kB": b"HTTP/1.1 503 No\r\nA: " + b"x" * 70_000 + b"\r\n\r\n",
    "a header of 5 MB": b"HTTP/1.1 503 No\r\nA: " + b"x" * 5_000_000 + b"\r\n\r\n",
    "99 headers of 60 kB": b"HTTP/1.1 503 No\r\n" + (b"A: " + b"x" * 60_000 + b"\r\n") * 99 + b"\r\n",
    "a reason of 70 kB": b"HTTP/1.1 503 " + b"x" * 70_000 + b"\r\n\r\n",
    "a status of 70 kB": b"HTTP/1.1 " + b"5" * 70_000 + b"\r\n\r\n",
    "4000 times 100": CONTINUE * 4000 + UNAVAILABLE,
    "100 with 50 headers, 400 times": (b"HTTP/1.1 100 Go\r\n" + b"A: b\r\n" * 50 + b"\r\n") * 400 + UNAVAILABLE,
}  # fmt: skip
"""Bytes that are no response: for each, the request counts as sent and unanswered."""

HEADERS = {
    "none": b"",
    "no length": b"Connection: close\r\n",
    "length 0": b"Content-Length: 0\r\n",
    "too long a length": b"Content-Length: 1000\r\n",
    "too short a length": b"Content-Length: 1\r\n",
    "an endless length": b"Content-Length: " + b"9" * 40 + b"\r\n",
    "length -1": b"Content-Length: -1\r\n",
    "length +3": b"Content-Length: +3\r\n",
    "length 0x3": b"Content-Length: 0x3\r\n",
    "length 1e9": b"Content-Length: 1e9\r\n",
    "a length in words": b"Content-Length: some\r\n",
    "a wide length": "Content-Length: ３\r\n".encode(),
    "chunks that are none": b"Transfer-Encoding: chunked\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
    "an unknown transfer": b"Transfer-Encoding: gzip, identity\r\n",
    "gzip that is none": b"Content-Encoding: gzip\r\n",
    "deflate that is none": b"Content-Encoding: deflate\r\n",
    "br that is none": b"Content-Encoding: br\r\n",
    "zstd that is none": b"Content-Encoding: zstd\r\n",
    "gzip 5 times": b"Content-Encoding: gzip, gzip, gzip, gzip, gzip\r\n",
    "gzip 500 times": b"Content-Encoding: " + b"gzip, " * 500 + b"gzip\r\n",
    "an unknown coding": b"Content-Encoding: \x00\xff\r\n",
    "no colon": b"nonsense\r\n",
    "a header that begins with a colon": b": x\r\n",
    "folded": b"A: b\r\n c\r\n\td\r\n",
    "a zero byte": b"A: \x00\r\n",
    "bytes of no encoding": b"A: \xff\xfe\r\n",
    "a bare CR": b"A: b\rC: d\r\n",
    "bare LF": b"A: b\nC: d\n",
    "99 headers": b"A: b\r\n" * 99,
    "a Retry-After that is no number": b"Retry-After: nan\r\n",
    "an endless Retry-After": b"Retry-After: " + b"9" * 400 + b"\r\n",
    "a negative Retry-After": b"Retry-After: -5\r\n",
    "a Retry-After of other digits": "Retry-After: ²\r\n".encode("latin-1"),
    "a Retry-After of the year 9999": b"Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n",
    "a Retry-After of no date": b"Retry-After: Mon, 99 Foo 0000 99:99:99 -9999\r\n",
    "cookies": b"Set-Cookie: a=b; Domain=127.0.0.1; Path=/; Expires=" + b"1-" * 5000 + b"\r\n",
    "a cookie of spaces": b"Set-Cookie: a=" + b" " * 30_000 + b"x\r\n",
    "a charset of nonsense": b"Content-Type: text/html; charset=" + b";" * 3000 + b"\r\n",
    "keep-alive": b"Connection: keep-alive\r\nKeep-Alive: timeout=999\r\n",
    "an upgrade": b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    "a refresh": b"Refresh: 0; url=/again\r\n",
    "Basic": b"WWW-Authenticate: Basic realm=x\r\n",
    "a Location": b"Location: /again\r\n",
    "a Location of nonsense": b"Location: http://[\r\n",
}  # fmt: skip
"""Headers of a response whose body is ``abc``, then the end: the status counts."""

STATUSES = (200, 503)

LOCATIONS = (
    b"/again", b"again", b"", b"//again", b"?", b"http://127.0.0.1:1/", b"http://localhost/", b"http://169.254.169.254/",
    b"https://example.org/", b"file:///etc/passwd", b"ftp://127.0.0.1/", b"gopher://127.0.0.1:11211/_stats",
    b"javascript:alert(1)", b"data:,x", b"http://[", b"http://[::1", b"http://a:b:c/", b"http://\x00/", b"\xff\xfe",
    b"http://127.0.0.1:99999/", b"http://x@y@z/", b"x" * 60_000, "http://１２７.0.0.1/".encode(),
)  # fmt: skip
REDIRECTS = (300, 301, 302, 303, 304, 305, 307, 308, 399)


def _list_answers() -> Iterator[Case]:
    for name, data in NO_ANSWERS.items():
        yield Case(name, answer(data), (PENDING,))
    for name, headers in HEADERS.items():
        for status in STATUSES:
            data = b"HTTP/1.1 %d Any\r\n%s\r\nabc" % (status, headers)
            yield Case(f"{status} with {name}", answer(data), (status,))
    for status in REDIRECTS:
        data = b"HTTP/1.1 %d Go\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n" % status
        yield Case(f"redirect {status}", answer(data), (status,))
    for location in LOCATIONS:
        data = b"HTTP/1.1 302 Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % location
        yield Case(f"redirect to {location[:30]!r}", answer(data), (302,))
    interim = {"100": CONTINUE, "ten 100": b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" * 10}
    for name, data in interim.items():
        yield Case(f"{name}, then 200", answer(data + OK), (200,))
    # http.client takes it for the response itself.
    yield Case("103, then 503", answer(b"HTTP/1.1 103 Hint\r\n\r\n" + UNAVAILABLE), (PENDING,))
    lengths = b"HTTP/1.1 503 No\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"
    yield Case("lengths that differ", answer(lengths), (503, PENDING))
    empty = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    yield Case("a second response", answer(empty + UNAVAILABLE), (200,))


# ---- connections that break


def _break_after(head: bytes, received: int) -> Serve:
    def serve(peer: Peer) -> None:
        if received < 0:
            peer.receive_request()
        elif received:
            peer.receive(received)
        if head:
            peer.send(head)
            time.sleep(0.05)
        peer.reset()

    return serve


def _shut(how: int) -> Serve:
    def serve(peer: Peer) -> None:
        peer.receive_request()
        peer.connection.shutdown(how)
        peer.wait()

    return serve


def _list_breaks() -> Iterator[Case]:
    for name, received in (("at once", 0), ("after a byte", 1), ("after the request", -1)):
        yield Case(f"reset {name}", _break_after(b"", received), (PENDING, *UNREACHED))
    for name, head in (
        ("in the status line", b"HTTP/1.1 5"),
        ("after the status line", b"HTTP/1.1 503 No\r\n"),
        ("in a header", b"HTTP/1.1 503 No\r\nContent-Le"),
    ):
        # What arrived before the reset may or may not be read.
        yield Case(f"reset {name}", _break_after(head, -1), (PENDING,) if "in the status" in name else (PENDING, 503))
    for status in (200, 302, 401, 429, 503):
        head = b"HTTP/1.1 %d Any\r\nContent-Length: 9999\r\n\r\n" % status
        yield Case(f"reset in the body of {status}", _break_after(head, -1), (PENDING, status))
    yield Case("half-closed", _shut(socket.SHUT_WR), (PENDING,))
    yield Case("closed without reading", lambda peer: peer.connection.close(), (PENDING, *UNREACHED))


# ---- answers without end


def _after_request(act: Callable[[Peer], None], head: bytes = b"") -> Serve:
    def serve(peer: Peer) -> None:
        peer.receive_request()
        if head:
            peer.send(head)
        act(peer)

    return serve


def _drip(data: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.drip(data)


def _flood(data: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.flood(data)


def _pack(data: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return packer.compress(data) + packer.flush()


@cache
def list_bombs() -> dict[str, bytes]:
    """Return packed bodies that are enormous when they are unpacked, by their Content-Encoding."""
    zeros = bytes(30_000_000)
    once = gzip.compress(zeros)
    return {
        "gzip": once,
        "x-gzip": once,
        "deflate": _pack(zeros, 15),
        "Deflate": _pack(zeros, -15),
        "gzip, gzip": gzip.compress(once * 50),
        "deflate, gzip": gzip.compress(_pack(zeros, 15) * 50),
        "gzip, gzip, gzip": gzip.compress(gzip.compress(once * 500)),
    }


def _list_endless_heads() -> Iterator[Case]:
    yield Case("silence", lambda peer: peer.wait(), (PENDING,), is_slow=True)
    yield Case("silence after the request", _after_request(lambda peer: peer.wait()), (PENDING,), is_slow=True)
    yield Case("never accepts", lambda peer: time.sleep(2), (PENDING,), is_slow=True)
    heads = {
        "a status line": b"HTTP/1.1 200 " + b"O" * 2000,
        "the status line of an error": b"HTTP/1.1 503 " + b"O" * 2000,
        "digits": b"HTTP/1.1 503" + b"0" * 2000,
        "empty lines": b"\r\n" * 1000,
        "nonsense": b"x" * 2000,
        "100": b"HTTP/1.1 100 Continue\r\n\r\n",
        "100 with headers": b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n",
        "102": b"HTTP/1.1 100 Continue\r\nA: b\r\nC: d\r\n\r\n",
    }
    for name, data in heads.items():
        yield Case(f"drips {name}", _after_request(_drip(data)), (PENDING,), is_slow=True)
        yield Case(f"floods with {name}", _after_request(_flood(data)), (PENDING,), is_slow=True)
    for status in (200, 302, 401, 429, 503):
        line = b"HTTP/1.1 %d Any\r\n" % status
        for name, data in (("headers", b"A: b\r\n"), ("a header", b"x"), ("a folded header", b" x\r\n")):
            yield Case(f"{status}, drips {name}", _after_request(_drip(data), line), (PENDING,), is_slow=True)
            yield Case(f"{status}, floods with {name}", _after_request(_flood(data), line), (PENDING,), is_slow=True)
        silent = _after_request(lambda peer: peer.wait(), line)
        yield Case(f"{status}, then silence", silent, (PENDING,), is_slow=True)
    yield Case(
        "100, then silence",
        _after_request(lambda peer: peer.wait(), b"HTTP/1.1 100 Go\r\n\r\n"),
        (PENDING,),
        is_slow=True,
    )


def _list_endless_bodies() -> Iterator[Case]:
    framings = {
        "no length": b"",
        "a huge length": b"Content-Length: 99999999999\r\n",
        "chunks": b"Transfer-Encoding: chunked\r\n",
    }
    for status in (200, 302, 401, 429, 503):
        for name, framing in framings.items():
            head = b"HTTP/1.1 %d Any\r\nLocation: /again\r\n%s\r\n" % (status, framing)
            data = b"10000\r\n" + BLOCK + b"\r\n" if name == "chunks" else BLOCK
            piece = b"1\r\nx\r\n" if name == "chunks" else b"x"
            yield Case(f"{status}, floods, {name}", _after_request(_flood(data), head), (status,))
            yield Case(f"{status}, drips, {name}", _after_request(_drip(piece), head), (status,), is_slow=True)
            waiting = _after_request(lambda peer: peer.wait(), head)
            yield Case(f"{status}, no body, {name}", waiting, (status,), is_slow=True)
    chunked = b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n"
    for name, data in {
        "a size of letters": b"zz\r\n",
        "a negative size": b"-5\r\nabcde\r\n",
        "an endless size": b"f" * 60_000,
        "a size of 16 digits": b"ffffffffffffffff\r\n",
        "an extension": b"1;" + b"x" * 60_000,
        "a trailer": b"0\r\n" + b"A: b\r\n" * 100,
        "nothing": b"",
    }.items():
        yield Case(f"chunks: {name}", answer(chunked + data), (503,))
        if data:
            yield Case(f"chunks without end: {name}", _after_request(_flood(data), chunked), (503,))
    for coding, bomb in list_bombs().items():
        for status in (200, 302, 401, 503):
            head = b"HTTP/1.1 %d Any\r\nLocation: /again\r\nContent-Encoding: %s\r\n\r\n" % (status, coding.encode())
            yield Case(f"{status}, a bomb of {coding}", answer(head + bomb), (status,))


def list_cases() -> list[Case]:
    """Return the servers of plain HTTP."""
    return [*_list_answers(), *_list_breaks(), *_list_endless_heads(), *_list_endless_bodies()]


# ---- digest auth: a challenge is answered by a second request, within the same deadline


def _challenge_then(act: Callable[[Peer], None], *, floods: bool = False) -> Serve:
    def serve(peer: Peer) -> None:
        head = peer.receive_request()
        if b"Authorization: Digest" in head:
            return act(peer)
        framing = b"" if floods else b"Content-Length: 0\r\n"
        peer.send(b"HTTP/1.1 401 No\r\n" + CHALLENGE + framing + b"\r\n")
        if floods:
            peer.flood(BLOCK)

    return serve


def _challenge_and_keep(peer: Peer) -> None:
    """Challenge without closing; a second request on the same connection gets 503."""
    if b"Authorization: Digest" in peer.receive_request():
        return peer.send(OK)
    peer.send(b"HTTP/1.1 401 No\r\n" + CHALLENGE + b"Content-Length: 0\r\n\r\n")
    if peer.connection.recv(65536):
        peer.send(UNAVAILABLE)


def list_digest_cases() -> list[Case]:
    """Return servers that challenge: two requests at most arrive."""
    again = b"HTTP/1.1 401 No\r\n" + CHALLENGE + b"\r\n"
    elsewhere = b"HTTP/1.1 302 Go\r\nLocation: /again\r\n" + CHALLENGE + b"\r\n"
    dripping = _after_request(_drip(CHALLENGE), b"HTTP/1.1 401 No\r\n")
    endless = {"silence": lambda peer: peer.wait(), "drips": _drip(b"HTTP/1.1 503 x"), "100s": _drip(CONTINUE)}
    return [
        Case("a challenge", _challenge_then(lambda peer: peer.send(OK)), (200,), 2),
        Case("a challenge on a connection that stays", _challenge_and_keep, (200,), 2),
        Case("a challenge without end", _challenge_then(lambda peer: peer.send(OK), floods=True), (200,), 2),
        Case("challenge after challenge", _challenge_then(lambda peer: peer.send(again)), (401,), 2),
        *(
            Case(f"a challenge, then {name}", _challenge_then(act), (PENDING,), 2, True)
            for name, act in endless.items()
        ),
        Case("a challenge, then a flood of 100s", _challenge_then(_flood(CONTINUE)), (PENDING,), 2),
        Case("a challenge, then a flood", _challenge_then(_flood(OK + BLOCK)), (200,), 2),
        Case("a challenge, then an end", _challenge_then(lambda peer: None), (PENDING,), 2),
        Case("a challenge, then a reset", _challenge_then(lambda peer: peer.reset()), (PENDING,), 2),
        Case("a challenge that redirects", answer(elsewhere), (302,)),
        Case("a dripping challenge", dripping, (PENDING,), is_slow=True),
    ]


# ---- TLS


def list_tls_cases() -> list[Case]:
    """Return servers at https: without a handshake nothing is sent, after it all rules are the same."""
    cases = []
    for name, data in {
        "closes": b"",
        "plain HTTP": b"HTTP/1.1 200 OK\r\n\r\n",
        "nonsense": b"nonsense" * 100,
        "an alert": b"\x15\x03\x01\x00\x02\x02\x28",
        "an empty record": b"\x16\x03\x03\x00\x00",
        "a huge record": b"\x16\x03\x03\xff\xff" + b"x" * 65535,
        "an old version": b"\x16\x03\x00\x00\x02\x02\x00",
    }.items():
        # `receive` would count the ClientHello as a request.
        cases.append(Case(f"TLS: {name}", _answer_hello(data), UNREACHED, 0))
    hello = b"\x16\x03\x03\x40\x00" + b"\x02" * 2000
    cases += [
        Case("TLS: silence", lambda peer: peer.wait(), UNREACHED, 0, is_slow=True),
        Case("TLS: drips", lambda peer: peer.drip(hello), UNREACHED, 0, is_slow=True),
        Case("TLS: floods", lambda peer: peer.flood(hello), UNREACHED, 0),
        Case("TLS: reset", lambda peer: peer.reset(), UNREACHED, 0),
    ]
    for certificate in ("self-signed", "other name", "expired"):
        cases.append(Case(f"TLS: {certificate}", answer(OK), ("CertificateInvalid",), 0, tls=certificate))
    for case in _list_secured():
        cases.append(Case(f"TLS, then {case.name}", case.serve, case.outcomes, case.requests, case.is_slow, "valid"))
    return cases


def _list_secured() -> list[Case]:
    names = {
        "closes at once", "a word", "half a status line", "100 alone", "103", "a header of 5 MB",
        "reset after the request",
        "silence after the request", "drips a status line", "drips 100", "floods with 100", "503, drips headers",
        "503, floods with headers", "503, then silence", "200, floods, no length", "302, floods, chunks",
        "503, drips, chunks", "503, no body, a huge length", "503, a bomb of gzip", "302, a bomb of gzip",
        "redirect 302", "200 with none", "503 with too long a length",
    }  # fmt: skip
    secured = [case for case in list_cases() if case.name in names]
    assert {case.name for case in secured} == names
    return secured


def _answer_hello(data: bytes) -> Serve:
    def serve(peer: Peer) -> None:
        peer.connection.recv(65536)
        peer.send(data)

    return serve


def make_tls_contexts(folder: Path) -> tuple[dict[str, ssl.SSLContext], Path]:
    """Return servers' TLS contexts by the kind of their certificate, and the file of the authority to trust."""
    contexts = {}
    files, authority = make_certificates(folder)
    for kind, file in files.items():
        contexts[kind] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[kind].load_cert_chain(file)
    return contexts, authority
