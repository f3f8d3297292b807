"""Pictures and files of analyses: bytes if they are small, a link if not, and no script that runs."""

import base64
from typing import Any

import pytest

from chalicelib import settings
from tests.api.story import make_source
from tests.api.test_analyses import make_upload_service
from tests.gateway import Gateway, Reply, get_redirect_blob

FILES = {
    "image/png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "image/jpeg": b"\xff\xd8\xff\xe0" + bytes(range(256)),
    "image/gif": b"GIF89a" + bytes(range(256)),
    "application/pdf": b"%PDF-1.7\n" + bytes(range(256)),
    "image/svg+xml": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "application/octet-stream": b"what is this?",
}
SVG_STARTS = [
    b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n<svg></svg>",
    b"<?xml version='1.0'?>\n<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'svg11.dtd'>\n<svg></svg>",
    b"\n  <!-- Created with matplotlib -->\n<svg></svg>",
]


def upload_plots(admin: Gateway, *plots: bytes) -> str:
    """Return the path of an analysis with these plots."""
    make_source(admin)
    document: dict[str, Any] = {"plots": [base64.b64encode(plot).decode() for plot in plots]}
    number = make_upload_service(admin)
    reply = admin.post(f"/obj/SN1/analysis_upload/{number}", {"analysis": document})
    return f"/obj/analysis/{reply.data['id']}"


@pytest.mark.parametrize("content_type", FILES)
def test_a_plot_is_its_bytes_and_keeps_its_type(admin: Gateway, content_type: str) -> None:
    reply = admin.get(upload_plots(admin, FILES[content_type]) + "/plots/0")
    assert (reply.status, reply.content) == (200, FILES[content_type])
    assert reply.headers["Content-Type"] == content_type
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("svg", SVG_STARTS)
def test_svg_is_recognized_as_programs_write_it(admin: Gateway, svg: bytes) -> None:
    reply = admin.get(upload_plots(admin, svg) + "/plots/0")
    assert (reply.content, reply.headers["Content-Type"]) == (svg, "image/svg+xml")


def test_plots_without_a_number_is_the_first(admin: Gateway) -> None:
    path = upload_plots(admin, FILES["image/png"], FILES["image/gif"])
    assert admin.get(f"{path}/plots").content == FILES["image/png"]
    assert admin.get(f"{path}/plots/1").content == FILES["image/gif"]
    assert admin.get(f"{path}/plots/2").status == 404


def test_a_large_file_is_a_link(admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "FILE_ANSWER_BYTES", 100)
    path = upload_plots(admin, FILES["image/png"])
    assert get_redirect_blob(admin.get(f"{path}/plots/0")) == FILES["image/png"]


def test_a_client_that_says_nothing_of_what_it_accepts_gets_a_link(admin: Gateway) -> None:
    path = upload_plots(admin, FILES["image/png"])
    assert get_redirect_blob(admin.get(f"{path}/plots/0", accept="")) == FILES["image/png"]
    assert admin.get(path, accept="").status == 200


def test_head_describes_a_file_without_sending_it(admin: Gateway) -> None:
    path = upload_plots(admin, FILES["image/png"])
    reply: Reply = admin.request("HEAD", f"{path}/plots/0")
    assert (reply.status, reply.content, reply.headers["Content-Type"]) == (200, b"", "image/png")
