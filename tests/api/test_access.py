"""Who may do what: each cell of ``access_matrix.txt`` is a request, and each route has a row."""

import base64
import copy
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends

from chalicelib import blobs, lambda_functions, people, workers
from chalicelib.aws import get_account_id
from chalicelib.routes import OPERATIONS
from fitter_lambda import handler
from tests.api.story import LIGHT_CURVE, deliver, drain_queue, make_service
from tests.gateway import Gateway
from tests.netcdf_files import light_curve_groups, make_netcdf
from tests.service import analysis_service
from tests.stage import make_stage

MATRIX = Path(__file__).with_name("access_matrix.txt")
ROLES = ("none", "wrong", "no_acl", "member", "other", "author", "admin")
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


@cache
def rows() -> dict[str, list[str]]:
    """Return the expected statuses of each route, in the order of `ROLES`."""
    statuses = {}
    for line in MATRIX.read_text().splitlines():
        if line.startswith(("GET", "POST", "PUT", "PATCH", "DELETE")):
            method, path, *cells = line.split()
            statuses[f"{method} {path}"] = cells
    return statuses


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    routes = {f"{operation.method} {operation.path}" for operation in OPERATIONS}
    assert set(rows()) == routes
    assert all(len(cells) == len(ROLES) for cells in rows().values())


def test_a_place_in_paths_has_one_variable() -> None:
    # API Gateway allows no other.
    variables: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        for match in re.finditer(r"{(\w+)\+?}", operation.path):
            variables.setdefault(re.sub(r"{.*?}", "{}", operation.path[: match.start()]), set()).add(match[0])
    several = {place: names for place, names in variables.items() if len(names) > 1 and place != "/"}
    assert several == {}


