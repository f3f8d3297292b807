"""Filters and orders of the list of sources."""

from typing import Any

import pytest

from chalicelib.sources import source_search
from tests.api.test_people import make_user
from tests.gateway import Gateway

EARLY, LATE = "2020-01-01", "2100-01-01T00:00:00+02:00"


@pytest.fixture
def sources(admin: Gateway) -> None:
    """Add SN1 (a classified supernova with data), SN2 (a variable star), SN3 (nothing but a position)."""
    admin.post("/instrument", {"name": "ZTF", "filters": ["ztfg", "ztfr"]})
    fields: dict[str, dict[str, Any]] = {
        "SN1": {
            "ra": 30, "dec": 1, "redshift": 0.05, "tns_name": "SN 2021hiz", "origin": "ZTF", "alias": ["AT 2021x"],
            "altdata": {"simbad": {"class": "SN"}, "nested": {"key": 2}},
        },
        "SN2": {"ra": 20, "dec": 2, "redshift": 0.2, "altdata": {"nested": {"key": 10}}},
        "SN3": {"ra": 10, "dec": 3},
    }  # fmt: skip
    for name, more in fields.items():
        assert admin.post("/sources", {"id": name, **more}).status == 200
    rows = {"instrument_id": 1, "mjd": [59000.5, 59010.5], "flux": [100.0, 400.0], "fluxerr": 1.0}
    admin.post("/photometry", {"obj_id": "SN1", "filter": "ztfg", **rows})
    admin.post("/photometry", {"obj_id": "SN2", "filter": "ztfr", **rows, "flux": [1.0, 1.0], "origin": "forced"})
    spectrum = {"obj_id": "SN1", "instrument_id": 1, "wavelengths": [4000, 4001, 4002], "fluxes": [1, 2, 3]}
    admin.post("/spectrum", {**spectrum, "observed_at": "2020-06-10T12:00:00"})
    hierarchy = {"class": "Time-domain", "subclasses": [{"class": "Ia"}, {"class": "RR Lyrae"}]}
    taxonomy = admin.post("/taxonomy", {"name": "Classes", "version": "1", "hierarchy": hierarchy}).data["taxonomy_id"]
    admin.post("/classification", {"obj_id": "SN1", "classification": "Ia", "taxonomy_id": taxonomy})
    admin.post("/classification", {"obj_id": "SN2", "classification": "RR Lyrae", "taxonomy_id": taxonomy})
    admin.post("/sources/SN1/annotations", {"origin": "a", "data": {"period": 9, "note": "fast"}})
    admin.post("/sources/SN2/annotations", {"origin": "b", "data": {"period": 10}})
    admin.post("/sources/SN2/comments", {"text": "A nice Blazhko effect."})


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"SN1", "SN2", "SN3"}),
        ("minRedshift=0.1", {"SN2"}),
        ("maxRedshift=0.1", {"SN1"}),
        ("minRedshift=0.05&maxRedshift=0.2", {"SN1", "SN2"}),
        (f"savedAfter={EARLY}&savedBefore={LATE}".replace("+", "%2B"), {"SN1", "SN2", "SN3"}),
        (f"savedAfter={LATE}", set()),
        (f"createdOrModifiedAfter={EARLY}", {"SN1", "SN2", "SN3"}),
        ("rejectedSourceIDs=SN1,SN3", {"SN2"}),
        ("rejectedSourceIDs=SN1&rejectedSourceIDs=SN2", {"SN3"}),
        ("savedByCurrentUser=true", {"SN1", "SN2", "SN3"}),
        ("alias=2021X", {"SN1"}),
        ("origin=ztf", {"SN1"}),
        ("TNSname=2021hiz", {"SN1"}),
        ("simbadClass=sn", {"SN1"}),
        ("hasTNSname=true", {"SN1"}),
        ("hasTNSname=false", {"SN1", "SN2", "SN3"}),
        ("hasNoTNSname=true", {"SN2", "SN3"}),
        ("classifications=Ia", {"SN1"}),
        ("classifications=Classes: Ia,Classes:RR Lyrae", {"SN1", "SN2"}),
        ("classifications=Ia,RR Lyrae&classifications_simul=true", set()),
        ("classifications=Others: Ia", set()),
        ("nonclassifications=Classes: Ia", {"SN2", "SN3"}),
        ("classified=true", {"SN1", "SN2"}),
        ("unclassified=true", {"SN3"}),
        ("unclassified=false", {"SN1", "SN2", "SN3"}),
        ("hasSpectrum=true", {"SN1"}),
        ("hasNoSpectrum=true", {"SN2", "SN3"}),
        ("hasSpectrumAfter=2020-06-10", {"SN1"}),
        ("hasSpectrumBefore=2020-06-10", set()),
        ("annotationsFilter=period", {"SN1", "SN2"}),
        ("annotationsFilter=period:9.5:ge", {"SN2"}),
        ("annotationsFilter=period:9:eq,note:fast:eq", {"SN1"}),
        ("annotationsFilter=note:fast:ge", set()),
        ("annotationsFilter=period&annotationsFilterOrigin=b", {"SN2"}),
        (f"annotationsFilter=period&annotationsFilterAfter={LATE}", set()),
        ("commentsFilter=blazhko", {"SN2"}),
        (f"commentsFilter=blazhko&commentsFilterBefore={EARLY}", set()),
        ("startDate=2020-06-01", {"SN1"}),
        ("endDate=2020-06-01", set()),
        ("maxPeakMagnitude=18", {"SN1"}),
        ("minPeakMagnitude=18", set()),
        ("maxLatestMagnitude=18", {"SN1"}),
        ("numberDetections=2", {"SN1"}),
        ("sourceID=SN&minRedshift=0.1", {"SN2"}),
        ("ra=20&dec=2&radius=1&classified=true", {"SN2"}),
        ("ra=20&dec=2&radius=1&unclassified=true", set()),
    ],
)
def test_filters(admin: Gateway, sources: None, query: str, names: set[str]) -> None:
    data = admin.get(f"/sources?{query}").data
    assert {source["id"] for source in data["sources"]} == names
    assert data["totalMatches"] == len(names)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sortBy=ra", ["SN3", "SN2", "SN1"]),
        ("sortBy=ra&sortOrder=desc", ["SN1", "SN2", "SN3"]),
        ("sortBy=redshift", ["SN1", "SN2", "SN3"]),
        ("sortBy=redshift&sortOrder=desc", ["SN2", "SN1", "SN3"]),
        ("sortBy=saved_at", ["SN1", "SN2", "SN3"]),
        ("sortBy=id&sortOrder=desc", ["SN3", "SN2", "SN1"]),
        ("sortBy=classification", ["SN1", "SN2", "SN3"]),
        ("sortBy=altdata.nested.key&sortOrder=desc", ["SN2", "SN1", "SN3"]),
        ("sortBy=annotation.a.period", ["SN1", "SN3", "SN2"]),
        ("sortBy=dec&pageNumber=2&numPerPage=2", ["SN3"]),
        ("sortBy=dec&minRedshift=0.1", ["SN2"]),
    ],
)
def test_orders(admin: Gateway, sources: None, query: str, names: list[str]) -> None:
    listed = [source["id"] for source in admin.get(f"/sources?{query}").data["sources"]]
    if "annotation.a" in query:
        assert listed[0] == names[0], "sources without the value come last, in either order"
    else:
        assert listed == names


