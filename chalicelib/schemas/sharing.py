"""Sharing photometry and spectra with more groups."""

from typing import Annotated

from chalicelib.schemas.base import Schema
from chalicelib.schemas.fields import Id, describe

MOST_SHARED = 1000
"""Points or spectra that one request shares."""

_GROUPS = "The groups to share with; a user's own group shares with that user alone."

_SKIP = (
    "Leave out the points that you may not share, instead of refusing the request; `notes` says how many. If all are "
    "left out, the request is refused."
)


class Sharing(Schema):
    """What to share with which groups."""

    groupIDs: Annotated[list[Id], describe(_GROUPS, [2], min_length=1, max_length=100)]
    photometryIDs: Annotated[list[Id], describe("Points of photometry.", [1, 2], max_length=MOST_SHARED)] = []
    spectrumIDs: Annotated[list[Id], describe("Spectra.", [1], max_length=100)] = []

    skipForeign: Annotated[bool, describe(_SKIP)] = False

    def __post_init__(self) -> None:
        if not self.photometryIDs and not self.spectrumIDs:
            raise ValueError("photometryIDs, spectrumIDs: name the points or the spectra to share")
