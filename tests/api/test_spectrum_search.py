"""Lists of the spectra of all sources: filters, pages, limits, and what the requester may see."""

from typing import Any

import pytest

from chalicelib.schemas.spectra import MINIMAL_FIELDS
from chalicelib.sources import spectrum_bulk, spectrum_search
from tests.api.story import make_source
from tests.api.test_people import make_user
from tests.api.test_spectra import KEYS, upload
from tests.gateway import Gateway, Reply


@pytest.fixture
def numbers(admin: Gateway) -> dict[str, int]:
    """Add three spectra: two of SN1, one of AT2; return their ids by label."""
    make_source(admin)
    assert admin.post("/instrument", {"name": "LRIS"}).status == 200
    assert admin.post("/sources", {"id": "AT2", "ra": 20, "dec": 5}).status == 200
    fields: dict[str, dict[str, Any]] = {
        "late": {"observed_at": "2022-03-01T00:00:00", "origin": "Palomar 60 inch", "type": "host"},
        "early": {"observed_at": "2020-01-10T00:00:00", "instrument_id": 2, "origin": "Keck telescope"},
        "other": {"obj_id": "AT2", "observed_at": "2021-01-15T00:00:00.5"},
    }
    return {label: upload(admin, label=label, **more) for label, more in fields.items()}


def list_labels(reply: Reply) -> list[str]:
    return [spectrum["label"] for spectrum in reply.data]


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("", ["early", "other", "late"]),
        ("objID=SN1", ["early", "late"]),
        ("objID=%20T2", ["other"]),
        ("objID=T2", ["other"]),
        ("objID=ZTF2022abcdef", []),
        ("observedBefore=2021-01-10T00:00:00", ["early"]),
        ("observedAfter=2020-01-10", ["early", "other", "late"]),
        ("observedAfter=2021-01-15", ["other", "late"]),
        ("observedAfter=2021-01-15T00:00:00%2B00:00&observedBefore=2022-01-01T00:00:00Z", ["other"]),
        ("modifiedAfter=2020-01-01", ["early", "other", "late"]),
        ("modifiedBefore=2020-01-01", []),
        ("instrumentIDs=2", ["early"]),
        ("instrumentIDs=1,%202", ["early", "other", "late"]),
        ("origin=keck", ["early"]),
        ("origin=Keck,Palomar", ["early", "late"]),
        ("origin=Gemini&origin=VLT", []),
        ("label=arl", ["early"]),
        ("label=one&label=late", ["late"]),
        ("type=source", ["early", "other"]),
        ("type=host,host_center", ["late"]),
        ("type=host_center", []),
        ("groupIDs=1", []),
    ],
)
def test_spectra_are_filtered(admin: Gateway, numbers: dict[str, int], query: str, labels: list[str]) -> None:
    for address in ("spectra", "spectrum"):
        assert list_labels(admin.get(f"/{address}?{query}")) == labels


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("type=rainbow", "not in list of allowed spectrum types"),
        ("instrumentIDs=1,99", "Not all Instrument IDs"),
        ("instrumentIDs=free text", "instrumentIDs"),
        ("observedAfter=soon", "observedAfter"),
        ("modifiedBefore=0000", "modifiedBefore"),
        ("followupRequestIDs=1", "followupRequestIDs: Heliograph has no follow-up requests; leave it out."),
        ("assignmentIDs=1", "assignmentIDs: Heliograph has no assignments; leave it out."),
        ("commentsFilter=Ia", "commentsFilter: spectra have no comments"),
        ("commentsFilterAuthor=ada", "commentsFilterAuthor: spectra have no comments"),
        ("commentsFilterAfter=2020-01-01", "commentsFilterAfter: spectra have no comments"),
        ("cursor=x", "cursor"),
        ("cursor=0", "cursor"),
        ("numPerPage=501", "numPerPage"),
        ("wings=2", "wings"),
    ],
)
def test_invalid_filters_are_refused(admin: Gateway, query: str, words: str) -> None:
    make_source(admin)
    reply = admin.get(f"/spectra?{query.replace(' ', '%20')}")
    assert reply.status == 400
    assert words in reply.message


