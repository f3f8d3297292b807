// One source: facts, light curve, analyses, upload, periodogram, spectra, remarks.
import { html, useCallback, useMemo, useRef, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatNumber, formatPosition, joinGroupNames } from "../core/format.js";
import { useAction, useLoad, usePolling } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { hasPermission } from "../core/session.js";
import { askConfirmation } from "../parts/confirm_dialog.js";
import { FormError, TextField, handleSubmit, useForm } from "../parts/form_fields.js";
import { ActionButton, Age } from "../parts/indicators.js";
import { Card, FactList } from "../parts/layout.js";
import { LightCurve } from "../parts/light_curve.js";
import { EmptyMessage, ErrorMessage, LoadedContent } from "../parts/messages.js";
import { showNotice } from "../parts/notices.js";
import { Periodogram } from "../parts/periodogram.js";
import { PhotometrySummary } from "../parts/photometry_summary.js";
import { PhotometryUpload } from "../parts/photometry_upload.js";
import { SourceAnalyses } from "../parts/source_analyses.js";
import { Annotations, Classifications, Comments } from "../parts/source_remarks.js";
import { Spectra } from "../parts/spectra.js";

const POLLING = { firstDelay: 15_000, longestDelay: 60_000, slowdown: 1.3 };
const MIN_PERIODOGRAM_POINTS = 5;

// Poll for analyses that others start.
function useNewAnalyses(source, reload) {
  const newestId = useRef(null);
  const checkNewest = async () => {
    const [newest] = await api.get("/obj/analysis", { objID: source, numPerPage: 1 }).catch(() => []);
    if (newest && newestId.current !== null && newest.id !== newestId.current) reload();
    newestId.current = newest?.id ?? 0;
  };
  usePolling(checkNewest, POLLING, [source]);
}

const EDITABLE_FIELDS = [
  ["ra", "Right ascension (degrees)", "number"],
  ["dec", "Declination (degrees)", "number"],
  ["redshift", "Redshift", "number"],
  ["redshift_error", "Redshift error", "number"],
  ["redshift_origin", "Origin of the redshift", "text"],
];

function SourceForm({ source, onSave }) {
  const [form, bindField] = useForm(Object.fromEntries(EDITABLE_FIELDS.map(([name]) => [name, source[name] ?? ""])));
  const { busy, error, run } = useAction(async () => {
    const convertValue = (text, type) => (type === "number" ? Number(text) : text);
    const changes = EDITABLE_FIELDS.map(([name, , type]) => [
      name,
      form[name] === "" ? null : convertValue(form[name], type),
    ]);
    await api.patch(`/sources/${encodeURIComponent(source.id)}`, Object.fromEntries(changes));
    await onSave();
  });
  return html`<form onSubmit=${handleSubmit(run)}>
    <div class="fields">${EDITABLE_FIELDS.map(
      ([name, label, type]) => html`<${TextField} label=${label} type=${type} ...${bindField(name, error)} />`,
    )}</div>
    <${FormError} error=${error} fieldNames=${EDITABLE_FIELDS.map(([name]) => name)} />
    <p></p><div class="row end"><button class="main" disabled=${busy}>Save</button></div>
  </form>`;
}

function formatRedshift({ redshift, redshift_error: error, redshift_origin: origin }) {
  if (redshift === null) return "unknown";
  return `${formatNumber(redshift)}${error ? ` ± ${formatNumber(error)}` : ""}${origin ? ` (${origin})` : ""}`;
}

const formatClassification = ({ classification, probability }) =>
  `${classification}${probability === null ? "" : ` (${probability})`}`;

const Position = ({ ra, dec }) =>
  html`<span class="number">${formatPosition(ra, dec)}</span>${
    ra === null ? "" : ` (${formatNumber(ra, 9)}°, ${formatNumber(dec, 9)}°)`
  }`;

