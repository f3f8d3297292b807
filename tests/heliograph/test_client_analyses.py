"""Analyses: start, wait, results, rerun; services and their default analyses; batches."""

import base64
import json
from pathlib import Path
from typing import Any

import arviz
import numpy as np
import pytest

from heliograph import Heliograph
from heliograph.analysis import Analysis
from heliograph.errors import (
    AnalysisFailedError,
    ArgumentError,
    NotFoundError,
    PortalError,
    UnknownNameError,
    WaitTimeoutError,
)
from heliograph.pictures import Image
from heliograph.posterior_files import encode_posterior
from tests.heliograph.prepared_portal import PreparedPortal, break_connection, refuse, reply, send
from tests.inference_data import list_groups, make_inference_data

PNG = b"\x89PNG\r\n\x1a\n..."
PARAMETERS = {
    "source": {"type": "string", "default": "salt3", "suggestions": ["salt3", "auto"]},
    "fix_z": ["auto", "True", "False"],
    "mask": {"type": "file"},
    "n_steps": {"type": "number", "required": True, "default": 500},
}
FITTER = {
    "id": 6, "name": "supernova fitter", "display_name": "Supernova fitter", "analysis_type": "lightcurve_fitting",
    "input_data_types": ["photometry"], "optional_analysis_parameters": json.dumps(PARAMETERS),
}  # fmt: skip
ANALYSIS = {
    "id": 32, "obj_id": "SN1", "analysis_service_id": 6, "analysis_service_name": "Supernova fitter",
    "status": "pending", "status_message": "", "num_plots": 1,
}  # fmt: skip
PHOTOMETRY = "mjd,flux,fluxerr,mag,filter\n58600.5,10.0,1.0,21.4,ztfr\n58601.5,,1.0,,ztfg\n"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again at once."""
    monkeypatch.setattr("heliograph.progress_bars._FIRST_PAUSE", 0.001)
    monkeypatch.setattr("heliograph.progress_bars._LONGEST_PAUSE", 0.001)
    monkeypatch.setattr("urllib3.util.Retry.get_backoff_time", lambda retry: 0)


@pytest.fixture
def fit(portal: PreparedPortal, sky: Heliograph) -> Analysis:
    """An analysis whose products are there."""
    other = {**FITTER, "id": 8, "name": "other", "display_name": "Other", "optional_analysis_parameters": None}
    portal.answer("GET", "/analysis_service", reply([FITTER, other]))
    portal.answer("GET", "/analysis_service/6", reply(FITTER))
    portal.answer("POST", "/obj/SN1/analysis/6", reply({"id": 32}))
    portal.answer("POST", "/obj/analysis/32/rerun", reply({"id": 32}))
    portal.answer("GET", "/obj/analysis/32", reply(ANALYSIS))
    portal.answer("GET", "/obj/analysis/32/status", reply({"status": "completed", "message": "Done."}))
    portal.answer("GET", "/obj/analysis/32/results", reply({"chi2": 31.7}))
    portal.answer("GET", "/obj/analysis/32/plots/0", send(PNG))
    portal.answer("GET", "/obj/analysis/32/corner", send(PNG))
    portal.answer("GET", "/obj/analysis/32/light_curve", send(b"%PDF-1.4"))
    portal.answer("GET", "/obj/analysis/32/inputs", reply({"inputs": {"photometry": PHOTOMETRY}}))
    return sky.analysis(32)


def answer_states(portal: PreparedPortal, *states: tuple[str, str, float | None]) -> None:
    """Have the status of the analysis go through these states."""
    answers = [reply({"status": state, "message": words, "progress": done}) for state, words, done in states]
    portal.answer("GET", "/obj/analysis/32/status", *answers)
    last = {**ANALYSIS, "status": states[-1][0], "status_message": states[-1][1]}
    portal.answer("GET", "/obj/analysis/32", reply(last))


def test_an_analysis_is_started_by_the_services_name(portal: PreparedPortal, sky: Heliograph, fit: Analysis) -> None:
    for service in ("Supernova fitter", "supernova FITTER", 6, sky.service("supernova fitter")):
        started = sky.source("SN1").analyze(service, source="auto", n_steps=np.int64(3), fix_z=True, groups="Novae")
        assert started["id"] == 32
    assert portal.list_requests("POST")[-1].body == {
        "analysis_parameters": {"source": "auto", "n_steps": 3, "fix_z": True},
        "group_ids": [7], "show_plots": True, "show_corner": True, "show_parameters": True,
    }  # fmt: skip


def test_an_unknown_parameter_is_named_with_those_that_exist(
    portal: PreparedPortal, sky: Heliograph, fit: Analysis
) -> None:
    source = sky.source("SN1")
    with pytest.raises(UnknownNameError) as caught:
        source.analyze("Supernova fitter", sauce="salt3")
    assert "Supernova fitter has no parameter 'sauce'. Did you mean 'source'?" in str(caught.value)
    assert "source, fix_z, mask, n_steps, correct_extinction" in str(caught.value)
    with pytest.raises(UnknownNameError):
        sky.analyze(["SN1"], "Supernova fitter", sauce="salt3")
    with pytest.raises(UnknownNameError):
        fit.rerun(sauce="salt3")
    with pytest.raises(UnknownNameError, match=r"You see no analysis service 'fitter'.*There are: supernova fitter"):
        source.analyze("fitter")
    assert not portal.list_requests("POST")


def test_parameters_named_like_arguments_are_given_in_a_dict(
    portal: PreparedPortal, sky: Heliograph, fit: Analysis
) -> None:
    declared = {"groups": ["a"], "service": ["b"], "self": ["c"]}
    portal.answer("GET", "/analysis_service", reply([{**FITTER, "optional_analysis_parameters": declared}]))
    sky.source("SN1").analyze("Supernova fitter", parameters={"groups": "a"}, service="b", self="c")
    assert portal.list_requests("POST")[0].body["analysis_parameters"] == {"groups": "a", "service": "b", "self": "c"}


def test_photometry_is_filtered_by_what_exists(portal: PreparedPortal, sky: Heliograph, fit: Analysis) -> None:
    source = sky.source("SN1")
    filters = {"photometry": {"filters": "ztfg", "instruments": ["ztf", 4], "exclude": np.array([12, 31])}}
    source.analyze("Supernova fitter", input_filters=filters)
    assert portal.list_requests("POST")[0].body["input_filters"] == {
        "photometry": {"filters": ["ztfg"], "instruments": [3, 4], "exclude": [12, 31]}
    }
    for wrong in ({"filters": ["ztfg"]}, {"photometry": {"filter": []}}, {"photometry": {"instruments": ["LSST"]}}):
        with pytest.raises(UnknownNameError):
            source.analyze("Supernova fitter", input_filters=wrong)
    with pytest.raises(ArgumentError, match="expected a dict"):
        source.analyze("Supernova fitter", input_filters={"photometry": ["ztfg"]})
    assert len(portal.list_requests("POST")) == 1


def test_a_file_becomes_a_data_url(portal: PreparedPortal, sky: Heliograph, fit: Analysis, tmp_path: Path) -> None:
    path = tmp_path / "my mask.csv"
    path.write_bytes(b"1,2")
    encoded = base64.b64encode(b"1,2").decode()
    source = sky.source("SN1")
    for value in (path, str(path)):
        source.analyze("Supernova fitter", mask=value)
        sent = portal.list_requests("POST")[-1].body["analysis_parameters"]["mask"]
        assert sent == f"data:text/csv;name=my%20mask.csv;base64,{encoded}"
    source.analyze("Supernova fitter", mask=b"1,2")
    sent = portal.list_requests("POST")[-1].body["analysis_parameters"]["mask"]
    assert sent == f"data:application/octet-stream;name=mask;base64,{encoded}"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"mask": "no such file"}, "mask: no such file cannot be read"),
        ({"mask": 5}, "mask: expected a path, bytes or a data URL"),
        ({"source": Path("x")}, "source: expected text or a number: it takes no file"),
        ({"n_steps": float("nan")}, "n_steps: nan cannot be sent"),
        ({"n_steps": np.ma.masked}, "n_steps: a value is masked"),
        ({"n_steps": object()}, "n_steps: object is not expected"),
    ],
)
def test_a_value_that_cannot_be_sent_is_refused(
    portal: PreparedPortal, sky: Heliograph, fit: Analysis, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(ArgumentError, match=words):
        sky.source("SN1").analyze("Supernova fitter", **parameters)
    assert not portal.list_requests("POST")


def test_a_required_parameter_is_named(portal: PreparedPortal, sky: Heliograph, fit: Analysis) -> None:
    declared = {"degree": {"type": "number", "required": "True"}}
    portal.answer("GET", "/analysis_service", reply([{**FITTER, "optional_analysis_parameters": declared}]))
    with pytest.raises(ArgumentError, match="requires the parameters degree"):
        sky.source("SN1").analyze("Supernova fitter", degree=None)


def test_waiting_shows_the_services_messages(
    portal: PreparedPortal, fit: Analysis, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_states(
        portal, ("queued", "", None), ("pending", "Burning \x1b[31min.", 0.25), ("completed", "Converged.", 1.0)
    )
    assert fit.wait() is fit
    shown_text = capsys.readouterr().err
    assert "Burning" in shown_text
    assert "25%" in shown_text
    assert "100%" in shown_text
    assert "\x1b[31m" not in shown_text
    assert "completed, Converged." in repr(fit)


def test_waiting_without_a_bar_prints_nothing(
    portal: PreparedPortal, fit: Analysis, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_states(portal, ("pending", "", None), ("completed", "", 1.0))
    fit.wait(progress=False)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("state", ["failure", "timed_out", "cancelled"])
def test_a_failed_analysis_raises_with_the_words(portal: PreparedPortal, fit: Analysis, state: str) -> None:
    answer_states(portal, (state, "Only 2 points.\nGive \x1bmore.", None))
    with pytest.raises(AnalysisFailedError) as caught:
        fit.wait(progress=False)
    assert str(caught.value) == f"Analysis 32 ended as {state}: Only 2 points.\nGive more."


def test_waiting_ends_in_time_and_leaves_it_running(portal: PreparedPortal, fit: Analysis) -> None:
    answer_states(portal, ("pending", "", None))
    with pytest.raises(WaitTimeoutError, match=r"it goes on\. sky\.analysis\(32\)\.wait\(\) waits again"):
        fit.wait(timeout=0.02, progress=False)
    assert not portal.list_requests("POST")


def test_ctrl_c_leaves_it_running_and_says_how_to_come_back(
    portal: PreparedPortal, fit: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    answer_states(portal, ("pending", "", None))
    monkeypatch.setattr("heliograph.progress_bars.time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt, match=r"goes on\. sky\.analysis\(32\)\.wait\(\) waits again"):
        fit.wait(progress=False)
    assert not portal.list_requests("POST")


def test_an_outage_does_not_end_the_wait(portal: PreparedPortal, fit: Analysis) -> None:
    ended = reply({"status": "completed", "message": ""})
    outage = [break_connection] * 8
    portal.answer("GET", "/obj/analysis/32", reply({**ANALYSIS, "status": "completed"}))
    portal.answer("GET", "/obj/analysis/32/status", *outage, refuse(500, "Broken."), ended)
    fit.wait(progress=False)


def test_a_deleted_analysis_ends_the_wait(portal: PreparedPortal, fit: Analysis) -> None:
    portal.answer("GET", "/obj/analysis/32/status", refuse(403, "There is no analysis 32."))
    with pytest.raises(PortalError, match="There is no analysis 32"):
        fit.wait(progress=False)


def test_the_products_of_an_analysis(portal: PreparedPortal, fit: Analysis, tmp_path: Path) -> None:
    assert fit.results == {"chi2": 31.7}
    assert fit.plots[0].content == PNG
    assert fit.corner(quantiles=[0.05, 0.95], show_titles=True).format == "png"
    query = portal.requests[-1].query
    assert json.loads(query["plot_kwargs"]) == {"quantiles": [0.05, 0.95], "show_titles": True}
    figure = fit.light_curve(scale="magnitude", format="pdf")
    assert portal.requests[-1].query == {"scale": "magnitude", "format": "pdf"}
    assert figure.save(tmp_path).read_bytes() == b"%PDF-1.4"
    with pytest.raises(ArgumentError, match=r"this picture is PDF; save it as curve\.pdf"):
        figure.save(tmp_path / "curve.png")
    assert fit.plots[0].save(tmp_path / "a.PNG").exists()
    assert fit.plots[0]._repr_png_() == PNG
    assert figure._repr_png_() is None


def test_the_photometry_that_was_sent(fit: Analysis) -> None:
    assert fit.photometry_sent.to_pandas()["flux"].isna().tolist() == [False, True]
    points = fit.photometry_sent.to_table()
    assert points["flux"].unit == "uJy"
    assert points["flux"].mask.tolist() == [False, True]
    assert repr(fit.photometry_sent).startswith("<SentPhotometry: 2 points")


def test_what_a_portal_calls_photometry_is_no_file_name(portal: PreparedPortal, fit: Analysis, tmp_path: Path) -> None:
    path = tmp_path / "secrets.csv"
    path.write_text("password\nsecret\n")
    portal.answer("GET", "/obj/analysis/32/inputs", reply({"inputs": {"photometry": str(path)}}))
    assert "secret" not in str(list(fit.photometry_sent.to_table()))


def test_the_posterior_is_read_by_arviz(portal: PreparedPortal, fit: Analysis) -> None:
    draws = np.random.default_rng(1).normal(size=(4, 10))
    posterior = make_inference_data({"posterior": {"t0": draws}})
    portal.answer("GET", "/obj/analysis/32/inference_data", send(encode_posterior(posterior)))
    assert fit.inference_data.posterior["t0"].values.shape == (4, 10)
    assert list_groups(fit.inference_data) == {"posterior"}
    assert arviz.summary(fit.inference_data, round_to=3) is not None


def test_a_posterior_that_is_none_says_so(portal: PreparedPortal, fit: Analysis) -> None:
    portal.answer("GET", "/obj/analysis/32/inference_data", send(b"no netCDF"))
    with pytest.raises(PortalError, match="cannot be opened as netCDF"):
        fit.inference_data  # noqa: B018


def test_results_that_are_not_there_yet_say_what_to_do(portal: PreparedPortal, fit: Analysis) -> None:
    portal.answer("GET", "/obj/analysis/32/results", refuse(404, "Analysis 32 has no results."), reply({"a": 1}))
    answer_states(portal, ("pending", "", None))
    with pytest.raises(NotFoundError, match=r"has no results\. It is pending still: call \.wait\(\) first"):
        fit.results  # noqa: B018
    assert fit.results == {"a": 1}


def test_a_download_writes_what_there_is(portal: PreparedPortal, fit: Analysis, tmp_path: Path) -> None:
    paths = fit.download(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["results.json", "photometry_sent.csv", "plot_0.png"]
    assert json.loads(paths[0].read_text()) == {"chi2": 31.7}
    portal.answers.pop(("GET", "/obj/analysis/32/results"))
    portal.answers.pop(("GET", "/obj/analysis/32/inputs"))
    portal.answer("GET", "/obj/analysis/32", reply({**ANALYSIS, "status": "failure", "num_plots": 0}))
    with pytest.raises(NotFoundError, match="nothing to download"):
        Heliograph(portal.url, "token").analysis(32).download(tmp_path)


def test_a_rerun_takes_changes_only(portal: PreparedPortal, fit: Analysis) -> None:
    assert fit.rerun(source="auto", groups="all")["id"] == 32
    body = portal.list_requests("POST", "/obj/analysis/32/rerun")[0].body
    assert body == {"analysis_parameters": {"source": "auto"}, "group_ids": "all"}


def test_a_list_of_analyses_is_filtered(portal: PreparedPortal, sky: Heliograph, fit: Analysis) -> None:
    first = reply([ANALYSIS], headers={"X-Next-Cursor": "x"})
    portal.answer("GET", "/obj/analysis", first, reply([{**ANALYSIS, "id": 31}]))
    matches = sky.analyses(source="SN1", service="Supernova fitter", status="completed", result="chi2<2")
    assert [analysis["id"] for analysis in matches] == [32, 31]
    query = portal.requests[-1].query
    assert (query["objID"], query["analysisServiceID"], query["result"]) == ("SN1", "6", "chi2<2")


def test_a_picture_is_known_by_its_first_bytes() -> None:
    formats = {
        PNG: "png", b"\xff\xd8\xff\xe0": "jpeg", b"GIF89a": "gif", b"%PDF-1.7": "pdf",
        b"<?xml version='1.0'?>\n<svg>": "svg", b"<html>": "bin", b"": "bin",
    }  # fmt: skip
    assert {content: Image(content).format for content in formats} == formats


def test_scripts_of_a_picture_do_not_run_in_a_notebook() -> None:
    html = Image(b"<svg onload='alert(1)'><script>alert(1)</script></svg>")._repr_html_()
    assert html is not None
    assert html.startswith('<img src="data:image/svg+xml;base64,')
    assert "script" not in html
    assert Image(PNG)._repr_html_() is None


def test_parameters_of_a_service(sky: Heliograph, fit: Analysis) -> None:
    parameters = sky.service("Supernova fitter").parameters
    assert list(parameters) == ["source", "fix_z", "mask", "n_steps"]
    assert parameters["source"].default == "salt3"
    assert parameters["fix_z"].suggestions == ["auto", "True", "False"]
    assert sky.service("Other").parameters == {}


def test_a_service_is_changed(portal: PreparedPortal, sky: Heliograph, fit: Analysis) -> None:
    portal.answer("PATCH", "/analysis_service/6", reply())
    portal.answer("GET", "/analysis_service/6", reply({**FITTER, "enabled": False}))
    assert sky.service(np.int64(6)).update(enabled=False).enabled is False
    assert portal.list_requests("PATCH")[0].body == {"enabled": False}


def test_a_default_analysis_is_added_and_deleted(portal: PreparedPortal, sky: Heliograph, fit: Analysis) -> None:
    record = {"id": 9, "analysis_service_id": 6}
    portal.answer("POST", "/analysis_service/6/default_analysis", reply({"id": 9}))
    portal.answer("GET", "/analysis_service/6/default_analysis", reply([record]))
    portal.answer("GET", "/analysis_service/6/default_analysis/9", reply(record))
    portal.answer("DELETE", "/analysis_service/6/default_analysis/9", reply())
    service = sky.service("Supernova fitter")
    service.add_default_analysis(classifications={"II": 0.9}, group="Novae", parameters={"source": "auto"})
    assert portal.list_requests("POST")[0].body == {
        "source_filter": {"classifications": [{"name": "II", "probability": 0.9}], "group_id": 7},
        "default_analysis_parameters": {"source": "auto"},
    }
    with pytest.raises(ArgumentError, match="classifications or a group"):
        service.add_default_analysis(parameters={})
    service.default_analyses()[0].delete()
    assert portal.list_requests("DELETE")


def test_a_batch_has_one_bar(
    portal: PreparedPortal, sky: Heliograph, fit: Analysis, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(status: str, *states: str | None) -> Any:
        outcomes = [
            {"obj_id": f"SN{n}", "analysis_id": n + 1 if state else None, "status": state, "message": "why"}
            for n, state in enumerate(states)
        ]
        return reply({"id": 4, "service_id": 6, "status": status, "total": 3, "outcomes": outcomes})

    portal.answer("POST", "/analysis_batch", reply({"id": 4}))
    portal.answer(
        "GET",
        "/analysis_batch/4",
        answer("running"),
        answer("running", "queued", None),
        answer("done", "completed", None, "pending"),
        answer("done", "completed", None, "failure"),
    )
    batch = sky.analyze(["SN0", sky.source("SN1"), "SN2"], "Supernova fitter", source="auto")
    body = portal.list_requests("POST")[0].body
    assert (body["obj_ids"], body["service_id"]) == (["SN0", "SN1", "SN2"], 6)
    assert batch.wait() is batch
    assert "67%" in capsys.readouterr().err
    assert repr(batch) == "<Batch 4, 3 sources, 1 completed, 1 refused, 1 failure>"
    assert [analysis["id"] for analysis in batch.analyses] == [1, 3]
    assert batch.outcomes[1].message == "why"


def test_batches_are_listed(portal: PreparedPortal, sky: Heliograph) -> None:
    summary = {"id": 4, "service_id": 6, "status": "done", "total": 3, "started": 2, "refused": 1}
    portal.answer("GET", "/analysis_batch", reply([summary]))
    assert [repr(batch) for batch in sky.batches()] == ["<Batch 4, 3 sources, 2 started, 1 refused>"]


def test_a_batch_of_a_group(portal: PreparedPortal, sky: Heliograph, fit: Analysis) -> None:
    portal.answer("POST", "/analysis_batch", reply({"id": 4}))
    portal.answer("GET", "/analysis_batch/4", reply({"id": 4, "status": "running", "total": 0, "outcomes": []}))
    sky.analyze(sky.group("novae"), "Supernova fitter")
    assert portal.list_requests("POST")[0].body["group_id"] == 7


@pytest.mark.parametrize("sources", ["SN1", [], [1, 2], [None]])
def test_a_batch_of_no_sources_is_refused(portal: PreparedPortal, sky: Heliograph, fit: Analysis, sources: Any) -> None:
    with pytest.raises(ArgumentError, match="sources: expected"):
        sky.analyze(sources, "Supernova fitter")
    assert not portal.list_requests("POST")
