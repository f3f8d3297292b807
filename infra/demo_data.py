"""Load the demo data into a running stack, over HTTP like any user: ``make load_demo_data``.

Instruments, the supernova fitter as analysis service 1, the spectrum fitter, and real supernovae: SN 2019dwz and
SN 2020aai as published with the wheel ``jax-bandflux`` (ATLAS and ZTF photometry; the wheel gives
neither positions nor 20aai's redshift, so these stay blank), and ZTF21aaqjmps if its files are
available (``DEMO_DATA_DIR``, or ``shared/demo`` beside the project). Existing records stay.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, cast

from fitter_lambda.entry.spectrum_service import service as spectrum_fitter
from fitter_lambda.entry.supernova_service import service as fitter
from fitter_lambda.input.fit_parameters import AUTO, PARAMETERS
from fitter_lambda.input.templates import list_local_sources
from heliograph import Heliograph
from heliograph.editable_records import Group
from heliograph.errors import HeliographError, NotFoundError
from heliograph.portal import Portal
from heliograph.service import register
from heliograph.source import Source
from infra import PROJECT
from infra.client import DemoError
from infra.local.stack_settings import StackSettings

FITTER = fitter.name
SPECTRUM_FITTER = spectrum_fitter.name
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


def load_demo_data(sky: Portal, report: Callable[[str], None] = print) -> None:
    """Load everything that is missing.

    Parameters
    ----------
    sky : Portal
        The stack, as an administrator.
    report : callable
        Called with a line for each step.
    """
    _ensure_instruments(sky)
    group = _ensure_group(sky)
    report(f"instruments: {', '.join(INSTRUMENTS)}; group {group.id}: {GROUP}")
    report(f"analysis service {_register_fitter(sky, group)}: {FITTER}")
    report(f"analysis service {_register_spectrum_fitter(sky, group)}: {SPECTRUM_FITTER}")
    for name, redshift in (("2019dwz", 0.04608), ("2020aai", None)):
        columns = _read_photometry(_find_wheel_file(name[2:]), "bandpass", delimiter=" ", skipinitialspace=True)
        _ensure_source(sky, name, group, redshift=redshift).add_photometry(columns, groups=group)
        report(f"source {name}: {len(columns['mjd'])} points of photometry")
    folder = Path(os.environ.get("DEMO_DATA_DIR", PROJECT.parent / "shared" / "demo"))
    if (folder / "ZTF21aaqjmps_phot.csv").is_file():
        report(f"source ZTF21aaqjmps: {_load_ztf21aaqjmps(sky, folder, group)}")
    else:
        report("source ZTF21aaqjmps: left out, its files were not found (DEMO_DATA_DIR)")


def _ensure_instruments(sky: Portal) -> None:
    names = {instrument.name for instrument in sky.instruments()}
    for name, filters in INSTRUMENTS.items():
        if name not in names:
            sky.add_instrument(name, filters, type="imager" if filters else "spectrograph")


def _ensure_group(sky: Portal) -> Group:
    groups = {group.name: group for group in sky.groups()}
    return groups.get(GROUP) or sky.create_group(GROUP)


def _register_fitter(sky: Portal, group: Group) -> int:
    """Register the fitter, or update its registration: its address depends on the port."""
    url = f"{sky.connection.url}/api/fitter/supernova?json_results=true"
    registration = register(fitter, sky.connection, url, token=_get_fitter_token(), group_ids=[group.get_number()])
    source = {**cast("dict[str, Any]", PARAMETERS["source"]), "suggestions": [AUTO, *list_local_sources()]}
    sky.service(FITTER).update(
        optional_analysis_parameters={**PARAMETERS, "source": source},
        # it only queues them
        requests_at_once=FITTER_REQUESTS_AT_ONCE,
    )
    return registration.service_id


def _register_spectrum_fitter(sky: Portal, group: Group) -> int:
    """Register the spectrum fitter, or update its registration."""
    url = f"{sky.connection.url}/api/fitter/spectrum"
    token = _get_fitter_token()
    registration = register(spectrum_fitter, sky.connection, url, token=token, group_ids=[group.get_number()])
    sky.service(SPECTRUM_FITTER).update(requests_at_once=FITTER_REQUESTS_AT_ONCE)
    return registration.service_id


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


def _read_photometry(file: Path, band_column: str, **csv_format: Any) -> dict[str, Any]:
    """Return the columns of rows with one of `BANDPASSES`; an empty flux is a non-detection."""
    with file.open() as text:
        rows = [row for row in csv.DictReader(text, **csv_format) if row[band_column] in BANDPASSES]
    bands = [BANDPASSES[row[band_column]] for row in rows]
    return {
        **{name: [float(row[name]) for row in rows] for name in ("mjd", "fluxerr", "zp")},
        "flux": [float(row["flux"]) if row["flux"] else None for row in rows],
        "filter": [name for name, _ in bands],
        "instrument_name": [instrument for _, instrument in bands],
        "magsys": "ab",
    }


def _ensure_source(sky: Portal, name: str, group: Group, **fields: float | None) -> Source:
    try:
        return sky.source(name)
    except NotFoundError:
        return sky.save_source(name, groups=group, **fields)


def _load_ztf21aaqjmps(sky: Portal, folder: Path, group: Group) -> str:
    """Load the source with its spectrum, and return a summary."""
    columns = _read_photometry(folder / "ZTF21aaqjmps_phot.csv", "filter")
    source = _ensure_source(sky, "ZTF21aaqjmps", group, ra=202.5050541, dec=13.4111859, redshift=0.0246)
    source.add_photometry(columns, groups=group)
    if not source.spectra():
        detections = [mjd for mjd, flux in zip(columns["mjd"], columns["flux"], strict=True) if flux]
        _add_spectrum(source, folder / "ZTF21aaqjmps_spec.csv", min(detections), group)
    return f"{len(columns['mjd'])} points of photometry, a spectrum"


def _add_spectrum(source: Source, file: Path, first_detection: float, group: Group) -> None:
    with file.open() as text:
        bins = list(csv.DictReader(text))
    source.add_spectrum(
        [float(row["wavelengths"]) for row in bins],
        [float(row["fluxes"]) for row in bins],
        instrument="spectrograph",
        observed_at=(MJD_ZERO + timedelta(days=first_detection)).isoformat(timespec="seconds"),
        altdata={"note": "the file names neither date nor instrument; the date is the first detection's"},
        groups=group,
    )


def main() -> int:
    """Load the demo data; print an error if that fails."""
    settings = StackSettings.from_environment()
    try:
        load_demo_data(Heliograph(settings.url, settings.token_file.read_text()))
    except FileNotFoundError:
        print(f"error: no stack runs at {settings.url}. `make run` starts one.", file=sys.stderr)
        return 1
    except (DemoError, HeliographError) as error:
        print(f"error: {error} `make run` starts a stack.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
