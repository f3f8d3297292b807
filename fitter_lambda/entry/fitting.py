"""The service itself: a payload in, a document out, whatever the payload holds."""

import functools
import gc
import logging
import warnings
from collections.abc import Callable
from typing import Any

from fitter_lambda.errors import FitterError
from fitter_lambda.input.fit_parameters import AUTO
from fitter_lambda.input.fit_request import FitRequest
from fitter_lambda.input.payload import parse_payload

__all__ = ["failure", "fit_payload"]

_logger = logging.getLogger(__name__)


def fit_payload(payload: object, progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Fit what a payload asks for.

    Parameters
    ----------
    payload : object
        Decoded JSON, untrusted.
    progress : callable
        Told the fraction done (0..1) and what is being done.

    Returns
    -------
    dict
        The callback document; its status is "failure", with the reason, when there is no fit.
    """
    try:
        checked = parse_payload(payload)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # libraries' warnings are for developers, not for the log
            return _success(checked, progress)
    except FitterError as error:
        return failure(str(error))
    except Exception:  # a payload must never end the process: its sender waits for an answer
        _logger.exception("the fit failed unexpectedly")
        return failure(
            "The fitter failed on these data for a reason that it does not know; "
            "try another source or fewer rows, and report this if it stays."
        )


def failure(message: str) -> dict[str, Any]:
    """The document of an analysis that could not be done, with the reason."""
    return {"status": "failure", "message": message, "analysis": {}}


def _success(request: FitRequest, progress: Callable[[float, str], None]) -> dict[str, Any]:
    # the scientific libraries load here: a refused payload does not wait for them
    from fitter_lambda.engine.fit import fit_supernova
    from fitter_lambda.engine.template_ranking import fit_catalogue
    from fitter_lambda.output.callback_document import success

    _freeze()
    if request.parameters.source == AUTO:
        fit, ranking = fit_catalogue(request, progress)
        return success(fit, request, progress, ranking)
    return success(fit_supernova(request, progress), request, progress)


@functools.cache
def _freeze() -> None:
    # what is loaded by now stays: the collector need not search it whenever a figure makes many objects
    gc.collect()
    gc.freeze()
