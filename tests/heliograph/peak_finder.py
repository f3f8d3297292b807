"""Find the peak of a light curve by a polynomial in time: a whole service, with a figure and a posterior."""

import matplotlib.pyplot as plt
import numpy as np

from heliograph.service import Photometry, Result, Service

service = Service("Peak finder", version="1.0")


@service.analysis
def find_peak(photometry: Photometry, *, degree: int = 4, n_draws: int = 400, progress=None) -> Result:
    points = photometry[np.isfinite(photometry.flux)]
    days = np.linspace(points.mjd.min(), points.mjd.max(), 500)
    noise = np.random.default_rng(0).normal(size=(n_draws, len(points))) * points.fluxerr
    progress(0.1, f"Fitting {len(points)} points.")
    curves = [np.polynomial.Polynomial.fit(points.mjd, flux, degree)(days) for flux in points.flux + noise]
    peaks = {"t0": days[np.argmax(curves, axis=1)], "peak_flux": np.max(curves, axis=1)}
    figure, axes = plt.subplots()
    axes.errorbar(points.mjd, points.flux, points.fluxerr, fmt="o")
    axes.plot(days, np.median(curves, axis=0))
    axes.set(xlabel="MJD", ylabel="flux [µJy]")
    results = {name: np.median(draws) for name, draws in peaks.items()}
    return Result(results=results, posterior_samples=peaks, plots=[figure], annotations=results, message="Found.")
