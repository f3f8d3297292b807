"""Plots of the posterior of any service's netCDF file."""

import base64
import io
from pathlib import Path
from typing import Any

import h5py
import matplotlib.image
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure

from fitter_lambda.renderer.posterior_plots import KINDS, draw_posterior_plot
from tests.fitter.conftest import Server
from tests.fitter.rendering import product, render
from tests.inference_data import compute_loo, make_inference_data
from tests.netcdf_files import Groups, make_netcdf, posterior_groups

RANDOM = np.random.default_rng(3)
NEEDS = {
    "trace": ["posterior"], "rank": ["posterior"], "pair": ["posterior"], "forest": ["posterior"],
    "ppc": ["posterior_predictive", "observed_data"], "loo": ["log_likelihood", "posterior"],
}  # fmt: skip


def posterior_of(**variables: Any) -> bytes:
    return make_netcdf({"posterior": variables})


def title(figure: Figure) -> str:
    return str(figure.get_suptitle())


@pytest.mark.parametrize("kind", KINDS)
def test_every_plot_of_a_file_that_arviz_writes(server: Server, tmp_path: Path, kind: str) -> None:
    draws = (4, 200)
    groups = {
        "posterior": {"mu": RANDOM.normal(size=draws), "theta": RANDOM.normal(size=(*draws, 3))},
        "log_likelihood": {"y": RANDOM.normal(-1, 0.2, (*draws, 8))},
        "posterior_predictive": {"y": RANDOM.normal(size=(*draws, 8))},
        "observed_data": {"y": RANDOM.normal(size=8)},
    }
    make_inference_data(groups).to_netcdf(str(tmp_path / "a.nc"))
    data = (tmp_path / "a.nc").read_bytes()
    assert render(server, data, "posterior_plot", options={"kind": kind}) == {"ok": True}
    content_type, body = product(server)
    image = matplotlib.image.imread(io.BytesIO(body))
    assert content_type == "image/png" and min(image.shape[:2]) > 300 and image[..., :3].std() > 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_every_plot_of_a_fit(document: dict[str, Any], kind: str) -> None:
    figure = draw_posterior_plot(base64.b64decode(document["analysis"]["inference_data"]["data"]), kind)
    assert kind in title(figure).lower() or kind in ("ppc", "loo")


@pytest.mark.parametrize("file_format", ["pdf", "svg"])
def test_plots_come_for_a_paper(server: Server, file_format: str) -> None:
    options = {"kind": "forest", "format": file_format}
    assert render(server, make_netcdf(posterior_groups()), "posterior_plot", options=options) == {"ok": True}
    assert product(server)[1].startswith({"pdf": b"%PDF-", "svg": b"<?xml"}[file_format])


@pytest.mark.parametrize("kind", KINDS)
def test_no_figure_stays_in_memory(kind: str) -> None:
    before = pyplot.get_fignums()
    draw_posterior_plot(make_netcdf(posterior_groups()), kind)
    assert pyplot.get_fignums() == before


@pytest.mark.parametrize(("kind", "group"), [(kind, group) for kind, groups in NEEDS.items() for group in groups])
def test_a_missing_group_is_named(server: Server, kind: str, group: str) -> None:
    groups = {name: variables for name, variables in posterior_groups().items() if name != group}
    answer = render(server, make_netcdf(groups), "posterior_plot", options={"kind": kind})
    assert answer["reason"] == "missing_group"
    assert answer["error"] in (
        f"{kind} needs a {group} group; this file has none.", f"{kind} needs an {group} group; this file has none.",
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "most"), [("trace", 8), ("rank", 9), ("pair", 6), ("forest", 14)])
def test_many_parameters_are_limited_and_the_title_says_so(kind: str, most: int) -> None:
    data = posterior_of(
        **{f"p{i:02}": RANDOM.normal(size=(2, 50)) for i in range(17)}, v=RANDOM.normal(size=(2, 50, 30))
    )
    figure = draw_posterior_plot(data, kind)
    assert f"the first {most} of 47 parameters" in title(figure)
    assert len(figure.axes) <= most**2


def test_many_chains_are_limited_and_the_title_says_so() -> None:
    figure = draw_posterior_plot(posterior_of(a=RANDOM.normal(size=(100, 40)), b=RANDOM.normal(size=(100, 40))), "rank")
    assert "the first 8 of 100 chains" in title(figure)


def test_parameters_that_cannot_be_drawn_are_named() -> None:
    ones, holes = np.ones((4, 50)), RANDOM.normal(size=(4, 50))
    holes[1, 3] = np.nan
    figure = draw_posterior_plot(posterior_of(fixed=ones, gaps=holes, x=RANDOM.normal(size=(4, 50))), "forest")
    assert "without fixed, gaps, constant or not finite" in title(figure)
    assert len(figure.axes) == 1


