"""Records of a portal: fields as attributes, one clear line in a shell, escaped HTML in a notebook."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, ClassVar

from heliograph.connection import Connection
from heliograph.errors import UnreadableAnswerError
from heliograph.plain_text import clean_text


class Record(Mapping[str, Any]):
    """A record of a portal: ``record.name`` and ``record["name"]`` are the same.

    Parameters
    ----------
    fields : Mapping
        What the portal answered.
    """

    kind: ClassVar[str] = "Record"
    title_fields: ClassVar[tuple[str, ...]] = ("name", "id")
    """The first of these that has a value names the record."""
    line_fields: ClassVar[tuple[str, ...]] = ()
    """What its line says besides its name."""
    _fields: dict[str, Any]

    def __init__(self, fields: Mapping[str, Any]) -> None:
        if not isinstance(fields, Mapping):
            raise UnreadableAnswerError(
                "The portal's answer has another shape than its API says; check the address.", 200
            )
        self.__dict__["_fields"] = dict(fields)

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self._fields:
            return self._fields[name]
        known = "" if name.startswith("_") else f"; its fields are {', '.join(map(clean_text, self._fields))}"
        raise AttributeError(f"{self.kind} has no {name!r}{known}")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{name}: this changes nothing on the portal; use its methods, such as update().")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(name for name in self._fields if name.isidentifier())]

    @property
    def title(self) -> str:
        """Its name, or its number."""
        return next((clean_text(self._fields[name]) for name in self.title_fields if self._fields.get(name)), "")

    def describe_line(self) -> list[str]:
        """Return what the line in a shell says besides the name."""
        return [
            f"{name}={clean_text(self._fields[name])}"
            for name in self.line_fields
            if not _is_empty(self._fields.get(name))
        ]

    def __repr__(self) -> str:
        """Return one line, without control characters that a portal may send."""
        return f"<{', '.join([f'{self.kind} {self.title}'.strip(), *self.describe_line()])}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(clean_text(name))}</th>"
            f"<td style='text-align:left'>{escape(clean_text(value))}</td></tr>"
            for name, value in self._list_html_fields().items()
            if not _is_empty(value)
        )
        return f"<b>{escape(f'{self.kind} {self.title}')}</b><table>{rows}</table>"

    def _list_html_fields(self) -> dict[str, Any]:
        """Return what a notebook shows."""
        return self._fields


class PortalRecord(Record):
    """A record that knows its portal."""

    _connection: Connection

    def __init__(self, connection: Connection, fields: Mapping[str, Any]) -> None:
        super().__init__(fields)
        self.__dict__["_connection"] = connection

    def _replace_fields(self, fields: Mapping[str, Any]) -> None:
        Record.__init__(self, fields)

    def get_number(self) -> int:
        """Return its id, which is a number.

        Raises
        ------
        UnreadableAnswerError
            If the portal sent none.
        """
        return check_number(self._fields.get("id"))


class User(Record):
    """A user: that of the token, or a member of a group."""

    kind = "User"
    title_fields = ("username",)
    line_fields = ("permissions", "admin")

    @property
    def name(self) -> str:
        """The user's name."""
        return str(self["username"])


class Verdict(Record):
    """Whether the service's model describes the data; if not, its errors mean nothing."""

    kind = "Verdict"
    title_fields = ("message",)
    line_fields = ("describes_data",)


class PhotStat(Record):
    """The statistics of a light curve."""

    kind = "PhotStat"
    title_fields = ("obj_id",)
    line_fields = ("num_obs_global", "num_det_global", "peak_mag_global", "peak_mjd_global")


class Period(Record):
    """A period that a light curve may have."""

    kind = "Period"
    title_fields = ("description",)
    line_fields = ("period", "period_error", "false_alarm_probability", "role")


class Periodogram(Record):
    """A periodogram, with frequencies and power as arrays."""

    kind = "Periodogram"
    title_fields = ("method",)
    line_fields = ("num_points", "fmin", "fmax")


class UploadedFile(Record):
    """What was understood of a file of photometry, and what was saved."""

    kind = "UploadedFile"
    title_fields = ("format",)
    line_fields = ("n_rows", "columns", "problems", "upload_id")

    @property
    def is_saved(self) -> bool:
        """Whether its rows were saved; not in a dry run."""
        return "ids" in self


def _is_empty(value: Any) -> bool:
    # arrays have no truth
    return value is None or (isinstance(value, str | list | dict) and not value)


def get_number_field(record: Mapping[str, Any], name: str) -> float | None:
    """Return a field that is a number; None if it is unknown.

    Raises
    ------
    UnreadableAnswerError
        If it is something else.
    """
    value = record.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise UnreadableAnswerError(f"The portal's answer has {clean_text(value)} as {name}; expected a number.", 200)
    return value


def check_number(number: Any) -> int:
    """Return an id in an answer, which is a number.

    Raises
    ------
    UnreadableAnswerError
        If it is none.
    """
    if not isinstance(number, int) or isinstance(number, bool):
        raise UnreadableAnswerError("The portal's answer has no id where its API says so; check the address.", 200)
    return number
