"""Outgoing requests: each cause of a failure, on real sockets, has its own exception."""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib import egress
from chalicelib.egress import get_from_service, parse_retry_after, post_to_service
from tests.service import analysis_service

TIMEOUT = (0.5, 0.5)

Serve = Callable[[socket.socket], None]


@contextmanager
def listen(serve: Serve) -> Iterator[int]:
    """Run a server that does one thing with each connection; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection, suppress(OSError):
                        serve(connection)

        Thread(target=accept, daemon=True).start()
        yield int(listener.getsockname()[1])


def close(connection: socket.socket) -> None:
    connection.recv(10_000)


def reset(connection: socket.socket) -> None:
    connection.recv(10_000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def send_nonsense(connection: socket.socket) -> None:
    connection.recv(10_000)
    connection.sendall(b"nonsense\r\n\r\n")


def break_off(connection: socket.socket) -> None:
    connection.recv(10_000)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


def wait(connection: socket.socket) -> None:
    time.sleep(1.5)


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize("serve", [close, reset, send_nonsense])
def test_a_connection_that_breaks_after_sending_is_a_missing_response(serve: Serve) -> None:
    with listen(serve) as port, pytest.raises(egress.ResponseTimedOut, match="connection closed"):
        post_to_service(f"http://127.0.0.1:{port}/", b"{}", {})


def test_a_silent_service_is_a_missing_response() -> None:
    with listen(wait) as port, pytest.raises(egress.ResponseTimedOut, match="in time"):
        get_from_service(f"http://127.0.0.1:{port}/", TIMEOUT)


def test_headers_that_break_off_are_a_response() -> None:
    with listen(break_off) as port:
        assert get_from_service(f"http://127.0.0.1:{port}/", TIMEOUT).status == 200


def test_a_closed_port_refuses_the_connection() -> None:
    with pytest.raises(egress.ConnectionRefused):
        get_from_service(f"http://127.0.0.1:{closed_port()}/", TIMEOUT)


@pytest.mark.parametrize("exempt", ["", "no-such-host.invalid"], ids=["filtered", "exempt"])
def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", exempt)
    with pytest.raises(egress.NameNotFound):
        get_from_service("http://no-such-host.invalid/", TIMEOUT)


def test_a_host_that_does_not_accept_the_connection() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # With its queue full, Linux leaves further connections without a reply.
        for _ in range(8):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        with pytest.raises(egress.ConnectTimedOut):
            get_from_service(f"http://127.0.0.1:{listener.getsockname()[1]}/", TIMEOUT)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's TLS context with a certificate that no authority has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private_key + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_a_certificate_that_no_authority_signed(tls: ssl.SSLContext) -> None:
    def handshake(connection: socket.socket) -> None:
        tls.wrap_socket(connection, server_side=True).close()

    with listen(handshake) as port, pytest.raises(egress.CertificateInvalid):
        get_from_service(f"https://localhost:{port}/", TIMEOUT)


def test_https_at_a_port_of_http() -> None:
    with analysis_service() as server, pytest.raises(egress.CertificateInvalid):
        get_from_service(server.url.replace("http:", "https:"), TIMEOUT)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://localhost:1/", "http://10.0.0.1/", "http://[::1]/", "http://169.254.1.1/"]
)
def test_a_private_address_is_not_called(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "")
    with pytest.raises(egress.AddressRefused, match="may be called"):
        get_from_service(url, TIMEOUT)


@pytest.mark.parametrize("url", ["nonsense", "ftp://example.org/", "http://", f"http://{'x' * 70}.example/"])
def test_an_address_that_is_not_valid(url: str) -> None:
    with pytest.raises(egress.AddressRefused):
        get_from_service(url, TIMEOUT)


def test_a_header_that_cannot_be_sent() -> None:
    with analysis_service() as server:
        with pytest.raises(egress.AddressRefused, match="credentials"):
            post_to_service(server.url, b"{}", {"X-Key": "a\r\nb"})
        assert server.received == []


def test_retry_after_is_a_number_or_a_date() -> None:
    assert parse_retry_after("17") == 17.0
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < (parse_retry_after(date) or 0) <= 60
    assert parse_retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0
    assert parse_retry_after("999999") == egress.LONGEST_WAIT
    assert parse_retry_after(None) is parse_retry_after("soon") is None
