"""Queries of the pictures that the renderer draws of an analysis."""

from typing import Annotated, ClassVar, Literal

from chalicelib.schemas.base import Query
from chalicelib.schemas.fields import describe

_FORMATS = "PNG for a screen; PDF and SVG for a paper."
FigureFormat = Literal["png", "pdf", "svg"]
PosteriorPlotKind = Literal["trace", "rank", "pair", "forest", "ppc", "loo"]
LightCurveScale = Literal["flux", "magnitude"]

CornerArguments = describe(
    "Keyword arguments of `corner.corner`, as a JSON object.",
    '{"bins": 30, "show_titles": true}',
    extra_json_schema={"contentMediaType": "application/json"},
)
_KINDS = (
    "A plot of the posterior: draws by chain (trace), ranks of each chain (rank), joint densities (pair), intervals "
    "(forest), replicated data (ppc; needs posterior_predictive and observed_data), Pareto k of leave-one-out (loo; "
    "needs log_likelihood)."
)


class FigureQuery(Query):
    """The format of a picture."""

    format: Annotated[FigureFormat, describe(_FORMATS, "pdf")] = "png"


class CornerQuery(FigureQuery):
    """Keyword arguments of ``corner.corner``: together as JSON, or one parameter each."""

    takes_further_parameters: ClassVar[bool] = True

    plot_kwargs: Annotated[str | None, CornerArguments] = None


class LightCurveFigureQuery(FigureQuery):
    """The scale of a light curve."""

    scale: Annotated[LightCurveScale, describe("Microjansky, or AB magnitudes.", "magnitude")] = "flux"


class PosteriorPlotQuery(FigureQuery):
    """Which plot of the posterior."""

    kind: Annotated[PosteriorPlotKind, describe(_KINDS, "forest")] = "trace"
