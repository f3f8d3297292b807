// One source: facts, light curve, analyses, upload, periodogram, spectra, remarks.
import { html, useCallback, useMemo, useRef } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useLoad, usePolling } from "../core/request_hooks.js";
import { buildAddress } from "../core/router.js";
import { hasPermission } from "../core/session.js";
import { Card } from "../parts/layout.js";
import { LightCurve } from "../parts/light_curve.js";
import { EmptyMessage, ErrorMessage, LoadedContent } from "../parts/messages.js";
import { Periodogram } from "../parts/periodogram.js";
import { PhotometrySummary } from "../parts/photometry_summary.js";
import { PhotometryUpload } from "../parts/photometry_upload.js";
import { SectionTabs } from "../parts/section_tabs.js";
import { SharePanel } from "../parts/share_panel.js";
import { SourceAnalyses } from "../parts/source_analyses.js";
import { SourceHeader } from "../parts/source_header.js";
import { Annotations, Classifications, Comments } from "../parts/source_remarks.js";
import { Spectra } from "../parts/spectra.js";

const POLLING = { firstDelay: 15_000, longestDelay: 60_000, slowdown: 1.3 };
const MIN_PERIODOGRAM_POINTS = 5;

const SECTIONS = [
  { id: "light-curve", label: "Light curve" },
  { id: "analyses", label: "Analyses" },
  { id: "periodogram", label: "Periodogram" },
  { id: "spectra", label: "Spectra" },
  { id: "summary", label: "Summary" },
  { id: "remarks", label: "Remarks" },
];

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

export function SourcePage({ path: [id] }) {
  const path = `/sources/${encodeURIComponent(id)}`;
  const source = useLoad((signal) => api.get(path, { includeComments: true, includePhotStats: true }, signal), [id]);
  const photometry = useLoad((signal) => api.get(`${path}/photometry`, { format: "both" }, signal), [id]);
  const analyses = useLoad((signal) => api.get(`/obj/${encodeURIComponent(id)}/analysis`, { includeDetails: true }, signal), [id]);
  useNewAnalyses(id, analyses.reload);
  const reloadAnalyses = useCallback(() => Promise.all([analyses.reload(), source.reload()]), [id]);
  const reloadPhotometry = () => Promise.all([photometry.reload(), source.reload()]);
  if (source.data === undefined)
    return html`<h1>${id}</h1><${LoadedContent} load=${source} text=${`Loading ${id}`}>${() => null}<//>`;
  const canUpload = hasPermission("Upload data");
  const hasPeriodogram = photometry.data?.filter((point) => point.mag !== null).length >= MIN_PERIODOGRAM_POINTS;
  return html`<${SourceHeader} source=${source.data} onChange=${source.reload}>
      <div class="columns">${["source", "photometry"].map(
        (kind) => html`<${SharePanel} kind=${kind} record=${source.data} onChange=${reloadPhotometry} />`,
      )}</div><//>
    <${SectionTabs} sections=${SECTIONS} />
    <${ErrorMessage} error=${source.error} onRetry=${source.reload} />
    <${Card} id="light-curve" title="Light curve"><${LoadedContent} load=${photometry} text="Loading the photometry">
      ${(points) => html`<${LightCurve} points=${points} analyses=${analyses.data ?? []} source=${source.data} />`}<//><//>
    <${Card} id="analyses" title="Analyses" actions=${
      hasPermission("Run Analyses") && html`<a class="button" href=${buildAddress(["start", id])}>New analysis</a>`
    }><${LoadedContent} load=${analyses} text="Loading the analyses">
      ${(items) => html`<${SourceAnalyses} analyses=${items} onChange=${reloadAnalyses} />`}<//><//>
    ${
      canUpload &&
      html`<${Card} id="upload" title="Upload photometry"><${PhotometryUpload} source=${id} onSave=${reloadPhotometry} /><//>`
    }
    <${Card} id="periodogram" title="Periodogram">${
      photometry.data &&
      (hasPeriodogram
        ? html`<${Periodogram} source=${id} points=${photometry.data} onSave=${source.reload} />`
        : html`<${EmptyMessage}>At least ${MIN_PERIODOGRAM_POINTS} detections are needed.<//>`)
    }<//>
    <${Card} id="spectra" title="Spectra"><${Spectra} source=${source.data}
      analyses=${analyses.data ?? []} canUpload=${canUpload} /><//>
    <${Card} id="summary" title="Photometry summary"><${PhotometrySummary} stats=${source.data.photstats[0]} /><//>
    <${Card} id="remarks" title="Annotations"><${Annotations} source=${source.data} onChange=${source.reload} /><//>
    <div class="columns">
      <${Card} title="Classifications"><${Classifications} source=${source.data} onChange=${source.reload} /><//>
      <${Card} title="Comments"><${Comments} source=${source.data} onChange=${source.reload} /><//>
    </div>`;
}
