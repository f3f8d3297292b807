// The table of a source's analyses.
import { html } from "../vendor/htm-preact.js";
import { buildAddress } from "../core/router.js";
import { AnalysisActions, AnalysisCells, AnalysisHeaders, useLiveStatus } from "./analysis_status.js";
import { ScrollArea } from "./layout.js";
import { EmptyMessage } from "./messages.js";

function AnalysisRow({ analysis, onChange }) {
  const live = useLiveStatus(analysis, onChange);
  return html`<tr>
    <th scope="row"><a href=${buildAddress(["analysis", analysis.id])}>${analysis.id}</a></th>
    <${AnalysisCells} analysis=${analysis} live=${live} />
    <td><${AnalysisActions} analysis=${analysis} status=${live.status} onChange=${onChange} /></td>
  </tr>`;
}

export function SourceAnalyses({ analyses, onChange }) {
  if (!analyses.length) return html`<${EmptyMessage}>No analyses yet.<//>`;
  return html`<${ScrollArea}><table class="wide">
    <thead><tr><th scope="col">ID</th><${AnalysisHeaders} /><th scope="col">Actions</th></tr></thead>
    <tbody>${analyses.map(
      (analysis) => html`<${AnalysisRow} key=${analysis.id} analysis=${analysis} onChange=${onChange} />`,
    )}</tbody>
  </table><//>`;
}
