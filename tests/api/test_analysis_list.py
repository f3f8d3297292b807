"""The list of all analyses: what one may see of it, page by page, and its filters."""

from typing import Any

import pytest

from tests.api.story import make_service, make_source, start
from tests.api.test_people import make_user
from tests.gateway import Gateway


def ids(user: Gateway, query: str = "") -> list[int]:
    return [analysis["id"] for analysis in user.get(f"/obj/analysis?{query}").data]


def walked(user: Gateway, query: str) -> list[int]:
    """Follow the cursor to the end."""
    found: list[int] = []
    cursor = ""
    while True:
        reply = user.get(f"/obj/analysis?{query}{cursor}")
        found += [analysis["id"] for analysis in reply.data]
        if "X-Next-Cursor" not in reply.headers:
            return found
        cursor = f"&cursor={reply.headers['X-Next-Cursor']}"


@pytest.mark.parametrize("query", ["", "objID=SN1", "analysisServiceID=1", "status=queued"])
def test_one_finds_what_one_may_see_and_nothing_else(admin: Gateway, query: str) -> None:
    make_source(admin)
    service = make_service(admin)
    group = admin.post("/groups", {"name": "ours"}).data["id"]
    ada, eve = make_user(admin, "ada", "Run Analyses", groups=(group,)), make_user(admin, "eve")
    public = start(admin, service, {"group_ids": "all"})
    ours = start(admin, service, {"group_ids": [group]})
    hers = start(ada, service, {"group_ids": [group]})
    assert ids(eve, query) == [public]
    assert ids(ada, query) == ids(admin, query) == [hers, ours, public]


@pytest.mark.parametrize("query", ["numPerPage=2", "numPerPage=2&objID=SN1", "numPerPage=3&status=queued"])
def test_pages_and_the_cursor_lead_through_all_once(admin: Gateway, query: str) -> None:
    make_source(admin)
    service = make_service(admin)
    every = [start(admin, service) for _ in range(5)][::-1]
    assert walked(admin, query) == walked(make_user(admin, "ada"), query) == every
    assert ids(admin, "numPerPage=2&pageNumber=2") == every[2:4]


@pytest.mark.parametrize("query", ["status=lost", "cursor=x", "numPerPage=0", "result=nonsense"])
def test_filters_that_are_none(admin: Gateway, query: str) -> None:
    refusal: Any = admin.get(f"/obj/analysis?{query}")
    assert refusal.status == 400
    assert query.partition("=")[0] in refusal.message


def test_a_deleted_analysis_is_in_no_list(admin: Gateway) -> None:
    make_source(admin)
    service = make_service(admin)
    first, second = start(admin, service), start(admin, service)
    admin.delete(f"/obj/analysis/{first}")
    assert ids(admin) == ids(make_user(admin, "ada")) == [second]
