"""The excerpt of a service's refusal: plain text without secrets, visible only to its managers."""

import codecs
import gzip
import html
import json
import time
from base64 import b32encode, b64encode, b85encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from chalicelib import egress, people, services
from chalicelib.analysis.refusal_excerpts import describe_body
from chalicelib.tables import services as services_table
from tests.api.story import deliver, end_delays, make_service, make_source, start_analysis
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import Answer, Body, Headers, Received, analysis_service

LONG = "(16384 bytes or more; only plain text of at most 200 bytes is shown)"

PAGE = """<!DOCTYPE html><html><head><title>500 Oops</title><style>p { color: red; }</style>
<script>alert("no")</script></head><!-- secret plans --><body><h1>Server&nbsp;error</h1>
<p>Field &lt;name&gt; \u202eis\u200b\x07 missing &amp;\tempty</p></body></html>"""


def refuse_with(status: int, body: Body, **headers: str) -> Answer:
    """Return an answer with a status, a body and headers."""
    return lambda request: (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def start_refused_analysis(admin: Gateway, *answers: Answer | int, **more: Any) -> tuple[int, int]:
    """Start an analysis that the service refuses; return the ids of the service and the analysis."""
    make_source(admin)
    with analysis_service(*answers) as server:
        service = make_service(admin, server.url, **more)
        analysis = start_analysis(admin, service)
        deliver()
    return service, analysis


def get_refusal_as(user: Gateway, service: int) -> dict[str, Any] | None:
    """Return the last refusal of a service that a user sees."""
    item = services_table.find_service(service)
    assert item is not None and user.token is not None
    return services.get_last_refusal(people.authenticate(f"token {user.token}"), item)


@pytest.mark.parametrize(
    ("body", "excerpt"),
    [
        (b"", ""),
        (b"no such key", "no such key"),
        (b'{"message": "no   such\r\n\tkey"}', '{"message": "no such key"}'),
        (b"Unknown parameter n_steps: expected 1 to 10.", "Unknown parameter n_steps: expected 1 to 10."),
        ("größer 木星".encode(), "größer 木星"),
    ],
)
def test_plain_and_short_bodies_are_shown_on_one_line(body: bytes, excerpt: str) -> None:
    assert describe_body(body, {"sEcReT/1", "topSecret42"}) == excerpt


@pytest.mark.parametrize(
    "body",
    [
        PAGE.encode(), b"a < b", b"&amp;", b"x" * 201, b"\x89PNG\r\n\x1a\n\0\0", "größer".encode("latin-1"),
        "no".encode("utf-16"), b"\x1b[31mred", b"01100001 01100010 01100011", b"97 98 99 100 101 102", b"aB3dE5",
        b"camelCaseWords", b"\xe2\x80\xae reversed", b"ba" * 9000,
    ],
)  # fmt: skip
def test_of_other_bodies_only_the_length_is_shown(body: bytes) -> None:
    excerpt = describe_body(body[: egress.SHORT_BODY], ())
    assert excerpt.startswith(f"({min(len(body), egress.SHORT_BODY)} bytes")
    assert "only plain text" in excerpt


CODES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": json.dumps,
    "html": html.escape,
    "html numbers": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "url": lambda text: quote(text, safe=""),
    "every byte in url code": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "capitals": str.upper,
    "small": str.lower,
    "swapped": str.swapcase,
    "reversed": lambda text: text[::-1],
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base32": lambda text: b32encode(text.encode()).decode(),
    "base85": lambda text: b85encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "escapes": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "numbers": lambda text: " ".join(str(ord(letter)) for letter in text),
    "binary": lambda text: " ".join(f"{byte:08b}" for byte in text.encode()),
    "split by blanks": lambda text: " ".join(text),
    "split in pairs": lambda text: " ".join(text[start : start + 2] for start in range(0, len(text), 2)),
    "split in lines": lambda text: "\n".join(text[start : start + 3] for start in range(0, len(text), 3)),
    "split by words": lambda text: " and ".join(text[start : start + 2] for start in range(0, len(text), 2)),
    "split by tags": lambda text: "<b>".join(text),
}

