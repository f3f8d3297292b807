// The list of analyses: filters, counts by state, and the form for a batch.
import { html, useEffect, useMemo, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { STATE_LABELS, formatServiceName, parseTime } from "../core/format.js";
import { forgetForm } from "../core/form_memory.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { buildUniqueKey } from "../core/unique_key.js";
import { buildAddress, navigateTo, useEntryState } from "../core/router.js";
import { getProfile, hasPermission } from "../core/session.js";
import { AnalysisRequestForm } from "../parts/analysis_request_form.js";
import { AnalysisCells, AnalysisHeaders, useLiveStatus } from "../parts/analysis_status.js";
import { SelectField, TextAreaField } from "../parts/form_fields.js";
import { StateBadge } from "../parts/indicators.js";
import { Card, ScrollArea } from "../parts/layout.js";
import { EmptyMessage, ErrorMessage, LoadedContent } from "../parts/messages.js";

const MAX_ANALYSES = 1000;
const PAGE_SIZE = 200;
const ROW_STEP = 100;
const MS_PER_DAY = 86_400_000;
// One state of the filter for all that did not work.
const FAILED = "failed";
const FAILED_STATES = ["failure", "timed_out"];
const PERIODS = [
  ["1", "in the last day"],
  ["7", "in the last week"],
  ["30", "in the last month"],
  ["", "at any time"],
];

const isInState = (status, state) => !state || status === state || (state === FAILED && FAILED_STATES.includes(status));

// The newest analyses of the period, at most MAX_ANALYSES or little more. `isCut` is true if there are older ones.
async function loadAnalyses({ service, days }, signal) {
  const start = Number(days) ? Date.now() - Number(days) * MS_PER_DAY : 0;
  const isInPeriod = (analysis) => parseTime(analysis.created_at) >= start;
  const analyses = [];
  let cursor;
  do {
    const query = { analysisServiceID: service, numPerPage: PAGE_SIZE, cursor, includeDetails: true };
    const { items, nextCursor } = await api.getPage("/obj/analysis", query, signal);
    analyses.push(...items.filter(isInPeriod));
    cursor = items.length && isInPeriod(items.at(-1)) ? nextCursor : null;
  } while (cursor && analyses.length < MAX_ANALYSES);
  return { analyses, isCut: Boolean(cursor) };
}

// Each count is a link to the analyses in this state; that of the present state leads back to all.
function StateCounts({ analyses, isCut, state, buildStateAddress }) {
  const counts = [FAILED, ...Object.keys(STATE_LABELS).filter((name) => !FAILED_STATES.includes(name))]
    .map((name) => [name, analyses.filter(({ status }) => isInState(status, name)).length])
    .filter(([name, count]) => count || name === state);
  return html`<div class="row" role="group" aria-label="Counts by state">
    ${counts.map(
      ([name, count]) => html`<a class="chip" aria-current=${state === name ? "true" : undefined}
      href=${buildStateAddress(state === name ? "" : name)}>${
        name === FAILED
          ? html`<span class="state failure">failed or timed out</span>`
          : html`<${StateBadge} state=${name} />`
      } ${count}</a>`,
    )}
    <span class="hint">${
      isCut
        ? `The newest ${analyses.length} analyses. Change the filters to see older ones.`
        : `${analyses.length} in total`
    }</span></div>`;
}

function AnalysisRow({ analysis, isSelected, onSelect, reload }) {
  const live = useLiveStatus(analysis, reload);
  const { id, obj_id: source } = analysis;
  return html`<tr>
    <td><input type="checkbox" aria-label=${`Select ${source} of analysis ${id} for a batch`} checked=${isSelected}
      onChange=${(event) => onSelect(event.target.checked)} /></td>
    <th scope="row"><a href=${buildAddress(["analysis", id])}>${id}</a></th>
    <td><a href=${buildAddress(["source", source])}>${source}</a></td>
    <${AnalysisCells} analysis=${analysis} live=${live} /></tr>`;
}

function AnalysisTable({ analyses, selection, setSelection, reload }) {
  const [rowCount, setRowCount] = useEntryState("rowCount", ROW_STEP);
  const toggleSource = (source, isSelected) => {
    const others = selection.filter((other) => other !== source);
    setSelection(isSelected ? [...others, source] : others);
  };
  return html`<${ScrollArea} label="Analyses"><table class="wide">
      <thead><tr><th scope="col">Batch</th><th scope="col">ID</th><th scope="col">Source</th>
        <${AnalysisHeaders} /></tr></thead>
      <tbody>${analyses.slice(0, rowCount).map(
        (analysis) => html`<${AnalysisRow} key=${analysis.id} analysis=${analysis} reload=${reload}
        isSelected=${selection.includes(analysis.obj_id)}
        onSelect=${(isSelected) => toggleSource(analysis.obj_id, isSelected)} />`,
      )}</tbody></table><//>
    ${
      analyses.length > rowCount &&
      html`<div class="pages"><button type="button" onClick=${() => setRowCount(rowCount + ROW_STEP)}>Show ${Math.min(
        ROW_STEP,
        analyses.length - rowCount,
      )} more</button></div>`
    }`;
}

// Starts one analysis for each source of a list, or of a group.
function BatchForm({ selection }) {
  const [text, setText] = useState(selection.join("\n"));
  const [group, setGroup] = useState("");
  const load = useLoad((signal) => api.get("/analysis_service", {}, signal), []);
  useEffect(() => setText(selection.join("\n")), [selection.join()]);
  const sources = text.split(/[\s,;]+/).filter(Boolean);
  const startAction = useAction(async (service, buildRequest) => {
    const targets = group ? { group_id: Number(group) } : { obj_ids: [...new Set(sources)] };
    const body = { ...buildRequest(), ...targets, service_id: service.id };
    const { id } = await api.post("/analysis_batch", body, buildUniqueKey());
    forgetForm("batch");
    navigateTo(["batch", id]);
  });
  return html`<div class="fields">
      <${SelectField} label="Sources of" value=${group} onChange=${setGroup}
        choices=${[["", "this list"], ...getProfile().groups.map(({ id, name }) => [id, name])]} />
      ${
        !group &&
        html`<${TextAreaField} label="Sources" value=${text} onChange=${setText}
        hint=${`${sources.length} sources. Select them in the table, or type their IDs.`} />`
      }
    </div><p></p>
    <${LoadedContent} load=${load} text="Loading the services">${(services) => html`
      <${AnalysisRequestForm} services=${services} filters=${[]} instruments=${[]} formKey="batch" action=${startAction} />`}<//>`;
}

// In the address, `batch` are the sources of a new batch, with commas between them.
const splitSources = (text) => (text ?? "").split(",").filter(Boolean);

export function AnalysesPage({ query }) {
  const [selection, setSelection] = useEntryState("selection", splitSources(query.batch));
  const [isAddingBatch, setIsAddingBatch] = useEntryState("isAddingBatch", Boolean(query.batch));
  const filters = { state: query.state ?? "", service: query.service ?? "", days: query.days ?? "7" };
  const load = useLoad((signal) => loadAnalyses(filters, signal), [filters.service, filters.days]);
  const services = useLoad((signal) => api.get("/analysis_service", {}, signal), []);
  useEffect(() => {
    if (!query.batch) return;
    setSelection(splitSources(query.batch));
    setIsAddingBatch(true);
  }, [query.batch]);
  // In the address, days=0 stands for any time: a blank value would be left out, and mean the default.
  const buildQuery = (changes) => {
    const newFilters = { ...filters, ...changes };
    return { ...newFilters, days: newFilters.days || "0" };
  };
  const changeFilters = (changes) => navigateTo(["analyses"], buildQuery(changes));
  const matches = useMemo(
    () => (load.data?.analyses ?? []).filter(({ status }) => isInState(status, filters.state)),
    [load.data, filters.state],
  );
  return html`<div class="head"><h1>Analyses</h1><div class="row"><a class="button" href="#/batches">Batches</a>${
    hasPermission("Run Analyses") &&
    html`<button type="button" class="main" aria-expanded=${isAddingBatch}
        onClick=${() => setIsAddingBatch(!isAddingBatch)}>New batch${
          selection.length ? ` of ${selection.length}` : ""
        }</button>`
  }</div></div>
    ${
      isAddingBatch &&
      hasPermission("Run Analyses") &&
      html`<${Card} title="One analysis for many sources"><${BatchForm} selection=${selection} /><//>`
    }
    <${Card}><div class="fields">
      <${SelectField} label="Service" value=${filters.service} onChange=${(service) => changeFilters({ service })}
        choices=${[["", "any"], ...(services.data ?? []).map((service) => [service.id, formatServiceName(service)])]} />
      <${SelectField} label="Created" value=${filters.days === "0" ? "" : filters.days} choices=${PERIODS}
        onChange=${(days) => changeFilters({ days })} />
      <${SelectField} label="State" value=${filters.state} onChange=${(state) => changeFilters({ state })}
        choices=${[["", "any"], [FAILED, "failed or timed out"], ...Object.entries(STATE_LABELS)]} />
    </div><//>
    <${Card} title="Matches" actions=${html`<button type="button" onClick=${load.reload}>Refresh</button>`}>
      <${LoadedContent} load=${load} text="Loading the analyses">${({ analyses, isCut }) => html`
        <${StateCounts} analyses=${analyses} isCut=${isCut} state=${filters.state}
          buildStateAddress=${(state) => buildAddress(["analyses"], buildQuery({ state }))} />
        ${
          matches.length
            ? html`<${AnalysisTable} analyses=${matches} selection=${selection} setSelection=${setSelection}
          reload=${load.reload} />`
            : html`<${EmptyMessage}>No analyses match. Change the filters.<//>`
        }`}<//>
      <${ErrorMessage} error=${services.error} /><//>`;
}
