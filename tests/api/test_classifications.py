"""Classifications of sources."""

import csv
import io
from typing import Any

import pytest

from chalicelib import queues
from chalicelib.sources import classification_lists
from tests.api.story import deliver, drain_queue, get_sent_body, make_service, start_analysis
from tests.api.test_people import make_user
from tests.api.test_sources import save
from tests.api.test_taxonomies import add_taxonomy
from tests.gateway import Gateway
from tests.service import analysis_service


def classify(user: Gateway, name: str = "Ia", **more: Any) -> int:
    body = {"obj_id": "SN1", "classification": name, **more}
    return int(user.post("/classification", body).data["classification_id"])


def classes(user: Gateway) -> list[str]:
    return [c["classification"] for c in user.get("/sources/SN1/classifications").data]


def test_create_read_update_and_delete_a_classification(admin: Gateway) -> None:
    save(admin)
    ada = make_user(admin, "ada", "Classify")
    number = classify(ada, probability=0.9, origin="robot", ml=True)
    path = f"/classification/{number}"
    added = ada.get(path).data
    assert (added["id"], added["obj_id"], added["classification"]) == (number, "SN1", "Ia")
    assert (added["probability"], added["origin"], added["ml"]) == (0.9, "robot", True)
    assert (added["author_name"], added["taxonomy_id"]) == ("ada", 0)
    assert ada.get("/sources/SN1/classifications").data == [added]
    assert ada.put(path, {"classification": "II", "probability": None}).status == 200
    changed = ada.get(path).data
    assert (changed["classification"], changed["probability"], changed["ml"]) == ("II", None, True)
    assert ada.delete(path).status == 200
    assert ada.get(path).status == 404
    assert classes(ada) == []


@pytest.mark.parametrize("probability", [0, 1, None, 1e-300])
def test_probabilities_are_stored_exactly(admin: Gateway, probability: float | None) -> None:
    save(admin)
    assert admin.get(f"/classification/{classify(admin, probability=probability)}").data["probability"] == (probability)


@pytest.mark.parametrize(
    "fields",
    [
        {"probability": 1.1}, {"probability": -0.1}, {"probability": "likely"}, {"classification": ""},
        {"classification": None}, {"taxonomy_id": 4711}, {"taxonomy_id": "x"}, {"ml": "perhaps"},
        {"wings": 2},
    ],
)  # fmt: skip
def test_invalid_classifications_are_refused(admin: Gateway, fields: dict[str, Any]) -> None:
    save(admin)
    body = {"obj_id": "SN1", "classification": "Ia", **fields}
    assert admin.post("/classification", body).status == 400
    assert drain_queue(queues.JOBS)[1:] == [], "only the job of the source is queued"
    number = classify(admin)
    assert admin.put(f"/classification/{number}", fields).status == 400
    assert admin.put(f"/classification/{number}", {"obj_id": "SN2"}).status == 400


def test_the_taxonomy_must_have_the_class(admin: Gateway) -> None:
    save(admin)
    taxonomy, secret = add_taxonomy(admin), add_taxonomy(admin, version="2", group_ids=[2])
    number = classify(admin, "Ia", taxonomy_id=taxonomy)
    body = {"obj_id": "SN1", "classification": "Galaxy", "taxonomy_id": taxonomy}
    assert "Galaxy" in admin.post("/classification", body).message
    ada = make_user(admin, "ada", "Classify")
    body = {"obj_id": "SN1", "classification": "Ia", "taxonomy_id": secret}
    assert "taxonomy_id" in ada.post("/classification", body).message
    path = f"/classification/{number}"
    assert admin.put(path, {"classification": "Galaxy"}).status == 400
    assert admin.put(path, {"classification": "Supernova"}).status == 200
    assert admin.put(path, {"classification": "Galaxy", "taxonomy_id": None}).status == 200
    assert admin.put(path, {"taxonomy_id": taxonomy}).status == 400
    admin.delete(f"/taxonomy/{taxonomy}")
    assert admin.put(path, {"probability": 0.5}).status == 200


def test_only_its_groups_see_a_classification(admin: Gateway) -> None:
    save(admin)
    save(admin, "SN2", group_ids=[2])
    number = classify(admin, group_ids=[2])
    elsewhere = classify(admin, obj_id="SN2")
    ada = make_user(admin, "ada", "Classify")
    assert (classes(ada), classes(admin)) == ([], ["Ia"])
    assert ada.get("/sources/SN1").data["classifications"] == []
    for hidden in (number, elsewhere, 4711):
        for reply in (
            ada.get(f"/classification/{hidden}"),
            ada.put(f"/classification/{hidden}", {"classification": "II"}),
            ada.delete(f"/classification/{hidden}"),
        ):
            assert reply.status == 404
            assert reply.message == f"There is no classification {hidden} that you may see."
    assert ada.get("/sources/SN2/classifications").status == 404
    assert ada.post("/classification", {"obj_id": "SN2", "classification": "Ia"}).status == 404


def test_only_author_and_administrator_change_a_classification(admin: Gateway) -> None:
    save(admin)
    ada, bob = make_user(admin, "ada", "Classify"), make_user(admin, "bob", "Classify")
    path = f"/classification/{classify(ada)}"
    assert bob.put(path, {"classification": "II"}).status == 403
    assert bob.delete(path).status == 403
    nobody = make_user(admin, "eve")
    assert nobody.post("/classification", {"obj_id": "SN1", "classification": "Ia"}).status == 401
    assert admin.put(path, {"classification": "II"}).status == 200
    assert admin.delete(path).status == 200