SECRETS = ("sEcReT/1", "topSecret42", "correct horse battery", "4f1c09d2ab77e1", "s3cr3t=+/", "hunter", "木星木星")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("code", CODES)
def test_no_code_of_a_secret_is_shown(code: str, secret: str) -> None:
    coded = CODES[code](secret)
    for body in (coded, f"It is {coded}.", f"x{coded}y", f'{{"key": "{coded}"}}'):
        assert "only plain text" in describe_body(body.encode(), {secret}), body


letters = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, exclude_categories=["C", "Z"]), min_size=6)


@given(secret=letters, before=st.text(max_size=30), after=st.text(max_size=30), code=st.sampled_from(sorted(CODES)))
def test_excerpts_hold_no_secret(secret: str, before: str, after: str, code: str) -> None:
    excerpt = describe_body(f"{before} {CODES[code](secret)} {after}".encode(errors="replace"), {secret})
    assert secret not in excerpt
    assert len(excerpt) <= 200
    assert excerpt.isprintable() and not set("<>&") & set(excerpt)


@pytest.mark.parametrize(
    ("kind", "authinfo"),
    [
        ("header_token", {"header_token": {"Authorization": "Bearer sEcReT/1"}}),
        ("api_key", {"api_key": "sEcReT/1", "api_key_name": "key"}),
        ("HTTPBasicAuth", {"username": "sEcReT/0", "password": "sEcReT/1"}),
        ("HTTPDigestAuth", {"username": "sEcReT/0", "password": "sEcReT/1"}),
        ("OAuth1", dict.fromkeys(("app_key", "app_secret", "user_oauth_token", "user_oauth_token_secret"), "sEcReT/1")),
    ],
)
def test_repeated_credentials_are_not_shown(admin: Gateway, kind: str, authinfo: dict[str, Any]) -> None:
    def repeat_credentials(request: Received) -> tuple[int, Headers, bytes]:
        credentials = request.headers.get("authorization", ""), request.body.get("key", "")
        return 403, {}, f"No: {credentials} sEcReT/0 sEcReT/1 {request.body['callback_url']}".encode()

    service, _ = start_refused_analysis(admin, repeat_credentials, authentication_type=kind, _authinfo=authinfo)
    refusal = get_refusal_as(admin, service)
    assert refusal is not None
    excerpt = refusal["excerpt"]
    assert "only plain text" in excerpt


