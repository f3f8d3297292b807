"""Spectra: stored bit for bit, in SkyPortal's format, and private unless shared."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.tables import spectra as spectra_table
from chalicelib.tables.spectra import SpectrumItem
from tests.api.story import make_source
from tests.api.test_people import make_user, user_id
from tests.gateway import Gateway

SPECTRUM = {
    "obj_id": "SN1", "instrument_id": 1, "observed_at": "2021-05-08T12:00:00",
    "wavelengths": [4000.0, 4001.5], "fluxes": [1.25e-16, -3e-18],
}  # fmt: skip

KEYS = {
    "id", "obj_id", "instrument_id", "instrument_name", "observed_at", "wavelengths", "fluxes", "errors",
    "units", "origin", "type", "label", "altdata", "reducers", "observers", "pis", "external_reducer",
    "external_observer", "external_pi", "followup_request_id", "assignment_id", "owner_id", "groups",
    "created_at", "modified", "original_file_filename", "telescope_id", "telescope_name", "owner",
}  # fmt: skip


def upload(user: Gateway, **fields: Any) -> int:
    return int(user.post("/spectrum", {**SPECTRUM, **fields}).data["id"])


def test_read_a_spectrum_by_id_and_with_its_source(admin: Gateway) -> None:
    make_source(admin)
    first, second = upload(admin), upload(admin, label="later")
    source_json = admin.get("/sources/SN1/spectra").data
    spectra = source_json["spectra"]
    assert source_json["obj_id"] == "SN1"
    assert [spectrum["id"] for spectrum in spectra] == [first, second]
    assert admin.get(f"/spectrum/{first}").data == spectra[0]
    assert spectra[0].keys() == KEYS
    assert (spectra[0]["instrument_name"], spectra[0]["type"]) == ("ZTF", "source")
    assert spectra[0]["owner"] == {"id": 1, "username": "admin"}
    assert (spectra[0]["telescope_id"], spectra[0]["telescope_name"]) == (None, None)
    assert spectra[0]["wavelengths"] == SPECTRUM["wavelengths"]
    assert admin.get("/sources/SN1?includeSpectra=true").data["spectra"] == spectra


def test_metadata_of_a_spectrum_are_stored(admin: Gateway) -> None:
    make_source(admin)
    ada = make_user(admin, "ada", "Upload data")
    number = user_id(ada)
    metadata = {
        "errors": [1e-18, 2e-18], "units": "erg/s/cm/cm/AA", "origin": "WISeREP", "type": "host",
        "label": "near peak", "altdata": {"slit": 1.5}, "external_pi": "A. Nova",
        "external_reducer": "B. Noir", "external_observer": "C. Blanc",
    }  # fmt: skip
    people = {"reduced_by": [number], "observed_by": [number, 1], "pi": []}
    spectrum_json = ada.get(f"/spectrum/{upload(ada, **metadata, **people, followup_request_id=None)}").data
    assert {name: spectrum_json[name] for name in metadata} == metadata
    assert spectrum_json["reducers"] == [{"id": number, "username": "ada"}]
    assert [person["username"] for person in spectrum_json["observers"]] == ["ada", "admin"]
    assert (spectrum_json["pis"], spectrum_json["owner_id"]) == ([], number)


def test_five_thousand_bins_are_returned_bit_for_bit(admin: Gateway) -> None:
    make_source(admin)
    wavelengths = [4000 + i / 3 for i in range(5000)]
    fluxes, errors = [w / 7e17 for w in wavelengths], [1e-18 + w / 9e21 for w in wavelengths]
    number = upload(admin, wavelengths=wavelengths, fluxes=fluxes, errors=errors)
    back = admin.get(f"/spectrum/{number}").data
    assert (back["wavelengths"], back["fluxes"], back["errors"]) == (wavelengths, fluxes, errors)


def test_a_spectrum_too_large_for_a_record_is_refused(admin: Gateway) -> None:
    make_source(admin)
    noise = random.Random(1)
    columns = {name: [1000 + noise.random() for _ in range(20_000)] for name in ("wavelengths", "fluxes", "errors")}
    reply = admin.post("/spectrum", {**SPECTRUM, **columns})
    assert reply.status == 413
    assert "wider bins" in reply.message
    assert admin.get("/sources/SN1/spectra").data["spectra"] == []
    rounded = {name: [round(value, 5) for value in column] for name, column in columns.items()}
    assert admin.post("/spectrum", {**SPECTRUM, **rounded}).status == 200


@pytest.mark.parametrize(
    ("observed_at", "kept"),
    [
        ("2021-05-08T12:00:00+02:00", "2021-05-08T10:00:00"),
        ("2021-05-08T10:00:00Z", "2021-05-08T10:00:00"),
        ("2021-05-08 10:00:00.25", "2021-05-08T10:00:00.250000"),
        ("2021-05-08", "2021-05-08T00:00:00"),
    ],
)
def test_times_are_stored_in_utc(admin: Gateway, observed_at: str, kept: str) -> None:
    make_source(admin)
    assert admin.get(f"/spectrum/{upload(admin, observed_at=observed_at)}").data["observed_at"] == kept


@pytest.mark.parametrize(
    "fields",
    [
        {"fluxes": [1.0]}, {"errors": [1.0]}, {"wavelengths": []}, {"wavelengths": 3},
        {"fluxes": [1.0, None]}, {"instrument_id": 99}, {"observed_at": None}, {"observed_at": "soon"},
        {"type": "moon"}, {"wavelengths": [0.4, 0.5]}, {"wavelengths": [4000, 1e8]},
        {"observed_at": "0001-01-01T00:00:00+12:00"}, {"reduced_by": [4711]}, {"observed_by": ["ada"]},
        {"altdata": 3}, {"altdata": {"a": "x" * 60_000}}, {"wings": 1}, {"followup_request_id": 7},
        {"group_ids": "mine"}, {"wavelengths": [1.0] * 50_001, "fluxes": [1.0] * 50_001},
    ],
)  # fmt: skip
def test_invalid_spectra_are_refused(admin: Gateway, fields: dict[str, Any]) -> None:
    make_source(admin)
    reply = admin.post("/spectrum", {**SPECTRUM, **fields})
    assert reply.status == 400, reply.text
    assert reply.message
    assert admin.get("/sources/SN1/spectra").data["spectra"] == []


def test_a_spectrum_is_private_unless_shared(admin: Gateway) -> None:
    make_source(admin)
    ada, bob = make_user(admin, "ada", "Upload data"), make_user(admin, "bob", "Upload data")
    hidden, shared = upload(ada), upload(ada, group_ids="all")
    assert [spectrum["id"] for spectrum in bob.get("/sources/SN1/spectra").data["spectra"]] == [shared]
    assert (bob.get(f"/spectrum/{hidden}").status, bob.get(f"/spectrum/{shared}").status) == (404, 200)
    assert (bob.delete(f"/spectrum/{hidden}").status, bob.delete(f"/spectrum/{shared}").status) == (404, 403)
    assert bob.post("/spectrum", {**SPECTRUM, "group_ids": [4711]}).status == 403
    assert ada.delete(f"/spectrum/{hidden}").status == 200
    assert admin.delete(f"/spectrum/{shared}").status == 200
    assert [ada.get(f"/spectrum/{number}").status for number in (hidden, shared)] == [404, 404]
    assert admin.delete(f"/spectrum/{shared}").status == 200
    for nobodys in (4711, 0, "x"):
        assert admin.get(f"/spectrum/{nobodys}").status == 404


def test_a_spectrum_of_an_invisible_source_does_not_name_it(admin: Gateway) -> None:
    make_source(admin, group_ids=[2])
    number = upload(admin, group_ids="all")
    ada = make_user(admin, "ada", "Upload data")
    reply = ada.get(f"/spectrum/{number}")
    assert reply.status == 404
    assert "SN1" not in reply.message
    assert ada.get("/sources/SN1/spectra").status == 404
    assert ada.post("/spectrum", SPECTRUM).status == 404


def test_the_usual_causes_of_wrong_fields_are_named(admin: Gateway) -> None:
    make_source(admin)
    micrometres = admin.post("/spectra", {**SPECTRUM, "wavelengths": [0.4, 0.5]})
    assert "wavelengths: 0.4 looks like micrometres; expected angstrom" in micrometres.message
    kind = admin.post("/spectra", {**SPECTRUM, "type": "moon"})
    assert kind.message == "type: 'moon' is no type of a spectrum. Must be one of: source, host, host_center."
    assert admin.post("/spectra", {**SPECTRUM, "wavelengths": [664, 665]}).status == 200


def test_both_addresses_serve_the_same_spectra(admin: Gateway) -> None:
    make_source(admin)
    number = int(admin.post("/spectra", SPECTRUM).data["id"])
    assert admin.get(f"/spectra/{number}").data == admin.get(f"/spectrum/{number}").data
    assert admin.put(f"/spectra/{number}", {"label": "a"}).status == 200
    assert admin.get(f"/spectrum/{number}").data["label"] == "a"
    assert admin.delete(f"/spectra/{number}").status == 200
    assert admin.get(f"/spectrum/{number}").status == 404


def test_a_change_leaves_other_fields_and_adds_groups(admin: Gateway) -> None:
    make_source(admin)
    first, second = (admin.post("/groups", {"name": name}).data["id"] for name in ("one", "two"))
    number = upload(admin, group_ids=[first], label="early", altdata={"slit": 1.5})
    before = admin.get(f"/spectra/{number}").data
    assert admin.put(f"/spectra/{number}", {"label": "late", "group_ids": [second]}).status == 200
    after = admin.get(f"/spectra/{number}").data
    changed = ("label", "groups", "modified")
    assert {name: after[name] for name in KEYS.difference(changed)} == {
        name: before[name] for name in KEYS.difference(changed)
    }
    assert after["label"] == "late"
    assert after["modified"] > before["modified"]
    assert {first, second} < {group["id"] for group in after["groups"]}
    assert admin.put(f"/spectra/{number}", {"group_ids": [first]}).status == 200
    assert admin.get(f"/spectra/{number}").data["groups"] == after["groups"]


def test_every_field_of_a_spectrum_can_change(admin: Gateway) -> None:
    make_source(admin)
    number = upload(admin, errors=[1.0, 2.0], pi=[1])
    telescope = admin.post("/telescope", {"name": "Keck I"}).data["id"]
    other = admin.post("/instrument", {"name": "LRIS", "telescope_id": telescope}).data["id"]
    change = {
        "instrument_id": other, "wavelengths": [5000.0], "fluxes": [2.0], "errors": None, "units": "Jy",
        "origin": "Keck", "type": "host", "altdata": None, "external_pi": "A. Nova",
    }  # fmt: skip
    more = {"observed_at": "2021-05-08T12:00:00+02:00", "pi": [], "observed_by": [1], "obj_id": "SN1"}
    assert admin.put(f"/spectra/{number}", {**change, **more}).status == 200
    after = admin.get(f"/spectra/{number}").data
    assert {name: after[name] for name in change} == change
    assert (after["telescope_id"], after["telescope_name"]) == (telescope, "Keck I")
    assert (after["observed_at"], after["pis"]) == ("2021-05-08T10:00:00", [])
    assert [person["id"] for person in after["observers"]] == [1]


@pytest.mark.parametrize(
    "change",
    [
        {"owner_id": 2}, {"id": 5}, {"obj_id": "SN2"}, {"obj_id": "SN4711"}, {"fluxes": [1.0]}, {"errors": [1.0]},
        {"wavelengths": [0.4, 0.5]}, {"wavelengths": None}, {"instrument_id": 99}, {"instrument_id": None},
        {"type": "moon"}, {"type": None}, {"pi": [4711]}, {"observed_at": "soon"}, {"followup_request_id": 7},
        {"altdata": {"a": "x" * 60_000}}, {"group_ids": "mine"},
    ],
)  # fmt: skip
def test_invalid_changes_are_refused(admin: Gateway, change: dict[str, Any]) -> None:
    make_source(admin)
    admin.post("/sources", {"id": "SN2", "ra": 1, "dec": 1})
    number = upload(admin)
    before = admin.get(f"/spectra/{number}").data
    reply = admin.put(f"/spectra/{number}", {"label": "x", **change})
    assert reply.status == 400, reply.text
    assert next(iter(change)) in reply.message
    assert admin.get(f"/spectra/{number}").data == before


def test_only_the_uploader_and_administrators_change_a_spectrum(admin: Gateway) -> None:
    make_source(admin)
    ada, bob = make_user(admin, "ada", "Upload data"), make_user(admin, "bob", "Upload data")
    hidden, shared = upload(ada), upload(ada, group_ids="all")
    assert [bob.put(f"/spectra/{number}", {"label": "b"}).status for number in (hidden, shared)] == [404, 403]
    assert bob.put("/spectra/4711", {}).message == bob.put(f"/spectra/{hidden}", {}).message.replace(
        str(hidden), "4711"
    )
    assert ada.put(f"/spectra/{shared}", {"group_ids": [4711]}).status == 403
    assert admin.put(f"/spectra/{hidden}", {"label": "a"}).status == 200
    assert ada.get(f"/spectra/{hidden}").data["label"] == "a"
    assert ada.get(f"/spectra/{hidden}").data["owner_id"] == user_id(ada)


def test_of_two_concurrent_changes_none_is_lost(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    make_source(admin)
    number = upload(admin)
    write: Callable[..., None] = spectra_table.update_spectrum_item
    others = [{"label": "theirs"}]

    def write_second(item: SpectrumItem, fields: dict[str, Any], group_ids: set[int]) -> None:
        if others:
            assert admin.put(f"/spectra/{number}", others.pop()).status == 200
        write(item, fields, group_ids)

    monkeypatch.setattr(spectra_table, "update_spectrum_item", write_second)
    assert admin.put(f"/spectra/{number}", {"origin": "ours"}).status == 200
    after = admin.get(f"/spectra/{number}").data
    assert (after["label"], after["origin"]) == ("theirs", "ours")


def test_a_change_too_large_for_a_record_is_refused(admin: Gateway) -> None:
    make_source(admin)
    number = upload(admin)
    noise = random.Random(1)
    columns = {name: [1000 + noise.random() for _ in range(20_000)] for name in ("wavelengths", "fluxes", "errors")}
    assert admin.put(f"/spectra/{number}", columns).status == 413
    assert admin.get(f"/spectra/{number}").data["wavelengths"] == SPECTRUM["wavelengths"]


def test_spectra_of_a_source_are_sorted_and_normalized(admin: Gateway) -> None:
    make_source(admin)
    late = upload(admin, observed_at="2022-01-01", fluxes=[2.0, -6.0], errors=[1.0, 2.0])
    early = upload(admin, observed_at="2020-01-01", fluxes=[0.0, 0.0])

    def list_ids(query: str) -> list[int]:
        return [spectrum["id"] for spectrum in admin.get(f"/sources/SN1/spectra?{query}").data["spectra"]]

    assert list_ids("") == list_ids("sortBy=observed_at") == [early, late]
    assert list_ids("sortOrder=desc") == list_ids("sortBy=created_at") == [late, early]
    flat, scaled = admin.get("/sources/SN1/spectra?normalization=median").data["spectra"]
    assert (flat["fluxes"], flat["errors"]) == ([0.0, 0.0], None)
    assert (scaled["fluxes"], scaled["errors"]) == ([0.5, -1.5], [0.25, 0.5])
    assert admin.get("/sources/SN1/spectra?normalization=mean").status == 400
    assert admin.get("/sources/SN1/spectra?sortBy=label").status == 400
