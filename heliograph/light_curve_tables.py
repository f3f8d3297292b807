"""Light curves: points of a portal as a Table of astropy, and tables as columns that a portal takes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from heliograph.errors import ArgumentError, UnknownNameError, UnreadableAnswerError
from heliograph.lookups import explain_unknown
from heliograph.plain_values import to_plain


class _Field(NamedTuple):
    unit: str
    description: str
    is_taken: bool = True
    """Whether an upload takes it."""


_FIELDS = {
    "mjd": _Field("d", "modified Julian date (UTC)"),
    "filter": _Field("", "bandpass, by sncosmo's name"),
    "flux": _Field("uJy", "flux (AB); masked for a non-detection without a measured flux"),
    "fluxerr": _Field("uJy", "standard error of the flux"),
    "zp": _Field("", "magnitude of a flux of 1 (uJy)"),
    "mag": _Field("mag", "magnitude; masked for a non-detection"),
    "magerr": _Field("mag", "standard error of the magnitude"),
    "limiting_mag": _Field("mag", "limiting magnitude"),
    "limiting_mag_nsigma": _Field("", "standard errors of the limiting magnitude"),
    "magsys": _Field("", "magnitude system: ab or vega"),
    "instrument_name": _Field("", "instrument"),
    "instrument_id": _Field("", "number of the instrument"),
    "origin": _Field("", "where the point comes from"),
    "altdata": _Field("", "anything else that is known of the point"),
    "ra": _Field("deg", "measured right ascension (ICRS)"),
    "dec": _Field("deg", "measured declination (ICRS)"),
    "ra_unc": _Field("arcsec", "standard error of the right ascension"),
    "dec_unc": _Field("arcsec", "standard error of the declination"),
    "ref_flux": _Field("uJy", "flux of the subtracted reference image"),
    "ref_fluxerr": _Field("uJy", "its standard error"),
    "ref_zp": _Field("", "magnitude of a ref_flux of 1"),
    "magref": _Field("mag", "magnitude of the reference image"),
    "e_magref": _Field("mag", "its standard error"),
    "snr": _Field("", "flux divided by its error", is_taken=False),
    "tot_flux": _Field("uJy", "flux with that of the reference image", is_taken=False),
    "tot_fluxerr": _Field("uJy", "its standard error", is_taken=False),
    "magtot": _Field("mag", "magnitude with the reference image", is_taken=False),
    "e_magtot": _Field("mag", "its standard error", is_taken=False),
    "id": _Field("", "number of the point", is_taken=False),
}
_FLUXES = ("flux", "fluxerr")
_REFERENCE_FLUXES = ("ref_flux", "ref_fluxerr")
_MICROJANSKY = 23.9
_AB = "mag(AB)"
_TEXTS = ("filter", "magsys", "instrument_name", "origin")


def build_light_curve(points: list[dict[str, Any]], source_name: str) -> Any:
    """Return points of a portal as a Table of astropy, with units and descriptions; unknown values are masked."""
    from astropy.table import Table

    light_curve = Table(meta={"source": source_name})
    for name, field in _FIELDS.items():
        values = [point.get(name) for point in points]
        is_needed = name in ("mjd", "filter", "instrument_name")
        if is_needed or any(value not in (None, "") for value in values):
            light_curve[name] = _build_column(name, field, values)
    return light_curve


def read_columns(points: Any, constants: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Return the columns of a table as plain JSON for an upload, and the number of rows.

    Parameters
    ----------
    points : Table, DataFrame or Mapping
        Columns; in a mapping, also single values for all rows. Masked and NaN values are unknown ones.
    constants : Mapping
        Values for all rows.

    Raises
    ------
    UnknownNameError
        If a column has a name that an upload does not take.
    ArgumentError
        If a unit does not fit, a time is missing, or columns differ in length.
    """
    columns = _split_columns(points)
    for name in constants:
        if name in columns:
            raise ArgumentError(f"{name}: given twice, as a column and as an argument; remove one.")
    columns |= constants
    known = [name for name, field in _FIELDS.items() if field.is_taken]
    for name in columns:
        if name not in _FIELDS:
            raise UnknownNameError(explain_unknown("Photometry has no column", str(name), known))
    columns = {name: column for name, column in columns.items() if _FIELDS[name].is_taken}
    _check_flux_units(columns, _FLUXES, "zp")
    _check_flux_units(columns, _REFERENCE_FLUXES, "ref_zp")
    if any(str(_get_unit(column)) == _AB for column in columns.values()) and columns.setdefault("magsys", "ab") != "ab":
        raise ArgumentError(f"magsys: the magnitudes have the unit {_AB}; give the one or the other.")
    plain = {name: _to_plain_column(name, column) for name, column in columns.items()}
    n_rows = _count_rows(plain)
    _check_known("mjd", plain, n_rows)
    _check_known("filter", plain, n_rows)
    return plain, n_rows


def split_rows(columns: dict[str, Any], n_rows: int, size: int) -> Iterator[dict[str, Any]]:
    """Yield columns of at most so many rows."""
    for start in range(0, n_rows, size):
        yield {
            name: column[start : start + size] if isinstance(column, list) else column
            for name, column in columns.items()
        }


