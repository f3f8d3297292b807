"""The service: a function that analyses a source, and what its signature declares."""

import json
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Literal, TypeVar, get_args

from heliograph.errors import DeclarationError, InputError
from heliograph.service.declared_function import DeclaredFunction, declare_function, is_input_type

AnalysisType = Literal["lightcurve_fitting", "spectrum_fitting", "meta_analysis"]
Function = TypeVar("Function", bound=Callable[..., Any])

_RESERVED_NAME = "correct_extinction"
_MAX_NAME = 200
_MAX_TIMEOUT = 30 * 86400
_MAX_DECLARATIONS = 100_000


class Service:
    """An analysis service.

    Parameters
    ----------
    name : str
        Unique in a portal.
    version, display_name, description, contact_name, contact_email : str, optional
        For its readers; the description is the first paragraph of the function's docstring otherwise.
    analysis_type : {'lightcurve_fitting', 'spectrum_fitting', 'meta_analysis'}
    timeout : float
        Seconds that an analysis may take, with its time in the queue.
    is_summary : bool
        Whether the text ``summary`` of its results becomes the summary of the source.
    reader_errors : tuple of type
        Exceptions of your own whose messages are for readers, as those of `AnalysisError` are.

    Examples
    --------
    >>> from heliograph.service import Photometry, Result, Service
    >>> service = Service("Point counter", version="1.0")
    >>> @service.analysis
    ... def count(photometry: Photometry, *, significance: float = 5.0) -> Result:
    ...     return Result(results={"n": len(photometry.detections(significance))})
    >>> service.declaration()["optional_analysis_parameters"]
    {'significance': {'type': 'number', 'default': 5.0}}
    """

    def __init__(
        self,
        name: str,
        *,
        version: str | None = None,
        analysis_type: AnalysisType = "lightcurve_fitting",
        display_name: str | None = None,
        description: str | None = None,
        contact_name: str | None = None,
        contact_email: str | None = None,
        timeout: float = 3600,
        is_summary: bool = False,
        reader_errors: tuple[type[Exception], ...] = (),
    ) -> None:
        if not name.strip() or len(name) > _MAX_NAME or not name.isprintable():
            raise DeclarationError(
                f"The name of a service is one line of 1 to {_MAX_NAME} characters; not {name!r:.80}."
            )
        if analysis_type not in get_args(AnalysisType):
            raise DeclarationError(f"analysis_type is {analysis_type!r}; expected {', '.join(get_args(AnalysisType))}.")
        if not 1 <= timeout <= _MAX_TIMEOUT:
            raise DeclarationError(f"timeout is {timeout}; expected seconds, from 1 to {_MAX_TIMEOUT}.")
        self.name = name
        self.reader_errors = reader_errors
        self._texts = {
            "version": version,
            "display_name": display_name,
            "description": description,
            "contact_name": contact_name,
            "contact_email": contact_email,
        }
        self._settings = {"analysis_type": analysis_type, "timeout": timeout, "is_summary": is_summary}
        self._declared: DeclaredFunction | None = None

    def __repr__(self) -> str:
        """Show the name and the function."""
        function = self._declared.function.__name__ if self._declared else "no analysis yet"
        return f"Service({self.name!r}, {function})"

    def analysis(self, function: Function) -> Function:
        """Take a function as the analysis of this service; a decorator.

        Raises
        ------
        DeclarationError
            If its signature cannot be declared, or the service has an analysis already.
        """
        if self._declared is not None:
            raise DeclarationError(
                f"The service {self.name!r} has an analysis already; make another Service for this one."
            )
        self._declared = declare_function(function)
        return function

    @property
    def declared(self) -> DeclaredFunction:
        """The analysis and its signature.

        Raises
        ------
        DeclarationError
            If no function was decorated with ``@service.analysis``.
        """
        if self._declared is None:
            raise DeclarationError(
                f"The service {self.name!r} has no analysis; decorate a function with @service.analysis."
            )
        return self._declared

    def declaration(self, *, for_skyportal: bool = False) -> dict[str, Any]:
        """Return the body that registers this service, without its address: ``POST /analysis_service``."""
        declared = self.declared
        parameters = {
            name: parameter.declare(for_skyportal=for_skyportal) for name, parameter in declared.parameters.items()
        }
        for parameter_table in declared.tables.values():
            parameters |= parameter_table.declarations
        if len(json.dumps(parameters)) > _MAX_DECLARATIONS:
            raise DeclarationError(
                f"The parameters have more than {_MAX_DECLARATIONS:,} characters; shorten their texts."
            )
        texts = {**self._texts, "description": self._texts["description"] or declared.summary}
        input_types = dict.fromkeys(kind.input_type for kind in declared.inputs.values() if is_input_type(kind))
        return {
            "name": self.name,
            **{key: text for key, text in texts.items() if text},
            **self._settings,
            "input_data_types": list(input_types),
            "optional_analysis_parameters": parameters,
        }

    def convert_parameters(self, values: object) -> dict[str, Any]:
        """Return the values of a request in their types, with defaults for those that are not set.

        Raises
        ------
        InputError
            If a name is unknown, a value does not fit, or one that is required is missing.
        """
        if values is not None and not isinstance(values, Mapping):
            raise InputError("analysis_parameters is not an object; expected values by name.")
        values = {name: value for name, value in (values or {}).items() if name != _RESERVED_NAME}
        self._require_known(values)
        declared = self.declared
        converted = {name: parameter.convert(values.get(name)) for name, parameter in declared.parameters.items()}
        try:
            for argument, parameter_table in declared.tables.items():
                own_names = [name for name in parameter_table.declarations if name in values]
                converted[argument] = parameter_table.parse({name: values[name] for name in own_names})
        except self.reader_errors as error:
            raise InputError(str(error)) from error
        return converted

    def _require_known(self, names: Iterable[str]) -> None:
        known = self.declared.parameter_names
        for name in names:
            if name in known:
                continue
            text = str(name)[:40]
            near = get_close_matches(text, known, n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            choices = ", ".join(known) or "none"
            raise InputError(f"Unknown parameter {text!r}{hint}; the parameters of {self.name} are: {choices}.")

    def lambda_handler(self, event: Mapping[str, Any], context: object = None) -> dict[str, Any] | None:
        """Answer an event of AWS Lambda: a request of a portal, or messages of the queue."""
        from heliograph.service.lambda_entry import get_end, handle_event

        return handle_event(self, event, ends_at=get_end(context))
