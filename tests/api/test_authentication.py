"""The six types of authentication, against servers that check them; refusals."""

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
from tests.api.story import deliver, make_service, make_source, start_analysis
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


def forms(kind: str, credentials: Credentials) -> list[Any]:
    """Return ``_authinfo`` in each of the accepted forms."""
    # SkyPortal asks for a key named like the type beside the others; some types have one.
    with_type = [] if kind in credentials or kind == "none" else [{kind: True, **credentials}]
    nested = [] if kind in ("none", "header_token") else [{kind: credentials}]
    written = [credentials, *with_type, *nested]
    return [*written, *map(json.dumps, written)] + ([None, ""] if kind == "none" else [])


WRONG = [
    (kind, algorithm, field)
    for kind, algorithm in KINDS
    for field in CREDENTIALS[kind]
    if field not in ("header_token", "api_key_name")
]

REFUSED = "The service answered HTTP 401 to the data."


class Listener(Gateway):
    """A user who records every answer."""

    def __init__(self, app: Chalice, token: str | None) -> None:
        super().__init__(app, token)
        self.answers: list[str] = []

    def request(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        reply = super().request(method, target, body, **headers)
        self.answers.append(f"{reply.headers} {reply.text}")
        return reply


@pytest.fixture
def user(admin: Gateway, caplog: pytest.LogCaptureFixture) -> Listener:
    """The administrator, recording all answers and the log."""
    caplog.set_level(logging.INFO)
    make_source(admin)
    return Listener(admin._app, admin.token)


def secrets_of(credentials: Credentials) -> set[str]:
    """Return the texts that must not leak: each value, plain and in base64."""
    whole = {name: value for name, value in credentials.items() if name != "api_key_name"}
    values = {*whole.pop("header_token", {}).values(), *whole.values()}
    values |= {value.removeprefix("Bearer ") for value in values}
    if "username" in whole:
        values.add(f"{whole['username']}:{whole['password']}")
    return values | {base64.b64encode(value.encode()).decode() for value in values}


def dump_storage() -> str:
    """Return all stored records, blobs and messages."""
    contents: list[Any] = []
    for name in ("registry", "sources", "analyses"):
        pages = get_client("dynamodb").get_paginator("scan").paginate(TableName=settings.resource_name(name))
        contents += [item for page in pages for item in page["Items"]]
    bucket = settings.resource_name(get_account_id())
    for blob in get_client("s3").list_objects_v2(Bucket=bucket).get("Contents", []):
        body = get_client("s3").get_object(Bucket=bucket, Key=blob["Key"])["Body"].read()
        assert body
        contents += [blob["Key"], body]
    for url in get_client("sqs").list_queues()["QueueUrls"]:
        messages = get_client("sqs").receive_message(QueueUrl=url, VisibilityTimeout=0, MaxNumberOfMessages=10)
        contents += messages.get("Messages", [])
    return repr(contents)


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
    places = {"answers": "\n".join(user.answers), "storage": dump_storage(), "the log": logged}
    assert "SN1" in places["answers"] and "SN1" in places["storage"]
    for place, text in places.items():
        for secret in secrets_of(credentials):
            for written in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
                assert written not in text, f"{written} in {place}"


def run(user: Gateway, server: Service, kind: str, authinfo: Any, **more: Any) -> tuple[int, int]:
    """Register a service, start an analysis, send it; return both ids."""
    url = f"{server.url}?mode=fit&name=a%20b"
    service = make_service(user, url, authentication_type=kind, _authinfo=authinfo, **more)
    analysis = start_analysis(user, service)
    deliver()
    return service, analysis


def state(user: Gateway, analysis: int) -> tuple[str, str]:
    status = user.get(f"/obj/analysis/{analysis}/status").data
    return status["status"], status["message"]


def refusal(service: int) -> dict[str, Any] | None:
    item = services_table.find_service(service)
    assert item is not None
    return item.last_refusal


def replay(server: Service, request: Received) -> int:
    """Send a received request again; return the status."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=5)
    connection.request(request.method, request.path, request.raw, request.headers)
    status = connection.getresponse().status
    connection.close()
    return status


def reverse_field(credentials: Credentials, field: str) -> Credentials:
    """Return credentials with one of them reversed."""
    return {**credentials, field: credentials[field][::-1]}


def test_the_guards_follow_the_standards() -> None:
    # RFC 7616, 3.9.1
    fields = {
        "uri": "/dir/index.html", "qop": "auth", "nc": "00000001",
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    }  # fmt: skip
    for algorithm, response in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        who = ("Mufasa", "http-auth@example.org", "Circle of Life")
        assert digest_response(algorithm, *who, "GET", fields) == response


@pytest.mark.parametrize(("kind", "algorithm"), KINDS)
def test_the_right_credentials_are_accepted(
    user: Listener, kind: str, algorithm: str, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = CREDENTIALS[kind]
    gate = guard(kind, credentials, algorithm)
    with analysis_service(gate) as server:
        for number, written in enumerate(forms(kind, credentials)):
            service, analysis = run(user, server, kind, written, name=f"form {number}")
            assert state(user, analysis)[0] == "pending"
            assert len(gate.accepted) == number + 1
        challenged = len(server.received) - len(gate.accepted)
    assert challenged == (len(gate.accepted) if kind == "HTTPDigestAuth" else 0)
    sent = gate.accepted[-1]
    assert sent.path.endswith("?mode=fit&name=a%20b")
    assert sent.body["resource_id"] == "SN1"
    assert sent.body["inputs"]["photometry"].count("ztf") == 3
    assert sent.body.keys() - schema.PAYLOAD == ({"observatory_key"} if kind == "api_key" else set())
    assert refusal(service) is None
    assert_nowhere(credentials, user, service, analysis, caplog)


@pytest.mark.parametrize(("kind", "algorithm", "field"), WRONG)
def test_other_credentials_are_refused(
    user: Listener, kind: str, algorithm: str, field: str, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = reverse_field(CREDENTIALS[kind], field)
    gate = guard(kind, CREDENTIALS[kind], algorithm)
    with analysis_service(gate) as server:
        service, analysis = run(user, server, kind, wrong)
        assert gate.accepted == []
    assert state(user, analysis) == ("failure", REFUSED)
    assert_nowhere(wrong, user, service, analysis, caplog)
    last_refusal = refusal(service)
    assert last_refusal is not None and last_refusal["status"] == 401
    assert last_refusal["excerpt"].startswith("("), "only its length is shown"


def test_a_wrong_header_token_is_refused(user: Listener, caplog: pytest.LogCaptureFixture) -> None:
    wrong = {"header_token": {"X-Key": "Bearer another/T0ken+1"}}
    gate = guard("header_token", CREDENTIALS["header_token"])
    with analysis_service(gate) as server:
        service, analysis = run(user, server, "header_token", wrong)
    assert state(user, analysis) == ("failure", REFUSED)
    assert refusal(service)["excerpt"].startswith("(")
    assert_nowhere(wrong, user, service, analysis, caplog)


@pytest.mark.parametrize(("kind", "algorithm"), [("HTTPDigestAuth", "MD5"), ("OAuth1", "MD5")])
def test_a_replayed_request_is_refused(user: Listener, kind: str, algorithm: str) -> None:
    gate = guard(kind, CREDENTIALS[kind], algorithm)
    with analysis_service(gate) as server:
        run(user, server, kind, CREDENTIALS[kind])
        (accepted,) = gate.accepted
        assert replay(server, accepted) == 401


@pytest.mark.parametrize(("kind", "algorithm"), KINDS)
def test_a_redirect_is_not_followed(
    user: Listener, kind: str, algorithm: str, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = CREDENTIALS[kind]
    gate = guard(kind, credentials, algorithm)
    with analysis_service() as elsewhere, analysis_service(gate) as server:
        gate.busy = [(307, {"Location": elsewhere.url})]
        service, analysis = run(user, server, kind, credentials)
        assert len(gate.accepted) == 1
        assert elsewhere.received == []
    status, message = state(user, analysis)
    assert status == "failure"
    assert "HTTP 307: redirects are not followed" in message
    last_refusal = refusal(service)
    assert last_refusal is not None and (last_refusal["status"], last_refusal["excerpt"]) == (307, "")
    assert_nowhere(credentials, user, service, analysis, caplog)


@pytest.mark.parametrize(("kind", "algorithm"), KINDS)
def test_each_attempt_authenticates_anew(user: Listener, kind: str, algorithm: str) -> None:
    gate = guard(kind, CREDENTIALS[kind], algorithm)
    gate.busy = [(429, {"Retry-After": "17"}), (429, {})]
    with analysis_service(gate) as server:
        service, analysis = run(user, server, kind, CREDENTIALS[kind])
        status, message = state(user, analysis)
        assert status == "queued" and "asked to wait until" in message
        for _ in range(2):
            story.end_delays()
            deliver()
        assert len(gate.accepted) == 3
    assert state(user, analysis)[0] == "pending"
    last_refusal = refusal(service)
    assert last_refusal is not None and last_refusal["status"] == 429


def test_credentials_of_all_scripts(user: Listener) -> None:
    # RFC 7617, 2.1
    gate = guard("HTTPBasicAuth", {"username": "test", "password": "123£"})
    with analysis_service(gate) as server:
        run(user, server, "HTTPBasicAuth", {"username": "test", "password": "123£"})
        assert gate.accepted[0].headers["authorization"] == "Basic dGVzdDoxMjPCow=="
    odd = {"username": "Łucja é", "password": "zażółć €"}
    for kind in ("HTTPBasicAuth", "HTTPDigestAuth"):
        gate = guard(kind, odd)
        with analysis_service(gate) as server:
            run(user, server, kind, odd, name=kind)
            assert len(gate.accepted) == 1, kind
    latin = {"header_token": {"X-Key": "clé"}}
    gate = guard("header_token", latin)
    with analysis_service(gate) as server:
        run(user, server, "header_token", latin, name="latin")
        assert len(gate.accepted) == 1


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


def test_unusual_challenges_are_answered(user: Listener) -> None:
    for number, challenge in enumerate(ANSWERABLE):
        asks = refusing_with(challenge)
        with analysis_service(asks, 200) as server:
            authinfo = CREDENTIALS["HTTPDigestAuth"]
            _, analysis = run(user, server, "HTTPDigestAuth", authinfo, name=f"answerable {number}")
            assert 'nonce="n"' in server.received[1].headers["authorization"], challenge
        assert state(user, analysis)[0] == "pending", challenge


def test_challenges_that_cannot_be_answered_are_refusals(user: Listener) -> None:
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


def test_credentials_that_cannot_be_sent_are_not_accepted(admin: Gateway) -> None:
    fields = {
        "name": "s", "url": "https://a.org", "analysis_type": "meta_analysis",
        "input_data_types": ["redshift"],
    }  # fmt: skip
    for kind, authinfo in UNUSABLE:
        reply = admin.post("/analysis_service", {**fields, "authentication_type": kind, "_authinfo": authinfo})
        assert reply.status == 400, authinfo
        assert "_authinfo" in reply.message
        assert "sEcReT" not in reply.text
    assert admin.get("/analysis_service").data == []


def test_own_headers_cannot_be_token_headers(user: Listener) -> None:
    with analysis_service() as server:
        run(user, server, "none", None)
        (request,) = server.received
    own = set(request_signing.build_signature_headers("x", b"")) | {"Host", "Content-Length", "Connection"}
    assert {name.lower() for name in own} <= schema.OWN_HEADERS
    assert {"host", "content-length", "connection"} <= request.headers.keys()


def test_changed_credentials_replace_the_old_ones(user: Listener, caplog: pytest.LogCaptureFixture) -> None:
    old, new = CREDENTIALS["header_token"], CREDENTIALS["api_key"]
    gates = [guard("header_token", old), guard("api_key", new), guard("none", {})]
    with analysis_service(*gates) as server:
        service, _ = run(user, server, "header_token", old)
        path = f"/analysis_service/{service}"
        for change in ({"authentication_type": "api_key", "_authinfo": new}, {"authentication_type": "none"}):
            assert user.patch(path, change).status == 200
            analysis = start_analysis(user, service)
            deliver()
        assert [len(gate.accepted) for gate in gates] == [1, 1, 1]
    item = services_table.find_service(service)
    assert item is not None and item.authinfo is None
    for credentials in (old, new):
        assert_nowhere(credentials, user, service, analysis, caplog)
