"""Searches that no index answers: sources are read one after the other and compared, up to a limit."""

from collections.abc import Iterator
from itertools import islice

from chalicelib.access import Requester
from chalicelib.errors import InvalidError
from chalicelib.sources.source_filters import PartCondition, RecordCondition
from chalicelib.sources.source_order import sort_sources
from chalicelib.sources.source_parts import SourceParts
from chalicelib.tables.source_listings import Entry
from chalicelib.tables.sources import SourceItem, find_sources

MOST_EXAMINED = 2000
"""Sources whose records one request reads."""

MOST_WITH_PARTS = 300
"""Sources of which one request reads remarks, spectra or photometry."""

CHUNK = 100
"""Sources that are read at once."""


class SourceSearch:
    """A search of sources by conditions.

    Attributes
    ----------
    last : str or None
        The place of the last source that was examined, if there are more.
    """

    def __init__(
        self, requester: Requester, record_conditions: list[RecordCondition], part_conditions: list[PartCondition]
    ) -> None:
        self._requester = requester
        self._record_conditions = record_conditions
        self._part_conditions = part_conditions
        self._examined = 0
        self._with_parts = 0
        self.last: str | None = None

    @property
    def notes(self) -> list[str]:
        """A sentence if the limit was reached."""
        more = f"{self._examined} sources were examined, there are more: send the header X-Next-Cursor as cursor."
        return [more] if self.last else []

    def iterate(self, entries: Iterator[Entry]) -> Iterator[SourceItem]:
        """Return the sources of a listing that satisfy all conditions, in its order, up to the limit."""
        place = None
        while chunk := list(islice(entries, CHUNK)):
            items = find_sources(source_id for _, source_id in chunk)
            for next_place, source_id in chunk:
                if self._examined >= MOST_EXAMINED or self._with_parts >= MOST_WITH_PARTS:
                    self.last = place
                    return
                place = next_place
                self._examined += 1
                if source_id in items and self._satisfies(items[source_id]):
                    yield items[source_id]

    def _satisfies(self, source: SourceItem) -> bool:
        if not all(holds(source) for holds in self._record_conditions):
            return False
        if not self._part_conditions:
            return True
        self._with_parts += 1
        parts = SourceParts(self._requester, source.source_id)
        return all(holds(parts) for holds in self._part_conditions)

    def sort(self, matches: list[SourceItem], by: str, order: str) -> list[SourceItem]:
        """Return the sources in the order of a value (see `sort_sources`).

        Raises
        ------
        InvalidError
            If there were more sources than the limit: then the first ones are not known.
        """
        if self.last or (by.startswith(("annotation.", "classification")) and len(matches) > MOST_WITH_PARTS):
            raise InvalidError(
                f"sortBy: more than {MOST_EXAMINED} sources would have to be read ({MOST_WITH_PARTS} for remarks, "
                "spectra and photometry). Choose fewer by group_ids, sourceID or a cone (ra, dec, radius)."
            )
        return sort_sources(self._requester, matches, by, order)
