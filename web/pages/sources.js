// The list of sources, and the form for a new one.
import { html, useEffect, useMemo, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatNumber, formatPosition, joinGroupNames } from "../core/format.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { getProfile, hasPermission } from "../core/session.js";
import { FormError, GroupCheckboxes, SelectField, TextField, handleSubmit, useForm } from "../parts/form_fields.js";
import { Age, StateBadge } from "../parts/indicators.js";
import { Card, ScrollArea } from "../parts/layout.js";
import { EmptyMessage, LoadedContent } from "../parts/messages.js";
import { showNotice } from "../parts/notices.js";

const PAGE_SIZE = 25;
const NEWEST_ANALYSES = 200;
const PARALLEL_REQUESTS = 4;
const NEW_SOURCE = { id: "", ra: "", dec: "", redshift: "", redshift_error: "", origin: "" };

// The newest analysis of each source. One list has most of them; the rest take a request for each source.
function useNewestAnalyses(sources) {
  const [analyses, setAnalyses] = useState({});
  useEffect(() => {
    const abort = new AbortController();
    const listAnalyses = (query) => api.get("/obj/analysis", query, abort.signal);
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

function SourceTable({ sources }) {
  const analyses = useNewestAnalyses(sources);
  return html`<${ScrollArea}><table class="wide">
    <thead><tr><th scope="col">Source</th><th scope="col">Position (ICRS)</th>
      <th scope="col" class="number">Redshift</th><th scope="col">Saved to</th>
      <th scope="col">Last analysis</th><th scope="col">Saved</th></tr></thead>
    <tbody>${sources.map(
      ({ id, ra, dec, redshift, groups, created_at: createdAt }) => html`<tr key=${id}>
      <th scope="row"><a href=${buildAddress(["source", id])}>${id}</a></th>
      <td class="number">${formatPosition(ra, dec)}</td>
      <td class="number">${formatNumber(redshift)}</td>
      <td>${joinGroupNames(groups)}</td>
      <td>${
        analyses[id] &&
        html`<a href=${buildAddress(["analysis", analyses[id].id])}><${StateBadge} state=${analyses[id].status} /></a>`
      }</td>
      <td><${Age} time=${createdAt} /></td></tr>`,
    )}</tbody>
  </table><//>`;
}

function SourceForm({ onClose }) {
  const [form, bindField] = useForm(NEW_SOURCE);
  const [groups, setGroups] = useState([]);
  const { busy, error, run } = useAction(async () => {
    const { redshift, redshift_error: redshiftError, origin } = form;
    const { id } = await api.post("/sources", {
      id: form.id.trim(),
      ra: form.ra === "" ? null : Number(form.ra),
      dec: form.dec === "" ? null : Number(form.dec),
      ...(redshift === "" ? {} : { redshift: Number(redshift) }),
      ...(redshiftError === "" ? {} : { redshift_error: Number(redshiftError) }),
      ...(origin ? { origin } : {}),
      ...(groups.length ? { group_ids: groups } : {}),
    });
    showNotice(`Saved the source ${id}.`, { kind: "good" });
    navigateTo(["source", id]);
  });
  const bind = (name) => bindField(name, error);
  return html`<${Card} title="New source"
      actions=${html`<button type="button" class="plain" onClick=${onClose}>Close</button>`}>
    <form onSubmit=${handleSubmit(run)}>
      <div class="fields">
        <${TextField} label="ID" required=${true} hint="Letters, digits and . _ + -" ...${bind("id")} />
        <${TextField} label="Right ascension (degrees)" type="number" hint="Leave both empty if unknown."
          ...${bind("ra")} />
        <${TextField} label="Declination (degrees)" type="number" ...${bind("dec")} />
        <${TextField} label="Redshift" type="number" ...${bind("redshift")} />
        <${TextField} label="Redshift error" type="number" ...${bind("redshift_error")} />
        <${TextField} label="Origin" hint="The survey or person that reported it" ...${bind("origin")} />
      </div>
      <p></p>
      <${GroupCheckboxes} groups=${getProfile().groups} value=${groups} onChange=${setGroups}
        hint="None selected: all your groups." />
      <${FormError} error=${error} fieldNames=${Object.keys(NEW_SOURCE)} />
      <div class="row end"><button class="main" disabled=${busy}>Save the source</button></div>
    </form>
  <//>`;
}

function PageLinks({ page, count, total, onSelect }) {
  const start = (page - 1) * PAGE_SIZE;
  const isLast = total === null ? count < PAGE_SIZE : page * PAGE_SIZE >= total;
  return html`<nav class="pages" aria-label="Pages">
    <span class="hint">${start + 1}–${start + count}${total === null ? "" : ` of ${total}`}</span>
    <button type="button" disabled=${page === 1} onClick=${() => onSelect(page - 1)}>Previous</button>
    <button type="button" disabled=${isLast} onClick=${() => onSelect(page + 1)}>Next</button></nav>`;
}

export function SourcesPage({ query }) {
  const [search, setSearch] = useState(query.search ?? "");
  const [isAdding, setIsAdding] = useState(false);
  const page = Number(query.page ?? 1);
  const filters = useMemo(
    () => ({ sourceID: query.search, group_ids: query.group, pageNumber: page, numPerPage: PAGE_SIZE }),
    [query.search, query.group, page],
  );
  const load = useLoad((signal) => api.get("/sources", filters, signal), [filters]);
  const showPage = (changes) => navigateTo(["sources"], { ...query, ...changes });
  return html`<div class="head"><h1>Sources</h1>
      ${
        hasPermission("Upload data") &&
        html`<button type="button" class="main" onClick=${() => setIsAdding(!isAdding)}
        aria-expanded=${isAdding}>Add a source</button>`
      }</div>
    ${isAdding && html`<${SourceForm} onClose=${() => setIsAdding(false)} />`}
    <${Card}>
      <form class="fields" role="search"
        onSubmit=${handleSubmit(() => showPage({ search: search.trim(), page: "" }))}>
        <${TextField} label="ID starts with" value=${search} onChange=${setSearch} />
        <${SelectField} label="Group" value=${query.group ?? ""} onChange=${(group) => showPage({ group, page: "" })}
          choices=${[["", "any"], ...getProfile().groups.map((group) => [group.id, group.name])]} />
        <div class="row"><button>Search</button></div>
      </form>
    <//>
    <${Card} title="Matches">
      <${LoadedContent} load=${load} text="Loading the sources">${({ sources, totalMatches }) =>
        sources.length
          ? html`<${SourceTable} sources=${sources} />
            <${PageLinks} page=${page} count=${sources.length} total=${totalMatches}
              onSelect=${(newPage) => showPage({ page: newPage })} />`
          : html`<${EmptyMessage}>No source visible to you${
              query.search ? ` starts with “${query.search}”` : ""
            }. Change the search or add a source.<//>`}<//>
    <//>`;
}
