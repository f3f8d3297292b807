"""Text of a portal as it may be shown: without the control characters that a terminal would obey."""

from typing import Any

_LONGEST_TEXT = 80
_LONGEST_MESSAGE = 2000


def clean_text(value: Any) -> str:
    """Return text in one line of at most 80 characters, without control characters."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text[: _LONGEST_TEXT + 1])
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def clean_message(message: Any) -> str:
    """Return a message of at most 2000 characters, without control characters but line breaks."""
    text = str(message)[:_LONGEST_MESSAGE]
    return "".join(letter for letter in text if letter.isprintable() or letter == "\n").strip()
