"""Files of a result: figures of matplotlib as PNG, and images."""

import io
from pathlib import Path
from typing import Any

from heliograph.errors import ArgumentError

_DPI = 150
_IMAGES = {
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff",
    "gif": b"GIF8",
    "webp": b"RIFF",
    "tiff": b"II*\x00",
    "pdf": b"%PDF-",
    "eps": b"%!PS",
}


def encode_plot(name: str, plot: Any) -> tuple[str, bytes]:
    """Return the format and the bytes of a plot: a figure of matplotlib, or an image as bytes or a path.

    Raises
    ------
    ArgumentError
        If it is none of these.
    """
    figure = getattr(plot, "figure", None) if not isinstance(plot, bytes | str | Path) else None
    if hasattr(figure or plot, "savefig"):
        buffer = io.BytesIO()
        (figure or plot).savefig(buffer, format="png", dpi=_DPI, bbox_inches="tight")
        return "png", buffer.getvalue()
    content = load_file(name, plot)
    image_format = recognize_image(content)
    if image_format is None:
        raise ArgumentError(f"{name} is no image; expected PNG, JPEG, GIF, WebP, TIFF, PDF, EPS or SVG.")
    return image_format, content


def recognize_image(content: bytes) -> str | None:
    """Return the format of an image by its first bytes; None if it is none."""
    for image_format, magic in _IMAGES.items():
        if content.startswith(magic):
            return image_format
    head = content[:4096].lstrip(b"\xef\xbb\xbf \r\n\t")
    return "svg" if head.startswith(b"<") and b"<svg" in head else None


def load_file(name: str, value: Any) -> bytes:
    """Return bytes, or the content of a file.

    Raises
    ------
    ArgumentError
        If the value is neither bytes nor the path of a file that can be read.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if not isinstance(value, str | Path):
        raise ArgumentError(f"{name} is a {type(value).__name__}; expected a figure, bytes, or the path of a file.")
    try:
        return Path(value).read_bytes()
    except (OSError, ValueError) as error:
        raise ArgumentError(f"{name}: the file {Path(value).name!r} cannot be read ({type(error).__name__}).") from None
