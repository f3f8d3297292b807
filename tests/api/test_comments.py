"""Comments on sources."""

import base64
import csv
import io
from typing import Any

import pytest

from chalicelib.aws import get_client
from chalicelib.sources import source_deletion
from tests.api.story import deliver, get_sent_body, make_service, start_analysis
from tests.api.test_people import make_user
from tests.api.test_sources import save
from tests.gateway import Gateway
from tests.service import analysis_service


def comment(user: Gateway, text: str, **more: Any) -> int:
    return int(user.post("/sources/SN1/comments", {"text": text, **more}).data["comment_id"])


def texts(user: Gateway) -> list[str]:
    return [comment["text"] for comment in user.get("/sources/SN1/comments").data]


def test_create_read_update_and_delete_a_comment(admin: Gateway) -> None:
    save(admin)
    ada = make_user(admin, "ada", "Comment")
    number = comment(ada, "Rising.", obj_id="SN1")
    path = f"/sources/SN1/comments/{number}"
    added = ada.get(path).data
    assert (added["id"], added["text"], added["bot"], added["origin"]) == (number, "Rising.", True, None)
    assert added["author"] == {"id": added["author_id"], "username": "ada"}
    assert [group["id"] for group in added["groups"]] == [1]
    assert ada.put(path, {"text": "Falling.", "bot": False, "origin": "robot"}).status == 200
    changed = ada.get(path).data
    assert (changed["text"], changed["bot"], changed["origin"]) == ("Falling.", False, "robot")
    assert ada.put(path, {"origin": None}).status == 200
    assert (ada.get(path).data["text"], ada.get(path).data["origin"]) == ("Falling.", None)
    assert ada.delete(path).status == 200
    assert ada.get(path).status == 404


def test_comments_are_listed_oldest_first(admin: Gateway) -> None:
    save(admin)
    long = ["x" * 19_999 + str(number % 10) for number in range(60)]
    for text in long:
        comment(admin, text)
    assert texts(admin) == long, "more than DynamoDB gives in one answer"


def test_only_its_groups_see_a_comment(admin: Gateway) -> None:
    save(admin)
    number = comment(admin, "For us.", group_ids=[2])
    comment(admin, "For all.")
    ada = make_user(admin, "ada", "Comment")
    assert (texts(ada), texts(admin)) == (["For all."], ["For us.", "For all."])
    source = ada.get("/sources/SN1?includeComments=true").data
    assert [c["text"] for c in source["comments"]] == ["For all."]
    for reply in (
        ada.get(f"/sources/SN1/comments/{number}"),
        ada.put(f"/sources/SN1/comments/{number}", {"text": "Mine."}),
        ada.delete(f"/sources/SN1/comments/{number}"),
        ada.get("/sources/SN1/comments/4711"),
    ):
        assert reply.status == 404


def test_a_comment_belongs_to_its_source(admin: Gateway) -> None:
    save(admin)
    save(admin, "SN2", group_ids=[2])
    number = comment(admin, "Rising.")
    assert admin.get(f"/sources/SN2/comments/{number}").status == 404
    ada = make_user(admin, "ada", "Comment")
    assert ada.get("/sources/SN2/comments").status == 404
    assert ada.post("/sources/SN2/comments", {"text": "Hello?"}).status == 404


def test_only_author_and_administrator_change_a_comment(admin: Gateway) -> None:
    save(admin)
    ada, bob = make_user(admin, "ada", "Comment"), make_user(admin, "bob", "Comment")
    path = f"/sources/SN1/comments/{comment(ada, 'Rising.')}"
    assert bob.put(path, {"text": "Falling."}).status == 403
    assert bob.delete(path).status == 403
    assert make_user(admin, "eve").post("/sources/SN1/comments", {"text": "Hi."}).status == 401
    assert admin.put(path, {"text": "Flat."}).status == 200
    assert texts(ada) == ["Flat."]
    assert admin.delete(path).status == 200


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"text": ""}, {"text": None}, {"text": "x" * 20_001}, {"text": "a", "bot": "perhaps"},
        {"text": "a", "obj_id": "SN2"}, {"text": "a", "origin": "x" * 201}, {"text": "a", "wings": 2},
    ],
)  # fmt: skip
def test_invalid_comments_are_refused(admin: Gateway, fields: dict[str, Any]) -> None:
    save(admin)
    assert admin.post("/sources/SN1/comments", fields).status == 400


def test_the_longest_comment_fits(admin: Gateway) -> None:
    save(admin)
    comment(admin, "\U0001f52d" * 20_000)
    assert texts(admin) == ["\U0001f52d" * 20_000]


