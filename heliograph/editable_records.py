"""Records that a user can change or delete: groups, telescopes, instruments, taxonomies, tokens, remarks."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from heliograph.connection import Connection, check_records, quote_part
from heliograph.errors import ArgumentError
from heliograph.lookups import Groups, choose_record, find_group_ids, iterate_classes
from heliograph.records import PortalRecord, User, check_number


class EditableRecord(PortalRecord):
    """A record at a path of its own, which PUT changes and DELETE deletes."""

    folder: ClassVar[str] = ""
    """The path below which it lies."""

    def update(self, *, groups: Groups = None, **fields: Any) -> Self:
        """Change fields, and return the record; None clears a field.

        Parameters
        ----------
        groups : optional
            Who sees it from now on, if it belongs to groups.
        **fields
            The fields to change.
        """
        group_ids = find_group_ids(self._connection, groups)
        body = fields if group_ids is None else {**fields, "group_ids": group_ids}
        if not body:
            raise ArgumentError("Name the fields to change.")
        self._connection.put(self._path, body)
        self._replace_fields(self._connection.get_record(self._path))
        return self

    def delete(self) -> None:
        """Delete it."""
        self._connection.delete(self._path)

    @property
    def _path(self) -> str:
        return f"{self.folder}/{self.get_number()}"


class Comment(EditableRecord):
    """A comment on a source; ``comment.update(text=…)`` changes it."""

    kind = "Comment"
    title_fields = ("id",)
    line_fields = ("text", "created_at")

    def fetch_attachment(self) -> bytes:
        """Return the content of the file beside it."""
        return self._connection.get_file(f"{self._path}/attachment")

    @property
    def _path(self) -> str:
        return _locate_remark(self, "comments")


class Annotation(EditableRecord):
    """The values of one origin, such as a catalogue or a service; ``annotation.update(data=…)`` replaces them."""

    kind = "Annotation"
    title_fields = ("origin",)
    line_fields = ("data",)

    @property
    def _path(self) -> str:
        return _locate_remark(self, "annotations")


class Classification(EditableRecord):
    """A classification of a source."""

    kind = "Classification"
    title_fields = ("classification",)
    line_fields = ("probability", "author_name")
    folder = "/classification"

    def vote(self, agrees: bool = True) -> None:
        """Vote for it or against it; a second vote of yours replaces the first."""
        self._connection.post(self._votes_path, {"vote": 1 if agrees else -1})

    def delete_vote(self) -> None:
        """Take your vote back."""
        self._connection.delete(self._votes_path)

    @property
    def _votes_path(self) -> str:
        return f"/classification/votes/{self.get_number()}"


class Group(EditableRecord):
    """A group of users."""

    kind = "Group"
    line_fields = ("id", "nickname")
    folder = "/groups"

    def members(self) -> list[User]:
        """List its members, with what they may do in it."""
        record = self._connection.get_record(self._path, includeGroupUsers=True)
        return [User(member) for member in check_records(record.get("users") or [])]

    def add_member(self, username: str, *, admin: bool = False) -> None:
        """Add a user; only those who administrate the group can."""
        page = self._connection.get_record("/user", username=username)
        user = choose_record(check_records(page.get("users")), username, "user", ("username",))
        self._connection.post(f"{self._path}/users", {"userID": check_number(user.get("id")), "admin": admin})

    def update_member(self, username: str, **rights: bool) -> None:
        """Change what a member may do: ``admin``, ``canSave``, ``canSharePhotometry``."""
        self._connection.patch(f"{self._path}/users", {"userID": self._find_member(username), **rights})

    def remove_member(self, username: str) -> None:
        """Remove a member; your own name leaves the group."""
        self._connection.delete(f"{self._path}/users/{self._find_member(username)}")

    def _find_member(self, username: str) -> int:
        return check_number(choose_record(self.members(), username, "member", ("username",)).get("id"))


class Telescope(EditableRecord):
    """A telescope: where it is."""

    kind = "Telescope"
    line_fields = ("id", "nickname", "lat", "lon", "elevation")
    folder = "/telescope"


class Instrument(EditableRecord):
    """An instrument, with its bandpasses."""

    kind = "Instrument"
    line_fields = ("id", "type", "filters")
    folder = "/instrument"


class Taxonomy(EditableRecord):
    """A taxonomy: a tree of classes."""

    kind = "Taxonomy"
    line_fields = ("id", "version", "isLatest")
    folder = "/taxonomy"

    @property
    def classes(self) -> list[str]:
        """The names of its classes."""
        return sorted(set(iterate_classes(self.get("hierarchy"))))


class Token(PortalRecord):
    """A token of yours, without its text."""

    kind = "Token"
    title_fields = ("name",)
    line_fields = ("permissions", "expires_at", "last_used_at")

    def __init__(self, connection: Connection, fields: Mapping[str, Any]) -> None:
        names = [acl.get("id") if isinstance(acl, dict) else acl for acl in fields.get("acls") or []]
        super().__init__(connection, {**fields, "permissions": names})

    def revoke(self) -> None:
        """Delete it: it stops working at once."""
        self._connection.delete(f"/internal/tokens/{quote_part(str(self['id']))}")

    def _list_html_fields(self) -> dict[str, Any]:
        # a SkyPortal has the text of a token as its id
        return {name: value for name, value in self._fields.items() if name not in ("id", "acls")}


def _locate_remark(remark: PortalRecord, folder: str) -> str:
    return f"/sources/{quote_part(str(remark['obj_id']))}/{folder}/{remark.get_number()}"
