"""Unique names: an item for each name that a user, group or service has."""

from chalicelib.tables.base import IntegerAttribute, NameTaken, Registry, Transaction


class NameClaim(Registry):
    """A name (the key) of a kind (``user_name``, …) and the id of the record that has it."""

    owner = IntegerAttribute()


def claim_name(write: Transaction, kind: str, name: str, owner: int) -> None:
    """Let a transaction claim a name for a record; it fails with `NameTaken`."""
    claim = NameClaim(f"{kind}_name", name, owner=owner)
    write.save(claim, condition=NameClaim.key.does_not_exist(), refused=NameTaken())


def release_name(write: Transaction, kind: str, name: str) -> None:
    """Let a transaction release a name."""
    write.delete(NameClaim(f"{kind}_name", name))


def change_name(write: Transaction, kind: str, old: str, new: str, owner: int) -> None:
    """Let a transaction release a record's old name and claim the new one, if they differ."""
    if old != new:
        release_name(write, kind, old)
        claim_name(write, kind, new, owner)
