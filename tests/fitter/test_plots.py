"""The figures of a fit, also of bad data."""

import io
from dataclasses import replace
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from fitter_lambda.engine.fit import Fit
from fitter_lambda.input.light_curve import ZERO_POINT
from fitter_lambda.output.corner_figure import draw_corner
from fitter_lambda.output.light_curve_figure import draw_light_curve, get_band_colour, get_band_label
from fitter_lambda.output.figure_files import encode_png
from fitter_lambda.output.predicted_light_curves import get_plot_window, predict_light_curves, to_magnitudes

RANDOM = np.random.default_rng(5)


def changed(fit: Fit, row: int, **values: Any) -> Fit:
    """The same fit with one row of its data changed."""
    rows = fit.data.rows
    columns = {name: getattr(rows, name).copy() for name in values}
    for name, value in values.items():
        columns[name][row] = value
    return replace(fit, data=replace(fit.data, rows=replace(rows, **columns)))


def draw(fit: Fit) -> Figure:
    return draw_light_curve(fit, predict_light_curves(fit), "SN 2019dwz")


def points(figure: Figure, panel: int, kind: str = "data") -> int:
    """How many points of a kind a panel shows: data, limits, or arrows for those off scale."""
    total = 0
    for container in figure.axes[panel].containers:
        label = str(container.get_label())
        if isinstance(container, ErrorbarContainer) and (label if label.startswith("_") else "data") == kind:
            line, _, bars = container
            total += len(bars[0].get_segments()) if line is None else len(np.asarray(line.get_xdata()))
    return total


def notes(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


def test_predicted_curves_are_the_posterior_of_the_model(fit: Fit) -> None:
    curves = predict_light_curves(fit)
    rows = fit.data.rows
    assert list(curves) == rows.bands
    for i, curve in enumerate(curves.values()):
        flux, reached = fit.predict_fluxes(fit.best[None], curve.mjd, np.full(len(curve.mjd), i))
        np.testing.assert_allclose(curve.best[reached[0]], flux[reached])
        assert np.isnan(curve.best[~reached[0]]).all()
        is_known = np.isfinite(curve.percentiles).all(axis=0)
        assert is_known.mean() > 0.8 and (np.diff(curve.percentiles[:, is_known], axis=0) >= 0).all()
        everything = fit.predict_fluxes(fit.draws, curve.mjd[60:70], np.full(10, i))[0]
        spread = everything.std(axis=0)
        np.testing.assert_allclose(curve.percentiles[2, 60:70], np.median(everything, axis=0), atol=0.3 * spread.max())


def test_magnitudes_are_those_of_the_curves(fit: Fit) -> None:
    curves = predict_light_curves(fit)
    for name, rows in to_magnitudes(curves).items():
        mjd, median, low, high = np.array(rows).T
        nearest = np.argmin(np.abs(mjd[:, None] - curves[name].mjd), axis=1)
        flux = curves[name].percentiles[2, nearest]
        np.testing.assert_allclose(10 ** (-0.4 * (median - ZERO_POINT)), flux, rtol=1e-4)
        assert (low <= median).all() and (median <= high).all() and (high < 31).all()


def test_the_figure_is_an_image_with_every_row_in_it(fit: Fit) -> None:
    drawing = draw_light_curve(fit, predict_light_curves(fit), "A $ is no mathematics")
    image = matplotlib.image.imread(io.BytesIO(encode_png(drawing, 150)))
    assert image.shape[:2] == (900, 1140)
    figure = draw(fit)
    assert points(figure, 0) == points(figure, 1) == len(fit.data.rows)
    assert "Off scale" not in notes(figure) and "outside" not in notes(figure)


def test_limits_are_arrows_and_have_no_residuals(fit: Fit) -> None:
    figure = draw(changed(fit, 3, limit=True, flux=120.0))
    assert points(figure, 0, "_limits") == 1
    assert points(figure, 0) == points(figure, 1) == len(fit.data.rows) - 1
    legend = figure.axes[0].get_legend()
    assert legend is not None and "limit" in [text.get_text() for text in legend.get_texts()]


def test_a_limit_far_above_the_data_is_only_counted(fit: Fit) -> None:
    figure = draw(changed(fit, 3, limit=True, flux=9_000.0))
    assert points(figure, 0, "_limits") == 0 and "Limits above the figure: 1." in notes(figure)
    assert figure.axes[0].get_ylim()[1] < 2 * fit.data.rows.flux.max()


@pytest.mark.parametrize("flux", [40_000.0, -40_000.0])
def test_a_wild_row_is_marked_at_the_edge(fit: Fit, flux: float) -> None:
    figure = draw(changed(fit, 20, flux=flux))
    assert points(figure, 0, "_off scale") == points(figure, 1, "_off scale") == 1
    assert "Off scale (arrows at the edges): 2." in notes(figure)
    low, high = figure.axes[0].get_ylim()
    assert high < 2 * fit.data.rows.flux.max() and low > -fit.data.rows.flux.max()


def test_a_huge_error_leaves_the_scale_alone(fit: Fit) -> None:
    high = draw(changed(fit, 20, flux=200.0, fluxerr=40_000.0)).axes[0].get_ylim()[1]
    assert high < 2 * fit.data.rows.flux.max()


def test_rows_of_other_years_do_not_squeeze_the_supernova(fit: Fit) -> None:
    figure = draw(changed(fit, 0, mjd=fit.data.rows.mjd[0] - 900, flux=1.0))
    low, high = figure.axes[0].get_xlim()
    assert low > fit.data.rows.mjd[0] - 40 and "Rows outside these dates: 1." in notes(figure)
    assert (low, high) == pytest.approx(get_plot_window(changed(fit, 0, mjd=fit.data.rows.mjd[0] - 900, flux=1.0)))


def test_the_upper_axis_counts_rest_frame_days_since_maximum(fit: Fit) -> None:
    figure = draw(fit)
    rest = figure.axes[2]
    assert rest.get_xlabel() == "Rest-frame days since maximum light"
    t0 = fit.best[fit.names.index("t0")]
    first, last = figure.axes[0].get_xlim()
    expected = [(x - t0) / (1 + fit.data.redshift.mean) for x in (first, last)]
    assert rest.get_xlim() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("ztfg", "ZTF g"), ("atlaso", "ATLAS o"), ("sdss::r", "SDSS r"), ("ps1::i", "PS1 i"),
        ("lsstz", "LSST z"), ("desy", "DES Y"), ("gaia::gbp", "Gaia BP"), ("uvot::uvw2", "Swift UVW2"),
        ("bessellv", "Bessell V"), ("2massks", "2MASS Ks"), ("f606w", "F606W"),
        ("keplercam::r", "keplercam::r"),
    ],
)  # fmt: skip
def test_bands_are_named_as_surveys_name_them(name: str, label: str) -> None:
    assert get_band_label(name) == label


