"""Where templates come from; each test in a process of its own, since sncosmo decides only once."""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from fitter_lambda.input.scratch_folder import make_scratch_folder
from fitter_lambda.input.templates import iterate_files
from tests.fitter.test_cli import process


def load(script: str, **environment: str) -> str:
    code = "from fitter_lambda.input.templates import *; from fitter_lambda.errors import *\n" + script
    done = process("tests.fitter.run_script", stdin=code, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_alone_is_enough_for_salt3_and_atlas() -> None:
    out = load("print(load_source('salt3').name, sorted(load_bandpasses(['ztfr', 'atlaso', 'gibberish'])[0]))")
    assert out == "salt3 ['atlaso', 'ztfr']\n"


def test_the_users_directory_wins_and_the_wheel_fills_in(shared: Path) -> None:
    out = load(
        "print([load_source(n).name for n in ('nugent-sn2p', 'hsiao', 'salt3-nir')])\n"
        "print(sorted(load_bandpasses(['ztfi', 'atlasc'])[0]))\n"
        "print((build_overlay() / 'models/nugent/sn2p_flux.v1.2.dat').resolve())",
        SNCOSMO_DATA_DIR=str(shared / "sncosmo-data"),
    )
    assert out.splitlines()[0] == "['nugent-sn2p', 'hsiao', 'salt3-nir']"
    assert out.splitlines()[1] == "['atlasc', 'ztfi']"
    assert out.splitlines()[2].startswith(str((shared / "sncosmo-data").resolve()))


def test_a_file_of_the_user_wins_over_the_wheel(tmp_path: Path) -> None:
    band = tmp_path / "bandpasses" / "ztf" / "P48_R.dat"
    band.parent.mkdir(parents=True)
    band.write_text("7000 0\n7100 1\n7200 1\n7300 0\n")
    for variable in ("SNCOSMO_DATA_DIR", "FITTER_TEMPLATES_DIR"):
        out = load(
            "print(load_bandpasses(['ztfr'])[0]['ztfr'].minwave(), load_source('salt3').name)",
            **{variable: str(tmp_path)},
        )
        assert out == "7000.0 salt3\n"


def link_salt2(folder: Path, shared: Path, *directories: str) -> None:
    """Put SALT2 of 2.4 into directories where sncosmo looks for other versions."""
    (folder / "models" / "salt2").mkdir(parents=True)
    for name in directories:
        (folder / "models" / "salt2" / name).symlink_to(shared / "sncosmo-data" / "models" / "salt2" / "salt2-4")


def test_an_older_version_stands_in_for_the_latest(tmp_path: Path, shared: Path) -> None:
    """The latest SALT2 of sncosmo is T23; only the user's directory counts here."""
    link_salt2(tmp_path, shared, "salt2-4", "salt2-2-0")
    script = (
        "print('salt2' in list_local_sources(), load_source('salt2').version, find_older_version('salt2'))\n"
        "print(load_source('salt2@2.0').version)"
    )
    alone = (
        "import fitter_lambda.input.templates as t\nlayers = t._list_layers()\nt._list_layers = lambda: layers[:1]\n"
    )
    out = load(alone + script, SNCOSMO_DATA_DIR=str(tmp_path))
    assert out == "True 2.4 ('2.4', 'T23')\n2.0\n"


def test_a_source_that_is_here_needs_no_older_version() -> None:
    assert load("print(find_older_version('salt3'), find_older_version('nugent-sn2n'))") == "None None\n"


def test_a_source_is_local_if_any_version_is(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "hsiao"
    folder.mkdir(parents=True)
    assert load("print('hsiao' in list_local_sources())", SNCOSMO_DATA_DIR=str(tmp_path)) == "False\n"
    (folder / "Hsiao_SED_V2.fits").touch()
    assert load("print('hsiao' in list_local_sources())", SNCOSMO_DATA_DIR=str(tmp_path)) == "True\n"


def test_the_templates_of_91bg_iin_and_iil_are_used_with_their_classes(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "nugent"
    folder.mkdir(parents=True)
    names = ("sn91bg_flux.v1.1.dat", "sn2n_flux.v2.1.dat", "sn2l_flux.v1.2.dat")
    for name in names:
        rows = [f"{day} {angstrom} {1e-9}" for day in range(0, 60, 2) for angstrom in range(2000, 10001, 500)]
        (folder / name).write_text("\n".join(rows))
    script = (
        "from fitter_lambda.engine.supernova_classes import get_supernova_class\n"
        "from fitter_lambda.input.sncosmo_registries import get_source_types\n"
        "for name in list_local_sources():\n"
        "    if name.startswith('nugent'):\n"
        "        print(name, load_source(name).version, get_supernova_class(get_source_types()[name]).group)"
    )
    out = load(script, SNCOSMO_DATA_DIR=str(tmp_path))
    assert sorted(out.splitlines()) == ["nugent-sn2l 1.2 II", "nugent-sn2n 2.1 II", "nugent-sn91bg 1.1 Ia"]


def test_bands_of_lsst_are_read_where_their_files_are(tmp_path: Path) -> None:
    folder = tmp_path / "bandpasses" / "lsst"
    folder.mkdir(parents=True)
    for number, letter in enumerate("ugrizy"):
        start = 3000 + 1000 * number
        rows = [f"{(start + 100 * i) / 10} {int(i in (1, 2))}" for i in range(4)]
        (folder / f"total_{letter}.dat").write_text("\n".join(rows))
    script = "print([round(band.wave_eff) for band in load_bandpasses(['lsst' + x for x in 'ugrizy'])[0].values()])"
    out = load(script, SNCOSMO_DATA_DIR=str(tmp_path))
    assert out == "[3150, 4150, 5150, 6150, 7150, 8150]\n"


def test_directories_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "some.dat").touch()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "models").symlink_to(tmp_path / "elsewhere")
    assert list(iterate_files(tmp_path / "here")) == [tmp_path / "here" / "models" / "some.dat"]


def test_the_overlay_is_deleted_at_exit(tmp_path: Path) -> None:
    load("build_overlay()", TMPDIR=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_leaves_is_deleted_by_the_next_one(tmp_path: Path) -> None:
    script = "print(build_overlay(), flush=True); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    code = "from fitter_lambda.input.templates import *\n" + script
    killed = process("tests.fitter.run_script", stdin=code, TMPDIR=str(tmp_path))
    left = Path(killed.stdout.strip())
    assert killed.returncode == -signal.SIGKILL and left.is_dir()
    load("build_overlay()", TMPDIR=str(tmp_path))
    assert left.is_dir()  # it may be one that is not locked yet
    os.utime(left, (0, 0))
    load("build_overlay()", TMPDIR=str(tmp_path))
    assert not left.exists()


def test_the_overlay_of_a_process_that_runs_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine = make_scratch_folder("fitter-templates-")
    os.utime(mine, (0, 0))
    load("build_overlay()", TMPDIR=str(tmp_path))
    assert mine.is_dir()


def test_later_processes_get_the_users_own_directory(tmp_path: Path) -> None:
    """The stack's containers read the same variable, so a fit must not change it."""
    script = "import os; load_source('salt3'); print(os.environ.get('SNCOSMO_DATA_DIR'))"
    assert load(script, SNCOSMO_DATA_DIR=str(tmp_path)) == f"{tmp_path}\n"
    assert load(script) == "None\n"


def test_missing_files_fail_fast_with_a_clear_message() -> None:
    """Without a network (here: a proxy that is not there) a download ends at once, with a way out."""
    out = load(
        "import time; began = time.monotonic()\n"
        "try: load_source('nugent-sn2n')\n"
        "except TemplateError as error: print(error)\n"
        "print(load_bandpasses(['ps1::g', 'ps1::r', 'ztfg'])[1]['ps1::r'])\n"
        "assert time.monotonic() - began < 15",
        https_proxy="http://127.0.0.1:9",
        HTTPS_PROXY="http://127.0.0.1:9",
    )
    for line, name in zip(out.splitlines(), ("source nugent-sn2n", "band ps1::r"), strict=True):
        assert name in line and "could not be fetched" in line and "SNCOSMO_DATA_DIR" in line