class World:
    """A group with an author and a member, a user of another group, and records of each kind."""

    def __init__(self, admin: Gateway) -> None:
        self.admin = admin
        self.users: dict[str, Gateway] = {
            "none": admin.as_user(None), "wrong": admin.as_user("00000000-0000-4000-8000-000000000000"),
            "admin": admin,
        }  # fmt: skip
        self.ids: dict[str, Any] = {}
        self.bodies: dict[str, Any] = {}
        group = self.ids["group_id"] = admin.post("/groups", {"name": "ours"}).data["id"]
        theirs = admin.post("/groups", {"name": "theirs"}).data["id"]
        acls = sorted(admin.get("/internal/profile").data["permissions"])
        acls.remove("System admin")
        for role, groups in (("author", group), ("member", group), ("no_acl", group), ("other", theirs)):
            body = {"username": role, "groupIDsAndAdmin": [[groups, role == "author"]], "roles": ["View only"]}
            user = self.ids[role] = admin.post("/user", body).data["id"]
            token = {"name": role, "acls": [] if role == "no_acl" else acls, "user_id": user}
            self.users[role] = admin.as_user(admin.post("/internal/tokens", token).data["token_id"])
        self.ids["user_id"] = self.ids["member"]
        self._make_source()
        self._make_analyses()
        self._make_bodies()

    def _make_source(self) -> None:
        author, group = self.users["author"], self.ids["group_id"]
        self.ids["telescope_id"] = self.admin.post("/telescope", {"name": "P48"}).data["id"]
        self.ids["instrument_id"] = self.admin.post("/instrument", {"name": "ZTF"}).data["id"]
        ours = {"group_ids": [group]}
        author.post("/sources", {"id": "SN1", "ra": 10, "dec": -5, **ours})
        self.ids["source_id"] = "SN1"
        light_curve = {**LIGHT_CURVE, **ours, "mjd": [58000.0 + n for n in range(8)]}
        light_curve |= {"flux": [100.0 + n for n in range(8)], "fluxerr": 5.0, "filter": "ztfg"}
        posted = author.post("/photometry", light_curve).data
        self.ids["point_id"], self.ids["upload_id"] = posted["ids"][0], posted["upload_id"]
        self.ids["spectrum_id"] = author.post("/spectrum", self._spectrum()).data["id"]
        annotation = {"origin": "here", "data": {"a": 1}, **ours}
        self.ids["annotation_id"] = author.post("/sources/SN1/annotations", annotation).data["annotation_id"]
        comment = {"text": "!", "attachment": {"name": "a.txt", "body": "aGVsbG8="}, **ours}
        self.ids["comment_id"] = author.post("/sources/SN1/comments", comment).data["comment_id"]
        taxonomy = {"name": "T", "version": "1", "hierarchy": {"class": "Ia"}, **ours}
        self.ids["taxonomy_id"] = author.post("/taxonomy", taxonomy).data["taxonomy_id"]
        classified = {"obj_id": "SN1", "classification": "Ia", "probability": 1, **ours}
        self.ids["classification_id"] = author.post("/classification", classified).data["classification_id"]
        self.ids["listing_id"] = author.post("/listing", {"obj_id": "SN1", "list_name": "favorites"}).data["id"]
        author.post(f"/classification/votes/{self.ids['classification_id']}", {"vote": 1})

    def _spectrum(self) -> dict[str, Any]:
        return {
            "obj_id": "SN1", "instrument_id": 1, "observed_at": "2026-01-01T00:00:00",
            "wavelengths": [4000.0, 4001.0], "fluxes": [1.0, 2.0], "group_ids": [self.ids["group_id"]],
        }  # fmt: skip

    def _make_analyses(self) -> None:
        author, ours = self.users["author"], {"group_ids": [self.ids["group_id"]]}
        service = self.ids["service_id"] = make_service(author, **ours)
        self.ids["uploads"] = make_service(author, name="up", upload_only=True, input_data_types=[], **ours)
        body = {"source_filter": {"group_id": self.ids["group_id"]}, **ours}
        default = author.post(f"/analysis_service/{service}/default_analysis", body)
        self.ids["default_id"] = default.data["id"]
        document = {
            "plots": [PNG], "results": {"chi2": 1},
            "posterior_samples": {"a": [float(n % 7) for n in range(40)], "b": [n * 0.1 for n in range(40)]},
        }  # fmt: skip
        path = f"/obj/SN1/analysis_upload/{self.ids['uploads']}"
        data = base64.b64encode(make_netcdf(light_curve_groups())).decode()
        netcdf = {"inference_data": {"format": "netcdf4", "data": data}}
        self.ids["with_netcdf"] = author.post(path, {"analysis": netcdf, **ours}).data["id"]
        self.ids["analysis_id"] = author.post(path, {"analysis": document, **ours}).data["id"]
        batch = {"service_id": service, "obj_ids": ["SN1"], **ours}
        self.ids["batch_id"] = author.post("/analysis_batch", batch).data["id"]
        drain_queue("jobs")
        with analysis_service() as running:
            author.patch(f"/analysis_service/{service}", {"url": running.url})
            self.ids["pending"] = author.post(f"/obj/SN1/analysis/{service}", ours).data["id"]
            deliver()
            self.ids["token"] = running.received[0].callback_path.rpartition("/")[2]
        self.ids["token_id"] = author.get("/internal/tokens").data[0]["id"]

    def _make_bodies(self) -> None:
        """Set the bodies of the routes that need one."""
        ours, service = {"group_ids": [self.ids["group_id"]]}, self.ids["service_id"]
        more = {**LIGHT_CURVE, **ours, "mjd": [50001.0, 50002.0, 50003.0]}
        new_service = {
            "name": "new", "url": "https://example.org", "authentication_type": "none",
            "analysis_type": "meta_analysis", "input_data_types": ["redshift"], **ours,
        }  # fmt: skip
        spectrum_file = {
            "obj_id": "SN1", "instrument_id": 1, "observed_at": "2026-01-01T00:00:00",
            "ascii": "4000 1\n4001 2\n", "filename": "new.ascii", **ours,
        }  # fmt: skip
        self.bodies = {
            "POST /user": {"username": "new"},
            "PATCH /user/{user_id}": {"first_name": "Ada"},
            "PATCH /internal/profile": {"first_name": "Ada"},
            "POST /user/{user_id}/acls": {"aclIds": ["Annotate"]},
            "POST /user/{user_id}/roles": {"roleIds": ["Full user"]},
            "POST /groups": {"name": "new"},
            "PATCH /groups/{group_id}": {"name": "renamed"},
            "PUT /groups/{group_id}": {"name": "renamed"},
            "POST /groups/{group_id}/users": {"userID": self.ids["other"]},
            "PATCH /groups/{group_id}/users": {"userID": self.ids["member"], "admin": True},
            "POST /internal/tokens": {"name": "new"},
            "POST /telescope": {"name": "new"},
            "POST /instrument": {"name": "new"},
            "POST /sources": {"id": "SN9", "ra": 1, "dec": 1},
            "POST /listing": {"obj_id": "SN1", "list_name": "favorites"},
            "PATCH /sources/{source_id}": {"redshift": 0.1},
            "POST /photometry": more,
            "PUT /photometry": more,
            "POST /sources/{source_id}/photometry/file": "mjd,filter,instrument,mag,magerr\n58100.5,ztfg,ZTF,18,0.1\n",
            "PATCH /photometry/{point_id}": {"flux": 7.0, "fluxerr": 1.0},
            "PUT /telescope/{telescope_id}": {"diameter": 2.0},
            "PUT /instrument/{instrument_id}": {"band": "optical"},
            "PUT /taxonomy/{taxonomy_id}": {"provenance": "a book"},
            "POST /sharing": {"photometryIDs": [self.ids["point_id"]], "groupIDs": [self.ids["group_id"]]},
            "POST /classification/votes/{classification_id}": {"vote": -1},
            "POST /spectra": self._spectrum(),
            "POST /spectrum": self._spectrum(),
            "POST /spectra/ascii": spectrum_file,
            "POST /spectrum/ascii": spectrum_file,
            "POST /spectra/parse/ascii": {"ascii": "4000 1\n4001 2\n"},
            "POST /spectrum/parse/ascii": {"ascii": "4000 1\n4001 2\n"},
            "PUT /spectra/{spectrum_id}": {"label": "new"},
            "PUT /spectrum/{spectrum_id}": {"label": "new"},
            "POST /sources/{source_id}/annotations": {"origin": "new", "data": {"b": 1}},
            "PUT /sources/{source_id}/annotations/{annotation_id}": {"data": {"b": 1}},
            "POST /sources/{source_id}/comments": {"text": "new"},
            "PUT /sources/{source_id}/comments/{comment_id}": {"text": "new"},
            "POST /classification": {"obj_id": "SN1", "classification": "II"},
            "PUT /classification/{classification_id}": {"probability": 0.5},
            "POST /taxonomy": {"name": "N", "version": "1", "hierarchy": {"class": "II"}},
            "POST /analysis_service": new_service,
            "PATCH /analysis_service/{service_id}": {"description": "new"},
            "POST /analysis_service/{service_id}/default_analysis": {
                "source_filter": {"classifications": [{"name": "II"}]}
            },
            "PATCH /analysis_service/{service_id}/default_analysis/{default_id}": {"daily_limit": 5},
            "PATCH /obj/analysis/{analysis_id}": {"group_ids": "all"},
            "POST /analysis_batch": {"service_id": service, "obj_ids": ["SN1"]},
            "POST /webhook/obj_analysis/{token}": {"status": "success"},
            "PATCH /webhook/obj_analysis/{token}": {"progress": 0.5},
            "POST /fitter/supernova": {"callback_url": "https://example.org", "inputs": {}},
        }

    def path_of(self, operation: str) -> str:
        """Return the path of an operation with the ids of existing records."""
        special = {
            "POST /obj/{source_id}/analysis_upload/{number}": "uploads",
            "POST /obj/{source_id}/analysis_upload/{number}/upload": "uploads",
            "POST /obj/{source_id}/analysis/{number}": "service_id",
            "GET /obj/{source_id}/analysis_groups/{number}": "service_id",
            "GET /obj/{source_id}/analysis/{number}": "analysis_id",
            "GET /listing/{number}": "user_id",
            "DELETE /listing/{number}": "listing_id",
        }
        waiting = {
            "POST /obj/analysis/{analysis_id}/cancel", "POST /obj/analysis/{analysis_id}/rerun",
            "GET /obj/analysis/{analysis_id}/inputs",
        }  # fmt: skip
        ids = {"plot_number": 0, "queue": "jobs", "acl": "Upload%20data", "role": "View%20only", **self.ids}
        ids["number"] = ids.get(special.get(operation, ""), "")
        if operation in waiting:
            ids["analysis_id"] = ids["pending"]
        if operation.endswith(("/inference_data", "/light_curve", "/posterior_plot")):
            ids["analysis_id"] = ids["with_netcdf"]
        return re.sub(r"{(\w+)}", lambda match: str(ids[match[1]]), operation.partition(" ")[2])


