"""The fields that requests about analyses share with the answers, described once."""

from typing import Annotated, Any, Literal

from msgspec import Meta

__all__ = [
    "IN_LISTS", "AnalysisNumber", "Document", "DocumentOrUpload", "Message", "OldParameters", "Parameters",
    "ServiceStatus", "ShowCorner", "ShowParameters", "ShowPlots", "State", "StatusMessage",
]  # fmt: skip

PARTS = """Binary data in it are in base64.

- `inference_data`: `{format, data}` of format netcdf4, as arviz writes it.
- `plots`: a list of `{format, data}`.
- `results`: `{format, data}` of format json (an object, or a text that encodes one), joblib, or another one
  that is kept as it came.
- `posterior_samples` or `posteriors`: samples by the names of the parameters.
- `annotations`: a list of `{origin, data}`, which are written to the source.
- Whatever else there is, such as `model_lightcurve`, is kept as it came.
"""

IN_LISTS = "In lists of a source's analyses, as its service told it."

State = Annotated[
    Literal["queued", "pending", "completed", "failure", "timed_out", "cancelled"],
    Meta(
        description=(
            "queued: the data are not sent yet; pending: the service is at work; completed and failure: it "
            "has called back, or could not be asked; timed_out: it did not call back in time; cancelled: by "
            "its author."
        ),
        examples=["completed"],
    ),
]
Parameters = Annotated[
    dict[str, Any],
    Meta(
        description=(
            "What the service's `optional_analysis_parameters` leave to choose. Unknown names and missing "
            "required ones are refused; values take the declared type; a file is a data URL in base64."
        ),
        examples=[{"source": "nugent-sn2p", "fix_z": "True"}],
    ),
]
OldParameters = Annotated[
    dict[str, Any],
    Meta(description="The older name of `analysis_parameters`, which wins where both name the same."),
]
ShowParameters = Annotated[
    bool, Meta(description="Whether pages show the parameters beside the results.", examples=[True])
]
ShowPlots = Annotated[bool, Meta(description="Whether pages show the plots.", examples=[True])]
ShowCorner = Annotated[bool, Meta(description="Whether pages show a corner plot.", examples=[False])]
ServiceStatus = Annotated[
    str,
    Meta(
        description="`success` if the results can be used; anything else means that the analysis failed.",
        examples=["success"],
    ),
]
Message = Annotated[
    str,
    Meta(
        description="What there is to say of it, for people.",
        examples=["Good results with chi^2/dof = 0.95."],
    ),
]
Document = Annotated[
    dict[str, Any],
    Meta(
        description=f"The results, which may be empty. {PARTS}",
        examples=[
            {
                "inference_data": {"format": "netcdf4", "data": "iUhERg0KGgo="},
                "plots": [{"format": "png", "data": "iVBORw0KGgo="}],
                "results": {"format": "json", "data": {"chi2": 118.2, "parameters": {"z": 0.0461}}},
            }
        ],
    ),
]
DocumentOrUpload = Annotated[
    Document,
    Meta(
        description=(
            "The results, which may be empty; or `{upload_id}` alone, if they went by an upload of their "
            f"own, being over 6 MB. {PARTS}"
        )
    ),
]
AnalysisNumber = Annotated[int, Meta(description="The id of the analysis.", examples=[32])]
StatusMessage = Annotated[
    str,
    Meta(
        description="What there is to say of its status: what the service said, or why it failed.",
        examples=["Good results with chi^2/dof = 0.95."],
    ),
]
