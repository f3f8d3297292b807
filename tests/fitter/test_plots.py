"""The figures of a fit, also of bad data."""

import io
import itertools
import math
from dataclasses import replace
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from fitter_lambda.engine.fit import Fit
from fitter_lambda.input.light_curve import ZERO_POINT
from fitter_lambda.output.corner_figure import draw_corner
from fitter_lambda.output.figure_files import FigureFormat, encode_figure, encode_png
from fitter_lambda.output.light_curve_contents import Estimate, LightCurveContents
from fitter_lambda.output.light_curve_figure import draw_light_curve, get_band_label
from fitter_lambda.output.light_curve_scales import Scale
from fitter_lambda.output.predicted_light_curves import get_plot_window, predict_light_curves, to_magnitudes
from fitter_lambda.output.supernova_fit import SupernovaFit
from tests.fitter.light_curves import parse_payload, sn2019dwz

RANDOM = np.random.default_rng(5)


def changed(fit: Fit, row: int, **values: Any) -> Fit:
    """The same fit with one row of its data changed."""
    rows = fit.data.rows
    columns = {name: getattr(rows, name).copy() for name in values}
    for name, value in values.items():
        columns[name][row] = value
    return replace(fit, data=replace(fit.data, rows=replace(rows, **columns)))


def contents(fit: Fit, name: str = "SN 2019dwz", **values: Any) -> LightCurveContents:
    """What the figure of a fit shows, with some values changed."""
    request = replace(parse_payload(sn2019dwz(fix_z="True")), resource_id=name)
    return replace(SupernovaFit(fit, request).light_curve_contents, **values)


def draw(fit: Fit, scale: Scale = "flux") -> Figure:
    return draw_light_curve(contents(fit), scale)


def points(figure: Figure, panel: int, kind: str = "data") -> int:
    """How many points of a kind a panel shows: data, limits, or arrows for those off scale."""
    total = 0
    for container in figure.axes[panel].containers:
        label = str(container.get_label())
        what = label if label.startswith("_") and label != "_residuals" else "data"
        if isinstance(container, ErrorbarContainer) and what == kind:
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


@pytest.mark.parametrize("scale", ["flux", "magnitude"])
def test_the_figure_is_an_image_with_every_row_in_it(fit: Fit, scale: Scale) -> None:
    figure = draw(fit, scale)
    image = matplotlib.image.imread(io.BytesIO(encode_png(figure, 150)))
    assert image.shape[1] == 1140 and 800 < image.shape[0] < 1100
    limits = points(figure, 0, "_limits")
    assert points(figure, 0) + limits == points(figure, 1) == len(fit.data.rows)
    assert (limits > 0) == (scale == "magnitude")
    assert "Off scale" not in notes(figure) and "outside" not in notes(figure)


def test_detections_have_their_magnitudes_and_other_rows_are_limits(fit: Fit) -> None:
    rows = fit.data.rows
    figure = draw(fit, "magnitude")
    low, high = figure.axes[0].get_ylim()
    assert low > high, "bright is up"
    drawn = np.sort(
        np.concatenate([line.get_ydata() for line in figure.axes[0].lines if line.get_marker() in (*"osD^h",)])
    )
    is_detected = rows.flux >= 3 * rows.fluxerr
    expected = ZERO_POINT - 2.5 * np.log10(rows.flux[is_detected])
    assert all(np.min(np.abs(drawn - magnitude)) < 1e-9 for magnitude in expected)
    assert points(figure, 0, "_limits") == np.sum(~is_detected)
    assert "Rows below 3σ are shown as limits of 3σ." in notes(figure)


def test_rows_out_of_reach_are_hollow(fit: Fit) -> None:
    original = contents(fit)
    last = np.arange(len(original.pulls)) == len(original.pulls) - 1
    figure = draw_light_curve(replace(original, pulls=np.where(last, np.nan, original.pulls)))
    assert points(figure, 0, "_hollow") == 1
    assert points(figure, 0) == points(figure, 1) == len(fit.data.rows) - 1
    assert "Out of the model's reach (hollow): 1." in notes(figure)
    legend = figure.axes[0].get_legend()
    assert legend is not None and "out of the model's reach" in [text.get_text() for text in legend.get_texts()]


