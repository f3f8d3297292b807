"""Keyword arguments of corner plots: each alone, in pairs, and beside the defaults."""

import json
from typing import Any

import numpy as np
import pytest

from fitter_lambda.errors import RenderError
from fitter_lambda.output.corner_figure import draw_corner
from fitter_lambda.output.figure_files import encode_png
from fitter_lambda.renderer.corner_options import _CHECKS, parse_corner_options
from tests.fitter.conftest import Server
from tests.fitter.rendering import product, render

RANDOM = np.random.default_rng(7)
SAMPLES = {name: RANDOM.normal(size=60) for name in ("a", "b")}
JSON_SAMPLES = json.dumps({name: column.tolist() for name, column in SAMPLES.items()}).encode()
#: A value of each permitted argument that differs from the defaults.
VALUES: dict[str, Any] = {
    "bins": [4, 7], "range": [0.9, [-2, 2]], "color": "navy", "truth_color": "0.5", "smooth": 0, "smooth1d": 1.5,
    "labels": ["first", "$x_2$"], "titles": ["one", "two"], "title_fmt": ".3g", "title_quantiles": [0.1, 0.5, 0.9],
    "truths": [0, None], "quantiles": [0.05, 0.95], "levels": [0.2, 0.4, 0.9], "max_n_ticks": 0, "labelpad": 0.2,
    "var_names": ["a", "b"], "show_titles": False, "plot_datapoints": True, "plot_density": True,
    "plot_contours": False, "no_fill_contours": False, "fill_contours": False, "scale_hist": True, "top_ticks": True,
    "use_math_text": True, "reverse": True, "divergences": True,
    "label_kwargs": {"fontsize": 7, "color": "red", "alpha": 0.5, "rotation": 30, "fontweight": "bold", "labelpad": 3},
    "title_kwargs": {"fontsize": 7, "color": "red", "alpha": 0.5, "rotation": 30, "fontweight": "bold", "pad": 3},
    "hist_kwargs": {"color": "red", "alpha": 0.5, "lw": 2, "ls": ":", "density": True, "fill": True, "histtype": "bar"},
}  # fmt: skip
#: The renderer takes these out before it draws.
UNDRAWN = {"var_names", "divergences"}
DRAWN = [name for name in VALUES if name not in UNDRAWN]
#: Arguments that exclude each other.
EXCLUSIVE = [("smooth1d", "hist_kwargs"), ("reverse", "label_kwargs")]


def draw_png(options: dict[str, Any]) -> bytes:
    return encode_png(draw_corner(SAMPLES, parse_corner_options(options)), 15)


def test_all_permitted_arguments_have_a_value_here() -> None:
    assert set(VALUES) == set(_CHECKS)


@pytest.mark.parametrize("name", VALUES)
def test_each_argument_alone_gives_a_picture(server: Server, name: str) -> None:
    assert render(server, JSON_SAMPLES, format="json", plot_kwargs={name: VALUES[name]}) == {"ok": True}
    assert product(server)[0] == "image/png"


@pytest.mark.thorough
@pytest.mark.parametrize("first", DRAWN)
def test_each_pair_of_arguments_gives_a_picture(first: str) -> None:
    for second in DRAWN[DRAWN.index(first) + 1 :]:
        pair = (first, second)
        if pair not in EXCLUSIVE:
            assert draw_png({name: VALUES[name] for name in pair}).startswith(b"\x89PNG"), pair


@pytest.mark.parametrize("pair", EXCLUSIVE)
def test_arguments_that_exclude_each_other_are_named(pair: tuple[str, str]) -> None:
    with pytest.raises(RenderError) as caught:
        draw_png({name: VALUES[name] for name in pair})
    assert all(name in str(caught.value) for name in pair)


def test_all_arguments_that_go_together_give_one_picture() -> None:
    """Each pair of them at once, but for what a later argument hides; the pairs alone are among the thorough tests."""
    excluded = {second for _, second in EXCLUSIVE}
    assert draw_png({name: VALUES[name] for name in DRAWN if name not in excluded}).startswith(b"\x89PNG")


