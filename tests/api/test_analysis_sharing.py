"""Which groups see an analysis: its author changes them in place."""

from typing import Any

import pytest

from chalicelib.tables import analysis_groups
from chalicelib.tables.analyses import find_analysis
from chalicelib.tables.analysis_transitions import mark_deleted
from chalicelib.tables.base import StateChanged
from tests.api.story import make_service, make_source, start_analysis
from tests.api.test_analysis_list import list_ids
from tests.api.test_people import make_user
from tests.gateway import Gateway


def make_group(admin: Gateway, name: str) -> int:
    return int(admin.post("/groups", {"name": name}).data["id"])


def share(user: Gateway, analysis: int, group_ids: Any) -> int:
    return user.patch(f"/obj/analysis/{analysis}", {"group_ids": group_ids}).status


def test_exactly_the_groups_of_the_change_see_an_analysis_and_list_it(admin: Gateway) -> None:
    make_source(admin)
    ours, theirs = make_group(admin, "ours"), make_group(admin, "theirs")
    ada = make_user(admin, "ada", "Run Analyses", groups=(ours, theirs))
    bob, eve = make_user(admin, "bob", groups=(ours,)), make_user(admin, "eve", groups=(theirs,))
    analysis = start_analysis(ada, make_service(admin), {"group_ids": [ours]})
    assert (list_ids(bob), list_ids(eve)) == ([analysis], [])

    assert share(ada, analysis, [theirs]) == 200
    assert (list_ids(bob), list_ids(eve), list_ids(ada)) == ([], [analysis], [analysis])
    assert bob.get(f"/obj/analysis/{analysis}").status == 403
    record = ada.get(f"/obj/analysis/{analysis}").data
    assert [group["name"] for group in record["groups"]] == ["theirs"]

    assert share(ada, analysis, "all") == 200
    assert list_ids(bob) == list_ids(eve) == [analysis]


def test_only_its_author_and_administrators_share_an_analysis(admin: Gateway) -> None:
    make_source(admin)
    ours = make_group(admin, "ours")
    ada, bob = (make_user(admin, name, "Run Analyses", groups=(ours,)) for name in ("ada", "bob"))
    analysis = start_analysis(ada, make_service(admin), {"group_ids": [ours]})
    assert share(bob, analysis, "all") == 403
    assert share(admin, analysis, "all") == 200


@pytest.mark.parametrize("group_ids", [[], None, "none", [0], ["x"], 1])
def test_an_analysis_cannot_lose_its_groups_by_a_malformed_change(admin: Gateway, group_ids: Any) -> None:
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin), {"group_ids": "all"})
    assert share(admin, analysis, group_ids) == 400
    assert admin.patch(f"/obj/analysis/{analysis}", {}).status == 400
    assert [group["id"] for group in admin.get(f"/obj/analysis/{analysis}").data["groups"]] == [1]


def test_an_analysis_is_shared_only_with_groups_of_its_author(admin: Gateway) -> None:
    make_source(admin)
    foreign = make_group(admin, "foreign")
    ada = make_user(admin, "ada", "Run Analyses")
    analysis = start_analysis(ada, make_service(admin), {"group_ids": "all"})
    assert share(ada, analysis, [foreign]) == share(ada, analysis, [999]) == 403


def test_more_groups_than_a_transaction_takes_are_changed(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis_groups, "LISTINGS_PER_TRANSACTION", 3)
    monkeypatch.setattr(analysis_groups, "MOST_ADDED", 1)
    make_source(admin)
    groups = [make_group(admin, f"group {number}") for number in range(7)]
    member = make_user(admin, "ada", groups=(groups[6],))
    analysis = start_analysis(admin, make_service(admin), {"group_ids": groups[:5]})
    assert share(admin, analysis, groups[3:]) == 200
    assert [group["id"] for group in admin.get(f"/obj/analysis/{analysis}").data["groups"]] == groups[3:]
    assert list_ids(member) == [analysis]


def test_a_change_of_what_was_read_before_another_change_is_refused(admin: Gateway) -> None:
    make_source(admin)
    analysis = start_analysis(admin, make_service(admin), {"group_ids": "all"})
    stale, deleted = find_analysis(analysis), find_analysis(analysis)
    assert stale is not None and deleted is not None
    share(admin, analysis, [make_group(admin, "ours")])
    with pytest.raises(StateChanged):
        analysis_groups.change_analysis_groups(stale, {1, 2})
    current = find_analysis(analysis)
    assert current is not None
    mark_deleted(current)
    with pytest.raises(StateChanged):
        analysis_groups.change_analysis_groups(current, {1})


def test_analyses_name_their_author(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    ada = make_user(admin, "ada", "Run Analyses")
    analysis = start_analysis(ada, service, {"group_ids": "all"})
    start_analysis(admin, service, {"group_ids": "all"})
    name = admin.get("/internal/profile").data["username"]
    for reader in (ada, admin):
        assert [item["author_name"] for item in reader.get("/obj/analysis?includeDetails=true").data] == [name, "ada"]
        assert reader.get(f"/obj/analysis/{analysis}?includeDetails=true").data["author_name"] == "ada"
    admin.delete(f"/user/{ada.get('/internal/profile').data['id']}")
    assert admin.get(f"/obj/analysis/{analysis}?includeDetails=true").data["author_name"] is None
