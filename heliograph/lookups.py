"""Groups, instruments, services and taxonomies of a portal, by the names that people use."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from numbers import Integral
from typing import Any

from heliograph.connection import Connection, check_records
from heliograph.errors import ArgumentError, UnknownNameError, UnreadableAnswerError
from heliograph.plain_text import clean_text
from heliograph.records import Record, check_number

Groups = str | int | Record | Iterable[str | int | Record] | None
"""Groups by name, number or record; ``"all"`` is the group that everyone is in."""

EVERYONE = "all"
_MOST_NAMES = 40


def choose_record(
    records: Iterable[Mapping[str, Any]], choice: Any, what: str, name_fields: tuple[str, ...] = ("name",)
) -> Mapping[str, Any]:
    """Return the record that a name or a number means.

    Names count in any case, unless two differ by it alone.

    Raises
    ------
    UnknownNameError
        If there is none; the message names those that exist.
    ArgumentError
        If the choice is neither, or several records have the name.
    """
    choices = list(records)
    if isinstance(choice, Record):
        choice = choice["id"]
    if isinstance(choice, Integral) and not isinstance(choice, bool):
        choice = int(choice)
    if isinstance(choice, bool) or not isinstance(choice, int | str):
        raise ArgumentError(f"{what}: expected a name or a number, not {clean_text(choice)}.")
    matches = [record for record in choices if _is_meant(record, choice, name_fields, exactly=True)]
    matches = matches or [record for record in choices if _is_meant(record, choice, name_fields, exactly=False)]
    if len({record.get("id") for record in matches}) > 1:
        numbers = ", ".join(clean_text(record.get("id")) for record in matches)
        raise ArgumentError(f"{what}: several have the name {choice!r}; give one of their numbers: {numbers}.")
    if not matches:
        names = [str(record.get(name_fields[0])) for record in choices]
        raise UnknownNameError(explain_unknown(f"You see no {what}", str(choice), names))
    return matches[0]


def explain_unknown(problem: str, name: str, names: Iterable[str]) -> str:
    """Return the sentences for a name that does not exist: the problem, the nearest names, and all."""
    known = [clean_text(each) for each in names]
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    rest = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    listing = ", ".join(known[:_MOST_NAMES]) or "none"
    return f"{problem} {clean_text(name)!r}.{hint} There are: {listing}{rest}."


def list_groups(connection: Connection) -> list[dict[str, Any]]:
    """List the groups that the user sees, with those of single users."""
    answer = connection.get_record("/groups", includeSingleUserGroups=True)
    groups = {}
    for name in ("user_groups", "user_accessible_groups"):
        for group in check_records(answer.get(name) or []):
            groups[check_number(group.get("id"))] = group
    return list(groups.values())


def find_group_ids(connection: Connection, groups: Groups) -> list[int] | str | None:
    """Return the ids of groups, as requests name them; None if none are named.

    Raises
    ------
    UnknownNameError
        If a group does not exist, or is not visible.
    """
    if groups is None:
        return None
    if groups == EVERYONE:
        return _find_public_group(connection)
    chosen = [groups] if isinstance(groups, str | int | Record) else list(groups)
    if not chosen:
        raise ArgumentError("groups: the list is empty; leave it out for the portal's default.")
    visible = list_groups(connection) if any(map(_is_named, chosen)) else []
    # a number may be that of a group which is not listed
    return [
        check_number(choose_record(visible, choice, "group").get("id") if _is_named(choice) else choice)
        for choice in chosen
    ]


def find_group_numbers(connection: Connection, groups: Groups) -> list[int]:
    """Return the ids of groups where a request takes numbers alone.

    Raises
    ------
    ArgumentError
        If none is named.
    """
    group_ids = find_group_ids(connection, groups)
    if group_ids is None:
        raise ArgumentError("groups: name at least one.")
    return group_ids if isinstance(group_ids, list) else [_find_public_number(connection)]


def find_own_group_id(connection: Connection) -> int:
    """Return the id of the group that the user alone is in.

    Raises
    ------
    UnreadableAnswerError
        If the portal shows none.
    """
    username = connection.get_record("/internal/profile").get("username")
    for group in list_groups(connection):
        if group.get("single_user_group") and group.get("name") == username:
            return check_number(group.get("id"))
    raise UnreadableAnswerError("The portal shows no group of your own; name the groups.", 200)


def find_instrument_id(connection: Connection, instrument: Any) -> int:
    """Return the id of an instrument by its name or number."""
    return check_number(choose_record(connection.get_records("/instrument"), instrument, "instrument").get("id"))


def find_service(connection: Connection, service: Any) -> dict[str, Any]:
    """Return an analysis service by its name, its display name, or its number."""
    services = connection.get_records("/analysis_service")
    return dict(choose_record(services, service, "analysis service", ("name", "display_name")))


def find_taxonomies(connection: Connection, classification: str) -> list[dict[str, Any]]:
    """Return the taxonomies that have a class, the latest versions first.

    Raises
    ------
    UnknownNameError
        If there is none.
    """
    taxonomies = connection.get_records("/taxonomy")
    classes = {id(taxonomy): set(iterate_classes(taxonomy.get("hierarchy"))) for taxonomy in taxonomies}
    matches = [taxonomy for taxonomy in taxonomies if classification in classes[id(taxonomy)]]
    if not matches:
        names = sorted(set().union(*classes.values()))
        raise UnknownNameError(explain_unknown("No taxonomy has the class", classification, names))
    return sorted(matches, key=lambda taxonomy: not taxonomy.get("isLatest"))


def iterate_classes(node: Any) -> Iterator[str]:
    """Yield the classes of a taxonomy."""
    nodes = [node]
    while nodes:
        branch = nodes.pop()
        if isinstance(branch, dict):
            if isinstance(branch.get("class"), str):
                yield branch["class"]
            subclasses = branch.get("subclasses")
            nodes += subclasses if isinstance(subclasses, list) else []


def _is_named(choice: Any) -> bool:
    return isinstance(choice, bool) or not isinstance(choice, int)


def _is_meant(record: Mapping[str, Any], choice: int | str, name_fields: tuple[str, ...], *, exactly: bool) -> bool:
    if isinstance(choice, int):
        return record.get("id") == choice
    names = [str(record[name]).strip() for name in name_fields if record.get(name)]
    return choice.strip() in names if exactly else choice.strip().casefold() in map(str.casefold, names)


def _find_public_group(connection: Connection) -> list[int] | str:
    if not connection.is_skyportal:
        return EVERYONE
    return [_find_public_number(connection)]


def _find_public_number(connection: Connection) -> int:
    return check_number(connection.get_record("/groups/public").get("id"))
