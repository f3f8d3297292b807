"""The figure of a fit: spectrum, best model, host and residuals; beside it the second-best class."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fitter_lambda.arrays import Array, Indices
from fitter_lambda.spectrum.host_components import EMISSION_LINES
from fitter_lambda.spectrum.linear_columns import N_HOSTS
from fitter_lambda.spectrum.log_grid import LIGHT_SPEED
from fitter_lambda.spectrum.spectrum_inference import SpectrumPosterior
from fitter_lambda.spectrum.spectrum_models import N_SHARED
from fitter_lambda.spectrum.spectrum_results import CLASS_NAMES

_DATA, _MODEL, _SECOND, _HOST, _LINES = "#555555", "#c0392b", "#3b6fe0", "#2e8b57", "#777777"
#: Lines by which each class is known (vacuum angstrom), and the velocity at which they are marked (km/s).
_IONS: dict[str, tuple[float, tuple[tuple[str, float], ...]]] = {
    "Ia": (-11000.0, (("Ca II", 3951.0), ("Mg II", 4482.0), ("Fe II", 5018.0), ("S II", 5655.0), ("Si II", 6357.0),
                      ("O I", 7776.0), ("Ca II", 8580.0))),
    "stripped": (-9000.0, (("Ca II", 3951.0), ("Fe II", 5018.0), ("He I", 5877.0), ("Si II", 6357.0), ("O I", 7776.0),
                           ("Ca II", 8580.0))),
    "II": (0.0, (("Hδ", 4102.9), ("Hγ", 4341.7), ("Hβ", 4862.7), ("Na I", 5894.6), ("Hα", 6564.6), ("Ca II", 8580.0))),
}  # fmt: skip
_STAR = (0.0, (("Ca II", 3951.0), ("Hβ", 4862.7), ("Mg I", 5175.0), ("Na I", 5894.6), ("Hα", 6564.6)))
_MAX_LINE_LABELS = 8
_CLOSE = 0.035


def draw_spectrum(posterior: SpectrumPosterior, results: dict[str, Any], title: str = "") -> Figure:
    """Draw the spectrum with its best model, and the second-best class in smaller panels."""
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    panels = figure.add_gridspec(2, 2, width_ratios=(2.2, 1), height_ratios=(3, 1))
    main, residual = figure.add_subplot(panels[0, 0]), figure.add_subplot(panels[1, 0])
    second, second_residual = figure.add_subplot(panels[0, 1]), figure.add_subplot(panels[1, 1])
    groups = np.array([posterior.candidates[i].model.group for i in posterior.source])
    best = np.flatnonzero(groups == results["class"])
    total = _draw_fit(main, posterior, best, _MODEL, "model")
    for k in range(1, len(posterior.spectra)):
        _stack_fit(main, posterior, best, k)
    _mark_lines(main, posterior, results["class"], int(best[0]))
    _draw_residual(residual, posterior, total, results["parameters"]["discrepancy"]["median"], _MODEL)
    main.set_title(describe_fit(results, title), fontsize=10, loc="left")
    main.set_ylabel("flux per wavelength (mean = 1)")
    residual.set_ylabel("residual (σ)")
    other = _draw_second(second, posterior, results)
    if other is None:
        second.remove()
        second_residual.remove()
    else:
        _draw_residual(second_residual, posterior, *other, _SECOND)
    for upper, lower in ((main, residual), (second, second_residual)):
        upper.sharex(lower)
        upper.tick_params(labelbottom=False)
        lower.set_xlabel("observed wavelength (Å)")
    return figure


def describe_fit(results: dict[str, Any], title: str = "") -> str:
    """Describe a fit in one or two lines."""
    parts = [f"{results['class_name']} (p = {results['class_probability']:.3f}), {results['template']}"]
    parameters = results["parameters"]
    z = parameters["z"]
    values = [f"z = {z['median']:.4f} ± {0.5 * (z['err_minus'] + z['err_plus']):.4f}"]
    if "phase" in parameters:
        values.append(f"{parameters['phase']['median']:+.1f} d from maximum".replace("-", "−"))
    if "A_V" in parameters:
        values.append(f"$A_V$ = {parameters['A_V']['median']:.2f}")
    if "host_fraction" in parameters:
        values.append(f"host {100 * parameters['host_fraction']['median']:.0f} %")
    values.append(f"misfit p = {results['misfit_p_value']:.2g}")
    if results["error_scale"] > 1:
        values.append(f"errors × {results['error_scale']:.1f}")
    start = [f"{title}: {parts[0]}" if title else parts[0]]
    return "\n".join([*start, ", ".join(values)])


def _draw_fit(axes: Axes, posterior: SpectrumPosterior, draws: Indices, colour: str, label: str) -> Array:
    """Draw the spectrum, and the model of some draws: its middle, its 95 % band, its host; return the middle."""
    data = posterior.data
    wave = data.x.wave
    flux = np.where(data.good, data.flux, np.nan)
    axes.step(wave, flux, where="mid", color=_DATA, lw=0.7, label="spectrum")
    curves = np.array([posterior.predict(int(i)) for i in draws[:100]])
    low, total, high = np.percentile(curves[:, 1], [2.5, 50, 97.5], axis=0)
    axes.fill_between(wave, low, high, color=colour, alpha=0.25, lw=0)
    axes.plot(wave, total, color=colour, lw=1.3, label=label)
    host = np.median(curves[:, 1] - curves[:, 0], axis=0)
    if host.mean() > 0.02:
        axes.plot(wave, host, color=_HOST, lw=1.0, ls="--", label="host and narrow lines")
    bottom = min(0.0, float(np.nanpercentile(flux, 0.5)))
    top = max(float(np.nanpercentile(flux, 99.7)), float(total.max())) * 1.18
    axes.set_ylim(1.05 * bottom, top)
    axes.set_xlim(wave[0], wave[-1])
    axes.legend(fontsize=8, loc="best", framealpha=0.85, edgecolor="none")
    return np.asarray(total)


def _stack_fit(axes: Axes, posterior: SpectrumPosterior, draws: Indices, k: int) -> None:
    """Draw another spectrum and its model above those before it."""
    data = posterior.spectra[k]
    total = np.median([posterior.predict(int(i), k)[1] for i in draws[:100]], axis=0)
    flux = np.where(data.good, data.flux, np.nan)
    bottom, top = axes.get_ylim()
    lift = top - min(float(np.nanpercentile(flux, 1.0)), float(total.min()))
    axes.step(data.x.wave, flux + lift, where="mid", color=_DATA, lw=0.7)
    axes.plot(data.x.wave, total + lift, color=_MODEL, lw=1.3)
    phase = float(np.median([posterior.select(int(i), k)[1] - posterior.select(int(i), 0)[1] for i in draws]))
    axes.annotate(f"{phase:+.0f} d".replace("-", "−"), (data.x.wave[-1], total[-1] + lift), (-4, 14),
                  textcoords="offset points", fontsize=8, ha="right", va="bottom",
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
    axes.set_ylim(bottom, lift + max(float(np.nanpercentile(flux, 99.7)), float(total.max())) * 1.1)


def _draw_residual(axes: Axes, posterior: SpectrumPosterior, total: Array, discrepancy: float, colour: str) -> None:
    data = posterior.data
    pull = np.where(data.good, (data.flux - total) * np.sqrt(data.weight), np.nan)
    axes.axhline(0, color=colour, lw=0.8)
    axes.step(data.x.wave, pull, where="mid", color=_DATA, lw=0.6)
    size = max(4.0, 1.1 * float(np.nanpercentile(np.abs(pull), 99.5)))
    axes.set_ylim(-size, size)
    # how far the templates' discrepancy may go
    reach = 2 * discrepancy * data.smooth * np.sqrt(data.weight)
    axes.fill_between(data.x.wave, -reach, reach, color=colour, alpha=0.12, lw=0)


def _draw_second(axes: Axes, posterior: SpectrumPosterior, results: dict[str, Any]) -> tuple[Array, float] | None:
    """Draw the best model of the second-best class; return its flux and its discrepancy."""
    classes = list(results["class_probabilities"])
    if len(classes) < 2:
        return None
    name = classes[1]
    one = next(one for one in posterior.candidates if one.model.group == name)
    if not np.isfinite(one.best_theta).all():
        return None
    theta = one.best_theta[None]
    random = np.random.default_rng(0)
    coefficients = [list(part.complete(random)) for part in one.likelihood.evaluate(theta, random)[1]]
    own = SpectrumPosterior(posterior.spectra, [one], theta, np.zeros(1, np.intp), coefficients, {})
    total = _draw_fit(axes, own, np.zeros(1, np.intp), _SECOND, one.model.template.name)
    chance = results["class_probabilities"][name]
    axes.set_title(
        f"next: {CLASS_NAMES[name]}\np = {chance:.2g}, z = {np.expm1(theta[0, 0]):.4f}", fontsize=10, loc="left"
    )
    return total, float(np.exp(theta[0, N_SHARED + 1]))


def _mark_lines(axes: Axes, posterior: SpectrumPosterior, group: str, draw: int) -> None:
    """Mark the lines by which a class is known, and narrow lines that stand out, at the redshift."""
    z = float(np.expm1(posterior.theta[draw, 0]))
    velocity, ions = _STAR if group == "star" else _IONS.get(group, (0.0, ()))
    marks = [(name, wave * (1 + z) * (1 + velocity / LIGHT_SPEED)) for name, wave in ions]
    if group != "star":
        marks += [(name, wave * (1 + z)) for name, wave in _list_strong_lines(posterior, group)]
    low, high = axes.get_xlim()
    taken: list[float] = []
    for name, wave in sorted(marks, key=lambda mark: mark[1]):
        if not low < wave < high or any(abs(wave - other) < _CLOSE * (high - low) for other in taken):
            continue
        taken.append(wave)
        axes.axvline(wave, color=_LINES, lw=0.6, ls=":")
        axes.text(wave, 0.985, name, transform=axes.get_xaxis_transform(), fontsize=8, ha="center", va="top",
                  color=_LINES, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip


def _list_strong_lines(posterior: SpectrumPosterior, group: str) -> list[tuple[str, float]]:
    """List the groups of narrow lines whose height is three sigma above 0, by their strongest line."""
    own = [i for i in range(len(posterior.theta)) if posterior.candidates[posterior.source[i]].model.group == group]
    rows = np.array([posterior.coefficients[0][i] for i in own])
    lines = rows[:, -N_HOSTS - len(EMISSION_LINES) : -N_HOSTS]
    is_strong = lines.mean(axis=0) > 3 * lines.std(axis=0)
    names = {"H": "Hα", "[N II], [S II]": "[N II]"}
    return [
        (names.get(name, name), members[0][0])
        for (name, members), strong in zip(EMISSION_LINES.items(), is_strong, strict=True)
        if strong
    ]
