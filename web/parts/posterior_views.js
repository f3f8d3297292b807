// Views of a posterior, drawn by the server: the corner plot, and those that users of ArviZ know.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useAction } from "../core/request_hooks.js";
import { saveFile } from "../core/save_file.js";
import { ActionButton } from "./indicators.js";
import { ErrorMessage } from "./messages.js";
import { Picture } from "./picture.js";

const VIEWS = [
  ["corner", "Corner"],
  ["trace", "Trace"],
  ["rank", "Rank"],
  ["pair", "Pair"],
  ["forest", "Forest"],
  ["ppc", "Posterior predictive"],
  ["loo", "LOO"],
];

const CORNER_ARGUMENTS = JSON.stringify({ show_titles: true, quantiles: [0.16, 0.5, 0.84] });

const getRequest = (path, kind) =>
  kind === "corner"
    ? { path: `${path}/corner`, query: { plot_kwargs: CORNER_ARGUMENTS } }
    : { path: `${path}/posterior_plot`, query: { kind } };

// Saves a picture in a format for papers. `request` is {path, query}.
export function SaveFigureButton({ request, format, name }) {
  const action = useAction(async () =>
    saveFile(await api.getBlob(request.path, { ...request.query, format }), `${name}.${format}`),
  );
  return html`<${ActionButton} action=${action} class="plain" onClick=${action.run}>${format.toUpperCase()}<//>
    <${ErrorMessage} error=${action.error} />`;
}

export function PosteriorViews({ path, id, fileName }) {
  const [kind, setKind] = useState("corner");
  const request = getRequest(path, kind);
  return html`<div class="row" role="group" aria-label="View of the posterior">${VIEWS.map(
      ([key, label]) => html`<button type="button" aria-pressed=${kind === key}
        onClick=${() => setKind(key)}>${label}</button>`,
    )}</div>
    <div class="pictures single"><${Picture} key=${kind} path=${request.path} query=${request.query}
      caption=${`${kind} plot of analysis ${id}`} name=${`${fileName}-${kind}`} /></div>
    <div class="row end"><span class="hint">Save for a paper:</span>${["pdf", "svg"].map(
      (format) => html`<${SaveFigureButton} key=${kind + format} request=${request} format=${format}
        name=${`${fileName}-${kind}`} />`,
    )}</div>`;
}
