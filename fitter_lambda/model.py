"""A source seen through dust and bands: which redshifts it can be seen at, and the flux of each row."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.interpolate import Akima1DInterpolator

from fitter_lambda.errors import TemplateError, TooLittleDataError
from fitter_lambda.parameters import Parameters
from fitter_lambda.photometry import ZERO_POINT, Excluded, Photometry
from fitter_lambda.templates import load_bandpasses, load_source, zero_point_ratio

__all__ = ["LightCurveModel", "RedshiftPrior", "load_model", "redshift_prior", "to_microjansky"]

Array = npt.NDArray[np.float64]

#: A redshift is never known better than this: peculiar velocities of 300 km/s (c * 0.001).
MIN_REDSHIFT_ERROR = 0.001
_LOWEST_REDSHIFT = 1e-4
#: A template that starts fainter than this fraction of its peak is taken to be zero before its start.
_NEGLIGIBLE_START = 0.05


@dataclass(frozen=True)
class RedshiftPrior:
    """What is known of the redshift.

    Attributes
    ----------
    kind : str
        "fixed" (at `mean`), "gaussian" (`mean`, `sigma`, cut at the bounds) or "flat" (between them).
    mean, sigma : float
    low, high : float
        Bounds.
    """

    kind: str
    mean: float
    sigma: float
    low: float
    high: float

    def logpdf(self, z: float) -> float:
        """Log density, up to a constant; -inf outside the bounds."""
        if not self.low <= z <= self.high:
            return -math.inf
        return -0.5 * ((z - self.mean) / self.sigma) ** 2 if self.kind == "gaussian" else 0.0

    def grid(self) -> Array:
        """Redshifts to start from: one when it is known, else about 4 % apart in 1 + z."""
        if self.kind != "flat":
            return np.array([min(max(self.mean, self.low), self.high)])
        number = 2 + int(math.log((1 + self.high) / (1 + self.low)) / 0.02)
        return np.geomspace(1 + self.low, 1 + self.high, min(number, 60)) - 1


def redshift_prior(parameters: Parameters, redshift: float | None, error: float | None) -> RedshiftPrior:
    """The redshift's prior under `fix_z`: see `parameters.PARAMETERS`."""
    if redshift is None or parameters.fix_z is False:
        return RedshiftPrior("flat", math.nan, math.nan, parameters.z_min, parameters.z_max)
    if parameters.fix_z:
        return RedshiftPrior("fixed", redshift, 0.0, redshift, redshift)
    sigma = max(error or 0.0, MIN_REDSHIFT_ERROR)
    low = max(redshift - 5 * sigma, _LOWEST_REDSHIFT)
    return RedshiftPrior("gaussian", redshift, sigma, low, redshift + 5 * sigma)


def to_microjansky(rows: Photometry) -> tuple[Photometry, dict[str, Any], list[Excluded]]:
    """Bring rows to AB zero point 23.9, and leave out those whose band or system is not to be had.

    Returns
    -------
    Photometry
    dict of str to sncosmo.Bandpass
        The bands of the rows that are left.
    list of Excluded
    """
    bands, missing = load_bandpasses(sorted(set(rows.band.tolist())))
    excluded: list[Excluded] = []
    for name, reason in missing.items():
        rows, dropped = rows.exclude(rows.band == name, reason)
        excluded.extend(dropped)
    scale = 10 ** (-0.4 * (rows.zp - ZERO_POINT))
    for system in sorted(set(rows.magsys.tolist()) - {"ab"}):
        chosen = rows.magsys == system
        try:
            scale[chosen] *= [zero_point_ratio(system, bands[name]) for name in rows.band[chosen]]
        except TemplateError:
            rows, dropped = rows.exclude(chosen, f"magnitude system {system!r} is unknown or not to be had")
            excluded.extend(dropped)
            scale = scale[~chosen]
    rows = replace(
        rows,
        flux=rows.flux * scale,
        fluxerr=rows.fluxerr * scale,
        zp=np.full(len(rows), ZERO_POINT),
        magsys=np.full(len(rows), "ab"),
    )
    return rows, {name: bands[name] for name in set(rows.band.tolist())}, excluded


