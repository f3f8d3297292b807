"""Starting an analysis again."""

import base64
import json

from chalicelib import blobs
from tests.api.story import make_service, make_source, start
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway

PARAMETERS = {
    "source": ["salt3", "hsiao"],
    "steps": {"type": "number", "default": 10},
    "mask": {"type": "file"},
}
FILE = f"data:text/plain;name=mask.txt;base64,{base64.b64encode(b'1 2 3').decode()}"


def sent(analysis: int) -> dict[str, object]:
    document: dict[str, object] = json.loads(blobs.read_blob(f"analyses/{analysis}/inputs.json") or b"{}")
    return document


def begin(admin: Gateway) -> int:
    make_source(admin)
    service = make_service(admin, optional_analysis_parameters=PARAMETERS)
    body = {
        "analysis_parameters": {"source": "salt3", "steps": 20, "mask": FILE}, "show_plots": True,
        "input_filters": {"photometry": {"filters": ["ztfg"]}},
    }  # fmt: skip
    return start(admin, service, body)


def test_it_is_as_it_was_with_its_files(admin: Gateway) -> None:
    first = begin(admin)
    second = admin.post(f"/obj/analysis/{first}/rerun").data["id"]
    assert second != first
    was, now = (admin.get(f"/obj/analysis/{n}").data for n in (first, second))
    for name in ("analysis_parameters", "input_filters", "show_plots", "groups", "analysis_service_id"):
        assert now[name] == was[name]
    assert sent(second) == sent(first)


def test_what_the_request_says_is_different(admin: Gateway) -> None:
    first = begin(admin)
    body = {"analysis_parameters": {"source": "hsiao"}, "show_plots": False, "input_filters": {}}
    second = admin.post(f"/obj/analysis/{first}/rerun", body).data["id"]
    now = admin.get(f"/obj/analysis/{second}").data
    assert now["analysis_parameters"] == {"source": "hsiao", "steps": 20, "mask": "mask.txt"}
    assert (now["show_plots"], now["input_filters"]) == (False, {})


def test_another_reader_starts_it_with_their_own_view_and_without_the_files(admin: Gateway) -> None:
    first = begin(admin)
    ada = make_user(admin, "ada", "Run Analyses")
    refusal = ada.post(f"/obj/analysis/{first}/rerun")
    assert (refusal.status, "mask" in refusal.message) == (400, True)
    second = ada.post(f"/obj/analysis/{first}/rerun", {"analysis_parameters": {"mask": FILE}}).data["id"]
    assert ada.get(f"/obj/analysis/{second}").data["author_id"] != admin.get("/internal/profile").data["id"]
    photometry = sent(second)["inputs"]["photometry"]  # type: ignore[index]
    assert photometry.count("\n") == 1, "ada sees none of the administrator's own photometry"


def test_the_same_key_starts_it_once(admin: Gateway) -> None:
    first = begin(admin)
    one, two = (
        admin.post(f"/obj/analysis/{first}/rerun", {}, **{"idempotency-key": "k"}).data["id"] for _ in "ab"
    )
    assert one == two


def test_who_cannot_see_it_cannot_start_it_again(admin: Gateway) -> None:
    first = begin(admin)
    assert admin.as_user(None).post(f"/obj/analysis/{first}/rerun").status == 401
    assert admin.post("/obj/analysis/999/rerun").status == 403


def test_what_was_made_for_a_group_that_one_has_left_stays_ones_own(admin: Gateway) -> None:
    make_source(admin, group_ids="all")
    service = make_service(admin, group_ids="all")
    group = admin.post("/groups", {"name": "secret"}).data["id"]
    ada, eve = make_user(admin, "ada", "Run Analyses", groups=(group,)), make_user(admin, "eve")
    first = start(ada, service, {"group_ids": [group]})
    admin.delete(f"/groups/{group}/users/{user_id(ada)}")
    second = ada.post(f"/obj/analysis/{first}/rerun").data["id"]
    assert eve.get(f"/obj/analysis/{second}").status == 403
    assert [g["name"] for g in ada.get(f"/obj/analysis/{second}").data["groups"]] == ["ada"]
