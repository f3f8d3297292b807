"""Whether a source exists, by name or near a position."""

import pytest

from tests.api.test_people import make_user
from tests.gateway import Gateway


@pytest.fixture(autouse=True)
def sources(admin: Gateway) -> None:
    group = admin.post("/groups", {"name": "few"}).data["id"]
    admin.post("/sources", {"id": "SN1", "ra": 10.0, "dec": 0.0})
    admin.post("/sources", {"id": "SN2", "ra": 0.0, "dec": 0.0, "group_ids": [group]})


@pytest.mark.parametrize(
    ("path", "exists"),
    [
        ("/source_exists/SN1", True),
        ("/source_exists/SN2", False),
        ("/source_exists/SN3", False),
        ("/source_exists/SN3?ra=10&dec=0.0005&radius=0.001", True),
        ("/source_exists?ra=10&dec=0&radius=0.001", True),
        ("/source_exists?ra=0&dec=0&radius=0.001", False),
        ("/source_exists?ra=359.99&dec=-89.99&radius=0.001", False),
    ],
)
def test_a_source_exists_if_it_is_visible(admin: Gateway, path: str, exists: bool) -> None:
    answer = make_user(admin, "ada").get(path).data
    assert answer["source_exists"] == exists
    assert ("SN1" in answer["message"]) == exists
    assert admin.get("/source_exists/SN2").data["source_exists"]


@pytest.mark.parametrize("query", ["", "?ra=1&dec=1", "?ra=x&dec=1&radius=1", "?ra=1&dec=1&radius=90", "?name=SN1"])
def test_an_incomplete_question_is_refused(admin: Gateway, query: str) -> None:
    assert admin.get(f"/source_exists{query}").status == 400


def test_groups_of_a_source_are_those_that_one_sees(admin: Gateway) -> None:
    assert [group["name"] for group in admin.get("/sources/SN2/groups").data] == ["few"]
    ada = make_user(admin, "ada")
    assert [group["id"] for group in ada.get("/sources/SN1/groups").data] == [1]
    assert ada.get("/sources/SN2/groups").status == 404
