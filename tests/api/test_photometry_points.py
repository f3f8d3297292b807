"""Single points of photometry, uploads, and points between two dates."""

from typing import Any

import pytest

from chalicelib.sources import photometry_range
from chalicelib.tables import photometry as photometry_table
from tests.api.story import LIGHT_CURVE, make_source
from tests.api.test_people import make_user
from tests.api.test_photometry import ROW, own_group, rows
from tests.gateway import Gateway


def ids(user: Gateway) -> list[int]:
    return [row["id"] for row in rows(user)]


def test_read_a_point_by_id(admin: Gateway) -> None:
    make_source(admin)
    for row in rows(admin):
        assert admin.get(f"/photometry/{row['id']}?format=both").data == row
    first = ids(admin)[0]
    vega = admin.get(f"/photometry/{first}?format=both&magsys=vega").data
    assert vega == rows(admin, system="vega")[0]
    for nobodys in (first + 3, 4711, 0, "x", "9" * 16):
        assert admin.get(f"/photometry/{nobodys}").status == 404


def test_invisible_points_are_not_found(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Upload data")
    hidden = f"/photometry/{ids(admin)[0]}"
    absent = ada.get("/photometry/4711")
    assert (absent.status, ada.get(hidden).status) == (404, 404)
    assert ada.get(hidden).message.replace(hidden[12:], "4711") == absent.message
    assert ada.patch(hidden, {"mjd": 50001}).status == 404
    assert ada.delete(hidden).status == 404


def test_points_of_an_invisible_source_do_not_name_it(admin: Gateway) -> None:
    make_source(admin, group_ids=[2])
    ada = make_user(admin, "ada", "Upload data")
    upload = admin.put("/photometry", {**ROW, "group_ids": "all"})
    (point,) = upload.data["ids"]
    for reply in (
        ada.get(f"/photometry/{point}"),
        ada.delete(f"/photometry/{point}"),
        ada.delete(f"/photometry/bulk_delete/upload-{point}"),
    ):
        assert reply.status == 404
        assert "SN1" not in reply.message


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"altdata": {"seeing": 1.5}}, {"altdata": {"seeing": 1.5}, "flux": 100.0, "fluxerr": 5.0}),
        ({"flux": 30}, {"flux": 30.0, "fluxerr": 5.0}),
        ({"fluxerr": 7}, {"flux": 100.0, "fluxerr": 7.0}),
        ({"flux": None}, {"flux": None, "fluxerr": 5.0, "mag": None}),
        ({"flux": 10, "fluxerr": 1, "zp": 26.4}, {"flux": 1.0, "fluxerr": 0.1}),
        ({"flux": 10, "fluxerr": 1, "zp": 23.9 + 0.1091, "magsys": "vega"}, {"flux": 10.0, "fluxerr": 1.0}),
        ({"mag": 18.9}, {"flux": 100.0, "mag": 18.9, "magerr": 0.0542868}),
        ({"magerr": 0.2}, {"mag": 18.9, "magerr": 0.2}),
        ({"limiting_mag": 20.5}, {"limiting_mag": 20.5, "flux": 100.0, "fluxerr": 5.0}),
        ({"mag": None, "limiting_mag": 18.9}, {"flux": None, "fluxerr": 100 / 3, "limiting_mag": 18.9}),
        ({"mjd": 58000.25, "filter": "ztfi"}, {"mjd": 58000.25, "filter": "ztfi", "flux": 100.0}),
        ({"origin": "fp", "ra": 1.5, "dec": 2.5}, {"origin": "fp", "ra": 1.5, "dec": 2.5}),
        ({"obj_id": "SN1", "group_ids": "all", "stream_ids": []}, {"flux": 100.0}),
        ({}, {"flux": 100.0, "fluxerr": 5.0}),
    ],
)
def test_change_single_fields_of_a_point(admin: Gateway, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    make_source(admin)
    point, *others = rows(admin)
    assert admin.patch(f"/photometry/{point['id']}", fields).status == 200
    changed = admin.get(f"/photometry/{point['id']}?format=both").data
    for name, value in expected.items():
        assert changed[name] == (pytest.approx(value) if isinstance(value, float) else value), name
    untouched = {"id", "instrument_id", "created_at", "obj_id"}
    assert {name: changed[name] for name in untouched} == {name: point[name] for name in untouched}
    assert [row for row in rows(admin) if row["id"] != point["id"]] == others


@pytest.mark.parametrize(
    "fields",
    [
        {"flux": "bright"}, {"fluxerr": 0}, {"fluxerr": None}, {"mag": None}, {"magerr": 0}, {"mjd": [50001, 50002]},
        {"mjd": None}, {"mjd": 2459303.5}, {"filter": "sdssu"}, {"instrument_id": 99}, {"wings": 1},
        {"flux": 1, "mag": 18}, {"zp": 25}, {"magsys": "vega"}, {"flux": 1, "zp": 25}, {"obj_id": "SN2"},
        {"group_ids": "mine"}, {"altdata": 3}, {"ra": 5}, {"stream_ids": [1]},
        {"mjd": 58003.0, "flux": 250, "fluxerr": 7},
    ],
)  # fmt: skip
def test_invalid_changes_are_refused(admin: Gateway, fields: dict[str, Any]) -> None:
    make_source(admin)
    before = rows(admin)
    reply = admin.patch(f"/photometry/{before[0]['id']}", fields)
    assert reply.status == 400, reply.text
    assert reply.message
    assert rows(admin) == before


def test_a_new_limit_leaves_a_negative_flux(admin: Gateway) -> None:
    make_source(admin)
    (point,) = admin.post("/photometry", {**ROW, "flux": -3.25}).data["ids"]
    assert admin.patch(f"/photometry/{point}", {"limiting_mag": 21}).status == 200
    changed = admin.get(f"/photometry/{point}?format=both").data
    assert (changed["flux"], changed["fluxerr"], changed["limiting_mag"]) == (-3.25, 1.0, 21.0)


def test_only_owners_and_administrators_change_and_delete(admin: Gateway) -> None:
    make_source(admin)
    ada, bob = make_user(admin, "ada", "Upload data"), make_user(admin, "bob", "Upload data")
    uploaded = ada.post("/photometry", {**ROW, "group_ids": "all"}).data
    path = f"/photometry/{uploaded['ids'][0]}"
    assert bob.get(path).status == 200
    assert bob.patch(path, {"flux": 1}).status == 403
    assert bob.delete(path).status == 403
    assert bob.delete(f"/photometry/bulk_delete/{uploaded['upload_id']}").status == 403
    reader = make_user(admin, "eve")
    assert reader.delete(path).status == 401
    assert ada.patch(path, {"flux": 1}).status == 200
    assert admin.patch(path, {"flux": 2}).status == 200
    assert ada.patch(path, {"group_ids": [own_group(ada)]}).status == 200
    assert bob.get(path).status == 404, "her own group took the place of all"
    assert ada.patch(path, {"group_ids": [4711]}).status == 403
    assert admin.delete(path).status == 200
    assert ada.get(path).status == 404


def test_deleted_points_may_be_uploaded_again(admin: Gateway) -> None:
    make_source(admin)
    first, second, third = ids(admin)
    assert admin.delete(f"/photometry/{second}").status == 200
    assert admin.delete(f"/photometry/{second}").status == 200
    assert ids(admin) == [first, third]
    for point in (first, third):
        assert admin.delete(f"/photometry/{point}").status == 200
    assert ids(admin) == []
    assert photometry_table.find_blocks("SN1") == [], "no empty block is left"
    assert admin.post("/photometry", LIGHT_CURVE).status == 200


def test_delete_an_upload(admin: Gateway) -> None:
    make_source(admin)
    kept = ids(admin)
    many = {**ROW, "mjd": [50000.0 + n for n in range(2500)]}
    uploaded = admin.post("/photometry", many).data
    after = admin.post("/photometry", {**ROW, "mjd": 59999.0}).data["ids"]
    assert len(photometry_table.find_blocks("SN1")) == 5
    reply = admin.delete(f"/photometry/bulk_delete/{uploaded['upload_id']}")
    assert reply.data == "Deleted 2500 points of photometry."
    assert set(ids(admin)) == {*kept, *after}
    for gone in (uploaded["upload_id"], "upload-4711", "upload-", "upload-x", "x", "upload-" + "9" * 16):
        assert admin.delete(f"/photometry/bulk_delete/{gone}").status == 404
    assert admin.get(f"/photometry/{uploaded['ids'][1200]}").status == 404
    assert admin.get(f"/photometry/{after[0]}").status == 200


def test_deleting_an_upload_keeps_the_rows_that_it_refreshed(admin: Gateway) -> None:
    make_source(admin)
    before = ids(admin)
    more = {**LIGHT_CURVE, "mjd": [58000.0, 58001.5, 58009.0]}
    new = admin.put("/photometry", more).data["ids"][2]
    assert admin.get(f"/photometry/{new}").data["mjd"] == 58009.0
    assert admin.delete(f"/photometry/bulk_delete/upload-{new - 2}").status == 200
    assert ids(admin) == before


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"flux": 31.0}), ("DELETE", None)])
def test_a_concurrent_write_is_not_lost(
    admin: Gateway, monkeypatch: pytest.MonkeyPatch, method: str, body: dict[str, float] | None
) -> None:
    make_source(admin)
    first, second, _ = ids(admin)
    real, reads = photometry_table.find_block, []

    def block_at(place: Any) -> photometry_table.BlockItem | None:
        block = real(place)
        reads.append(place)
        if len(reads) == 1:
            # After the block was read for the write, its other row is changed.
            assert admin.patch(f"/photometry/{second}", {"altdata": {"in": "between"}}).status == 200
        return block

    monkeypatch.setattr(photometry_table, "find_block", block_at)
    assert admin.request(method, f"/photometry/{first}", body).status == 200
    assert len(reads) > 2, "the write was tried again"
    assert admin.get(f"/photometry/{second}").data["altdata"] == {"in": "between"}
    left = [row["flux"] for row in rows(admin)]
    assert left == ([31.0, None, 250.0] if method == "PATCH" else [None, 250.0])


