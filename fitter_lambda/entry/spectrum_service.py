"""The spectrum fitter as a service of the kit: ``heliograph service run fitter_lambda/entry/spectrum_service.py``."""

from collections.abc import Sequence
from typing import Literal

from fitter_lambda.entry.spectrum_choice import (
    build_columns,
    choose_spectra,
    describe_choice,
    find_fitted_maximum,
    parse_date,
)
from fitter_lambda.entry.spectrum_fitting import AUTO, FixZ, fit_spectrum
from fitter_lambda.entry.supernova_service import PhotometryRows
from fitter_lambda.errors import FitterError
from fitter_lambda.spectrum.finished_spectrum import SpectrumFit
from fitter_lambda.spectrum.model_spectrum import describe_model_spectrum
from fitter_lambda.version import __version__
from heliograph.service import AnalysisError, Annotations, Progress, Redshift, Result, Service, Spectra, Target
from heliograph.service.spectrum_input import Spectrum

ORIGIN = "heliograph-spectrum-fitter"

service = Service("Spectrum fitter", version=__version__, analysis_type="spectrum_fitting", timeout=900)


@service.analysis
def fit_redshift_and_type(
    spectra: Spectra,
    redshift: Redshift,
    photometry: PhotometryRows | None,
    annotations: Annotations | None,
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
    together: bool = True,
    n_draws: int = 2000,
    seed: int = 0,
) -> Result:
    """Fit redshift, type and phase of a source's spectra, with a posterior.

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
        Resolution. Wavelength over the width (FWHM) of unresolved lines; blank: a parameter of the fit.
    mask : bool
        Leave out telluric bands, lines of the Milky Way and of the night sky, and pixels that stand out alone.
    together : bool
        Fit several spectra together. The four with the most signal, within 100 days. No: the one with the most.
    n_draws : int
        Number of posterior draws. 100 to 20000.
    seed : int
        Seed of the random numbers.
    """
    chosen = choose_spectra(spectra, together)
    dates = [parse_date(spectra[i].observed_at) for i in chosen]
    t0, t0_err = find_fitted_maximum(annotations or ())
    try:
        fit = fit_spectrum(
            [build_columns(spectra[i]) for i in chosen], template, redshift.value, redshift.error, dates=dates,
            fix_z=fix_z, z_min=z_min, z_max=z_max, photometry=photometry, t0=t0, t0_err=t0_err, ra=target.ra,
            dec=target.dec, mwebv=mwebv, wavelengths=wavelengths, resolution=resolution, mask=mask, n_draws=n_draws,
            seed=seed, title=target.name, progress=lambda fraction, message: progress(0.8 * fraction, message),
        )  # fmt: skip
    except FitterError as error:
        raise AnalysisError(str(error)) from None
    fit.remarks.extend(describe_choice(spectra, chosen))
    progress(0.85, "drawing the figures")
    return _build_result(fit, [spectra[i] for i in chosen], wavelengths == "air")


def _build_result(fit: SpectrumFit, spectra: Sequence[Spectrum], is_air: bool) -> Result:
    model_spectra = [
        {"spectrum_id": spectrum.id, "observed_at": spectrum.observed_at}
        | describe_model_spectrum(fit.posterior, fit.mw_ebv, is_air, k)
        for k, spectrum in enumerate(spectra)
    ]
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