def _build_column(name: str, field: _Field, values: list[Any]) -> Any:
    from astropy.table import Column, MaskedColumn

    description = {"description": field.description, "unit": field.unit or None}
    if name == "altdata":
        return Column(values, dtype=object, **description)
    kind = str if name in _TEXTS else int if name in ("id", "instrument_id") else float
    is_unknown = [value is None or value != value for value in values]
    filled = [kind() if unknown else _convert(kind, value) for value, unknown in zip(values, is_unknown, strict=True)]
    if any(is_unknown):
        return MaskedColumn(filled, mask=is_unknown, dtype=kind, **description)
    return Column(filled, dtype=kind, **description)


def _convert(kind: Callable[[Any], Any], value: Any) -> Any:
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise UnreadableAnswerError(
            f"The portal sent a point with {str(value)[:60]!r} where a number belongs.", 200
        ) from None


def _split_columns(points: Any) -> dict[str, Any]:
    if hasattr(points, "colnames"):
        return {name: points[name] for name in points.colnames}
    if hasattr(points, "columns") and hasattr(points, "to_numpy"):
        return {name: points[name].to_numpy() for name in points.columns}
    if isinstance(points, Mapping):
        return dict(points)
    raise ArgumentError(f"Expected a Table, a DataFrame or a dict of columns, not {type(points).__name__}.")


def _check_flux_units(columns: dict[str, Any], names: tuple[str, str], zero_point: str) -> None:
    """Convert fluxes with a unit to microjansky; refuse what would mix two scales."""
    present = [name for name in names if name in columns]
    with_unit = [name for name in present if _get_unit(columns[name]) is not None]
    if not with_unit:
        return
    if with_unit != present:
        raise ArgumentError(f"{' and '.join(present)}: only {with_unit[0]} has a unit; give both the same, or none.")
    if zero_point in columns and not all(_is_microjansky(columns[name]) for name in present):
        raise ArgumentError(f"{zero_point}: the fluxes have a unit already; remove the one or the other.")
    for name in present:
        columns[name] = _convert_unit(name, columns[name])
    columns.setdefault(zero_point, _MICROJANSKY)


def _to_plain_column(name: str, column: Any) -> Any:
    if name == "mjd" and hasattr(column, "mjd"):
        column = column.utc.mjd
    column = _convert_unit(name, column)
    mask = getattr(column, "mask", None)
    if isinstance(column, str | Mapping) or not hasattr(column, "__len__") or getattr(column, "shape", None) == ():
        return None if _is_unknown(column) else to_plain(column, name)
    if getattr(getattr(column, "dtype", None), "kind", None) in ("m", "M"):
        raise ArgumentError(f"{name}: holds times of numpy; expected numbers, such as modified Julian dates.")
    values = column.tolist() if hasattr(column, "tolist") else list(column)
    if mask is not None and hasattr(mask, "tolist") and getattr(mask, "shape", ()) != ():
        values = [None if masked else value for value, masked in zip(values, mask.tolist(), strict=True)]
    return [None if _is_unknown(value) else to_plain(value, f"{name}, row {row}") for row, value in enumerate(values)]


def _convert_unit(name: str, column: Any) -> Any:
    """Return a column without its unit, in the unit that a portal takes."""
    unit = _get_unit(column)
    if unit is None:
        return column
    from astropy import units

    expected = _FIELDS[name].unit
    if not expected:
        raise ArgumentError(f"{name}: has the unit {unit}, but takes none.")
    if expected == "mag":
        if str(unit) not in ("mag", _AB):
            raise ArgumentError(f"{name}: has the unit {unit}; expected mag.")
        return _strip_unit(column)
    try:
        factor = units.Unit(unit).to(expected)
    except (units.UnitConversionError, TypeError, ValueError):
        raise ArgumentError(
            f"{name}: the unit {unit} cannot be converted to {expected}; convert it, or give numbers without a unit."
        ) from None
    bare = _strip_unit(column)
    return bare if factor == 1 else bare * factor


def _strip_unit(column: Any) -> Any:
    """Return the numbers of a column or Quantity, with their mask."""
    from astropy.units import Quantity

    return column.value if isinstance(column, Quantity) else column.data


def _get_unit(column: Any) -> Any:
    unit = getattr(column, "unit", None)
    return None if unit is None or str(unit) == "" else unit


def _is_microjansky(column: Any) -> bool:
    from astropy import units

    try:
        return bool(units.Unit(_get_unit(column)).to("uJy") == 1)
    except (units.UnitConversionError, TypeError, ValueError):
        return False


def _is_unknown(value: Any) -> bool:
    """Return whether a value is None, masked, NaN, or pandas' NA."""
    if value is None or type(value).__name__ in ("MaskedConstant", "NAType", "NaTType"):
        return True
    return isinstance(value, float) and value != value


def _count_rows(columns: Mapping[str, Any]) -> int:
    lengths = {name: len(column) for name, column in columns.items() if isinstance(column, list)}
    if len(set(lengths.values())) > 1:
        listing = ", ".join(f"{name}: {length}" for name, length in lengths.items())
        raise ArgumentError(f"The columns have different numbers of rows: {listing}.")
    n_rows = next(iter(lengths.values()), 1)
    if not n_rows:
        raise ArgumentError("The table has no rows.")
    return n_rows


def _check_known(name: str, columns: Mapping[str, Any], n_rows: int) -> None:
    column = columns.get(name)
    unknown = [row for row in range(n_rows) if (column[row] if isinstance(column, list) else column) is None]
    if name not in columns:
        raise ArgumentError(f"{name}: the column is missing; there are {', '.join(columns) or 'no columns'}.")
    if unknown:
        rows = ", ".join(map(str, unknown[:10]))
        raise ArgumentError(f"{name}: masked or NaN in the rows {rows} (counted from 0); remove them.")
