"""Load the demo data into a running stack, over HTTP like anybody else: ``make load_demo_data``.

Instruments, the supernova fitter as analysis service 1, and real supernovae: SN 2019dwz and
SN 2020aai as published with the wheel ``jax-bandflux`` (ATLAS and ZTF photometry; the wheel gives
neither positions nor 20aai's redshift, so these stay blank), and ZTF21aaqjmps where its files are
at hand (``DEMO_DATA_DIR``, or ``shared/demo`` beside the project). What is there already stays.
"""

import csv
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from fitter_lambda.input.fit_parameters import PARAMETERS
from infra.client import Api, DemoError
from infra.local.settings import PROJECT, Settings

__all__ = ["FITTER", "load", "main"]

FITTER = "supernova fitter"
GROUP = "Demo group"

INSTRUMENTS = {
    "ZTF": ["ztfg", "ztfr", "ztfi"],
    "ATLAS": ["atlasc", "atlaso"],
    "spectrograph": [],
}
"""In the order of their ids: the first is ZTF."""

WHEEL_BANDS = {
    "g": ("ztfg", "ZTF"),
    "ztfg": ("ztfg", "ZTF"),
    "ztfr": ("ztfr", "ZTF"),
    "c": ("atlasc", "ATLAS"),
    "o": ("atlaso", "ATLAS"),
}
"""The wheel's names of bandpasses; its J-band points have no bandpass in sncosmo and stay out."""


def load(api: Api, say: Callable[[str], None] = print) -> None:
    """Load everything that is not there yet.

    Parameters
    ----------
    api : Api
        The stack, as an administrator.
    say : callable
        Takes a line of progress.
    """
    instruments = _instruments(api)
    group = _group(api)
    say(f"instruments: {', '.join(instruments)}; group {group}: {GROUP}")
    say(f"analysis service {_fitter(api, group)}: {FITTER}")
    for name, redshift in (("2019dwz", 0.04608), ("2020aai", None)):
        rows = _wheel_light_curve(name[2:])
        position = {"ra": None, "dec": None, "redshift": redshift}
        _source(api, {"id": name, **position}, rows, instruments, group)
        say(f"source {name}: {len(rows)} points of photometry")
    folder = Path(os.environ.get("DEMO_DATA_DIR", PROJECT.parent / "shared" / "demo"))
    if (folder / "ZTF21aaqjmps_phot.csv").is_file():
        say(f"source ZTF21aaqjmps: {_ztf21aaqjmps(api, folder, instruments, group)}")
    else:
        say("source ZTF21aaqjmps: its files are not here (DEMO_DATA_DIR), left out")


def _instruments(api: Api) -> dict[str, int]:
    present = {item["name"]: int(item["id"]) for item in api.get("/instrument")}
    for name, filters in INSTRUMENTS.items():
        if name not in present:
            kind = "imager" if filters else "spectrograph"
            added = api.post("/instrument", {"name": name, "type": kind, "filters": filters})
            present[name] = added["id"]
    return {name: present[name] for name in INSTRUMENTS}


def _group(api: Api) -> int:
    for group in api.get("/groups")["user_groups"]:
        if group["name"] == GROUP:
            return int(group["id"])
    return int(api.post("/groups", {"name": GROUP})["id"])


def _fitter(api: Api, group: int) -> int:
    """Register the fitter, or bring its registration up to date (the address follows the port)."""
    fields = {
        "name": FITTER,
        "display_name": "Supernova fitter",
        "description": "Fits a light curve with a model of sncosmo: posterior samples, plots, results.",
        "version": "1.0",
        "url": f"{api.url}/fitter/supernova",
        "authentication_type": "header_token",
        "_authinfo": {"header_token": {"Authorization": f"Bearer {_fitter_token()}"}},
        "analysis_type": "lightcurve_fitting",
        "input_data_types": ["photometry", "redshift"],
        "optional_analysis_parameters": json.dumps(PARAMETERS),
        "timeout": 1800,
        "group_ids": [group],
    }
    for service in api.get("/analysis_service"):
        if service["name"] == FITTER:
            api.patch(f"/analysis_service/{service['id']}", fields)
            return int(service["id"])
    return int(api.post("/analysis_service", fields)["id"])


