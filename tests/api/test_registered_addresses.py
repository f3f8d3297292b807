"""Which addresses are registered: public ones, and exempt hosts at their ports, however they are spelled."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.api.story import make_service
from tests.gateway import Gateway
from tests.hostile_addresses import ODD_SPELLINGS, PUBLIC, REFUSED, bracket

# ---- registration


NO_URLS = (
    "http://[fe80::1%25eth0]/", "http://127.0.0.1%25lo/", "http://127.0.0.%31/", r"http://a\b/", "http://a,b/",
    "http://a;b/", "http://a&b/", r"http://127.0.0.1\@x.example/", "http://[::1/", "http://[v1.x]/", "http://a:0/",
    "http://a:99999/",
)  # fmt: skip


def register(admin: Gateway, url: str) -> Any:
    fields = {"name": url[:100], "url": url, "authentication_type": "none", "analysis_type": "meta_analysis"}
    return admin.post("/analysis_service", fields)


def test_refused_literals_are_not_registered(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "")
    for host in (*REFUSED, *ODD_SPELLINGS, "1.2.3.4.5", "256.1.1.1", "x.1"):
        reply = register(admin, f"http://{bracket(host)}/")
        assert (reply.status, reply.message.startswith("url: ")) == (400, True), host
    for url in NO_URLS:
        assert register(admin, url).status == 400, url


def test_public_addresses_and_names_are_registered(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "")
    for host in (
        *PUBLIC,
        "example.org",
        "a_b.example",
        "1.example",
        "münchen.example",
        "xn--mnchen-3ya.example",
        "नेपाल.example",
    ):
        reply = register(admin, f"https://{bracket(host)}:8443/fit")
        assert reply.status == 200, reply.text


def test_an_exemption_counts_for_its_port_at_registration(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "127.0.0.1:7001,[::1]:*,10.0.0.1")
    monkeypatch.setenv("EGRESS_REFUSED_PORTS", "7002")
    for url in ("http://127.0.0.1:7001/", "http://[0::1]:7001/", "http://10.0.0.1/", "https://10.0.0.1/"):
        assert register(admin, url).status == 200, url
    for url in (
        "http://127.0.0.1:7003/",
        "http://127.0.0.1/",
        "http://[::1]:7002/",
        "http://10.0.0.1:8080/",
        "http://127.1:7001/",
    ):
        reply = register(admin, url)
        assert (reply.status, bool(re.search("port [0-9]+, is not a public address", reply.message))) == (400, True), (
            url
        )


def test_a_service_does_not_move_to_a_refused_address(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EGRESS_ALLOWED_HOSTS", "")
    service = make_service(admin, "https://example.org/")
    for host in ("127.0.0.1", "[64:ff9b::7f00:1]", "0x7f.1", "[fec0::1]"):
        assert admin.patch(f"/analysis_service/{service}", {"url": f"http://{host}/"}).status == 400
