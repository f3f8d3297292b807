"""Sources: names, lists and cones, what they show, remarks."""

from pathlib import Path
from typing import Any

import pytest

from heliograph import Heliograph
from heliograph.errors import ArgumentError, NotFoundError, UnknownNameError
from tests.heliograph.prepared_portal import PreparedPortal, reply

ARCSEC = 1 / 3600


def test_a_source_is_found_by_another_name(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/source_exists/my%20star", reply({"source_exists": True}, obj_ids=["SN1"]))
    assert sky.source("my star").name == "SN1"


def test_a_name_of_several_sources_is_refused(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/source_exists/star", reply({"source_exists": True}, obj_ids=["SN1", "SN2"]))
    with pytest.raises(ArgumentError, match="SN1, SN2"):
        sky.source("star")


def test_a_missing_source_says_which_names_are_near(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/source_exists/2019dwx", reply({"source_exists": False}, obj_ids=[]))
    portal.answer("GET", "/sources", reply({"sources": [{"id": "2019dwz"}, {"id": "V404"}]}))
    with pytest.raises(NotFoundError, match=r"no source '2019dwx' that you can see\. Did you mean 2019dwz\?"):
        sky.source("2019dwx")


def test_a_list_fetches_pages_as_they_are_needed(portal: PreparedPortal, sky: Heliograph) -> None:
    first = reply({"sources": [{"id": "SN1"}, {"id": "SN2"}]}, headers={"X-Next-Cursor": "abc"})
    portal.answer("GET", "/sources", first, reply({"sources": [{"id": "SN3"}]}))
    sources = sky.sources(name="SN")
    assert next(sources).name == "SN1"
    assert len(portal.requests) == 1
    assert [source.name for source in sources] == ["SN2", "SN3"]
    assert portal.requests[1].query["cursor"] == "abc"


def test_a_radius_is_in_arcseconds_for_people_and_in_degrees_for_the_portal(
    portal: PreparedPortal, sky: Heliograph
) -> None:
    from astropy import units
    from astropy.coordinates import SkyCoord

    portal.answer("GET", "/sources", reply({"sources": []}))
    position = SkyCoord(10.0, -5.0, unit="deg")
    for ra, dec, radius in (
        (10, -5, 5),
        (position, None, 5 * units.arcsec),
        (position.galactic, None, (5 * units.arcsec).to("rad")),
        (position.ra, position.dec, 5.0),
        (10 / 15 * units.hourangle, -5 * units.deg, 5 * ARCSEC * units.deg),
    ):
        list(sky.sources(ra=ra, dec=dec, radius=radius))
        query = portal.requests[-1].query
        assert float(query["ra"]) == pytest.approx(10)
        assert float(query["dec"]) == pytest.approx(-5)
        assert float(query["radius"]) == pytest.approx(5 * ARCSEC)


@pytest.mark.parametrize(
    "cone",
    [
        {"ra": 10, "dec": 5},
        {"ra": 10, "radius": 5},
        {"radius": 5},
        {"ra": float("nan"), "dec": 5, "radius": 5},
        {"ra": "12:18:20", "dec": "+31:13:17", "radius": 5},
        {"ra": 10, "dec": 5, "radius": 0},
        {"ra": 10, "dec": 5, "radius": True},
    ],
)
def test_a_cone_that_is_none_is_refused(portal: PreparedPortal, sky: Heliograph, cone: dict[str, Any]) -> None:
    with pytest.raises(ArgumentError):
        sky.sources(**cone)
    assert not portal.requests


def test_a_unit_that_is_no_angle_is_refused(sky: Heliograph) -> None:
    from astropy import units

    with pytest.raises(ArgumentError, match="radius: has the unit m; expected arcseconds"):
        sky.sources(ra=1, dec=2, radius=3 * units.m)


def test_a_position_of_several_sources_is_refused(sky: Heliograph) -> None:
    from astropy.coordinates import SkyCoord

    with pytest.raises(ArgumentError, match="several positions"):
        sky.save_source("SN1", SkyCoord([1, 2], [3, 4], unit="deg"))


def test_filters_by_group_class_and_favourites(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/sources", reply({"sources": []}))
    list(sky.sources(group=["novae", 4], classification=["Ia", "II"], favorites=True, minRedshift=0.1))
    query = portal.requests[-1].query
    assert (query["group_ids"], query["classifications"], query["listName"]) == ("7,4", "Ia,II", "favorites")
    assert query["minRedshift"] == "0.1"
    portal.answer("GET", "/groups/public", reply({"id": 1, "name": "Sitewide Group"}))
    list(sky.sources(group="all"))
    assert portal.requests[-1].query["group_ids"] == "1"
    with pytest.raises(UnknownNameError, match=r"You see no group 'Novea'\. Did you mean 'Novae'\?"):
        sky.sources(group="Novea")


def test_a_source_cannot_be_changed_by_assignment(sky: Heliograph) -> None:
    source = sky.source("SN1")
    with pytest.raises(AttributeError, match="changes nothing on the portal"):
        source.redshift = 0.1  # type: ignore[misc]
    with pytest.raises(AttributeError, match="Source has no 'redshfit'; its fields are id, ra"):
        source.redshfit  # noqa: B018


def test_one_line_in_a_shell_without_control_characters(portal: PreparedPortal, sky: Heliograph) -> None:
    hostile = {"id": "SN1\x1b[2J\nX", "ra": 1.0, "dec": 2.0, "classifications": [{"classification": "I\x07a"}]}
    portal.answer("GET", "/sources/SN1", reply(hostile))
    line = repr(sky.source("SN1"))
    assert line.isprintable()
    assert "1.00000 +2.00000" in line


def test_html_in_a_notebook_is_escaped(portal: PreparedPortal, sky: Heliograph) -> None:
    attack = "<script>alert(1)</script>"
    portal.answer("GET", "/sources/SN1", reply({"id": attack, "alias": [attack], attack: 1, "origin": '"><img>'}))
    html = sky.source("SN1")._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    for path in ("/sources/SN1/comments", "/instrument", "/analysis_service", "/obj/analysis"):
        portal.answer("GET", path, reply([{"id": 1, "name": attack, "text": attack, "status_message": attack}]))
    portal.answer("GET", "/sources/SN1", reply({"id": "SN1"}))
    records = [*sky.source("SN1").comments(), *sky.instruments(), *sky.services(), *sky.analyses()]
    assert len(records) == 4
    assert all(attack not in record._repr_html_() for record in records)


def test_what_a_source_is_saved_with(portal: PreparedPortal, sky: Heliograph) -> None:
    from astropy.coordinates import SkyCoord

    portal.answer("POST", "/sources", reply({"id": "SN1"}))
    sky.save_source("SN1", SkyCoord(184.5, 31.2, unit="deg"), groups="Novae", redshift=0.046)
    assert portal.list_requests("POST")[0].body == {
        "id": "SN1", "ra": pytest.approx(184.5), "dec": pytest.approx(31.2), "redshift": 0.046, "group_ids": [7],
    }  # fmt: skip
    sky.save_source("SN1")
    assert portal.list_requests("POST")[1].body == {"id": "SN1", "ra": None, "dec": None}
    with pytest.raises(ArgumentError, match="only one of them is known"):
        sky.save_source("SN1", 5)


def test_everyone_is_a_group(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("POST", "/sources/SN1/comments", reply({"comment_id": 9}))
    assert sky.source("SN1").add_comment("Rising.", groups="all") == 9
    assert portal.list_requests("POST")[0].body["group_ids"] == "all"
    with pytest.raises(ArgumentError, match="the list is empty"):
        sky.source("SN1").add_comment("Rising.", groups=[])


def test_a_file_beside_a_comment(portal: PreparedPortal, sky: Heliograph, tmp_path: Path) -> None:
    portal.answer("POST", "/sources/SN1/comments", reply({"comment_id": 9}))
    path = tmp_path / "finder.txt"
    path.write_bytes(b"hello")
    sky.source("SN1").add_comment("The field.", attachment=path)
    sent = portal.list_requests("POST")[0].body
    assert sent == {"text": "The field.", "attachment": {"name": "finder.txt", "body": "aGVsbG8="}, "bot": False}


def test_a_user_is_added_to_a_group_by_name(portal: PreparedPortal, sky: Heliograph) -> None:
    users = [{"id": 8, "username": "ada"}, {"id": 9, "username": "adam"}]
    portal.answer("GET", "/user", reply({"users": users}))
    portal.answer("POST", "/groups/7/users", reply({"group_id": 7}))
    sky.group("Novae").add_member("ada")
    assert portal.list_requests("POST")[0].body == {"userID": 8, "admin": False}
    with pytest.raises(UnknownNameError, match="You see no user 'eve'"):
        sky.group("Novae").add_member("eve")


def test_annotating_again_replaces_the_values(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/sources/SN1/annotations", reply([]), reply([{"id": 4, "origin": "mine", "data": {"a": 1}}]))
    portal.answer("POST", "/sources/SN1/annotations", reply({"annotation_id": 4}))
    portal.answer("PUT", "/sources/SN1/annotations/4", reply())
    source = sky.source("SN1")
    source.annotate("mine", {"a": 1})
    source.annotate("mine", {"a": 2})
    assert [request.body["data"] for request in portal.list_requests("POST")] == [{"a": 1}]
    assert [request.body["data"] for request in portal.list_requests("PUT")] == [{"a": 2}]


def test_what_is_deleted_by_its_id(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("GET", "/sources/SN1/annotations", reply([{"id": 4, "origin": "mine", "data": {"a": 1}}]))
    source = sky.source("SN1")
    for delete, path in (
        (lambda: source.delete_comment(9), "/sources/SN1/comments/9"),
        (lambda: source.delete_annotation("mine"), "/sources/SN1/annotations/4"),
        (lambda: source.delete_classification(5), "/classification/5"),
        (lambda: source.delete_spectrum(6), "/spectrum/6"),
        (lambda: source.delete_photometry([7]), "/photometry/7"),
        (lambda: source.delete_photometry("upload-7"), "/photometry/bulk_delete/upload-7"),
        (lambda: source.delete(), "/sources/SN1"),
    ):
        portal.answer("DELETE", path, reply())
        delete()
        assert portal.requests[-1].path == path
    with pytest.raises(UnknownNameError, match="There are: mine"):
        source.delete_annotation("yours")


def test_sharing_shares_the_data_too(portal: PreparedPortal, sky: Heliograph) -> None:
    portal.answer("POST", "/sources", reply({"id": "SN1"}))
    portal.answer("POST", "/sharing", reply())
    points = [{"id": number} for number in range(1500)]
    portal.answer("GET", "/sources/SN1/photometry", reply(points))
    portal.answer("GET", "/sources/SN1/spectra", reply({"spectra": [{"id": 8}]}))
    sky.source("SN1").share("Novae")
    shared = [request.body for request in portal.list_requests("POST", "/sharing")]
    assert [len(body.get("photometryIDs", [])) for body in shared] == [1000, 500, 0]
    assert shared[2] == {"spectrumIDs": [8], "groupIDs": [7]}
    assert all(body["skipForeign"] for body in shared[:2])


def test_a_periodogram_has_arrays(portal: PreparedPortal, sky: Heliograph) -> None:
    best = [{"period": 0.5, "description": "strongest period", "role": "candidate"}]
    answer = {"frequencies": [1.0, 2.0], "power": [0.1, 0.9], "window_power": None, "best_periods": best}
    portal.answer("GET", "/sources/SN1/periodogram", reply(answer))
    periodogram = sky.source("SN1").periodogram(filters=["ztfg", "ztfr"], fmin=0.1)
    assert portal.requests[-1].query == {"filters": "ztfg,ztfr", "fmin": "0.1"}
    assert periodogram.frequencies[periodogram.power.argmax()] == 2
    assert periodogram.best_periods[0].period == 0.5
    assert "strongest period" in repr(periodogram.best_periods[0])
    assert periodogram._repr_html_()
