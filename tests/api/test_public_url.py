"""Where services call back is configured: no header of a request decides it."""

import pytest

from chalicelib import queues
from tests.api.story import deliver, get_sent_body, make_service, make_source, start_analysis
from tests.api.test_default_analyses import TYPE_IA, create_default_analysis
from tests.gateway import Gateway
from tests.service import analysis_service

FOREIGN = [
    {"host": "evil.example.org"},
    {"host": "evil.example.org:8443", "x-forwarded-proto": "http"},
    {"x-forwarded-host": "evil.example.org"},
    {"forwarded": "host=evil.example.org;proto=http"},
    {"x-forwarded-proto": "http"},
    {"host": "heliograph.test@evil.example.org"},
    {"host": ""},
]


@pytest.mark.parametrize("start", ["rerun", "batch", "classification", "save"])
def test_a_foreign_host_names_no_callback_address(admin: Gateway, start: str) -> None:
    make_source(admin)
    headers = {"host": "evil.example.org", "x-forwarded-host": "evil.example.org"}
    with analysis_service(200) as server:
        service = make_service(admin, server.url)
        match start:
            case "rerun":
                number = start_analysis(admin, service)
                admin.post(f"/obj/analysis/{number}/cancel")
                reply = admin.post(f"/obj/analysis/{number}/rerun", {}, **headers)
            case "batch":
                reply = admin.post("/analysis_batch", {"service_id": service, "obj_ids": ["SN1"]}, **headers)
            case "classification":
                create_default_analysis(admin, service, TYPE_IA)
                classification = {"obj_id": "SN1", "classification": "Ia", "probability": 1}
                reply = admin.post("/classification", classification, **headers)
            case _:
                group = admin.post("/groups", {"name": "novae"}).data["id"]
                create_default_analysis(admin, service, {"group_id": group})
                reply = admin.post("/sources", {"id": "SN1", "group_ids": [group]}, **headers)
        assert reply.status == 200
        deliver(queues.JOBS)
        deliver()
        assert get_sent_body(server)["callback_url"].startswith("https://heliograph.test/api/webhook/obj_analysis/")


def test_no_header_names_a_callback_address(admin: Gateway) -> None:
    make_source(admin)
    with analysis_service(200) as server:
        service = make_service(admin, server.url)
        for headers in FOREIGN:
            assert admin.post(f"/obj/SN1/analysis/{service}", {}, **headers).status == 200
        deliver()
        urls = [request.body["callback_url"] for request in server.received]
    assert len(urls) == len(FOREIGN)
    assert all(url.startswith("https://heliograph.test/api/webhook/obj_analysis/") for url in urls)


def test_without_a_configured_address_it_is_that_of_the_deployment(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PUBLIC_URL")
    make_source(admin)
    with analysis_service(200) as server:
        admin.post(f"/obj/SN1/analysis/{make_service(admin, server.url)}", {}, host="evil.example.org")
        deliver()
        url = get_sent_body(server)["callback_url"]
    own = "https://a1b2c3.execute-api.us-east-1.amazonaws.com/api/webhook/obj_analysis/"
    assert url.startswith(own)
