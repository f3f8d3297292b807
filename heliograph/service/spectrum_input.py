"""Spectra of a source, as an analysis receives them."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from heliograph.errors import InputError
from heliograph.service.csv_rows import BLANK_WORDS, CsvColumns, parse_csv
from heliograph.service.python_literals import parse_literal

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.float64]]

_MAX_SPECTRA = 1000
_MAX_POINTS = 500_000
_ID = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, eq=False)
class Spectrum:
    """One spectrum.

    Attributes
    ----------
    wavelengths : numpy array
        In angstrom, as they were uploaded.
    fluxes : numpy array
        In `units`.
    errors : numpy array or None
        Standard errors of the fluxes; None if unknown.
    units, observed_at, origin, type : str
        Empty where unknown; `observed_at` is a time in UTC, ISO 8601.
    altdata : object
        Whatever else was said of it; None if nothing.
    id : int or None
        On the portal; None if it does not say.
    """

    wavelengths: "Numbers"
    fluxes: "Numbers"
    errors: "Numbers | None"
    units: str
    observed_at: str
    origin: str
    type: str
    altdata: Any
    id: int | None = None

    def __repr__(self) -> str:
        """Show when it was taken, and its range."""
        ends = f"{self.wavelengths.min():.0f}-{self.wavelengths.max():.0f} Å" if len(self.wavelengths) else "empty"
        return f"Spectrum({self.observed_at}, {ends}, {len(self.wavelengths)} points)"


class Spectra:
    """The spectra of a source, in order of time: a sequence of `Spectrum`."""

    input_type: ClassVar[str] = "spectra"

    def __init__(self, spectra: list[Spectrum], text: str = "") -> None:
        self._spectra = spectra
        self.text = text

    @classmethod
    def from_csv(cls, text: object) -> Self:
        """Parse the CSV text of a payload.

        Raises
        ------
        InputError
            If the text is no CSV, lacks a column, or its lists do not fit together; the message names the row.
        """
        rows = parse_csv(cls.input_type, text)
        rows.require("wavelengths", "fluxes")
        if len(rows) > _MAX_SPECTRA:
            raise InputError(f"inputs.spectra has {len(rows)} spectra; expected at most {_MAX_SPECTRA}.")
        spectra = [_parse_spectrum(rows, row) for row in range(len(rows))]
        return cls(sorted(spectra, key=lambda spectrum: spectrum.observed_at), str(text))

    def __len__(self) -> int:
        """Return the number of spectra."""
        return len(self._spectra)

    def __iter__(self) -> Iterator[Spectrum]:
        """Iterate over the spectra."""
        return iter(self._spectra)

    def __getitem__(self, place: int) -> Spectrum:
        """Return a spectrum by its place."""
        return self._spectra[place]

    def __repr__(self) -> str:
        """Show the number of spectra."""
        return f"Spectra({len(self)} spectra)"


def _parse_spectrum(rows: CsvColumns, row: int) -> Spectrum:
    import numpy as np

    cells = {name: _blank_if_none(rows.get_cells(name)[row]) for name in rows.names}
    lists = {name: _parse_numbers(rows, row, name, cells.get(name, "")) for name in ("wavelengths", "fluxes", "errors")}
    length = len(lists["wavelengths"])
    if len(lists["fluxes"]) != length or len(lists["errors"]) not in (0, length):
        rows.refuse(row + 1, "wavelengths, fluxes and errors have different lengths; expected one length")
    if any(math.isnan(value) for value in lists["wavelengths"]):
        rows.refuse(row + 1, "a wavelength is unknown; expected numbers")
    arrays = {name: np.array(values, dtype=float) for name, values in lists.items()}
    return Spectrum(
        wavelengths=arrays["wavelengths"],
        fluxes=arrays["fluxes"],
        errors=arrays["errors"] if lists["errors"] else None,
        altdata=parse_literal(f"inputs.spectra, row {row + 1}: altdata", cells.get("altdata", "")),
        id=int(cells["id"]) if _ID.fullmatch(cells.get("id", "")) else None,
        **{name: cells.get(name, "") for name in ("units", "observed_at", "origin", "type")},
    )


def _blank_if_none(cell: str) -> str:
    return "" if cell.lower() in BLANK_WORDS else cell


def _parse_numbers(rows: CsvColumns, row: int, name: str, cell: str) -> list[float]:
    """Parse a list of numbers, NaN for None and nan; cell by cell, as a literal of this length takes much memory."""
    if not cell:
        return []
    if not (cell.startswith("[") and cell.endswith("]")):
        rows.refuse(row + 1, f"{name} is not a list of numbers")
    parts = [part.strip() for part in cell[1:-1].split(",")] if cell[1:-1].strip() else []
    if len(parts) > _MAX_POINTS:
        rows.refuse(row + 1, f"{name} has {len(parts)} numbers; expected at most {_MAX_POINTS:,}")
    try:
        numbers = [math.nan if part in ("None", "nan") else float(part) for part in parts]
    except ValueError:
        rows.refuse(row + 1, f"{name} is not a list of numbers")
    if any(math.isinf(number) for number in numbers):
        rows.refuse(row + 1, f"{name} holds a number that is not finite")
    return numbers
