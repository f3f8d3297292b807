"""The spectrum fitter as a service: payloads as portals send them."""

import json
from pathlib import Path

import numpy as np
import pytest

from fitter_lambda.entry.spectrum_choice import find_fitted_maximum
from fitter_lambda.entry.spectrum_service import service
from fitter_lambda.spectrum import __main__ as command
from heliograph.service.analysis_run import run_payload
from heliograph.service.remark_inputs import Annotation
from heliograph.testing import FakePortal
from tests.spectrum.conftest import Columns

PARAMETERS = {"template": "salt3", "z_max": 0.2, "n_draws": 200, "wavelengths": "vacuum"}


def to_csv(columns: Columns) -> str:
    lists = [json.dumps([float(f"{value:.6g}") for value in columns[name]]) for name in ("wavelength", "flux", "error")]
    row = ",".join(f'"{text}"' for text in lists)
    return f"observed_at,wavelengths,fluxes,errors,units\n2026-01-02T00:00:00,{row},erg/s/cm/cm/AA\n"


def test_a_portal_gets_class_redshift_and_figures(columns: Columns) -> None:
    with FakePortal() as portal:
        analysis = portal.run(
            service,
            parameters=PARAMETERS,
            inputs={"spectra": to_csv(columns), "redshift": "redshift,redshift_error\n,\n"},
        )
    assert analysis.status == "completed"
    assert analysis.results["class"] == "Ia"
    assert analysis.results["parameters"]["z"]["median"] == pytest.approx(0.08, abs=0.003)


def test_the_document_has_all_parts(columns: Columns) -> None:
    inputs = {"spectra": to_csv(columns), "redshift": "redshift\n0.08\n", "analysis_parameters": PARAMETERS}
    payload = {"inputs": inputs, "callback_url": "https://portal.example/callback/1", "resource_id": "SN 2026a"}
    document = run_payload(service, payload)
    assert document["status"] == "success", document["message"]
    analysis = document["analysis"]
    assert len(analysis["plots"]) == 2
    assert analysis["annotations"][0]["data"]["class"] == "SN Ia"
    assert analysis["verdict"]["describes_data"] and analysis["inference_data"]["data"]


@pytest.mark.parametrize(
    ("spectra", "parameters", "reason"),
    [
        ("observed_at,wavelengths,fluxes\n,\"[4000, 4010]\",\"[1, 2]\"\n", {}, "usable pixels"),
        ("observed_at,wavelengths,fluxes\n", {}, "no spectra"),
        (None, {"template": "salt9"}, "Unknown source"),
        (None, {"n_draws": "many"}, "n_draws"),
    ],
)  # fmt: skip
def test_a_failure_says_why(columns: Columns, spectra: str | None, parameters: dict[str, str], reason: str) -> None:
    inputs = {
        "spectra": to_csv(columns) if spectra is None else spectra,
        "redshift": "redshift\n\n",
        "analysis_parameters": parameters,
    }
    document = run_payload(service, {"inputs": inputs, "callback_url": "https://portal.example/callback/1"})
    assert document["status"] == "failure"
    assert reason in document["message"]


def make_payload(spectra: str, **inputs: object) -> dict[str, object]:
    parts = {"redshift": "redshift\n0.08\n", "analysis_parameters": PARAMETERS} | inputs
    return {"inputs": parts | {"spectra": spectra}, "callback_url": "https://portal.example/callback/1"}


def test_spectra_are_fitted_together_or_the_best_alone(columns: Columns) -> None:
    poor = columns | {"flux": columns["flux"] + 3e-16 * np.random.default_rng(1).standard_normal(1500)}
    later = to_csv(poor).splitlines()[1].replace("2026-01-02", "2026-01-06")
    late = to_csv(poor).splitlines()[1].replace("2026-01-02", "2026-09-01")
    rows = f"{to_csv(columns)}{later}\n{late}\n"
    both = run_payload(service, make_payload(rows))["analysis"]["results"]["data"]
    assert any("of 3 spectra fitted: 2026-01-02" in remark and "2026-09-01" in remark for remark in both["remarks"])
    assert len(both["spectra"]) == 2
    assert both["signal_to_noise"] > 20
    alone = make_payload(rows, analysis_parameters=PARAMETERS | {"together": False})
    results = run_payload(service, alone)["analysis"]["results"]["data"]
    assert len(results["spectra"]) == 1


def test_light_curve_and_fits_of_it_tell_the_phase(columns: Columns) -> None:
    days = 60000 + np.arange(-20, 40, 2.0)
    lines = [f"{day},{300 * np.exp(-0.5 * ((day - 60000) / 12) ** 2):.2f},8,ztfg" for day in days]
    spectra = to_csv(columns).replace("2026-01-02T00:00:00", "2023-03-02T00:00:00")  # MJD 60005
    payload = make_payload(spectra, photometry="\n".join(["mjd,flux,fluxerr,filter", *lines]))
    results = run_payload(service, payload)["analysis"]["results"]["data"]
    assert any("by the light curve alone" in remark for remark in results["remarks"])
    fit = {"model": "salt3", "t0": 60000.0, "t0_err": 0.5, "z": 0.08, "log_evidence": 5.0, "verdict": "fits"}
    assert find_fitted_maximum([Annotation("heliograph-supernova-fitter:salt3", fit, "", "")])[0] == pytest.approx(
        60000.0, abs=1.5
    )
    doubtful = fit | {"verdict": "Doubtful: few nights."}
    assert find_fitted_maximum([Annotation("heliograph-supernova-fitter:salt3", doubtful, "", "")])[0] is None
    assert find_fitted_maximum([Annotation("another program", fit, "", "")])[0] is None


def test_the_command_prints_a_document(columns: Columns, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = {"spectra": to_csv(columns), "redshift": "redshift\n0.08\n", "analysis_parameters": PARAMETERS}
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps({"inputs": inputs, "callback_url": "https://portal.example/callback/1"}))
    assert command.main([str(payload)]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "success"
    assert command.main([str(tmp_path / "none.json")]) == 2