@pytest.fixture(scope="module")
def world(mocked: dict[str, Any]) -> Iterator[tuple[World, Callable[[], None]]]:
    """The world, and a function that restores it."""
    from app import app

    make_stage(mocked)
    doers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        lambda_functions.DOCUMENTS: workers.handle_document,
        lambda_functions.RENDER: lambda event: handler.render(event, None),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lambda_functions, "invoke_function", lambda name, event: doers[name](event))
        # Only records are restored, so blobs must not be deleted.
        patch.setattr(blobs, "delete_blobs", lambda prefix: None)
        population = World(Gateway(app, people.ensure_administrator("root")))
        backend = dynamodb_backends[get_account_id()]["us-east-1"]
        before = {name: copy.deepcopy(each.items) for name, each in backend.tables.items()}

        def restore() -> None:
            for name, each in backend.tables.items():
                each.items = copy.deepcopy(before[name])

        yield population, restore


@pytest.mark.parametrize("operation", sorted(f"{o.method} {o.path}" for o in OPERATIONS))
def test_statuses_by_role(operation: str, world: tuple[World, Callable[[], None]]) -> None:
    population, restore = world
    method = operation.partition(" ")[0]
    statuses = {}
    for role in ROLES:
        restore()
        reply = population.users[role].request(method, population.path_of(operation), population.bodies.get(operation))
        statuses[role] = str(reply.status)
    expected = dict(zip(ROLES, rows()[operation], strict=True))
    assert statuses == expected
