"""The data that a service is sent: what the author of the analysis may see, and nothing else.

Each kind is a CSV text with the columns that SkyPortal's services know; a kind without data is
its header line alone, but for the redshift, which is always one row.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable
from typing import Any

from chalicelib.access import Requester
from chalicelib.sources import instruments, photometry, remarks, spectra
from chalicelib.sources.magnitudes import ZERO_POINT
from chalicelib.sources.photometry_rows import row_magnitudes
from chalicelib.tables.sources import SourceItem

__all__ = ["collect_inputs"]

Row = dict[str, Any]

COLUMNS: dict[str, tuple[str, ...]] = {
    "photometry": (
        "mjd", "flux", "fluxerr", "mag", "magerr", "filter", "magsys", "limiting_mag", "zp",
        "instrument_name", "predicted_mag",
    ),
    "spectra": (
        "observed_at", "wavelengths", "fluxes", "errors", "units", "altdata", "created_at", "origin",
        "modified", "type",
    ),
    "redshift": ("redshift", "redshift_error", "redshift_origin"),
    "annotations": ("data", "modified", "origin", "created_at"),
    "comments": ("text", "bot", "modified", "origin", "created_at"),
    "classifications": ("classification", "probability", "modified", "created_at"),
}  # fmt: skip


def collect_inputs(
    requester: Requester, source: SourceItem, kinds: Iterable[str], filters: dict[str, Any] | None
) -> dict[str, str]:
    """Return a CSV text for each kind of data that a service wants.

    Parameters
    ----------
    requester : Requester
        Whose view of the source is sent.
    source : SourceItem
        The source.
    kinds : iterable of str
        The service's ``input_data_types``.
    filters : dict or None
        The request's ``input_filters``.
    """
    return {kind: _csv(COLUMNS[kind], ROWS[kind](requester, source, filters or {})) for kind in kinds}


def _csv(columns: tuple[str, ...], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row.get(name)) for name in columns})
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Write lists and dicts as Python literals, as SkyPortal does, and what is unknown as blank."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return repr(value) if isinstance(value, list | dict | float) else value


def _photometry(requester: Requester, source: SourceItem, filters: Row) -> Iterable[Row]:
    wanted = filters.get("photometry") or {}
    named = instruments.load_instruments()
    best: dict[tuple[float, str], Row] = {}
    for point in photometry.find_visible_points(requester, source.source_id):
        name = named.get(point.instrument_id, {}).get("name")
        if wanted.get("filters") and point.filter not in wanted["filters"]:
            continue
        if wanted.get("instruments") and not {point.instrument_id, name} & set(wanted["instruments"]):
            continue
        row = {
            **point._asdict(),
            **row_magnitudes(point),
            "magsys": "ab",
            "zp": ZERO_POINT,
            "instrument_name": name,
        }
        place = (row["mjd"], row["filter"])
        if place not in best or _uncertainty(row) < _uncertainty(best[place]):
            best[place] = row
    return best.values()


def _uncertainty(row: Row) -> float:
    """Order duplicates: the smallest magnitude error first, those without one last."""
    return math.inf if row["magerr"] is None else float(row["magerr"])


def _spectra(requester: Requester, source: SourceItem, _: Row) -> Iterable[Row]:
    return spectra.list_spectra(requester, source.source_id)


def _redshift(_requester: Requester, source: SourceItem, _: Row) -> Iterable[Row]:
    return [source.fields]


def _records(kind: remarks.Kind) -> Callable[[Requester, SourceItem, Row], Iterable[Row]]:
    def of_kind(requester: Requester, source: SourceItem, _: Row) -> Iterable[Row]:
        return [
            {**item.fields, "created_at": item.created_at, "modified": item.modified}
            for item in remarks.find_visible_remarks(requester, source.source_id, kind)
        ]

    return of_kind


ROWS: dict[str, Callable[[Requester, SourceItem, Row], Iterable[Row]]] = {
    "photometry": _photometry,
    "spectra": _spectra,
    "redshift": _redshift,
    "annotations": _records("annotation"),
    "comments": _records("comment"),
    "classifications": _records("classification"),
}
