"""Lists of spectra of all sources that the requester may see, a page at a time.

The index of ids lists every spectrum with its source: a request reads a part of it, newest upload first, and
compares the spectra that are visible. The cursor is the last id that it read.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from chalicelib.access import Requester, is_visible, resolve_group_ids
from chalicelib.errors import InvalidError
from chalicelib.schemas.spectra import MINIMAL_FIELDS, SpectraPage, SpectraQuery, SpectrumRangeQuery
from chalicelib.sources.instruments import load_instruments
from chalicelib.sources.spectra import spectra_to_json
from chalicelib.sources.times import parse_time
from chalicelib.tables.id_index import SPECTRUM, PlaceItem, iterate_places_before
from chalicelib.tables.sources import find_sources
from chalicelib.tables.spectra import SpectrumItem, find_many_spectra

MOST_EXAMINED = 20_000
"""Ids that one request compares with ``objID``."""

MOST_READ = 1000
"""Spectra that one request reads."""

MOST_VALUES = 1_000_000
"""Numbers in the spectra of a page: some 20 MB of JSON."""

MOST_FILES = 20
"""Spectra of a page with the files that they were read from."""

CHUNK = 25
"""Spectra that are read at once: each may hold 150,000 numbers."""

IDS_PER_READ = 1000

COLUMNS = ("wavelengths", "fluxes", "errors")

Condition = Callable[[SpectrumItem], bool]


class SpectrumPage(NamedTuple):
    """The spectra of a page as the API shows them, and the cursor of the next page if there is one."""

    spectra: list[dict[str, Any]]
    cursor: int | None

    @property
    def notes(self) -> list[str]:
        """A sentence if there may be more spectra."""
        more = "These may not be all spectra: send the header X-Next-Cursor as cursor for the next page."
        return [more] if self.cursor is not None else []


def list_all_spectra(requester: Requester, query: SpectraQuery) -> SpectrumPage:
    """Return a page of the spectra that the requester may see and that satisfy a query.

    Raises
    ------
    InvalidError
        If a time is not valid, or an instrument does not exist.
    ForbiddenError
        If the requester is not in one of the groups.
    """
    conditions = _build_conditions(requester, query)
    with_files = query.includeOriginalFile and not query.minimalPayload
    if with_files:
        query.numPerPage = min(query.numPerPage, MOST_FILES)
    items, cursor = _search(requester, query, conditions, (query.objID or "").strip(), query.minimalPayload)
    spectra = _to_json(requester, items, with_files)
    if query.minimalPayload:
        spectra = [{name: spectrum[name] for name in MINIMAL_FIELDS} for spectrum in spectra]
    return SpectrumPage(spectra, cursor)


def list_spectra_between(requester: Requester, query: SpectrumRangeQuery) -> SpectrumPage:
    """Return a page of the spectra that the requester may see between two dates.

    Raises
    ------
    InvalidError
        If a date is not valid.
    """
    conditions = [
        *_build_time_conditions(query, "min_date", "max_date", lambda item: item.fields["observed_at"]),
        *_build_instrument_conditions(query.instrument_ids),
    ]
    items, cursor = _search(requester, query, conditions)
    return SpectrumPage(_to_json(requester, items), cursor)


def _to_json(requester: Requester, items: list[SpectrumItem], with_files: bool = False) -> list[dict[str, Any]]:
    items.sort(key=lambda item: (datetime.fromisoformat(item.fields["observed_at"]), item.id))
    return spectra_to_json(requester, items, original_files=with_files)


def _build_conditions(requester: Requester, query: SpectraQuery) -> list[Condition]:
    if query.instrumentIDs:
        _require_instruments(query.instrumentIDs)
    conditions = [
        *_build_time_conditions(query, "observedAfter", "observedBefore", lambda item: item.fields["observed_at"]),
        *_build_time_conditions(query, "modifiedAfter", "modifiedBefore", lambda item: item.modified),
        *_build_instrument_conditions(query.instrumentIDs),
        *_build_text_conditions("origin", query.origin),
        *_build_text_conditions("label", query.label),
    ]
    if query.groupIDs:
        group_ids = resolve_group_ids(requester, query.groupIDs, ())
        conditions.append(lambda item: not group_ids.isdisjoint(item.group_ids))
    if query.type:
        kinds = set(query.type)
        conditions.append(lambda item: item.fields["type"] in kinds)
    return conditions


def _require_instruments(instrument_ids: list[int]) -> None:
    if missing := set(instrument_ids) - load_instruments().keys():
        raise InvalidError(
            f"instrumentIDs: Not all Instrument IDs exist, there is no instrument {min(missing)}. "
            "GET /api/instrument lists them."
        )


def _build_time_conditions(
    query: SpectraPage, after: str, before: str, get_time: Callable[[SpectrumItem], str]
) -> Iterator[Condition]:
    first_text, last_text = getattr(query, after), getattr(query, before)
    if first_text:
        first = parse_time(after, first_text)
        yield lambda item: datetime.fromisoformat(get_time(item)) >= first
    if last_text:
        last = parse_time(before, last_text)
        yield lambda item: datetime.fromisoformat(get_time(item)) <= last


def _build_instrument_conditions(instrument_ids: list[int] | None) -> list[Condition]:
    return [lambda item: item.fields["instrument_id"] in instrument_ids] if instrument_ids else []


def _build_text_conditions(name: str, texts: list[str] | None) -> list[Condition]:
    """Return the condition that a field holds one of the texts, in upper or lower case."""
    lowered = [text.lower() for text in texts or ()]
    return [lambda item: any(text in (item.fields[name] or "").lower() for text in lowered)] if lowered else []


def _search(
    requester: Requester,
    page: SpectraPage,
    conditions: list[Condition],
    name_part: str = "",
    without_columns: bool = False,
) -> tuple[list[SpectrumItem], int | None]:
    """Return the spectra of a page, and its cursor."""
    walk = _Walk(requester, page.cursor)
    matches: list[SpectrumItem] = []
    count = 0
    for item in walk.iterate(name_part):
        if not all(holds(item) for holds in conditions):
            continue
        if without_columns:
            item.fields = {name: value for name, value in item.fields.items() if name not in COLUMNS}
        matches.append(item)
        count += sum(len(item.fields.get(name) or ()) for name in COLUMNS)
        if len(matches) >= page.numPerPage or count >= MOST_VALUES:
            break
    return matches, walk.last


class _Walk:
    """A walk through the index of ids, newest spectrum first, up to the limits of one request.

    Attributes
    ----------
    last : int or None
        The last id that was compared; None if no other id comes after it.
    """

    def __init__(self, requester: Requester, before: int | None) -> None:
        self._requester = requester
        self._places = iterate_places_before(SPECTRUM, before, IDS_PER_READ)
        self._are_visible: dict[str, bool] = {}
        self.last: int | None = None

    def iterate(self, name_part: str) -> Iterator[SpectrumItem]:
        """Return the visible spectra of sources whose id holds `name_part`."""
        examined = read_count = 0
        chunk = self._take_chunk()
        while chunk:
            next_chunk = self._take_chunk()
            named = [place for place in chunk if name_part in place.source_id]
            items = self._find_visible(named)
            for place in chunk:
                is_end = place is chunk[-1] and not next_chunk
                self.last = None if is_end else place.first_id
                if place.first_id in items:
                    yield items[place.first_id]
            examined += len(chunk)
            read_count += len(named)
            if examined >= MOST_EXAMINED or read_count >= MOST_READ:
                return
            chunk = next_chunk

    def _take_chunk(self) -> list[PlaceItem]:
        return list(islice(self._places, CHUNK))

    def _find_visible(self, places: list[PlaceItem]) -> dict[int, SpectrumItem]:
        source_ids = {place.source_id for place in places}
        if unknown := source_ids - self._are_visible.keys():
            sources = find_sources(unknown, heads=True)
            self._are_visible |= {
                name: name in sources and is_visible(self._requester, sources[name]) for name in unknown
            }
        items = find_many_spectra(place for place in places if self._are_visible[place.source_id])
        return {number: item for number, item in items.items() if is_visible(self._requester, item)}