def test_points_between_two_dates(admin: Gateway) -> None:
    make_source(admin)
    admin.post("/instrument", {"name": "ATLAS"})
    admin.post("/photometry", {**ROW, "mjd": 58001.25, "filter": "atlaso", "instrument_id": 2})
    path = "/photometry/range?obj_id=SN1&format=both"
    assert admin.get(path).data == rows(admin)

    def mjds(query: str = "", body: Any = None) -> list[float]:
        return [row["mjd"] for row in admin.get(path + query, body).data]

    assert mjds("&min_date=2017-09-05&max_date=2017-09-06") == [58001.25, 58001.5]
    assert mjds("&min_date=2017-09-05T12:00:00Z") == mjds("&min_date=2017-09-05T14:00:00%2B02:00")
    assert mjds("&instrument_ids=2") == mjds("", {"instrument_ids": [2]}) == [58001.25]
    assert mjds("&instrument_ids=1,2&max_date=2017-09-04") == [58000.0]
    assert mjds("", {"min_date": "2017-09-06", "max_date": "2017-09-08"}) == [58003.0]
    assert admin.get("/photometry/range?obj_id=SN2").status == 404
    for bad in ("&min_date=yesterday", "&instrument_ids=a", "&format=x", "&min_date=0001-01-01T00:00:00%2B12:00"):
        assert admin.get(path + bad).status == 400