def queued_jobs() -> list[dict[str, Any]]:
    """Return the queued jobs of default analyses."""
    return drain_queue(queues.JOBS)


def test_default_analyses_are_queued_first(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.tables import remarks

    save(admin)
    drain_queue(queues.JOBS)
    number = classify(admin)
    job = {"job": "default_analyses", "source_id": "SN1", "public_url": "https://heliograph.test/api"}
    assert queued_jobs() == [{**job, "classification_id": number}]
    with monkeypatch.context() as broken:
        broken.setattr(remarks, "insert_remark", lambda item: 1 / 0)
        assert admin.post("/classification", {"obj_id": "SN1", "classification": "Ia"}).status == 500
    assert queued_jobs() == [{**job, "classification_id": number + 1}]
    assert admin.get(f"/classification/{number + 1}").status == 404


@pytest.mark.parametrize("number", ["0", "x", "-1", "9" * 30])
def test_invalid_ids_are_not_found(admin: Gateway, number: str) -> None:
    assert admin.get(f"/classification/{number}").status == 404


def test_services_are_sent_the_classifications_visible_to_the_requester(admin: Gateway) -> None:
    save(admin)
    classify(admin, probability=0.25)
    classify(admin, "II")
    classify(admin, "Secret", group_ids=[2])
    ada = make_user(admin, "ada", "Run Analyses")
    with analysis_service() as server:
        start_analysis(ada, make_service(admin, server.url, input_data_types=["classifications"]))
        deliver()
        text = get_sent_body(server)["inputs"]["classifications"]
    assert text.splitlines()[0] == "classification,probability,modified,created_at"
    rows = [(row["classification"], row["probability"]) for row in csv.DictReader(io.StringIO(text))]
    assert rows == [("Ia", "0.25"), ("II", "")]


def test_several_classifications_at_once(admin: Gateway) -> None:
    save(admin)
    one, other = {"obj_id": "SN1", "classification": "Ia"}, {"obj_id": "SN1", "classification": "Algol"}
    data = admin.post("/classification", {"classifications": [one, other]}).data
    assert len(data["classification_ids"]) == 2
    assert [each["classification"] for each in admin.get("/sources/SN1/classifications").data] == ["Ia", "Algol"]
    wrong = {"classifications": [one, {**other, "taxonomy_id": 4711}]}
    assert admin.post("/classification", wrong).status == 400
    assert len(admin.get("/sources/SN1/classifications").data) == 2, "all are checked before the first is added"
    assert admin.post("/classification", {"classifications": []}).status == 400


def test_fields_without_meaning_are_noted(admin: Gateway) -> None:
    save(admin)
    reply = admin.post("/sources/SN1/comments", {"text": "Rising.", "author_name": "ada", "ra": 1.0})
    assert reply.json["notes"] == ["author_name: ignored, it is not kept here.", "ra: ignored, it is not kept here."]


def test_each_user_has_one_vote(admin: Gateway) -> None:
    save(admin)
    number = classify(admin)
    ada = make_user(admin, "ada", "Classify")
    path = f"/classification/votes/{number}"
    assert [user.post(path, {"vote": vote}).status for user, vote in ((admin, 1), (ada, 1), (ada, -1))] == [200] * 3
    votes = ada.get(f"/classification/{number}").data["votes"]
    assert [(vote["classification_id"], vote["vote"]) for vote in votes] == [(number, 1), (number, -1)]
    assert ada.delete(path).status == 200
    assert ada.delete(path).status == 200
    assert [vote["vote"] for vote in ada.get("/sources/SN1/classifications").data[0]["votes"]] == [1]
    for wrong in (0, 2, "up", None):
        assert ada.post(path, {"vote": wrong}).status == 400


def test_classifications_of_all_sources_newest_first(admin: Gateway) -> None:
    save(admin)
    group = admin.post("/groups", {"name": "few"}).data["id"]
    admin.post("/sources", {"id": "SN2", "ra": 1, "dec": 1})
    admin.post("/sources", {"id": "SN3", "ra": 1, "dec": 1, "group_ids": [group]})
    first = classify(admin)
    second = classify(admin, "II", obj_id="SN2")
    hidden = classify(admin, obj_id="SN3")
    secret = classify(admin, group_ids=[group])
    ada = make_user(admin, "ada")
    assert [c["id"] for c in admin.get("/classification").data["classifications"]] == [secret, hidden, second, first]
    page = ada.get("/classification").data
    assert ([c["id"] for c in page["classifications"]], page["totalMatches"]) == ([second, first], 2)
    assert [c["id"] for c in ada.get("/classification?classification=Ia").data["classifications"]] == [first]
    assert ada.get("/classification?endDate=2020-01-01").data["classifications"] == []
    assert len(ada.get("/classification?startDate=2020-01-01").data["classifications"]) == 2
    assert ada.get("/classification/sources").data == ["SN2", "SN1"]
    assert ada.get("/classification?cursor=x").status == 400


def test_a_cursor_leads_through_all_classifications(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classification_lists, "MOST_EXAMINED", 4)
    save(admin)
    numbers = [classify(admin, "Ia" if n % 3 else "II") for n in range(11)]
    expected = [number for n, number in enumerate(numbers) if n % 3 == 0][::-1]
    listed: list[int] = []
    cursor, notes = "", []
    while True:
        reply = admin.get(f"/classification?classification=II&numPerPage=1&cursor={cursor}")
        listed += [c["id"] for c in reply.data["classifications"]]
        notes += reply.json.get("notes", [])
        cursor = reply.headers.get("X-Next-Cursor", "")
        if not cursor:
            break
    assert listed == expected
    assert "4 classifications were examined" in notes[0]
