"""What of a source's data a fit of its spectra takes: which spectra, and the date of maximum by another fit."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from fitter_lambda.engine.source_grid import load_source_grid
from fitter_lambda.input.templates import list_local_sources
from fitter_lambda.spectrum.log_templates import find_maximum_phase
from heliograph.service import Spectra
from heliograph.service.remark_inputs import Annotation
from heliograph.service.spectrum_input import Spectrum

_ORIGIN = "heliograph-supernova-fitter:"
#: Most spectra of a fit, and days from the one with the most signal.
_MOST_SPECTRA, _REACH = 4, 100.0
_MJD_ZERO = datetime(1858, 11, 17)


def build_columns(spectrum: Spectrum) -> dict[str, Any]:
    """Return the columns of a spectrum, its flux with its unit."""
    columns: dict[str, Any] = {"wavelength": spectrum.wavelengths, "flux": spectrum.fluxes, "units": spectrum.units}
    return columns if spectrum.errors is None else columns | {"error": spectrum.errors}


def parse_date(text: str) -> float | None:
    """Return the modified Julian date of a time in UTC (ISO 8601); None if it is none."""
    try:
        return (datetime.fromisoformat(text).replace(tzinfo=None) - _MJD_ZERO).total_seconds() / 86400
    except ValueError:
        return None


def choose_spectra(spectra: Spectra, together: bool) -> list[int]:
    """Return the places of the spectra to fit: first the one with the most signal, then others near it in time."""
    ranked = np.argsort([-measure_signal(spectrum) for spectrum in spectra], kind="stable").tolist()
    first = parse_date(spectra[ranked[0]].observed_at)
    if not together or first is None:
        return [int(ranked[0])]
    near = []
    for place in ranked[1:]:
        date = parse_date(spectra[place].observed_at)
        if date is not None and abs(date - first) <= _REACH and measure_signal(spectra[place]) > 0:
            near.append(int(place))
    return [int(ranked[0]), *sorted(near[: _MOST_SPECTRA - 1])]


def measure_signal(spectrum: Spectrum) -> float:
    """Measure the signal to noise of a spectrum over all its pixels."""
    flux = np.where(np.isfinite(spectrum.fluxes), spectrum.fluxes, 0.0)
    # the scatter of neighbours stands for errors, which not all spectra have
    noise = np.median(np.abs(np.diff(flux))) if len(flux) > 1 else 0.0
    return float(np.median(np.abs(flux)) / noise * np.sqrt(len(flux))) if noise > 0 else 0.0


def describe_choice(spectra: Spectra, chosen: Sequence[int]) -> list[str]:
    """Say which spectra were fitted, and which were left out."""
    if len(spectra) == 1:
        return []
    names = [spectrum.observed_at or "no date" for spectrum in spectra]
    left = [name for i, name in enumerate(names) if i not in chosen]
    text = f"of {len(spectra)} spectra fitted: {', '.join(names[i] for i in chosen)}"
    return [text + (f"; left out: {', '.join(left[:10])}{' and others' if len(left) > 10 else ''}" if left else "")]


def find_fitted_maximum(annotations: Iterable[Annotation]) -> tuple[float | None, float]:
    """Return the date of maximum in B and its error by the supernova fitter's best fit that is not doubtful."""
    fits = [one.data for one in annotations if one.origin.startswith(_ORIGIN)]
    fits = [fit for fit in fits if _is_usable(fit)]
    if not fits:
        return None, 0.0
    best = max(fits, key=lambda fit: fit["log_evidence"])
    phase = find_maximum_phase(load_source_grid(best["model"]))
    return best["t0"] + phase * (1 + best["z"]), best["t0_err"]


def _is_usable(fit: Any) -> bool:
    numbers = [fit.get(name) for name in ("t0", "t0_err", "z", "log_evidence")]
    if not all(isinstance(number, int | float) and np.isfinite(number) for number in numbers):
        return False
    return not str(fit.get("verdict", "")).startswith("Doubtful") and fit.get("model") in list_local_sources()
