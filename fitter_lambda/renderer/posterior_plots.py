"""Pictures of a posterior by arviz' own plots, of the netCDF file of any service."""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from fitter_lambda.arrays import Array
from fitter_lambda.errors import RenderError
from fitter_lambda.renderer.netcdf_groups import open_netcdf
from fitter_lambda.renderer.posterior_groups import PosteriorDraws, read_observed, read_pointwise, read_posterior

_WIDTH = 9.0
_PPC_DRAWS = 50
_FEWEST_LOO_DRAWS = 100
_MAX_LOO_OBSERVATIONS = 10_000
_MAX_PPC_OBSERVATIONS = 100_000
#: Of all plots: nothing is shown, and matplotlib draws.
_COMMON: dict[str, Any] = {"show": False, "backend": "matplotlib"}
_TITLE_SIZE = 11
#: Weights of leave-one-out within a factor of two, as a difference of log likelihoods.
_EVEN_WEIGHTS = 0.69


def draw_posterior_plot(data: bytes, kind: str) -> Figure:
    """Draw one of arviz' plots.

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
    # warnings are for developers, and what arviz says of a bad tail stands in the title
    with warnings.catch_warnings(action="ignore"):
        with open_netcdf(data) as file:
            content = _READERS[kind](file)
        return _DRAWERS[kind](content)


def _draw_trace(posterior: PosteriorDraws) -> Figure:
    arviz = _load_arviz()
    names = list(posterior.draws)
    figure, axes = _make_panels(len(names), 2, (_WIDTH, 0.9 + 1.7 * len(names)))
    arviz.plot_trace(_to_inference_data(posterior), axes=axes, compact=False, plot_kwargs={"textsize": 9}, **_COMMON)
    for row, name in zip(axes, names, strict=True):
        row[0].set_title("")
        row[1].set_title("")
        row[0].set_ylabel(name, fontsize=_fit_size(name, 95))
    axes[-1, 0].set_xlabel("value")
    axes[-1, 1].set_xlabel("draw")
    return _add_title(figure, "Trace: density and draws of each chain", posterior.notes)


def _draw_rank(posterior: PosteriorDraws) -> Figure:
    arviz = _load_arviz()
    names = list(posterior.draws)
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    n_chains = len(next(iter(posterior.draws.values())))
    figure, axes = _make_panels(rows, columns, (_WIDTH, 0.9 + rows * (1.2 + 0.4 * n_chains)))
    used = np.array(list(axes.flat[: len(names)]))
    arviz.plot_rank(_to_inference_data(posterior), ax=used, **_COMMON)
    for panel in used:
        panel.set_title(panel.get_title(), fontsize=10)
        panel.xaxis.label.set_fontsize(9)
        panel.yaxis.label.set_fontsize(9)
        panel.tick_params(labelsize=8)
    for panel in axes.flat[len(names) :]:
        panel.remove()
    return _add_title(figure, "Rank of each chain's draws among all: flat if the chains agree", posterior.notes)


def _draw_pair(posterior: PosteriorDraws) -> Figure:
    arviz = _load_arviz()
    number = len(posterior.draws)
    if number < 2:
        raise RenderError("pair needs two parameters with draws that differ; the posterior has one.")
    size = max(7.0, 1.8 * number)
    figure, axes = _make_panels(number, number, (size, size + 0.5))
    arviz.plot_pair(_to_inference_data(posterior), kind="kde", marginals=True, ax=axes, textsize=10, **_COMMON)
    for axis in (axis for panel in axes.flat for axis in (panel.xaxis, panel.yaxis)):
        axis.label.set_fontsize(_fit_size(axis.get_label_text(), 105))
    return _add_title(figure, "Pairs: joint densities", posterior.notes)


def _draw_forest(posterior: PosteriorDraws) -> Figure:
    """Draw each parameter on its own scale: a date beside a colour would hide the colour's width."""
    arviz = _load_arviz()
    names = list(posterior.draws)
    n_chains = len(next(iter(posterior.draws.values())))
    figure, axes = _make_panels(len(names), 1, (_WIDTH, 0.9 + len(names) * (0.75 + 0.12 * n_chains)))
    inference_data = _to_inference_data(posterior)
    for panel, name in zip(axes.flat, names, strict=True):
        arviz.plot_forest(inference_data, var_names=[name], ax=panel, hdi_prob=0.95, textsize=10, **_COMMON)
        panel.set_title("")
    title = "Forest: median, 50 % and 95 % (highest density) of each chain"
    return _add_title(figure, title, posterior.notes)