@pytest.mark.parametrize(
    "query",
    [
        "sortBy=mass", "sortBy=annotation.", "sortBy=altdata.", "sortBy=ra&sortOrder=up", "sortBy=ra&cursor=eA",
        "savedAfter=yesterday", "annotationsFilter=a:b", "annotationsFilter=a:1:near", "minRedshift=low",
        "hasSpectrum=perhaps", "numberDetections=-1", "includeComments=true&numPerPage=101", "hasFollowupRequest=true",
    ],
)  # fmt: skip
def test_impossible_filters_and_orders_are_refused(admin: Gateway, sources: None, query: str) -> None:
    reply = admin.get(f"/sources?{query}")
    assert reply.status == 400
    assert (
        query.split("=")[0].split("&")[0] in reply.message or "numPerPage" in reply.message or "sort" in reply.message
    )


def test_a_search_that_reaches_its_limit_says_so_and_goes_on(
    admin: Gateway, sources: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_search, "MOST_EXAMINED", 2)
    reply = admin.get("/sources?maxRedshift=0.1")
    assert reply.data["sources"] == []
    assert reply.json["notes"] == ["2 sources were examined, there are more: send the header X-Next-Cursor as cursor."]
    rest = admin.get(f"/sources?maxRedshift=0.1&cursor={reply.headers['X-Next-Cursor']}")
    assert [source["id"] for source in rest.data["sources"]] == ["SN1"]
    assert "X-Next-Cursor" not in rest.headers
    refused = admin.get("/sources?sortBy=ra")
    assert refused.status == 400
    assert refused.message.startswith("sortBy: more than")


