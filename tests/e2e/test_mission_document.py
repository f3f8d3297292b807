"""The mission document's snippets, run against the stack.

Only errors of the document are corrected (each replacement below is named), and the address is this stack's.
"""

import base64
import io
import re
import shutil
from pathlib import Path
from typing import Any

import arviz
import joblib
import pytest
import requests

from infra.client import Api
from tests.e2e.analysis_helpers import wait_for_state
from tests.running_stack import RunningStack
from tests.service import analysis_service


@pytest.fixture(scope="module")
def blocks(shared: Path) -> list[str]:
    text = (shared / "mission" / "analysis-services.md").read_text()
    return re.findall(r"```(?:python)?\n(.*?)```", text, re.DOTALL)


class Snippets:
    """Blocks of the document, run in one namespace."""

    def __init__(self, blocks: list[str], stack: RunningStack, folder: Path) -> None:
        self.blocks = blocks
        self.stack = stack
        self.names: dict[str, Any] = {"requests": requests, "shutil": shutil, "base64": base64, "io": io}
        self.header = {"Authorization": f"token {stack.token}"}
        self.folder = folder

    def run(self, text: str, *corrections: tuple[str, str]) -> dict[str, Any]:
        (block,) = [block for block in self.blocks if text in block]
        for error, correction in (*corrections, ("<token>", self.stack.token)):
            assert error in block or error == "<token>", f"the document no longer has {error!r} here"
            block = block.replace(error, correction)
        block = block.replace("http://localhost:5000", self.stack.url)
        exec(compile(block, text, "exec"), self.names)
        return self.names


@pytest.fixture(scope="module")
def snippets(blocks: list[str], stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Snippets:
    return Snippets(blocks, stack, tmp_path_factory.mktemp("snippets"))


MISSING_COMMA = ('"version": "1.0"', '"version": "1.0",')
UNCLOSED_BRACKET = ('"e"}\'', '"e"]}\'')
UNKNOWN_GROUPS = ('"group_ids": [2, 4, 9]', '"group_ids": [2, 4, 999999]')
NOT_OUR_GROUPS = ('"group_ids": [2, 4, 9]', '"group_ids": [3]')


def test_creating_a_service(snippets: Snippets) -> None:
    text = "My Awesome RR Lyrae Fitter"
    with pytest.raises(KeyError):
        snippets.run(text, MISSING_COMMA)
    assert snippets.names["r"].status_code == 400
    assert "optional_analysis_parameters" in snippets.names["r"].json()["message"]
    with pytest.raises(KeyError):
        snippets.run(text, MISSING_COMMA, UNCLOSED_BRACKET, UNKNOWN_GROUPS)
    assert snippets.names["r"].status_code == 403
    assert "group" in snippets.names["r"].json()["message"]
    names = snippets.run(text, MISSING_COMMA, UNCLOSED_BRACKET, NOT_OUR_GROUPS)
    assert isinstance(names["analysis_id"], int)


def test_a_supernova_from_start_to_results(snippets: Snippets, api: Api, monkeypatch: Any) -> None:
    monkeypatch.chdir(snippets.folder)
    names = snippets.run("ZTF21aaqjmps/analysis/1")
    start_reply = names["r"].json()
    assert start_reply["status"] == "success"
    analysis = start_reply["data"]["id"]
    wait_for_state(api, analysis, "completed")

    names["r"] = start_reply
    quotes, header = ('r["data"]["id"]', "r['data']['id']"), ("<token info>", "header")
    names = snippets.run('{r["data"]["id"]}?includeAnalysisData', quotes, header)
    data = names["data"]
    assert data["data"]["status"] == "completed"

    names = snippets.run('open("tmp.nc", "wb")')
    # arviz 0.23 has InferenceData here, 1.x a DataTree: both contain their groups.
    assert "posterior" in names["inference_data"]
    assert arviz.from_netcdf("tmp.nc").posterior.sizes["draw"] > 100

    names = snippets.run("enumerate(data", ('{plot["type"]}', "{plot['type']}"))
    assert (snippets.folder / "tmp_0.png").read_bytes().startswith(b"\x89PNG")

    bytes_for_file = ("joblib.load(base64", "joblib.load(io.BytesIO(base64"), ('["data"]))', '["data"])))')
    names = snippets.run("results = joblib.load", *bytes_for_file)
    assert names["results"]["source"] == "nugent-sn2p"
    assert joblib is names["joblib"]

    names = snippets.run("copyfileobj", ("analysis/32/", f"analysis/{analysis}/"))
    assert (snippets.folder / "img.png").read_bytes() == (snippets.folder / "tmp_0.png").read_bytes()
    results = requests.get(f"{snippets.stack.url}/api/obj/analysis/{analysis}/results", headers=snippets.header)
    assert results.json()["data"]["source"] == "nugent-sn2p"
    corner = requests.get(f"{snippets.stack.url}/api/obj/analysis/{analysis}/corner", headers=snippets.header)
    assert corner.content.startswith(b"\x89PNG")


def test_starting_and_calling_back(snippets: Snippets, api: Api) -> None:
    with analysis_service() as server:
        fields = {
            "name": "calls back", "url": server.url, "authentication_type": "none",
            "analysis_type": "meta_analysis", "input_data_types": ["redshift"],
        }  # fmt: skip
        snippets.names |= {"source_id": "2019dwz", "analysis_id": api.post("/analysis_service", fields)["id"]}
        names = snippets.run("obj/{source_id}/analysis/{analysis_id}")
        analysis = names["r"].json()["data"]["id"]
        wait_for_state(api, analysis, "pending")
        callback = server.received[0].body["callback_url"]
    assert callback.startswith(f"{snippets.stack.url}/api/webhook/obj_analysis/")
    answer = requests.post(callback, json={"status": "success", "message": "", "analysis": {}})
    assert answer.status_code == 200
    assert wait_for_state(api, analysis)["status"] == "completed"
    assert requests.post(callback, json={"status": "success"}).status_code == 403


def test_uploading(snippets: Snippets, api: Api) -> None:
    fields = {
        "name": "uploads", "url": "https://example.org", "authentication_type": "none",
        "analysis_type": "meta_analysis", "upload_only": True,
    }  # fmt: skip
    snippets.names["service_id"] = api.post("/analysis_service", fields)["id"]
    placeholders = [
        ("MySourceName", "2019dwz"),
        ("<url>:5000", "localhost:5000"),
        ("token uuid", f"token {snippets.stack.token}"),
        ('"plots": ...', '"plots": []'),
        ('"inference_data": ...', '"inference_data": None'),
    ]
    names = snippets.run("Ran this on my machine", *placeholders)
    assert names["r"].status_code == 200
    analysis = names["r"].json()["data"]["id"]
    assert api.get(f"/obj/analysis/{analysis}/results")["classification"] == "DY Per"