def _draw_ppc(content: tuple[str, Array, Array]) -> Figure:
    arviz = _load_arviz()
    name, replicas, observed = content
    figure, axes = _make_panels(1, 1, (_WIDTH, 5.5))
    inference_data = arviz.from_dict(posterior_predictive={name: replicas}, observed_data={name: observed})
    number = min(_PPC_DRAWS, replicas.shape[0] * replicas.shape[1])
    arviz.plot_ppc(inference_data, ax=axes[0, 0], num_pp_samples=number, random_seed=0, textsize=10, **_COMMON)
    return _add_title(figure, f"Posterior predictive: {number} replicas of {len(observed)} values of {name}", [])


def _draw_loo(content: tuple[str, Array, float]) -> Figure:
    arviz = _load_arviz()
    name, log_likelihood, relative_efficiency = content
    inference_data = arviz.from_dict(log_likelihood={name: log_likelihood})
    loo = arviz.loo(inference_data, pointwise=True, reff=relative_efficiency)
    figure, axes = _make_panels(1, 1, (_WIDTH, 5.0))
    panel = axes[0, 0]
    arviz.plot_khat(loo, ax=panel, threshold=loo.good_k, show_hlines=True, textsize=10, **_COMMON)
    panel.set_xlabel(f"observation of {name}")
    panel.set_ylabel("Pareto k")
    return _add_title(figure, _describe_loo(loo, log_likelihood), [])


def _describe_loo(loo: Any, log_likelihood: Array) -> str:
    n_draws = log_likelihood.shape[0] * log_likelihood.shape[1]
    k = loo.pareto_k.values
    # nearly equal weights have no tail that k could be estimated from
    is_even = ~np.isfinite(k) & (np.ptp(log_likelihood, axis=(0, 1)) < _EVEN_WEIGHTS)
    n_bad = int(np.sum(~(k <= loo.good_k) & ~is_even))
    lines = [
        f"Leave-one-out: elpd = {loo.elpd_loo:.1f} ± {loo.se:.1f}, p = {loo.p_loo:.1f}, from {n_draws} draws",
        f"{n_bad} of {len(k)} observations have Pareto k above {loo.good_k:.2f}: "
        f"elpd is {'not ' if n_bad else ''}reliable",
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
    return name[:40].replace("$", ""), flat[None], observed


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
    arviz = _load_arviz()
    draws = np.stack(list(posterior.draws.values()))
    if draws.shape[1] < 2:
        return 1.0
    effective = [float(arviz.ess(values, method="mean")) for values in draws]
    return float(np.clip(np.nanmean(effective) / (draws.shape[1] * draws.shape[2]), 1e-3, 1.0))


def _require_finite(values: Array, kind: str, group_name: str) -> None:
    if not np.all(np.abs(values) < 1e150):
        raise RenderError(f"{kind} needs finite numbers; {group_name} has others.")


def _load_arviz() -> Any:
    return importlib.import_module("arviz")  # untyped, and slow to import


def _to_inference_data(posterior: PosteriorDraws) -> Any:
    return _load_arviz().from_dict(posterior=posterior.draws)


def _make_panels(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, Any]:
    """Make a figure with panels; pyplot, which arviz would ask for it, would keep it in memory."""
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
