"""Large light curves, spectra and documents pass the whole stack unchanged."""

import json
import random
from typing import Any

import requests

from infra.client import Api
from tests.e2e.analysis_helpers import register_service, wait_for_state
from tests.running_stack import RunningStack
from tests.service import analysis_service

POINTS = 10_000
BINS = 5_000
DOCUMENT_BYTES = 100 * 1024 * 1024


def test_a_light_curve_of_ten_thousand_points(stack: RunningStack, api: Api) -> None:
    rng = random.Random(1)
    api.post("/sources", {"id": "long", "ra": 1.0, "dec": 1.0})
    columns: dict[str, Any] = {
        "mjd": [58_000 + 0.25 * n + rng.random() for n in range(POINTS)],
        "flux": [rng.gauss(100, 30) for _ in range(POINTS)],
        "fluxerr": [rng.uniform(1, 5) for _ in range(POINTS)],
        "filter": [rng.choice(["ztfg", "ztfr", "ztfi"]) for _ in range(POINTS)],
    }
    ids = api.post("/photometry", {"obj_id": "long", "instrument_id": 1, **columns})["ids"]
    rows = {row["id"]: row for row in api.get("/sources/long/photometry?format=flux")}
    for name, values in columns.items():
        assert [rows[number][name] for number in ids] == values
    with analysis_service() as server:
        analysis = api.post(f"/obj/long/analysis/{register_service(api, server.url)}", {})["id"]
        wait_for_state(api, analysis, "pending")
        lines = server.received[0].body["inputs"]["photometry"].splitlines()
    fluxes = {float(line.split(",")[1]) for line in lines[1:]}
    assert fluxes == set(columns["flux"])


def test_a_spectrum_of_five_thousand_bins(api: Api) -> None:
    rng = random.Random(2)
    api.post("/sources", {"id": "wide", "ra": 1.0, "dec": 1.0})
    columns = {
        "wavelengths": [3000 + n + rng.random() for n in range(BINS)],
        "fluxes": [rng.gauss(1e-16, 1e-17) for _ in range(BINS)],
        "errors": [rng.uniform(1e-18, 2e-18) for _ in range(BINS)],
    }
    body = {"obj_id": "wide", "instrument_id": 1, "observed_at": "2026-01-02T03:04:05", **columns}
    number = api.post("/spectrum", body)["id"]
    for spectrum in (api.get(f"/spectrum/{number}"), api.get("/sources/wide/spectra")["spectra"][0]):
        assert {name: spectrum[name] for name in columns} == columns


def test_a_document_of_a_hundred_megabytes(stack: RunningStack, api: Api, http: requests.Session) -> None:
    rng = random.Random(3)
    chain = [rng.random() for _ in range(1000)]
    results: dict[str, Any] = {"chi2": 1.5, "chains": {}}
    document = {"results": {"format": "json", "data": results}, "model_name": "long"}
    text = json.dumps(chain)
    results["chains"] = {str(n): chain for n in range(DOCUMENT_BYTES // len(text) + 1)}
    content = json.dumps(document).encode()
    assert len(content) > DOCUMENT_BYTES

    with analysis_service() as server:
        service = register_service(api, server.url)
        analysis = api.post(f"/obj/2019dwz/analysis/{service}", {})["id"]
        wait_for_state(api, analysis, "pending")
        callback = server.received[0].body["callback_url"]
    upload = requests.post(f"{callback}/upload", timeout=30).json()["data"]
    put_reply = requests.put(upload["url"], data=content, headers=upload["headers"], timeout=120)
    assert put_reply.status_code == 200
    callback_body = {"status": "success", "analysis": {"upload_id": upload["upload_id"]}}
    reply = requests.post(callback, json=callback_body, timeout=60)
    assert reply.status_code == 200, reply.text

    url = f"{stack.url}/api/obj/analysis/{analysis}"
    response = http.get(f"{url}?includeAnalysisData=True", timeout=120)
    assert [step.status_code for step in response.history] == [303]
    body = response.json()
    assert body["data"]["data"] == body["analysis"] == document
    assert http.get(f"{url}/results", timeout=120).json()["data"] == results
    matches = api.get(f"/obj/2019dwz/analysis?result=chi2<2&status=completed&analysisServiceID={service}")
    assert [item["id"] for item in matches] == [analysis]
    assert http.get(f"{url}/results?download=true", timeout=120).json() == results
