"""The list of all analyses: visibility, pages and filters."""

from typing import Any

import pytest

from tests.api.story import make_service, make_source, start_analysis
from tests.api.test_people import make_user
from tests.gateway import Gateway


def list_ids(user: Gateway, query: str = "") -> list[int]:
    return [analysis["id"] for analysis in user.get(f"/obj/analysis?{query}").data]


def list_all_ids(user: Gateway, query: str) -> list[int]:
    """Return the ids of all pages, following the cursor."""
    ids: list[int] = []
    cursor = ""
    while True:
        reply = user.get(f"/obj/analysis?{query}{cursor}")
        ids += [analysis["id"] for analysis in reply.data]
        if "X-Next-Cursor" not in reply.headers:
            return ids
        cursor = f"&cursor={reply.headers['X-Next-Cursor']}"


@pytest.mark.parametrize("query", ["", "objID=SN1", "analysisServiceID=1", "status=queued"])
def test_list_holds_exactly_the_visible_analyses(admin: Gateway, query: str) -> None:
    make_source(admin)
    service = make_service(admin)
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    ada, eve = make_user(admin, "ada", "Run Analyses", groups=(group,)), make_user(admin, "eve")
    public = start_analysis(admin, service, {"group_ids": "all"})
    ours = start_analysis(admin, service, {"group_ids": [group]})
    hers = start_analysis(ada, service, {"group_ids": [group]})
    assert list_ids(eve, query) == [public]
    assert list_ids(ada, query) == list_ids(admin, query) == [hers, ours, public]


@pytest.mark.parametrize("query", ["numPerPage=2", "numPerPage=2&objID=SN1", "numPerPage=3&status=queued"])
def test_cursor_and_pages_return_each_analysis_once(admin: Gateway, query: str) -> None:
    make_source(admin)
    service = make_service(admin)
    newest_first = [start_analysis(admin, service, {"group_ids": "all"}) for _ in range(5)][::-1]
    assert list_all_ids(admin, query) == list_all_ids(make_user(admin, "ada"), query) == newest_first
    assert list_ids(admin, "numPerPage=2&pageNumber=2") == newest_first[2:4]


@pytest.mark.parametrize("query", ["status=lost", "cursor=x", "numPerPage=0", "result=nonsense"])
def test_invalid_filters_are_refused(admin: Gateway, query: str) -> None:
    refusal: Any = admin.get(f"/obj/analysis?{query}")
    assert refusal.status == 400
    assert query.partition("=")[0] in refusal.message


def test_a_deleted_analysis_is_in_no_list(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    first, second = (start_analysis(admin, service, {"group_ids": "all"}) for _ in range(2))
    admin.delete(f"/obj/analysis/{first}")
    assert list_ids(admin) == list_ids(make_user(admin, "ada")) == [second]


def test_the_list_of_an_unknown_source_is_not_empty_but_not_found(admin: Gateway) -> None:
    assert admin.get("/obj/analysis?objID=SN99").status == 404
