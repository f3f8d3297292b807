// The table of sources: what each is, its last magnitude, its last analysis; stars, ticks and orders.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatMjd, formatNumber, formatPosition } from "../core/format.js";
import { buildAddress } from "../core/router.js";
import { Age, StateBadge } from "./indicators.js";
import { ScrollArea } from "./layout.js";
import { StarButton } from "./star_button.js";

const NEWEST_ANALYSES = 200;
const PARALLEL_REQUESTS = 4;

// The newest analysis of each source. One list has most of them; the rest take a request for each source.
function useNewestAnalyses(sources) {
  const [analyses, setAnalyses] = useState({});
  useEffect(() => {
    const abort = new AbortController();
    const listAnalyses = (query) => api.get("/obj/analysis", { ...query, includeDetails: true }, abort.signal);
    const loadAnalyses = async () => {
      const bySource = {};
      const newest = await listAnalyses({ numPerPage: NEWEST_ANALYSES });
      for (const analysis of newest) bySource[analysis.obj_id] ??= analysis;
      setAnalyses({ ...bySource });
      const missing = newest.length < NEWEST_ANALYSES ? [] : sources.filter(({ id }) => !bySource[id]);
      const loadMissing = async () => {
        for (let source = missing.pop(); source; source = missing.pop()) {
          [bySource[source.id]] = await listAnalyses({ objID: source.id, numPerPage: 1 });
          setAnalyses({ ...bySource });
        }
      };
      await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, loadMissing));
    };
    // The column is an extra: without it the page still works.
    loadAnalyses().catch(() => {});
    return () => abort.abort();
  }, [sources]);
  return analyses;
}

// The classification that was made last, as the order by class takes it.
export function ClassBadge({ classifications = [] }) {
  const newest = classifications.at(-1);
  if (!newest) return null;
  const probability = newest.probability === null ? "" : ` ${newest.probability}`;
  return html`<span class="class">${newest.classification}${probability}</span>`;
}

function LastMagnitude({ photstats: [stats] = [] }) {
  if (!stats || stats.last_detected_mag === null) return "–";
  const time = formatMjd(stats.last_detected_mjd).replace(" ", "T");
  return html`<span class="number">${stats.last_detected_mag.toFixed(2)}</span> ${stats.last_detected_filter}
    <br /><span class="hint"><${Age} time=${time} /></span>`;
}

function LastAnalysis({ analysis }) {
  if (!analysis) return "–";
  const isRefuted = analysis.verdict?.describes_data === false;
  return html`<a href=${buildAddress(["analysis", analysis.id])}>${
    isRefuted
      ? html`<span class="state doubtful">does not describe the data</span>`
      : html`<${StateBadge} state=${analysis.status} />`
  }</a>`;
}

const joinAliases = ({ alias, tns_name: tnsName }) => [...new Set([tnsName, ...(alias ?? [])])].filter(Boolean).join(", ");

function SourceRow({ source, analysis, favorites, isTicked, onTick }) {
  const aliases = joinAliases(source);
  return html`<tr>
    <td class="narrow"><input type="checkbox" aria-label=${`Select ${source.id}`} checked=${isTicked}
      onChange=${onTick} /></td>
    <td class="narrow"><${StarButton} source=${source.id} favorites=${favorites} /></td>
    <th scope="row"><a href=${buildAddress(["source", source.id])}>${source.id}</a>${
      aliases && html`<br /><span class="hint">${aliases}</span>`
    }<div class="phone"><${ClassBadge} classifications=${source.classifications} /></div></th>
    <td class="extra"><${ClassBadge} classifications=${source.classifications} /></td>
    <td class="extra"><span class="number">${formatPosition(source.ra, source.dec)}</span></td>
    <td class="extra number">${formatNumber(source.redshift)}</td>
    <td><${LastMagnitude} photstats=${source.photstats} /></td>
    <td><${LastAnalysis} analysis=${analysis} /></td>
    <td class="extra age"><${Age} time=${source.created_at} /></td>
  </tr>`;
}

// A header that orders the list; pressed again, the other way round.
function SortHeader({ label, name, order, firstDirection = "asc", onSort, ...attributes }) {
  const isCurrent = order.sortBy === name;
  const other = order.sortOrder === "asc" ? "desc" : "asc";
  const arrow = order.sortOrder === "asc" ? "▲" : "▼";
  const direction = order.sortOrder === "asc" ? "ascending" : "descending";
  return html`<th scope="col" aria-sort=${isCurrent ? direction : undefined} ...${attributes}>
    <button type="button" class="sort" onClick=${() => onSort(name, isCurrent ? other : firstDirection)}>${label}${" "}
      <span aria-hidden="true">${isCurrent ? arrow : "↕"}</span></button></th>`;
}

function TableHead({ order, onSort, areAllTicked, onTickAll }) {
  const shared = { order, onSort };
  return html`<thead><tr>
    <th scope="col" class="narrow"><input type="checkbox" aria-label="Select all on this page" checked=${areAllTicked}
      onChange=${onTickAll} /></th>
    <th scope="col" class="narrow"><span class="unseen">Favourite</span></th>
    <${SortHeader} label="Source" name="id" ...${shared} />
    <${SortHeader} label="Class" name="classification" class="extra" ...${shared} />
    <${SortHeader} label="Position (ICRS)" name="ra" class="extra" ...${shared} />
    <${SortHeader} label="Redshift" name="redshift" class="extra number" ...${shared} />
    <th scope="col">Last magnitude</th><th scope="col">Last analysis</th>
    <${SortHeader} label="Saved" name="saved_at" class="extra" firstDirection="desc" ...${shared} />
  </tr></thead>`;
}

// `ticked` is the list of ids of ticked sources; `order` is {sortBy, sortOrder}.
export function SourceTable({ sources, caption, order, onSort, ticked, onTick, favorites }) {
  const analyses = useNewestAnalyses(sources);
  const ids = sources.map(({ id }) => id);
  const areAllTicked = ids.every((id) => ticked.includes(id));
  const toggleAll = () =>
    onTick(areAllTicked ? ticked.filter((id) => !ids.includes(id)) : [...new Set([...ticked, ...ids])]);
  const toggleOne = (id) => onTick(ticked.includes(id) ? ticked.filter((other) => other !== id) : [...ticked, id]);
  return html`<${ScrollArea} label="Sources"><table class="sources">
    <caption>${caption}</caption>
    <${TableHead} order=${order} onSort=${onSort} areAllTicked=${areAllTicked} onTickAll=${toggleAll} />
    <tbody>${sources.map(
      (source) => html`<${SourceRow} key=${source.id} source=${source} analysis=${analyses[source.id]}
        favorites=${favorites} isTicked=${ticked.includes(source.id)} onTick=${() => toggleOne(source.id)} />`,
    )}</tbody>
  </table><//>`;
}
