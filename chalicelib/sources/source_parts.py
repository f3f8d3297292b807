"""What the requester may see of a source besides its record: each part is read at most once, when it is asked for."""

from functools import cached_property
from typing import Any

from chalicelib.access import Requester, is_visible
from chalicelib.sources import phot_stat, photometry, remarks
from chalicelib.tables import spectra as spectra_table
from chalicelib.tables.remarks import RemarkItem
from chalicelib.tables.spectra import SpectrumItem


class SourceParts:
    """The visible parts of a visible source."""

    def __init__(self, requester: Requester, source_id: str) -> None:
        self._requester = requester
        self._source_id = source_id

    @cached_property
    def annotations(self) -> list[RemarkItem]:
        """Its annotations, oldest first."""
        return remarks.find_visible_remarks(self._requester, self._source_id, "annotation")

    @cached_property
    def comments(self) -> list[RemarkItem]:
        """Its comments, oldest first."""
        return remarks.find_visible_remarks(self._requester, self._source_id, "comment")

    @cached_property
    def classifications(self) -> list[RemarkItem]:
        """Its classifications, oldest first."""
        return remarks.find_visible_remarks(self._requester, self._source_id, "classification")

    @cached_property
    def spectra(self) -> list[SpectrumItem]:
        """Its spectra, by id."""
        return [item for item in spectra_table.find_spectra(self._source_id) if is_visible(self._requester, item)]

    @cached_property
    def phot_stat(self) -> dict[str, Any] | None:
        """Its PhotStats, or None."""
        return phot_stat.compute_phot_stat(self._requester, self._source_id)

    @property
    def has_photometry(self) -> bool:
        """Whether it has photometry."""
        return bool(photometry.find_visible_points(self._requester, self._source_id))

    @property
    def has_period(self) -> bool:
        """Whether an annotation holds a period."""
        return any("period" in item.fields["data"] for item in self.annotations)
