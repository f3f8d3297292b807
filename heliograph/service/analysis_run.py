"""One run of an analysis in this process: from a payload to the document that is called back."""

import logging
import re
import time
import traceback
from collections.abc import Mapping
from typing import Any

from heliograph.errors import AnalysisError, ArgumentError, CancelledError, InputError
from heliograph.service.declared_function import RunnableService
from heliograph.service.payload_contents import Payload, parse_payload
from heliograph.service.progress_reports import Progress, check_report
from heliograph.service.remark_inputs import Target
from heliograph.service.service_result import CallbackDocument, Result, build_failure_document

_MAX_REASON = 1000
_LEAST_SECRET = 4
_NOT_EMPTY = ("photometry", "spectra")
_QUOTED_PATH = re.compile(r"""(?<=['"])(?:[A-Za-z]:)?[\\/][^'"\n]*[\\/](?=[^'"\\/\n]+['"])""")
_PLAIN_PATH = re.compile(r"(?<![\w:/.])(?:[A-Za-z]:)?(?:[\\/][\w.+@-]+)*[\\/](?=[\w.+@-]+)")

_logger = logging.getLogger(__name__)


def ignore_progress(fraction: float, message: str = "") -> None:
    """Check a report, and do nothing with it."""
    check_report(fraction, message)


def call_analysis(service: RunnableService, payload: Payload, progress: Progress = ignore_progress) -> Result:
    """Call the function of a service with the inputs and the parameters of a payload.

    Raises
    ------
    InputError
        If an input or a parameter cannot be used.
    AnalysisError
        If it, or one of the service's ``reader_errors``, is raised by the function.
    """
    declared = service.declared
    try:
        arguments = parse_arguments(service, payload)
        result = declared.function(**arguments, **dict.fromkeys(declared.progress_names, progress))
    except service.reader_errors as error:
        raise AnalysisError(str(error)) from error
    if not isinstance(result, Result):
        raise ArgumentError(f"The analysis returned {type(result).__name__}; expected a heliograph.service.Result.")
    return result


def parse_arguments(service: RunnableService, payload: Payload) -> dict[str, Any]:
    """Return the inputs and the parameters of a payload by the names of their arguments."""
    declared = service.declared
    arguments = service.convert_parameters(payload.parameters)
    for name, kind in declared.inputs.items():
        is_optional = name in declared.optional_inputs
        arguments[name] = (
            Target.from_payload(payload.body) if kind is Target else _parse_input(kind, payload, is_optional)
        )
    return arguments


def _parse_input(kind: Any, payload: Payload, is_optional: bool) -> Any:
    if is_optional and payload.inputs.get(kind.input_type) is None:
        return None
    parsed = kind.from_csv(payload.inputs.get(kind.input_type))
    if kind.input_type not in _NOT_EMPTY or len(parsed):
        return parsed
    if is_optional:
        return None
    raise InputError(f"The source has no {kind.input_type} that you may see; this analysis needs some.")


def run_payload(service: RunnableService, body: object, progress: Progress = ignore_progress) -> CallbackDocument:
    """Run the analysis of a payload; failures, too, become documents.

    Parameters
    ----------
    service : RunnableService
    body : object
        Decoded JSON, untrusted.
    progress : callable
        Takes the fraction done (0 to 1) and what is being done.

    Raises
    ------
    CancelledError
        If the portal does not want the analysis any more.
    """
    started = time.monotonic()
    secrets: list[str] = []
    try:
        payload = parse_payload(body)
        secrets = _list_secrets(service, payload)
        document = call_analysis(service, payload, progress).build_document(json_results=payload.json_results)
        _logger.info("the analysis succeeded in %.1f s", time.monotonic() - started)
        return document
    except CancelledError:
        raise
    except (InputError, AnalysisError) as error:
        return build_failure_document(redact(str(error), secrets) or "The analysis failed.")
    except (Exception, SystemExit) as error:
        _logger.error(
            "the analysis failed unexpectedly\n%s", redact("".join(traceback.format_exception(error)), secrets)
        )
        return build_failure_document(redact(describe_error(error), secrets))


def _list_secrets(service: RunnableService, payload: Payload) -> list[str]:
    """Return what no message may hold: the callback URL, its token, values of secret parameters."""
    url = payload.callback_url
    secrets = [url, url.rpartition("/")[2]]
    if isinstance(payload.parameters, Mapping):
        names = [name for name, parameter in service.declared.parameters.items() if parameter.is_secret]
        secrets += [str(payload.parameters[name]) for name in names if name in payload.parameters]
    return sorted((text for text in secrets if len(text) >= _LEAST_SECRET), key=len, reverse=True)


def redact(text: str, secrets: list[str]) -> str:
    """Return a text without secrets."""
    for secret in secrets:
        text = text.replace(secret, "[secret]")
    return text


def describe_error(error: BaseException) -> str:
    """Return the type and the message of an unexpected error, without folders, for the readers of an analysis."""
    text = str(error).strip()[:_MAX_REASON]
    message = _PLAIN_PATH.sub("", _QUOTED_PATH.sub("", text))
    name = type(error).__name__
    reason = f"{name}: {message}" if message else name
    return f"The analysis failed unexpectedly: {reason}"
