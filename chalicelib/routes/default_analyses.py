"""Default analyses: analyses that start by themselves when a source is classified, or saved to a group."""

from typing import Any

from chalicelib.analysis import default_analyses
from chalicelib.routes.http import Call
from chalicelib.routes.operations import Routes
from chalicelib.routes.path_parameters import DefaultAnalysisId, ServiceId
from chalicelib.schemas.base import NewId
from chalicelib.schemas.default_analyses import DefaultAnalysis, DefaultAnalysisChange, NewDefaultAnalysis
from chalicelib.schemas.people import Acl

routes = Routes(__name__)

ALL = "/analysis_service/{service_id}/default_analysis"
ONE = f"{ALL}/{{default_id}}"


@routes.post(ALL, Acl.RUN_ANALYSES, answers=NewId)
def create_default_analysis(call: Call, service_id: ServiceId, body: NewDefaultAnalysis) -> dict[str, int]:
    """Have a service analyse sources by itself, with your view of them, so many a day."""
    return {"id": default_analyses.create_default_analysis(call.requester, service_id, body)}


@routes.get(ALL, Acl.RUN_ANALYSES, answers=list[DefaultAnalysis])
def list_default_analyses(call: Call, service_id: ServiceId) -> list[dict[str, Any]]:
    """List the default analyses of a service."""
    return default_analyses.default_analyses_to_json(
        call.requester, default_analyses.list_default_analyses(call.requester, service_id)
    )


@routes.get(ONE, Acl.RUN_ANALYSES, answers=DefaultAnalysis)
def get_default_analysis(call: Call, service_id: ServiceId, default_id: DefaultAnalysisId) -> dict[str, Any]:
    """Read a default analysis, and how much of today's limit is used."""
    return default_analyses.default_analyses_to_json(
        call.requester,
        [default_analyses.get_visible_default_analysis(call.requester, service_id, default_id)],
    )[0]


@routes.patch(ONE, Acl.RUN_ANALYSES)
def update_default_analysis(
    call: Call, service_id: ServiceId, default_id: DefaultAnalysisId, body: DefaultAnalysisChange
) -> None:
    """Change a default analysis of yours."""
    default_analyses.update_default_analysis(call.requester, service_id, default_id, body)


@routes.delete(ONE, Acl.RUN_ANALYSES)
def delete_default_analysis(call: Call, service_id: ServiceId, default_id: DefaultAnalysisId) -> None:
    """Delete a default analysis of yours; the analyses that it has started stay."""
    default_analyses.delete_default_analysis(call.requester, service_id, default_id)
