// The table of a source's analyses. Those that are selected can be compared.
import { html, useState } from "../vendor/htm-preact.js";
import { buildAddress } from "../core/router.js";
import { AnalysisActions, AnalysisCells, AnalysisHeaders, useLiveStatus } from "./analysis_status.js";
import { ScrollArea } from "./layout.js";
import { EmptyMessage } from "./messages.js";

function AnalysisRow({ analysis, isSelected, onSelect, onChange }) {
  const live = useLiveStatus(analysis, onChange);
  return html`<tr>
    <td>${
      live.status === "completed" &&
      html`<input type="checkbox" aria-label=${`Select analysis ${analysis.id} to compare`} checked=${isSelected}
        onChange=${onSelect} />`
    }</td>
    <th scope="row"><a href=${buildAddress(["analysis", analysis.id])}>${analysis.id}</a></th>
    <${AnalysisCells} analysis=${analysis} live=${live} />
    <td><${AnalysisActions} analysis=${analysis} status=${live.status} onChange=${onChange} /></td>
  </tr>`;
}

function CompareLink({ ids }) {
  if (ids.length < 2) return html`<p class="hint">Select two or more completed analyses to compare them.</p>`;
  return html`<p><a class="button main" href=${buildAddress(["compare", ids.join(",")])}>Compare ${ids.length} analyses</a></p>`;
}

export function SourceAnalyses({ analyses, onChange }) {
  const [ids, setIds] = useState([]);
  if (!analyses.length) return html`<${EmptyMessage}>No analyses yet.<//>`;
  const toggleId = (id) => setIds(ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id]);
  const completedCount = analyses.filter(({ status }) => status === "completed").length;
  return html`<${ScrollArea} label="Analyses of this source"><table class="wide">
    <caption class="unseen">Analyses of this source, newest first</caption>
    <thead><tr><th scope="col"><span class="unseen">Compare</span></th><th scope="col">ID</th><${AnalysisHeaders} />
      <th scope="col">Actions</th></tr></thead>
    <tbody>${analyses.map(
      (analysis) => html`<${AnalysisRow} key=${analysis.id} analysis=${analysis} onChange=${onChange}
        isSelected=${ids.includes(analysis.id)} onSelect=${() => toggleId(analysis.id)} />`,
    )}</tbody>
  </table><//>
  ${completedCount > 1 && html`<${CompareLink} ids=${ids} />`}`;
}
