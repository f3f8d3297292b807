"""A table as a file holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LARGEST_COLUMNS = 1000
"""Most columns of a table; no catalogue of light curves has more."""


@dataclass(frozen=True)
class FileTable:
    """A table as text: nothing is interpreted yet.

    Attributes
    ----------
    format : str
        The name of the format.
    names : list of str
        The names of the columns as written.
    rows : list of list of str
        The cells; a row can be longer or shorter than the header.
    units : dict
        The unit of a column, by its name, where the file states one.
    metadata : dict
        What the file states of all rows, by lower-case keyword.
    """

    format: str
    names: list[str]
    rows: list[list[str]]
    units: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
