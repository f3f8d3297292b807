"""What analyses brought: plots, results, corner plots, inference data, and what they were sent."""

from typing import Any

from chalicelib.analysis import analysis_views, product_links
from chalicelib.errors import InvalidError, NotFoundError, UnavailableError, UnreadableError
from chalicelib.json_text import parse_json
from chalicelib.routes.http import Call, Redirect, SplicedReply
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import AnalysisId, PlotNumber
from chalicelib.schemas.analyses import CornerQuery, ResultsQuery

routes = Routes(__name__)

RENDERING = (UnreadableError, UnavailableError)
"""How the renderer may fail."""


@routes.get("/obj/analysis/{analysis_id}/plots/{plot_number}", links="image/png")
def get_plot(call: Call, analysis_id: AnalysisId, plot_number: PlotNumber) -> Redirect:
    """Read a plot, counted from 0."""
    return Redirect(
        product_links.link_plot(analysis_views.get_visible_analysis(call.requester, analysis_id), plot_number)
    )


@routes.get("/obj/analysis/{analysis_id}/results", answers=Any, raises=(NotFoundError, *RENDERING))
def get_results(call: Call, analysis_id: AnalysisId, query: ResultsQuery) -> Redirect | SplicedReply:
    """Read the results of an analysis, as JSON whatever they came as."""
    item = analysis_views.get_visible_analysis(call.requester, analysis_id)
    if query.download:
        return Redirect(product_links.link_results(item))
    return SplicedReply(product_links.locate_results(item))


@routes.get("/obj/analysis/{analysis_id}/corner", links="image/png", raises=RENDERING)
def get_corner_plot(
    call: Call, analysis_id: AnalysisId, query: CornerQuery, body: dict[str, Any]
) -> Redirect:
    """Read a corner plot of the posterior; ``plot_kwargs`` are those of ``corner.corner``."""
    return Redirect(
        product_links.link_corner_plot(
            analysis_views.get_visible_analysis(call.requester, analysis_id), _plot_kwargs(call)
        )
    )


@routes.get("/obj/analysis/{analysis_id}/inference_data", links="application/x-netcdf")
def get_inference_data(call: Call, analysis_id: AnalysisId) -> Redirect:
    """Read the inference data of an analysis: a netCDF file for arviz."""
    return Redirect(
        product_links.link_inference_data(analysis_views.get_visible_analysis(call.requester, analysis_id))
    )


@routes.get("/obj/analysis/{analysis_id}/inputs", answers=dict[str, Any], raises=(NotFoundError,))
def get_inputs(call: Call, analysis_id: AnalysisId) -> dict[str, Any]:
    """Read exactly what was sent to the service, without its secrets; for the author alone."""
    return product_links.get_sent_inputs(
        call.requester, analysis_views.get_visible_analysis(call.requester, analysis_id)
    )


def _plot_kwargs(call: Call) -> dict[str, Any]:
    """Return corner's keyword arguments, from the body of the GET or from its query."""
    in_body = call.body.get("plot_kwargs", call.body)
    query = dict(call.query)
    in_query = parse_json(query.pop("plot_kwargs", "{}"), "plot_kwargs")
    if not isinstance(in_body, dict) or not isinstance(in_query, dict):
        raise InvalidError("plot_kwargs: an object is needed, corner's keyword arguments.")
    return {**query, **in_query, **in_body}
