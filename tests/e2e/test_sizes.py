"""Large things go through the whole stack and come back bit for bit."""

import json
import random
from typing import Any

import requests

from infra.client import Api
from infra.local.control import RunningStack
from tests.e2e.stories import register, wait_for
from tests.service import analysis_service

POINTS, BINS = 10_000, 5_000
DOCUMENT_BYTES = 100 * 1024 * 1024


def test_a_light_curve_of_ten_thousand_points(stack: RunningStack, api: Api) -> None:
    some = random.Random(1)
    api.post("/sources", {"id": "long", "ra": 1.0, "dec": 1.0})
    columns: dict[str, Any] = {
        "mjd": [58_000 + 0.25 * n + some.random() for n in range(POINTS)],
        "flux": [some.gauss(100, 30) for _ in range(POINTS)],
        "fluxerr": [some.uniform(1, 5) for _ in range(POINTS)],
        "filter": [some.choice(["ztfg", "ztfr", "ztfi"]) for _ in range(POINTS)],
    }
    ids = api.post("/photometry", {"obj_id": "long", "instrument_id": 1, **columns})["ids"]
    rows = {row["id"]: row for row in api.get("/sources/long/photometry?format=flux")}
    for name, values in columns.items():
        assert [rows[number][name] for number in ids] == values
    with analysis_service() as server:
        analysis = api.post(f"/obj/long/analysis/{register(api, server.url)}", {})["id"]
        wait_for(api, analysis, "pending")
        sent = server.received[0].body["inputs"]["photometry"].splitlines()
    fluxes = {float(line.split(",")[1]) for line in sent[1:]}
    assert fluxes == set(columns["flux"])


def test_a_spectrum_of_five_thousand_bins(api: Api) -> None:
    some = random.Random(2)
    api.post("/sources", {"id": "wide", "ra": 1.0, "dec": 1.0})
    columns = {
        "wavelengths": [3000 + n + some.random() for n in range(BINS)],
        "fluxes": [some.gauss(1e-16, 1e-17) for _ in range(BINS)],
        "errors": [some.uniform(1e-18, 2e-18) for _ in range(BINS)],
    }
    body = {"obj_id": "wide", "instrument_id": 1, "observed_at": "2026-01-02T03:04:05", **columns}
    number = api.post("/spectrum", body)["id"]
    for spectrum in (api.get(f"/spectrum/{number}"), api.get("/sources/wide/spectra")["spectra"][0]):
        assert {name: spectrum[name] for name in columns} == columns


def test_a_document_of_a_hundred_megabytes(stack: RunningStack, api: Api, http: requests.Session) -> None:
    some = random.Random(3)
    chain = [some.random() for _ in range(1000)]
    results: dict[str, Any] = {"chi2": 1.5, "chains": {}}
    document = {"results": {"format": "json", "data": results}, "model_name": "long"}
    text = json.dumps(chain)
    results["chains"] = {str(n): chain for n in range(DOCUMENT_BYTES // len(text) + 1)}
    body = json.dumps(document).encode()
    assert len(body) > DOCUMENT_BYTES

    with analysis_service() as server:
        service = register(api, server.url)
        analysis = api.post(f"/obj/2019dwz/analysis/{service}", {})["id"]
        wait_for(api, analysis, "pending")
        callback = server.received[0].body["callback_url"]
    invitation = requests.post(f"{callback}/upload", timeout=30).json()["data"]
    put = requests.put(invitation["url"], data=body, headers=invitation["headers"], timeout=120)
    assert put.status_code == 200
    answer = {"status": "success", "analysis": {"upload_id": invitation["upload_id"]}}
    reply = requests.post(callback, json=answer, timeout=60)
    assert reply.status_code == 200, reply.text

    url = f"{stack.url}/api/obj/analysis/{analysis}"
    whole = http.get(f"{url}?includeAnalysisData=True", timeout=120)
    assert [step.status_code for step in whole.history] == [303]
    found = whole.json()
    assert found["data"]["data"] == found["analysis"] == document
    assert http.get(f"{url}/results", timeout=120).json()["data"] == results
    found = api.get(f"/obj/2019dwz/analysis?result=chi2<2&status=completed&analysisServiceID={service}")
    assert [item["id"] for item in found] == [analysis]
    assert http.get(f"{url}/results?download=true", timeout=120).json() == results