class LightCurveModel:
    """An sncosmo model with fluxes in micro-Jansky.

    Parameters
    ----------
    source : sncosmo.Source
        Its first parameter has to be an amplitude that its flux is proportional to.
    mwebv : float
        E(B-V) of the Milky Way (mag); dust law F99 (Fitzpatrick 1999), R_V = 3.1, observer's frame.
    bands : dict of str to sncosmo.Bandpass

    Attributes
    ----------
    names : list of str
        Free parameters but the redshift: t0, the amplitude, shapes.
    """

    def __init__(self, source: Any, mwebv: float, bands: dict[str, Any]) -> None:
        import sncosmo

        self.source = source
        self.bands = bands
        dust = {"effects": [sncosmo.F99Dust()], "effect_names": ["mw"], "effect_frames": ["obs"]}
        self._model = sncosmo.Model(source, **(dust if mwebv else {}))
        if mwebv:
            self._model.set(mwebv=mwebv)
        self.source = self._model.source
        self.amplitude: str = source.param_names[0]
        self.shapes: list[str] = list(source.param_names[1:])
        self.names = ["t0", self.amplitude, *self.shapes]
        self.minphase, self.maxphase = float(source.minphase()), float(source.maxphase())
        system = sncosmo.get_magsystem("ab")
        self._scale = {name: 10 ** (0.4 * ZERO_POINT) / system.zpbandflux(b) for name, b in bands.items()}
        peak = float(source.bandflux("bessellb", source.peakphase("bessellb")))
        self.starts_dark = float(source.bandflux("bessellb", self.minphase)) < _NEGLIGIBLE_START * peak

    def flux(self, values: dict[str, float], mjd: Array, band: npt.NDArray[np.str_]) -> Array:
        """Flux of each row (shape (n,), micro-Jansky); `mjd` has to ascend.

        Where a band has more rows than days, its light curve is computed once a day and
        interpolated (Akima): no template changes faster.
        """
        self._model.set(**values)
        z, t0 = self._model.get("z"), self._model.get("t0")
        flux = np.empty(len(mjd))
        for name in self.bands:
            chosen = band == name
            if chosen.any():
                flux[chosen] = self._bandflux(name, mjd[chosen])
        # some sources hold their first spectrum for ever before it
        flux[mjd < t0 + (1 + z) * self.minphase] = 0.0
        return flux

    def _bandflux(self, name: str, mjd: Array) -> Array:
        days = _days(mjd)
        if len(days) < len(mjd):
            curve = self._model.bandflux(self.bands[name], days)
            return np.asarray(Akima1DInterpolator(days, curve)(mjd) * self._scale[name])
        if np.all(mjd[1:] > mjd[:-1]):
            return np.asarray(self._model.bandflux(self.bands[name], mjd) * self._scale[name])
        times, back = np.unique(mjd, return_inverse=True)  # splines want strictly ascending times
        return np.asarray(self._model.bandflux(self.bands[name], times)[back] * self._scale[name])

    def points(self, rows: Photometry) -> int:
        """How many epochs one call of `flux` integrates through a band: what a call costs."""
        epochs = [rows.mjd[rows.band == name] for name in self.bands]
        return sum(min(len(mjd), len(_days(mjd))) for mjd in epochs if len(mjd))

    def peak_magnitude(self, values: dict[str, float]) -> float:
        """Apparent peak (AB mag) in rest-frame Bessell B, freed of Milky Way dust, not of the host's."""
        self._model.set(**values)
        return float(self._model.source_peakmag("bessellb", "ab"))

    def reach(self, name: str) -> tuple[float, float]:
        """The redshifts at which the source's wavelengths cover a band."""
        band = self.bands[name]
        low, high = self.source.minwave(), self.source.maxwave()
        # a hair inside, so that rounding cannot put the band outside
        return band.maxwave() / high - 1 + 1e-9, band.minwave() / low - 1 - 1e-9


def _days(mjd: Array) -> Array:
    """Whole days from before the first to after the last of ascending times."""
    return np.arange(math.floor(mjd[0]) - 1.0, math.ceil(mjd[-1]) + 2.0)


def load_model(
    parameters: Parameters, rows: Photometry, prior: RedshiftPrior
) -> tuple[LightCurveModel, Photometry, RedshiftPrior, list[Excluded]]:
    """Load the source and its bands; narrow rows and redshifts to what it can be seen in.

    Returns
    -------
    LightCurveModel
    Photometry
        In micro-Jansky (AB zero point 23.9).
    RedshiftPrior
        With bounds inside which every band that is left lies within the source's wavelengths.
    list of Excluded

    Raises
    ------
    TemplateError
        The source is unknown, not to be had, or of a kind that this version does not fit.
    TooLittleDataError
        No band is left.
    """
    source = load_source(parameters.source)
    _check_linear(source, parameters.source)
    rows, bands, excluded = to_microjansky(rows)
    if not bands:
        raise TooLittleDataError(
            "No row is left to fit: none has a date, a flux with a positive error and a known band. "
            + _most_common(excluded)
        )
    model = LightCurveModel(source, parameters.mwebv, bands)
    keep, low, high = _common_reach(model, rows, prior)
    outside = f"the band lies outside the wavelengths of {parameters.source} at this redshift"
    rows, dropped = rows.exclude(~np.isin(rows.band, keep), outside)
    excluded.extend(dropped)
    return model, rows, replace(prior, low=low, high=high), excluded


def _check_linear(source: Any, name: str) -> None:
    first = source.param_names[0]
    if first not in ("amplitude", "x0", "c0"):
        raise TemplateError(
            f"Source {name} scales by {first!r}; this version fits sources with a linear amplitude, "
            "e.g. nugent-*, hsiao, salt2, salt3."
        )


def _most_common(excluded: Iterable[Excluded]) -> str:
    reasons = [item.reason for item in excluded]
    return f"Most often: {max(set(reasons), key=reasons.count)}." if reasons else ""


def _common_reach(
    model: LightCurveModel, rows: Photometry, prior: RedshiftPrior
) -> tuple[list[str], float, float]:
    """Bands to keep, and the redshifts that all of them can be seen at.

    Where the bands do not agree, the one with the fewest rows goes: the same rows have to count at
    every redshift, or likelihoods could not be compared.
    """
    counts = {name: int(np.sum(rows.band == name)) for name in model.bands}
    keep = sorted(counts, key=lambda name: -counts[name])
    while keep:
        reaches = [model.reach(name) for name in keep]
        low = max(prior.low, *(reach[0] for reach in reaches))
        high = min(prior.high, *(reach[1] for reach in reaches))
        wanted = prior.kind == "flat" or low <= prior.mean <= high
        if wanted and (low < high or prior.kind == "fixed"):
            return keep, low, high
        misfits = [n for n in keep if not _reaches(model.reach(n), prior)]
        keep.remove(misfits[-1] if misfits else keep[-1])
    raise TooLittleDataError(
        "No band lies within the source's wavelengths at the redshift asked for; "
        "choose another source or another redshift."
    )


def _reaches(reach: tuple[float, float], prior: RedshiftPrior) -> bool:
    if prior.kind == "flat":
        return max(reach[0], prior.low) < min(reach[1], prior.high)
    return reach[0] <= prior.mean <= reach[1]
