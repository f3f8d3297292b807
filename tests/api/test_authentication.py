"""The six types of authentication against servers that check them, and what becomes of a refusal."""

import base64
import http.client
import json
import logging
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from chalice.app import Chalice

from chalicelib import settings
from chalicelib.analysis import request_signing
from chalicelib.aws import get_account_id, get_client
from chalicelib.schemas import credentials as schema
from chalicelib.tables import services as services_table
from tests.api import story
from tests.api.guards import digest_response, guard
from tests.api.story import deliver, make_service, make_source, start
from tests.gateway import Gateway, Reply
from tests.service import Answer, Received, Service, analysis_service

Credentials = dict[str, Any]

CREDENTIALS: dict[str, Credentials] = {
    "none": {},
    "header_token": {"header_token": {"X-Key": "Bearer hT/4f1dQz+7hEaDeR"}},
    "api_key": {"api_key": "aK/93xVb+2KeYkEy", "api_key_name": "observatory_key"},
    "HTTPBasicAuth": {"username": "basic-ursula", "password": 'bP:6jWq"/wOrD'},
    "HTTPDigestAuth": {"username": "digest-dora", "password": 'dP:8mRt"/wOrD'},
    "OAuth1": {
        "app_key": "aPpKeY0000111122223333",
        "app_secret": "aS/5nLk+2sEcReT",
        "user_oauth_token": "uToKeN44445555666677",
        "user_oauth_token_secret": "uS/7cXz+4sEcReT",
    },
}

KINDS = [(kind, "MD5") for kind in CREDENTIALS] + [("HTTPDigestAuth", "SHA-256")]


def forms(kind: str, given: Credentials) -> list[Any]:
    """Return ``_authinfo`` in each of the forms that are taken."""
    # These have a key that is named like the type; SkyPortal asks for one beside the others.
    named = [] if kind in given or kind == "none" else [{kind: True, **given}]
    nested = [] if kind in ("none", "header_token") else [{kind: given}]
    written = [given, *named, *nested]
    return [*written, *map(json.dumps, written)] + ([None, ""] if kind == "none" else [])


WRONG = [
    (kind, algorithm, field)
    for kind, algorithm in KINDS
    for field in CREDENTIALS[kind]
    if field not in ("header_token", "api_key_name")
]

REFUSED = "The service answered HTTP 401 to the data."