def test_points_between_two_dates_are_paged_by_source(admin: Gateway) -> None:
    make_source(admin)
    for name in ("SN2", "SN3"):
        admin.post("/sources", {"id": name, "ra": 1, "dec": 1})
        admin.post("/photometry", {**ROW, "obj_id": name, "group_ids": "all", "altdata": {"of": name}})
    admin.post("/sources", {"id": "SN4", "ra": 1, "dec": 1, "group_ids": [2]})
    admin.post("/photometry", {**ROW, "obj_id": "SN4", "group_ids": "all"})
    ada = make_user(admin, "ada")
    until = "/photometry/range?max_date=2017-01-01"
    assert {row["obj_id"] for row in admin.get(until).data} == {"SN2", "SN3", "SN4"}
    assert [row["obj_id"] for row in ada.get(until).data] == ["SN3", "SN2"]
    first = ada.get(f"{until}&numPerPage=2")
    assert [row["obj_id"] for row in first.data] == ["SN3", "SN2"]
    second = ada.get(f"{until}&numPerPage=2&cursor={first.headers['X-Next-Cursor']}")
    assert second.data == [], "SN1 has nothing that she may see"
    assert "X-Next-Cursor" not in second.headers
    assert ada.get(f"{until}&numPerPage=51").status == 400


def test_a_page_with_too_many_points_is_refused(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    admin.post("/sources", {"id": "SN2", "ra": 1, "dec": 1})
    admin.post("/photometry", {**ROW, "obj_id": "SN2"})
    monkeypatch.setattr(photometry_range, "MAX_POINTS_READ", 3)
    reply = admin.get("/photometry/range")
    assert (reply.status, "numPerPage" in reply.message) == (413, True)
    assert len(admin.get("/photometry/range?numPerPage=1").data) == 1


def test_invisible_points_count_towards_the_limit(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    monkeypatch.setattr(photometry_range, "MAX_POINTS_READ", 2)
    for user in (admin, make_user(admin, "ada")):
        refusal = user.get("/photometry/range")
        assert (refusal.status, "numPerPage" in refusal.message) == (413, True)
