"""What must hold of everything that is stored, when nothing waits any more."""

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from tests.faults.injector import Kind
from tests.faults.records import Records, get_expiring_prefixes, load_records, unpack
from tests.faults.simulation import Breach, Simulation

__all__ = ["find_breaches", "find_lasting_breaches"]

FINAL = {"completed", "failure", "timed_out", "cancelled"}


def find_breaches(s: Simulation, *, may_send_again: bool = False) -> list[str]:
    """Return what does not hold, in sentences.

    Parameters
    ----------
    s : Simulation
        It must have settled.
    may_send_again : bool
        Services may have been sent data again, since senders died right after they had sent them.
    """
    records = load_records()
    return [
        *_check_analyses(records),
        *_check_tallies(records),
        *_check_listings(records),
        *_check_callbacks(records),
        *_check_idempotency(records, s.deleted),
        *_check_sources(records),
        *_check_source_counts(records),
        *_check_remarks(records),
        *_check_places(records),
        *_check_defaults(records),
        *_check_people(records),
        *_check_names(records),
        *_check_batches(records, s.deleted),
        *_check_blobs(records),
        *([] if may_send_again else _check_sendings(s)),
        *(f"an invocation failed without a fault: {failure}" for failure in s.failures),
        *(f"there is a dead letter: {letter}" for letter in records.dead_letters),
    ]


def find_lasting_breaches(s: Simulation) -> list[str]:
    """Return what does not hold, even after one more day: a fault may have met the work of a day."""
    if not find_breaches(s):
        return []
    try:
        s.wait_a_day()
    except Breach as breach:
        return [str(breach)]
    return find_breaches(s)


def _check_analyses(records: Records) -> Iterator[str]:
    services = {int(item["id"]) for item in records.iterate_kind("service")}
    sources = records.list_sources()
    for number, item in records.list_analyses().items():
        if item["status"] not in FINAL:
            yield f"analysis {number} is {item['status']} for ever"
        if "watch" in item:
            yield f"analysis {number} is still watched"
        if "line" in item:
            yield f"analysis {number} still waits in line"
        if item["obj_id"] not in sources:
            yield f"analysis {number} is of the deleted source {item['obj_id']}"
        if int(item["analysis_service_id"]) not in services:
            yield f"analysis {number} is of the deleted service {item['analysis_service_id']}"


def _check_tallies(records: Records) -> Iterator[str]:
    expected = records.count_tallies()
    held = {key: int(item["held"]) for key, item in records.analyses.items() if key.startswith("tally#")}
    for key in expected.keys() | held.keys():
        if expected[key] != held.get(key, 0):
            yield f"{key} holds {held.get(key, 0)}; a scan counts {expected[key]}"


def _check_listings(records: Records) -> Iterator[str]:
    expected = {
        f"{listing}#{number}"
        for number, item in records.list_analyses().items()
        for listing in [f"author#{item['author_id']}", *(f"group#{group}" for group in item.get("group_ids", ()))]
    }
    listed = {key for key in records.analyses if key.startswith(("author#", "group#"))}
    yield from (f"the listing {key} names no analysis" for key in sorted(listed - expected))
    yield from (f"the listing {key} is missing" for key in sorted(expected - listed))


def _check_callbacks(records: Records) -> Iterator[str]:
    analyses = records.list_analyses()
    for key, item in records.analyses.items():
        if key.startswith("callback#"):
            analysis = analyses.get(int(item["analysis_id"]))
            if analysis is None:
                yield f"a callback token names the analysis {item['analysis_id']}, which does not exist"
            elif not item.get("consumed") and analysis["status"] in FINAL:
                yield f"the callback token of the {analysis['status']} analysis {item['analysis_id']} still works"
    for number, item in analyses.items():
        if item.get("callback_hash") and f"callback#{item['callback_hash']}" not in records.analyses:
            yield f"the callback token of analysis {number} is missing"


def _check_idempotency(records: Records, deleted: set[int]) -> Iterator[str]:
    known = {*records.list_analyses(), *(int(item["id"]) for item in records.iterate_kind("batch")), *deleted}
    for key, item in records.analyses.items():
        if key.startswith("idempotency#") and int(item.get("analysis_id", 0)) not in known:
            yield f"{key[:24]} names {item.get('analysis_id')}, which never existed"


