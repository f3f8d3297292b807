"""Default analyses: they start automatically when a source is classified, or saved to a group."""

from typing import Any

from chalicelib.analysis import default_analyses
from chalicelib.routes.operations import Call, Routes
from chalicelib.routes.path_parameters import DefaultAnalysisId, ServiceId
from chalicelib.schemas.base import NewId
from chalicelib.schemas.default_analyses import DefaultAnalysis, DefaultAnalysisChange, NewDefaultAnalysis
from chalicelib.schemas.people import Acl

routes = Routes(__name__, __doc__)

ALL = "/analysis_service/{service_id}/default_analysis"
ONE = "/analysis_service/{service_id}/default_analysis/{default_id}"


@routes.post(ALL, Acl.RUN_ANALYSES, answers=NewId)
def create_default_analysis(call: Call, service_id: ServiceId, body: NewDefaultAnalysis) -> dict[str, int]:
    """Create a default analysis: the service receives your view of the sources, up to a daily limit."""
    return {"id": default_analyses.create_default_analysis(call.requester, service_id, body)}


@routes.get(ALL, Acl.RUN_ANALYSES, answers=list[DefaultAnalysis])
def list_default_analyses(call: Call, service_id: ServiceId) -> list[dict[str, Any]]:
    """List the default analyses of a service."""
    items = default_analyses.list_default_analyses(call.requester, service_id)
    return default_analyses.default_analyses_to_json(call.requester, items)


@routes.get(ONE, Acl.RUN_ANALYSES, answers=DefaultAnalysis)
def get_default_analysis(call: Call, service_id: ServiceId, default_id: DefaultAnalysisId) -> dict[str, Any]:
    """Return a default analysis, with today's count."""
    item = default_analyses.get_visible_default_analysis(call.requester, service_id, default_id)
    return default_analyses.default_analyses_to_json(call.requester, [item])[0]


@routes.patch(ONE, Acl.RUN_ANALYSES)
def update_default_analysis(
    call: Call, service_id: ServiceId, default_id: DefaultAnalysisId, body: DefaultAnalysisChange
) -> None:
    """Change a default analysis of yours; omitted fields stay as they are."""
    default_analyses.update_default_analysis(call.requester, service_id, default_id, body)


@routes.delete(ONE, Acl.RUN_ANALYSES)
def delete_default_analysis(call: Call, service_id: ServiceId, default_id: DefaultAnalysisId) -> None:
    """Delete a default analysis of yours; analyses that it started stay."""
    default_analyses.delete_default_analysis(call.requester, service_id, default_id)
