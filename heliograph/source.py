"""A source: its data, remarks and analyses."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from heliograph.analysis import Analysis, get_analysis
from heliograph.analysis_requests import build_request
from heliograph.connection import Connection, check_records, encode_json, parse_answer, quote_part
from heliograph.editable_records import Annotation, Classification, Comment, Group
from heliograph.errors import ArgumentError, NotFoundError, PortalError, RefusedError
from heliograph.light_curve_tables import build_light_curve, read_columns, split_rows
from heliograph.lookups import (
    Groups,
    choose_record,
    find_group_ids,
    find_group_numbers,
    find_instrument_id,
    find_service,
    find_taxonomies,
)
from heliograph.plain_text import clean_text
from heliograph.plain_values import format_time
from heliograph.records import (
    Period,
    Periodogram,
    PhotStat,
    PortalRecord,
    Record,
    UploadedFile,
    check_number,
    get_number_field,
)
from heliograph.registered_services import RegisteredService
from heliograph.spectrum import Spectrum, read_spectrum

MOST_BYTES = 4_000_000
"""Of a request; API Gateway takes 4.4 MB."""
_MOST_ROWS = 10_000
_MOST_SHARED_POINTS = 1000
_MOST_SHARED_SPECTRA = 100


class Source(PortalRecord):
    """A source of a portal; its fields, such as ``redshift``, are attributes."""

    kind = "Source"
    title_fields = ("id",)

    @property
    def ra(self) -> float | None:
        """Right ascension (ICRS) in degrees; None if unknown."""
        return get_number_field(self, "ra")

    @property
    def dec(self) -> float | None:
        """Declination (ICRS) in degrees; None if unknown."""
        return get_number_field(self, "dec")

    @property
    def redshift(self) -> float | None:
        """The redshift; None if unknown."""
        return get_number_field(self, "redshift")

    @property
    def position(self) -> Any:
        """Its position as a SkyCoord of astropy; None if unknown."""
        from astropy.coordinates import SkyCoord

        return None if self.ra is None or self.dec is None else SkyCoord(self.ra, self.dec, unit="deg")

    @property
    def name(self) -> str:
        """Its name on this portal."""
        return str(self["id"])

    @property
    def url(self) -> str:
        """Its page in a browser."""
        page = "source" if self._connection.is_skyportal else "#/source"
        return f"{self._connection.web_url}/{page}/{quote_part(self.name)}"

    def describe_line(self) -> list[str]:
        """Add position, redshift, classes."""
        ra, dec = self.ra, self.dec
        redshift = self.redshift
        classes = " or ".join(sorted(set(self._list_classes())))
        return [
            "position unknown" if ra is None or dec is None else f"{ra:.5f} {dec:+.5f}",
            *([f"z={redshift:g}"] if redshift is not None else []),
            *([classes] if classes else []),
        ]

    def refresh(self) -> "Source":
        """Read its record anew, and return it."""
        self._replace_fields(self._connection.get_record(self._path))
        return self

    def photometry(self, format: str = "flux", magsys: str = "ab") -> Any:
        """Return its light curve as a Table of astropy, with units; unknown values are masked.

        Parameters
        ----------
        format : str
            flux (in microjansky), mag, or both.
        magsys : str
            ab or vega.
        """
        _check_choice("format", format, ("flux", "mag", "both"))
        _check_choice("magsys", magsys, ("ab", "vega"))
        return build_light_curve(self.fetch_points(format, magsys), self.name)

    def fetch_points(self, format: str = "flux", magsys: str = "ab") -> list[dict[str, Any]]:
        """Return the points of its light curve as the portal answers them."""
        return self._connection.get_records(f"{self._path}/photometry", format=format, magsys=magsys)

    def add_photometry(
        self, points: Any, *, instrument: Any = None, groups: Groups = None, **constants: Any
    ) -> list[int]:
        """Add points to its light curve, and return their ids; those that exist already are accepted.

        Parameters
        ----------
        points : Table, DataFrame or dict
            Columns ``mjd``, ``filter``, and ``flux`` with ``fluxerr`` (microjansky, unless they have a unit or there
            is ``zp``) or ``mag`` with ``magerr`` and ``limiting_mag``. A masked flux is a non-detection.
        instrument : int, str or Instrument, optional
            Of all points; else there is a column ``instrument_name`` or ``instrument_id``.
        groups : optional
            Who can see them; by default you alone.
        **constants
            Columns with one value for all rows, such as ``filter="ztfr"``, ``magsys="vega"``, ``origin="my own"``.
        """
        columns, n_rows = read_columns(points, constants)
        columns = self._resolve_instruments(columns, instrument)
        shared = {"obj_id": self.name, "group_ids": find_group_ids(self._connection, groups)}
        ids: list[int] = []
        for part in split_rows(columns, n_rows, _MOST_ROWS):
            ids += self._put_photometry(
                {name: value for name, value in {**part, **shared}.items() if value is not None}
            )
        return ids

    def update_photometry(self, number: int, **fields: Any) -> None:
        """Change fields of a point of yours by its id, such as ``altdata={"seeing": 1.9}``."""
        self._connection.patch(f"/photometry/{int(number)}", fields)

    def delete_photometry(self, ids: int | Sequence[int] | str) -> None:
        """Delete points by their ids, or all of an upload by its ``upload_id``."""
        if isinstance(ids, str):
            self._connection.delete(f"/photometry/bulk_delete/{quote_part(ids)}")
            return
        for number in [ids] if isinstance(ids, int) else ids:
            self._connection.delete(f"/photometry/{int(number)}")

    def upload(
        self,
        path: str | Path | bytes,
        *,
        dry_run: bool = False,
        skip_problems: bool = False,
        instrument: Any = None,
        magsys: str | None = None,
        zp: float | None = None,
        columns: Mapping[str, str] | None = None,
        groups: Groups = None,
    ) -> UploadedFile:
        """Upload photometry from a file as a survey gives it: the portal finds out what it is.

        Parameters
        ----------
        path : str, Path or bytes
            The file, or its content.
        dry_run : bool
            Save nothing; the answer's ``rows`` are what would be saved.
        skip_problems : bool
            Leave out rows that cannot be stored; otherwise one such row stops the upload.
        instrument : int, str or Instrument, optional
            Of rows that name none.
        magsys : str, optional
            ab or vega, of rows that name none.
        zp : float, optional
            Magnitude of a flux of 1, for rows that name none.
        columns : Mapping, optional
            The column of a field, such as ``{"mjd": "when"}``.
        groups : optional
            Who can see the points; by default you alone.
        """
        self._connection.require_heliograph("reader of files of photometry; use add_photometry with a Table")
        content = path if isinstance(path, bytes) else _read_file(path)
        group_ids = find_group_ids(self._connection, groups)
        query = {
            "dry_run": dry_run or None,
            "skip_problems": skip_problems or None,
            "instrument_id": None if instrument is None else find_instrument_id(self._connection, instrument),
            "magsys": magsys,
            "zp": zp,
            "columns": None if columns is None else encode_json(columns).decode(),
            "group_ids": ",".join(map(str, group_ids)) if isinstance(group_ids, list) else group_ids,
        }
        response = self._connection.send("POST", f"{self._path}/photometry/file", data=content, params=query)
        return UploadedFile(parse_answer(response)["data"])

    def spectra(self) -> list[Spectrum]:
        """Return its spectra, by the time of observation."""
        answer = self._connection.get_record(f"{self._path}/spectra")
        return [Spectrum(self._connection, record) for record in check_records(answer.get("spectra") or [])]

    def add_spectrum(
        self,
        wavelengths: Any,
        fluxes: Any,
        errors: Any = None,
        *,
        instrument: Any,
        observed_at: Any,
        units: str | None = None,
        groups: Groups = None,
        **fields: Any,
    ) -> int:
        """Add a spectrum, and return its id.

        Parameters
        ----------
        wavelengths, fluxes, errors : array or Quantity
            Wavelengths in angstrom, unless they have another unit.
        instrument : int, str or Instrument
            What it was taken with.
        observed_at : str, datetime or Time
            When it was taken; in UTC, unless it says another time zone.
        units : str, optional
            Of fluxes without a unit: ``erg/s/cm/cm/AA``, ``Jy`` or ``AB``.
        groups : optional
            Who can see it; by default you alone.
        **fields
            What else the portal takes, such as ``origin``, ``label``, ``altdata``.
        """
        columns = read_spectrum(wavelengths, fluxes, errors, units)
        body = {**columns, **self._describe_spectrum(instrument, observed_at, groups), **fields}
        answer = Record(self._connection.post("/spectrum", _leave_out_none(body)))
        return check_number(answer.get("id"))

    def upload_spectrum(
        self,
        path: str | Path | bytes,
        *,
        instrument: Any,
        observed_at: Any,
        wave_column: int = 0,
        flux_column: int = 1,
        fluxerr_column: int | None = None,
        units: str | None = None,
        groups: Groups = None,
        **fields: Any,
    ) -> int:
        """Upload a spectrum as a text file of columns, and return its id; lines with ``#`` become its ``altdata``.

        Parameters
        ----------
        path : str, Path or bytes
            The file, or its content.
        instrument, observed_at, units, groups, **fields
            As in `add_spectrum`.
        wave_column, flux_column, fluxerr_column : int
            The columns, counted from 0.
        """
        content = path if isinstance(path, bytes) else _read_file(path)
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise ArgumentError("The file of the spectrum is no text in UTF-8.") from None
        body = {
            **self._describe_spectrum(instrument, observed_at, groups),
            "ascii": text,
            "filename": "spectrum.ascii" if isinstance(path, bytes) else Path(path).name,
            "wave_column": wave_column,
            "flux_column": flux_column,
            "fluxerr_column": fluxerr_column,
            "units": units,
            **fields,
        }
        return check_number(Record(self._connection.post("/spectrum/ascii", _leave_out_none(body))).get("id"))

    def delete_spectrum(self, number: int) -> None:
        """Delete a spectrum of yours by its id."""
        self._connection.delete(f"/spectrum/{int(number)}")

    def comments(self) -> list[Comment]:
        """Return its comments, oldest first."""
        return [Comment(self._connection, record) for record in self._connection.get_records(f"{self._path}/comments")]

    def add_comment(self, text: str, *, attachment: str | Path | None = None, groups: Groups = None) -> int:
        """Comment on it, and return the comment's id.

        Parameters
        ----------
        text : str
            The comment.
        attachment : str or Path, optional
            A file beside it.
        groups : optional
            Who sees it; by default everyone who sees the source.
        """
        body: dict[str, Any] = {"text": text, "group_ids": find_group_ids(self._connection, groups)}
        if attachment is not None:
            content = base64.b64encode(_read_file(attachment)).decode()
            body["attachment"] = {"name": Path(attachment).name, "body": content}
        if not self._connection.is_skyportal:
            body["bot"] = False
        answer = Record(self._connection.post(f"{self._path}/comments", _leave_out_none(body)))
        return check_number(answer.get("comment_id"))

    def delete_comment(self, number: int) -> None:
        """Delete a comment of yours by its id."""
        self._connection.delete(f"{self._path}/comments/{int(number)}")

    def annotations(self) -> list[Annotation]:
        """Return its annotations: values by origin."""
        records = self._connection.get_records(f"{self._path}/annotations")
        return [Annotation(self._connection, record) for record in records]

    def annotate(self, origin: str, values: Mapping[str, Any], *, groups: Groups = None) -> None:
        """Store values under an origin; earlier values of this origin are replaced."""
        body = {"data": dict(values), "group_ids": find_group_ids(self._connection, groups)}
        numbers = [annotation.get("id") for annotation in self.annotations() if annotation.get("origin") == origin]
        if numbers:
            self._connection.put(f"{self._path}/annotations/{check_number(numbers[0])}", _leave_out_none(body))
        else:
            self._connection.post(f"{self._path}/annotations", _leave_out_none({"origin": origin, **body}))

    def delete_annotation(self, origin: str) -> None:
        """Delete the values of an origin."""
        annotation = choose_record(self.annotations(), origin, "annotation of this origin", ("origin",))
        self._connection.delete(f"{self._path}/annotations/{check_number(annotation.get('id'))}")

    def classifications(self) -> list[Classification]:
        """Return its classifications, oldest first."""
        records = self._connection.get_records(f"{self._path}/classifications")
        return [Classification(self._connection, record) for record in records]

    def classify(
        self,
        name: str,
        probability: float | None = None,
        *,
        origin: str | None = None,
        ml: bool = False,
        taxonomy: int | str | None = None,
        groups: Groups = None,
    ) -> int:
        """Classify it, and return the classification's id; this may start default analyses.

        Parameters
        ----------
        name : str
            The class, such as ``Ia``.
        probability : float, optional
            From 0 to 1.
        origin : str, optional
            Where the classification comes from.
        ml : bool
            Whether machine learning made it.
        taxonomy : int or str, optional
            What defines the class; SkyPortal needs one, by default the newest that has the class.
        groups : optional
            Who sees it; by default everyone who sees the source.
        """
        body = {
            "obj_id": self.name,
            "classification": name,
            "probability": probability,
            "origin": origin,
            "ml": ml or None,
            "taxonomy_id": self._find_taxonomy(name, taxonomy),
            "group_ids": find_group_ids(self._connection, groups),
        }
        answer = Record(self._connection.post("/classification", _leave_out_none(body)))
        self._forget("classifications")
        return check_number(answer.get("classification_id"))

    def delete_classification(self, number: int) -> None:
        """Delete a classification of yours by its id."""
        self._connection.delete(f"/classification/{int(number)}")
        self._forget("classifications")

    def phot_stat(self) -> PhotStat:
        """Return the statistics of its light curve."""
        return PhotStat(self._connection.get_record(f"{self._path}/phot_stat"))

    def periodogram(
        self,
        *,
        filters: str | Sequence[str] | None = None,
        fmin: float | None = None,
        fmax: float | None = None,
        nterms: int | None = None,
        peaks: int | None = None,
        oversampling: float | None = None,
        window: bool = False,
    ) -> Periodogram:
        """Search for periods: ``frequencies`` and ``power`` are arrays, ``best_periods`` the highest peaks.

        Parameters
        ----------
        filters : str or sequence of str, optional
            The bandpasses to use; all by default.
        fmin, fmax : float, optional
            The range of frequencies, in 1/day.
        nterms, peaks, oversampling : optional
            Harmonics of the model, number of best periods, frequencies per width of a peak.
        window : bool
            Whether to add ``window_power``, the power of the sampling alone.
        """
        import numpy as np

        self._connection.require_heliograph("periodograms; use LombScargle of astropy with .photometry()")
        answer = self._connection.get_record(
            f"{self._path}/periodogram",
            filters=filters if filters is None or isinstance(filters, str) else ",".join(filters),
            fmin=fmin,
            fmax=fmax,
            nterms=nterms,
            peaks=peaks,
            oversampling=oversampling,
            window=window or None,
        )
        arrays = {
            name: np.asarray(answer[name]) for name in ("frequencies", "power", "window_power") if answer.get(name)
        }
        periods = [Period(period) for period in check_records(answer.get("best_periods") or [])]
        return Periodogram({**answer, **arrays, "best_periods": periods})

    def analyses(self) -> list[Analysis]:
        """Return its analyses, newest first."""
        if self._connection.is_skyportal:
            records = self._connection.get_records("/obj/analysis", objID=self.name)
            records = [record for record in records if record.get("obj_id") == self.name]
            records.sort(key=lambda record: str(record.get("created_at")), reverse=True)
        else:
            records = self._connection.get_records(f"/obj/{quote_part(self.name)}/analysis", includeDetails=True)
        return [Analysis(self._connection, record) for record in records]

    def analysis_groups(self, service: Any) -> list[Record]:
        """List your groups, with what an analysis by a service means to them: ``sees_all_data``, ``is_default``."""
        self._connection.require_heliograph("answer to who may see all that is sent")
        number = check_number(find_service(self._connection, service)["id"])
        path = f"/obj/{quote_part(self.name)}/analysis_groups/{number}"
        return [Record(record) for record in self._connection.get_records(path)]

    def analyze(
        self,
        service: Any,
        /,
        *,
        parameters: Mapping[str, Any] | None = None,
        input_filters: Mapping[str, Any] | None = None,
        groups: Groups = None,
        **named_parameters: Any,
    ) -> Analysis:
        """Start an analysis of it by a service.

        Parameters
        ----------
        service : str, int or RegisteredService
            The service, by its name or number.
        parameters : Mapping, optional
            Parameters whose names are not those of arguments here.
        input_filters : Mapping, optional
            The photometry to send, all by default:
            ``{"photometry": {"filters": ["ztfg"], "instruments": ["ZTF"], "exclude": [12, 31]}}``.
        groups : optional
            Who sees it; by default those of your groups that may see all that is sent.
        **named_parameters
            Parameters of the service; a file is a path or bytes.

        Raises
        ------
        UnknownNameError
            If there is no such service or parameter; nothing was sent.
        """
        chosen = RegisteredService(self._connection, find_service(self._connection, service))
        values = {**(parameters or {}), **named_parameters}
        body = build_request(chosen, values, input_filters=input_filters, groups=groups)
        path = f"/obj/{quote_part(self.name)}/analysis/{chosen.get_number()}"
        return get_analysis(self._connection, check_number(Record(self._connection.post(path, body)).get("id")))

    def favorite(self) -> None:
        """Add it to your favourites, which you alone see."""
        self._connection.post("/listing", {"obj_id": self.name, "list_name": "favorites"})

    def unfavorite(self) -> None:
        """Remove it from your favourites."""
        user_id = check_number(self._connection.get_record("/internal/profile").get("id"))
        for entry in self._connection.get_records(f"/listing/{user_id}", listName="favorites"):
            if entry.get("obj_id") == self.name:
                self._connection.delete(f"/listing/{check_number(entry.get('id'))}")

    def share(self, groups: Groups) -> None:
        """Save it to groups, and share what is yours of its photometry and spectra with them."""
        group_ids = find_group_ids(self._connection, groups)
        self._connection.post("/sources", {"id": self.name, "group_ids": group_ids})
        numbers = find_group_numbers(self._connection, groups)
        leave_out = {} if self._connection.is_skyportal else {"skipForeign": True}
        for ids in _split_ids(self.fetch_points(), _MOST_SHARED_POINTS):
            self._share({"photometryIDs": ids, "groupIDs": numbers, **leave_out})
        for ids in _split_ids(list(self.spectra()), _MOST_SHARED_SPECTRA):
            self._share({"spectrumIDs": ids, "groupIDs": numbers})
        self.refresh()

    def groups(self) -> list[Group]:
        """List the groups of yours that it is saved to."""
        return [Group(self._connection, record) for record in self._connection.get_records(f"{self._path}/groups")]

    def unshare(self, group: str | int | Record) -> None:
        """Remove it from a group; points and spectra that were shared with it stay shared."""
        (number,) = find_group_numbers(self._connection, group)
        self._connection.send("DELETE", self._path, json={"group_id": number})

    def update(self, **fields: Any) -> "Source":
        """Change fields, such as ``redshift=0.046``; None clears a field."""
        if not fields:
            raise ArgumentError("Name the fields to change, such as redshift=0.046.")
        self._connection.patch(self._path, fields)
        return self.refresh()

    def delete(self) -> None:
        """Delete it with all its data and analyses."""
        self._connection.require_heliograph("way to delete a source")
        self._connection.delete(self._path)

    def _list_html_fields(self) -> dict[str, Any]:
        names = ("id", "alias", "ra", "dec", "redshift", "redshift_error", "tns_name", "origin", "created_at")
        fields = {name: self._fields.get(name) for name in names}
        return {**fields, "classifications": self._list_classes()}

    def _list_classes(self) -> list[str]:
        records = check_records(self._fields.get("classifications") or [])
        return [clean_text(record.get("classification")) for record in records]

    @property
    def _path(self) -> str:
        return f"/sources/{quote_part(self.name)}"

    def _forget(self, name: str) -> None:
        self._replace_fields({key: value for key, value in self._fields.items() if key != name})

    def _put_photometry(self, body: dict[str, Any]) -> list[int]:
        answer = Record(self._connection.put("/photometry", body))
        return [check_number(number) for number in answer.get("ids") or []]

    def _resolve_instruments(self, columns: dict[str, Any], instrument: Any) -> dict[str, Any]:
        """Return the columns with ids of instruments; names count before ids, which may be of another portal."""
        names = columns.pop("instrument_name", None)
        if instrument is not None and (names is not None or "instrument_id" in columns):
            raise ArgumentError("instrument: given twice, as a column and as an argument; remove one.")
        if instrument is not None:
            return {**columns, "instrument_id": find_instrument_id(self._connection, instrument)}
        if names is None:
            if "instrument_id" not in columns:
                raise ArgumentError("instrument: missing; give the argument, or a column instrument_name.")
            return columns
        each = names if isinstance(names, list) else [names]
        numbers = {name: find_instrument_id(self._connection, name) for name in dict.fromkeys(each)}
        resolved = [numbers[name] for name in each]
        return {**columns, "instrument_id": resolved if isinstance(names, list) else resolved[0]}

    def _describe_spectrum(self, instrument: Any, observed_at: Any, groups: Groups) -> dict[str, Any]:
        return {
            "obj_id": self.name,
            "instrument_id": find_instrument_id(self._connection, instrument),
            "observed_at": format_time(observed_at, "observed_at"),
            "group_ids": find_group_ids(self._connection, groups),
        }

    def _find_taxonomy(self, name: str, taxonomy: int | str | None) -> int | None:
        if taxonomy is not None:
            return check_number(
                choose_record(self._connection.get_records("/taxonomy"), taxonomy, "taxonomy").get("id")
            )
        if not self._connection.is_skyportal:
            return None
        return check_number(find_taxonomies(self._connection, name)[0].get("id"))

    def _share(self, body: dict[str, Any]) -> None:
        try:
            self._connection.post("/sharing", body)
        except (NotFoundError, RefusedError):
            raise
        except PortalError as error:
            # nothing of this part is the user's to share
            if error.status != 403:
                raise


def get_source(connection: Connection, name: str) -> Source:
    """Return a source by its id."""
    return Source(connection, connection.get_record(f"/sources/{quote_part(name)}"))


def _split_ids(records: Sequence[Mapping[str, Any]], size: int) -> list[list[int]]:
    ids = [check_number(record.get("id")) for record in records]
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def _leave_out_none(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ArgumentError(f"{name}: {clean_text(value)} is not known; expected one of {', '.join(choices)}.")


def _read_file(path: str | Path) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ArgumentError(f"{path} cannot be read: {error.strerror}.") from None
