"""Load the demo data into a running stack, over HTTP like any user: ``make load_demo_data``.

Instruments, the supernova fitter as analysis service 1, the spectrum fitter, and real supernovae: SN 2019dwz and
SN 2020aai as published with the wheel ``jax-bandflux`` (ATLAS and ZTF photometry; the wheel gives
neither positions nor 20aai's redshift, so these stay blank), and ZTF21aaqjmps if its files are
available (``DEMO_DATA_DIR``, or ``shared/demo`` beside the project). Existing records stay.
"""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, cast

import requests

from fitter_lambda.entry.spectrum_service import service as spectrum_service
from fitter_lambda.input.fit_parameters import AUTO, PARAMETERS
from fitter_lambda.input.templates import list_local_sources
from fitter_lambda.spectrum.spectrum_models import list_template_names
from infra import PROJECT
from infra.client import Api, DemoError
from infra.local.stack_settings import StackSettings

FITTER = "supernova fitter"
SPECTRUM_FITTER = "spectrum fitter"
FITTER_REQUESTS_AT_ONCE = 50
GROUP = "Demo group"

INSTRUMENTS = {"ZTF": ["ztfg", "ztfr", "ztfi"], "ATLAS": ["atlasc", "atlaso"], "spectrograph": []}
"""In the order of their ids: the first is ZTF."""

BANDPASSES = {
    "g": ("ztfg", "ZTF"), "ztfg": ("ztfg", "ZTF"), "ztfr": ("ztfr", "ZTF"),
    "c": ("atlasc", "ATLAS"), "o": ("atlaso", "ATLAS"),
}  # fmt: skip
"""Names of the files -> sncosmo's name and the instrument. sncosmo has no bandpass for the wheel's J band."""

MJD_ZERO = datetime(1858, 11, 17)


def load_demo_data(api: Api, report: Callable[[str], None] = print) -> None:
    """Load everything that is missing.

    Parameters
    ----------
    api : Api
        The stack, as an administrator.
    report : callable
        Called with a line for each step.
    """
    instruments = _ensure_instruments(api)
    group = _ensure_group(api)
    report(f"instruments: {', '.join(instruments)}; group {group}: {GROUP}")
    report(f"analysis service {_register_service(api, _describe_fitter(api, group))}: {FITTER}")
    report(f"analysis service {_register_service(api, _describe_spectrum_fitter(api, group))}: {SPECTRUM_FITTER}")
    for name, redshift in (("2019dwz", 0.04608), ("2020aai", None)):
        file = _find_wheel_file(name[2:])
        rows = _read_photometry(file, instruments, "bandpass", delimiter=" ", skipinitialspace=True)
        _load_source(api, {"id": name, "ra": None, "dec": None, "redshift": redshift}, rows, group)
        report(f"source {name}: {len(rows)} points of photometry")
    folder = Path(os.environ.get("DEMO_DATA_DIR", PROJECT.parent / "shared" / "demo"))
    if (folder / "ZTF21aaqjmps_phot.csv").is_file():
        report(f"source ZTF21aaqjmps: {_load_ztf21aaqjmps(api, folder, instruments, group)}")
    else:
        report("source ZTF21aaqjmps: left out, its files were not found (DEMO_DATA_DIR)")


def _ensure_instruments(api: Api) -> dict[str, int]:
    """Return the ids of the instruments by name."""
    ids = {item["name"]: int(item["id"]) for item in api.get("/instrument")}
    for name, filters in INSTRUMENTS.items():
        if name not in ids:
            kind = "imager" if filters else "spectrograph"
            ids[name] = api.post("/instrument", {"name": name, "type": kind, "filters": filters})["id"]
    return {name: ids[name] for name in INSTRUMENTS}


def _ensure_group(api: Api) -> int:
    for group in api.get("/groups")["user_groups"]:
        if group["name"] == GROUP:
            return int(group["id"])
    return int(api.post("/groups", {"name": GROUP})["id"])


def describe_parameters() -> dict[str, Any]:
    """Return the fitter's parameters, with the models that are installed as suggestions."""
    source = {**cast("dict[str, Any]", PARAMETERS["source"]), "suggestions": [AUTO, *list_local_sources()]}
    return {**PARAMETERS, "source": source}


def _describe_spectrum_fitter(api: Api, group: int) -> dict[str, Any]:
    """Return the registration of the spectrum fitter."""
    declared = spectrum_service.declaration()
    declared["optional_analysis_parameters"]["template"]["suggestions"] = [AUTO, *list_template_names()]
    return {
        "name": SPECTRUM_FITTER,
        "display_name": "Spectrum fitter",
        "description": declared["description"],
        "version": declared["version"],
        "url": f"{api.url}/fitter/spectrum",
        "authentication_type": "header_token",
        "_authinfo": {"header_token": {"Authorization": f"Bearer {_get_fitter_token()}"}},
        "analysis_type": declared["analysis_type"],
        "input_data_types": declared["input_data_types"],
        "optional_analysis_parameters": json.dumps(declared["optional_analysis_parameters"]),
        "timeout": 1800,
        "requests_at_once": FITTER_REQUESTS_AT_ONCE,
        "group_ids": [group],
    }


