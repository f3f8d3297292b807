"""Payloads of real supernovae, as a service receives them, and what the fitter makes of them."""

import csv
import importlib.util
import io
from pathlib import Path
from typing import Any

from fitter_lambda.entry.supernova_service import build_request, service
from fitter_lambda.input.fit_request import FitRequest
from heliograph.service import Progress, payload_contents
from heliograph.service.analysis_run import ignore_progress, parse_arguments, run_payload
from heliograph.service.service_result import CallbackDocument

COLUMNS = (
    "mjd", "flux", "fluxerr", "mag", "magerr", "filter", "magsys",
    "limiting_mag", "zp", "instrument_name", "predicted_mag",
)  # fmt: skip
#: Under these, the likelihood and the best fit are those of sncosmo.fit_lc.
COMPARABLE = {"priors": "flat", "modelcov": False, "model_error": 0, "zp_error": 0}
REDSHIFT_HEADER = "redshift,redshift_error,redshift_origin\n"


def payload(rows: list[dict[str, Any]], redshift: str = ",,", **parameters: Any) -> dict[str, Any]:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return {
        "callback_url": "",
        "resource_id": "SN_test",
        "inputs": {
            "photometry": text.getvalue(),
            "redshift": f"{REDSHIFT_HEADER}{redshift}\n",
            "analysis_parameters": parameters,
        },
    }


def fit_payload(body: object, progress: Progress = ignore_progress) -> CallbackDocument:
    """The document that the fitter calls back."""
    return run_payload(service, body, progress)


def parse_payload(body: object) -> FitRequest:
    """What the fit of a payload starts from."""
    return build_request(**parse_arguments(service, payload_contents.parse_payload(body)))


def sn2019dwz_rows() -> list[dict[str, Any]]:
    """SN 2019dwz (Young Supernova Experiment and friends), from the wheel of templates."""
    return _of_the_wheel("19dwz")


def sn2020aai_rows() -> list[dict[str, Any]]:
    """SN 2020aai, of the same wheel: narrow, and not quite what SALT expects."""
    return _of_the_wheel("20aai")


def _of_the_wheel(name: str) -> list[dict[str, Any]]:
    spec = importlib.util.find_spec("jax_supernovae")
    assert spec is not None and spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0]) / "data" / name / "all.phot"
    bands = {"c": "atlasc", "o": "atlaso", "g": "ztfg", "ztfg": "ztfg", "ztfr": "ztfr"}
    rows = []
    for line in path.read_text().splitlines()[1:]:
        mjd, band, flux, fluxerr, _, _, zp, magsys = line.split()
        if band in bands:
            row = {"mjd": mjd, "flux": flux, "fluxerr": fluxerr, "filter": bands[band]}
            rows.append(row | {"zp": zp, "magsys": magsys})
    return rows


def sn2019dwz(**parameters: Any) -> dict[str, Any]:
    return payload(sn2019dwz_rows(), "0.04608,,", **{"source": "salt3", **parameters})


def sn2020aai(**parameters: Any) -> dict[str, Any]:
    # the wheel gives no redshift, but distance moduli of 36.1 to 36.3
    return payload(sn2020aai_rows(), "0.04,,", **{"source": "salt3", **parameters})


def ztf21aaqjmps(shared: Path, **parameters: Any) -> dict[str, Any]:
    with (shared / "demo" / "ZTF21aaqjmps_phot.csv").open() as file:
        return payload(list(csv.DictReader(file)), "0.0246,,", **parameters)
