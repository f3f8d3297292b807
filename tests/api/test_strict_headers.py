"""The headers of every answer: those of routes, of errors, of pages, of files.

`tests.gateway` checks the headers of every answer in every test; here are the statuses and kinds one by one.
"""

from pathlib import Path

import pytest

from chalicelib import settings
from chalicelib.routes import OPERATIONS
from infra.gateway_responses import make_gateway_responses
from tests.api.story import make_source
from tests.gateway import Gateway, Reply, check_strict_headers

PICTURE = "data:text/plain;base64,aGVsbG8="


def provoke(admin: Gateway, status: int, monkeypatch: pytest.MonkeyPatch) -> Reply:
    """Return an answer with a status."""
    match status:
        case 200:
            return admin.get("/groups")
        case 400:
            return admin.post("/groups", "{")
        case 401:
            return admin.as_user("wrong").get("/groups")
        case 403:
            return admin.get("/obj/analysis/4711")
        case 404:
            return admin.get("/no/such/route")
        case 405:
            return admin.put("/sources")
        case 413:
            return admin.post("/groups", "x" * (settings.REQUEST_BYTES + 1))
        case 429:
            monkeypatch.setattr(settings, "REQUESTS_PER_MINUTE", 1)
            admin.get("/groups")
            return admin.get("/groups")
        case 500 | 503:
            failure = KeyError("x") if status == 500 else TimeoutError()
            monkeypatch.setattr("chalicelib.routes.operations.is_temporary_failure", lambda _: status == 503)

            def fail(*_: object) -> None:
                raise failure

            monkeypatch.setattr("chalicelib.people.requesters.find_token_by_hash", fail)
            return admin.get("/groups")
    raise ValueError(status)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 413, 429, 500, 503])
def test_answers_of_every_status_are_kept_by_nobody_and_embedded_nowhere(
    admin: Gateway, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = provoke(admin, status, monkeypatch)
    assert reply.status == status
    check_strict_headers(reply)
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert ("Retry-After" in reply.headers) == (status in (429, 503))


def test_every_route_has_them_before_it_knows_who_asks(admin: Gateway) -> None:
    stranger = admin.as_user(None)
    for operation in OPERATIONS:
        path = operation.path.replace("{", "").replace("}", "")
        for method in (operation.method, "HEAD" if operation.method == "GET" else "PATCH"):
            check_strict_headers(stranger.request(method, path))


def test_pages_are_on_their_own(admin: Gateway) -> None:
    reply = admin.as_user(None).get("/docs")
    assert reply.headers["Content-Type"].startswith("text/html")
    assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in reply.headers["Permissions-Policy"]
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy


def test_files_run_nothing(admin: Gateway) -> None:
    make_source(admin)
    attachment = {"body": "aGVsbG8=", "name": "page.html"}
    comment = admin.post("/sources/SN1/comments", {"text": "x", "attachment": attachment}).data["comment_id"]
    reply = admin.get(f"/sources/SN1/comments/{comment}/attachment")
    assert (reply.status, reply.content) == (200, b"hello")
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none';")
    assert reply.headers["Content-Disposition"].startswith("attachment")


def test_redirects_are_kept_by_nobody(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "LARGE_ANSWER_BYTES", 10)
    reply = admin.get("/groups")
    assert (reply.status, reply.headers["Cache-Control"]) == (303, "no-store")


def test_answers_of_the_gateway_itself_have_them_too() -> None:
    for kind, response in make_gateway_responses().items():
        parameters = response["responseParameters"]
        names = {name.removeprefix("gatewayresponse.header."): text for name, text in parameters.items()}
        assert all(text[0] == text[-1] == "'" for text in names.values()), "API Gateway takes only quoted texts"
        headers = {name: text[1:-1] for name, text in names.items()}
        check_strict_headers(Reply(0, headers, "", b""))
        assert headers["Strict-Transport-Security"].startswith("max-age=63072000")
        retries = kind in ("THROTTLED", "QUOTA_EXCEEDED", "INTEGRATION_TIMEOUT", "DEFAULT_5XX")
        assert ("Retry-After" in headers) == retries, kind


def test_answers_that_wait_say_so_in_the_document(admin: Gateway) -> None:
    document = admin.get("/openapi.json").json
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            assert "503" in responses, f"{method} {path}"
            assert ("429" in responses) or not operation["security"] or "fitter" in str(operation["security"])
            for status in responses.keys() & {"429", "503"}:
                assert responses[status]["headers"]["Retry-After"]["required"], f"{method} {path} {status}"


def test_a_deployed_stage_is_reached_over_https_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    source = (Path(settings.__file__).parent / "strict_headers.py").read_text()
    monkeypatch.setattr(settings, "STAGE", "prod")
    scope: dict[str, object] = {}
    exec(compile(source, "strict_headers", "exec"), scope)
    headers = scope["add_strict_headers"]({})  # type: ignore[operator]
    assert headers["Strict-Transport-Security"].startswith("max-age=63072000")
