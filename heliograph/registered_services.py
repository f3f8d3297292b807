"""Analysis services that a portal knows: their parameters, and the analyses that start by default."""

import base64
import json
import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from heliograph.errors import ArgumentError, UnknownNameError
from heliograph.lookups import Groups, choose_record, explain_unknown, find_group_ids, list_groups
from heliograph.plain_text import clean_text
from heliograph.plain_values import to_plain
from heliograph.records import PortalRecord, Record, check_number

EXTINCTION = "correct_extinction"
"""A parameter that Heliograph itself takes, for all services."""


class Parameter(Record):
    """A parameter of a service: its type, its default, what it means."""

    kind = "Parameter"
    line_fields = ("type", "default", "required", "suggestions", "title")

    @property
    def is_required(self) -> bool:
        """Whether an analysis cannot start without a value."""
        return str(self.get("required", "")).lower() in ("true", "1") and self.get("default") is None


class DefaultAnalysis(PortalRecord):
    """An analysis that starts by itself when a source is classified, or saved to a group."""

    kind = "DefaultAnalysis"
    title_fields = ("id",)
    line_fields = ("source_filter", "default_analysis_parameters", "stats")

    def update(self, **fields: Any) -> "DefaultAnalysis":
        """Change fields, such as ``daily_limit=50``, and return it."""
        self._connection.patch(self._path, fields)
        self._replace_fields(self._connection.get_record(self._path))
        return self

    def delete(self) -> None:
        """Delete it; analyses that it started stay."""
        self._connection.delete(self._path)

    @property
    def _path(self) -> str:
        service_id = check_number(self["analysis_service_id"])
        return f"/analysis_service/{service_id}/default_analysis/{self.get_number()}"


class RegisteredService(PortalRecord):
    """An analysis service that a portal knows."""

    kind = "Service"
    title_fields = ("display_name", "name", "id")
    line_fields = ("id", "analysis_type", "input_data_types", "description")

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Its parameters by name."""
        return {name: Parameter({"name": name, **fields}) for name, fields in parse_declarations(self).items()}

    def describe_line(self) -> list[str]:
        """Add the names of its parameters."""
        return [*super().describe_line(), f"parameters={clean_text(', '.join(self.parameters) or 'none')}"]

    def default_analyses(self) -> list[DefaultAnalysis]:
        """List the analyses that start by default."""
        records = self._connection.get_records(self._defaults_path)
        return [DefaultAnalysis(self._connection, record) for record in records]

    def add_default_analysis(
        self,
        *,
        classifications: str | Sequence[str] | Mapping[str, float] = (),
        group: int | str | Record | None = None,
        parameters: Mapping[str, Any] | None = None,
        daily_limit: int | None = None,
        groups: Groups = None,
    ) -> DefaultAnalysis:
        """Have the service start by itself.

        Parameters
        ----------
        classifications : str, sequence of str, or mapping
            Start when a source is classified as one of these; as a mapping, with at least this probability.
        group : int, str or Group, optional
            Start when a source is saved to this group.
        parameters : Mapping, optional
            Parameters of the analyses.
        daily_limit : int, optional
            Most analyses of a day (UTC); the portal's default is 10.
        groups : optional
            Who sees the analyses.
        """
        if isinstance(classifications, str):
            classifications = [classifications]
        least = classifications if isinstance(classifications, Mapping) else dict.fromkeys(classifications, 0.0)
        source_filter: dict[str, Any] = {}
        if least:
            source_filter["classifications"] = [{"name": name, "probability": p} for name, p in least.items()]
        if group is not None:
            source_filter["group_id"] = choose_record(list_groups(self._connection), group, "group")["id"]
        if not source_filter:
            raise ArgumentError("Give classifications or a group: the events that start the analysis.")
        body = {
            "source_filter": source_filter,
            "default_analysis_parameters": check_parameters(self, parameters or {}, is_complete=False),
            "daily_limit": daily_limit,
            "group_ids": find_group_ids(self._connection, groups),
        }
        answer = self._connection.post(self._defaults_path, {k: v for k, v in body.items() if v is not None})
        number = check_number(Record(answer).get("id"))
        return DefaultAnalysis(self._connection, self._connection.get_record(f"{self._defaults_path}/{number}"))

    def ping(self) -> Record:
        """Find out whether the portal reaches the service; needs the permission to manage services."""
        self._connection.require_heliograph("check of services")
        return Record(self._connection.post(f"/analysis_service/{self.get_number()}/ping"))

    def update(self, **fields: Any) -> "RegisteredService":
        """Change fields, such as ``enabled=False``; needs the permission to manage services."""
        path = f"/analysis_service/{self.get_number()}"
        self._connection.patch(path, fields)
        self._replace_fields(self._connection.get_record(path))
        return self

    def delete(self) -> None:
        """Delete the service, and all its analyses."""
        self._connection.delete(f"/analysis_service/{self.get_number()}")

    @property
    def _defaults_path(self) -> str:
        return f"/analysis_service/{self.get_number()}/default_analysis"


def parse_declarations(service: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a service declares of its parameters; a list of suggestions becomes an object of them."""
    declared = service.get("optional_analysis_parameters")
    if isinstance(declared, str):
        try:
            declared = json.loads(declared or "{}")
        except ValueError:
            declared = None
    if not isinstance(declared, dict):
        return {}
    return {name: fields if isinstance(fields, dict) else {"suggestions": fields} for name, fields in declared.items()}