def test_groups_filter_by_the_groups_of_the_spectrum(admin: Gateway, numbers: dict[str, int]) -> None:
    one, two = (admin.post("/groups", {"name": name}).data["id"] for name in ("one", "two"))
    admin.put(f"/spectra/{numbers['early']}", {"group_ids": [one]})
    admin.put(f"/spectra/{numbers['other']}", {"group_ids": [one, two]})
    assert list_labels(admin.get(f"/spectra?groupIDs={one}")) == ["early", "other"]
    assert list_labels(admin.get(f"/spectra?groupIDs={one},%20{two}")) == ["early", "other"]
    assert list_labels(admin.get(f"/spectra?groupIDs={two}")) == ["other"]
    assert list_labels(admin.get(f"/spectra?groupIDs={one}&objID=SN")) == ["early"]
    ada = make_user(admin, "ada", groups=(two,))
    assert list_labels(ada.get(f"/spectra?groupIDs={two}")) == ["other"]
    assert ada.get(f"/spectra?groupIDs={one}").status == 403
    assert ada.get("/spectra?groupIDs=4711").status == 403


def test_only_visible_spectra_of_visible_sources_are_listed(admin: Gateway, numbers: dict[str, int]) -> None:
    ada = make_user(admin, "ada", "Upload data")
    admin.put(f"/spectra/{numbers['early']}", {"group_ids": "all"})
    hidden = admin.post("/groups", {"name": "hidden"}).data["id"]
    admin.post("/sources", {"id": "SN3", "ra": 1, "dec": 1, "group_ids": [hidden]})
    upload(admin, obj_id="SN3", group_ids="all", label="of a hidden source")
    assert list_labels(ada.get("/spectra")) == ["early"]
    assert list_labels(ada.get("/spectra/range")) == ["early"]
    admin.delete("/sources/SN1")
    assert ada.get("/spectra").data == []


def test_minimal_spectra_hold_skyportals_fields(admin: Gateway, numbers: dict[str, int]) -> None:
    (minimal,) = admin.get("/spectra?objID=AT2&minimalPayload=True").data
    (full,) = admin.get("/spectra?objID=AT2&minimalPayload=False").data
    assert minimal.keys() == set(MINIMAL_FIELDS)
    assert full.keys() == KEYS
    assert minimal.items() <= full.items()
    assert full == admin.get(f"/spectra/{numbers['other']}").data


def test_pages_hold_every_spectrum_once(admin: Gateway, numbers: dict[str, int]) -> None:
    pages, cursor = [], ""
    while True:
        reply = admin.get(f"/spectra?numPerPage=1{cursor}")
        pages += list_labels(reply)
        if "X-Next-Cursor" not in reply.headers:
            break
        assert "X-Next-Cursor as cursor" in reply.json["notes"][0]
        cursor = f"&cursor={reply.headers['X-Next-Cursor']}"
    assert pages == ["other", "early", "late"]
    assert "notes" not in reply.json


@pytest.mark.parametrize(("limit", "value"), [("MOST_EXAMINED", 1), ("MOST_READ", 1), ("MOST_VALUES", 2)])
def test_a_page_ends_at_each_limit(
    admin: Gateway, numbers: dict[str, int], limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spectrum_search, limit, value)
    monkeypatch.setattr(spectrum_search, "CHUNK", 1)
    labels, cursor, requests = [], "", 0
    while True:
        reply = admin.get(f"/spectra?label=late,early{cursor}")
        labels += list_labels(reply)
        requests += 1
        if "X-Next-Cursor" not in reply.headers:
            break
        cursor = f"&cursor={reply.headers['X-Next-Cursor']}"
    assert labels == ["early", "late"]
    assert requests > 1


def test_a_range_has_both_ends(admin: Gateway, numbers: dict[str, int]) -> None:
    for query, labels in (
        ("instrument_ids=2&min_date=2020-01-01T00:00:00&max_date=2020-01-15T00:00:00", ["early"]),
        ("instrument_ids=1&instrument_ids=2&min_date=2020-01-15", ["other", "late"]),
        ("min_date=2020-01-10T00:00:00&max_date=2021-01-15T00:00:00.5", ["early", "other"]),
        ("min_date=2021-01-15T00:00:00Z&max_date=2021-02-01", ["other"]),
        ("instrument_ids=99", []),
        ("", ["early", "other", "late"]),
    ):
        for address in ("spectra", "spectrum"):
            assert list_labels(admin.get(f"/{address}/range?{query}")) == labels
    reply = admin.get("/spectrum/range?min_date=2021-01-15T00:00:00&plus;00:00")
    assert list_labels(reply) == ["other", "late"]
    assert reply.json["notes"] == ["plus;00:00: ignored, write the + of an offset as %2B."]
    reply = admin.get("/spectra/range?min_date=soon")
    assert reply.status == 400
    assert "min_date" in reply.message
    assert admin.get("/spectra/range?numPerPage=2").headers["X-Next-Cursor"] == str(numbers["early"])


