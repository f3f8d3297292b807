#!/bin/sh
# Create the virtual environment: infra/setup.sh FOLDER
# pip uses the user's own configuration (index, proxy, cache).
set -eu

venv=$1
log=$venv.log

fail() {
    echo "make setup: $1" >&2
    exit 1
}

find_python() {
    for name in python3.11 python3; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

python=$(find_python)
[ -n "$python" ] || fail "no Python 3.11 found (looked for python3.11 and python3).
Heliograph needs this version, which is Lambda's. On Debian or Ubuntu: apt install python3.11 python3.11-venv;
elsewhere install it by pyenv or uv."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv module. On Debian or Ubuntu: apt install python3.11-venv"
command -v "${CC:-gcc}" >/dev/null 2>&1 ||
    fail "no C compiler found (looked for ${CC:-gcc}); needed to compile sncosmo and extinction.
On Debian or Ubuntu: apt install gcc; on Fedora: dnf install gcc; on macOS: xcode-select --install"

echo "setting up $venv (once, a few minutes) …"
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
[ -x "$venv/bin/python" ] || run_step "creating the environment" "$python" -m venv --clear "$venv"
run_step "installing the packages" "$venv/bin/python" -m pip install --disable-pip-version-check \
    -r requirements-dev.txt -c constraints.txt
run_step "installing the supernova models" "$venv/bin/python" -m pip install --disable-pip-version-check \
    --no-deps -r fitter_lambda/templates.txt
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