def test_the_block_has_the_main_numbers(fit: Fit) -> None:
    numbers = contents(fit)
    text = notes(draw_light_curve(numbers))
    assert "SN 2019dwz" in text and "model: salt3" in text
    assert f"χ²/dof = {numbers.chi2:.1f}/{numbers.ndof:.0f}" in text
    assert f"misfit p = {numbers.misfit_p:.2g}" in text
    assert "z = 0.04608 (fixed)" in text
    t0 = numbers.parameters["t0"]
    assert f"t₀ = {t0.median:.2f}" in text and f"{t0.err_plus:.2f}" in text
    assert "Does not describe" not in text


@pytest.mark.parametrize(("p_value", "words"), [(2e-4, "misfit p = 0.0002"), (1e-85, "p = 1e-85"), (0.0, "p < 1e-300")])
def test_a_refuted_model_has_a_red_verdict(fit: Fit, p_value: float, words: str) -> None:
    figure = draw_light_curve(contents(fit, misfit_p=p_value))
    verdict = next(text for text in figure.texts if text.get_text().startswith("Does not describe the data ("))
    red, green, blue = to_rgb(verdict.get_color())
    assert words in verdict.get_text() and red > 0.6 > 0.2 > max(green, blue)


def test_no_verdict_without_a_p_value(fit: Fit) -> None:
    assert "Does not describe" not in notes(draw_light_curve(contents(fit, misfit_p=math.nan)))


NAMES = [
    "ztfg",
    "ztfr",
    "ztfi",
    "atlasc",
    "atlaso",
    "sdss::u",
    "ps1::z",
    "uvot::uvw1",
    "uvot::uvm2",
    "bessellv",
    "2massks",
]


@pytest.fixture(scope="module")
def original(fit: Fit) -> LightCurveContents:
    return contents(fit)


@pytest.mark.parametrize(("n_bands", "n_parameters"), [(1, 1), (3, 5), (12, 6), (40, 14)])
@pytest.mark.parametrize("name", ["SN", "A name with $x^2$ " * 12])
@pytest.mark.parametrize("scale", ["flux", "magnitude"])
def test_texts_never_touch(
    original: LightCurveContents, n_bands: int, n_parameters: int, name: str, scale: Scale
) -> None:
    """Whatever there is to say, no text covers another or leaves the figure."""
    names = [*NAMES, *(f"a_band_with_a_long_name_{i}" for i in range(40))][:n_bands]
    curve = next(iter(original.curves.values()))
    estimates = {
        f"parameter_{i}": Estimate(-58606.123 * 10.0**-i, 0.5 * 10.0**-i, 0.62 * 10.0**-i) for i in range(n_parameters)
    }
    figure = draw_light_curve(
        replace(
            original, name=name, curves=dict.fromkeys(names, curve), band=original.band % n_bands, misfit_p=1e-9,
            parameters=estimates, limit=np.arange(len(original.mjd)) % 3 == 0,
            pulls=np.where(np.arange(len(original.mjd)) % 5 == 1, np.nan, original.pulls),
        ), scale,
    )  # fmt: skip
    assert_texts_do_not_touch(figure)


