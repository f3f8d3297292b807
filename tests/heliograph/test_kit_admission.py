"""Only portals that were named at start can send analyses, and only they are called."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import given, strategies as st

from heliograph.errors import ArgumentError, CredentialsError
from heliograph.service.portal_requests import ForeignAddressError, PortalAddress, PortalRequests
from heliograph.service.request_admission import Admission, RequestRefusedError
from heliograph.testing import FakePortal
from tests.service import Received, analysis_service

TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def portal() -> Iterator[FakePortal]:
    with FakePortal() as portal:
        yield portal


@pytest.fixture(scope="module")
def skyportal() -> Iterator[FakePortal]:
    with FakePortal("skyportal", service_token=TOKEN) as portal:
        yield portal


def admit(
    admission: Admission, portal: FakePortal, payload: Any = None, headers: dict[str, str] | None = None, **changes: Any
) -> Any:
    """Have a request admitted, with changes of its payload after it was signed if `headers` are given."""
    body = json.dumps({**portal.prepare().payload, **changes} if payload is None else payload).encode()
    signed = portal.make_headers("analysis-1", body) if headers is None else headers
    return admission.admit({name.lower(): value for name, value in signed.items()}, body)


def test_a_signed_request_of_a_named_portal_is_taken(portal: FakePortal) -> None:
    admission = Admission(PortalRequests([portal.url]), None)
    first, second = admit(admission, portal), admit(admission, portal)
    # the same number after a portal was set up anew is another analysis
    assert first.key != second.key and first.name == "analysis-1"
    payload = portal.prepare().payload
    assert admit(admission, portal, payload).key == admit(admission, portal, payload).key


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1a,AAAA"},
        {"webhook-signature": "v1a,é"},
        {"webhook-signature": "v1,AAAA v2,AAAA"},
        {"webhook-id": "analysis-2"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "9" * 400},
    ],
)
def test_a_signature_that_does_not_fit_is_refused(portal: FakePortal, change: dict[str, str]) -> None:
    admission = Admission(PortalRequests([portal.url]), TOKEN)
    body = portal.prepare().payload
    headers = {**portal.make_headers("analysis-1", json.dumps(body).encode()), **change}
    with pytest.raises(RequestRefusedError, match="signature") as caught:
        admit(admission, portal, body, {**headers, "Authorization": f"Bearer {TOKEN}"})
    assert caught.value.status == 401


def test_a_changed_body_and_an_old_request_are_refused(portal: FakePortal) -> None:
    admission = Admission(PortalRequests([portal.url]), None)
    payload = portal.prepare().payload
    raw = json.dumps(payload).encode()
    with pytest.raises(RequestRefusedError, match="signature"):
        admit(admission, portal, {**payload, "resource_id": "other"}, portal.make_headers("analysis-1", raw))
    for moment in (time.time() - 400, time.time() + 400):
        with pytest.raises(RequestRefusedError, match="five minutes"):
            admit(admission, portal, payload, portal.make_headers("analysis-1", raw, int(moment)))


def test_another_portal_cannot_use_the_service(portal: FakePortal) -> None:
    admission = Admission(PortalRequests([portal.url]), None)
    with FakePortal() as stranger, pytest.raises(RequestRefusedError) as caught:
        admit(admission, stranger)
    assert caught.value.status == 401


def test_a_portal_cannot_have_another_one_called(portal: FakePortal) -> None:
    with FakePortal() as second:
        admission = Admission(PortalRequests([portal.url, second.url]), None)
        assert admit(admission, second)
        with pytest.raises(RequestRefusedError, match="not an address of the portal that has signed"):
            admit(admission, second, callback_url=f"{portal.url}/api/webhook/obj_analysis/abc")
        with pytest.raises(RequestRefusedError, match="not an address of a portal"):
            admit(admission, second, callback_url="http://127.0.0.1:1/api/webhook/obj_analysis/abc")


def test_an_unsigned_request_needs_the_token_and_a_portal_that_signs_nothing(
    portal: FakePortal, skyportal: FakePortal
) -> None:
    admission = Admission(PortalRequests([portal.url, skyportal.url]), TOKEN)
    first, second = admit(admission, skyportal), admit(admission, skyportal)
    assert first.key != second.key
    assert admit(admission, skyportal, headers={"Authorization": f"token {TOKEN}"})
    for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": TOKEN}, {"Authorization": "Bearer é"}):
        with pytest.raises(RequestRefusedError, match="is needed") as caught:
            admit(admission, skyportal, headers=headers)
        assert caught.value.status == 401
    with pytest.raises(RequestRefusedError, match="signs its requests"):
        admit(admission, portal, headers={"Authorization": f"Bearer {TOKEN}"})
    with pytest.raises(RequestRefusedError, match="is needed"):
        admit(Admission(PortalRequests([skyportal.url]), None), skyportal, headers={"Authorization": "Bearer "})


def test_a_portal_that_does_not_answer_is_asked_again() -> None:
    silent = FakePortal()
    admission = Admission(PortalRequests([silent.url]), TOKEN)
    silent._server.server_close()
    for headers in (None, {"Authorization": f"Bearer {TOKEN}"}):
        with pytest.raises(RequestRefusedError, match="does not answer") as caught:
            admit(admission, silent, headers=headers)
        assert caught.value.status == 503


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ([], "not an object"),
        ({"callback_url": "x"}, "has no inputs"),
        ({"inputs": {}, "invalid_after": "soon"}, "invalid_after is 'soon'"),
        ({"inputs": {}, "invalid_after": 5}, "invalid_after is '5'"),
        ({"inputs": {"x": float("nan")}}, "holds NaN"),
    ],
)
def test_a_malformed_payload_is_refused(portal: FakePortal, payload: Any, words: str) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        admit(Admission(PortalRequests([portal.url]), None), portal, payload)
    assert caught.value.status == 400 and words in str(caught.value)


def test_a_service_knows_who_may_send() -> None:
    with pytest.raises(ArgumentError, match="No portal is named"):
        Admission(PortalRequests([]), None)
    with pytest.raises(ArgumentError, match="too short"):
        Admission(PortalRequests(["https://a.example"]), "1234")
    with pytest.raises(CredentialsError):
        PortalRequests(["ftp://a.example"])


PORTAL = PortalAddress.parse("https://portal.example/sky/api/")


@pytest.mark.parametrize(
    "url",
    [
        "https://portal.example/sky/api/webhook/obj_analysis/abc",
        "https://PORTAL.example:443/sky/api/webhook/obj_analysis/abc.d-e_f~g",
    ],
)
def test_an_address_under_the_portal_is_its_own(url: str) -> None:
    assert PORTAL.holds(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://portal.example",
        "https://portal.example/sky/api",
        "https://portal.example/sky/api/",
        "https://portal.example/sky/apix/webhook",
        "https://portal.example/api/webhook",
        "http://portal.example/sky/api/webhook",
        "https://portal.example:444/sky/api/webhook",
        "https://portal.example.evil.com/sky/api/webhook",
        "https://portal.example@evil.com/sky/api/webhook",
        "https://evil.com/https://portal.example/sky/api/webhook",
        "https://portal.example\\@evil.com/sky/api/webhook",
        "https://portal.example/sky/api/../admin",
        "https://portal.example/sky/api/./admin",
        "https://portal.example/sky/api/%2e%2e/admin",
        "https://portal.example/sky/api//evil.com/x",
        "https://portal.example/sky/api/webhook?next=x",
        "https://portal.example/sky/api/webhook#x",
        "https://portal.example/sky/api/web hook",
        "https://portal.example/sky/api/webhook\r\nHost: evil.com",
        " https://portal.example/sky/api/webhook",
        "https://portal.example:99999/sky/api/webhook",
        "https://[::1/sky/api/webhook",
        "https://portal.exampłe/sky/api/webhook",
        "//portal.example/sky/api/webhook",
        "file:///sky/api/webhook",
    ],
)
def test_any_other_address_is_foreign(url: str) -> None:
    assert not PORTAL.holds(url)
    with pytest.raises(ForeignAddressError):
        PortalRequests([PORTAL.url]).send("POST", url, json={})


@given(st.text(max_size=30))
def test_no_text_after_the_host_leaves_the_portal(text: str) -> None:
    url = f"https://portal.example{text}"
    if PORTAL.holds(url):
        prepared = requests.Request("POST", url).prepare()
        assert str(prepared.url).startswith("https://portal.example/sky/api/")


def test_redirects_are_not_followed() -> None:
    with analysis_service(200) as target:

        def redirect(request: Received) -> tuple[int, dict[str, str]]:
            return 307, {"Location": target.url}

        with analysis_service(redirect) as server:
            base = server.url.removesuffix("/analysis")
            answer = PortalRequests([base]).send("POST", f"{base}/api/webhook/obj_analysis/abc", json={})
            assert (answer.status, target.received) == (307, [])


def test_a_password_of_netrc_is_not_sent(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hidden\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with analysis_service(200) as server:
        base = server.url.removesuffix("/analysis")
        PortalRequests([base]).send("POST", f"{base}/api/webhook/obj_analysis/abc", json={})
        assert "authorization" not in server.received[0].headers


def test_of_a_long_answer_the_beginning_is_read() -> None:
    def answer(request: Received) -> tuple[int, dict[str, str], Iterator[bytes]]:
        return 200, {}, (b"x" * 65536 for _ in range(1000))

    with analysis_service(answer) as server:
        base = server.url.removesuffix("/analysis")
        started = time.monotonic()
        answered = PortalRequests([base]).send("GET", f"{base}/api/sysinfo")
        assert len(answered.body) == 256 * 1024
        assert time.monotonic() - started < 10
