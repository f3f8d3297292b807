"""What people and programs have said of a source, as an analysis receives it; its redshift, its position."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Self, TypeVar

from heliograph.errors import AnalysisError, InputError
from heliograph.service.csv_rows import CsvColumns, parse_csv
from heliograph.service.python_literals import parse_literal


@dataclass(frozen=True)
class Redshift:
    """The redshift of a source.

    Attributes
    ----------
    value, error : float or None
        None where unknown.
    origin : str
        Where it comes from; empty if unknown.
    """

    input_type: ClassVar[str] = "redshift"

    value: float | None = None
    error: float | None = None
    origin: str = ""

    @classmethod
    def from_csv(cls, text: object) -> Self:
        """Parse the CSV text of a payload: a header and one row.

        Raises
        ------
        InputError
            If there is more than one row, or a value is no number.
        """
        rows = parse_csv(cls.input_type, text)
        if len(rows) > 1:
            raise InputError(f"inputs.redshift has {len(rows)} rows; expected one.")
        if not len(rows):
            return cls()
        value, error = (_to_optional(rows.get_numbers(name)[0]) for name in ("redshift", "redshift_error"))
        if value is not None and value <= -1:
            rows.refuse(1, f"redshift is {value:g}; expected more than -1")
        if error is not None and error < 0:
            rows.refuse(1, f"redshift_error is {error:g}; expected 0 or more")
        return cls(value, error, rows.get_texts("redshift_origin")[0])

    def require(self) -> float:
        """Return the value.

        Raises
        ------
        AnalysisError
            If it is unknown.
        """
        if self.value is None:
            raise AnalysisError("The source has no redshift, which this analysis needs. Set it, then start it again.")
        return self.value


def _to_optional(number: float) -> float | None:
    return None if math.isnan(number) else number


@dataclass(frozen=True)
class Target:
    """The source that is analysed.

    Attributes
    ----------
    name : str
    ra, dec : float or None
        Degrees (ICRS); None where unknown.
    extinction : mapping
        The correction that photometry had for extinction by the Milky Way; empty if it had none.
    """

    name: str = ""
    ra: float | None = None
    dec: float | None = None
    extinction: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Return the target of a payload; a position that is none is unknown."""
        name = payload.get("resource_id")
        resource = payload.get("resource")
        extinction = payload.get("extinction")
        position = resource if isinstance(resource, Mapping) else {}
        ra, dec = (_to_degrees(position.get(key), limit) for key, limit in (("ra", 360.0), ("dec", 90.0)))
        is_known = ra is not None and dec is not None
        return cls(
            name if isinstance(name, str) else "",
            ra if is_known else None,
            dec if is_known else None,
            extinction if isinstance(extinction, Mapping) else {},
        )


def _to_degrees(value: object, limit: float) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) <= limit else None  # type: ignore[arg-type]


@dataclass(frozen=True)
class Annotation:
    """Values that a program has found: `data` by name, and the program as `origin`."""

    origin: str
    data: Mapping[str, Any]
    created_at: str
    modified: str


@dataclass(frozen=True)
class Comment:
    """What somebody has written; `bot` if that is a program."""

    text: str
    bot: bool
    origin: str
    created_at: str
    modified: str


@dataclass(frozen=True)
class Classification:
    """A class that somebody has given; `probability` is None where unknown."""

    classification: str
    probability: float | None
    created_at: str
    modified: str


Item = TypeVar("Item")


class _RemarkList(Generic[Item]):
    """A sequence of remarks; each kind says how it is parsed."""

    input_type: ClassVar[str]

    def __init__(self, items: list[Item], text: str = "") -> None:
        self._items = items
        self.text = text

    @classmethod
    def _parse(cls, text: object, column: str, parse_row: Callable[[CsvColumns, int], Item]) -> Self:
        rows = parse_csv(cls.input_type, text)
        rows.require(column)
        return cls([parse_row(rows, row) for row in range(len(rows))], str(text))

    def __len__(self) -> int:
        """Return the number of remarks."""
        return len(self._items)

    def __iter__(self) -> Iterator[Item]:
        """Iterate over the remarks."""
        return iter(self._items)

    def __getitem__(self, place: int) -> Item:
        """Return a remark by its place."""
        return self._items[place]

    def __repr__(self) -> str:
        """Show the number of remarks."""
        return f"{type(self).__name__}({len(self)})"


class Annotations(_RemarkList[Annotation]):
    """The annotations of a source: a sequence of `Annotation`."""

    input_type: ClassVar[str] = "annotations"

    @classmethod
    def from_csv(cls, text: object) -> Self:
        """Parse the CSV text of a payload.

        Raises
        ------
        InputError
            If the text is no CSV, or its data are no literal of an object.
        """
        return cls._parse(text, "data", _parse_annotation)


class Comments(_RemarkList[Comment]):
    """The comments on a source: a sequence of `Comment`."""

    input_type: ClassVar[str] = "comments"

    @classmethod
    def from_csv(cls, text: object) -> Self:
        """Parse the CSV text of a payload.

        Raises
        ------
        InputError
            If the text is no CSV.
        """
        return cls._parse(text, "text", _parse_comment)


class Classifications(_RemarkList[Classification]):
    """The classifications of a source: a sequence of `Classification`."""

    input_type: ClassVar[str] = "classifications"

    @classmethod
    def from_csv(cls, text: object) -> Self:
        """Parse the CSV text of a payload.

        Raises
        ------
        InputError
            If the text is no CSV, or a probability is no number.
        """
        return cls._parse(text, "classification", _parse_classification)


def _get_times(rows: CsvColumns, row: int) -> tuple[str, str]:
    return rows.get_cells("created_at")[row], rows.get_cells("modified")[row]


def _parse_annotation(rows: CsvColumns, row: int) -> Annotation:
    values = parse_literal(f"inputs.annotations, row {row + 1}: data", rows.get_cells("data")[row])
    if not isinstance(values, dict):
        rows.refuse(row + 1, "data is not an object")
    return Annotation(rows.get_cells("origin")[row], values, *_get_times(rows, row))


def _parse_comment(rows: CsvColumns, row: int) -> Comment:
    is_bot = rows.get_cells("bot")[row].lower() == "true"
    return Comment(rows.get_cells("text")[row], is_bot, rows.get_cells("origin")[row], *_get_times(rows, row))


def _parse_classification(rows: CsvColumns, row: int) -> Classification:
    probability = _to_optional(rows.get_numbers("probability")[row])
    return Classification(rows.get_cells("classification")[row], probability, *_get_times(rows, row))
