"""A deletion that is repeated after a lost answer answers as the first one would have; nobody else gains by it."""

from typing import Any

import pytest

from chalicelib import people
from chalicelib.aws import get_client
from chalicelib.errors import ForbiddenError, NotFoundError
from chalicelib.routes.repeated_deletions import delete_once
from tests.api.story import make_service, make_source
from tests.api.test_nesting import SPECTRUM
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway, Reply


def make_records(admin: Gateway) -> list[str]:
    """Add one record of each kind; return the paths that delete them, innermost first."""
    make_source(admin)
    service = make_service(admin, upload_only=True, input_data_types=[])
    runs = make_service(admin, name="runs")
    analysis = admin.post(f"/obj/SN1/analysis_upload/{service}", {}).data["id"]
    default = admin.post(
        f"/analysis_service/{runs}/default_analysis", {"source_filter": {"classifications": [{"name": "Ia"}]}}
    ).data["id"]
    comment = admin.post("/sources/SN1/comments", {"text": "a"}).data["comment_id"]
    annotation = admin.post("/sources/SN1/annotations", {"origin": "o", "data": {"a": 1}}).data["annotation_id"]
    classification = admin.post("/classification", {"obj_id": "SN1", "classification": "Ia"}).data
    spectrum = admin.post("/spectrum", SPECTRUM).data["id"]
    points = admin.get("/sources/SN1/photometry").data
    ada = make_user(admin, "ada")
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    return [
        f"/obj/analysis/{analysis}",
        f"/analysis_service/{runs}/default_analysis/{default}",
        f"/sources/SN1/comments/{comment}",
        f"/sources/SN1/annotations/{annotation}",
        f"/classification/{classification['classification_id']}",
        f"/spectrum/{spectrum}",
        f"/photometry/{points[0]['id']}",
        f"/analysis_service/{service}",
        f"/user/{user_id(ada)}",
        f"/groups/{group}",
        "/sources/SN1",
    ]


def test_it_answers_as_the_first_would_have(admin: Gateway) -> None:
    for path in make_records(admin):
        other = make_user(admin, path.replace("/", "_"), "System admin")
        first = admin.delete(path)
        assert first.status == 200, path
        assert admin.delete(path).json == first.json, path
        assert other.delete(path).status in (403, 404), f"{path} was deleted by somebody else"
        assert admin.get(path).status in (403, 404, 405), path


def test_removals_from_a_list_answer_as_the_first_would_have(admin: Gateway) -> None:
    make_source(admin)
    group = admin.post("/groups", {"name": "novae"}).data["id"]
    assert admin.post("/sources", {"id": "SN1", "group_ids": [group]}).status == 200
    ada = make_user(admin, "ada")
    assert admin.post(f"/groups/{group}/users", {"userID": user_id(ada)}).status == 200
    listing = admin.post("/listing", {"obj_id": "SN1", "list_name": "favorites"}).data["id"]
    for path in (f"/sources/SN1?group_id={group}", f"/groups/{group}/users/{user_id(ada)}", f"/listing/{listing}"):
        first = admin.delete(path)
        assert first.status == 200, path
        assert admin.delete(path).json == first.json, path
        assert ada.delete(path).status in (401, 403, 404), f"{path} was deleted by somebody else"


def test_it_answers_as_the_first_would_have_after_a_fault(admin: Gateway) -> None:
    path = make_records(admin)[0]
    events = get_client("dynamodb").meta.events
    lost: list[str] = []

    def lose(model: Any, **_: Any) -> None:
        if model.name == "TransactWriteItems" and not lost:
            lost.append(model.name)
            raise ConnectionError("the answer is lost")

    events.register("after-call", lose)
    try:
        first = admin.delete(path)
    finally:
        events.unregister("after-call", lose)
    assert lost and first.status >= 500
    assert admin.delete(path).status == 200
    assert admin.get(path).status == 403


@pytest.mark.parametrize("path", ["/obj/analysis/99", "/analysis_service/99", "/sources/SN404", "/spectrum/99"])
def test_what_never_was_is_still_missing(admin: Gateway, path: str) -> None:
    replies: list[Reply] = [admin.delete(path) for _ in range(3)]
    assert {reply.status for reply in replies} <= {403, 404}


def test_those_who_may_not_delete_are_refused_each_time(admin: Gateway) -> None:
    paths = make_records(admin)
    ada = make_user(admin, "eve", "Run Analyses", "Comment", "Annotate", "Classify", "Upload data", "Manage groups")
    for path in paths:
        statuses = [ada.delete(path).status for _ in range(3)]
        assert set(statuses) <= {401, 403, 404}, path
        if "/groups" not in path and "default_analysis" not in path:
            assert admin.delete(path).status == 200


def test_a_fault_gives_nobody_a_right(admin: Gateway) -> None:
    def delete(error: Exception) -> None:
        def fail() -> None:
            raise error

        delete_once(requester, ["/sources/{source_id}", {"source_id": "SN1"}], fail)

    requester = people.authenticate(f"token {admin.token}")
    with pytest.raises(RuntimeError):
        delete(RuntimeError("a fault"))
    with pytest.raises(ForbiddenError):
        delete(ForbiddenError("it belongs to somebody else"))
    delete(NotFoundError("it is gone"))
