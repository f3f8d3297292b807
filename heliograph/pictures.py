"""Pictures that a portal sends, and figures that it is sent."""

import base64
import io
from pathlib import Path
from typing import Any

from heliograph.errors import ArgumentError

_SIGNATURES = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"%PDF-": "pdf"}
_WEB_TYPES = {"svg": "image/svg+xml", "gif": "image/gif"}
_SUFFIXES = {"jpeg": (".jpeg", ".jpg")}
_DOTS_PER_INCH = 150


class Image:
    """A picture: shown in a notebook, saved by `save`.

    Attributes
    ----------
    content : bytes
        The file.
    format : str
        ``png``, ``jpeg``, ``gif``, ``pdf``, ``svg``, or ``bin`` if it is none of them.
    name : str
        What it shows; its file name without suffix, if `save` is given a folder.
    """

    def __init__(self, content: bytes, name: str = "plot") -> None:
        self.content = content
        self.name = name
        self.format = detect_format(content)

    def __repr__(self) -> str:
        """Return one line."""
        return f"<Image {self.name}: {self.format}, {len(self.content)} bytes>"

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file, or into a folder, and return the file's path.

        Raises
        ------
        ArgumentError
            If the suffix of the path is that of another format.
        """
        target = Path(path).expanduser()
        if target.is_dir():
            target = target / f"{self.name}.{self.format}"
        suffixes = _SUFFIXES.get(self.format, (f".{self.format}",))
        if target.suffix.lower() not in suffixes and self.format != "bin":
            raise ArgumentError(
                f"{target.name}: this picture is {self.format.upper()}; save it as {target.stem}{suffixes[0]}, "
                "or have it drawn in another format (format='pdf')."
            )
        target.write_bytes(self.content)
        return target

    def _repr_png_(self) -> bytes | None:
        return self.content if self.format == "png" else None

    def _repr_html_(self) -> str | None:
        """Show other pictures of the web as images, where scripts of an SVG do not run."""
        kind = _WEB_TYPES.get(self.format)
        return kind and f'<img src="data:{kind};base64,{base64.b64encode(self.content).decode()}">'

    def _repr_jpeg_(self) -> bytes | None:
        return self.content if self.format == "jpeg" else None


def detect_format(content: bytes) -> str:
    """Return the format of a picture by its first bytes, since names and headers may be wrong."""
    for signature, name in _SIGNATURES.items():
        if content.startswith(signature):
            return name
    head = content[:1000].lstrip().lower()
    return "svg" if head.startswith((b"<?xml", b"<svg", b"<!doctype svg")) and b"<svg" in content[:5000] else "bin"


def to_image(picture: Any, name: str) -> Image:
    """Return a picture of a figure or axes of matplotlib (as PNG), bytes, a path, or an `Image`.

    Raises
    ------
    ArgumentError
        If it is none of these.
    """
    if isinstance(picture, Image):
        return picture
    if isinstance(picture, bytes):
        return _check_image(Image(picture, name))
    if isinstance(picture, str | Path):
        try:
            return _check_image(Image(Path(picture).expanduser().read_bytes(), Path(picture).stem))
        except OSError as error:
            raise ArgumentError(f"plots: {picture} cannot be read: {error.strerror}.") from None
    figure = _get_figure(picture)
    if figure is None:
        raise ArgumentError(
            f"plots: {type(picture).__name__} is no picture; give figures of matplotlib, paths, or bytes of PNG or PDF."
        )
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DOTS_PER_INCH, bbox_inches="tight")
    return Image(buffer.getvalue(), name)


def _get_figure(picture: Any) -> Any:
    """Return the figure of a figure, axes, or what the plots of arviz return: an array of axes, a PlotCollection."""
    if hasattr(picture, "get_viz"):
        picture = picture.get_viz("figure")
    while hasattr(picture, "flat") and len(picture):
        picture = next(iter(picture.flat))
    if hasattr(picture, "savefig"):
        return picture
    owner = getattr(picture, "figure", None)
    return owner if hasattr(owner, "savefig") else None


def _check_image(image: Image) -> Image:
    if image.format == "bin":
        raise ArgumentError(f"plots: {image.name} is no PNG, JPEG, GIF, PDF or SVG.")
    return image
