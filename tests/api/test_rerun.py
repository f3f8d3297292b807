"""Running an analysis again."""

import base64
import json

from chalicelib import blobs
from tests.api.story import make_service, make_source, start_analysis
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway

PARAMETERS = {"source": ["salt3", "hsiao"], "steps": {"type": "number", "default": 10}, "mask": {"type": "file"}}
FILE = f"data:text/plain;name=mask.txt;base64,{base64.b64encode(b'1 2 3').decode()}"


def read_inputs(analysis: int) -> dict[str, object]:
    """Return the stored inputs of an analysis."""
    document: dict[str, object] = json.loads(blobs.read_blob(f"analyses/{analysis}/inputs.json") or b"{}")
    return document


def start_first_analysis(admin: Gateway, **more: object) -> int:
    make_source(admin)
    service = make_service(admin, optional_analysis_parameters=PARAMETERS)
    body = {
        "analysis_parameters": {"source": "salt3", "steps": 20, "mask": FILE}, "show_plots": True,
        "input_filters": {"photometry": {"filters": ["ztfg"]}}, **more,
    }  # fmt: skip
    return start_analysis(admin, service, body)


def test_rerun_has_the_same_settings_and_files(admin: Gateway) -> None:
    first = start_first_analysis(admin)
    second = admin.post(f"/obj/analysis/{first}/rerun").data["id"]
    assert second != first
    before, after = (admin.get(f"/obj/analysis/{n}").data for n in (first, second))
    for name in ("analysis_parameters", "input_filters", "show_plots", "groups", "analysis_service_id"):
        assert after[name] == before[name]
    assert read_inputs(second) == read_inputs(first)


def test_request_overrides_settings(admin: Gateway) -> None:
    first = start_first_analysis(admin)
    body = {"analysis_parameters": {"source": "hsiao"}, "show_plots": False, "input_filters": {}}
    second = admin.post(f"/obj/analysis/{first}/rerun", body).data["id"]
    record = admin.get(f"/obj/analysis/{second}").data
    assert record["analysis_parameters"] == {"source": "hsiao", "steps": 20, "mask": "mask.txt"}
    assert (record["show_plots"], record["input_filters"]) == (False, {})


def test_rerun_by_another_user_has_their_view_and_no_files(admin: Gateway) -> None:
    first = start_first_analysis(admin, group_ids="all")
    ada = make_user(admin, "ada", "Run Analyses")
    refusal = ada.post(f"/obj/analysis/{first}/rerun")
    assert (refusal.status, "mask" in refusal.message) == (400, True)
    second = ada.post(f"/obj/analysis/{first}/rerun", {"analysis_parameters": {"mask": FILE}}).data["id"]
    assert ada.get(f"/obj/analysis/{second}").data["author_id"] != admin.get("/internal/profile").data["id"]
    photometry = read_inputs(second)["inputs"]["photometry"]  # type: ignore[index]
    assert photometry.count("\n") == 1, "ada sees none of the administrator's own photometry"


def test_the_same_key_starts_it_once(admin: Gateway) -> None:
    first = start_first_analysis(admin)
    one, two = (admin.post(f"/obj/analysis/{first}/rerun", {}, **{"idempotency-key": "k"}).data["id"] for _ in "ab")
    assert one == two


def test_invisible_analyses_cannot_be_rerun(admin: Gateway) -> None:
    first = start_first_analysis(admin)
    assert admin.as_user(None).post(f"/obj/analysis/{first}/rerun").status == 401
    assert admin.post("/obj/analysis/999/rerun").status == 403


def test_rerun_after_leaving_the_group_is_private(admin: Gateway) -> None:
    make_source(admin, group_ids="all")
    service = make_service(admin, group_ids="all")
    group = admin.post("/groups", {"name": "secret"}).data["id"]
    ada, eve = make_user(admin, "ada", "Run Analyses", groups=(group,)), make_user(admin, "eve")
    first = start_analysis(ada, service, {"group_ids": [group]})
    admin.delete(f"/groups/{group}/users/{user_id(ada)}")
    second = ada.post(f"/obj/analysis/{first}/rerun").data["id"]
    assert eve.get(f"/obj/analysis/{second}").status == 403
    assert [g["name"] for g in ada.get(f"/obj/analysis/{second}").data["groups"]] == ["ada"]
