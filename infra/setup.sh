#!/bin/sh
# Create the virtual environment: infra/setup.sh FOLDER
# PYTHON chooses its Python; else it is the newest of those that Heliograph runs on. An environment of another
# Python is made anew.
# pip uses the user's own configuration (index, proxy, cache).
set -eu

venv=$1
log=$venv.log

fail() {
    echo "make setup: $1" >&2
    exit 1
}

# The version of a Python, or nothing if it does not run (as a shim of pyenv whose version is not chosen).
tell_version() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

find_python() {
    pyenv_root=$(pyenv root 2>/dev/null || true)
    for version in 3.13 3.12 3.11; do
        for name in "python$version" python3 "${pyenv_root:-/nowhere}/versions/$version".*/bin/"python$version"; do
            if [ "$(tell_version "$name")" = "$version" ]; then
                echo "$name"
                return
            fi
        done
    done
}

if [ -n "${PYTHON:-}" ]; then
    python=$PYTHON
    version=$(tell_version "$python")
    [ -n "$version" ] || fail "PYTHON=$python is no Python that runs.
Name a command or a path, as in: make setup PYTHON=python3.13"
    case $version in
    3.11 | 3.12 | 3.13) ;;
    *) fail "PYTHON=$python is Python $version; Heliograph runs on 3.11, 3.12 and 3.13.
Choose one of these, or leave PYTHON out: then the newest that is there is taken." ;;
    esac
else
    python=$(find_python)
    [ -n "$python" ] || fail "no Python 3.13, 3.12 or 3.11 found (looked for python3.13, python3.12, python3.11, python3,
and the versions of pyenv).
On Debian or Ubuntu: apt install python3 python3-venv; elsewhere install one by pyenv or uv.
Or name one: make setup PYTHON=/path/to/python3.13"
    version=$(tell_version "$python")
fi
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv module. On Debian or Ubuntu: apt install python$version-venv"
command -v "${CC:-gcc}" >/dev/null 2>&1 ||
    fail "no C compiler found (looked for ${CC:-gcc}); needed to compile sncosmo and extinction.
On Debian or Ubuntu: apt install gcc; on Fedora: dnf install gcc; on macOS: xcode-select --install"

echo "setting up $venv with Python $version (once, a few minutes) …"
rm -f "$venv/.installed"
start=$(date +%s)

run_step() {
    echo "  $1 …"
    shift
    "$@" >>"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        fail "this step failed; the end of $log is above.
Check that pip reaches its package index and can build packages without a wheel, then run it again."
    }
}

: >"$log"
old_version=$(tell_version "$venv/bin/python")
if [ "$old_version" != "$version" ]; then
    [ -z "$old_version" ] || echo "  $venv had Python $old_version, and is made anew"
    run_step "creating the environment" "$python" -m venv --clear "$venv"
fi
run_step "installing the packages" "$venv/bin/python" -m pip install --disable-pip-version-check \
    -r requirements-dev.txt -c constraints.txt
run_step "installing the supernova models" "$venv/bin/python" -m pip install --disable-pip-version-check \
    --no-deps -r fitter_lambda/templates.txt
run_step "creating checkov's own environment" "$venv/bin/python" -m venv --clear "$venv/checkov"
run_step "installing checkov" "$venv/checkov/bin/python" -m pip install --disable-pip-version-check \
    --no-deps -r infra/checkov/requirements.txt
run_step "linking the package heliograph" "$venv/bin/python" -m pip install --disable-pip-version-check \
    --no-deps --no-build-isolation --editable .
find_chromium() {
    [ -n "${CHROMIUM:-}" ] || command -v chromium || command -v chromium-browser
}

if ! find_chromium >/dev/null; then
    echo "  downloading Chromium for the tests of the web app …"
    "$venv/bin/python" -m playwright install --only-shell chromium >>"$log" 2>&1 ||
        echo "  … failed: those tests will be skipped. To install it: apt install chromium"
fi
rm -f "$log"
touch "$venv/.installed"
echo "  done in $(($(date +%s) - start)) s"
