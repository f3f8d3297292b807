"""Spectra: as a Table of astropy, and as a portal takes them."""

from typing import Any

from heliograph.editable_records import EditableRecord
from heliograph.errors import ArgumentError
from heliograph.plain_values import to_plain

_UNITS = {"erg/s/cm/cm/AA": "erg s-1 cm-2 AA-1", "Jy": "Jy", "AB": "mag(AB)"}
"""Units of a portal, as astropy writes them."""
_ANGSTROM = "AA"


class Spectrum(EditableRecord):
    """A spectrum: ``.wavelengths`` in angstrom, ``.fluxes`` and ``.errors`` in ``.units``."""

    kind = "Spectrum"
    title_fields = ("id",)
    line_fields = ("observed_at", "instrument_name", "units")
    folder = "/spectrum"

    def to_table(self) -> Any:
        """Return it as a Table of astropy with units."""
        from astropy.table import Table

        unit = _UNITS.get(str(self.get("units")))
        spectrum = Table(
            meta={name: self.get(name) for name in ("obj_id", "observed_at", "instrument_name", "altdata")}
        )
        for name, key in (("wavelength", "wavelengths"), ("flux", "fluxes"), ("error", "errors")):
            if self.get(key):
                spectrum[name] = [float("nan") if value is None else float(value) for value in self[key]]
                spectrum[name].unit = _ANGSTROM if name == "wavelength" else unit
        return spectrum

    def _list_html_fields(self) -> dict[str, Any]:
        return {name: value for name, value in self.items() if name not in ("wavelengths", "fluxes", "errors")}


def read_spectrum(wavelengths: Any, fluxes: Any, errors: Any, units: str | None) -> dict[str, Any]:
    """Return the columns of a spectrum as plain JSON, in units that a portal takes.

    Raises
    ------
    ArgumentError
        If a unit does not fit, a value is masked or NaN, or the columns differ in length.
    """
    waves = _to_numbers("wavelengths", _convert(wavelengths, "wavelengths", _ANGSTROM))
    own_unit = _choose_unit(fluxes) if getattr(fluxes, "unit", None) is not None else None
    if own_unit and units and units != own_unit:
        raise ArgumentError(f"units: {units!r}, but the fluxes have the unit {fluxes.unit}; give one of them.")
    if not own_unit and getattr(errors, "unit", None) is not None:
        raise ArgumentError("errors: have a unit, but the fluxes have none; give both the same, or none.")
    target = _UNITS[own_unit] if own_unit else None
    columns: dict[str, Any] = {
        "wavelengths": waves,
        "fluxes": _to_numbers("fluxes", _convert(fluxes, "fluxes", target)),
    }
    if errors is not None:
        if own_unit and getattr(errors, "unit", None) is None:
            raise ArgumentError("errors: have no unit, but the fluxes have one; give both the same, or none.")
        columns["errors"] = _to_numbers("errors", _convert(errors, "errors", target))
    if len({len(column) for column in columns.values()}) > 1:
        raise ArgumentError("wavelengths, fluxes and errors have different numbers of values.")
    return {**columns, "units": own_unit or units}


def _choose_unit(fluxes: Any) -> str:
    """Return the portal's unit that fluxes can be converted to."""
    from astropy import units

    for name in ("erg/s/cm/cm/AA", "Jy"):
        if units.Unit(fluxes.unit).is_equivalent(units.Unit(_UNITS[name])):
            return name
    raise ArgumentError(f"fluxes: the unit {fluxes.unit} cannot be converted to erg/s/cm/cm/AA or Jy; convert it.")


def _convert(column: Any, name: str, unit: str | None) -> Any:
    """Return a column without its unit, in another unit."""
    if getattr(column, "unit", None) is None or unit is None:
        return column
    from astropy import units

    try:
        factor = units.Unit(column.unit).to(unit)
    except units.UnitConversionError:
        raise ArgumentError(f"{name}: the unit {column.unit} cannot be converted to {unit}.") from None
    return (column.value if isinstance(column, units.Quantity) else column.data) * factor


def _to_numbers(name: str, column: Any) -> list[Any]:
    plain = to_plain(column, name)
    if not isinstance(plain, list) or not plain:
        raise ArgumentError(f"{name}: expected a list of numbers.")
    return plain