def test_dates_are_counted_from_a_round_one() -> None:
    figure = draw_posterior_plot(make_netcdf(posterior_groups()), "trace")
    panel = next(axes for axes in figure.axes if axes.get_ylabel() == "t0 − 58600")
    low, high = panel.get_xlim()
    assert 0 < low < high < 15


@pytest.mark.parametrize(
    ("groups", "kind", "words"),
    [
        ({"posterior": {"a": np.ones((4, 50))}}, "trace", "draws that differ"),
        ({"posterior": {"a": np.zeros(50)}}, "trace", "posterior has none"),
        ({"posterior": {"a": RANDOM.normal(size=(4, 50))}}, "pair", "two parameters"),
        ({"log_likelihood": {"y": RANDOM.normal(size=(4, 10, 5))}}, "loo", "at least 100 draws in log_likelihood"),
        ({"log_likelihood": {"y": np.full((4, 50, 5), np.nan)}}, "loo", "finite"),
        ({"log_likelihood": {"y": np.zeros((1, 100, 10_001))}}, "loo", "at most 10000 observations"),
        ({"observed_data": {"flux": np.zeros(3)}}, "ppc", "as many values of flux"),
        ({"observed_data": {"other": np.zeros(5)}}, "ppc", "named flux"),
        ({"observed_data": {"flux": np.full(5, np.inf)}}, "ppc", "observed_data has others"),
        ({"posterior_predictive": {"flux": np.full((4, 50, 5), np.nan)}}, "ppc", "posterior_predictive has others"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_in_a_sentence(server: Server, groups: Groups, kind: str, words: str) -> None:
    data = make_netcdf(posterior_groups() | groups)
    answer = render(server, data, "posterior_plot", options={"kind": kind})
    assert words in answer.get("error", "drawn")


def test_names_are_no_mathematics(server: Server) -> None:
    data = posterior_of(**{"$\\frac{$": RANDOM.normal(size=(4, 50)), "x" * 300: RANDOM.normal(size=(4, 50))})
    for kind in ("trace", "rank", "pair", "forest"):
        assert render(server, data, "posterior_plot", options={"kind": kind, "format": "svg"}) == {"ok": True}


def test_few_bytes_that_hold_many_numbers_are_not_read(server: Server) -> None:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.create_group("posterior").create_dataset("a", (4, 10**9), "f8", compression="gzip", chunks=(1, 10**6))
    for kind in ("trace", "pair"):
        assert "thin it" in render(server, buffer.getvalue(), "posterior_plot", options={"kind": kind})["error"]


def test_links_out_of_the_file_are_not_followed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "secret.nc").write_bytes(make_netcdf(posterior_groups()))
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["posterior"] = h5py.ExternalLink(str(tmp_path / "secret.nc"), "/posterior")
    assert "posterior group" in render(server, buffer.getvalue(), "posterior_plot")["error"]


def test_leave_one_out_agrees_with_arviz_and_tells_whether_it_holds() -> None:
    log_likelihood = RANDOM.normal(-4, 0.1, (4, 250, 6))
    groups = posterior_groups() | {"log_likelihood": {"flux": log_likelihood}}
    inference_data = make_inference_data({"log_likelihood": {"flux": log_likelihood}})
    elpd, error = compute_loo(inference_data, reff=1.0)
    text = title(draw_posterior_plot(make_netcdf(groups), "loo"))
    assert f"elpd = {elpd:.1f} ± {error:.1f}" in text and "from 1000 draws" in text
    assert "0 of 6 observations" in text and "elpd is reliable" in text


def test_leave_one_out_with_an_outlier_is_not_reliable() -> None:
    log_likelihood = RANDOM.normal(-4, 0.1, (4, 250, 6))
    log_likelihood[:, :, 2] = -3 * RANDOM.standard_cauchy((4, 250)) ** 2
    groups = posterior_groups() | {"log_likelihood": {"flux": log_likelihood}}
    text = title(draw_posterior_plot(make_netcdf(groups), "loo"))
    assert "1 of 6 observations" in text and "elpd is not reliable" in text


def test_an_observation_that_tells_nothing_is_no_outlier() -> None:
    log_likelihood = RANDOM.normal(-4, 0.1, (4, 250, 6))
    log_likelihood[:, :, 0] = -2.5
    groups = posterior_groups() | {"log_likelihood": {"flux": log_likelihood}}
    text = title(draw_posterior_plot(make_netcdf(groups), "loo"))
    assert "elpd is reliable" in text and "1 have nearly the same likelihood" in text