def test_those_who_manage_a_service_see_its_last_refusal(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    manager = make_user(admin, "ada", "Manage Analysis Services", groups=(group,))
    reader = make_user(admin, "bob", "Run Analyses", groups=(group,))
    stranger = make_user(admin, "eve", "Manage Analysis Services")
    service, analysis = start_refused_analysis(admin, refuse_with(422, b"Field name\nis missing"), group_ids=[group])
    refusal = get_refusal_as(manager, service)
    assert refusal is not None
    age = datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(refusal.pop("at"))
    assert timedelta(0) <= age < timedelta(minutes=1)
    excerpt = "Field name is missing"
    assert refusal == {"status": 422, "excerpt": excerpt, "analysis_id": analysis}
    assert get_refusal_as(admin, service) is not None
    assert get_refusal_as(reader, service) is None
    assert get_refusal_as(stranger, service) is None


def test_readers_of_an_analysis_see_the_status_alone(admin: Gateway) -> None:
    service, analysis = start_refused_analysis(admin, refuse_with(422, b"Oops"))
    for path in (f"/obj/analysis/{analysis}", f"/obj/analysis/{analysis}/status", "/obj/SN1/analysis"):
        assert "Oops" not in admin.get(path).text
    assert admin.get(f"/obj/analysis/{analysis}").data["status_message"] == "The service answered HTTP 422 to the data."
    assert "Oops" not in json.dumps(admin.get(f"/analysis_service/{service}").data)


def test_refusals_are_stored_and_successes_are_not(admin: Gateway) -> None:
    make_source(admin)
    answers = [refuse_with(503, b"first"), refuse_with(429, b"second"), refuse_with(200, b"fine")]
    with analysis_service(*answers) as server:
        service = make_service(admin, server.url)
        start_analysis(admin, service)
        excerpts = []
        for _ in answers:
            deliver()
            refusal = get_refusal_as(admin, service)
            excerpts.append((refusal or {}).get("excerpt"))
            end_delays()
    assert excerpts == ["first", "second", "second"]


def test_refusal_does_not_change_the_service_revision(admin: Gateway) -> None:
    service, _ = start_refused_analysis(admin, 403)
    before = services_table.find_service(service)
    assert before is not None and before.revision == 1
    assert admin.patch(f"/analysis_service/{service}", {"description": "other"}).status == 200
    assert admin.get(f"/analysis_service/{service}").data["description"] == "other"
    assert get_refusal_as(admin, service) is not None


def test_refusal_before_a_change_is_not_stored(admin: Gateway) -> None:
    make_source(admin)

    def change_then_refuse(request: Received) -> tuple[int, Headers, bytes]:
        assert admin.patch("/analysis_service/1", {"description": "mended"}).status == 200
        return 403, {}, b"too late"

    with analysis_service(change_then_refuse) as server:
        service = make_service(admin, server.url)
        analysis = start_analysis(admin, service)
        deliver()
    assert get_refusal_as(admin, service) is None
    assert admin.get(f"/obj/analysis/{analysis}/status").data["status"] == "failure"


def test_refusal_does_not_restore_a_deleted_service(admin: Gateway) -> None:
    make_source(admin)

    def delete_then_refuse(request: Received) -> tuple[int, Headers, bytes]:
        assert admin.delete("/analysis_service/1").status == 200
        return 403, {}, b"too late"

    with analysis_service(delete_then_refuse) as server:
        service = make_service(admin, server.url)
        start_analysis(admin, service)
        deliver()
    assert services_table.find_service(service) is None


def repeat_bytes(piece: bytes, pause: float = 0.0) -> Iterator[bytes]:
    """Repeat the same bytes for longer than anybody should read."""
    end = time.monotonic() + 8
    while time.monotonic() < end:
        time.sleep(pause)
        yield piece


@pytest.mark.parametrize(
    ("answer", "excerpt"),
    [
        (lambda: refuse_with(500, repeat_bytes(b"x" * 5000)), LONG),
        (lambda: refuse_with(500, repeat_bytes(b"slow ", 0.05)), ""),
        (lambda: refuse_with(500, b"broken off", Content_Length="99"), ""),
        (lambda: refuse_with(500, b"7\r\nchunked\r\nnonsense", Transfer_Encoding="chunked"), ""),
        (lambda: refuse_with(500, gzip.compress(b"packed"), Content_Encoding="gzip"), "packed"),
        (lambda: refuse_with(500, gzip.compress(bytes([120]) * 10**8, 1), Content_Encoding="gzip"), LONG),
        (lambda: refuse_with(500, b"no gzip", Content_Encoding="gzip"), ""),
        (lambda: refuse_with(500, iter([b"in ", b"three ", b"pieces"])), "in three pieces"),
        (lambda: refuse_with(307, b"elsewhere", Location="http://127.0.0.1:1/"), ""),
        (lambda: refuse_with(302, repeat_bytes(b"x" * 5000), Location="http://127.0.0.1:1/"), ""),
        (lambda: refuse_with(302, b"", Location="http://["), ""),
        (lambda: refuse_with(302, b"", Location="\xff"), ""),
    ],
    ids=[
        "endless",
        "slow",
        "broken off",
        "chunks",
        "gzip",
        "bomb",
        "no gzip",
        "pieces",
        "redirect",
        "endless redirect",
        "redirect to nowhere",
        "redirect to nonsense",
    ],
)
def test_any_body_is_handled_in_time(
    admin: Gateway, answer: Any, excerpt: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "BODY_SECONDS", 0.4)
    make_source(admin)
    with analysis_service(answer()) as server:
        service = make_service(admin, server.url)
        start_analysis(admin, service)
        started_at = time.monotonic()
        deliver()
        assert time.monotonic() - started_at < 4
    refusal = get_refusal_as(admin, service)
    assert refusal is not None
    assert refusal["excerpt"] == excerpt


def test_an_endless_challenge_is_not_read(admin: Gateway) -> None:
    challenge = refuse_with(401, repeat_bytes(b"x" * 5000), WWW_Authenticate='Digest realm="r", nonce="n"')
    credentials = {"username": "u", "password": "p"}
    started_at = time.monotonic()
    service, _ = start_refused_analysis(
        admin, challenge, 403, authentication_type="HTTPDigestAuth", _authinfo=credentials
    )
    assert time.monotonic() - started_at < 6
    refusal = get_refusal_as(admin, service)
    assert refusal is not None and refusal["status"] == 403
