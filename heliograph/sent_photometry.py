"""The photometry that a service was sent."""

import io
from typing import Any

_UNITS = {"mjd": "d", "flux": "uJy", "fluxerr": "uJy", "mag": "mag", "magerr": "mag", "limiting_mag": "mag"}


class SentPhotometry:
    """The photometry that a service was sent.

    Attributes
    ----------
    text : str
        It as CSV, exactly as it was sent.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        """Return one line."""
        return f"<SentPhotometry: {max(len(self.text.splitlines()) - 1, 0)} points; .to_table(), .to_pandas()>"

    def to_pandas(self) -> Any:
        """Return it as a DataFrame; unknown values are NaN."""
        import pandas as pd

        return pd.read_csv(io.StringIO(self.text))

    def to_table(self) -> Any:
        """Return it as a Table of astropy with units; unknown values are masked."""
        from astropy.io import ascii

        # as lines: a text in one line would be taken for the name of a file
        points = ascii.read(self.text.splitlines(), format="csv")
        for name, unit in _UNITS.items():
            if name in points.colnames:
                points[name].unit = unit
        return points

    def _repr_html_(self) -> str:
        return str(self.to_pandas()._repr_html_())
