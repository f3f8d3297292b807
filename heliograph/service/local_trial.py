"""Run a service here, on the data of a real source, without registering anything."""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from heliograph.connection import Connection
from heliograph.errors import InputError
from heliograph.service.analysis_run import call_analysis, ignore_progress
from heliograph.service.analysis_service import Service
from heliograph.service.parameter_values import File, clean_file_name
from heliograph.service.payload_contents import parse_payload
from heliograph.service.progress_reports import Progress
from heliograph.service.result_files import encode_plot
from heliograph.service.service_result import Result

COLUMNS: dict[str, tuple[str, ...]] = {
    "photometry": (
        "mjd", "flux", "fluxerr", "mag", "magerr", "filter", "magsys", "limiting_mag", "zp",
        "instrument_name", "predicted_mag",
    ),
    "spectra": (
        "observed_at", "wavelengths", "fluxes", "errors", "units", "altdata", "created_at", "origin",
        "modified", "type", "id",
    ),
    "redshift": ("redshift", "redshift_error", "redshift_origin"),
    "annotations": ("data", "modified", "origin", "created_at"),
    "comments": ("text", "bot", "modified", "origin", "created_at"),
    "classifications": ("classification", "probability", "modified", "created_at"),
}  # fmt: skip
"""The columns of each input, as portals send them."""

Row = Mapping[str, Any]


def try_locally(
    service: Service,
    connection: Connection,
    source: str,
    parameters: Mapping[str, Any] | None = None,
    progress: Progress = ignore_progress,
) -> Result:
    """Run an analysis in this process, on the data of a portal's source that you may see.

    Nothing is registered, sent or stored. What the function raises is raised here.

    Parameters
    ----------
    service : Service
    connection : Connection
        The portal of the source.
    source : str
        Its name.
    parameters : mapping, optional
        Values as a user would set them; a file is a path.
    progress : callable, optional
        Takes the fraction done (0 to 1) and what is being done.

    Raises
    ------
    InputError
        If a parameter or an input cannot be used.
    ArgumentError
        If a portal would refuse the result.
    PortalError
        If there is no such source.
    """
    values = {name: _open_file(service, name, value) for name, value in (parameters or {}).items()}
    service.convert_parameters(values)
    body = build_local_payload(connection, source, service.declaration()["input_data_types"])
    result = call_analysis(service, parse_payload({**body, "analysis_parameters": values}), progress)
    result.build_document()
    return result


def build_local_payload(connection: Connection, source: str, input_types: Iterable[str]) -> dict[str, Any]:
    """Return what a portal would send of a source, without a callback URL."""
    path = f"/sources/{quote(source, safe='')}"
    record = connection.get(path)
    inputs = {kind: _to_csv(COLUMNS[kind], _COLLECTORS[kind](connection, path, record)) for kind in input_types}
    return {
        "inputs": inputs,
        "resource_id": str(record["id"]),
        "resource": {"ra": record.get("ra"), "dec": record.get("dec")},
        "analysis_resource_type": "obj",
    }


def save_plots(result: Result, folder: str | Path) -> list[Path]:
    """Write the plots of a result to a folder, and return their paths."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, plot in enumerate(result.plots):
        image_format, content = encode_plot(f"plots[{number}]", plot)
        path = target / f"plot_{number}.{image_format}"
        path.write_bytes(content)
        paths.append(path)
    return paths


def _open_file(service: Service, name: str, value: Any) -> Any:
    """Return the file that a path names, for a parameter that takes one."""
    parameter = service.declared.parameters.get(name)
    is_path = isinstance(value, Path) or (isinstance(value, str) and value.strip() and not value.startswith("data:"))
    if parameter is None or parameter.kind is not File or not is_path:
        return value
    try:
        return File(clean_file_name(Path(value).name), Path(value).read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: the file {str(value)[:200]!r} cannot be read ({type(error).__name__}).") from None


def _collect_photometry(connection: Connection, path: str, record: Row) -> Iterable[Row]:
    """Return the best point of each time and filter, as portals send it."""
    best: dict[tuple[float, str], Row] = {}
    for point in connection.get(f"{path}/photometry", format="both", magsys="ab"):
        row = {**point, "predicted_mag": (point.get("altdata") or {}).get("predicted_mag")}
        key = (row["mjd"], row["filter"])
        if key not in best or _rank_point(row) < _rank_point(best[key]):
            best[key] = row
    return sorted(best.values(), key=lambda row: float(row["mjd"]))


def _rank_point(row: Row) -> tuple[bool, float, float]:
    magerr, fluxerr = (math.inf if row.get(name) is None else float(row[name]) for name in ("magerr", "fluxerr"))
    return row.get("flux") is None, magerr, fluxerr


def _collect_spectra(connection: Connection, path: str, record: Row) -> Iterable[Row]:
    spectra: list[Row] = connection.get(f"{path}/spectra")["spectra"]
    return spectra


def _collect_redshift(connection: Connection, path: str, record: Row) -> Iterable[Row]:
    return [record]


def _make_collector(kind: str) -> Callable[[Connection, str, Row], Iterable[Row]]:
    def collect(connection: Connection, path: str, record: Row) -> Iterable[Row]:
        remarks: list[Row] = connection.get(f"{path}/{kind}")
        return remarks

    return collect


_COLLECTORS: dict[str, Callable[[Connection, str, Row], Iterable[Row]]] = {
    "photometry": _collect_photometry,
    "spectra": _collect_spectra,
    "redshift": _collect_redshift,
    **{kind: _make_collector(kind) for kind in ("annotations", "comments", "classifications")},
}


def _to_csv(columns: tuple[str, ...], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_to_cell(row.get(name)) for name in columns])
    return text.getvalue()


def _to_cell(value: Any) -> Any:
    """Write lists and objects as Python literals, and unknown values as blanks."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return repr(value) if isinstance(value, list | dict | float) else value
