"""The main job on the whole stack: SN 2019dwz by salt3, and everything that comes back."""

import base64
import io
import json
import pickle
import re
from pathlib import Path

import arviz
import joblib
import pytest
import requests

from infra import demo, demo_data
from infra.client import Api
from infra.local.control import RunningStack
from tests.e2e.stories import register, wait_for

PNG = b"\x89PNG\r\n\x1a\n"

SNCOSMO = {"t0": 58606.49, "x1": 1.245, "c": 0.089}
"""sncosmo's own fit of these data (fit_lc, z = 0.04608, ATLAS and ZTF points)."""


@pytest.fixture(scope="session")
def fitted(api: Api, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    folder = tmp_path_factory.mktemp("demo-results")
    return demo.run(api, folder), folder


def test_the_demos_files_hold_what_they_say(fitted: tuple[int, Path]) -> None:
    _, folder = fitted
    posterior = arviz.from_netcdf(folder / "inference_data.nc").posterior
    for name, value in SNCOSMO.items():
        samples = posterior[name].values
        assert abs(float(samples.mean()) - value) < float(samples.std()), name
    for picture in ("plot_0.png", "plot_1.png", "corner.png"):
        assert (folder / picture).read_bytes().startswith(PNG)
    results = json.loads((folder / "results.json").read_text())
    assert results["parameters"]["x1"]["median"] == pytest.approx(SNCOSMO["x1"], abs=0.6)
    assert results["ndof"] > 20


def test_the_corner_plot_takes_keyword_arguments(
    fitted: tuple[int, Path], stack: RunningStack, http: requests.Session
) -> None:
    url = f"{stack.url}/api/obj/analysis/{fitted[0]}/corner"
    usual = http.get(url)
    assert usual.headers["Content-Type"] == "image/png"
    in_body = http.get(url, json={"plot_kwargs": {"bins": 8, "show_titles": False}})
    in_query = http.get(url, params={"bins": "8", "show_titles": "False"})
    assert in_body.content.startswith(PNG)
    assert in_query.content.startswith(PNG)
    assert in_body.content != usual.content
    refused = http.get(url, params={"wings": "2"})
    assert refused.status_code == 422
    assert "wings" in refused.json()["message"]


def test_a_source_without_redshift_and_bad_parameters_end_with_a_reason(api: Api) -> None:
    for parameters, word in (({"source": "no-such-model"}, "no-such-model"), ({"fix_z": "True"}, "redshift")):
        analysis = api.post("/obj/2020aai/analysis/1", {"analysis_parameters": parameters})["id"]
        status = wait_for(api, analysis, "failure")
        assert word in status["message"]


def test_the_demo_data_load_twice(stack: RunningStack, api: Api) -> None:
    demo_data.load(api, say=lambda line: None)
    assert len(api.get("/sources/2019dwz/photometry")) == 33
    assert [s["name"] for s in api.get("/analysis_service")].count(demo_data.FITTER) == 1
    assert api.get("/instrument")[0]["name"] == "ZTF"
    assert api.get("/sources/2020aai")["redshift"] is None


def test_a_hostile_pickle_is_opened_by_nobody(api: Api, stack: RunningStack, http: requests.Session) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (str(stack.settings.state_dir / "pwned"),)

    service = register_upload(api)
    dumped = io.BytesIO()
    joblib.dump({"chi2": 1.5, "samples": [1, 2]}, dumped)
    for data, status in ((pickle.dumps(Bomb()), 422), (b"no pickle at all", 422), (dumped.getvalue(), 200)):
        results = {"format": "joblib", "data": base64.b64encode(data).decode()}
        body = {"analysis": {"results": results}}
        analysis = api.post(f"/obj/2019dwz/analysis_upload/{service}", body)["id"]
        answer = http.get(f"{stack.url}/api/obj/analysis/{analysis}/results")
        assert answer.status_code == status, answer.text
        assert answer.json()["status"] == ("success" if status == 200 else "error")
    assert answer.json()["data"] == {"chi2": 1.5, "samples": [1, 2]}
    assert not (stack.settings.state_dir / "pwned").exists()


def register_upload(api: Api) -> int:
    return register(api, "https://example.org", upload_only=True)


def test_no_log_holds_a_token(fitted: tuple[int, Path], stack: RunningStack) -> None:
    for log in stack.settings.logs.glob("*"):
        text = log.read_text(errors="replace")
        assert not re.search(r"obj_analysis/[0-9a-f]{8}-", text), log
        assert stack.token not in text, log
