// One analysis: its verdict, main results and light curve; all else folded.
import { html, useEffect, useMemo, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { listProbabilities, readCatalogue } from "../core/fit_results.js";
import { formatSeconds, formatUtc, joinGroupNames, roundToError } from "../core/format.js";
import { readModelSpectra } from "../core/model_spectra.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { saveFile } from "../core/save_file.js";
import { isRecord, showText } from "../core/service_values.js";
import { AnalysisResults, selectEstimates } from "../parts/analysis_results.js";
import { AnalysisActions, AnalysisProgress, formatAuthor, useLiveStatus } from "../parts/analysis_status.js";
import { ActionButton, StateBadge } from "../parts/indicators.js";
import { copyText } from "../parts/copy_text.js";
import { ClassProbabilities, MainResults, ModelRanking } from "../parts/fit_summary.js";
import { Fold } from "../parts/fold.js";
import { ForecastTable } from "../parts/forecast_table.js";
import { Card, FactList } from "../parts/layout.js";
import { LightCurve } from "../parts/light_curve.js";
import { ErrorMessage, LoadedContent, LoadingMessage } from "../parts/messages.js";
import { ModelSpectra } from "../parts/model_spectrum.js";
import { showNotice } from "../parts/notices.js";
import { SharePanel } from "../parts/share_panel.js";
import { Picture } from "../parts/picture.js";
import { PosteriorViews, SaveFigureButton } from "../parts/posterior_views.js";
import { TakeOver } from "../parts/take_over.js";

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
  return html`<pre tabindex="0">${script}</pre><button type="button" onClick=${() => copyText(script, "script")}>Copy</button>`;
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

const VERDICT_MARKS = { good: ["good", "✓"], doubtful: ["doubtful", "?"], refuted: ["bad", "✗"] };

// The verdict of the service on its own model, in words that cannot be missed.
function VerdictBanner({ verdict }) {
  if (!verdict) return null;
  const [kind, mark] = VERDICT_MARKS[verdict.word];
  return html`<p class="verdict ${kind}" role=${verdict.describes_data ? undefined : "alert"}>
    <span aria-hidden="true">${mark}</span> ${showText(verdict.message)}${
      verdict.describes_data ? "" : " Do not use its numbers."
    }</p>`;
}

function Plots({ analysis, path, fileName }) {
  const plotNumbers = Array.from({ length: analysis.num_plots }, (_, number) => number);
  return html`<div class="pictures">${plotNumbers.map(
    (number) => html`<${Picture} path=${`${path}/plots/${number}`} caption=${`plot ${number + 1} of analysis ${analysis.id}`}
        name=${`${fileName}-plot-${number}`} />`,
  )}</div>`;
}

// The fitted light curve over the points that the reader may see.
function FittedLightCurve({ analysis }) {
  const sourcePath = `/sources/${encodeURIComponent(analysis.obj_id)}`;
  const load = useLoad(
    async (signal) => {
      const [source, points] = await Promise.all([
        api.get(sourcePath, {}, signal),
        api.get(`${sourcePath}/photometry`, { format: "both" }, signal),
      ]);
      return { source, points };
    },
    [analysis.obj_id],
  );
  const analyses = useMemo(() => [analysis], [analysis]);
  return html`<${LoadedContent} load=${load} text="Loading the light curve">${({ source, points }) => html`
    <${LightCurve} points=${points} source=${source} analyses=${analyses} isCompact=${true} />`}<//>`;
}

const FIGURE_SCALES = [
  ["flux", "Flux"],
  ["magnitude", "Magnitude"],
];

function Downloads({ path, fileName, hasModel }) {
  return html`<div class="row">
      <${DownloadButton} label="Results (JSON)" name=${`${fileName}.json`}
        loadContent=${() => api.get(`${path}/results`)} />
      <${DownloadButton} label="Posterior (netCDF)" name=${`${fileName}.nc`}
        loadContent=${() => api.getBlob(`${path}/inference_data`)} />
      <${DownloadButton} label="Everything (JSON)" name=${`${fileName}-all.json`}
        loadContent=${() => api.getBlob(path, { includeAnalysisData: true })} />
    </div>
    ${
      hasModel &&
      html`<h3>Light curve for a paper</h3>${FIGURE_SCALES.map(
        ([scale, label]) => html`<div class="row"><span>${label}</span>${["pdf", "svg", "png"].map(
          (format) => html`<${SaveFigureButton} request=${{ path: `${path}/light_curve`, query: { scale } }}
            format=${format} name=${`${fileName}-${scale}`} />`,
        )}</div>`,
      )}`
    }`;
}

const isFit = (results) => Object.keys(selectEstimates(results?.parameters)).length > 0;

// The main numbers of a fit, and what can be taken over from it unless it does not describe the data.
function FitResults({ analysis, results, hasSpectra }) {
  const catalogue = readCatalogue(results);
  const redshift = hasSpectra ? (selectEstimates(results.parameters).z ?? null) : null;
  return html`<${MainResults} results=${results} />
    ${catalogue && html`<${ClassProbabilities} catalogue=${catalogue} />`}
    ${isRecord(results.forecast) && html`<${ForecastTable} forecast=${results.forecast} />`}
    ${
      analysis.verdict?.describes_data !== false &&
      html`<${TakeOver} analysis=${analysis} probabilities=${listProbabilities(catalogue)} redshift=${redshift} />`
    }`;
}

// The redshift of a fit to two digits of its error; null if there is none.
function findRedshift(results) {
  const { median, err_minus: minus, err_plus: plus } = selectEstimates(results?.parameters).z ?? {};
  return Number.isFinite(median) ? Number(roundToError(median, 0.5 * (minus + plus)).text) : null;
}

// The summary of an analysis says that it has models over spectra before its results are loaded.
const expectsSpectra = ({ model_summary: summary }) => Array.isArray(summary?.spectra);

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
  const results = load.data;
  const fits = useMemo(() => readModelSpectra(results), [results]);
  const hasCurve = Boolean(analysis.model_lightcurve);
  const hasSpectra = results === undefined ? expectsSpectra(analysis) : fits.length > 0;
  const hasModel = hasCurve || hasSpectra;
  const hasPlots = analysis.show_plots && analysis.num_plots > 0;
  const catalogue = readCatalogue(results);
  return html`<div class="result">
      ${hasCurve && html`<${Card} title="Light curve"><${FittedLightCurve} analysis=${analysis} /><//>`}
      ${
        hasSpectra &&
        html`<${Card} title="Spectrum"><${LoadedContent} load=${load} text="Loading the model">${() => html`
          <${ModelSpectra} analysis=${analysis} fits=${fits}
            redshift=${findRedshift(results)} />`}<//><//>`
      }
      ${!hasModel && hasPlots && html`<${Card} title="Plots"><${Plots} analysis=${analysis} path=${path} fileName=${fileName} /><//>`}
      ${
        analysis.show_parameters &&
        html`<${Card} title="Results"><${LoadedContent} load=${load} text="Loading the results">${() =>
          isFit(results)
            ? html`<${FitResults} analysis=${analysis} results=${results} hasSpectra=${hasSpectra} />`
            : html`<${AnalysisResults} results=${results} />`}<//><//>`
      }
    </div>
    ${catalogue && html`<${Card} title="Ranking of models"><${ModelRanking} catalogue=${catalogue} /><//>`}
    ${
      hasModel &&
      hasPlots &&
      html`<${Fold} title="Figures of the service"><${Plots} analysis=${analysis} path=${path} fileName=${fileName} /><//>`
    }
    ${
      analysis.show_corner &&
      html`<${Fold} title="Posterior" isOpen=${!hasPlots}><${PosteriorViews} path=${path} id=${id} fileName=${fileName} /><//>`
    }
    ${isFit(results) && html`<${Fold} title="All results"><${AnalysisResults} results=${results} /><//>`}
    <${Fold} title="Downloads"><${Downloads} path=${path} fileName=${fileName} hasModel=${hasCurve} /><//>`;
}

