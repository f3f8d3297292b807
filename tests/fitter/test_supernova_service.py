"""The fitter as a service of the kit: declared, tried, run and served as any other."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import pytest

from fitter_lambda.entry import supernova_service
from fitter_lambda.entry.supernova_service import service
from fitter_lambda.input.fit_parameters import PARAMETERS
from heliograph.errors import InputError
from heliograph.service import load_service, register, try_locally
from heliograph.testing import FakePortal, ServedProcess
from tests.fitter.light_curves import sn2019dwz

FILE = Path(supernova_service.__file__)
QUICK = {"source": "salt3", "fix_z": "True", "n_draws": "100"}


@pytest.fixture
def portal() -> Iterator[FakePortal]:
    with FakePortal() as portal:
        yield portal


def make_options(**parameters: Any) -> dict[str, Any]:
    inputs = sn2019dwz()["inputs"]
    return {
        "parameters": {**QUICK, **parameters},
        "inputs": {name: inputs[name] for name in ("photometry", "redshift")},
        "input_types": ["photometry", "redshift"],
    }


def test_its_table_of_parameters_is_what_is_registered(portal: FakePortal) -> None:
    assert register(load_service(str(FILE)), portal.connection, "https://fits.example.org").is_new
    (fields,) = portal.services.values()
    assert fields["name"] == "supernova fitter" and fields["description"].startswith("Fit a light curve")
    assert fields["input_data_types"] == ["photometry", "redshift"]
    assert fields["optional_analysis_parameters"] == PARAMETERS


@pytest.mark.parametrize("kind", ["heliograph", "skyportal"])
def test_either_portal_takes_its_document(kind: Any) -> None:
    with FakePortal(kind) as portal:
        analysis = portal.run(service, **make_options())
    assert (analysis.status, analysis.callbacks) == ("completed", [200]), analysis.message
    assert len(analysis.document["plots"]) == 2 and analysis.document["model_name"] == "salt3"
    results = joblib.load(io.BytesIO(base64.b64decode(analysis.document["results"]["data"])))
    assert results["parameters"]["t0"]["median"] == pytest.approx(58606, abs=2)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"sorce": "salt3"}, "did you mean source"),
        ({"n_draws": "many"}, "100 to 20000"),
        ({"mjd_min": 99999}, "mjd_min"),
    ],
)
def test_what_it_refuses_is_said_in_its_own_words(portal: FakePortal, parameters: Any, words: str) -> None:
    analysis = portal.run(service, **make_options(**parameters))
    assert analysis.status == "failure" and words in analysis.message and "unexpectedly" not in analysis.message


def test_it_is_served_like_any_file(portal: FakePortal) -> None:
    with ServedProcess(FILE, [portal.url], workers=1) as served:
        analysis = portal.send(served.url, **make_options())
        analysis.wait()
    assert analysis.status == "completed", analysis.message
    assert [message for _, message in analysis.progress]


def test_it_is_tried_on_a_source_of_a_portal(portal: FakePortal) -> None:
    header, *lines = sn2019dwz()["inputs"]["photometry"].splitlines()
    rows = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
    numbers = ("mjd", "flux", "fluxerr", "zp")
    points = [row | {name: float(row[name]) if row[name] else None for name in numbers} for row in rows]
    portal.add_source("2019dwz", redshift=0.04608, photometry=points)
    result = try_locally(service, portal.connection, "2019dwz", QUICK)
    assert "salt3" in result.message and len(list(result.plots)) == 2
    with pytest.raises(InputError, match="mjd_max"):
        try_locally(service, portal.connection, "2019dwz", {"mjd_min": "2", "mjd_max": "1"})
