"""Copying a source from one portal to another; a second copy adds only what is new."""

import math
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from heliograph.connection import Connection
from heliograph.errors import ArgumentError, UnknownNameError
from heliograph.lookups import Groups, explain_unknown, find_group_ids, find_own_group_id
from heliograph.plain_text import clean_text
from heliograph.records import check_number
from heliograph.source import Source, get_source

_FIELDS = (
    "ra", "dec", "redshift", "redshift_error", "redshift_origin", "alias", "origin", "transient", "varstar", "is_roid",
    "tns_name", "altdata",
)  # fmt: skip
_POINT_FIELDS = (
    "mjd", "filter", "flux", "fluxerr", "origin", "altdata", "ra", "dec", "ra_unc", "dec_unc", "ref_flux",
    "ref_fluxerr",
)  # fmt: skip
_SPECTRUM_FIELDS = ("units", "origin", "type", "label", "altdata")
_MICROJANSKY = {"zp": 23.9, "magsys": "ab"}
_MOST_ROWS = 2000
"""Of a request, whose rows may have altdata."""


def copy_source(
    original: Source, target: Connection, local_name: str | None, *, groups: Groups, instruments: Mapping[str, str]
) -> Source:
    """Copy a source with its data; see `Heliograph.copy_from`."""
    group_ids = [find_own_group_id(target)] if groups is None else find_group_ids(target, groups)
    points = original.fetch_points()
    spectra = [dict(spectrum) for spectrum in original.spectra()]
    numbers = _map_instruments(target, [*points, *spectra], instruments)
    copy = _copy_record(original, target, local_name, group_ids)
    _copy_points(points, copy, numbers, group_ids)
    _copy_spectra(spectra, copy, numbers, group_ids)
    _copy_classifications(original, copy, group_ids)
    return copy.refresh()


def _map_instruments(
    target: Connection, records: list[dict[str, Any]], instruments: Mapping[str, str]
) -> dict[str, int]:
    """Return the target's ids of instruments by their names at the original.

    Raises
    ------
    UnknownNameError
        If the target lacks one; nothing was copied.
    """
    known = {str(each.get("name")): check_number(each.get("id")) for each in target.get_records("/instrument")}
    numbers = {}
    for name in dict.fromkeys(str(record.get("instrument_name")) for record in records):
        local = instruments.get(name, name)
        if local not in known:
            hint = f" Say which of them it is: instruments={{{clean_text(name)!r}: …}}. Nothing was copied."
            raise UnknownNameError(explain_unknown("This portal has no instrument", local, known) + hint)
        numbers[name] = known[local]
    return numbers


def _copy_record(
    original: Source, target: Connection, local_name: str | None, group_ids: list[int] | str | None
) -> Source:
    """Save the source, or fill the empty fields of one that exists, and return it."""
    name = local_name or original.name
    existing = get_source(target, local_name) if local_name else None
    values = {field: original.get(field) for field in _FIELDS}
    fields = {
        field: _clean(value)
        for field, value in values.items()
        if _has_value(value) and (existing is None or not _has_value(existing.get(field)))
    }
    if existing is None:
        fields |= {"ra": original.ra, "dec": original.dec}
    target.post("/sources", {"id": name, **fields, "group_ids": group_ids})
    return get_source(target, name)


def _copy_points(
    points: list[dict[str, Any]], copy: Source, numbers: Mapping[str, int], group_ids: list[int] | str | None
) -> None:
    """Add the points that the copy lacks."""
    usable = [point for point in points if _is_number(point.get("fluxerr")) and point["fluxerr"] > 0]
    if len(usable) < len(points):
        warnings.warn(f"{len(points) - len(usable)} points without an error of the flux are left out.", stacklevel=4)
    for start in range(0, len(usable), _MOST_ROWS):
        part = usable[start : start + _MOST_ROWS]
        columns: dict[str, Any] = {field: [_clean(point.get(field)) for point in part] for field in _POINT_FIELDS}
        columns = {field: column for field, column in columns.items() if any(value is not None for value in column)}
        columns["instrument_id"] = [numbers[str(point.get("instrument_name"))] for point in part]
        copy._connection.put("/photometry", {"obj_id": copy.name, **columns, **_MICROJANSKY, "group_ids": group_ids})


def _copy_spectra(
    spectra: list[dict[str, Any]], copy: Source, numbers: Mapping[str, int], group_ids: list[int] | str | None
) -> None:
    """Add the spectra that the copy lacks."""
    existing = {
        _identify_spectrum(spectrum, check_number(spectrum.get("instrument_id"))) for spectrum in copy.spectra()
    }
    for spectrum in spectra:
        cleaned = _clean_spectrum(spectrum)
        instrument_id = numbers[str(spectrum.get("instrument_name"))]
        if _identify_spectrum(cleaned, instrument_id) in existing:
            continue
        fields = {name: _clean(cleaned[name]) for name in _SPECTRUM_FIELDS if cleaned.get(name) is not None}
        columns = {name: cleaned[name] for name in ("wavelengths", "fluxes", "errors") if cleaned.get(name)}
        body = {"obj_id": copy.name, "instrument_id": instrument_id, "observed_at": cleaned["observed_at"]}
        copy._connection.post("/spectrum", {**body, **fields, **columns, "group_ids": group_ids})


def _copy_classifications(original: Source, copy: Source, group_ids: list[int] | str | None) -> None:
    """Add the classifications that the copy lacks."""
    existing = {_identify_classification(each) for each in copy.classifications()}
    for each in original.classifications():
        identity = _identify_classification(each)
        if identity in existing:
            continue
        existing.add(identity)
        copy.classify(
            str(each.get("classification")),
            _clean(each.get("probability")),
            origin=each.get("origin"),
            ml=bool(each.get("ml")),
            groups=group_ids,
        )


def _clean_spectrum(spectrum: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spectrum without bins whose flux is unknown; without errors if one of them is."""
    waves = spectrum.get("wavelengths") or []
    fluxes = spectrum.get("fluxes") or []
    errors = spectrum.get("errors") or []
    if len(waves) != len(fluxes) or (errors and len(errors) != len(fluxes)):
        raise ArgumentError(f"The spectrum {clean_text(spectrum.get('id'))} has columns of different lengths.")
    kept = [n for n, flux in enumerate(fluxes) if _is_number(flux) and _is_number(waves[n])]
    chosen_errors = [errors[n] for n in kept] if errors else []
    return {
        **spectrum,
        "wavelengths": [waves[n] for n in kept],
        "fluxes": [fluxes[n] for n in kept],
        "errors": chosen_errors if all(map(_is_number, chosen_errors)) else [],
    }


def _identify_spectrum(spectrum: Mapping[str, Any], instrument_id: int) -> tuple[Any, ...]:
    return (
        _parse_time(spectrum.get("observed_at")),
        instrument_id,
        tuple(spectrum.get("wavelengths") or ()),
        tuple(spectrum.get("fluxes") or ()),
    )


def _identify_classification(classification: Mapping[str, Any]) -> tuple[Any, ...]:
    probability = _clean(classification.get("probability"))
    names = (classification.get(name) or None for name in ("classification", "origin", "ml"))
    return (probability, *names)


def _parse_time(text: Any) -> datetime | None:
    """Return a time in UTC without offset."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def _clean(value: Any) -> Any:
    """Return None in place of NaN, which some portals send."""
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _has_value(value: Any) -> bool:
    return _clean(value) not in (None, "", [], {})
