"""The excerpt of a service's refusal: plain text without secrets, visible only to its managers."""

import gzip
import html
import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from chalicelib import egress, people, services
from chalicelib.analysis.refusal_excerpts import clean_excerpt
from chalicelib.tables import services as services_table
from tests.api.story import deliver, make_service, make_source, redeliver_messages, start_analysis
from tests.api.test_people import make_user
from tests.gateway import Gateway
from tests.service import Answer, Body, Headers, Received, analysis_service

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
        (PAGE.encode(), "500 Oops Server error Field name is missing & empty"),
        (b"a < b, <b>bold</b> & <unclosed", "a b, bold & unclosed"),
        ("größer 木星 ✓".encode(), "größer 木星 ✓"),
        ("größer".encode("latin-1"), "größer"),
        (b"x" * 500, "x" * 200),
        (b"\x89PNG\r\n\x1a\n\0\0", ""),
        ("no".encode("utf-16"), ""),
        (b"<script>" * 2000, ""),
        (b"<" * egress.SHORT_BODY, ""),
        (b"&lt;script&gt;alert(1)&lt;/script&gt;", "script alert(1) /script"),
        (b"\x1b[31mred\x1b[0m \x7f\x85", "[31mred [0m"),
        ("木".encode() * 10_000, "木" * 200),
    ],
)
def test_an_excerpt_is_plain_text_on_one_line(body: bytes, excerpt: str) -> None:
    assert clean_excerpt(body[: egress.SHORT_BODY], ()) == excerpt


WRITERS = {
    "as it is": str,
    "as JSON": json.dumps,
    "as JSON in Unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "as PHP writes JSON": lambda text: json.dumps(text).replace("/", r"\/"),
    "as HTML": html.escape,
    "as HTML in numbers": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "in a URL": lambda text: quote(text, safe=""),
    "in capitals": str.upper,
    "between tags": lambda text: f"<b>{html.escape(text)}</b>",
}

printable = st.characters(exclude_categories=["C", "Z"], exclude_characters="*<>")
secrets = st.text(printable, min_size=4, max_size=40)


TRICKY = "a'\"b/c\\d&amp;é"


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("secret", [TRICKY, "s3cr3t=+/", "two  words"])
def test_secrets_are_redacted_in_any_notation(secret: str, writer: str) -> None:
    excerpt = clean_excerpt(f"It is {WRITERS[writer](secret)}.".encode(), {secret})
    assert excerpt.replace('"', "").replace(" .", ".") == "It is ***."


@given(secret=secrets, before=st.text(max_size=30), after=st.text(max_size=30), writer=st.sampled_from(sorted(WRITERS)))
def test_excerpts_hold_no_secret(secret: str, before: str, after: str, writer: str) -> None:
    excerpt = clean_excerpt(f"{before} {WRITERS[writer](secret)} {after}".encode(errors="replace"), {secret})
    assert secret not in excerpt
    assert len(excerpt) <= 200
    assert excerpt.isprintable() and not set("<>") & set(excerpt)


@given(place=st.integers(-140, 10), writer=st.sampled_from([str, html.escape]))
def test_secret_cut_by_the_limit_is_redacted(place: int, writer: Callable[[str], str]) -> None:
    secret = "sEcReT" + '"' * 20
    start = egress.SHORT_BODY + place
    body = b"<b>" + b" " * (start - 3) + writer(secret).encode()
    excerpt = clean_excerpt(body[: egress.SHORT_BODY], {secret})
    assert "sE" not in excerpt


def test_only_the_secret_is_redacted() -> None:
    assert clean_excerpt(b"user unknown", {"bob"}) == "user unknown"
    assert clean_excerpt(b"BOB: user bobby unknown", {"bob"}) == "***: user ***by unknown"
    assert clean_excerpt(b"plain", {""}) == "plain"


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
def test_repeated_credentials_are_redacted(admin: Gateway, kind: str, authinfo: dict[str, Any]) -> None:
    def repeat_credentials(request: Received) -> tuple[int, Headers, bytes]:
        credentials = request.headers.get("authorization", ""), request.body.get("key", "")
        return 403, {}, f"No: {credentials} sEcReT/0 sEcReT/1 {request.body['callback_url']}".encode()

    service, _ = start_refused_analysis(admin, repeat_credentials, authentication_type=kind, _authinfo=authinfo)
    refusal = get_refusal_as(admin, service)
    assert refusal is not None
    excerpt = refusal["excerpt"]
    assert excerpt.startswith("No: ") and "***" in excerpt
    assert "sEcReT/1" not in excerpt and b64encode(b"sEcReT/0:sEcReT/1").decode() not in excerpt
    if kind in ("header_token", "api_key"):
        assert excerpt.endswith("/webhook/obj_analysis/***"), "the callback's token too"


def test_those_who_manage_a_service_see_its_last_refusal(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    manager = make_user(admin, "ada", "Manage Analysis Services", groups=(group,))
    reader = make_user(admin, "bob", "Run Analyses", groups=(group,))
    stranger = make_user(admin, "eve", "Manage Analysis Services")
    service, analysis = start_refused_analysis(admin, refuse_with(422, PAGE.encode()), group_ids=[group])
    refusal = get_refusal_as(manager, service)
    assert refusal is not None
    age = datetime.now(UTC).replace(tzinfo=None) - datetime.fromisoformat(refusal.pop("at"))
    assert timedelta(0) <= age < timedelta(minutes=1)
    excerpt = "500 Oops Server error Field name is missing & empty"
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
            redeliver_messages()
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
        (lambda: refuse_with(500, repeat_bytes(b"x" * 5000)), "x" * 200),
        (lambda: refuse_with(500, repeat_bytes(b"slow ", 0.05)), ""),
        (lambda: refuse_with(500, b"broken off", Content_Length="99"), ""),
        (lambda: refuse_with(500, b"7\r\nchunked\r\nnonsense", Transfer_Encoding="chunked"), ""),
        (lambda: refuse_with(500, gzip.compress(b"packed"), Content_Encoding="gzip"), "packed"),
        (lambda: refuse_with(500, gzip.compress(bytes([120]) * 10**8, 1), Content_Encoding="gzip"), "x" * 200),
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
