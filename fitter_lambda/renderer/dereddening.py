"""Photometry of an analysis without the extinction by the dust of our Galaxy.

The extinction in a filter is that of a source whose spectrum is flat in f_ν (an AB source), integrated
over the bandpass: A = −2.5 log10(∫ T 10^(−0.4 A(λ)) dλ/λ / ∫ T dλ/λ), with A(λ) by Fitzpatrick (1999,
PASP 111, 63) for R_V = 3.1 and the reddening of the dust map. For other spectra A differs by a few per cent.
Dates, magnitude errors and the rest of the document are unchanged.
"""

import csv
import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fitter_lambda.errors import RenderError
from fitter_lambda.input import dust_map
from fitter_lambda.input.row_cells import find_repeated_names, parse_number, trim_column_names
from fitter_lambda.input.templates import load_bandpasses
from heliograph_guards.plausible_values import RANGES, explain_implausible

Row = dict[str, str]

MAX_FILTERS = 40
LAW = "Fitzpatrick (1999) with R_V = 3.1, integrated over the bandpass for a spectrum flat in f_nu"
_R_V = 3.1
_STEP_ANGSTROM = 2.0
#: The corrected value of each column, from its value and the extinction (mag).
_CORRECTIONS: dict[str, Callable[[float, float], float]] = {
    "flux": lambda flux, a: flux * 10 ** (0.4 * a),
    "fluxerr": lambda error, a: error * 10 ** (0.4 * a),
    "mag": lambda mag, a: mag - a,
    "limiting_mag": lambda mag, a: mag - a,
    "predicted_mag": lambda mag, a: mag - a,
}
_NUMBERS = ("mjd", "magerr", "zp", *_CORRECTIONS)
_KNOWN_COLUMNS = {"filter", *_NUMBERS}


def deredden_inputs(document: Any) -> dict[str, Any]:
    """Correct the photometry in the inputs of an analysis for Galactic extinction.

    Parameters
    ----------
    document : object
        What a service is sent, with ``inputs.photometry`` (CSV), and ``resource`` with ``ra`` and ``dec``
        (degrees).

    Returns
    -------
    dict
        The same with corrected photometry, and ``extinction``: ``ebv`` (mag, recalibrated), ``map``,
        ``law``, and ``a``, the extinction (mag) by filter.

    Raises
    ------
    RenderError
        No position, no photometry, a filter without a known bandpass, or a value that is not a number.
    NoMapError
        There is no dust map here.
    """
    if not isinstance(document, dict):
        raise RenderError("The inputs are not an object.")
    if "extinction" in document:
        raise RenderError("The inputs hold an extinction already; they are not corrected twice.")
    inputs = document.get("inputs")
    if not isinstance(inputs, dict):
        raise RenderError("The inputs hold no photometry; there is nothing to correct for extinction.")
    header, rows = _parse_csv(inputs.get("photometry"))
    ebv = dust_map.reddening(*_parse_position(document.get("resource")))
    extinctions = _compute_extinctions({row["filter"] for row in rows}, ebv)
    corrected = [_correct_row(number, row, extinctions) for number, row in enumerate(rows, start=1)]
    return {
        **document,
        "inputs": {**inputs, "photometry": _format_csv(header, corrected)},
        "extinction": {"ebv": ebv, "map": dust_map.MAP_NAME, "law": LAW, "a": extinctions},
    }


def _parse_position(resource: object) -> tuple[float, float]:
    values = [resource.get(name) for name in ("ra", "dec")] if isinstance(resource, dict) else [None, None]
    if None in values:
        raise RenderError("The source has no position, so its extinction is not known; set ra and dec.")
    ra, dec = (float(x) if isinstance(x, (int, float)) and abs(x) <= 360 else math.nan for x in values)
    if not (0 <= ra <= 360 and -90 <= dec <= 90):
        raise RenderError("The source's ra and dec are not a position; expected degrees, 0..360 and -90..90.")
    return ra, dec