def check_parameters(
    service: RegisteredService, values: Mapping[str, Any], *, is_complete: bool = True
) -> dict[str, Any]:
    """Return the parameters of a request as they are sent: files as data URLs; None is left out.

    Parameters
    ----------
    service : RegisteredService
        What takes them.
    values : Mapping
        Values by name; a file is a path or bytes.
    is_complete : bool
        Whether parameters that the service requires must be among them.

    Raises
    ------
    UnknownNameError
        If the service has no such parameter; the message names those that exist.
    ArgumentError
        If a value cannot be sent, or a required one is missing.
    """
    declared = service.parameters
    known = [*declared] if service._connection.is_skyportal else [*declared, EXTINCTION]
    for name in values:
        if name not in known:
            raise UnknownNameError(explain_unknown(f"{service.title} has no parameter", str(name), known))
    sent = {name: value for name, value in values.items() if value is not None}
    missing = [name for name, parameter in declared.items() if parameter.is_required and name not in sent]
    if missing and is_complete:
        raise ArgumentError(f"{service.title} requires the parameters {', '.join(missing)}.")
    return {name: _encode_value(name, value, declared.get(name)) for name, value in sent.items()}


def _encode_value(name: str, value: Any, parameter: Parameter | None) -> Any:
    is_file = parameter is not None and parameter.get("type") == "file"
    if is_file and isinstance(value, str | bytes | Path):
        return value if isinstance(value, str) and value.startswith("data:") else _encode_file(name, value)
    if isinstance(value, bytes | Path) or is_file:
        expected = "a path, bytes or a data URL" if is_file else "text or a number: it takes no file"
        raise ArgumentError(f"{name}: expected {expected}, not {type(value).__name__}.")
    return to_plain(value, name)


def _encode_file(name: str, value: str | bytes | Path) -> str:
    """Return the data URL of a file."""
    content, file_name = (
        (value, name) if isinstance(value, bytes) else (_read_file(name, Path(value)), Path(value).name)
    )
    kind = mimetypes.guess_type(file_name)[0] or "application/octet-stream"
    return f"data:{kind};name={quote(file_name)};base64,{base64.b64encode(content).decode()}"


def _read_file(name: str, path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise ArgumentError(
            f"{name}: {path} cannot be read: {error.strerror}. Give a path, or the content as bytes."
        ) from None
