"""The data that a service is sent: what the author of the analysis may see, and nothing else.

Each kind is a CSV text with the columns that SkyPortal's services know. A kind without data is its
header line alone, except for the redshift, which always has one row.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from chalicelib.access import Grouped, Requester, is_visible, select_audience
from chalicelib.errors import InvalidError
from chalicelib.sources import instruments, photometry, remarks
from chalicelib.sources.magnitudes import ZERO_POINT
from chalicelib.sources.photometry_rows import row_magnitudes
from chalicelib.sources.spectra import spectra_to_json
from chalicelib.tables import spectra as spectra_table
from chalicelib.tables.sources import SourceItem

Row = dict[str, Any]

Selection = tuple[Iterable[Row], Iterable[Grouped]]
"""Rows to send, and the records that they come from."""

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


@dataclass(frozen=True)
class Inputs:
    """The data of an analysis.

    Attributes
    ----------
    texts : dict of str to str
        A CSV text for each kind of data that the service takes.
    audience : frozenset of int
        Those of the author's groups whose members may see all of it.
    """

    texts: dict[str, str]
    audience: frozenset[int]


def collect_inputs(
    requester: Requester, source: SourceItem, kinds: Iterable[str], filters: dict[str, Any] | None
) -> Inputs:
    """Return the data that a service is sent, and who may see all of it.

    Parameters
    ----------
    requester : Requester
        The author; only what they may see is sent.
    source : SourceItem
        The source.
    kinds : iterable of str
        The service's ``input_data_types``.
    filters : dict or None
        The request's ``input_filters``.
    """
    texts = {}
    records: list[Grouped] = [source]
    for kind in kinds:
        rows, origins = COLLECTORS[kind](requester, source, filters or {})
        texts[kind] = _to_csv(COLUMNS[kind], rows)
        records.extend(origins)
    return Inputs(texts, select_audience(requester, records))


def _to_csv(columns: tuple[str, ...], rows: Iterable[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _to_cell(row.get(name)) for name in columns})
    return text.getvalue()


def _to_cell(value: Any) -> Any:
    """Write lists and dicts as Python literals, as SkyPortal does, and unknown values as blanks."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    return repr(value) if isinstance(value, list | dict | float) else value


def _collect_photometry(requester: Requester, source: SourceItem, filters: Row) -> Selection:
    selection = filters.get("photometry") or {}
    bands = selection.get("filters")
    instrument_choice = selection.get("instruments")
    excluded = frozenset(selection.get("exclude") or ())
    by_id = instruments.load_instruments(with_deleted=True)
    best: dict[tuple[float, str], tuple[Row, Grouped]] = {}
    points = photometry.find_visible_points(requester, source.source_id)
    for point in points:
        name = by_id.get(point.instrument_id, {}).get("name")
        if point.id in excluded or (bands and point.filter not in bands):
            continue
        if instrument_choice and not {point.instrument_id, name} & set(instrument_choice):
            continue
        row = {**point._asdict(), **row_magnitudes(point), "magsys": "ab", "zp": ZERO_POINT, "instrument_name": name}
        key = (row["mjd"], row["filter"])
        if key not in best or _rank_duplicate(row) < _rank_duplicate(best[key][0]):
            best[key] = row, point
    if points and selection and not best:
        bands = ", ".join(sorted({point.filter for point in points}))
        raise InvalidError(
            f"input_filters.photometry: selects none of the {len(points)} points; their filters: {bands}."
        )
    return [row for row, _ in best.values()], [point for _, point in best.values()]


def _rank_duplicate(row: Row) -> tuple[Any, ...]:
    """Return the rank of a point among those of its time and band, of which the first is sent.

    A measured flux comes before a limit, then the smaller error; the order of upload never decides.
    """
    magerr = math.inf if row["magerr"] is None else row["magerr"]
    return row["flux"] is None, magerr, row["fluxerr"], row["instrument_id"], row["origin"], row["flux"] or 0.0


def _collect_spectra(requester: Requester, source: SourceItem, _: Row) -> Selection:
    items = [item for item in spectra_table.find_spectra(source.source_id) if is_visible(requester, item)]
    return spectra_to_json(requester, items), items


def _collect_redshift(_requester: Requester, source: SourceItem, _: Row) -> Selection:
    return [source.fields], []


def _make_remark_collector(kind: remarks.Kind) -> Callable[[Requester, SourceItem, Row], Selection]:
    def collect(requester: Requester, source: SourceItem, _: Row) -> Selection:
        items = remarks.find_visible_remarks(requester, source.source_id, kind)
        rows = [{**item.fields, "created_at": item.created_at, "modified": item.modified} for item in items]
        return rows, items

    return collect


COLLECTORS: dict[str, Callable[[Requester, SourceItem, Row], Selection]] = {
    "photometry": _collect_photometry,
    "spectra": _collect_spectra,
    "redshift": _collect_redshift,
    "annotations": _make_remark_collector("annotation"),
    "comments": _make_remark_collector("comment"),
    "classifications": _make_remark_collector("classification"),
}
