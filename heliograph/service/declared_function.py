"""What the signature of an analysis declares: its inputs, its parameters, whether it reports progress."""

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

from heliograph.errors import DeclarationError
from heliograph.service.declared_parameters import NO_DEFAULT, DeclaredParameter, build_parameter
from heliograph.service.docstring_sections import ParameterText, parse_docstring
from heliograph.service.light_curve_input import Photometry
from heliograph.service.parameter_tables import ParameterTable
from heliograph.service.progress_reports import Progress
from heliograph.service.remark_inputs import Annotations, Classifications, Comments, Redshift, Target
from heliograph.service.spectrum_input import Spectra

INPUT_TYPES = (Photometry, Spectra, Redshift, Annotations, Comments, Classifications)
"""The kinds of data that a portal sends."""

_NO_KEYWORD = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)


@dataclass(frozen=True)
class DeclaredFunction:
    """An analysis as its signature declares it.

    Attributes
    ----------
    function : callable
    inputs : dict
        The input types by the names of their arguments.
    optional_inputs : set of str
        Names of inputs that are None if a source has none.
    parameters : dict
        The parameters by name, in their order.
    tables : dict
        Tables of parameters by the names of their arguments.
    progress_names : list of str
        The arguments that take reports of progress.
    summary : str
        The first paragraph of the docstring.
    """

    function: Callable[..., Any]
    inputs: dict[str, Any] = field(default_factory=dict)
    optional_inputs: set[str] = field(default_factory=set)
    parameters: dict[str, DeclaredParameter] = field(default_factory=dict)
    tables: dict[str, ParameterTable] = field(default_factory=dict)
    progress_names: list[str] = field(default_factory=list)
    summary: str = ""

    @property
    def parameter_names(self) -> list[str]:
        """The names that a request may set."""
        return [*self.parameters, *chain.from_iterable(each.declarations for each in self.tables.values())]


class RunnableService(Protocol):
    """What running needs of a service."""

    name: str
    reader_errors: tuple[type[Exception], ...]

    @property
    def declared(self) -> DeclaredFunction:
        """The analysis and its signature."""

    def convert_parameters(self, values: object) -> dict[str, Any]:
        """Return the values of a request in their types, with defaults for those that are not set."""


def declare_function(function: Callable[..., Any]) -> DeclaredFunction:
    """Return what a function's signature declares.

    Raises
    ------
    DeclarationError
        If an argument has no type, or one that no request can set.
    """
    name = getattr(function, "__name__", "function")
    if inspect.iscoroutinefunction(function):
        raise DeclarationError(f"{name} is asynchronous; expected a plain function (def).")
    try:
        types = typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        raise DeclarationError(f"The types of {name} cannot be resolved: {error}.") from None
    summary, texts = parse_docstring(function.__doc__)
    declared = DeclaredFunction(function, summary=summary)
    for argument in inspect.signature(function).parameters.values():
        _declare_argument(declared, argument, types.get(argument.name), texts.get(argument.name, ParameterText()))
    return declared


def _declare_argument(
    declared: DeclaredFunction, argument: inspect.Parameter, annotation: Any, text: ParameterText
) -> None:
    name = argument.name
    if argument.kind in _NO_KEYWORD:
        raise DeclarationError(f"The argument {argument} cannot be declared; expected arguments with names.")
    kind = _get_own_type(annotation)
    if name == "progress" or kind is Progress:
        declared.progress_names.append(name)
    elif kind is not None:
        declared.inputs[name] = kind
        if kind is not annotation:
            declared.optional_inputs.add(name)
    elif tables := [item for item in typing.get_args(annotation) if isinstance(item, ParameterTable)]:
        declared.tables[name] = tables[0]
    elif annotation is None:
        raise DeclarationError(f"The argument {name} has no type; expected one such as {name}: float = 1.0.")
    else:
        default = NO_DEFAULT if argument.default is argument.empty else argument.default
        declared.parameters[name] = build_parameter(name, annotation, default, text)


def _get_own_type(annotation: Any) -> Any:
    """Return the type of the kit in an annotation, with or without ``| None``; None if it is a parameter's."""
    choices = [choice for choice in typing.get_args(annotation) if choice is not type(None)] or [annotation]
    kind = choices[0] if len(choices) == 1 else None
    return kind if kind in (Target, Progress) or is_input_type(kind) else None


def is_input_type(kind: Any) -> bool:
    """Return whether a class reads an input: one of the kit, or an author's own with `input_type` and `from_csv`."""
    names = {known.input_type for known in INPUT_TYPES}
    return isinstance(kind, type) and getattr(kind, "input_type", None) in names and hasattr(kind, "from_csv")
