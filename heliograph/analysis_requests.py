"""Requests for analyses: parameters, the photometry that is sent, groups; all checked before anything is sent."""

from collections.abc import Mapping
from typing import Any

from heliograph.connection import Connection
from heliograph.errors import ArgumentError, UnknownNameError
from heliograph.lookups import Groups, explain_unknown, find_group_ids, find_instrument_id
from heliograph.plain_values import to_plain
from heliograph.registered_services import RegisteredService, check_parameters

_PHOTOMETRY_FILTERS = ("filters", "instruments", "exclude")


def build_request(
    service: RegisteredService,
    parameters: Mapping[str, Any],
    *,
    input_filters: Mapping[str, Any] | None,
    groups: Groups,
    is_complete: bool = True,
) -> dict[str, Any]:
    """Return the body of a request for an analysis, whose parameters were checked."""
    connection = service._connection
    body = {
        "analysis_parameters": check_parameters(service, parameters, is_complete=is_complete),
        "input_filters": None if input_filters is None else check_input_filters(connection, input_filters),
        "group_ids": find_group_ids(connection, groups),
        "show_plots": True if is_complete else None,
        "show_corner": True if is_complete else None,
        "show_parameters": True if is_complete else None,
    }
    return {name: value for name, value in body.items() if value is not None}


def check_input_filters(connection: Connection, input_filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the filters of the photometry that is sent, with instruments by number.

    Raises
    ------
    UnknownNameError
        If a filter or an instrument does not exist: a portal may ignore it, and send everything.
    """
    _check_keys("input_filters has no part", input_filters, ("photometry",))
    photometry = input_filters.get("photometry") or {}
    if not isinstance(photometry, Mapping):
        raise ArgumentError("input_filters.photometry: expected a dict, such as {'filters': ['ztfg']}.")
    _check_keys("input_filters.photometry has no filter", photometry, _PHOTOMETRY_FILTERS)
    chosen = {name: _list_values(value) for name, value in photometry.items() if value is not None}
    if "exclude" in chosen:
        connection.require_heliograph("way to leave out single points")
    if "instruments" in chosen:
        numbers = [find_instrument_id(connection, instrument) for instrument in chosen["instruments"]]
        # a SkyPortal takes numbers as text alone
        chosen["instruments"] = [str(number) for number in numbers] if connection.is_skyportal else numbers
    return {"photometry": to_plain(chosen, "input_filters.photometry")}


def _check_keys(problem: str, mapping: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in mapping:
        if name not in known:
            raise UnknownNameError(explain_unknown(problem, str(name), known))


def _list_values(value: Any) -> list[Any]:
    """Return a single value as a list of it."""
    return [value] if isinstance(value, str | int) else list(value)
