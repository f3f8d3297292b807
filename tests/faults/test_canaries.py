"""Canary secrets: credentials, secret parameters, API tokens and callback tokens appear nowhere, in no encoding."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import egress
from tests.faults.canaries import ENCODINGS, captured_logs, find_secret, find_secrets, make_secret
from tests.faults.edges import Accepted
from tests.faults.simulation import Simulation

CREDENTIALS: dict[str, dict[str, Any]] = {
    "header_token": {"header_token": {"X-Key": make_secret("header")}},
    "api_key": {"api_key": make_secret("apikey"), "api_key_name": "key"},
    "HTTPBasicAuth": {"username": "observer", "password": make_secret("basic")},
    "OAuth1": {
        "app_key": make_secret("app"), "app_secret": make_secret("appsecret"),
        "user_oauth_token": make_secret("oauth"), "user_oauth_token_secret": make_secret("oauthsecret"),
    },
}  # fmt: skip

PARAMETER = make_secret("parameter")

ENCODINGS_OF_KIND = dict.fromkeys(CREDENTIALS, 4) | {"header_token": len(ENCODINGS)}
"""How many encodings are tried here with each kind of credentials; `make soak` tries all."""


def list_secrets(authinfo: dict[str, Any]) -> list[str]:
    values = [value for name, value in authinfo.items() if name not in ("username", "api_key_name")]
    return [text for value in values for text in (value.values() if isinstance(value, dict) else [value])]


def run_with_echo(s: Simulation, kind: str, encode: Callable[[str], str]) -> list[str]:
    """Run analyses of a service that repeats all that it is sent in its refusals; return where secrets are."""
    s.reset()
    s.documents["fit"] = {"status": "failure", "message": "no convergence"}
    credentials = list_secrets(CREDENTIALS[kind])
    tokens: list[str] = []

    def refuse(status: int) -> Callable[[Accepted], egress.ServiceResponse]:
        def answer(request: Accepted) -> egress.ServiceResponse:
            tokens.append(request.callback.rpartition("/")[2])
            text = " ".join(encode(secret) for secret in (*credentials, PARAMETER, tokens[-1]))
            return egress.ServiceResponse(status, None, f"<p>{text}</p>".encode())

        return answer

    service = s.register(
        authentication_type=kind,
        _authinfo=CREDENTIALS[kind],
        optional_analysis_parameters={"secret_key": {"type": "secret"}},
    )
    with captured_logs() as logs:
        s.services.answers[:] = [refuse(503), refuse(401)]
        body = {"analysis_parameters": {"secret_key": PARAMETER}}
        analysis = s.ada.post(f"/obj/SN1/analysis/{service}", body, "once")["id"]
        s.run()
        for path in (f"/analysis_service/{service}", f"/obj/analysis/{analysis}", f"/obj/analysis/{analysis}/inputs"):
            s.ada.get(path)
        s.settle()
        for path in (f"/analysis_service/{service}", "/analysis_service", "/obj/analysis?includeDetails=1"):
            s.ada.get(path)
        s.ada.post(f"/analysis_service/{service}/ping")
    secrets = {f"credential {number}": text for number, text in enumerate(credentials)}
    secrets |= {"the parameter": PARAMETER, "the API token": str(s.ada.gateway.token)}
    secrets |= {f"callback token {number}": text for number, text in enumerate(tokens)}
    return find_secrets(s, secrets, logs)


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_no_secret_appears_whatever_a_service_repeats(
    kind: str, simulation: Simulation, record_property: Callable[[str, object], None]
) -> None:
    names = list(ENCODINGS)[-ENCODINGS_OF_KIND[kind] :]
    breaches = {name: run_with_echo(simulation, kind, ENCODINGS[name]) for name in names}
    record_property("counts", f"canaries: {len(names)} encodings repeated by a service with {kind}")
    assert not {name: places for name, places in breaches.items() if places}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_canary_is_found_in_every_encoding(encoding: str) -> None:
    secret = make_secret("sample")
    assert find_secret(f"before {ENCODINGS[encoding](secret)} after".encode(), secret)
    assert not find_secret(b"an answer without it: k4n, HTTP 503", secret)
