"""A table of parameters: an author's own declarations and checks, taken as one argument."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ParameterTable:
    """Metadata of ``Annotated``: the argument takes all parameters of a table at once.

    Parameters
    ----------
    declarations : mapping
        What is registered: entries of ``optional_analysis_parameters`` by name.
    parse : callable
        Takes the values of a request by name, and returns the argument. What it refuses is an `InputError`, or one of
        the service's ``reader_errors``.

    Examples
    --------
    >>> from typing import Annotated
    >>> from heliograph.service import ParameterTable, Result, Service
    >>> service = Service("Adder")
    >>> terms_table = ParameterTable({"terms": {"type": "string"}}, lambda values: values["terms"].split("+"))
    >>> @service.analysis
    ... def sum_terms(terms: Annotated[list[str], terms_table]) -> Result:
    ...     return Result(results={"sum": sum(map(float, terms))})
    >>> service.convert_parameters({"terms": "1+2"})
    {'terms': ['1', '2']}
    """

    declarations: Mapping[str, Any]
    parse: Callable[[Mapping[str, Any]], Any]