@pytest.mark.parametrize("bins", [2, 200])
@pytest.mark.parametrize("levels", [[1e-9], [0.999], [0.5, 0.50001]])
def test_sparse_panels_have_contours(bins: int, levels: list[float]) -> None:
    assert draw_png({"bins": bins, "levels": levels, "smooth": 0})


@pytest.mark.parametrize("properties", [{"lw": 2, "ls": "--"}, {"linewidth": 1, "color": "red", "alpha": 0.3}])
def test_a_smoothed_histogram_takes_properties_of_lines(properties: dict[str, Any]) -> None:
    assert draw_png({"smooth1d": 1, "hist_kwargs": properties})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"title_fmt": ".2d"}, ["title_fmt"]),
        ({"title_fmt": ".f"}, ["title_fmt"]),
        ({"title_quantiles": [0.1, 0.9]}, ["title_quantiles", "three"]),
        ({"levels": [0.5, 1]}, ["levels", "below 1"]),
        ({"bins": 1}, ["bins", "2 to 200"]),
        ({"quantiles": [None]}, ["quantiles"]),
        ({"range": [[1, 1 + 1e-15], 1]}, ["range"]),
        ({"label_kwargs": {"lw": 1}}, ["label_kwargs", "labelpad"]),
        ({"title_kwargs": {"labelpad": 1}}, ["title_kwargs", "pad"]),
        ({"hist_kwargs": {"fontsize": 8}}, ["hist_kwargs", "histtype"]),
        ({"hist_kwargs": {"lw": 1, "linewidth": 2}}, ["hist_kwargs"]),
        ({"smooth1d": 1, "hist_kwargs": {"density": True}}, ["smooth1d", "hist_kwargs", "density"]),
        ({"reverse": True, "label_kwargs": {"rotation": 5}}, ["reverse", "label_kwargs", "rotation"]),
        ({"range": [[50, 60], [50, 60]]}, ["range"]),
    ],
)
def test_what_corner_cannot_draw_is_refused_by_name(server: Server, options: dict[str, Any], words: list[str]) -> None:
    answer = render(server, JSON_SAMPLES, format="json", plot_kwargs=options)
    assert not answer["ok"] and all(word in answer["error"] for word in words), answer


@pytest.mark.parametrize(
    ("options", "fractions"),
    [
        ({}, (0.15865, 0.84135)),
        ({"quantiles": [0.05, 0.95]}, (0.15865, 0.84135)),
        ({"quantiles": [0.05, 0.5, 0.95]}, (0.05, 0.95)),
        ({"quantiles": [0.05, 0.95], "title_quantiles": [0.1, 0.5, 0.9]}, (0.1, 0.9)),
    ],
)
def test_titles_show_three_quantiles(options: dict[str, Any], fractions: tuple[float, float]) -> None:
    figure = draw_corner(SAMPLES, {"title_fmt": ".4f", **options})
    low, middle, high = np.quantile(SAMPLES["a"], [fractions[0], 0.5, fractions[1]])
    title = figure.axes[0].get_title() or figure.axes[1].get_title()
    assert f"{middle:.4f}" in title and f"{middle - low:.4f}" in title and f"{high - middle:.4f}" in title


def test_a_density_that_is_asked_for_is_drawn() -> None:
    kinds = [{type(artist).__name__ for axes in draw_corner(SAMPLES, options).axes for artist in axes.collections}
             for options in ({}, {"plot_density": True})]  # fmt: skip
    assert not kinds[0] & {"PolyQuadMesh", "PolyCollection"}
    assert kinds[1] & {"PolyQuadMesh", "PolyCollection"}


def test_math_text_reaches_the_ticks() -> None:
    figure = draw_corner(SAMPLES, {"use_math_text": True})
    axes = next(axes for axes in figure.axes if axes.get_xlabel())
    assert axes.xaxis.get_major_formatter().get_useMathText()