def test_a_band_of_no_known_survey_has_the_colour_of_its_wavelength() -> None:
    assert get_band_colour("ztfg", 4700.0) == get_band_colour("ps1::g", 4800.0)
    blue, red = (get_band_colour(name, wavelength) for name, wavelength in (("f275w", 2700.0), ("f160w", 15400.0)))
    assert int(blue[1:3], 16) < int(red[1:3], 16) and int(blue[5:], 16) > int(red[5:], 16)


def test_a_corner_plot_labels_origins_and_units() -> None:
    samples = {
        "t0": RANDOM.normal(58606.5, 0.6, 500),
        "amplitude": RANDOM.normal(4e-8, 1e-9, 500),
        "hostebv": RANDOM.exponential(0.1, 500),
    }
    figure = draw_corner(samples, {})
    labels = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    assert labels == ["$t_0$ − MJD 58600 [d]", "$10^{8}$ $A$", r"$E(B{-}V)_\mathrm{host}$ [mag]"]
    assert figure.axes[0].get_title().startswith("$t_0$ − MJD 58600 = ${6.")
    assert figure.axes[0].get_xlim()[1] < 10


def test_a_corner_plot_with_ranges_of_its_own_keeps_the_samples_units() -> None:
    samples = {"t0": RANDOM.normal(58606.5, 0.6, 500), "x": RANDOM.normal(size=500)}
    figure = draw_corner(samples, {"range": [(58600.0, 58610.0), (-3.0, 3.0)]})
    assert figure.axes[0].get_xlim() == pytest.approx((58600, 58610))
    assert "$t_0$ [MJD]" in [axes.get_xlabel() for axes in figure.axes]


@pytest.mark.parametrize("options", [{"truths": [0.0, 1.0, 2.0]}, {"reverse": True}, {}])
def test_every_panel_of_a_corner_plot_has_its_own_place(options: dict[str, Any]) -> None:
    random = np.random.default_rng(0)
    samples = {name: random.normal(i, 1.0, 500) for i, name in enumerate("abc")}
    figure = draw_corner(samples, options)
    places = {tuple(axes.get_position().bounds) for axes in figure.axes}
    assert len(places) == len(figure.axes) == 6
    assert all(width > 0.1 and height > 0.1 for _, _, width, height in places)


def test_a_corner_plot_of_one_parameter_is_a_histogram() -> None:
    figure = draw_corner({"x": np.random.default_rng(0).normal(size=500)}, {})
    assert len(figure.axes) == 1