def test_pages_of_a_search_by_cursor(admin: Gateway, sources: None) -> None:
    names: list[str] = []
    query = "/sources?createdOrModifiedAfter=2020-01-01&numPerPage=1"
    reply = admin.get(query)
    while True:
        names += [source["id"] for source in reply.data["sources"]]
        if "X-Next-Cursor" not in reply.headers:
            break
        reply = admin.get(f"{query}&cursor={reply.headers['X-Next-Cursor']}")
    assert names == ["SN3", "SN2", "SN1"]
    page = admin.get(f"{query}&pageNumber=2").data
    assert ([source["id"] for source in page["sources"]], page["totalMatches"]) == (["SN2"], 3)


def test_what_the_requester_cannot_see_neither_selects_nor_orders(admin: Gateway, sources: None) -> None:
    bob = make_user(admin, "bob")
    group = admin.post("/groups", {"name": "secret"}).data["id"]
    admin.post("/sources/SN3/annotations", {"origin": "a", "data": {"period": 1}, "group_ids": [group]})
    admin.post("/sources/SN3/comments", {"text": "hidden", "group_ids": [group]})
    assert admin.get("/sources?annotationsFilter=period:1:eq").data["totalMatches"] == 1
    assert bob.get("/sources?annotationsFilter=period:1:eq").data["totalMatches"] == 0
    assert bob.get("/sources?commentsFilter=hidden").data["totalMatches"] == 0
    assert bob.get("/sources?hasSpectrum=true").data["totalMatches"] == 0, "the spectrum is the administrator's"
    assert bob.get("/sources?savedByCurrentUser=true").data["totalMatches"] == 0
    first = bob.get("/sources?sortBy=annotation.a.period").data["sources"][0]["id"]
    assert first == "SN1"


def test_save_summary(admin: Gateway, sources: None) -> None:
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    admin.post("/sources", {"id": "SN2", "group_ids": [group]})
    (row,) = admin.get(f"/sources?saveSummary=true&group_ids={group}").data["sources"]
    assert row.pop("saved_at")
    assert row == {"obj_id": "SN2", "group_id": group, "saved_by_id": 1, "active": True, "requested": False}


def test_parts_of_each_source_and_no_groups(admin: Gateway, sources: None) -> None:
    query = "includePhotometryExists=true&includeSpectrumExists=true&includePeriodExists=true&includeCommentExists=true"
    page = admin.get(f"/sources?{query}&includeDetectionStats=true&removeNested=true&sortBy=id").data["sources"]
    names = ("photometry_exists", "spectrum_exists", "period_exists", "comment_exists")
    assert [tuple(source[name] for name in names) for source in page] == [
        (True, True, True, False), (True, False, True, True), (False, False, False, False),
    ]  # fmt: skip
    assert [len(source["photstats"]) for source in page] == [1, 1, 0]
    assert all("groups" not in source for source in page)


def test_the_newest_of_repeated_points(admin: Gateway, sources: None) -> None:
    row = {"obj_id": "SN3", "instrument_id": 1, "filter": "ztfg", "mjd": 59801.4, "magerr": 0.3, "limiting_mag": 22}
    admin.post("/photometry", {**row, "mag": 12.4})
    admin.post("/photometry", {**row, "mag": 12.8})
    points = admin.get("/sources/SN3?includePhotometry=true&deduplicatePhotometry=true").data["photometry"]
    assert [round(point["mag"], 6) for point in points] == [12.8]


def test_fields_of_skyportal_are_kept_and_given_back(admin: Gateway) -> None:
    fields = {
        "ra_dis": 2.3, "dec_dis": -1.0, "ra_err": 0.1, "dec_err": 0.2, "offset": 0.0, "t0": 59305.2, "score": 0.9,
        "dist_nearest_source": 3.0, "mag_nearest_source": 20.1, "e_mag_nearest_source": 0.1, "mpc_name": "x",
        "tns_name": "SN 2021hiz", "tns_info": {"type": "Ia"}, "detect_photometry_count": 4,
    }  # fmt: skip
    admin.post("/sources", {"id": "SN1", "ra": 1, "dec": 2, **fields})
    source = admin.get("/sources/SN1").data
    assert {name: source[name] for name in fields} == fields


def test_newest_first_is_the_order_of_the_listing(
    admin: Gateway, sources: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_search, "MOST_EXAMINED", 1)
    page = admin.get("/sources?sortBy=saved_at&sortOrder=desc").data["sources"]
    assert [source["id"] for source in page] == ["SN3", "SN2", "SN1"]
    assert page[0]["groups"][0]["saved_at"] == page[0]["created_at"]