function ParameterList({ parameters }) {
  const facts = Object.entries(parameters).map(([name, value]) => [
    name,
    showText(value),
  ]);
  return facts.length ? html`<${FactList} facts=${facts} />` : html`<p class="empty">No parameters set.</p>`;
}

function AnalysisFacts({ analysis }) {
  return html`<${FactList} facts=${[
    [
      "Service",
      html`<a href=${buildAddress(["service", analysis.analysis_service_id])}>${analysis.analysis_service_name}</a>`,
    ],
    ["Author", formatAuthor(analysis)],
    ["Created", formatUtc(analysis.created_at)],
    ["Duration", analysis.duration === null ? null : formatSeconds(analysis.duration)],
    ["Visible to", joinGroupNames(analysis.groups)],
    ["Input filters", analysis.input_filters && JSON.stringify(analysis.input_filters)],
  ]} />`;
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
      <p class="row" role="status"><${StateBadge} state=${live.status} verdict=${live.verdict} /> <span>${live.message && showText(live.message)}</span></p>
      <${VerdictBanner} verdict=${live.verdict} />
      <${AnalysisProgress} id=${id} live=${live} />
    <//>
    ${live.status === "completed" && !isCompleted && html`<${LoadingMessage} text="Loading the results" />`}
    ${isCompleted && html`<${Products} analysis=${analysis} path=${path} fileName=${fileName} />`}
    <${Card}><${SharePanel} kind="analysis" record=${analysis} onChange=${reload} /><//>
    <${Fold} title="Request" isOpen=${!isCompleted}>
      <${AnalysisFacts} analysis=${analysis} />
      <h3>Parameters</h3><${ParameterList} parameters=${analysis.analysis_parameters} />
      <${DownloadButton} label="Inputs (JSON)" name=${`${fileName}-inputs.json`}
        loadContent=${() => api.get(`${path}/inputs`)} />
    <//>
    <${Fold} title="In Python"><${PythonScript} id=${id} hasResults=${isCompleted} /><//>`;
}

export function AnalysisPage({ path: [id] }) {
  const load = useLoad((signal) => api.get(`/obj/analysis/${encodeURIComponent(id)}`, { includeDetails: true }, signal), [id]);
  if (load.data === undefined)
    return html`<h1>Analysis ${id}</h1><${LoadedContent} load=${load} text=${`Loading analysis ${id}`}>${() => null}<//>`;
  return html`<${AnalysisDetails} analysis=${load.data} reload=${load.reload} />`;
}
