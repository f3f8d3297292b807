"""The Python client against a whole stack: what an astronomer does in a notebook."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord

from heliograph import Heliograph, SkyPortal
from heliograph.errors import ArgumentError, NotFoundError, NotSignedInError, RefusedError, UnknownNameError
from heliograph.source import MOST_BYTES, Source
from tests.inference_data import make_inference_data
from tests.running_stack import RunningStack

POSITION = SkyCoord(184.5861, 31.2213, unit="deg")
ATLAS = """\
###MJD          m      dm   uJy   duJy F err chi/N   RA       Dec        x        y     maj  min   phi  apfit mag5sig Sky   Obs
58630.411021  18.533 0.045   141      6 o  0  1.51 184.58610  31.22130  3112.40  4875.90 2.47 2.30 -58.9 -0.375 19.35 19.77 02a58630o0512o
58634.398765  17.902 0.050   251     12 o  9  9.13 184.58610  31.22130  3111.00  4873.20 2.61 2.39 -55.0 -0.371 19.10 19.60 02a58634o0501o
"""  # noqa: E501


@pytest.fixture
def sky(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Heliograph:
    monkeypatch.setenv("HELIOGRAPH_URL", stack.url)
    monkeypatch.setenv("HELIOGRAPH_TOKEN", stack.token)
    return Heliograph()


@pytest.fixture
def supernova(sky: Heliograph) -> Iterator[Source]:
    """A source of its own, with the light curve and redshift of SN 2019dwz."""
    demo = sky.source("2019dwz")
    name = f"client{np.random.default_rng().integers(10**9)}"
    source = sky.save_source(name, POSITION, redshift=demo.redshift, redshift_error=0.0001, alias=[f"my {name}"])
    source.add_photometry(demo.photometry())
    yield source
    source.delete()


def test_from_a_file_to_a_posterior(sky: Heliograph, supernova: Source, tmp_path: Path) -> None:
    path = tmp_path / "forced_photometry.txt"
    path.write_text(ATLAS)
    with pytest.raises(RefusedError, match="row 2: err: 9 is not 0"):
        supernova.upload(path)
    uploaded = sky.source(f"MY {supernova.name}").upload(path, skip_problems=True)
    assert len(uploaded.ids) == 1
    with pytest.raises(UnknownNameError, match="Did you mean 'source'"):
        supernova.analyze("Supernova fitter", sauce="salt3")
    fit = supernova.analyze("Supernova fitter", source="salt3", fix_z=True)
    fit.wait(timeout=300, progress=False)
    assert fit.status == "completed"
    assert fit.verdict is not None
    assert set(fit.results["parameters"]) >= {"t0", "x0", "x1", "c"}
    assert fit.inference_data.posterior["x1"].size == 4000
    assert [image.format for image in fit.plots] == ["png"] * len(fit.plots)
    assert fit.corner(quantiles=[0.05, 0.95], format="pdf").format == "pdf"
    assert fit.light_curve(scale="magnitude").format == "png"
    assert len(fit.photometry_sent.to_pandas()) == len(supernova.photometry())
    assert {path.name for path in fit.download(tmp_path)} >= {"results.json", "inference_data.nc", "plot_0.png"}
    again = fit.rerun(source="salt2")
    again.cancel()
    assert again.status == "cancelled"
    matches = sky.analyses(source=supernova, service="supernova fitter", status="completed", result="ndof>5")
    assert [analysis["id"] for analysis in matches] == [fit["id"]]


def test_lists_cones_and_favourites(sky: Heliograph, supernova: Source) -> None:
    with pytest.raises(NotFoundError, match=f"Did you mean .*{supernova.name}"):
        sky.source(f"{supernova.name}x")
    cone = [source.name for source in sky.sources(ra=POSITION, radius=2 * units.arcsec)]
    assert supernova.name in cone
    supernova.classify("Ia", 0.8)
    supernova.favorite()
    matches = sky.sources(name=supernova.name.upper(), classification="Ia", group="sitewide group", favorites=True)
    assert [source.name for source in matches] == [supernova.name]
    supernova.unfavorite()
    assert supernova.name not in [source.name for source in sky.sources(favorites=True)]


def test_photometry_that_exists_is_added_once(sky: Heliograph, supernova: Source) -> None:
    points = supernova.photometry()
    supernova.add_photometry(points)
    assert len(supernova.photometry()) == len(points)
    magnitudes = sky.source("2019dwz").photometry("mag")
    supernova.add_photometry(magnitudes, origin="magnitudes")
    both = supernova.photometry()
    copied = both[[origin == "magnitudes" for origin in both["origin"]]]
    detected = ~np.ma.getmaskarray(copied["flux"])
    assert np.allclose(copied["flux"][detected], points["flux"][detected], rtol=1e-6)
    assert supernova.phot_stat().num_obs_global == 2 * len(points)
    supernova.delete_photometry([int(number) for number in copied["id"][:2]])
    assert len(supernova.photometry()) == 2 * len(points) - 2


def test_a_spectrum_and_remarks(sky: Heliograph, supernova: Source) -> None:
    waves = np.linspace(400, 900, 50) * units.nm
    fluxes = np.full(50, 1e-16) * units.erg / units.s / units.cm**2 / units.AA
    supernova.add_spectrum(waves, fluxes, instrument="spectrograph", observed_at="2019-05-08T04:30:00")
    (spectrum,) = supernova.spectra()
    assert spectrum.to_table()["flux"].unit == fluxes.unit
    number = supernova.add_comment("Rising.")
    assert [comment.text for comment in supernova.comments()] == ["Rising."]
    supernova.delete_comment(number)
    supernova.annotate("my notes", {"host": "spiral"})
    supernova.annotate("my notes", {"host": "elliptical"})
    assert [annotation.data for annotation in supernova.annotations()] == [{"host": "elliptical"}]
    assert supernova.update(redshift=0.05).redshift == 0.05


def test_remarks_are_changed_and_voted_on(sky: Heliograph, supernova: Source, tmp_path: Path) -> None:
    finder = tmp_path / "finder.txt"
    finder.write_bytes(b"hello")
    supernova.add_comment("Risng.", attachment=finder)
    (comment,) = supernova.comments()
    assert comment.update(text="Rising.").text == "Rising." and comment.fetch_attachment() == b"hello"
    comment.delete()
    assert supernova.comments() == []
    supernova.classify("Ia", 0.8)
    (classification,) = supernova.classifications()
    classification.vote()
    classification.vote(agrees=False)
    (classification,) = supernova.classifications()
    assert [vote["vote"] for vote in classification.votes] == [-1]
    classification.delete_vote()
    assert classification.update(probability=0.9).votes == [] and classification.probability == 0.9
    supernova.annotate("my notes", {"host": "spiral"})
    (annotation,) = supernova.annotations()
    assert annotation.update(data={"host": "none"}).data == {"host": "none"}
    annotation.delete()
    assert supernova.annotations() == []


def test_points_and_spectra_are_changed(sky: Heliograph, supernova: Source) -> None:
    first = supernova.fetch_points()[0]
    supernova.update_photometry(first["id"], altdata={"seeing": 1.9})
    assert supernova.fetch_points()[0]["altdata"] == {"seeing": 1.9}
    supernova.add_spectrum([4000, 5000], [1, 2], instrument="spectrograph", observed_at="2019-05-08", units="Jy")
    (spectrum,) = supernova.spectra()
    assert spectrum.update(label="first light").label == "first light"
    spectrum.delete()
    assert supernova.spectra() == []


def test_telescopes_instruments_and_taxonomies(sky: Heliograph, supernova: Source) -> None:
    name = f"of {supernova.name}"
    telescope = sky.add_telescope(f"Telescope {name}", lat=33.36, lon=-116.86, elevation=1700)
    instrument = sky.add_instrument(f"Camera {name}", ["ztfg"], telescope=telescope)
    assert sky.instrument(f"camera {name}").telescope_id == telescope.id
    assert instrument.update(filters=["ztfg", "ztfr"]).filters == ["ztfg", "ztfr"]
    assert telescope.update(diameter=1.2).diameter == 1.2
    instrument.delete()
    telescope.delete()
    assert telescope.id not in [each.id for each in sky.telescopes()]
    tree = {"class": "Bump", "subclasses": [{"class": "Sharp bump"}]}
    taxonomy = sky.add_taxonomy(f"Bumps {name}", tree, "1.0", provenance="a test")
    assert taxonomy.classes == ["Bump", "Sharp bump"] and sky.taxonomy(f"Bumps {name}").version == "1.0"
    assert taxonomy.update(provenance="the same test").provenance == "the same test"
    taxonomy.delete()


def test_a_token_for_a_script_is_created_and_revoked(sky: Heliograph) -> None:
    text = sky.create_token("nightly script", ["Upload data"], days=2)
    assert Heliograph(sky.connection.url, text).user.permissions == ["Upload data"]
    (token,) = [each for each in sky.tokens() if each.name == "nightly script"]
    assert token.permissions == ["Upload data"] and text not in repr(token) + token._repr_html_()
    token.revoke()
    with pytest.raises(NotSignedInError):
        assert Heliograph(sky.connection.url, text).user


def test_publishing_a_small_and_a_large_posterior(sky: Heliograph, supernova: Source) -> None:
    random = np.random.default_rng(7)
    service = f"laptop of {supernova.name}"
    small = make_inference_data({"posterior": {"a": random.normal(size=(4, 100)), "b": random.normal(size=(4, 100))}})
    analysis = sky.publish(
        supernova, name_of_service=service, inference_data=small, results={"chi2": 31.7}, message="by hand"
    )
    assert analysis.results == {"chi2": 31.7}
    assert analysis.corner().format == "png"
    large = make_inference_data({"posterior": {"a": random.normal(size=(4, MOST_BYTES // 32))}})
    stored = sky.publish(supernova, name_of_service=service, inference_data=large)
    assert np.array_equal(stored.inference_data.posterior["a"].values, large.posterior["a"].values)
    assert len(list(sky.analyses(service=service))) == 2
    with pytest.raises(ArgumentError, match="takes no uploads"):
        sky.publish(supernova, name_of_service="supernova fitter", results={"a": 1})
    sky.service(service).delete()


def test_a_batch_tells_of_each_source(sky: Heliograph, supernova: Source) -> None:
    batch = sky.analyze([supernova, "nobody"], "Supernova fitter", source="salt3", fix_z=True).wait(120, progress=False)
    assert {outcome.obj_id: outcome.get("status") for outcome in batch.outcomes} == {
        supernova.name: "completed",
        "nobody": None,
    }
    assert [analysis["obj_id"] for analysis in batch.analyses] == [supernova.name]


def test_a_default_analysis_comes_and_goes(sky: Heliograph) -> None:
    service = sky.service("Supernova fitter")
    default = service.add_default_analysis(classifications={"II": 0.9}, parameters={"source": "salt3"}, daily_limit=1)
    assert [each["id"] for each in service.default_analyses()] == [default["id"]]
    default.delete()
    assert service.default_analyses() == []


def test_a_group_sees_what_is_shared_with_it(sky: Heliograph, supernova: Source) -> None:
    group = sky.create_group(f"friends of {supernova.name}")
    supernova.share(group)
    assert group["name"] in [each["name"] for each in supernova["groups"]]
    points = supernova.fetch_points()
    assert all(group["id"] in [each["id"] for each in point["groups"]] for point in points)
    assert group.id in [each.id for each in supernova.groups()]
    supernova.unshare(group)
    assert group.id not in [each.id for each in supernova.groups()]
    assert [member.username for member in group.update(nickname="few").members()] == [sky.user.name]
    (sees_all,) = {each.sees_all_data for each in supernova.analysis_groups("Supernova fitter") if each.id == group.id}
    assert sees_all
    group.delete()


def test_a_client_of_skyportal_reads_the_same(sky: Heliograph, stack: RunningStack, supernova: Source) -> None:
    skyportal = SkyPortal(stack.url, stack.token)
    assert skyportal.user.name == sky.user.name
    source = skyportal.source(supernova.name)
    assert source.photometry()["flux"].tolist() == supernova.photometry()["flux"].tolist()
    assert [each.name for each in skyportal.sources(name=supernova.name)] == [supernova.name]
    assert len(source.add_photometry(supernova.photometry())) == len(supernova.photometry())