def test_services_are_sent_the_comments_visible_to_the_requester(admin: Gateway) -> None:
    save(admin)
    comment(admin, 'It is "bright",\nand blue.', bot=True, origin="robot")
    comment(admin, "For us.", group_ids=[2])
    ada = make_user(admin, "ada", "Run Analyses")
    with analysis_service() as server:
        start_analysis(ada, make_service(admin, server.url, input_data_types=["comments"]))
        deliver()
        text = get_sent_body(server)["inputs"]["comments"]
    assert text.splitlines()[0] == "text,bot,modified,origin,created_at"
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["text"], row["bot"], row["origin"]) == ('It is "bright",\nand blue.', "True", "robot")


FILE = bytes(range(256))


def attach(content: bytes, name: str = "a.bin") -> dict[str, str]:
    return {"name": name, "body": base64.b64encode(content).decode()}


def list_attachments() -> list[str]:
    s3 = get_client("s3")
    bucket = s3.list_buckets()["Buckets"][0]["Name"]
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="attachments/").get("Contents", [])]


def test_a_file_comes_back_as_it_was(admin: Gateway) -> None:
    save(admin)
    number = comment(admin, "see file", attachment=attach(FILE, 'spectrum "é".fits'))
    path = f"/sources/SN1/comments/{number}"
    assert admin.get(path).data["attachment_name"] == 'spectrum "é".fits'
    reply = admin.get(f"{path}/attachment")
    assert (reply.content, reply.headers["Content-Type"]) == (FILE, "application/octet-stream")
    name = "filename=\"spectrum ___.fits\"; filename*=UTF-8''spectrum%20%22%C3%A9%22.fits"
    assert reply.headers["Content-Disposition"] == f"attachment; {name}"
    assert admin.get(f"{path}/attachment?download=false").status == 400
    admin.put(path, {"attachment": {"name": "b.txt", "body": "data:text/plain;base64,aGVsbG8="}})
    text = admin.get(f"{path}/attachment?download=false").data
    assert text == {"comment_id": number, "attachment": "hello"}
    assert len(list_attachments()) == 1
    admin.put(path, {"text": "no file"})
    assert admin.get(path).data["attachment_name"] == "b.txt"
    assert admin.put(path, {"attachment": None}).status == 200
    assert (admin.get(path).data["attachment_name"], admin.get(f"{path}/attachment").status) == (None, 404)
    assert list_attachments() == []


def test_files_are_deleted_with_their_comment_or_source(admin: Gateway) -> None:
    save(admin)
    first = comment(admin, "one", attachment=attach(FILE))
    comment(admin, "two", attachment=attach(FILE))
    admin.delete(f"/sources/SN1/comments/{first}")
    assert len(list_attachments()) == 1
    admin.delete("/sources/SN1")
    source_deletion.finish_source_deletion("SN1")
    assert list_attachments() == []


def test_who_does_not_see_a_comment_does_not_get_its_file(admin: Gateway) -> None:
    save(admin)
    group = admin.post("/groups", {"name": "few"}).data["id"]
    number = comment(admin, "secret", attachment=attach(FILE), group_ids=[group])
    ada = make_user(admin, "ada", "Comment")
    assert ada.get(f"/sources/SN1/comments/{number}/attachment").status == 404
    own = comment(ada, "mine")
    bob = make_user(admin, "bob", "Comment")
    assert bob.put(f"/sources/SN1/comments/{own}", {"attachment": attach(FILE)}).status == 403
    assert len(list_attachments()) == 1


@pytest.mark.parametrize("attachment", [{"name": "a"}, {"body": "aGVsbG8="}, {"name": "a", "body": "?"}, "aGVsbG8=", 3])
def test_an_incomplete_file_is_refused(admin: Gateway, attachment: Any) -> None:
    save(admin)
    reply = admin.post("/sources/SN1/comments", {"text": "x", "attachment": attachment})
    assert (reply.status, "attachment" in reply.message) == (400, True)
    assert admin.get("/sources/SN1/comments").data == []


def test_comments_by_text_and_page(admin: Gateway) -> None:
    save(admin)
    for text in ("Rising.", "Falling.", "Still rising."):
        comment(admin, text)
    path = "/sources/SN1/comments"
    assert [c["text"] for c in admin.get(f"{path}?text=rising").data] == ["Rising.", "Still rising."]
    page = admin.get(f"{path}?pageNumber=1&numPerPage=2")
    assert [c["text"] for c in page.data] == ["Rising.", "Falling."]
    assert page.json["notes"] == ["There are 3 comments; ask for the next page."]
    assert [c["text"] for c in admin.get(f"{path}?pageNumber=2&numPerPage=2").data] == ["Still rising."]
