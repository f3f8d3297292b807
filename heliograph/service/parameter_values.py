"""Values of parameters that are more than a number or a text: files, secrets."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from heliograph.errors import InputError

_MAX_NAME = 100
_UNSAFE_CHARACTERS = re.compile(r"[^\w.()+ -]")


@dataclass(frozen=True)
class File:
    """A file that a user sent as a parameter.

    Attributes
    ----------
    name : str
        Without folders and special characters, so that it can be used as a file name.
    content : bytes
    content_type : str
        As the sender named it, e.g. ``text/csv``.
    """

    name: str
    content: bytes
    content_type: str = "application/octet-stream"

    def __repr__(self) -> str:
        """Show the name and the size."""
        return f"File({self.name!r}, {len(self.content)} bytes)"

    @property
    def text(self) -> str:
        """The content as text.

        Raises
        ------
        InputError
            If it is not UTF-8.
        """
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(
                f"The file {self.name!r} is not text in UTF-8; save it as such and send it again."
            ) from None

    @classmethod
    def from_data_url(cls, parameter: str, value: Any) -> "File":
        """Return the file in a data URL, such as ``data:text/csv;name=a.csv;base64,…``.

        Raises
        ------
        InputError
            If the value is no data URL in base64; the message names the parameter.
        """
        head, comma, encoded = value.partition(",") if isinstance(value, str) else ("", "", "")
        content_type, *attributes = head.removeprefix("data:").split(";")
        if not comma or not head.startswith("data:") or attributes[-1:] != ["base64"]:
            raise InputError(f"{parameter} is not a file; expected a data URL in base64 (data:text/csv;base64,…).")
        try:
            content = base64.b64decode("".join(encoded.split()), validate=True)
        except (binascii.Error, ValueError):
            raise InputError(f"The file of {parameter} is not valid base64; send it again.") from None
        names = [unquote(part[5:]) for part in attributes if part.startswith("name=")]
        return cls(clean_file_name(names[0] if names else parameter), content, content_type or cls.content_type)


def clean_file_name(name: str) -> str:
    """Return a name without folders and special characters."""
    last = re.split(r"[\\/]", name)[-1]
    return _UNSAFE_CHARACTERS.sub("_", last).lstrip(".")[:_MAX_NAME] or "file"


class Secret:
    """A text that is shown to nobody, such as a password; `reveal` returns it."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text; keep it out of results, messages and logs."""
        return self._value

    def __repr__(self) -> str:
        """Show that there is one."""
        return "Secret('…')"

    def __eq__(self, other: object) -> bool:
        """Compare the texts."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
