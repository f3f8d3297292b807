"""Products of analyses: plots, results, figures of the posterior, inference data; and the inputs that were sent."""

from typing import Any

from chalicelib.analysis import product_blobs
from chalicelib.analysis.analysis_views import get_visible_analysis
from chalicelib.errors import InvalidError, NotFoundError, UnavailableError, UnreadableError
from chalicelib.json_text import parse_json
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import AnalysisId, PlotNumber
from chalicelib.routes.responses import FileReply, SplicedReply
from chalicelib.schemas.analyses import ResultsQuery
from chalicelib.schemas.figures import CornerQuery, FigureQuery, LightCurveFigureQuery, PosteriorPlotQuery

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
        return FileReply(product_blobs.locate_results(item, call.requester), f"analysis_{analysis_id}_results.json")
    return SplicedReply(product_blobs.locate_results(item, call.requester))


@routes.get("/obj/analysis/{analysis_id}/corner", file_type="image/png", raises=RENDER_ERRORS)
def get_corner_plot(call: Call, analysis_id: AnalysisId, query: CornerQuery, body: dict[str, Any]) -> FileReply:
    """Return a corner plot of the posterior; ``plot_kwargs`` are those of ``corner.corner``."""
    item = get_visible_analysis(call.requester, analysis_id)
    key = product_blobs.locate_corner_plot(call.requester, item, _parse_plot_kwargs(call), query.format)
    return _reply_figure(key, f"analysis_{analysis_id}_corner", query)


@routes.get("/obj/analysis/{analysis_id}/light_curve", file_type="image/png", raises=RENDER_ERRORS)
def get_light_curve_figure(call: Call, analysis_id: AnalysisId, query: LightCurveFigureQuery) -> FileReply:
    """Return the light curve of the supernova fitter, in flux or magnitudes, drawn again for a paper."""
    item = get_visible_analysis(call.requester, analysis_id)
    key = product_blobs.locate_light_curve(call.requester, item, query.scale, query.format)
    return _reply_figure(key, f"analysis_{analysis_id}_light_curve", query)


@routes.get("/obj/analysis/{analysis_id}/posterior_plot", file_type="image/png", raises=RENDER_ERRORS)
def get_posterior_plot(call: Call, analysis_id: AnalysisId, query: PosteriorPlotQuery) -> FileReply:
    """Return a plot of the posterior in the inference data."""
    item = get_visible_analysis(call.requester, analysis_id)
    key = product_blobs.locate_posterior_plot(call.requester, item, query.kind, query.format)
    return _reply_figure(key, f"analysis_{analysis_id}_{query.kind}", query)


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


def _reply_figure(key: str, name: str, query: FigureQuery) -> FileReply:
    """Return a picture: shown if it is PNG, saved if it is for a paper, which the sandbox would not show."""
    return FileReply(key, None if query.format == "png" else f"{name}.{query.format}")


def _parse_plot_kwargs(call: Call) -> dict[str, Any]:
    """Return corner's keyword arguments from the body of the GET and from its query."""
    query: dict[str, Any] = {name: texts[0] if len(texts) == 1 else texts for name, texts in call.query.items()}
    query.pop("format", None)  # of the file
    from_query = parse_json(query.pop("plot_kwargs", "{}"), "plot_kwargs")
    from_body = call.body.get("plot_kwargs", call.body)
    if not isinstance(from_query, dict) or not isinstance(from_body, dict):
        raise InvalidError("plot_kwargs: expected a JSON object with corner's keyword arguments.")
    return {**query, **from_query, **from_body}