def _check_sources(records: Records) -> Iterator[str]:
    sources = records.list_sources()
    for (source, part), item in records.parts.items():
        if source == "#counts":
            continue
        if source not in sources:
            yield f"the part {part} of the deleted source {source} remains"
        elif part == "source" and not item.get("listing"):
            yield f"the source {source} is hidden for ever"
        elif part.startswith("listing#") and int(part[8:]) not in sources[source].get("group_ids", ()):
            yield f"the source {source} is listed in {part}, but not in the group"
    for source, item in sources.items():
        for group in item.get("group_ids", ()):
            if (source, f"listing#{int(group):012d}") not in records.parts:
                yield f"the source {source} is not listed in its group {group}"


def _check_source_counts(records: Records) -> Iterator[str]:
    counted: Counter[frozenset[Decimal]] = Counter()
    for (source, _), item in records.parts.items():
        if source == "#counts":
            counted[frozenset(item.get("group_ids", ()))] += int(item["held"])
    expected = Counter(frozenset(item.get("group_ids", ())) for item in records.list_sources().values())
    for groups in counted.keys() | expected.keys():
        if counted[groups] != expected[groups]:
            numbers = sorted(map(int, groups))
            yield f"{counted[groups]} sources are counted for the groups {numbers}; there are {expected[groups]}"


def _check_remarks(records: Records) -> Iterator[str]:
    analyses = records.list_analyses()
    for (source, part), item in records.parts.items():
        if part == "summaries":
            for entry in unpack(item["history"]):
                if entry["analysis_id"] not in analyses:
                    yield f"{source} has a summary of the deleted analysis {entry['analysis_id']}"
    entries: dict[str, int] = {}
    for (source, part), item in records.parts.items():
        if part.startswith("annotation#") and "analysis_id" in item:
            entries[f"{source} {part}"] = int(item["analysis_id"])


def _check_places(records: Records) -> Iterator[str]:
    for kind in ("photometry", "spectrum", "classification"):
        places = {(str(item["source_id"]), f"{kind}#{item['key']}") for item in records.iterate_kind(kind)}
        parts = {(source, part) for source, part in records.parts if part.startswith(f"{kind}#")}
        yield from (f"the id {part} leads to {source}, where it is not" for source, part in sorted(places - parts))
        yield from (f"the part {part} of {source} is found by no id" for source, part in sorted(parts - places))


def _check_defaults(records: Records) -> Iterator[str]:
    services = {int(item["id"]) for item in records.iterate_kind("service")}
    groups = {int(item["id"]) for item in records.iterate_kind("group")}
    expected = set()
    for (kind, key), item in records.registry.items():
        if kind.startswith("default_analysis_of_"):
            expected |= {(f"trigger#{event}", key) for event in json.loads(item["triggers"])}
            if int(item["service_id"]) not in services:
                yield f"default analysis {int(key)} is of the deleted service {item['service_id']}"
    triggers = {(kind, key) for kind, key in records.registry if kind.startswith("trigger#")}
    yield from (f"{kind} names {int(key)}, which it does not start" for kind, key in triggers - expected)
    yield from (f"{kind} does not start the default analysis {int(key)}" for kind, key in expected - triggers)
    for kind, key in triggers:
        event, _, number = kind.removeprefix("trigger#").partition("#")
        if event == "group" and int(number) not in groups:
            yield f"default analysis {int(key)} is started by the deleted group {number}"