def assert_texts_do_not_touch(figure: Figure) -> None:
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    texts = [text for text in texts if is_drawn(text, figure)]
    width, height = figure.get_size_inches() * figure.dpi
    boxes = [text.get_window_extent() for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, text.get_text()
    for (text, box), (other, its_box) in itertools.combinations(zip(texts, boxes, strict=True), 2):
        if text.get_rotation() % 90 and other.get_rotation() % 90:
            continue  # slanted beside each other, their boxes overlap though they do not
        across = min(box.x1, its_box.x1) - max(box.x0, its_box.x0)
        along = min(box.y1, its_box.y1) - max(box.y0, its_box.y0)
        # lines of text hold room for letters that go below or above them, errors stand close
        assert across < 1 or along < 3, f"{text.get_text()!r} covers {other.get_text()!r}"


def is_drawn(text: Text, figure: Figure) -> bool:
    """Whether a label of a tick lies within its axis; matplotlib keeps others, which it does not draw."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            for tick in axis.get_major_ticks():
                if text in (tick.label1, tick.label2):
                    low, high = sorted(axis.get_view_interval())
                    return low <= tick.get_loc() <= high
    return True


def test_limits_are_arrows_and_have_no_residuals(fit: Fit) -> None:
    figure = draw(changed(fit, 3, limit=True, flux=120.0))
    assert points(figure, 0, "_limits") == 1
    assert points(figure, 0) == points(figure, 1) == len(fit.data.rows) - 1
    legend = figure.axes[0].get_legend()
    assert legend is not None and "limit" in [text.get_text() for text in legend.get_texts()]


def test_a_limit_far_above_the_data_is_only_counted(fit: Fit) -> None:
    figure = draw(changed(fit, 3, limit=True, flux=9_000.0))
    assert points(figure, 0, "_limits") == 0 and "Limits off the figure: 1." in notes(figure)
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


def test_a_corner_plot_labels_origins_and_units() -> None:
    samples = {
        "t0": RANDOM.normal(58606.5, 0.6, 500),
        "amplitude": RANDOM.normal(4e-8, 1e-9, 500),
        "hostebv": RANDOM.exponential(0.1, 500),
    }
    figure = draw_corner(samples, {})
    labels = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    assert labels == ["t₀ − MJD 58600 [d]", "10⁸ A", "E(B−V) host [mag]"]
    assert figure.axes[0].get_title().startswith("t₀ − MJD 58600\n${6.")
    assert figure.axes[0].get_xlim()[1] < 10


def test_a_corner_plot_with_ranges_of_its_own_keeps_the_samples_units() -> None:
    samples = {"t0": RANDOM.normal(58606.5, 0.6, 500), "x": RANDOM.normal(size=500)}
    figure = draw_corner(samples, {"range": [(58600.0, 58610.0), (-3.0, 3.0)]})
    assert figure.axes[0].get_xlim() == pytest.approx((58600, 58610))
    assert "t₀ [MJD]" in [axes.get_xlabel() for axes in figure.axes]


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


@pytest.mark.parametrize("n_parameters", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("name", ["x", "a_long_name_of_a_parameter_", "$t_0$"])
def test_texts_of_a_corner_plot_never_touch(n_parameters: int, name: str) -> None:
    samples = {f"{name}{i}": RANDOM.normal(58606.3 * 3.0**i, 1e-3 * 10.0**i, 300) for i in range(n_parameters)}
    assert_texts_do_not_touch(draw_corner(samples, {}))


def test_a_corner_plot_of_two_parameters_fills_its_card() -> None:
    samples = {"x1": RANDOM.normal(size=500), "c": RANDOM.normal(0.1, 0.05, 500)}
    figure = draw_corner(samples, {})
    places = [axes.get_position() for axes in figure.axes]
    assert figure.get_figwidth() >= 7
    assert max(place.x1 for place in places) - min(place.x0 for place in places) > 0.8
    titles = [axes.title for axes in figure.axes if axes.get_title()]
    assert len(titles) == 2 and all(title.get_fontsize() >= 12 for title in titles)


def test_a_corner_plot_keeps_the_sizes_and_labels_of_its_arguments() -> None:
    samples = {"x1": RANDOM.normal(size=500), "c": RANDOM.normal(0.1, 0.05, 500)}
    options = {"title_kwargs": {"fontsize": 5}, "label_kwargs": {"fontsize": 6}, "labels": ["one", "two"], "bins": 7}
    figure = draw_corner(samples, options)
    titles = [axes.title for axes in figure.axes if axes.get_title()]
    assert [title.get_fontsize() for title in titles] == [5, 5] and titles[0].get_text().startswith("one = ")
    assert {axes.xaxis.label.get_fontsize() for axes in figure.axes if axes.get_xlabel()} == {6}
    histogram = next(patch for patch in figure.axes[0].patches)
    assert len(histogram.get_path().vertices) // 2 == 7 + 1


@pytest.mark.parametrize("file_format", ["pdf", "svg"])
def test_figures_for_a_paper_are_vectors_with_fonts(fit: Fit, file_format: FigureFormat) -> None:
    data = encode_figure(draw(fit), file_format, 150)
    assert data.startswith({"pdf": b"%PDF-", "svg": b"<?xml"}[file_format])
    assert b"Type3" not in data and b"<image" not in data
    assert data == encode_figure(draw(fit), file_format, 150), "the same figure is the same file"
