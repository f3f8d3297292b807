"""A whole fit on the stack: SN 2019dwz by salt3, and all its results."""

import base64
import io
import json
import pickle
import re
import time
from pathlib import Path

import arviz
import joblib
import pytest
import requests

from heliograph import Heliograph
from infra import demo, demo_data
from infra.client import Api
from tests.e2e.analysis_helpers import FINAL_STATES, register_service, wait_for_state
from tests.running_stack import RunningStack

PNG = b"\x89PNG\r\n\x1a\n"

SNCOSMO = {"t0": 58606.49, "x1": 1.245, "c": 0.089}
"""Result of sncosmo's fit_lc for these data (z = 0.04608, ATLAS and ZTF points)."""


@pytest.fixture(scope="session")
def demo_fit(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    folder = tmp_path_factory.mktemp("demo-results")
    return demo.run_demo(Heliograph(stack.url, stack.token), folder), folder


def test_the_files_of_the_demo_hold_the_fit(demo_fit: tuple[int, Path]) -> None:
    _, folder = demo_fit
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
    demo_fit: tuple[int, Path], stack: RunningStack, http: requests.Session
) -> None:
    url = f"{stack.url}/api/obj/analysis/{demo_fit[0]}/corner"
    default = http.get(url)
    assert default.headers["Content-Type"] == "image/png"
    from_body = http.get(url, json={"plot_kwargs": {"bins": 8, "show_titles": False}})
    from_query = http.get(url, params={"bins": "8", "show_titles": "False"})
    assert from_body.content.startswith(PNG)
    assert from_query.content.startswith(PNG)
    assert from_body.content != default.content
    refusal = http.get(url, params={"wings": "2"})
    assert refusal.status_code == 422
    assert "wings" in refusal.json()["message"]


def test_bad_parameters_and_a_missing_redshift_end_with_a_reason(api: Api) -> None:
    for parameters, word in (({"source": "no-such-model"}, "no-such-model"), ({"fix_z": "True"}, "redshift")):
        analysis = api.post("/obj/2020aai/analysis/1", {"analysis_parameters": parameters})["id"]
        status = wait_for_state(api, analysis, "failure")
        assert word in status["message"]


def test_each_of_a_batch_by_dozens_has_its_outcome(api: Api) -> None:
    dark = [f"dark-{number}" for number in range(9)]
    for name in dark:
        api.post("/sources", {"id": name, "ra": 10, "dec": 20, "redshift": 0.05})
    request = {
        "service_id": 1,
        "obj_ids": ["2019dwz", *dark],
        "analysis_parameters": {"source": "salt3", "fix_z": "True", "n_draws": "100"},
    }
    batch = api.post("/analysis_batch", request)["id"]
    deadline = time.monotonic() + 120
    while True:
        outcomes = {each["obj_id"]: each for each in api.get(f"/analysis_batch/{batch}")["outcomes"]}
        states = {each["status"] for each in outcomes.values()}
        if len(outcomes) == 10 and states <= set(FINAL_STATES):
            break
        assert time.monotonic() < deadline, outcomes
        time.sleep(0.2)
    assert outcomes["2019dwz"]["status"] == "completed", outcomes["2019dwz"]
    assert {outcomes[name]["status"] for name in dark} == {"failure"}
    assert all("photometry" in outcomes[name]["message"] for name in dark)
    health = {each["name"]: each for each in api.get_body("/sysinfo")["health"]["queues"]}
    assert health["fit-batch"]["waiting"] == health["fit"]["dead"] == 0


def test_the_demo_data_load_twice(stack: RunningStack, api: Api) -> None:
    demo_data.load_demo_data(Heliograph(stack.url, stack.token), report=lambda line: None)
    assert len(api.get("/sources/2019dwz/photometry")) == 33
    assert [service["name"] for service in api.get("/analysis_service")].count(demo_data.FITTER) == 1
    assert api.get("/instrument")[0]["name"] == "ZTF"
    assert api.get("/sources/2020aai")["redshift"] is None


def test_a_hostile_pickle_is_not_executed(api: Api, stack: RunningStack, http: requests.Session) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (str(stack.settings.state_dir / "pwned"),)

    service = register_service(api, "https://example.org", upload_only=True)
    joblib_file = io.BytesIO()
    joblib.dump({"chi2": 1.5, "samples": [1, 2]}, joblib_file)
    for data, status in ((pickle.dumps(Bomb()), 422), (b"no pickle at all", 422), (joblib_file.getvalue(), 200)):
        results = {"format": "joblib", "data": base64.b64encode(data).decode()}
        body = {"analysis": {"results": results}}
        analysis = api.post(f"/obj/2019dwz/analysis_upload/{service}", body)["id"]
        answer = http.get(f"{stack.url}/api/obj/analysis/{analysis}/results")
        assert answer.status_code == status, answer.text
        assert answer.json()["status"] == ("success" if status == 200 else "error")
    assert answer.json()["data"] == {"chi2": 1.5, "samples": [1, 2]}
    assert not (stack.settings.state_dir / "pwned").exists()


def test_no_log_holds_a_token(demo_fit: tuple[int, Path], stack: RunningStack) -> None:
    for log in stack.settings.log_dir.glob("*"):
        text = log.read_text(errors="replace")
        assert not re.search(r"obj_analysis/[0-9a-f]{8}-", text), log
        assert stack.token not in text, log
