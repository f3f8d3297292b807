"""Pictures and files of analyses: bytes if they are small, a link if not, and no script that runs."""

import base64
from typing import Any

import pytest

from chalicelib import lambda_functions, settings
from tests.api.story import make_source
from tests.api.test_analyses import make_upload_service
from tests.gateway import Gateway, Reply, get_redirect_blob
from tests.netcdf_files import Groups, light_curve_groups, make_netcdf, posterior_groups

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


CONTENT_TYPES = {"png": "image/png", "pdf": "application/pdf", "svg": "image/svg+xml"}
STARTS = {"png": b"\x89PNG", "pdf": b"%PDF-", "svg": b"<?xml"}


def upload_netcdf(admin: Gateway, groups: Groups) -> str:
    """Return the path of an analysis with this netCDF file."""
    make_source(admin)
    data = base64.b64encode(make_netcdf(groups)).decode()
    document = {"inference_data": {"format": "netcdf4", "data": data}}
    reply = admin.post(f"/obj/SN1/analysis_upload/{make_upload_service(admin)}", {"analysis": document})
    return f"/obj/analysis/{reply.data['id']}"


@pytest.mark.parametrize("file_format", CONTENT_TYPES)
@pytest.mark.parametrize("figure", ["light_curve?scale=magnitude", "posterior_plot?kind=forest", "corner?bins=10"])
def test_figures_come_in_every_format(lambdas: None, admin: Gateway, figure: str, file_format: str) -> None:
    reply = admin.get(f"{upload_netcdf(admin, light_curve_groups())}/{figure}&format={file_format}")
    assert reply.status == 200, reply.content
    assert reply.headers["Content-Type"] == CONTENT_TYPES[file_format]
    assert reply.content.startswith(STARTS[file_format])
    # the sandbox of the answer would show no PDF
    assert ("Content-Disposition" in reply.headers) == (file_format != "png")


def test_figures_are_png_in_flux_by_default(lambdas: None, admin: Gateway) -> None:
    path = upload_netcdf(admin, light_curve_groups())
    assert admin.get(f"{path}/light_curve").content == admin.get(f"{path}/light_curve?scale=flux&format=png").content
    assert admin.get(f"{path}/light_curve").content != admin.get(f"{path}/light_curve?scale=magnitude").content
    assert admin.get(f"{path}/posterior_plot").content.startswith(b"\x89PNG")


def test_a_figure_is_drawn_once(lambdas: None, admin: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    path = upload_netcdf(admin, light_curve_groups())
    urls = [
        f"{path}/light_curve",
        f"{path}/light_curve?format=svg",
        f"{path}/posterior_plot?kind=rank",
        f"{path}/corner",
    ]
    first = [admin.get(url).content for url in urls]
    assert len(set(first)) == len(urls)
    monkeypatch.setattr(lambda_functions, "invoke_function", lambda *_: pytest.fail("drawn again"))
    assert [admin.get(url).content for url in urls] == first


def test_the_format_of_a_corner_plot_is_no_argument_of_corner(lambdas: None, admin: Gateway) -> None:
    path = upload_netcdf(admin, posterior_groups())
    assert admin.get(f"{path}/corner?format=pdf&bins=12").status == 200
    reply = admin.get(f"{path}/corner?format=gif")
    assert reply.status == 400 and "format" in reply.message and "svg" in reply.message
    reply = admin.get(f"{path}/corner?fmt=pdf")
    assert reply.status == 422 and "fmt" in reply.message


def test_an_analysis_without_a_light_curve_says_so(lambdas: None, admin: Gateway) -> None:
    reply = admin.get(f"{upload_netcdf(admin, posterior_groups())}/light_curve")
    assert reply.status == 404
    assert reply.message.startswith("This analysis holds no predicted light curve;")


@pytest.mark.parametrize(
    ("kind", "group"), [("loo", "log_likelihood"), ("ppc", "posterior_predictive"), ("trace", "posterior")]
)
def test_a_missing_group_is_named(lambdas: None, admin: Gateway, kind: str, group: str) -> None:
    groups = {name: variables for name, variables in posterior_groups().items() if name != group}
    reply = admin.get(f"{upload_netcdf(admin, groups)}/posterior_plot?kind={kind}")
    assert (reply.status, reply.message) == (404, f"{kind} needs a {group} group; this file has none.")


@pytest.mark.parametrize("query", ["light_curve?scale=log", "posterior_plot?kind=violin", "light_curve?format=eps"])
def test_an_unknown_choice_names_the_choices(lambdas: None, admin: Gateway, query: str) -> None:
    reply = admin.get(f"{upload_netcdf(admin, posterior_groups())}/{query}")
    assert reply.status == 400 and query.partition("?")[2].partition("=")[0] in reply.message


@pytest.mark.parametrize("figure", ["light_curve", "posterior_plot", "corner"])
def test_a_file_that_is_no_netcdf_is_unreadable(lambdas: None, admin: Gateway, figure: str) -> None:
    make_source(admin)
    document = {"inference_data": {"format": "netcdf4", "data": base64.b64encode(b"nothing").decode()}}
    number = make_upload_service(admin)
    analysis = admin.post(f"/obj/SN1/analysis_upload/{number}", {"analysis": document}).data["id"]
    reply = admin.get(f"/obj/analysis/{analysis}/{figure}")
    assert reply.status == 422 and "NETCDF4" in reply.message
