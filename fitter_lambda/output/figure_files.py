"""Figures as files: PNG for a screen, PDF and SVG for a paper."""

import io
from functools import cache
from typing import Any, Literal

from matplotlib import rc_context
from matplotlib.figure import Figure

FigureFormat = Literal["png", "pdf", "svg"]

CONTENT_TYPES: dict[FigureFormat, str] = {"png": "image/png", "pdf": "application/pdf", "svg": "image/svg+xml"}
#: Without dates the same figure is the same file.
_METADATA: dict[str, dict[str, Any]] = {
    "pdf": {"Creator": "Heliograph", "Producer": None, "CreationDate": None},
    "svg": {"Creator": "Heliograph", "Date": None},
}
#: Journals refuse Type 3 fonts; ids of SVG are random otherwise.
_SETTINGS: Any = {"pdf.fonttype": 42, "svg.hashsalt": "heliograph"}


def encode_png(figure: Figure, dpi: int) -> bytes:
    """Encode a figure as a PNG image."""
    return encode_figure(figure, "png", dpi)


def encode_figure(figure: Figure, file_format: FigureFormat, dpi: int, *, is_tight: bool = False) -> bytes:
    """Encode a figure as a file; a tight one is cut to its contents, which draws it twice."""
    buffer = io.BytesIO()
    with rc_context(_SETTINGS):
        figure.savefig(
            buffer,
            format=file_format,
            dpi=dpi,
            bbox_inches="tight" if is_tight else None,
            metadata=_METADATA.get(file_format),
        )
    return buffer.getvalue()


@cache
def fill_caches() -> None:
    """Draw a small figure once, so that processes forked from this one find fonts and the parser of mathematics."""
    figure = Figure(figsize=(1, 1))
    axes = figure.add_subplot()
    axes.set_title("$t_0 = {58606.1}_{-0.1}^{+0.1}$")
    axes.set_xlabel(r"$\alpha$ [mag]")
    encode_png(figure, 50)