def _parse_csv(text: object) -> tuple[list[str], list[Row]]:
    if not isinstance(text, str) or not text.strip():
        raise RenderError("inputs.photometry is missing; there is nothing to correct for extinction.")
    reader = csv.DictReader(io.StringIO(text.lstrip("\r\n"), newline=""), skipinitialspace=True)
    try:
        # with blanks around its name, a column would pass for another and stay uncorrected
        header = [_canonical_name(name) for name in trim_column_names(reader.fieldnames or [])]
        reader.fieldnames = header
        rows = list(reader)
    except csv.Error as error:
        raise RenderError(f"inputs.photometry is not CSV ({error}).") from None
    if find_repeated_names(header) or header.count("") > 1 or "filter" not in header:
        raise RenderError("inputs.photometry needs a first line of columns, with filter, once each.")
    for number, row in enumerate(rows, start=1):
        size = len(header) - list(row.values()).count(None) + len(row.get(None, []))
        if size != len(header):
            raise RenderError(f"inputs.photometry, row {number}: {size} values for {len(header)} columns.")
        row["filter"] = row["filter"].strip()
    return header, rows


def _canonical_name(name: str) -> str:
    return name.lower() if name.lower() in _KNOWN_COLUMNS else name


def _format_csv(header: list[str], rows: list[Row]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _compute_extinctions(filters: set[str], ebv: float) -> dict[str, float]:
    """Compute the extinction (mag) in each filter."""
    if len(filters) > MAX_FILTERS:
        raise RenderError(f"The photometry has {len(filters)} filters; expected at most {MAX_FILTERS}.")
    bandpasses, missing = load_bandpasses(sorted(filters))
    if missing:
        reasons = "; ".join(f"{name[:40]!r}: {reason[:150].rstrip('.')}" for name, reason in list(missing.items())[:5])
        raise RenderError(
            f"The photometry cannot be corrected for extinction without these bandpasses: {reasons}. "
            "Choose other filters with input_filters."
        )
    return {name: compute_band_extinction(bandpass, ebv) for name, bandpass in bandpasses.items()}


def compute_band_extinction(band: Any, ebv: float) -> float:
    """Compute the extinction in a bandpass (mag), for an AB source and the reddening E(B−V) (mag).

    Parameters
    ----------
    band : sncosmo.Bandpass
    ebv : float

    Raises
    ------
    RenderError
        The bandpass extends beyond the wavelengths of the law.
    """
    import sncosmo

    dust = sncosmo.F99Dust(r_v=_R_V)
    dust.set(ebv=ebv)
    first, last = band.minwave(), band.maxwave()
    if not dust.minwave() <= first < last <= dust.maxwave():
        raise RenderError(f"The extinction in {band.name} is not known: the law ends at 909 Å and 60000 Å.")
    edges = np.linspace(first, last, 2 + int((last - first) / _STEP_ANGSTROM))
    wave = (edges[1:] + edges[:-1]) / 2
    photons = band(wave) / wave
    return float(-2.5 * np.log10(dust.propagate(wave, photons).sum() / photons.sum()))


def _correct_row(number: int, row: Row, extinctions: dict[str, float]) -> Row:
    numbers = _parse_numbers(number, row)
    corrected = dict(row)
    for name, correct in _CORRECTIONS.items():
        if name in numbers:
            corrected[name] = repr(correct(numbers[name], extinctions[row["filter"]]))
    return corrected


def _parse_numbers(number: int, row: Row) -> dict[str, float]:
    """Return the numbers of a row that are not blank; refuse what is none, or cannot be meant."""
    numbers = {}
    for name in _NUMBERS:
        value, problem = parse_number(name, row.get(name, ""))
        if problem:
            message = f"inputs.photometry, row {number}: {name} is {row[name][:40]!r}, expected a number."
            raise RenderError(message)
        if value is not None:
            numbers[name] = value
    for name in _list_decisive_fields(numbers):
        if reason := explain_implausible(name, numbers[name]):
            raise RenderError(f"inputs.photometry, row {number}: {reason}.")
    return numbers


def _list_decisive_fields(numbers: dict[str, float]) -> list[str]:
    """List the numbers that have to be plausible; beside a flux near zero a magnitude's error has no bound."""
    return [name for name in numbers if name in RANGES and not (name == "magerr" and "flux" in numbers)]
