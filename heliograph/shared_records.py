"""What a portal has beside sources and analyses: its user, groups, telescopes, instruments, taxonomies, tokens."""

from collections.abc import Iterable, Mapping
from typing import Any

from heliograph.connection import Connection
from heliograph.editable_records import Group, Instrument, Taxonomy, Telescope, Token
from heliograph.lookups import Groups, choose_record, find_group_ids, list_groups
from heliograph.records import Record, User, check_number


class SharedRecords:
    """The part of a portal that is about people and instruments; `heliograph.portal` has the rest."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        """HTTP with the portal, for what has no method here: ``sky.connection.get("/photometry/range")``."""

    @property
    def user(self) -> User:
        """The user of the token: name, permissions."""
        profile = self.connection.get_record("/internal/profile")
        # others' eyes may see a notebook
        return User({name: value for name, value in profile.items() if name != "tokens"})

    def update_user(self, **fields: Any) -> User:
        """Change your own details, such as ``first_name``, ``affiliations``, ``contact_email``."""
        self.connection.patch("/internal/profile", fields)
        return self.user

    def tokens(self) -> list[Token]:
        """List your tokens, without their texts."""
        return [Token(self.connection, record) for record in self.connection.get_records("/internal/tokens")]

    def create_token(self, name: str, permissions: Iterable[str] = (), *, days: int | None = None) -> str:
        """Create a token of yours, and return its text, which is shown this once.

        Parameters
        ----------
        name : str
            What it is for.
        permissions : iterable of str
            Such as ``["Upload data"]``; each has to be one of yours.
        days : int, optional
            After which it stops working by itself.
        """
        body: dict[str, Any] = {"name": name, "acls": list(permissions)}
        if days is not None:
            self.connection.require_heliograph("tokens that stop working by themselves")
            body["expires_in_days"] = days
        return str(Record(self.connection.post("/internal/tokens", body))["token_id"])

    def groups(self) -> list[Group]:
        """List the groups that you see, with your own."""
        return [Group(self.connection, record) for record in list_groups(self.connection)]

    def group(self, name: str | int | Record) -> Group:
        """Return a group by its name or number."""
        return Group(self.connection, choose_record(list_groups(self.connection), name, "group"))

    def create_group(self, name: str, **fields: Any) -> Group:
        """Create a group, which you administrate."""
        return self.group(self._create("/groups", {"name": name, **fields}))

    def telescopes(self) -> list[Telescope]:
        """List the telescopes."""
        return [Telescope(self.connection, record) for record in self.connection.get_records("/telescope")]

    def telescope(self, name: str | int | Record) -> Telescope:
        """Return a telescope by its name or number."""
        return Telescope(self.connection, choose_record(self.telescopes(), name, "telescope"))

    def add_telescope(self, name: str, **fields: Any) -> Telescope:
        """Add a telescope.

        Parameters
        ----------
        name : str
            Its name.
        **fields
            Such as ``nickname``, ``lat`` and ``lon`` (degrees), ``elevation`` and ``diameter`` (m).
        """
        return self.telescope(self._create("/telescope", {"name": name, **fields}))

    def instruments(self) -> list[Instrument]:
        """List the instruments, with their bandpasses."""
        return [Instrument(self.connection, record) for record in self.connection.get_records("/instrument")]

    def instrument(self, name: str | int | Record) -> Instrument:
        """Return an instrument by its name or number."""
        return Instrument(self.connection, choose_record(self.instruments(), name, "instrument"))

    def add_instrument(
        self,
        name: str,
        filters: Iterable[str] = (),
        *,
        type: str = "imager",
        telescope: str | int | Record | None = None,
        **fields: Any,
    ) -> Instrument:
        """Add an instrument.

        Parameters
        ----------
        name : str
            Its name.
        filters : iterable of str
            Its bandpasses, by sncosmo's names.
        type : str
            imager, spectrograph or imaging spectrograph.
        telescope : str, int or Telescope, optional
            Where it is mounted.
        **fields
            What else the portal takes, such as ``band``.
        """
        body = {"name": name, "type": type, "filters": list(filters), **fields}
        if telescope is not None:
            body["telescope_id"] = self.telescope(telescope).get_number()
        return self.instrument(self._create("/instrument", body))

    def taxonomies(self) -> list[Taxonomy]:
        """List the taxonomies, whose classes classifications use."""
        return [Taxonomy(self.connection, record) for record in self.connection.get_records("/taxonomy")]

    def taxonomy(self, name: str | int | Record) -> Taxonomy:
        """Return a taxonomy by its name or number."""
        return Taxonomy(self.connection, choose_record(self.taxonomies(), name, "taxonomy"))

    def add_taxonomy(
        self, name: str, hierarchy: Mapping[str, Any], version: str, *, groups: Groups = None, **fields: Any
    ) -> Taxonomy:
        """Add a taxonomy, or a new version of one of yours; needs the permission ``Post taxonomy``.

        Parameters
        ----------
        name : str
            Its name.
        hierarchy : Mapping
            Nested ``{"class": …, "subclasses": [...]}``.
        version : str
            Its version.
        groups : optional
            Who sees it.
        **fields
            What else the portal takes, such as ``provenance``.
        """
        group_ids = find_group_ids(self.connection, groups)
        body = {"name": name, "hierarchy": dict(hierarchy), "version": version, **fields}
        number = self._create(
            "/taxonomy", body if group_ids is None else {**body, "group_ids": group_ids}, "taxonomy_id"
        )
        return Taxonomy(self.connection, self.connection.get_record(f"/taxonomy/{number}"))

    def _create(self, path: str, body: Mapping[str, Any], id_field: str = "id") -> int:
        return check_number(Record(self.connection.post(path, body)).get(id_field))
