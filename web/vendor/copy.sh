#!/bin/sh
# Copy the web app's libraries, at the versions of package.json, from npm into this folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$work/"
(cd "$work" && npm install --ignore-scripts --no-audit --no-fund --silent)
cp "$work/node_modules/htm/preact/standalone.module.js" "$here/htm-preact.js"
cp "$work/node_modules/plotly.js-basic-dist-min/plotly-basic.min.js" "$here/plotly-basic.min.js"
cp "$work/node_modules/htm/LICENSE" "$here/htm-preact.LICENSE"
cp "$work/node_modules/plotly.js-basic-dist-min/LICENSE" "$here/plotly.LICENSE"
echo "copied into $here"
