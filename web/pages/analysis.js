// One analysis: its status, results, plots, downloads, parameters.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatSeconds, formatUtc, joinGroupNames } from "../core/format.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { saveFile } from "../core/save_file.js";
import { AnalysisResults } from "../parts/analysis_results.js";
import { AnalysisActions, AnalysisProgress, formatAuthor, useLiveStatus } from "../parts/analysis_status.js";
import { ActionButton, StateBadge } from "../parts/indicators.js";
import { Card, FactList } from "../parts/layout.js";
import { ErrorMessage, LoadedContent, LoadingMessage } from "../parts/messages.js";
import { showNotice } from "../parts/notices.js";
import { Picture } from "../parts/picture.js";

function buildPythonScript(url, id, hasResults) {
  const script = `import requests

url = "${url}"
headers = {"Authorization": "token YOUR_TOKEN"}

analysis = requests.get(f"{url}/obj/analysis/${id}", headers=headers).json()["data"]
print(analysis["status"], analysis["status_message"])
`;
  if (!hasResults) return script;
  return `${script}
results = requests.get(f"{url}/obj/analysis/${id}/results", headers=headers).json()["data"]
netcdf = requests.get(f"{url}/obj/analysis/${id}/inference_data", headers=headers).content
with open("analysis_${id}.nc", "wb") as file:  # then: arviz.from_netcdf("analysis_${id}.nc")
    file.write(netcdf)
`;
}

function PythonScript({ id, hasResults }) {
  const [url, setUrl] = useState("");
  useEffect(() => void api.getUrl().then(setUrl), []);
  const script = buildPythonScript(url, id, hasResults);
  const copyScript = () =>
    navigator.clipboard.writeText(script).then(
      () => showNotice("Copied."),
      () => showNotice("The browser does not allow copying. Select the text and copy it.", { kind: "bad" }),
    );
  return html`<${Card} title="In Python" actions=${html`<button type="button" onClick=${copyScript}>Copy</button>`}>
    <pre tabindex="0">${script}</pre><//>`;
}

// JSON is indented: `loadContent` returns it as an object, other files as a Blob.
function DownloadButton({ label, name, loadContent }) {
  const action = useAction(async () => {
    const content = await loadContent();
    const isBlob = content instanceof Blob;
    saveFile(isBlob ? content : new Blob([JSON.stringify(content, null, 2)], { type: "application/json" }), name);
  });
  return html`<${ActionButton} action=${action} onClick=${action.run}>${label}<//><${ErrorMessage}
    error=${action.error} />`;
}

function Products({ analysis, path, fileName }) {
  const { id } = analysis;
  const load = useLoad(
    (signal) =>
      api.get(`${path}/results`, {}, signal).catch((error) => {
        if (error.status === 404) return null;
        throw error;
      }),
    [id],
  );
  const plotNumbers = Array.from({ length: analysis.num_plots }, (_, number) => number);
  return html`${
    analysis.show_plots &&
    plotNumbers.length > 0 &&
    html`<${Card} title="Plots"><div class="pictures">${plotNumbers.map(
      (number) => html`<${Picture} path=${`${path}/plots/${number}`} caption=${`plot ${number + 1} of analysis ${id}`}
        name=${`${fileName}-plot-${number}`} />`,
    )}</div><//>`
  }
    ${
      analysis.show_parameters &&
      html`<${Card} title="Results"><${LoadedContent} load=${load} text="Loading the results">${(results) => html`
        <${AnalysisResults} results=${results} />`}<//><//>`
    }
    ${analysis.show_corner && html`<${CornerPlot} path=${path} id=${id} fileName=${fileName} />`}
    <${Card} title="Downloads"><div class="row">
      <${DownloadButton} label="Results (JSON)" name=${`${fileName}.json`}
        loadContent=${() => api.get(`${path}/results`)} />
      <${DownloadButton} label="Posterior (netCDF)" name=${`${fileName}.nc`}
        loadContent=${() => api.getBlob(`${path}/inference_data`)} />
      <${DownloadButton} label="Everything (JSON)" name=${`${fileName}-all.json`}
        loadContent=${() => api.getBlob(path, { includeAnalysisData: true })} />
    </div><//>`;
}

function CornerPlot({ path, id, fileName }) {
  const [hasTitles, setHasTitles] = useState(true);
  const query = { plot_kwargs: JSON.stringify({ show_titles: hasTitles, quantiles: [0.16, 0.5, 0.84] }) };
  return html`<${Card} title="Corner plot" actions=${html`<button type="button" aria-pressed=${hasTitles}
    onClick=${() => setHasTitles(!hasTitles)}>Titles</button>`}>
    <${Picture} path=${`${path}/corner`} query=${query} caption=${`corner plot of analysis ${id}`}
      name=${`${fileName}-corner`} /><//>`;
}

function ParameterList({ parameters }) {
  const facts = Object.entries(parameters).map(([name, value]) => [
    name,
    typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  return facts.length ? html`<${FactList} facts=${facts} />` : html`<p class="empty">No parameters set.</p>`;
}

function AnalysisDetails({ analysis, reload }) {
  const live = useLiveStatus(analysis, reload);
  const { id, obj_id: source } = analysis;
  const path = `/obj/analysis/${id}`;
  const fileName = `${source}-analysis-${id}`;
  const isCompleted = analysis.status === "completed";
  const reloadOrLeave = async () => {
    try {
      await api.get(`${path}/status`);
      await reload();
    } catch {
      showNotice(`Deleted analysis ${id}.`);
      navigateTo(["source", source]);
    }
  };
  return html`<div class="head"><h1>Analysis ${id} of <a href=${buildAddress(["source", source])}>${source}</a></h1>
      <${AnalysisActions} analysis=${analysis} status=${live.status} onChange=${reloadOrLeave} /></div>
    <${Card}>
      <p class="row" role="status"><${StateBadge} state=${live.status} /> <span>${live.message}</span></p>
      <${AnalysisProgress} id=${id} live=${live} />
      <${FactList} facts=${[
        [
          "Service",
          html`<a href=${buildAddress(["service", analysis.analysis_service_id])}>${analysis.analysis_service_name}</a>`,
        ],
        ["Author", formatAuthor(analysis)],
        ["Created", formatUtc(analysis.created_at)],
        ["Duration", analysis.duration === null ? null : formatSeconds(analysis.duration)],
        ["Visible to", joinGroupNames(analysis.groups)],
        ["Input filters", analysis.input_filters && JSON.stringify(analysis.input_filters)],
      ]} />
    <//>
    ${live.status === "completed" && !isCompleted && html`<${LoadingMessage} text="Loading the results" />`}
    ${isCompleted && html`<${Products} analysis=${analysis} path=${path} fileName=${fileName} />`}
    <div class="columns">
      <${Card} title="Parameters" actions=${html`<${DownloadButton} label="Inputs (JSON)"
        name=${`${fileName}-inputs.json`} loadContent=${() => api.get(`${path}/inputs`)} />`}>
        <${ParameterList} parameters=${analysis.analysis_parameters} /><//>
      <${PythonScript} id=${id} hasResults=${isCompleted} />
    </div>`;
}

export function AnalysisPage({ path: [id] }) {
  const load = useLoad((signal) => api.get(`/obj/analysis/${encodeURIComponent(id)}`, {}, signal), [id]);
  if (load.data === undefined)
    return html`<h1>Analysis ${id}</h1><${LoadedContent} load=${load} text=${`Loading analysis ${id}`}>${() => null}<//>`;
  return html`<${AnalysisDetails} analysis=${load.data} reload=${load.reload} />`;
}
