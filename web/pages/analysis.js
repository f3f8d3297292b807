// One analysis: what was asked, what was sent, what came back.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { base, file, get } from "../core/api.js";
import { useAction, useLoad } from "../core/load.js";
import { address, go } from "../core/router.js";
import { hasEnded } from "../core/watch.js";
import { seconds, utc } from "../core/words.js";
import { Actions, authorOf, useLive } from "../parts/analyses_of_source.js";
import { Busy, Card, Facts, Failure, Loaded, Progress, State, Waiting, save } from "../parts/basics.js";
import { notify } from "../parts/notices.js";
import { Picture } from "../parts/pictures.js";
import { Results } from "../parts/results.js";

function snippet(url, id, results) {
  return `import requests

url = "${url}"
headers = {"Authorization": "token YOUR_TOKEN"}

analysis = requests.get(f"{url}/obj/analysis/${id}", headers=headers).json()["data"]
print(analysis["status"], analysis["status_message"])
${
  results
    ? `
results = requests.get(f"{url}/obj/analysis/${id}/results", headers=headers).json()["data"]
netcdf = requests.get(f"{url}/obj/analysis/${id}/inference_data", headers=headers).content
with open("analysis_${id}.nc", "wb") as file:  # then: arviz.from_netcdf("analysis_${id}.nc")
    file.write(netcdf)
`
    : ""
}`;
}

function Snippet({ id, results }) {
  const [url, setUrl] = useState("");
  useEffect(() => void base().then(setUrl), []);
  const text = snippet(url, id, results);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => notify("Copied."),
      () => notify("The browser does not allow copying; select the text instead.", { kind: "bad" }),
    );
  return html`<${Card} title="In Python" actions=${html`<button type="button" onClick=${copy}>Copy</button>`}><pre
    tabindex="0">${text}</pre><//>`;
}

function Download({ label, path, query, name, pretty }) {
  const load = useAction(async () => {
    const blob = pretty
      ? new Blob([JSON.stringify(await get(path, query), null, 2)], { type: "application/json" })
      : await file(path, query);
    save(blob, name);
  });
  return html`<${Busy} action=${load} onClick=${load.run}>${label}<//><${Failure} error=${load.error} />`;
}

const Json = ({ of }) =>
  html`<${Facts} of=${Object.entries(of).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)])} />`;

function Outcome({ analysis }) {
  const of = `/obj/analysis/${analysis.id}`;
  const results = useLoad(
    (signal) =>
      get(`${of}/results`, {}, signal).catch((error) => {
        if (error.status === 404) return null;
        throw error;
      }),
    [analysis.id],
  );
  const name = `${analysis.obj_id}-analysis-${analysis.id}`;
  const plots = Array.from({ length: analysis.num_plots }, (_, number) => number);
  return html`${
    analysis.show_plots &&
    plots.length > 0 &&
    html`<${Card} title="Plots"><div class="pictures">${plots.map(
      (number) => html`
      <${Picture} path=${`${of}/plots/${number}`} what=${`plot ${number + 1} of analysis ${analysis.id}`}
        name=${`${name}-plot-${number}`} />`,
    )}</div><//>`
  }
    ${
      analysis.show_parameters &&
      html`<${Card} title="Results"><${Loaded} load=${results}
      what="Loading the results">${(found) => html`<${Results} results=${found} />`}<//><//>`
    }
    ${analysis.show_corner && html`<${Corner} of=${of} id=${analysis.id} name=${name} />`}
    <${Card} title="Downloads"><div class="row">
      <${Download} label="Results (JSON)" path=${`${of}/results`} name=${`${name}.json`} pretty=${true} />
      <${Download} label="Posterior (netCDF)" path=${`${of}/inference_data`} name=${`${name}.nc`} />
      <${Download} label="Everything (JSON)" path=${of} query=${{ includeAnalysisData: true }}
        name=${`${name}-all.json`} />
    </div><//>`;
}

// The corner plot is drawn when it is first asked for, which takes a while.
function Corner({ of, id, name }) {
  const [titles, setTitles] = useState(true);
  const query = { plot_kwargs: JSON.stringify({ show_titles: titles, quantiles: [0.16, 0.5, 0.84] }) };
  return html`<${Card} title="Corner plot" actions=${html`<button type="button" aria-pressed=${titles}
    onClick=${() => setTitles(!titles)}>Titles</button>`}>
    <${Picture} path=${`${of}/corner`} query=${query} what=${`corner plot of analysis ${id}`}
      name=${`${name}-corner`} /><//>`;
}

function Live({ analysis, reload }) {
  const { status, message, progress } = useLive(analysis, reload);
  const gone = async () => {
    try {
      await get(`/obj/analysis/${analysis.id}/status`);
      await reload();
    } catch {
      notify(`Analysis ${analysis.id} is deleted.`);
      go(["source", analysis.obj_id]);
    }
  };
  return html`<div class="head"><h1>Analysis ${analysis.id} of <a
    href=${address(["source", analysis.obj_id])}>${analysis.obj_id}</a></h1>
      <${Actions} analysis=${analysis} status=${status} changed=${gone} /></div>
    <${Card}>
      <p class="row" role="status"><${State} state=${status} /> <span>${message}</span></p>
      ${!hasEnded(status) && html`<${Progress} value=${progress} of=${`analysis ${analysis.id}`} />`}
      <${Facts} of=${[
        [
          "Service",
          html`<a href=${address(["service", analysis.analysis_service_id])}>${analysis.analysis_service_name}</a>`,
        ],
        ["Author", authorOf(analysis)],
        ["Asked", utc(analysis.created_at)],
        ["Took", analysis.duration === null ? null : seconds(analysis.duration)],
        ["Seen by", analysis.groups.map((group) => group.name).join(", ")],
        ["Photometry sent", analysis.input_filters && JSON.stringify(analysis.input_filters)],
      ]} />
    <//>
    ${status === "completed" && analysis.status !== "completed" && html`<${Waiting} what="Loading what came back" />`}
    ${analysis.status === "completed" && html`<${Outcome} analysis=${analysis} />`}
    <div class="columns">
      <${Card} title="Parameters" actions=${html`<${Download} label="What was sent"
        path=${`/obj/analysis/${analysis.id}/inputs`} pretty=${true}
        name=${`${analysis.obj_id}-analysis-${analysis.id}-inputs.json`} />`}>
        ${
          Object.keys(analysis.analysis_parameters).length
            ? html`<${Json}
          of=${analysis.analysis_parameters} />`
            : html`<p class="empty">None were chosen.</p>`
        }<//>
      <${Snippet} id=${analysis.id} results=${analysis.status === "completed"} />
    </div>`;
}

export function AnalysisPage({ path: [id] }) {
  const load = useLoad((signal) => get(`/obj/analysis/${encodeURIComponent(id)}`, {}, signal), [id]);
  if (load.data === undefined)
    return html`<h1>Analysis ${id}</h1><${Loaded} load=${load} what=${`Loading analysis ${id}`}>${() => null}<//>`;
  return html`<${Live} analysis=${load.data} reload=${load.reload} />`;
}