def test_spectra_of_many_sources_have_phase_anchors(admin: Gateway, numbers: dict[str, int]) -> None:
    admin.patch("/sources/AT2", {"tns_info": {"discoverydate": "2021-01-01 08:00:00"}})
    data = admin.post("/spectra/bulk", {"obj_ids": ["SN1", "AT2", "SN4711"]}).data
    first, second = data["sources"]
    assert first["redshift"] == 0.05
    assert 58000 <= first["first_detected_mjd"] <= first["peak_mjd"]
    assert second == {
        "id": "AT2", "redshift": None, "first_detected_mjd": None, "peak_mjd": None,
        "tns_discovery_date": "2021-01-01 08:00:00",
    }  # fmt: skip
    assert [spectrum["obj_id"] for spectrum in data["spectra"]] == ["SN1", "AT2", "SN1"]
    assert data["spectra"][0]["wavelengths"] == [4000.0, 4001.5]
    assert data["truncated"] is False
    assert admin.post("/spectra/bulk", {}).data["spectra"] == data["spectra"]


def test_sources_of_bulk_spectra_are_chosen(admin: Gateway, numbers: dict[str, int]) -> None:
    for name, fields in (("SN1", {"probability": 0.4}), ("AT2", {"probability": 0.9})):
        admin.post("/classification", {"obj_id": name, "classification": "Ia", **fields})
    admin.post("/classification", {"obj_id": "SN1", "classification": "II", "ml": True})
    group = admin.post("/groups", {"name": "one"}).data["id"]
    admin.post("/sources", {"id": "AT2", "group_ids": [group]})

    def list_ids(user: Gateway = admin, **selection: Any) -> set[str]:
        return {source["id"] for source in user.post("/spectra/bulk", selection).data["sources"]}

    assert list_ids(group_id=group) == {"AT2"}
    assert list_ids(group_id=group, obj_ids="SN1, AT2") == {"AT2"}
    assert list_ids(classifications="Ia,II") == {"SN1", "AT2"}
    assert list_ids(classifications=["II"]) == set()
    assert list_ids(classifications=["Ia"], classificationProbThreshold="0.5") == {"AT2"}
    assert list_ids(classifications=["Ia"], obj_ids=["SN1"]) == {"SN1"}
    ada = make_user(admin, "ada")
    assert ada.post("/spectra/bulk", {"group_id": group}).status == 403
    assert ada.post("/spectra/bulk", {"obj_ids": ["SN1"]}).data["spectra"] == []
    hidden = admin.post("/sources", {"id": "SN3", "ra": 1, "dec": 1, "group_ids": [group]}).data["id"]
    assert list_ids(ada, obj_ids=[hidden]) == set()
    for wrong in ({"maxSources": 0}, {"classificationProbThreshold": "high"}, {"obj_ids": 3}, {"group_id": "x"}):
        reply = admin.post("/spectra/bulk", wrong)
        assert reply.status == 400
        assert next(iter(wrong)) in reply.message


def test_bulk_spectra_say_when_there_are_more(
    admin: Gateway, numbers: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = admin.post("/spectra/bulk", {"maxSources": 1})
    assert reply.data["truncated"] is True
    assert len(reply.data["sources"]) == 1
    assert "There are more sources" in reply.json["notes"][0]
    assert admin.post("/spectra/bulk", {"maxSources": 1, "obj_ids": ["SN1", "AT2"]}).data["truncated"] is True
    assert admin.post("/spectra/bulk", {"maxSources": 2}).data["truncated"] is False
    monkeypatch.setattr(spectrum_bulk, "MOST_VALUES", 5)
    reply = admin.post("/spectra/bulk", {"obj_ids": ["SN1"]})
    assert (len(reply.data["spectra"]), reply.data["truncated"]) == (1, True)
    assert "There are more spectra" in reply.json["notes"][0]
