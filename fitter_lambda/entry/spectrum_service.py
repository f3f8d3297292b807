"""The spectrum fitter as a service of the kit: ``heliograph service run fitter_lambda/entry/spectrum_service.py``."""

from typing import Any, Literal

import numpy as np

from fitter_lambda.entry.spectrum_fitting import AUTO, FixZ, fit_spectrum
from fitter_lambda.errors import FitterError
from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from fitter_lambda.spectrum.model_spectrum import describe_model_spectrum
from fitter_lambda.version import __version__
from heliograph.service import AnalysisError, Progress, Redshift, Result, Service, Spectra, Target

ORIGIN = "heliograph-spectrum-fitter"

service = Service("Spectrum fitter", version=__version__, analysis_type="spectrum_fitting", timeout=900)


@service.analysis
def fit_redshift_and_type(
    spectra: Spectra,
    redshift: Redshift,
    target: Target,
    progress: Progress,
    *,
    template: str = AUTO,
    fix_z: FixZ = "auto",
    z_min: float = 0.001,
    z_max: float = 1.2,
    mwebv: float | None = None,
    wavelengths: Literal["air", "vacuum"] = "air",
    resolution: float | None = None,
    mask: bool = True,
    n_draws: int = 2000,
    seed: int = 0,
) -> Result:
    """Fit redshift, type and phase of a source's best spectrum, with a posterior.

    Parameters
    ----------
    template : str
        Template of the supernova. A source of sncosmo such as salt3, or auto for all.
    fix_z : str
        Use of the source's redshift. True: exact. False: free. auto: Gaussian of its error, at least 0.001; free if
        the source has no redshift.
    z_min : float
        Lower bound of a free redshift.
    z_max : float
        Upper bound of a free redshift. At most 1.2.
    mwebv : float
        Reddening by the Milky Way (mag). Blank: from the dust map, where there is one; 0 for a corrected spectrum.
    wavelengths : str
        Medium of the wavelengths. Air or vacuum.
    resolution : float
        Resolution. Wavelength over the width (FWHM) of unresolved lines; blank: 2.5 pixels.
    mask : bool
        Leave out telluric bands and lines of the Milky Way.
    n_draws : int
        Number of posterior draws. 100 to 20000.
    seed : int
        Seed of the random numbers.
    """
    number = choose_spectrum(spectra)
    spectrum = spectra[number]
    columns: dict[str, Any] = {"wavelength": spectrum.wavelengths, "flux": spectrum.fluxes}
    if spectrum.errors is not None:
        columns["error"] = spectrum.errors
    try:
        fit = fit_spectrum(
            columns, template, redshift.value, redshift.error, fix_z=fix_z, z_min=z_min, z_max=z_max,
            ra=target.ra, dec=target.dec, mwebv=mwebv, flux_unit=spectrum.units, wavelengths=wavelengths,
            resolution=resolution, mask=mask, n_draws=n_draws, seed=seed, title=target.name,
            progress=lambda fraction, message: progress(0.8 * fraction, message),
        )  # fmt: skip
    except FitterError as error:
        raise AnalysisError(str(error)) from None
    if len(spectra) > 1:
        when = spectrum.observed_at or "unknown date"
        fit.remarks.append(f"of {len(spectra)} spectra the one with the most signal was fitted ({when})")
    progress(0.85, "drawing the figures")
    model_spectrum = describe_model_spectrum(fit.posterior, fit.mw_ebv, wavelengths == "air")
    return _build_result(fit, [{"spectrum_id": spectrum.id, "observed_at": spectrum.observed_at, **model_spectrum}])


def _build_result(fit: SpectrumFit, model_spectra: list[dict[str, Any]]) -> Result:
    figures = [figure for figure in (fit.plot_spectrum(), fit.plot_corner()) if figure is not None]
    return Result(
        results={**fit.results, "model_spectrum": model_spectra},
        plots=figures,
        inference_data=fit.to_netcdf(),
        annotations=[{"origin": ORIGIN, "data": fit.annotations}],
        message=fit.summary,
        verdict=fit.results["verdict"],
        extra={
            "model_name": fit.results["template"],
            "model_summary": {"spectra": [one["spectrum_id"] for one in model_spectra]},
        },
    )


def choose_spectrum(spectra: Spectra) -> int:
    """Return the place of the spectrum with the most signal to noise over all its pixels."""
    signals = []
    for spectrum in spectra:
        flux = np.where(np.isfinite(spectrum.fluxes), spectrum.fluxes, 0.0)
        # the scatter of neighbours stands for errors, which not all spectra have
        noise = np.median(np.abs(np.diff(flux))) if len(flux) > 1 else 0.0
        size = np.median(np.abs(flux)) if len(flux) else 0.0
        signals.append(size / noise * np.sqrt(len(flux)) if noise > 0 else 0.0)
    return int(np.argmax(signals))
