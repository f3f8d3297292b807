"""Spectra of a source."""

from datetime import UTC
from typing import Any

from chalicelib.access import Requester, groups_for, may_see
from chalicelib.errors import InvalidError
from chalicelib.schemas.base import given
from chalicelib.schemas.spectra import NewSpectrum
from chalicelib.sources import catalogue, instruments
from chalicelib.tables import spectra as table
from chalicelib.tables.base import next_id

__all__ = ["add", "of"]


def add(requester: Requester, wanted: NewSpectrum) -> int:
    """Add a spectrum; return its id. Without groups it is the uploader's alone."""
    catalogue.seen(requester, wanted.obj_id)
    if wanted.instrument_id not in instruments.named():
        raise InvalidError(f"instrument_id: there is no instrument {wanted.instrument_id}.")
    group_ids = groups_for(requester, wanted.group_ids, {requester.own_group})
    observed_at = wanted.observed_at
    if observed_at.tzinfo:
        try:
            observed_at = observed_at.astimezone(UTC).replace(tzinfo=None)
        except OverflowError:
            raise InvalidError("observed_at: this is no date of our calendar.") from None
    fields = given(wanted, "obj_id", "group_ids")
    fields["observed_at"] = observed_at.isoformat()
    number = next_id("spectrum")
    table.add(wanted.obj_id, number, fields, group_ids, requester.user_id)
    return number


def of(requester: Requester, source_id: str) -> list[dict[str, Any]]:
    """Return the spectra of a source that the requester may see."""
    names = instruments.named()
    return [
        {
            "id": int(item.id),
            "obj_id": source_id,
            **item.fields,
            "instrument_name": names.get(item.fields["instrument_id"], {}).get("name"),
            "owner_id": int(item.owner_id),
            "groups": sorted(int(group) for group in item.group_ids),
            "created_at": item.created_at,
            "modified": item.modified,
        }
        for item in table.of_source(source_id)
        if may_see(requester, item)
    ]
