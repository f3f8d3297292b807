"""Which addresses are called: public ones, and exempt hosts at their ports, however they are spelled."""

from __future__ import annotations

import ipaddress
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from chalicelib import egress
from heliograph.service.public_requests import send_to_public
from heliograph_guards.address_ranges import SPECIAL_IPV4, SPECIAL_IPV6, is_public_address, parse_address
from heliograph_guards.egress_policy import parse_egress_rules
from infra import PROJECT
from tests.hostile_addresses import ODD_SPELLINGS, PUBLIC, REFUSED, STRANGE_URLS, bracket
from tests.hostile_servers import OK, Peer, answer, open_server

TIMEOUT = (1.0, 1.0)
PUBLIC_SOCKADDR = ("93.184.215.14", 80)

Send = Callable[[str], Any]
HALVES: dict[str, Send] = {
    "app": lambda url: egress.get_from_service(url, TIMEOUT),
    "fitter": lambda url: send_to_public("POST", url, json={}, timeout=TIMEOUT),
}


@pytest.fixture(autouse=True)
def exemption(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exempt this machine, as the local stack does."""
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "127.0.0.1:*,localhost:*")


@pytest.fixture(params=HALVES)
def send(request: pytest.FixtureRequest) -> Send:
    return HALVES[request.param]


# ---- the tables


def test_the_tables_are_long() -> None:
    assert len({*REFUSED, *ODD_SPELLINGS, *STRANGE_URLS}) >= 250


def test_what_is_public() -> None:
    assert [text for text in REFUSED if is_public_address(ipaddress.ip_address(text))] == []
    assert [text for text in PUBLIC if not is_public_address(ipaddress.ip_address(text))] == []


def test_each_special_network_is_refused_to_both_ends() -> None:
    for text in (*SPECIAL_IPV4, *SPECIAL_IPV6):
        network = ipaddress.ip_network(text)
        if text != "2001::/23":  # Teredo, which is decoded, is within.
            assert not is_public_address(network[0]), text
        assert not is_public_address(network[-1]), text


def test_spellings_are_read_as_a_resolver_reads_them() -> None:
    for text, expected in ODD_SPELLINGS.items():
        assert str(parse_address(text)) == expected, text
        if text.isascii() and not text.endswith((".", "x")):
            assert str(ipaddress.IPv4Address(socket.inet_aton(text))) == expected, text


@pytest.mark.parametrize("name", ["example.org", "a.b-c.example", "1.example", "0x7f.example", "x1", "münchen.example"])
def test_names_are_no_addresses(name: str) -> None:
    assert parse_address(name) is None


NO_ADDRESSES = (
    "256.1.1.1", "1.2.3.4.5", "1.2.3.256", "09.1.1.1", "127.16777216", "4294967296", "x.1", "a.0x7f", "1..1", "::1::",
    "[::g]",
)  # fmt: skip


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_ends_in_a_number_and_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_address(text)


# ---- calls


def test_no_refused_address_is_called(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *arguments: pytest.fail(f"connected to {arguments[1]}"))
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "exempt.example:*,127.0.0.1:1")
    for host in REFUSED:
        with pytest.raises(egress.AddressRefused):
            send(f"http://{bracket(host)}:8080/")
    for host in (*(host for host in ODD_SPELLINGS if is_refused_spelling(host)), "127.0.0.%31", "%31%32%37.0.0.1"):
        # Some are not even resolved.
        with pytest.raises((egress.AddressRefused, egress.NameNotFound)):
            send(f"http://{host}:8080/")


def is_refused_spelling(host: str) -> bool:
    return not is_public_address(ipaddress.ip_address(ODD_SPELLINGS[host]))


def test_names_are_resolved_once_and_all_their_addresses_checked(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[Any] = []

    def refuse(connection: socket.socket, address: Any) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for private in REFUSED:
        answers = iter([[PUBLIC_SOCKADDR], [(private, 80)]])
        monkeypatch.setattr("socket.getaddrinfo", lambda *a, answers=answers, **o: resolve_to(*next(answers)))
        with pytest.raises(egress.ConnectionRefused):
            send("http://rebound.example/")
        for both in ([(private, 80)], [PUBLIC_SOCKADDR, (private, 80)], [(private, 80), PUBLIC_SOCKADDR]):
            monkeypatch.setattr("socket.getaddrinfo", lambda *a, both=both, **o: resolve_to(*both))
            with pytest.raises(egress.AddressRefused):
                send("http://rebound.example/")
    assert set(connected) == {PUBLIC_SOCKADDR} and len(connected) == len(REFUSED)


def resolve_to(*addresses: tuple[str, int]) -> list[Any]:
    return [
        (socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))
        for host, port in addresses
    ]


@pytest.mark.parametrize("url", STRANGE_URLS)
def test_no_spelling_of_a_url_reaches_another_host(send: Send, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "localhost:80,exempt.localhost:*,exempt.example:*")
    with open_server(answer(OK)) as (port, visits):
        for exempt in ("localhost", "exempt.example"):
            with pytest.raises(requests.RequestException):
                send(url.replace("{inner}", f"127.0.0.1:{port}").replace("{exempt}", exempt))
        assert visits.requests == 0


NO_HOSTS = (
    "fe80::1%25eth0", "fe80::1%eth0", "::1%25lo", "::1%lo", "127.0.0.1%25lo", "*", ".", "..", "a..b", "-", "x" * 64,
)  # fmt: skip


@pytest.mark.parametrize("host", NO_HOSTS)
def test_hosts_that_are_none(send: Send, host: str) -> None:
    with pytest.raises((egress.AddressRefused, egress.NameNotFound)):
        send(f"http://{bracket(host)}:1/")


def test_no_credentials_of_the_environment_are_sent(
    send: Send, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine localhost login user password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    heads: list[bytes] = []

    def serve(peer: Peer) -> None:
        heads.append(peer.receive_request())
        peer.send(OK)

    with open_server(serve) as (port, _):
        send(f"http://localhost:{port}/")
    assert b"authorization" not in heads[0].lower()


# ---- exemptions


def test_an_exemption_is_of_a_host_and_a_port(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_server(answer(OK)) as (port, visits):
        for allowed, hosts in (
            (f"localhost:{port}", ["localhost", "LOCALHOST"]),
            (f" LocalHost:{port} ,x", ["localhost"]),
            ("localhost:*", ["localhost"]),
            (f"127.0.0.1:{port}", ["127.0.0.1"]),
            (f"[::FFFF:7f00:1]:{port}", ["[::ffff:127.0.0.1]"]),
        ):
            monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", allowed)
            for host in hosts:
                send(f"http://{host}:{port}/")
        arrived = visits.requests
        assert arrived == 6
        for allowed, host in (
            ("localhost", "localhost"),
            (f"localhost:{port + 1}", "localhost"),
            (f"localhost:{port}", "127.0.0.1"),
            (f"127.0.0.1:{port}", "localhost"),
            (f"127.0.0.1:{port}", "127.1"),
            (f"127.0.0.1:{port}", "2130706433"),
            (f"127.0.0.1:{port}", "[::ffff:127.0.0.1]"),
            (f"other.localhost:{port}", "localhost"),
            ("example.org:*", "127.0.0.1"),
        ):
            monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", allowed)
            with pytest.raises(egress.AddressRefused):
                send(f"http://{host}:{port}/")
        assert visits.requests == arrived


def test_refused_ports_of_this_machine_are_not_called(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = (
        "localhost", "127.0.0.1", "127.0.0.2", "127.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
    )  # fmt: skip
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", ",".join(f"{host}:*" for host in hosts))
    with open_server(answer(OK)) as (port, visits):
        monkeypatch.setenv("EGRESS_REFUSED_PORTS", f"1, {port}")
        for host in hosts:
            with pytest.raises(egress.AddressRefused):
                send(f"http://{host}:{port}/?Action=CreateQueue")
        assert visits.requests == 0
        monkeypatch.setenv("EGRESS_REFUSED_PORTS", "1")
        send(f"http://localhost:{port}/")
        assert visits.requests == 1


def test_a_host_without_a_port_is_exempt_at_the_ports_of_the_web() -> None:
    rules = parse_egress_rules("fits.example, ::1, [2001:DB8::1],10.0.0.1")
    for host in ("fits.example", "FITS.example.", "::1", "[::1]", "0:0:0:0:0:0:0:1", "2001:db8::1", "10.0.0.1"):
        assert [port for port in (80, 443, 8080, 1) if rules.is_exempt(host, port)] == [80, 443], host
    assert not rules.is_exempt("other.example", 80) and not rules.is_exempt("", 80)
    assert not parse_egress_rules(" , ").is_exempt("", 80)


UNREADABLE = (
    "a:b", "a:", "a:0", "a:65536", "a:1:2", "http://a", "a/b", "a b", "a@b", "*", "*:80", "*.example.org", ":80",
    "[::1", "::1]:80", "[a]:80", "[::1]80", "a:-1", "a:+1", "a:1.5", "[]:80", "1:2:3", "[fe80::1%eth0]:80",
)  # fmt: skip


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_setting_that_cannot_be_read_says_what_is_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r"EGRESS_ALLOWED_HOSTS.*(host:port|1 to 65535)"):
        parse_egress_rules(text)


@pytest.mark.parametrize("module", ["chalicelib.egress", "heliograph.service.public_requests"])
def test_a_function_does_not_start_with_a_setting_that_cannot_be_read(module: str) -> None:
    environment = {**os.environ, "EGRESS_ALLOWED_HOSTS": "http://localhost"}
    command = [sys.executable, "-c", f"import {module}"]
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Expected host:port" in ended.stderr


@pytest.mark.parametrize("text", ["x", "0", "65536", "-1", "1-5", "*"])
def test_refused_ports_are_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="1 to 65535"):
        parse_egress_rules("", text)
