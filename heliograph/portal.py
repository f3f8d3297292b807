"""Portals, as seen with one token: `Heliograph` and `SkyPortal`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from heliograph.analysis import Analysis, get_analysis
from heliograph.analysis_requests import build_request
from heliograph.batch import Batch, get_batch
from heliograph.connection import Connection, check_records, quote_part
from heliograph.copying import copy_source
from heliograph.credentials import Credentials, clean_token, clean_url, find_credentials
from heliograph.editable_records import Group
from heliograph.errors import ArgumentError, CredentialsError, NotFoundError, RefusedError, UnknownNameError
from heliograph.lookups import (
    Groups,
    explain_unknown,
    find_group_ids,
    find_group_numbers,
    find_service,
    find_taxonomies,
)
from heliograph.plain_text import clean_text
from heliograph.plain_values import to_arcsec, to_degrees, to_plain
from heliograph.publishing import publish_analysis
from heliograph.records import Record, check_number
from heliograph.registered_services import RegisteredService
from heliograph.shared_records import SharedRecords
from heliograph.source import Source, get_source

_SKYPORTAL_FILTERS = (
    "startDate", "endDate", "rejectedSourceIDs", "simbadClass", "alias", "origin", "TNSname", "hasTNSname",
    "hasNoTNSname", "minRedshift", "maxRedshift", "savedAfter", "savedBefore", "savedByCurrentUser",
    "createdOrModifiedAfter", "nonclassifications", "classified", "unclassified", "hasSpectrum", "hasNoSpectrum",
    "hasSpectrumAfter", "hasSpectrumBefore", "annotationsFilter", "annotationsFilterOrigin", "annotationsFilterAfter",
    "annotationsFilterBefore", "commentsFilter", "commentsFilterAfter", "commentsFilterBefore", "minPeakMagnitude",
    "maxPeakMagnitude", "minLatestMagnitude", "maxLatestMagnitude", "numberDetections", "excludeForcedPhotometry",
    "sortBy", "sortOrder",
)  # fmt: skip
_ARCSEC_PER_DEGREE = 3600
_PAGE = 100
_SHORTEST_PART = 3
_MOST_SUGGESTIONS = 5


class Portal(SharedRecords):
    """What all portals have; use `Heliograph` or `SkyPortal`."""

    def __repr__(self) -> str:
        """Show the address alone."""
        return f"{type(self).__name__}({self.connection.url!r})"

    def source(self, name: str) -> Source:
        """Return a source by its name, or by another name that it has.

        Raises
        ------
        NotFoundError
            If you see none; the message names those with similar names.
        """
        if not isinstance(name, str):
            raise ArgumentError(f"name: expected text such as '2019dwz', not {clean_text(name)}.")
        try:
            return get_source(self.connection, name)
        except (NotFoundError, RefusedError) as error:
            ids = self._find_source_ids(name)
            if len(ids) > 1:
                raise ArgumentError(
                    f"{name!r} is a name of several sources: {', '.join(map(clean_text, ids))}. Choose one."
                ) from None
            if ids:
                return get_source(self.connection, ids[0])
            near = self._find_near_names(name)
            hint = f" Did you mean {' or '.join(near)}?" if near else " Save it with save_source(name, ra, dec)."
            raise NotFoundError(
                f"There is no source {clean_text(name)!r} that you can see.{hint}", error.status
            ) from None

    def sources(
        self,
        *,
        name: str | None = None,
        ra: Any = None,
        dec: Any = None,
        radius: Any = None,
        classification: str | Sequence[str] | None = None,
        group: Groups = None,
        favorites: bool = False,
        **filters: Any,
    ) -> Iterator[Source]:
        """Iterate over the sources that you can see, newest first; pages are fetched as they are needed.

        Parameters
        ----------
        name : str, optional
            A part of a name (SkyPortal: of the id).
        ra, dec : float, Quantity or SkyCoord, optional
            The centre of a cone, in degrees; a SkyCoord as `ra` alone.
        radius : float or Quantity, optional
            Of the cone, in arcseconds.
        classification : str or sequence of str, optional
            Only of one of these classes.
        group : optional
            Only of these groups.
        favorites : bool
            Only your favourites.
        **filters
            Further filters of the portal's ``GET /sources``, such as ``minRedshift=0.1``.
        """
        numbers = None if group is None else find_group_numbers(self.connection, group)
        query = {
            **self._check_filters(filters),
            **self._build_name_query(name),
            **_build_cone(ra, dec, radius),
            "classifications": self._build_classes_query(classification),
            "group_ids": None if numbers is None else ",".join(map(str, numbers)),
            "listName": "favorites" if favorites else None,
        }
        return self._iterate_sources(query)

    def save_source(
        self, name: str, ra: Any = None, dec: Any = None, *, groups: Groups = None, **fields: Any
    ) -> Source:
        """Save a source, and return it; of one that exists, only the given fields change.

        Parameters
        ----------
        name : str
            Its name.
        ra, dec : float, Quantity or SkyCoord
            In degrees (ICRS); a SkyCoord as `ra` alone; None for both if unknown.
        groups : optional
            The groups that it is saved to; without, every user sees the source and its position.
        **fields
            Such as ``redshift``, ``redshift_error``, ``alias``, ``transient``.
        """
        quote_part(name)
        position = dict(zip(("ra", "dec"), _read_position(ra, dec), strict=True))
        body = {"id": name.strip(), **position, **fields}
        group_ids = find_group_ids(self.connection, groups)
        self.connection.post("/sources", body if group_ids is None else {**body, "group_ids": group_ids})
        return get_source(self.connection, name)

    def services(self) -> list[RegisteredService]:
        """List the analysis services that you can use."""
        records = self.connection.get_records("/analysis_service")
        return [RegisteredService(self.connection, record) for record in records]

    def service(self, name: str | int) -> RegisteredService:
        """Return an analysis service by its name, its display name, or its number."""
        return RegisteredService(self.connection, find_service(self.connection, name))

    def analysis(self, number: int) -> Analysis:
        """Return an analysis by its number."""
        return get_analysis(self.connection, _check_id("analysis", number))

    def analyses(
        self,
        *,
        source: str | Source | None = None,
        service: Any = None,
        status: str | None = None,
        result: str | None = None,
    ) -> Iterator[Analysis]:
        """Iterate over the analyses that you can see, newest first.

        Parameters
        ----------
        source : str or Source, optional
            Only of this source.
        service : str, int or RegisteredService, optional
            Only by this service.
        status : str, optional
            Only in this state, such as ``completed``.
        result : str, optional
            Only where this holds of the results, such as ``chi2<2``.
        """
        if status is not None or result is not None:
            self.connection.require_heliograph("filter of analyses by status or result")
        query = {
            "objID": None if source is None else self._get_source_id(source),
            "analysisServiceID": None if service is None else self.service(service).get_number(),
            "status": status,
            "result": result,
            "includeDetails": None if self.connection.is_skyportal else True,
        }
        pages = self.connection.iterate_pages("/obj/analysis", **query)
        records = (record for page in pages for record in check_records(page))
        # a SkyPortal looks for a part of the name
        name = query["objID"]
        return (Analysis(self.connection, record) for record in records if name in (None, record.get("obj_id")))

    def analyze(
        self,
        sources: Iterable[str | Source] | Group,
        service: Any,
        /,
        *,
        parameters: Mapping[str, Any] | None = None,
        input_filters: Mapping[str, Any] | None = None,
        groups: Groups = None,
        **named_parameters: Any,
    ) -> Batch:
        """Start the same analysis of many sources, or of all sources of a group.

        Parameters
        ----------
        sources : iterable of str or Source, or Group
            The sources; up to 10,000.
        service : str, int or RegisteredService
            The service, by its name or number.
        parameters, input_filters, groups, **named_parameters
            As in `Source.analyze`.
        """
        self.connection.require_heliograph("batches; start the analysis of each source")
        chosen = self.service(service)
        values = {**(parameters or {}), **named_parameters}
        body = build_request(chosen, values, input_filters=input_filters, groups=groups)
        subject = _describe_subject(sources)
        answer = Record(self.connection.post("/analysis_batch", {**body, **subject, "service_id": chosen.get_number()}))
        return get_batch(self.connection, check_number(answer.get("id")))

    def batches(self) -> Iterator[Batch]:
        """Iterate over your batches, newest first; `Batch.refresh` fetches the outcomes of one."""
        self.connection.require_heliograph("batches")
        pages = self.connection.iterate_pages("/analysis_batch")
        return (Batch(self.connection, record) for page in pages for record in check_records(page))

    def batch(self, number: int) -> Batch:
        """Return a batch of yours by its number."""
        self.connection.require_heliograph("batches")
        return get_batch(self.connection, _check_id("batch", number))

    def publish(
        self,
        source: str | Source,
        *,
        name_of_service: str,
        inference_data: Any = None,
        plots: Any = (),
        results: Mapping[str, Any] | None = None,
        message: str = "",
        annotations: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        analysis_type: str = "lightcurve_fitting",
        groups: Groups = None,
    ) -> Analysis:
        """Store an analysis that you made yourself with a source.

        Parameters
        ----------
        source : str or Source
            The source.
        name_of_service : str
            What the analysis is listed under. A service of this name, which takes uploads, is registered if there is
            none; that needs the permission ``Manage Analysis Services`` once.
        inference_data : InferenceData, DataTree, bytes or path, optional
            The posterior, as arviz has it.
        plots : figure, path, bytes, or sequence of them
            Figures of matplotlib are stored as PNG.
        results : Mapping, optional
            Numbers and texts; lists of analyses can be searched by them.
        message : str
            For its readers.
        annotations : Mapping, optional
            Values that are written to the source.
        parameters : Mapping, optional
            What the analysis was made with.
        analysis_type : str
            lightcurve_fitting, spectrum_fitting or meta_analysis; of a service that is registered now.
        groups : optional
            Who sees it; by default those of your groups that may see the data of the source.
        """
        return publish_analysis(
            source if isinstance(source, Source) else self.source(source),
            name_of_service=name_of_service,
            inference_data=inference_data,
            plots=plots,
            results=results,
            message=message,
            annotations=annotations,
            parameters=parameters,
            analysis_type=analysis_type,
            groups=groups,
        )

    def copy_from(
        self, portal: "Portal", source_name: str, *, groups: Groups = None, instruments: Mapping[str, str] | None = None
    ) -> Source:
        """Copy a source from another portal: record, photometry, spectra, classifications.

        A second copy adds only what is new. Fields that have a value here stay as they are.

        Parameters
        ----------
        portal : Heliograph or SkyPortal
            Where it is.
        source_name : str
            Its name there.
        groups : optional
            Who sees the copy; by default you alone.
        instruments : Mapping, optional
            Names of instruments here by their names there, where they differ.
        """
        if not isinstance(portal, Portal):
            raise ArgumentError("portal: expected a Heliograph or a SkyPortal, such as SkyPortal(url, token).")
        original = portal.source(source_name)
        names = self._find_source_ids(original.name)
        if len(names) > 1:
            raise ArgumentError(
                f"{original.name!r} is a name of several sources here: {', '.join(map(clean_text, names))}."
            )
        local_name = names[0] if names else None
        return copy_source(original, self.connection, local_name, groups=groups, instruments=instruments or {})

    def _get_source_id(self, source: str | Source) -> str:
        return source.name if isinstance(source, Source) else self.source(source).name

    def _find_source_ids(self, name: str) -> list[str]:
        """Return the ids of the sources that have a name."""
        answer = self.connection.get_answer(f"/source_exists/{quote_part(name)}")
        existence = Record(answer["data"])
        ids = answer.get("obj_ids")
        if isinstance(ids, list):
            return [str(each) for each in ids]
        return [name.strip()] if existence.get("source_exists") else []

    def _find_near_names(self, name: str) -> list[str]:
        """Return names of sources that a misspelt name may mean."""
        bare = name.strip()
        candidates: dict[str, None] = {}
        for part in dict.fromkeys((bare[:-1], bare[1:], bare[: max(len(bare) // 2, _SHORTEST_PART)])):
            if len(part) >= _SHORTEST_PART:
                page = self.connection.get_record("/sources", **self._build_name_query(part), numPerPage=_PAGE)
                candidates |= dict.fromkeys(
                    str(record.get("id")) for record in check_records(page.get("sources") or [])
                )
        return get_close_matches(bare, map(clean_text, candidates), n=_MOST_SUGGESTIONS, cutoff=0.5)

    def _check_filters(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        return {name: to_plain(value, name) for name, value in filters.items()}

    def _build_name_query(self, name: str | None) -> dict[str, Any]:
        return {"name": name}

    def _build_classes_query(self, classification: str | Sequence[str] | None) -> str | None:
        if classification is None:
            return None
        classes = [classification] if isinstance(classification, str) else list(classification)
        return ",".join(self._name_class(each) for each in classes)

    def _name_class(self, name: str) -> str:
        return name

    def _iterate_sources(self, query: dict[str, Any]) -> Iterator[Source]:
        for page in self.connection.iterate_pages("/sources", **query, includeClassifications=True):
            for record in check_records(Record(page).get("sources")):
                yield Source(self.connection, record)


class Heliograph(Portal):
    """A Heliograph, as seen with one token.

    Parameters
    ----------
    url : str, optional
        Its address; by default ``HELIOGRAPH_URL``, or the address that ``heliograph login`` stored.
    token : str, optional
        Likewise ``HELIOGRAPH_TOKEN``, or the token that ``heliograph login`` stored for this address.

    Examples
    --------
    >>> sky = Heliograph()                                       # doctest: +SKIP
    >>> fit = sky.source("2019dwz").analyze("Supernova fitter")  # doctest: +SKIP
    >>> fit.wait().results                                       # doctest: +SKIP
    """

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        super().__init__(Connection(find_credentials(url, token)))


class SkyPortal(Portal):
    """A SkyPortal, as seen with one token; what it lacks raises `UnsupportedError`.

    Parameters
    ----------
    url : str
        Its address.
    token : str
        A token of it.
    """

    def __init__(self, url: str, token: str) -> None:
        if not url or not token:
            raise CredentialsError("SkyPortal(url, token): both are needed; they are taken from nowhere else.")
        credentials = Credentials(clean_url(url), clean_token(token))
        super().__init__(Connection(credentials, remembers_keys=False, is_skyportal=True))

    def _check_filters(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        for name in filters:
            if name not in _SKYPORTAL_FILTERS:
                # a SkyPortal ignores what it does not know, and would return everything
                raise UnknownNameError(explain_unknown("SkyPortal has no filter", name, _SKYPORTAL_FILTERS))
        return super()._check_filters(filters)

    def _build_name_query(self, name: str | None) -> dict[str, Any]:
        return {"sourceID": name}

    def _name_class(self, name: str) -> str:
        if ":" in name:
            return name
        return ",".join(f"{taxonomy.get('name')}: {name}" for taxonomy in find_taxonomies(self.connection, name))

    def _iterate_sources(self, query: dict[str, Any]) -> Iterator[Source]:
        known: set[str] = set()
        number = 1
        while True:
            page = self.connection.get_record("/sources", **query, pageNumber=number, numPerPage=_PAGE)
            records = check_records(page.get("sources"))
            for record in records:
                # a source that was saved meanwhile moves others to the next page
                if str(record.get("id")) not in known:
                    known.add(str(record.get("id")))
                    yield Source(self.connection, record)
            if len(records) < _PAGE:
                return
            number += 1


def _read_position(ra: Any, dec: Any) -> tuple[float | None, float | None]:
    """Return a position in degrees (ICRS)."""
    if hasattr(ra, "icrs"):
        if dec is not None:
            raise ArgumentError("dec: a SkyCoord holds both coordinates; leave dec out.")
        if not ra.isscalar:
            raise ArgumentError("ra: the SkyCoord holds several positions; give one, such as positions[0].")
        ra, dec = ra.icrs.ra, ra.icrs.dec
    position = to_degrees(ra, "ra"), to_degrees(dec, "dec")
    if (position[0] is None) != (position[1] is None):
        raise ArgumentError("ra, dec: only one of them is known; give both, or neither.")
    return position


def _build_cone(ra: Any, dec: Any, radius: Any) -> dict[str, Any]:
    centre = _read_position(ra, dec)
    arcseconds = to_arcsec(radius, "radius")
    if (centre[0] is None) != (arcseconds is None):
        raise ArgumentError("A cone needs ra, dec and radius (in arcseconds).")
    if arcseconds is None:
        return {}
    if arcseconds <= 0:
        raise ArgumentError(f"radius: {arcseconds:g} is not greater than 0.")
    return {"ra": centre[0], "dec": centre[1], "radius": arcseconds / _ARCSEC_PER_DEGREE}


def _describe_subject(sources: Iterable[str | Source] | Group) -> dict[str, Any]:
    """Return what a batch is of: a group, or sources."""
    if isinstance(sources, Group):
        return {"group_id": check_number(sources["id"])}
    if isinstance(sources, str | Source):
        raise ArgumentError("sources: expected several; for one, use sky.source(name).analyze(…).")
    names = [source.name if isinstance(source, Source) else source for source in sources]
    if not names or not all(isinstance(name, str) for name in names):
        raise ArgumentError("sources: expected names of sources, at least one.")
    return {"obj_ids": names}


def _check_id(what: str, number: Any) -> int:
    """Return an id as a number; a text of digits is one."""
    text = str(number)
    if isinstance(number, bool) or not text.isascii() or not text.isdecimal():
        raise ArgumentError(f"{what}: expected a number, not {clean_text(number)}.")
    return int(text)
