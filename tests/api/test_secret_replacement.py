"""The deployment secret is replaced while analyses run: both versions are valid until the old one is taken away."""

import base64
from collections.abc import Iterator

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chalicelib import secrets, settings
from chalicelib.aws import get_client
from chalicelib.fitter_endpoint import list_fitter_tokens
from tests.api.story import deliver, make_service, make_source, start_analysis
from tests.gateway import Gateway
from tests.service import Received, analysis_service

NEW = "n3w" * 16


@pytest.fixture(autouse=True)
def fresh_secret(aws: None) -> Iterator[None]:
    secrets.forget_secrets()
    yield
    secrets.forget_secrets()


def take_previous_away() -> None:
    """Do what the runbook says when the old secret must not be trusted any more."""
    client, name = get_client("secretsmanager"), settings.resource_name("secret")
    versions = client.describe_secret(SecretId=name)["VersionIdsToStages"]
    (previous,) = [version for version, labels in versions.items() if "AWSPREVIOUS" in labels]
    client.update_secret_version_stage(SecretId=name, VersionStage="AWSPREVIOUS", RemoveFromVersionId=previous)
    secrets.forget_secrets()


def read_public_key(admin: Gateway) -> bytes:
    return base64.b64decode(admin.get("/sysinfo").json["public_key"].removeprefix("whpk_"))


def is_signed(request: Received, key: bytes) -> bool:
    headers = request.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.raw
    for signature in headers["webhook-signature"].split():
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature.removeprefix("v1a,")), signed)
        except InvalidSignature:
            continue
        return True
    return False


def test_an_analysis_that_was_queued_before_is_sent_signed_and_called_back(admin: Gateway) -> None:
    make_source(admin)
    old_key = read_public_key(admin)
    with analysis_service() as server:
        service = make_service(admin, server.url)
        before = start_analysis(admin, service)
        secrets.replace_secret(NEW)
        after = start_analysis(admin, service)
        deliver()
    new_key = read_public_key(admin)
    assert new_key != old_key and len(server.received) == 2
    for request in server.received:
        assert is_signed(request, old_key) and is_signed(request, new_key) and not is_signed(request, b"\x01" * 32)
        assert admin.post(request.callback_path, {"status": "success"}).status == 200
    assert [admin.get(f"/obj/analysis/{each}").data["status"] for each in (before, after)] == ["completed"] * 2


def test_a_process_that_knows_only_the_old_secret_sends_what_the_new_one_began(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_source(admin)
    secrets.derive_keys("callback")  # this process remembers the old secret from here on
    get_client("secretsmanager").put_secret_value(SecretId=settings.resource_name("secret"), SecretString=NEW)
    with analysis_service() as server:
        service = make_service(admin, server.url)
        with monkeypatch.context() as another_process:
            another_process.setattr(secrets, "_read_secrets", lambda period: [NEW.encode()])
            analysis = start_analysis(admin, service)
        deliver()
    assert admin.post(server.received[0].callback_path, {"status": "success"}).status == 200
    assert admin.get(f"/obj/analysis/{analysis}").data["status"] == "completed"


def test_without_the_old_secret_its_tokens_are_refused_with_a_sentence(admin: Gateway) -> None:
    make_source(admin)
    (old_token,) = list_fitter_tokens()
    payload = {"callback_url": "https://example.org/callback", "inputs": {}}
    anyone = admin.as_user(None)
    with analysis_service() as server:
        service = make_service(admin, server.url)
        analysis = start_analysis(admin, service)
        secrets.replace_secret(NEW)
        headers = {"authorization": f"Bearer {old_token}"}
        assert anyone.post("/fitter/supernova", payload, **headers).status == 200
        take_previous_away()
        assert anyone.post("/fitter/supernova", payload, **headers).status == 401
        assert (
            anyone.post("/fitter/supernova", payload, authorization=f"Bearer {list_fitter_tokens()[0]}").status == 200
        )
        deliver()
    assert server.received == []
    record = admin.get(f"/obj/analysis/{analysis}").data
    assert (record["status"], "secret was replaced" in record["status_message"]) == ("failure", True)
