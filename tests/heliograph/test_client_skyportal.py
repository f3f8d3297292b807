"""A SkyPortal: the same contract, its differences, and what it lacks."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from heliograph import SkyPortal
from heliograph.errors import ArgumentError, NotFoundError, UnknownNameError, UnsupportedError
from heliograph.posterior_files import encode_posterior
from heliograph.source import MOST_BYTES
from tests.heliograph.prepared_portal import PreparedPortal, refuse, reply
from tests.inference_data import make_inference_data

ANALYSIS = {"id": 32, "obj_id": "SN1", "analysis_service_id": 6, "status": "completed", "status_message": "Fine."}
SERVICE = {"id": 6, "name": "rrl", "display_name": "RR Lyrae", "optional_analysis_parameters": {"type": ["a", "b"]}}
TAXONOMIES = [
    {"id": 1, "name": "Old", "isLatest": False, "hierarchy": {"class": "SN", "subclasses": [{"class": "Ia"}]}},
    {"id": 2, "name": "New", "isLatest": True, "hierarchy": {"class": "SN", "subclasses": [{"class": "Ia"}]}},
    {"id": 3, "name": "Stars", "isLatest": True, "hierarchy": {"class": "Star", "subclasses": None}},
]


@pytest.fixture(autouse=True)
def contents(portal: PreparedPortal) -> None:
    portal.answer("GET", "/obj/analysis/32", reply(ANALYSIS))
    portal.answer("GET", "/analysis_service", reply([SERVICE]))
    portal.answer("GET", "/taxonomy", reply(TAXONOMIES))
    portal.answer("POST", "/obj/SN1/analysis/6", reply({"id": 32}))


@pytest.mark.parametrize(
    "call",
    [
        lambda sky: sky.analyze(["SN1"], "rrl"),
        lambda sky: sky.batch(1),
        lambda sky: list(sky.analyses(status="completed")),
        lambda sky: list(sky.analyses(result="chi2<2")),
        lambda sky: sky.source("SN1").upload(b"x"),
        lambda sky: sky.source("SN1").periodogram(),
        lambda sky: sky.source("SN1").delete(),
        lambda sky: sky.analysis(32).rerun(),
        lambda sky: sky.analysis(32).cancel(),
        lambda sky: sky.analysis(32).share("Novae"),
        lambda sky: sky.analysis(32).light_curve(),
        lambda sky: sky.analysis(32).posterior_plot("forest"),
        lambda sky: sky.analysis(32).photometry_sent,
        lambda sky: sky.service("rrl").ping(),
    ],
)
def test_what_it_lacks_says_so_and_sends_nothing(
    portal: PreparedPortal, skyportal: SkyPortal, call: Callable[[SkyPortal], Any]
) -> None:
    with pytest.raises(UnsupportedError, match=f"{portal.url} is a SkyPortal, which has no .*; a Heliograph has"):
        call(skyportal)
    assert not [request for request in portal.requests if request.method != "GET"]


def test_an_analysis_is_started_and_waited_for(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    fit = skyportal.source("SN1").analyze("RR Lyrae", type="a", groups="Novae").wait(progress=False)
    assert (fit.status, fit.message, fit.progress, fit.verdict) == ("completed", "Fine.", None, None)
    assert fit.url == f"{portal.url}/source/SN1/analysis/32"
    with pytest.raises(UnknownNameError, match="There are: type"):
        skyportal.source("SN1").analyze("RR Lyrae", correct_extinction=True)


def test_instruments_are_filtered_by_number_as_text(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    skyportal.source("SN1").analyze("rrl", input_filters={"photometry": {"instruments": ["ZTF"]}})
    assert portal.list_requests("POST")[0].body["input_filters"] == {"photometry": {"instruments": ["3"]}}
    with pytest.raises(UnsupportedError, match="leave out single points"):
        skyportal.source("SN1").analyze("rrl", input_filters={"photometry": {"exclude": [1]}})


def test_everyone_is_a_group_with_a_number(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    portal.answer("GET", "/groups/public", reply({"id": 1, "name": "Sitewide Group"}))
    skyportal.source("SN1").analyze("rrl", groups="all")
    assert portal.list_requests("POST")[0].body["group_ids"] == [1]


def test_its_posterior_is_taken_from_the_document(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    content = encode_posterior(make_inference_data({"posterior": {"a": np.zeros((2, 5))}}))
    encoded = {"format": "netcdf4", "data": base64.b64encode(content).decode()}
    portal.answer("GET", "/obj/analysis/32", reply({**ANALYSIS, "data": {"inference_data": encoded}}))
    assert skyportal.analysis(32).inference_data.posterior["a"].shape == (2, 5)
    portal.answer("GET", "/obj/analysis/32", reply({**ANALYSIS, "data": {}}))
    with pytest.raises(NotFoundError, match="no inference data"):
        skyportal.analysis(32).inference_data  # noqa: B018


def test_its_corner_plot_may_be_gone(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    portal.answer("GET", "/obj/analysis/32/corner", refuse(404, "Invalid product type: corner"))
    with pytest.raises(UnsupportedError, match=r"draw \.inference_data with arviz"):
        skyportal.analysis(32).corner()


def test_a_class_gets_the_newest_taxonomy_that_has_it(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    portal.answer("POST", "/classification", reply({"classification_id": 4}))
    skyportal.source("SN1").classify("Ia", 0.9)
    assert portal.list_requests("POST")[0].body["taxonomy_id"] == 2
    with pytest.raises(UnknownNameError, match=r"No taxonomy has the class 'IIa'.*There are: Ia, SN, Star"):
        skyportal.source("SN1").classify("IIa")


def test_its_lists_have_numbered_pages(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    full = [{"id": f"SN{number}"} for number in range(100)]
    portal.answer("GET", "/sources", reply({"sources": full}), reply({"sources": [{"id": "SN99"}, {"id": "SN100"}]}))
    names = [source.name for source in skyportal.sources(name="SN", classification="Ia", group=7)]
    assert names == [f"SN{number}" for number in range(101)]
    first, second = portal.list_requests("GET", "/sources")
    assert (first.query["sourceID"], first.query["classifications"]) == ("SN", "New: Ia,Old: Ia")
    assert (first.query["pageNumber"], second.query["pageNumber"]) == ("1", "2")


def test_a_filter_that_it_would_ignore_is_refused(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'minRedshift'"):
        skyportal.sources(min_redshift=0.1)
    assert not portal.requests


def test_analyses_of_a_source_are_not_those_of_a_longer_name(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    other = {**ANALYSIS, "id": 33, "obj_id": "SN10"}
    portal.answer("GET", "/obj/analysis", reply([other, ANALYSIS]))
    assert [analysis["id"] for analysis in skyportal.source("SN1").analyses()] == [32]
    assert [analysis["id"] for analysis in skyportal.analyses(source="SN1")] == [32]


def test_a_missing_source_is_not_found(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    portal.answer("GET", "/sources/SN2", refuse(400, "Source not found"))
    portal.answer("GET", "/source_exists/SN2", reply({"source_exists": False, "message": "No."}))
    portal.answer("GET", "/sources", reply({"sources": []}))
    with pytest.raises(NotFoundError, match="no source 'SN2' that you can see"):
        skyportal.source("SN2")


def test_a_large_document_is_sent_as_it_is(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    portal.answer("GET", "/analysis_service", reply([{"id": 11, "name": "laptop", "upload_only": True}]))
    portal.answer("POST", "/obj/SN1/analysis_upload/11", reply({"id": 32}))
    skyportal.publish("SN1", name_of_service="laptop", results={"a": "x" * MOST_BYTES})
    assert len(portal.list_requests("POST")[0].content) > MOST_BYTES


def test_the_text_of_a_token_is_not_shown(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    """A SkyPortal has it as the token's id."""
    record = {"id": "5ecr3t", "name": "nightly", "acls": ["Upload data"], "created_at": "2026-11-01T00:00:00"}
    portal.answer("GET", "/internal/tokens", reply([record]))
    portal.answer("DELETE", "/internal/tokens/5ecr3t", reply())
    (token,) = skyportal.tokens()
    assert repr(token) == "<Token nightly, permissions=['Upload data']>"
    assert "5ecr3t" not in repr(token) + token._repr_html_()
    token.revoke()
    assert portal.list_requests("DELETE")
    with pytest.raises(UnsupportedError, match="stop working by themselves"):
        skyportal.create_token("script", days=3)


def test_remarks_are_changed_at_their_own_paths(portal: PreparedPortal, skyportal: SkyPortal) -> None:
    comment = {"id": 4, "obj_id": "SN1", "text": "Risng."}
    portal.answer("GET", "/sources/SN1/comments", reply([comment]))
    portal.answer("GET", "/sources/SN1/comments/4", reply({**comment, "text": "Rising."}))
    portal.answer("PUT", "/sources/SN1/comments/4", reply())
    (remark,) = skyportal.source("SN1").comments()
    with pytest.raises(ArgumentError, match="Name the fields"):
        remark.update()
    assert remark.update(text="Rising.", groups="Novae").text == "Rising."
    assert portal.list_requests("PUT")[0].body == {"text": "Rising.", "group_ids": [7]}
