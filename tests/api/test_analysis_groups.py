"""The groups of an analysis: by default those that may see all that its service is sent."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.story import LIGHT_CURVE, make_service, start_analysis
from tests.gateway import Gateway

PUBLIC = 1
ALL_KINDS = ["photometry", "spectra", "redshift", "annotations", "comments", "classifications"]

SPECTRUM = {
    "obj_id": "SN1", "wavelengths": [4000.0, 5000.0], "fluxes": [1.0, 2.0], "observed_at": "2020-01-01T00:00:00",
    "instrument_id": 1,
}  # fmt: skip


def save_points(user: Gateway, group_ids: list[int], start: float) -> None:
    body = {**LIGHT_CURVE, "mjd": [start, start + 1, start + 2], "group_ids": group_ids}
    assert user.post("/photometry", body).status == 200


@pytest.fixture
def own_group(admin: Gateway) -> int:
    groups = admin.get("/groups").data["user_groups"]
    return int(next(group["id"] for group in groups if group["single_user_group"]))


@pytest.fixture
def team(admin: Gateway) -> int:
    return int(admin.post("/groups", {"name": "team"}).data["id"])


@pytest.fixture
def source(admin: Gateway, team: int, own_group: int) -> None:
    """A source that the public, the team and the administrator alone have saved."""
    admin.post("/instrument", {"name": "ZTF", "filters": ["ztfg", "ztfr", "ztfi"]})
    body = {"id": "SN1", "ra": 10.0, "dec": -5.0, "redshift": 0.05, "group_ids": [PUBLIC, team, own_group]}
    assert admin.post("/sources", body).status == 200
    save_points(admin, [PUBLIC], 58000.0)


def list_groups(user: Gateway, analysis: int) -> set[int]:
    return {group["id"] for group in user.get(f"/obj/analysis/{analysis}").data["groups"]}


def start_by_default(admin: Gateway, **body: Any) -> set[int]:
    return list_groups(admin, start_analysis(admin, make_service(admin, input_data_types=ALL_KINDS), body))


def test_public_data_are_shared_with_all_of_the_authors_groups(
    admin: Gateway, source: None, team: int, own_group: int
) -> None:
    assert start_by_default(admin) == {PUBLIC, team, own_group}


Saver = Callable[[Gateway, list[int]], Any]

SAVERS: dict[str, Saver] = {
    "photometry": lambda admin, groups: save_points(admin, groups, 58100.0),
    "spectra": lambda admin, groups: admin.post("/spectrum", {**SPECTRUM, "group_ids": groups}),
    "annotations": lambda admin, groups: admin.post(
        "/sources/SN1/annotations", {"origin": "me", "data": {"a": 1}, "group_ids": groups}
    ),
    "comments": lambda admin, groups: admin.post("/sources/SN1/comments", {"text": "hm", "group_ids": groups}),
    "classifications": lambda admin, groups: admin.post(
        "/classification", {"obj_id": "SN1", "classification": "Ia", "group_ids": groups}
    ),
}


@pytest.mark.parametrize("kind", SAVERS)
def test_data_of_a_team_make_an_analysis_of_that_team(
    admin: Gateway, source: None, team: int, own_group: int, kind: str
) -> None:
    SAVERS[kind](admin, [team])
    assert start_by_default(admin) - {own_group} == {team}


@pytest.mark.parametrize("kind", SAVERS)
def test_data_that_are_not_sent_do_not_count(admin: Gateway, source: None, team: int, kind: str) -> None:
    SAVERS[kind](admin, [team])
    service = make_service(admin, input_data_types=[other for other in ALL_KINDS if other != kind])
    assert PUBLIC in list_groups(admin, start_analysis(admin, service))


def test_private_points_make_a_private_analysis(admin: Gateway, source: None, own_group: int) -> None:
    save_points(admin, [], 58100.0)
    assert start_by_default(admin) == {own_group}


def test_points_that_the_filters_leave_out_do_not_count(
    admin: Gateway, source: None, team: int, own_group: int
) -> None:
    body = {**LIGHT_CURVE, "mjd": [58100.0, 58101.0, 58102.0], "filter": "ztfi"}
    assert admin.post("/photometry", body).status == 200
    service = make_service(admin)
    for bands, expected in ((["ztfg"], {PUBLIC, team, own_group}), (["ztfg", "ztfi"], {own_group})):
        analysis = start_analysis(admin, service, {"input_filters": {"photometry": {"filters": bands}}})
        assert list_groups(admin, analysis) == expected


def test_without_a_common_group_only_the_author_sees_it(
    admin: Gateway, source: None, team: int, own_group: int
) -> None:
    other = int(admin.post("/groups", {"name": "other"}).data["id"])
    save_points(admin, [team], 58100.0)
    save_points(admin, [other], 58200.0)
    assert start_by_default(admin) == {own_group}


def test_named_groups_are_obeyed_with_a_warning(admin: Gateway, source: None, team: int) -> None:
    save_points(admin, [team], 58100.0)
    service = make_service(admin)
    answer = admin.post(f"/obj/SN1/analysis/{service}", {"group_ids": [PUBLIC, team]})
    assert list_groups(admin, answer.data["id"]) == {PUBLIC, team}
    (warning,) = answer.json["warnings"]
    public_name = next(g["name"] for g in admin.get("/groups").data["all_groups"] if g["id"] == PUBLIC)
    assert public_name in warning


def test_later_sharing_with_groups_that_see_less_warns(admin: Gateway, source: None, team: int) -> None:
    save_points(admin, [team], 58100.0)
    analysis = start_analysis(admin, make_service(admin))
    assert admin.patch(f"/obj/analysis/{analysis}", {"group_ids": [team]}).json["warnings"] == []
    (warning,) = admin.patch(f"/obj/analysis/{analysis}", {"group_ids": [team, PUBLIC]}).json["warnings"]
    assert "may not see all data" in warning


def test_groups_that_see_everything_are_named_without_a_warning(admin: Gateway, source: None, team: int) -> None:
    answer = admin.post(f"/obj/SN1/analysis/{make_service(admin)}", {"group_ids": [PUBLIC, team]})
    assert answer.json["warnings"] == []


def test_a_rerun_does_not_publish_points_that_were_added_since(
    admin: Gateway, source: None, team: int, own_group: int
) -> None:
    first = start_analysis(admin, make_service(admin))
    save_points(admin, [team], 58100.0)
    rerun = admin.post(f"/obj/analysis/{first}/rerun").data["id"]
    assert list_groups(admin, rerun) == {team, own_group}
    save_points(admin, [], 58200.0)
    assert list_groups(admin, admin.post(f"/obj/analysis/{first}/rerun").data["id"]) == {own_group}


def test_an_uploaded_result_is_no_more_public_than_the_data(
    admin: Gateway, source: None, team: int, own_group: int
) -> None:
    service = make_service(admin, upload_only=True, name="upload")
    body = {"analysis": {"results": {"format": "json", "data": {"a": 1}}}}
    answer = admin.post(f"/obj/SN1/analysis_upload/{service}", body)
    assert PUBLIC in list_groups(admin, answer.data["id"])
    save_points(admin, [team], 58100.0)
    answer = admin.post(f"/obj/SN1/analysis_upload/{service}", body)
    assert list_groups(admin, answer.data["id"]) == {team, own_group}


def test_the_groups_are_known_before_the_start(admin: Gateway, source: None, team: int, own_group: int) -> None:
    save_points(admin, [team], 58100.0)
    service = make_service(admin)
    path = f"/obj/SN1/analysis_groups/{service}"
    groups = {group["id"]: group for group in admin.get(path).data}
    assert {number for number, group in groups.items() if group["is_default"]} == {team, own_group}
    assert {number for number, group in groups.items() if group["sees_all_data"]} == {team, own_group}
    filters = json.dumps({"photometry": {"filters": ["nothing"]}})
    assert admin.get(f"{path}?{urlencode({'input_filters': filters})}").status == 400
    assert admin.get(f"{path}?input_filters=x").status == 400