function SourceHeader({ source, onChange }) {
  const [isEditing, setIsEditing] = useState(false);
  const deleteAction = useAction(async () => {
    const isConfirmed = await askConfirmation({
      title: `Delete ${source.id}?`,
      text: "This deletes the source with its photometry, spectra, remarks and analyses, for everyone. It cannot be undone.",
      action: "Delete source",
    });
    if (!isConfirmed) return;
    await api.delete(`/sources/${encodeURIComponent(source.id)}`);
    showNotice(`Deleted the source ${source.id}.`);
    navigateTo(["sources"]);
  });
  const closeForm = () => {
    setIsEditing(false);
    onChange();
  };
  return html`<div class="head"><h1>${source.id}</h1><div class="row">
      ${
        hasPermission("Run Analyses") &&
        html`<a class="button main" href=${buildAddress(["start", source.id])}>Start an analysis</a>`
      }
      ${
        hasPermission("Upload data") &&
        html`<button type="button" aria-expanded=${isEditing} onClick=${() => setIsEditing(!isEditing)}>Edit</button>
        <${ActionButton} action=${deleteAction} class="danger" onClick=${deleteAction.run}>Delete<//>`
      }</div></div>
    <${ErrorMessage} error=${deleteAction.error} />
    <${Card}>
      <${FactList} facts=${[
        ["Position", html`<${Position} ra=${source.ra} dec=${source.dec} />`],
        ["Redshift", formatRedshift(source)],
        ["Aliases", source.alias?.join(", ")],
        ["Origin", source.origin],
        ["Classification", source.classifications.map(formatClassification).join(", ")],
        ["Saved to", joinGroupNames(source.groups)],
        ["Saved", html`<${Age} time=${source.created_at} />`],
        ["Summary", source.summary],
      ]} />
      ${isEditing && html`<h3>Edit source</h3><${SourceForm} source=${source} onSave=${closeForm} />`}
    <//>`;
}

export function SourcePage({ path: [id] }) {
  const path = `/sources/${encodeURIComponent(id)}`;
  const source = useLoad((signal) => api.get(path, { includeComments: true, includePhotStats: true }, signal), [id]);
  const photometry = useLoad((signal) => api.get(`${path}/photometry`, { format: "both" }, signal), [id]);
  const analyses = useLoad((signal) => api.get(`/obj/${encodeURIComponent(id)}/analysis`, {}, signal), [id]);
  useNewAnalyses(id, analyses.reload);
  const reloadAnalyses = useCallback(() => Promise.all([analyses.reload(), source.reload()]), [id]);
  const reloadPhotometry = () => Promise.all([photometry.reload(), source.reload()]);
  if (source.data === undefined)
    return html`<h1>${id}</h1><${LoadedContent} load=${source} text=${`Loading ${id}`}>${() => null}<//>`;
  const hasPeriodogram = photometry.data?.filter((point) => point.mag !== null).length >= MIN_PERIODOGRAM_POINTS;
  return html`<${SourceHeader} source=${source.data} onChange=${source.reload} />
    <${ErrorMessage} error=${source.error} onRetry=${source.reload} />
    <${Card} title="Light curve"><${LoadedContent} load=${photometry} text="Loading the photometry">
      ${(points) => html`<${LightCurve} points=${points} analyses=${analyses.data ?? []} source=${source.data} />`}<//><//>
    <${Card} title="Analyses" actions=${
      hasPermission("Run Analyses") && html`<a class="button" href=${buildAddress(["start", id])}>New analysis</a>`
    }><${LoadedContent} load=${analyses} text="Loading the analyses">
      ${(items) => html`<${SourceAnalyses} analyses=${items} onChange=${reloadAnalyses} />`}<//><//>
    ${
      hasPermission("Upload data") &&
      html`<${Card} title="Upload photometry"><${PhotometryUpload} source=${id} onSave=${reloadPhotometry} /><//>`
    }
    <${Card} title="Periodogram">${
      photometry.data &&
      (hasPeriodogram
        ? html`<${Periodogram} source=${id} points=${photometry.data} onSave=${source.reload} />`
        : html`<${EmptyMessage}>At least ${MIN_PERIODOGRAM_POINTS} detections are needed.<//>`)
    }<//>
    <${Card} title="Spectra"><${Spectra} source=${id} /><//>
    <${Card} title="Photometry summary"><${PhotometrySummary} stats=${source.data.photstats[0]} /><//>
    <${Card} title="Annotations"><${Annotations} source=${source.data} onChange=${source.reload} /><//>
    <div class="columns">
      <${Card} title="Classifications"><${Classifications} source=${source.data} onChange=${source.reload} /><//>
      <${Card} title="Comments"><${Comments} source=${source.data} onChange=${source.reload} /><//>
    </div>`;
}
