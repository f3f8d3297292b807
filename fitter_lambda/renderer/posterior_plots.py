"""Pictures of a posterior, of the netCDF file of any service.

The numbers (densities, intervals, leave-one-out) come from arviz-stats. Its sister arviz-plots has another interface on
Python 3.11 than on later ones, draws through pyplot, and needs xarray and pandas: that is a second of each cold start.
"""

import math
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
from arviz_stats.base.array import array_stats
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter
from scipy.special import logsumexp
from scipy.stats import rankdata

from fitter_lambda.arrays import Array
from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.netcdf_groups import open_netcdf
from fitter_lambda.renderer.posterior_groups import PosteriorDraws, read_observed, read_pointwise, read_posterior

_WIDTH = 9.0
_PPC_DRAWS = 50
_FEWEST_LOO_DRAWS = 100
_MAX_LOO_OBSERVATIONS = 10_000
_MAX_PPC_OBSERVATIONS = 100_000
_JOINT_BINS = 64
#: Probabilities, and the widths of their lines (points).
_FOREST_INTERVALS = ((0.95, 1.2), (0.5, 3.0))
_TITLE_SIZE = 11
#: Weights of leave-one-out within a factor of two, as a difference of log likelihoods.
_EVEN_WEIGHTS = 0.69


def draw_posterior_plot(data: bytes, kind: str) -> Figure:
    """Draw one of the plots.

    Parameters
    ----------
    data : bytes
        A netCDF file of arviz.
    kind : str
        One of `KINDS`.

    Raises
    ------
    RenderError
        If the file lacks what the plot needs; the message names it.
    """
    # warnings are for developers, and what arviz-stats says of a bad tail stands in the title
    with warnings.catch_warnings(action="ignore"):
        with open_netcdf(data) as file:
            content = _READERS[kind](file)
        return _DRAWERS[kind](content)


def _draw_trace(posterior: PosteriorDraws) -> Figure:
    number = len(posterior.draws)
    figure, axes = _make_panels(number, 2, (_WIDTH, 0.9 + 1.7 * number))
    for (density, trace), (name, chains) in zip(axes, posterior.draws.items(), strict=True):
        for chain in chains:
            density.plot(*_estimate_density(chain), linewidth=1)
            trace.plot(chain, linewidth=0.6, alpha=0.6)
        density.set_yticks([])
        density.set_ylabel(name, fontsize=_fit_size(name, 95), parse_math=False)
        trace.margins(x=0)
    axes[-1, 0].set_xlabel("value")
    axes[-1, 1].set_xlabel("draw")
    return _add_title(figure, "Trace: density and draws of each chain", posterior.notes)