def _check_people(records: Records) -> Iterator[str]:
    users = {int(item["id"]): item for item in records.iterate_kind("user")}
    groups = {int(item["id"]): item for item in records.iterate_kind("group")}
    members: set[tuple[int, int]] = set()
    for kind, key in records.registry:
        if kind.startswith("member_of_"):
            members.add((int(kind.rpartition("_")[2]), int(key)))
        if kind.startswith("token_of_") and int(kind.rpartition("_")[2]) not in users:
            yield f"a token of the deleted user {kind.rpartition('_')[2]} remains"
    joined = {(int(group), number) for number, user in users.items() for group in user.get("group_ids", ())}
    yield from (f"user {user} is a member of group {group}, but not in it" for group, user in members - joined)
    yield from (f"user {user} is in group {group}, but no member of it" for group, user in joined - members)
    yield from (f"user {user} is in the deleted group {group}" for group, user in members if group not in groups)
    for number, group_item in groups.items():
        admins = sum(
            bool(item.get("admin")) for (kind, _), item in records.registry.items() if kind == f"member_of_{number}"
        )
        if int(group_item.get("admins", 0)) != admins:
            yield f"group {number} counts {group_item.get('admins')} administrators; there are {admins}"
        if "deleted_at" in group_item:
            yield f"the deleted group {number} remains"
    yield from (f"the deleted user {number} remains" for number, user in users.items() if "deleted_at" in user)
    hashes = {item["hash"] for item in records.iterate_kind("token")}
    listed = {item["hash"] for (kind, _), item in records.registry.items() if kind.startswith("token_of_")}
    if hashes != listed:
        yield "tokens and the lists of their users differ"


def _check_names(records: Records) -> Iterator[str]:
    for kind, name in (("user", "username"), ("group", "name"), ("service", "name")):
        claims = {(item["key"], int(item["owner"])) for item in records.iterate_kind(f"{kind}_name")}
        named = {(item[name], int(item["id"])) for item in records.iterate_kind(kind)}
        yield from (f"the name {claim!r} of {kind} {owner} is claimed by nobody" for claim, owner in claims - named)
        yield from (f"the name {claim!r} of {kind} {owner} is not claimed" for claim, owner in named - claims)


def _check_batches(records: Records, deleted: set[int]) -> Iterator[str]:
    batches = {int(item["id"]) for item in records.iterate_kind("batch")}
    analyses = {*records.list_analyses(), *deleted}
    for (kind, _), item in records.registry.items():
        if kind.startswith("batch#"):
            if int(kind[6:]) not in batches:
                yield f"an outcome of batch {kind[6:]} remains, which does not exist"
            if item.get("analysis_id") is not None and int(item["analysis_id"]) not in analyses:
                yield f"batch {kind[6:]} names analysis {item['analysis_id']}, which does not exist"
        if kind.startswith("batches_of#") and int(item["id"]) not in batches:
            yield f"batch {item['id']} is listed, and does not exist"


def _check_blobs(records: Records) -> Iterator[str]:
    analyses = records.list_analyses()
    attachments = {
        json.loads(item["attachment"])["key"] for item in records.parts.values() if item.get("attachment") is not None
    }
    for key in sorted(records.blobs):
        if key.startswith(get_expiring_prefixes()) or key in attachments:
            continue
        number = key.split("/")[1] if key.startswith("analyses/") else ""
        analysis = analyses.get(int(number)) if number.isdecimal() else None
        if analysis is None:
            yield f"no record names the blob {key}"
        elif not key.endswith("/inputs.json") and not key.startswith(str(analysis.get("document") or "?")):
            yield f"no record names the blob {key} of analysis {number}"
    yield from (f"the file {key} of a comment is missing" for key in sorted(attachments - records.blobs))
    for number, item in analyses.items():
        if item.get("document") and f"{item['document']}document.json" not in records.blobs:
            yield f"the document of analysis {number} is missing"


def _check_sendings(s: Simulation) -> Iterator[str]:
    """A service that took the data must not be sent them again, if Heliograph can know that it took them."""
    counts = Counter(request.analysis for request in s.services.accepted)
    for analysis, count in counts.items():
        if count > 1 and not _may_be_unknown(s):
            yield f"{analysis} was accepted {count} times"


def _may_be_unknown(s: Simulation) -> bool:
    """Say whether the sender died, or could not write, right after the data went out."""
    fault = s.injector.fault
    if fault is None or fault.index >= len(s.injector.calls):
        return False
    calls = s.injector.calls[max(0, fault.index - 1) : fault.index + 1]
    is_near = any(call.name.startswith("POST ") for call in calls)
    return is_near and fault.kind is not Kind.LOST
