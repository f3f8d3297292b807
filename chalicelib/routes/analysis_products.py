"""Products of analyses: plots, results, corner plots, inference data; and the inputs that were sent."""

from typing import Any

from chalicelib.analysis import product_blobs
from chalicelib.analysis.analysis_views import get_visible_analysis
from chalicelib.errors import InvalidError, NotFoundError, UnavailableError, UnreadableError
from chalicelib.json_text import parse_json
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import AnalysisId, PlotNumber
from chalicelib.routes.responses import FileReply, SplicedReply
from chalicelib.schemas.analyses import CornerQuery, ResultsQuery

routes = Routes(__name__, __doc__)

RENDER_ERRORS = (UnreadableError, UnavailableError)


@routes.get("/obj/analysis/{analysis_id}/plots", file_type="image/png")
def get_first_plot(call: Call, analysis_id: AnalysisId) -> FileReply:
    """Return the first plot."""
    return FileReply(product_blobs.locate_plot(get_visible_analysis(call.requester, analysis_id), 0))


@routes.get("/obj/analysis/{analysis_id}/plots/{plot_number}", file_type="image/png")
def get_plot(call: Call, analysis_id: AnalysisId, plot_number: PlotNumber) -> FileReply:
    """Return a plot; plots are numbered from 0."""
    return FileReply(product_blobs.locate_plot(get_visible_analysis(call.requester, analysis_id), plot_number))


@routes.get("/obj/analysis/{analysis_id}/results", answers=Any, raises=(NotFoundError, *RENDER_ERRORS))
def get_results(call: Call, analysis_id: AnalysisId, query: ResultsQuery) -> FileReply | SplicedReply:
    """Return the results of an analysis as JSON, whatever their original format."""
    item = get_visible_analysis(call.requester, analysis_id)
    if query.download:
        return FileReply(product_blobs.locate_results(item), f"analysis_{analysis_id}_results.json")
    return SplicedReply(product_blobs.locate_results(item))


@routes.get("/obj/analysis/{analysis_id}/corner", file_type="image/png", raises=RENDER_ERRORS)
def get_corner_plot(call: Call, analysis_id: AnalysisId, query: CornerQuery, body: dict[str, Any]) -> FileReply:
    """Return a corner plot of the posterior; ``plot_kwargs`` are those of ``corner.corner``."""
    item = get_visible_analysis(call.requester, analysis_id)
    return FileReply(product_blobs.locate_corner_plot(item, _parse_plot_kwargs(call)))


@routes.get("/obj/analysis/{analysis_id}/inference_data", file_type="application/x-netcdf")
def get_inference_data(call: Call, analysis_id: AnalysisId) -> FileReply:
    """Return the inference data of an analysis: a netCDF file for arviz."""
    item = get_visible_analysis(call.requester, analysis_id)
    return FileReply(product_blobs.locate_inference_data(item), f"analysis_{analysis_id}.nc")


@routes.get("/obj/analysis/{analysis_id}/inputs", answers=dict[str, Any], raises=(NotFoundError,))
def get_inputs(call: Call, analysis_id: AnalysisId) -> dict[str, Any]:
    """Return exactly what was sent to the service, without secrets; only for the author."""
    item = get_visible_analysis(call.requester, analysis_id)
    return product_blobs.get_sent_inputs(call.requester, item)


def _parse_plot_kwargs(call: Call) -> dict[str, Any]:
    """Return corner's keyword arguments from the body of the GET and from its query."""
    query: dict[str, Any] = {name: texts[0] if len(texts) == 1 else texts for name, texts in call.query.items()}
    from_query = parse_json(query.pop("plot_kwargs", "{}"), "plot_kwargs")
    from_body = call.body.get("plot_kwargs", call.body)
    if not isinstance(from_query, dict) or not isinstance(from_body, dict):
        raise InvalidError("plot_kwargs: expected a JSON object with corner's keyword arguments.")
    return {**query, **from_query, **from_body}
