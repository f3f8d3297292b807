#!/bin/sh
# Copy the browser libraries, at the versions of package.json, from npm to the folders that serve them.
set -eu
web=$(cd "$(dirname "$0")" && pwd)
reference=$(cd "$web/../../chalicelib/reference/swagger_ui" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$web/package.json" "$work/"
(cd "$work" && npm install --ignore-scripts --no-audit --no-fund --silent)
modules="$work/node_modules"
cp "$modules/htm/preact/standalone.module.js" "$web/htm-preact.js"
cp "$modules/plotly.js-basic-dist-min/plotly-basic.min.js" "$web/plotly-basic.min.js"
cp "$modules/htm/LICENSE" "$web/htm-preact.LICENSE"
cp "$modules/plotly.js-basic-dist-min/LICENSE" "$web/plotly.LICENSE"
# Without the reference to a source map, which is not served.
for file in swagger-ui-bundle.js swagger-ui.css; do
  sed '/^\/[/*]# sourceMappingURL=/d' "$modules/swagger-ui-dist/$file" > "$reference/$file"
done
for file in LICENSE NOTICE swagger-ui-bundle.js.LICENSE.txt; do
  cp "$modules/swagger-ui-dist/$file" "$reference/$file"
done
echo "copied into $web and $reference"