class Listener(Gateway):
    """A user who remembers every answer."""

    def __init__(self, app: Chalice, token: str | None) -> None:
        super().__init__(app, token)
        self.heard: list[str] = []

    def request(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        reply = super().request(method, target, body, **headers)
        self.heard.append(f"{reply.headers} {reply.text}")
        return reply


@pytest.fixture
def user(admin: Gateway, caplog: pytest.LogCaptureFixture) -> Listener:
    """The administrator, who hears all that is said of SN1 and keeps the log."""
    caplog.set_level(logging.INFO)
    make_source(admin)
    return Listener(admin._app, admin.token)


def secrets_of(credentials: Credentials) -> set[str]:
    """Return what must be found nowhere: each value, alone and in base64."""
    whole = {name: value for name, value in credentials.items() if name != "api_key_name"}
    values = {*whole.pop("header_token", {}).values(), *whole.values()}
    values |= {value.removeprefix("Bearer ") for value in values}
    if "username" in whole:
        values.add(f"{whole['username']}:{whole['password']}")
    return values | {base64.b64encode(value.encode()).decode() for value in values}


def kept() -> str:
    """Return all that is stored: every record, blob and message, as it lies there."""
    found: list[Any] = []
    for name in ("registry", "sources", "analyses"):
        pages = get_client("dynamodb").get_paginator("scan").paginate(TableName=settings.resource_name(name))
        found += [item for page in pages for item in page["Items"]]
    bucket = settings.resource_name(get_account_id())
    for blob in get_client("s3").list_objects_v2(Bucket=bucket).get("Contents", []):
        body = get_client("s3").get_object(Bucket=bucket, Key=blob["Key"])["Body"].read()
        assert body
        found += [blob["Key"], body]
    for url in get_client("sqs").list_queues()["QueueUrls"]:
        messages = get_client("sqs").receive_message(
            QueueUrl=url, VisibilityTimeout=0, MaxNumberOfMessages=10
        )
        found += messages.get("Messages", [])
    return repr(found)


def ask_for_everything(user: Gateway, service: int, analysis: int) -> None:
    for path in (
        "/analysis_service", f"/analysis_service/{service}", f"/obj/analysis/{analysis}",
        f"/obj/analysis/{analysis}?includeAnalysisData=true", f"/obj/analysis/{analysis}/status",
        f"/obj/analysis/{analysis}/inputs", "/obj/SN1/analysis", "/sources/SN1", "/sysinfo",
    ):  # fmt: skip
        assert user.get(path).status == 200, path


def assert_nowhere(
    credentials: Credentials, user: Listener, service: int, analysis: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Check that credentials are in no answer, record, blob, message or line of the log."""
    ask_for_everything(user, service, analysis)
    logged = "\n".join(record.getMessage() + str(record.exc_text) for record in caplog.records)
    places = {"answers": "\n".join(user.heard), "what is kept": kept(), "the log": logged}
    assert "SN1" in places["answers"] and "SN1" in places["what is kept"]
    for place, text in places.items():
        for secret in secrets_of(credentials):
            for written in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
                assert written not in text, f"{written} in {place}"


def run(user: Gateway, server: Service, kind: str, authinfo: Any, **more: Any) -> tuple[int, int]:
    """Register a service, start an analysis, send it; return both ids."""
    url = f"{server.url}?mode=fit&name=a%20b"
    service = make_service(user, url, authentication_type=kind, _authinfo=authinfo, **more)
    analysis = start(user, service)
    deliver()
    return service, analysis


def state(user: Gateway, analysis: int) -> tuple[str, str]:
    status = user.get(f"/obj/analysis/{analysis}/status").data
    return status["status"], status["message"]


def refusal(service: int) -> dict[str, Any] | None:
    found = services_table.find_service(service)
    assert found is not None
    return found.last_refusal


def replayed(server: Service, request: Received) -> int:
    """Send a request once more, as it came in; return the status."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    connection.request(request.method, request.path, request.raw, request.headers)
    status = connection.getresponse().status
    connection.close()
    return status


def changed(credentials: Credentials, field: str) -> Credentials:
    """Return credentials of which one is another, as long and as odd as it was."""
    return {**credentials, field: credentials[field][::-1]}


def test_the_guards_know_the_standards() -> None:
    # RFC 7616, 3.9.1
    given = {
        "uri": "/dir/index.html", "qop": "auth", "nc": "00000001",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    }  # fmt: skip
    for algorithm, response in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        who = ("Mufasa", "http-auth@example.org", "Circle of Life")
        assert digest_response(algorithm, *who, "GET", given) == response


@pytest.mark.parametrize(("kind", "algorithm"), KINDS)
def test_who_has_the_credentials_is_let_in(
    user: Listener, kind: str, algorithm: str, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = CREDENTIALS[kind]
    door = guard(kind, credentials, algorithm)
    with analysis_service(door) as server:
        for number, written in enumerate(forms(kind, credentials)):
            service, analysis = run(user, server, kind, written, name=f"form {number}")
            assert state(user, analysis)[0] == "pending"
            assert len(door.accepted) == number + 1
        challenged = len(server.received) - len(door.accepted)
    assert challenged == (len(door.accepted) if kind == "HTTPDigestAuth" else 0)
    sent = door.accepted[-1]
    assert sent.path.endswith("?mode=fit&name=a%20b")
    assert sent.body["resource_id"] == "SN1"
    assert sent.body["inputs"]["photometry"].count("ztf") == 3
    assert sent.body.keys() - schema.PAYLOAD == ({"observatory_key"} if kind == "api_key" else set())
    assert refusal(service) is None
    assert_nowhere(credentials, user, service, analysis, caplog)


@pytest.mark.parametrize(("kind", "algorithm", "field"), WRONG)
def test_who_has_other_credentials_is_not(
    user: Listener, kind: str, algorithm: str, field: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = changed(CREDENTIALS[kind], field)
    door = guard(kind, CREDENTIALS[kind], algorithm)
    with analysis_service(door) as server:
        service, analysis = run(user, server, kind, wrong)
        assert door.accepted == []
    assert state(user, analysis) == ("failure", REFUSED)
    assert_nowhere(wrong, user, service, analysis, caplog)
    said = refusal(service)
    assert said is not None and said["status"] == 401
    assert said["excerpt"].startswith("Nobody "), "without its markup"
    assert "***" in said["excerpt"], "every service here repeats what it was sent"


def test_a_wrong_header_token_is_refused(user: Listener, caplog: pytest.LogCaptureFixture) -> None:
    wrong = {"header_token": {"X-Key": "Bearer another/T0ken+1"}}
    door = guard("header_token", CREDENTIALS["header_token"])
    with analysis_service(door) as server:
        service, analysis = run(user, server, "header_token", wrong)
    assert state(user, analysis) == ("failure", REFUSED)
    assert refusal(service)["excerpt"] == 'Nobody "***"'
    assert_nowhere(wrong, user, service, analysis, caplog)


@pytest.mark.parametrize(("kind", "algorithm"), [("HTTPDigestAuth", "MD5"), ("OAuth1", "MD5")])
def test_what_opened_a_door_once_opens_it_never_again(user: Listener, kind: str, algorithm: str) -> None:
    door = guard(kind, CREDENTIALS[kind], algorithm)
    with analysis_service(door) as server:
        run(user, server, kind, CREDENTIALS[kind])
        (accepted,) = door.accepted
        assert replayed(server, accepted) == 401


@pytest.mark.parametrize(("kind", "algorithm"), KINDS)
def test_a_redirect_is_not_followed(
    user: Listener, kind: str, algorithm: str, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = CREDENTIALS[kind]
    door = guard(kind, credentials, algorithm)
    with analysis_service() as elsewhere, analysis_service(door) as server:
        door.busy = [(307, {"Location": elsewhere.url})]
        service, analysis = run(user, server, kind, credentials)
        assert len(door.accepted) == 1
        assert elsewhere.received == []
    status, message = state(user, analysis)
    assert status == "failure"
    assert "HTTP 307: redirects are not followed" in message
    said = refusal(service)
    assert said is not None and (said["status"], said["excerpt"]) == (307, "")
    assert_nowhere(credentials, user, service, analysis, caplog)


@pytest.mark.parametrize(("kind", "algorithm"), KINDS)
def test_a_busy_service_is_proven_to_anew(
    user: Listener, kind: str, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(
        "chalicelib.queues.postpone_message", lambda queue, handle, seconds: asked.append(seconds)
    )
    door = guard(kind, CREDENTIALS[kind], algorithm)
    door.busy = [(429, {"Retry-After": "17"}), (429, {})]
    with analysis_service(door) as server:
        service, analysis = run(user, server, kind, CREDENTIALS[kind])
        assert state(user, analysis) == ("queued", "The service answered HTTP 429. It will be tried again.")
        for _ in range(2):
            story.come_back()
            deliver()
        assert len(door.accepted) == 3
    assert state(user, analysis)[0] == "pending"
    assert asked == [17.0, 4.0]
    said = refusal(service)
    assert said is not None and said["status"] == 429


def test_letters_of_all_scripts(user: Listener) -> None:
    # RFC 7617, 2.1
    door = guard("HTTPBasicAuth", {"username": "test", "password": "123£"})
    with analysis_service(door) as server:
        run(user, server, "HTTPBasicAuth", {"username": "test", "password": "123£"})
        assert door.accepted[0].headers["authorization"] == "Basic dGVzdDoxMjPCow=="
    odd = {"username": "Łucja é", "password": "zażółć €"}
    for kind in ("HTTPBasicAuth", "HTTPDigestAuth"):
        door = guard(kind, odd)
        with analysis_service(door) as server:
            run(user, server, kind, odd, name=kind)
            assert len(door.accepted) == 1, kind
    latin = {"header_token": {"X-Key": "clé"}}
    door = guard("header_token", latin)
    with analysis_service(door) as server:
        run(user, server, "header_token", latin, name="latin")
        assert len(door.accepted) == 1


ANSWERABLE = [
    'Digest realm="r", qop="auth-int, auth", nonce="n"',
    'Digest realm="r", nonce="n"',
    'Basic realm="b", Digest realm="r", qop="auth", nonce="n", algorithm=SHA-256',
    'Digest realm="r", qop="auth", algorithm=SHA-256, nonce="n", '
    'Digest realm="r", qop="auth", algorithm=MD5, nonce="n"',
]

UNANSWERABLE = [
    "Digest", "Digest ,=,", "digest realm, nonce", 'Digest realm="r"', 'Digest nonce="n"',
    'Basic realm="digest"',
    'Digest realm="r", nonce="n", algorithm=ROT13', 'Digest realm="r", nonce="n", qop="auth-int"',
]  # fmt: skip


def test_challenges_of_all_shapes_are_answered(user: Listener) -> None:
    for number, challenge in enumerate(ANSWERABLE):
        asks = refusing_with(challenge)
        with analysis_service(asks, 200) as server:
            authinfo = CREDENTIALS["HTTPDigestAuth"]
            _, analysis = run(user, server, "HTTPDigestAuth", authinfo, name=f"answerable {number}")
            assert 'nonce="n"' in server.received[1].headers["authorization"], challenge
        assert state(user, analysis)[0] == "pending", challenge


def test_challenges_that_none_can_answer_are_refusals(user: Listener) -> None:
    for number, challenge in enumerate(UNANSWERABLE):
        with analysis_service(refusing_with(challenge)) as server:
            authinfo = CREDENTIALS["HTTPDigestAuth"]
            _, analysis = run(user, server, "HTTPDigestAuth", authinfo, name=f"unanswerable {number}")
            assert not [r for r in server.received if "authorization" in r.headers], challenge
        assert state(user, analysis) == ("failure", REFUSED), challenge


def refusing_with(challenge: str) -> Answer:
    return lambda request: (401, {"WWW-Authenticate": challenge})


UNUSABLE: list[tuple[str, Any]] = [
    ("header_token", {"header_token": {"X-Key:": "sEcReT"}}),
    ("header_token", {"header_token": {"": "sEcReT"}}),
    ("header_token", {"header_token": {"X-Key\r\nHost": "sEcReT"}}),
    ("header_token", {"header_token": {"sEcReT is this": "X"}}),
    ("header_token", {"header_token": {"Host": "sEcReT"}}),
    ("header_token", {"header_token": {"transfer-encoding": "sEcReT"}}),
    ("header_token", {"header_token": {"Webhook-Signature": "sEcReT"}}),
    ("header_token", {"header_token": {"X-Key": " sEcReT"}}),
    ("header_token", {"header_token": {"X-Key": "sEcReT €"}}),
    ("header_token", {"header_token": {"X-Key": ""}}),
    ("header_token", {"header_token": {"X-Key": ["sEcReT"]}}),
    ("header_token", {"header_token": "sEcReT"}),
    ("header_token", {"header_token": {}}),
    ("header_token", {"Authorization": "sEcReT"}),
    ("api_key", {"api_key": "sEcReT"}),
    ("api_key", {"api_key": "sEcReT", "api_key_name": "callback_url"}),
    ("api_key", {"api_key": {"api_key": "sEcReT"}, "api_key_name": "key"}),
    ("api_key", {"api_key": 17, "api_key_name": "key"}),
    ("HTTPBasicAuth", {"username": "a:b", "password": "sEcReT"}),
    ("HTTPBasicAuth", {"username": "a", "password": "sEcReT\n"}),
    ("HTTPBasicAuth", {"username": None, "password": "sEcReT"}),
    ("HTTPDigestAuth", {"HTTPBasicAuth": {"username": "a", "password": "sEcReT"}}),
    ("OAuth1", {"OAuth1": {"app_key": "a", "app_secret": "sEcReT", "user_oauth_token": "t"}}),
    ("OAuth1", '{"OAuth1": "sEcReT"'),
    ("OAuth1", '["sEcReT"]'),
    ("OAuth1", None),
]


def test_credentials_that_cannot_be_sent_are_not_taken(admin: Gateway) -> None:
    fields = {
        "name": "s", "url": "https://a.org", "analysis_type": "meta_analysis",
        "input_data_types": ["redshift"],
    }  # fmt: skip
    for kind, authinfo in UNUSABLE:
        reply = admin.post(
            "/analysis_service", {**fields, "authentication_type": kind, "_authinfo": authinfo}
        )
        assert reply.status == 400, authinfo
        assert "_authinfo" in reply.message
        assert "sEcReT" not in reply.text
    assert admin.get("/analysis_service").data == []


def test_headers_of_our_own_are_none_of_a_token(user: Listener) -> None:
    with analysis_service() as server:
        run(user, server, "none", None)
        (request,) = server.received
    own = set(request_signing.build_signature_headers("x", b"")) | {"Host", "Content-Length", "Connection"}
    assert {name.lower() for name in own} <= schema.OWN_HEADERS
    assert {"host", "content-length", "connection"} <= request.headers.keys()


def test_changed_credentials_are_the_only_ones(user: Listener, caplog: pytest.LogCaptureFixture) -> None:
    old, new = CREDENTIALS["header_token"], CREDENTIALS["api_key"]
    doors = [guard("header_token", old), guard("api_key", new), guard("none", {})]
    with analysis_service(*doors) as server:
        service, _ = run(user, server, "header_token", old)
        path = f"/analysis_service/{service}"
        for change in ({"authentication_type": "api_key", "_authinfo": new}, {"authentication_type": "none"}):
            assert user.patch(path, change).status == 200
            analysis = start(user, service)
            deliver()
        assert [len(door.accepted) for door in doors] == [1, 1, 1]
    found = services_table.find_service(service)
    assert found is not None and found.authinfo is None
    for credentials in (old, new):
        assert_nowhere(credentials, user, service, analysis, caplog)