def _describe_fitter(api: Api, group: int) -> dict[str, Any]:
    """Return the registration of the supernova fitter."""
    return {
        "name": FITTER,
        "display_name": "Supernova fitter",
        "description": "Fits a light curve with a model of sncosmo: posterior samples, plots, results.",
        "version": "1.0",
        "url": f"{api.url}/fitter/supernova?json_results=true",
        "authentication_type": "header_token",
        "_authinfo": {"header_token": {"Authorization": f"Bearer {_get_fitter_token()}"}},
        "analysis_type": "lightcurve_fitting",
        "input_data_types": ["photometry", "redshift"],
        "optional_analysis_parameters": json.dumps(describe_parameters()),
        "timeout": 1800,
        # It only queues them.
        "requests_at_once": FITTER_REQUESTS_AT_ONCE,
        "group_ids": [group],
    }


def _register_service(api: Api, fields: dict[str, Any]) -> int:
    """Register a service, or update its registration: its address depends on the port."""
    for service in api.get("/analysis_service"):
        if service["name"] == fields["name"]:
            api.patch(f"/analysis_service/{service['id']}", fields)
            return int(service["id"])
    return int(api.post("/analysis_service", fields)["id"])


def _get_fitter_token() -> str:
    """Return the fitter's token by the operator's command."""
    environment = {**os.environ, **StackSettings.from_environment().make_aws_environment()}
    command = [sys.executable, "-m", "infra.admin", "fitter-token"]
    result = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise DemoError(f"The command for the fitter's token failed:\n{result.stderr.strip()}")
    return result.stdout.strip()


def _find_wheel_file(name: str) -> Path:
    try:
        wheel = distribution("jax-bandflux")
    except PackageNotFoundError:
        raise DemoError("The wheel jax-bandflux is not installed; `make setup` installs it.") from None
    return Path(str(wheel.locate_file(f"jax_supernovae/data/{name}/all.phot")))


def _read_photometry(
    file: Path, instruments: dict[str, int], band_column: str, **csv_format: Any
) -> list[dict[str, Any]]:
    """Return the API's fields of rows with one of `BANDPASSES`; an empty flux is a non-detection."""
    with file.open() as text:
        return [
            {
                "mjd": float(row["mjd"]),
                "flux": float(row["flux"]) if row["flux"] else None,
                "fluxerr": float(row["fluxerr"]),
                "zp": float(row["zp"]),
                "filter": BANDPASSES[row[band_column]][0],
                "instrument_id": instruments[BANDPASSES[row[band_column]][1]],
            }
            for row in csv.DictReader(text, **csv_format)
            if row[band_column] in BANDPASSES
        ]


def _load_source(api: Api, source: dict[str, Any], rows: list[dict[str, Any]], group: int) -> None:
    api.post("/sources", {**source, "group_ids": [group]})
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    api.put("/photometry", {"obj_id": source["id"], "magsys": "ab", "group_ids": [group], **columns})


def _load_ztf21aaqjmps(api: Api, folder: Path, instruments: dict[str, int], group: int) -> str:
    """Load the source with its spectrum, and return a summary."""
    rows = _read_photometry(folder / "ZTF21aaqjmps_phot.csv", instruments, "filter")
    source = {"id": "ZTF21aaqjmps", "ra": 202.5050541, "dec": 13.4111859, "redshift": 0.0246}
    _load_source(api, source, rows, group)
    if not api.get("/sources/ZTF21aaqjmps/spectra")["spectra"]:
        with (folder / "ZTF21aaqjmps_spec.csv").open() as text:
            bins = list(csv.DictReader(text))
        first_detection = min(row["mjd"] for row in rows if row["flux"])
        note = "the file names neither date nor instrument; the date is the first detection's"
        spectrum = {
            "obj_id": "ZTF21aaqjmps",
            "instrument_id": instruments["spectrograph"],
            "observed_at": (MJD_ZERO + timedelta(days=first_detection)).isoformat(timespec="seconds"),
            "altdata": {"note": note},
            "wavelengths": [float(row["wavelengths"]) for row in bins],
            "fluxes": [float(row["fluxes"]) for row in bins],
            "group_ids": [group],
        }
        api.post("/spectrum", spectrum)
    return f"{len(rows)} points of photometry, a spectrum"


def main() -> int:
    """Load the demo data; print an error if that fails."""
    settings = StackSettings.from_environment()
    try:
        load_demo_data(Api(f"{settings.url}/api", settings.token_file.read_text().strip()))
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (requests.ConnectionError, FileNotFoundError):
        print(f"error: no stack runs at {settings.url}. `make run` starts one.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
