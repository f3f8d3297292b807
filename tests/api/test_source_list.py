"""Lists of sources: visibility, order, totals, searches by name and by position."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from chalicelib.people import requesters
from chalicelib.schemas import base
from chalicelib.sources import cone_search, source_lists
from chalicelib.tables import source_listings, sources as sources_table
from chalicelib.tables.base import EVERYONE, group_listing
from chalicelib.tables.sources import ListingItem, SourceItem
from tests.api.test_cost import count_calls
from tests.api.test_people import make_user
from tests.api.test_sources import save
from tests.gateway import Gateway

CLOSE = 1e-8
"""Degrees: positions so near to the border of a cone may lie on either side of it."""


def page(user: Gateway, **query: Any) -> dict[str, Any]:
    data: dict[str, Any] = user.get(f"/sources?{urlencode(query)}").data
    return data


def names(user: Gateway, **query: Any) -> list[str]:
    return [source["id"] for source in page(user, **query)["sources"]]


def test_pages_are_sorted_newest_first(admin: Gateway) -> None:
    for number in range(7):
        save(admin, f"S{number}")
    first = page(admin, numPerPage=3)
    assert [source["id"] for source in first["sources"]] == ["S6", "S5", "S4"]
    assert (first["totalMatches"], first["pageNumber"], first["numPerPage"]) == (7, 1, 3)
    assert names(admin, numPerPage=3, pageNumber=3) == ["S0"]
    assert names(admin, numPerPage=3, pageNumber=4) == []
    assert page(admin)["numPerPage"] == 100
    admin.post("/sources", {"id": "S0", "redshift": 1})
    assert names(admin)[-1] == "S0", "a repeated save keeps its place"


@pytest.mark.parametrize("query", [{}, {"sourceID": "S"}, {"ra": 10, "dec": -5, "radius": 1}])
def test_the_cursor_leads_through_all_pages(admin: Gateway, query: dict[str, Any]) -> None:
    for number in range(7):
        save(admin, f"S{number}+")
    source_ids, cursor = [], ""
    for _ in range(3):
        reply = admin.get(f"/sources?{urlencode({**query, 'numPerPage': 3, 'cursor': cursor})}")
        source_ids += [source["id"] for source in reply.data["sources"]]
        assert reply.data["totalMatches"] == 7
        cursor = reply.headers.get("X-Next-Cursor", "")
    assert cursor == "", "there is no more"
    newest_first = [f"S{number}+" for number in reversed(range(7))]
    assert source_ids == (newest_first[::-1] if "sourceID" in query else newest_first)


def test_everyone_sees_their_own_sources_once(admin: Gateway) -> None:
    novae, dwarfs = (admin.post("/groups", {"name": name}).data["id"] for name in ("novae", "dwarfs"))
    ada = make_user(admin, "ada", groups=(novae, dwarfs))
    save(admin, "both", group_ids=[novae, dwarfs])
    save(admin, "secret", group_ids=[2])
    save(admin, "nova", group_ids=[novae])
    save(admin, "public", group_ids="all")
    assert names(ada) == ["public", "nova", "both"]
    assert page(ada)["totalMatches"] == 3
    assert page(admin)["totalMatches"] == 4
    assert names(ada, group_ids=f"{dwarfs}, 1") == ["public", "both"]
    assert page(ada, group_ids=f"{dwarfs},1")["totalMatches"] == 2
    assert names(admin, group_ids="2") == ["secret"]
    assert names(ada, sourceID="") == names(ada)
    assert names(ada, sourceID="n") == ["nova"]
    assert names(ada, sourceID="s") == []
    assert names(ada, ra=10, dec=-5, radius=0) == ["public", "nova", "both"]
    assert page(ada, ra=10, dec=-5, radius=0, group_ids=novae)["totalMatches"] == 2


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("group_ids=2", 403), ("group_ids=4711", 403), ("group_ids=x", 400), ("group_ids=1,,", 200),
        ("group_ids=-1", 400), (f"group_ids={'9' * 5000}", 400), (f"group_ids={'0' * 20}1", 400),
        ("numPerPage=501", 400), ("numPerPage=0", 400), ("pageNumber=0", 400), ("pageNumber=9999", 400),
        ("cursor=%C3%A9", 400), ("cursor=_w", 400), (f"cursor={'a' * 500}", 400), ("cursor=fn5-", 200),
        ("cursor=fn5-&sourceID=S", 200), ("cursor=AA", 200), ("cursor=%00", 200), ("sourceID=%00", 200),
        (f"sourceID={'S' * 201}", 400), ("sourceID=%F0%9F%94%AD", 200), ("ra=1&dec=2", 400),
        ("radius=1", 400),
        ("ra=1&dec=2&radius=5.1", 400), ("ra=1&dec=2&radius=-1", 400), ("ra=361&dec=2&radius=1", 400),
        ("ra=360&dec=90&radius=5", 200), ("ra=nan&dec=2&radius=1", 400), ("ra=1&dec=2&radius=inf", 400),
        ("ra=1e-300&dec=0&radius=1e-300", 200),
    ],
)  # fmt: skip
def test_valid_and_invalid_queries(admin: Gateway, query: str, status: int) -> None:
    save(admin)
    ada = make_user(admin, "ada")
    reply = ada.get(f"/sources?{query}")
    assert reply.status == status, reply.text
    if status != 200:
        assert query.partition("=")[0].split("&")[0] in reply.message


def test_deep_pages_are_reached_by_the_cursor_only(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "DEEPEST", 4)
    for number in range(5):
        save(admin, f"S{number}")
    assert names(admin, numPerPage=2, pageNumber=2) == ["S2", "S1"]
    refused = admin.get("/sources?numPerPage=2&pageNumber=3")
    assert refused.status == 400
    assert "X-Next-Cursor" in refused.message
    cursor = admin.get("/sources?numPerPage=2&pageNumber=2").headers["X-Next-Cursor"]
    assert names(admin, numPerPage=2, pageNumber=3, cursor=cursor) == ["S0"]


def test_totals_of_a_search_by_name_are_limited(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_lists, "MOST_COUNTED", 3)
    for number in range(5):
        save(admin, f"S{number}")
    save(admin, "T")
    assert page(admin, sourceID="S")["totalMatches"] == 3
    assert names(admin, sourceID="S") == ["S0", "S1", "S2", "S3", "S4"]
    assert page(admin)["totalMatches"] == 6


def test_a_crowded_cone_is_refused(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cone_search, "MAX_SOURCES_READ", 3)
    for number in range(4):
        save(admin, f"S{number}", dec=-5 + number / 10)
    refused = admin.get("/sources?ra=10&dec=-5&radius=1")
    assert refused.status == 400
    assert "smaller" in refused.message
    assert names(admin, ra=10, dec=-5, radius=0.01) == ["S0"]


def test_the_index_follows_a_moved_source(admin: Gateway) -> None:
    save(admin)
    save(admin, "lost", ra=None, dec=None)
    old = {"ra": 10, "dec": -5, "radius": 1}
    new = {"ra": 200, "dec": 80, "radius": 1}
    assert names(admin, **old) == ["SN1"]
    admin.patch("/sources/SN1", {"ra": 200.1})
    admin.patch("/sources/SN1", {"dec": 80})
    assert (names(admin, **old), names(admin, **new)) == ([], ["SN1"])
    admin.patch("/sources/SN1", {"ra": None, "dec": None})
    assert names(admin, **new) == []
    assert names(admin) == ["lost", "SN1"]


Position = tuple[float, float]


def chord_separation(one: Position, other: Position) -> float:
    """Return the distance of two positions by their vectors, independent of the formula in use."""
    vectors = []
    for ra, dec in (one, other):
        a, d = math.radians(ra), math.radians(dec)
        vectors.append((math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)))
    return math.degrees(2 * math.asin(min(1.0, math.dist(*vectors) / 2)))


everywhere = st.tuples(
    st.one_of(st.floats(0, 360, exclude_max=True), st.floats(0, 0.01), st.floats(359.99, 359.9999999)),
    st.one_of(
        st.floats(-90, 90), st.floats(89.5, 90), st.floats(-90, -89.5), st.sampled_from([-90.0, 0.0, 90.0])
    ),
)  # fmt: skip
radii = st.one_of(st.floats(0, cone_search.LARGEST_RADIUS), st.floats(0, 0.01))


@st.composite
def near(draw: st.DrawFn, centre: Position, radius: float) -> Position:
    """A position in some direction, within about twice the radius."""
    ra, dec = (math.radians(angle) for angle in centre)
    distance = math.radians(radius * draw(st.floats(0, 2)))
    direction = draw(st.floats(0, 2 * math.pi))
    sine = math.sin(dec) * math.cos(distance) + math.cos(dec) * math.sin(distance) * math.cos(direction)
    east = math.sin(direction) * math.sin(distance) * math.cos(dec)
    along = math.cos(distance) - math.sin(dec) * sine
    return (
        math.degrees(ra + math.atan2(east, along)) % 360.0 % 360.0,
        math.degrees(math.asin(max(-1.0, min(1.0, sine)))),
    )


def in_strips(centre: Position, radius: float, place: Position) -> bool:
    """Say whether a search reads a position from the index."""
    where = sources_table.sky_place({"ra": place[0], "dec": place[1]})
    assert where is not None
    strips = cone_search.iterate_strips(*centre, radius)
    return any(zone == where.zone and low <= where.ra <= high for zone, low, high in strips)


@given(everywhere, radii, st.data())
@example((0.0, 90.0), 5.0, None)
@example((359.9999999999999, 0.25), 0.0, None)
def test_the_strips_cover_the_cone(centre: Position, radius: float, data: Any) -> None:
    places = [centre]
    if data is not None:
        places += data.draw(st.lists(st.one_of(everywhere, near(centre, radius)), max_size=30))
    for place in places:
        exact = chord_separation(centre, place)
        assert cone_search.angular_separation(*centre, *place) == pytest.approx(exact, abs=CLOSE)
        if exact <= radius:
            assert in_strips(centre, radius, place)
    assert len(list(cone_search.iterate_strips(*centre, radius))) <= 2 * (
        2 * cone_search.LARGEST_RADIUS / sources_table.ZONE_HEIGHT + 2
    )


def test_a_cone_search_matches_brute_force(admin: Gateway) -> None:
    saved: dict[str, Position] = {}
    numbers = count()

    # The sources of earlier examples stay: each search is among more of them.
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(everywhere, radii, st.data())
    def compare(centre: Position, radius: float, data: Any) -> None:
        for place in data.draw(st.lists(st.one_of(everywhere, near(centre, radius)), max_size=5)):
            name = f"S{next(numbers)}"
            saved[name] = place
            save(admin, name, ra=place[0], dec=place[1])
        matches = set(names(admin, ra=centre[0], dec=centre[1], radius=radius, numPerPage=500))
        exact = {name: chord_separation(centre, place) for name, place in saved.items()}
        assert matches <= {name for name, distance in exact.items() if distance <= radius + CLOSE}
        assert matches >= {name for name, distance in exact.items() if distance <= radius - CLOSE}

    compare()


@dataclass
class Model:
    """The expected lists: the groups of each source, in the order of the first saves."""

    admin: Gateway
    users: dict[str, Gateway]
    groups: dict[str, set[int]] = field(default_factory=dict)

    def save(self, name: str, groups: set[int]) -> None:
        reply = self.admin.post("/sources", {"id": name, "ra": 1, "dec": 2, "group_ids": sorted(groups)})
        if reply.status == 200:
            self.groups[name] = self.groups.get(name, set()) | groups

    def leave(self, name: str, groups: set[int]) -> None:
        for group in groups:
            if self.admin.delete(f"/sources/{name}?group_id={group}").status == 200:
                self.groups.get(name, set()).discard(group)

    def delete(self, name: str, groups: set[int]) -> None:
        if self.admin.delete(f"/sources/{name}").status == 200:
            self.groups.pop(name, None)

    def check(self, member_of: dict[str, set[int]]) -> None:
        for user, own in member_of.items():
            expected = [name for name, groups in self.groups.items() if groups & own][::-1]
            actual = page(self.users[user])
            assert ([s["id"] for s in actual["sources"]], actual["totalMatches"]) == (expected, len(expected))
        assert page(self.admin)["totalMatches"] == len(self.groups)


def test_totals_stay_exact_through_random_steps(admin: Gateway) -> None:
    groups = [admin.post("/groups", {"name": f"group {n}"}).data["id"] for n in range(3)]
    member_of = {"ada": {1, groups[0], groups[1]}, "bob": {1, groups[2]}}
    users = {
        name: make_user(admin, name, groups=tuple(own - {1}))
        for name, own in member_of.items()
    }  # fmt: skip
    model = Model(admin, users)
    names_of_examples = count()
    step = st.tuples(
        st.sampled_from([Model.save, Model.save, Model.leave, Model.delete]),
        st.sampled_from(["A", "B", "C"]),
        st.sets(st.sampled_from([1, *groups]), min_size=1),
    )

    # The sources of earlier examples stay: totals grow with each example.
    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(st.lists(step, max_size=8))
    def run(steps: list[tuple[Callable[[Model, str, set[int]], None], str, set[int]]]) -> None:
        number = next(names_of_examples)
        for do, name, some_groups in steps:
            do(model, f"{name}{number}", some_groups)
        model.check(member_of)

    run()


def test_counts_are_by_set_of_groups_and_shard(aws: None) -> None:
    nowhere = {"ra": None, "dec": None}
    for number in range(40):
        sources_table.insert_source(f"S{number}", nowhere, {1, 2}, 1)
    sources_table.insert_source("many", nowhere, {1, *range(1000, 1200)}, 1)
    counts = list(sources_table.CountItem.query(sources_table.COUNTS))
    assert sum(int(item.held) for item in counts if len(item.group_ids) == 2) == 40
    assert len({item.part.partition("#")[0] for item in counts}) > 8, "concurrent writers seldom conflict"
    totals = [source_listings.count_sources(frozenset(groups)) for groups in ({1}, {2}, {1199}, {7})]
    assert (totals, source_listings.count_sources(None)) == ([41, 40, 1, 0], 41)


FEW, MANY = 10, 400


def fill(numbers: range) -> None:
    """Write sources directly into the table: as many requests would take minutes."""
    with SourceItem.batch_write() as batch:
        for number in numbers:
            name, saved = f"F{number:05d}", f"2020-01-01T00:00:00.{number:06d}#F{number:05d}"
            position = {"ra": number * 360 / MANY, "dec": math.degrees(math.asin(number * 0.618 % 1 * 2 - 1))}
            place = sources_table.sky_place(position)
            assert place is not None
            batch.save(
                SourceItem(
                    name,
                    "source",
                    listing=EVERYONE,
                    saved=saved,
                    fields=position,
                    group_ids={1},
                    owner_id=1,
                    **place._asdict(),
                )
            )
            batch.save(ListingItem(name, "listing#1", listing=group_listing(1), saved=saved))


def test_the_cost_of_a_page_does_not_grow_with_the_sources(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesters, "count_request", lambda *_: None)
    ada = make_user(admin, "ada")
    queries = ("", "&pageNumber=2", "&group_ids=1", "&sourceID=F0000", "&ra=10&dec=10&radius=0.1")

    def costs() -> dict[str, Counter[str]]:
        costs_by_query = {}
        for user, who in ((ada, "user"), (admin, "administrator")):
            for query in queries:
                with count_calls() as calls:
                    assert user.get(f"/sources?numPerPage=4{query}").status == 200
                costs_by_query[f"{who} {query}"] = calls
        return costs_by_query

    fill(range(FEW))
    among_few = costs()
    fill(range(FEW, MANY))
    among_many = costs()
    assert among_many == among_few
    assert max(sum(calls.values()) for calls in among_few.values()) <= 12, among_few
    assert not any("Scan" in calls for calls in among_many.values())


def test_ids_that_sort_around_the_prefix(admin: Gateway) -> None:
    for name in ("S", "S.", "S0", "SZ", "S_", "Sz", "Szz", "T", "R"):
        save(admin, name)
    assert names(admin, sourceID="S") == sorted(["S", "S.", "S0", "SZ", "S_", "Sz", "Szz"])


def test_stale_index_entries_are_skipped(admin: Gateway) -> None:
    save(admin, "S1")
    save(admin, "S2")
    save(admin, "S3")
    # An index lags behind: the entry exists, the source is hidden.
    item = sources_table.find_source("S2")
    assert item is not None
    item.update(actions=[SourceItem.listing.remove()])
    ada = make_user(admin, "ada")
    assert names(ada, numPerPage=2) == ["S3", "S1"]
    assert names(ada, sourceID="S") == ["S1", "S3"]
