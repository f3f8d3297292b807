"""Figures as PNG images."""

import io

from matplotlib.figure import Figure


def encode_png(figure: Figure, dpi: int, *, is_tight: bool = False) -> bytes:
    """Encode a figure as a PNG image; a tight one is cut to its contents, which draws it twice."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight" if is_tight else None)
    return buffer.getvalue()