def _fitter_token() -> str:
    """Ask the deployment for the fitter's token, as its operator."""
    environment = {**os.environ, **Settings.from_environment().aws_environment()}
    command = [sys.executable, "-m", "infra.admin", "fitter-token"]
    asked = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if asked.returncode:
        raise DemoError(f"The stack does not give the fitter's token:\n{asked.stderr.strip()}")
    return asked.stdout.strip()


def _wheel_light_curve(name: str) -> list[dict[str, Any]]:
    spec = importlib.util.find_spec("jax_supernovae")
    if spec is None or not spec.submodule_search_locations:
        raise DemoError("The wheel jax-bandflux is not installed; `make setup` does it.")
    file = Path(spec.submodule_search_locations[0]) / "data" / name / "all.phot"
    with file.open() as text:
        table = csv.DictReader(text, delimiter=" ", skipinitialspace=True)
        return [
            {
                "mjd": float(row["mjd"]),
                "flux": float(row["flux"]),
                "fluxerr": float(row["fluxerr"]),
                "zp": float(row["zp"]),
                "filter": WHEEL_BANDS[row["bandpass"]][0],
                "instrument": WHEEL_BANDS[row["bandpass"]][1],
            }
            for row in table
            if row["bandpass"] in WHEEL_BANDS
        ]


def _source(
    api: Api, source: dict[str, Any], rows: list[dict[str, Any]], instruments: dict[str, int], group: int
) -> None:
    api.post("/sources", {**source, "group_ids": [group]})
    columns = {name: [row[name] for row in rows] for name in ("mjd", "flux", "fluxerr", "zp", "filter")}
    observed_with = [instruments[row["instrument"]] for row in rows]
    shared = {"obj_id": source["id"], "magsys": "ab", "group_ids": [group]}
    api.put("/photometry", {**shared, **columns, "instrument_id": observed_with})


def _ztf21aaqjmps(api: Api, folder: Path, instruments: dict[str, int], group: int) -> str:
    rows: list[dict[str, Any]]
    with (folder / "ZTF21aaqjmps_phot.csv").open() as text:
        rows = [
            {
                "mjd": float(row["mjd"]),
                "flux": float(row["flux"]) if row["flux"] else None,
                "fluxerr": float(row["fluxerr"]),
                "zp": float(row["zp"]),
                "filter": row["filter"],
                "instrument": "ZTF",
            }
            for row in csv.DictReader(text)
        ]
    position = {"ra": 202.5050541, "dec": 13.4111859, "redshift": 0.0246}
    _source(api, {"id": "ZTF21aaqjmps", **position}, rows, instruments, group)
    if not api.get("/sources/ZTF21aaqjmps/spectra")["spectra"]:
        with (folder / "ZTF21aaqjmps_spec.csv").open() as text:
            bins = [(float(row["wavelengths"]), float(row["fluxes"])) for row in csv.DictReader(text)]
        spectrum = {
            "obj_id": "ZTF21aaqjmps",
            "instrument_id": instruments["spectrograph"],
            "observed_at": _iso(min(row["mjd"] for row in rows if row["flux"])),
            "altdata": {
                "note": "the file names neither date nor instrument; the date is the first detection's"
            },
            "wavelengths": [bin[0] for bin in bins],
            "fluxes": [bin[1] for bin in bins],
            "group_ids": [group],
        }
        api.post("/spectrum", spectrum)
    return f"{len(rows)} points of photometry, a spectrum"


def _iso(mjd: float) -> str:
    """Return a modified Julian date in ISO 8601; day 0 is 1858-11-17."""
    return (datetime(1858, 11, 17) + timedelta(days=mjd)).isoformat(timespec="seconds")


def main() -> int:
    """Load the demo data; say what went wrong if it does."""
    settings = Settings.from_environment()
    try:
        load(Api(f"{settings.url}/api", settings.token_file.read_text().strip()))
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (requests.ConnectionError, FileNotFoundError):
        print(f"error: no stack runs at {settings.url}. `make run` starts one.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