def _draw_rank(posterior: PosteriorDraws) -> Figure:
    number = len(posterior.draws)
    columns = min(3, number)
    rows = -(-number // columns)
    n_chains = len(next(iter(posterior.draws.values())))
    figure, axes = _make_panels(rows, columns, (_WIDTH, 0.9 + rows * (1.2 + 0.4 * n_chains)))
    for panel, (name, chains) in zip(axes.flat, posterior.draws.items(), strict=False):
        _draw_ranks(panel, chains)
        panel.set_title(name, fontsize=10, parse_math=False)
    for panel in axes.flat[number:]:
        panel.remove()
    return _add_title(figure, "Rank of each chain's draws among all: flat if the chains agree", posterior.notes)


def _draw_ranks(panel: Any, chains: Array) -> None:
    """Draw a row of bars for each chain; they reach half-way to the next row if they are even."""
    ranks = rankdata(chains).reshape(chains.shape)
    n_bins = min(20, chains.shape[1] // 2)
    edges = np.linspace(0.5, chains.size + 0.5, n_bins + 1)
    even = chains.shape[1] / n_bins
    for i, chain in enumerate(ranks):
        heights = np.histogram(chain, edges)[0] / even / 2
        panel.bar(edges[:-1], heights, np.diff(edges), bottom=i, align="edge", color=f"C{i}", edgecolor="white")
        panel.axhline(i + 0.5, color="0.4", linestyle="--", linewidth=0.8)
    panel.set_yticks(range(len(chains)))
    panel.set_xlabel("rank", fontsize=9)
    panel.set_ylabel("chain", fontsize=9)
    panel.tick_params(labelsize=8)


def _draw_pair(posterior: PosteriorDraws) -> Figure:
    number = len(posterior.draws)
    if number < 2:
        raise RenderError("pair needs two parameters with draws that differ; the posterior has one.")
    size = max(7.0, 1.8 * number)
    figure, axes = _make_panels(number, number, (size, size + 0.5))
    names = list(posterior.draws)
    columns = [values.reshape(-1) for values in posterior.draws.values()]
    for row, column in np.ndindex(number, number):
        panel = axes[row, column]
        if column > row:
            panel.remove()
            continue
        if column == row:
            panel.plot(*_estimate_density(columns[row]))
            panel.set_yticks([])
        else:
            _draw_joint_density(panel, columns[column], columns[row])
        panel.tick_params(labelsize=8, labelbottom=row == number - 1, labelleft=0 == column < row)
        if row == number - 1:
            panel.set_xlabel(names[column], fontsize=_fit_size(names[column], 105), parse_math=False)
        if column == 0 < row:
            panel.set_ylabel(names[row], fontsize=_fit_size(names[row], 105), parse_math=False)
    return _add_title(figure, "Pairs: joint densities", posterior.notes)


def _draw_joint_density(panel: Any, x: Array, y: Array) -> None:
    """Draw contours of a histogram, smoothed by Scott's rule."""
    counts, x_edges, y_edges = np.histogram2d(x, y, bins=_JOINT_BINS)
    widths = [np.std(x) / np.diff(x_edges)[0], np.std(y) / np.diff(y_edges)[0]]
    density = gaussian_filter(counts.T, np.array(widths[::-1]) * len(x) ** (-1 / 6), mode="constant")
    x_centres = (x_edges[:-1] + x_edges[1:]) / 2
    y_centres = (y_edges[:-1] + y_edges[1:]) / 2
    panel.contourf(x_centres, y_centres, density, levels=9, cmap="viridis")


def _draw_forest(posterior: PosteriorDraws) -> Figure:
    """Draw each parameter on its own scale: a date beside a colour would hide the colour's width."""
    number = len(posterior.draws)
    n_chains = len(next(iter(posterior.draws.values())))
    figure, axes = _make_panels(number, 1, (_WIDTH, 0.9 + number * (0.75 + 0.12 * n_chains)))
    for panel, (name, chains) in zip(axes.flat, posterior.draws.items(), strict=True):
        for i, chain in enumerate(chains):
            for probability, line_width in _FOREST_INTERVALS:
                panel.plot(array_stats.hdi(chain, probability), (i, i), color=f"C{i}", linewidth=line_width)
            panel.plot(np.median(chain), i, "o", color=f"C{i}", markerfacecolor="white", markersize=5)
        panel.set_ylim(n_chains - 0.5, -0.5)
        panel.set_yticks([(n_chains - 1) / 2], [name], fontsize=10, parse_math=False)
        panel.tick_params(left=False)
    title = "Forest: median, 50 % and 95 % (highest density) of each chain"
    return _add_title(figure, title, posterior.notes)


def _draw_ppc(content: tuple[str, Array, Array]) -> Figure:
    name, replicas, observed = content
    figure, axes = _make_panels(1, 1, (_WIDTH, 5.5))
    panel = axes[0, 0]
    lines = [panel.plot(*_estimate_density(replica), color="C0", alpha=0.3, linewidth=0.8)[0] for replica in replicas]
    lines[0].set_label("replicas")
    panel.plot(*_estimate_density(replicas.reshape(-1)), color="C1", linestyle="--", label="all replicas")
    panel.plot(*_estimate_density(observed), color="black", label="observed")
    panel.set_yticks([])
    panel.set_xlabel(name, parse_math=False)
    panel.legend()
    return _add_title(figure, f"Posterior predictive: {len(replicas)} replicas of {len(observed)} values of {name}", [])


def _draw_loo(content: tuple[str, Array, float]) -> Figure:
    name, log_likelihood, relative_efficiency = content
    rows = [_leave_one_out(row, relative_efficiency) for row in np.moveaxis(log_likelihood, 2, 0)]
    elpd, k, p = np.array(rows).T
    n_draws = log_likelihood.shape[0] * log_likelihood.shape[1]
    good_k = min(1 - 1 / math.log10(n_draws), 0.7)
    figure, axes = _make_panels(1, 1, (_WIDTH, 5.0))
    panel = axes[0, 0]
    panel.scatter(range(len(k)), k, marker="+", color=np.where(k > good_k, "C3", "C0"))
    for level in (0.0, good_k, 1.0):
        panel.axhline(level, color="0.4", linestyle="--", linewidth=0.8)
    panel.set_xlabel(f"observation of {name}", parse_math=False)
    panel.set_ylabel("Pareto k")
    return _add_title(figure, _describe_loo(elpd, k, p, log_likelihood, good_k), [])


def _leave_one_out(log_likelihood: Array, relative_efficiency: float) -> tuple[float, float, float]:
    """Return the log predictive density of an observation without itself, its Pareto k, and its parameters.

    Where no tail of the weights can be fitted they are not smoothed, and k is infinite.
    """
    with suppress(ValueError):  # arviz-stats: all values of the tail are the same
        elpd, k, p = array_stats.loo(log_likelihood, r_eff=relative_efficiency)
        if math.isfinite(elpd):
            return float(elpd), float(k), float(p)
    log_n = math.log(log_likelihood.size)
    elpd = log_n - logsumexp(-log_likelihood)
    return float(elpd), math.inf, float(logsumexp(log_likelihood) - log_n - elpd)


def _describe_loo(elpd: Array, k: Array, p: Array, log_likelihood: Array, good_k: float) -> str:
    n_draws = log_likelihood.shape[0] * log_likelihood.shape[1]
    # nearly equal weights have no tail that k could be estimated from
    is_even = ~np.isfinite(k) & (np.ptp(log_likelihood, axis=(0, 1)) < _EVEN_WEIGHTS)
    n_bad = int(np.sum(~(k <= good_k) & ~is_even))
    error = math.sqrt(len(elpd) * np.var(elpd))
    lines = [
        f"Leave-one-out: elpd = {np.sum(elpd):.1f} ± {error:.1f}, p = {np.sum(p):.1f}, from {n_draws} draws",
        f"{n_bad} of {len(k)} observations have Pareto k above {good_k:.2f}: elpd is {'not ' if n_bad else ''}reliable",
    ]
    if is_even.any():
        lines.append(f"{np.sum(is_even)} have nearly the same likelihood in all draws, and no point here")
    return "\n".join(lines)


def _read_ppc(file: Any) -> tuple[str, Array, Array]:
    name, replicas = read_pointwise(file, "posterior_predictive", "ppc")
    _require_finite(replicas, "ppc", "posterior_predictive")
    observed = read_observed(file, name, replicas.shape[2])
    if len(observed) > _MAX_PPC_OBSERVATIONS:
        raise RenderError(f"ppc takes at most {_MAX_PPC_OBSERVATIONS} observations; {name} has {len(observed)}.")
    _require_finite(observed, "ppc", "observed_data")
    step = max(1, replicas.shape[0] * replicas.shape[1] // _PPC_DRAWS)
    flat = replicas.reshape(-1, replicas.shape[2])[::step][:_PPC_DRAWS]
    return name[:40].replace("$", ""), flat, observed


def _read_loo(file: Any) -> tuple[str, Array, float]:
    name, log_likelihood = read_pointwise(file, "log_likelihood", "loo")
    n_draws, n_observations = log_likelihood.shape[0] * log_likelihood.shape[1], log_likelihood.shape[2]
    if n_draws < _FEWEST_LOO_DRAWS:
        raise RenderError(
            f"loo needs at least {_FEWEST_LOO_DRAWS} draws in log_likelihood; this file has {n_draws} "
            f"for {n_observations} observations."
        )
    if n_observations > _MAX_LOO_OBSERVATIONS:
        raise RenderError(f"loo takes at most {_MAX_LOO_OBSERVATIONS} observations; {name} has {n_observations}.")
    _require_finite(log_likelihood, "loo", "log_likelihood")
    posterior = read_posterior(file, "loo", _MAX_PARAMETERS["trace"])
    return name[:40].replace("$", ""), log_likelihood, _compute_relative_efficiency(posterior)


def _compute_relative_efficiency(posterior: PosteriorDraws) -> float:
    """Return the mean effective fraction of draws; loo would count them among the thinned ones."""
    draws = np.stack(list(posterior.draws.values()))
    if draws.shape[1] < 2:
        return 1.0
    effective = [float(array_stats.ess(values, method="mean")) for values in draws]
    return float(np.clip(np.nanmean(effective) / (draws.shape[1] * draws.shape[2]), 1e-3, 1.0))


def _require_finite(values: Array, kind: str, group_name: str) -> None:
    if not np.all(np.abs(values) < 1e150):
        raise RenderError(f"{kind} needs finite numbers; {group_name} has others.")


def _estimate_density(values: Array) -> tuple[Array, Array]:
    """Return a grid and the density of values on it."""
    grid, density, _ = array_stats.kde(values)
    return grid, density


def _make_panels(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, Any]:
    """Make a figure with panels; pyplot would keep it in memory."""
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def _fit_size(name: str, room: float) -> float:
    """Return the font size at which a name fits its panel's side (points)."""
    return min(10.0, room / (0.65 * max(len(name), 1)))


def _add_title(figure: Figure, title: str, notes: list[str]) -> Figure:
    lines = [title, "; ".join(notes)] if notes else [title]
    figure.suptitle("\n".join(lines), fontsize=_TITLE_SIZE, parse_math=False)
    return figure


_MAX_PARAMETERS = {"trace": 8, "rank": 9, "pair": 6, "forest": 14}


def _read_parameters(kind: str) -> Callable[[Any], PosteriorDraws]:
    return lambda file: read_posterior(file, kind, _MAX_PARAMETERS[kind])


_READERS: dict[str, Callable[[Any], Any]] = {kind: _read_parameters(kind) for kind in _MAX_PARAMETERS}
_READERS |= {"ppc": _read_ppc, "loo": _read_loo}
_DRAWERS: dict[str, Callable[[Any], Figure]] = {
    "trace": _draw_trace,
    "rank": _draw_rank,
    "pair": _draw_pair,
    "forest": _draw_forest,
    "ppc": _draw_ppc,
    "loo": _draw_loo,
}
KINDS = tuple(_DRAWERS)
