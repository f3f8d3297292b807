"""arviz' inference data in tests, by the arviz that is installed: 1.x on Python 3.12 and later, else 0.23."""

from importlib.metadata import version
from typing import Any

import arviz

_IS_OLD = version("arviz").startswith("0.")


def make_inference_data(groups: dict[str, dict[str, Any]]) -> Any:
    """Make inference data of arrays by group and variable."""
    return arviz.from_dict(**groups) if _IS_OLD else arviz.from_dict(groups)


def list_groups(inference_data: Any) -> set[str]:
    """Return the names of all groups."""
    groups = inference_data.groups() if _IS_OLD else inference_data.children
    return set(groups)


def compute_loo(inference_data: Any, **options: Any) -> tuple[float, float]:
    """Return the expected log predictive density of leave-one-out, and its standard error."""
    loo = arviz.loo(inference_data, **options)
    return (loo.elpd_loo, loo.se) if _IS_OLD else (loo.elpd, loo.se)


def draw_predictive_plot(inference_data: Any) -> int:
    """Draw arviz' plot of replicas; return the number of its lines."""
    if _IS_OLD:
        return len(arviz.plot_ppc(inference_data, num_pp_samples=5, show=False).axes.lines)
    plots = arviz.plot_ppc_dist(inference_data, num_samples=5, backend="matplotlib")
    return sum(len(axes.lines) for axes in plots.get_viz("figure").axes)
