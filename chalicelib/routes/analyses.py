"""Analyses: start, upload, read, cancel, delete; and what they brought."""

from typing import Any

from chalicelib.analysis import products, reading, removal, start, upload
from chalicelib.errors import ForbiddenError, InvalidError, NotFoundError
from chalicelib.json_text import parse
from chalicelib.routes.http import Answer, Call, Redirect, Routes, id_in_path
from chalicelib.schemas.analyses import NewAnalysis, Upload
from chalicelib.schemas.people import Acl
from chalicelib.sources import catalogue
from chalicelib.tables.analyses import AnalysisItem

routes = Routes(__name__)


@routes.post("/obj/{source_id}/analysis/{number}", Acl.RUN_ANALYSES)
def start_analysis(call: Call, source_id: str, number: str) -> dict[str, int]:
    analysis_id = start.start(
        call.requester,
        source_id,
        id_in_path(number, "analysis service", ForbiddenError),
        call.read(NewAnalysis),
        public_url=call.public_url,
        idempotency_key=call.headers.get("idempotency-key"),
    )
    return {"id": analysis_id}


@routes.post("/obj/{source_id}/analysis_upload/{number}", Acl.RUN_ANALYSES)
def upload_analysis(call: Call, source_id: str, number: str) -> dict[str, Any]:
    service = id_in_path(number, "analysis service", ForbiddenError)
    return upload.upload(call.requester, source_id, service, call.read(Upload))


@routes.get("/obj/{source_id}/analysis")
def list_of_source(call: Call, source_id: str) -> list[dict[str, Any]]:
    catalogue.seen(call.requester, source_id)
    return reading.shown(reading.of_source(call.requester, source_id), curves=True)


@routes.get("/obj/{source_id}/analysis/{number}")
def read_of_source(call: Call, source_id: str, number: str) -> Answer:
    return _shown(call, _seen(call, number, source_id))


@routes.get("/obj/analysis/{analysis_id}")
def read_analysis(call: Call, analysis_id: str) -> Answer:
    return _shown(call, _seen(call, analysis_id))


@routes.delete("/obj/analysis/{analysis_id}", Acl.RUN_ANALYSES)
def delete_analysis(call: Call, analysis_id: str) -> None:
    removal.delete(call.requester, id_in_path(analysis_id, "analysis", ForbiddenError))


@routes.post("/obj/analysis/{analysis_id}/cancel", Acl.RUN_ANALYSES)
def cancel_analysis(call: Call, analysis_id: str) -> None:
    removal.cancel(call.requester, id_in_path(analysis_id, "analysis", ForbiddenError))


@routes.get("/obj/analysis/{analysis_id}/status")
def read_status(call: Call, analysis_id: str) -> dict[str, Any]:
    return reading.status(_seen(call, analysis_id))


@routes.get("/obj/analysis/{analysis_id}/plots/{plot_number}")
def read_plot(call: Call, analysis_id: str, plot_number: str) -> Redirect:
    item = _seen(call, analysis_id)
    return Redirect(products.plot(item, id_in_path(plot_number, "plot", NotFoundError)))


@routes.get("/obj/analysis/{analysis_id}/results")
def read_results(call: Call, analysis_id: str) -> Any:
    item = _seen(call, analysis_id)
    return Redirect(products.results_link(item)) if call.switch("download") else products.results(item)


@routes.get("/obj/analysis/{analysis_id}/corner")
def read_corner(call: Call, analysis_id: str) -> Redirect:
    return Redirect(products.corner(_seen(call, analysis_id), _plot_kwargs(call)))


@routes.get("/obj/analysis/{analysis_id}/inference_data")
def read_inference_data(call: Call, analysis_id: str) -> Redirect:
    return Redirect(products.inference_data(_seen(call, analysis_id)))


@routes.get("/obj/analysis/{analysis_id}/inputs")
def read_inputs(call: Call, analysis_id: str) -> dict[str, Any]:
    return products.inputs(call.requester, _seen(call, analysis_id))


def _seen(call: Call, analysis_id: str, source_id: str | None = None) -> AnalysisItem:
    return reading.seen(call.requester, id_in_path(analysis_id, "analysis", ForbiddenError), source_id)


def _shown(call: Call, item: AnalysisItem) -> Answer:
    view = reading.shown([item])[0]
    if call.switch("includeFilename"):
        view["filename"] = f"analysis_{view['id']}.json" if item.document else None
    if not call.switch("includeAnalysisData"):
        return Answer(view)
    document = reading.document(item)
    return Answer({**view, "data": document}, beside={"analysis": document})


def _plot_kwargs(call: Call) -> dict[str, Any]:
    """Return corner's keyword arguments, from the body of the GET or from its query."""
    in_body = call.body.get("plot_kwargs", call.body)
    query = dict(call.query)
    in_query = parse(query.pop("plot_kwargs", "{}"), "plot_kwargs")
    if not isinstance(in_body, dict) or not isinstance(in_query, dict):
        raise InvalidError("plot_kwargs: an object is needed, corner's keyword arguments.")
    return {**query, **in_query, **in_body}
