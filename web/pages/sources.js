// The sources that one may see, and a form for a new one.
import { html, useEffect, useMemo, useState } from "../vendor/htm-preact.js";
import { get, post } from "../core/api.js";
import { useAction, useLoad } from "../core/load.js";
import { address, go } from "../core/router.js";
import { may, me } from "../core/session.js";
import { number, sexagesimal } from "../core/words.js";
import { Age, Card, Empty, Failure, Loaded, Scroll, State } from "../parts/basics.js";
import { ChoiceField, GroupTicks, TextField, errorOf, isOfField } from "../parts/fields.js";
import { notify } from "../parts/notices.js";

const PAGE = 25;
const NEWEST = 200;
const AT_ONCE = 4;

// The newest analysis of each source: of most from one list, of the rest one by one.
function useLastAnalyses(sources) {
  const [last, setLast] = useState({});
  useEffect(() => {
    const abort = new AbortController();
    const list = (query) => get("/obj/analysis", query, abort.signal);
    const find = async () => {
      const newest = await list({ numPerPage: NEWEST });
      const found = {};
      for (const analysis of newest) found[analysis.obj_id] ??= analysis;
      setLast({ ...found });
      const missing = newest.length < NEWEST ? [] : sources.filter((source) => !found[source.id]);
      const worker = async () => {
        for (let source = missing.pop(); source; source = missing.pop()) {
          [found[source.id]] = await list({ objID: source.id, numPerPage: 1 });
          setLast({ ...found });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    };
    find().catch(() => {});
    return () => abort.abort();
  }, [sources]);
  return last;
}

function Table({ sources }) {
  const last = useLastAnalyses(sources);
  return html`<${Scroll}><table class="wide">
    <thead><tr><th scope="col">Source</th><th scope="col">Position (ICRS)</th><th scope="col"
      class="number">Redshift</th><th scope="col">Saved to</th>
      <th scope="col">Last analysis</th><th scope="col">Saved</th></tr></thead>
    <tbody>${sources.map(
      (source) => html`<tr key=${source.id}>
      <th scope="row"><a href=${address(["source", source.id])}>${source.id}</a></th>
      <td class="number">${sexagesimal(source.ra, source.dec)}</td>
      <td class="number">${number(source.redshift)}</td>
      <td>${source.groups.map((group) => group.name).join(", ")}</td>
      <td>${
        last[source.id] &&
        html`<a href=${address(["analysis", last[source.id].id])}><${State}
        state=${last[source.id].status} /></a>`
      }</td>
      <td><${Age} of=${source.created_at} /></td></tr>`,
    )}</tbody>
  </table><//>`;
}

function NewSource({ done }) {
  const [form, setForm] = useState({ id: "", ra: "", dec: "", redshift: "", redshift_error: "", origin: "" });
  const [groups, setGroups] = useState([]);
  const set = (name) => (value) => setForm((before) => ({ ...before, [name]: value }));
  const save = useAction(async () => {
    const numbers = Object.fromEntries(
      ["ra", "dec", "redshift", "redshift_error"]
        .filter((name) => form[name] !== "" || name === "ra" || name === "dec")
        .map((name) => [name, form[name] === "" ? null : Number(form[name])]),
    );
    const body = {
      id: form.id.trim(),
      ...numbers,
      ...(form.origin ? { origin: form.origin } : {}),
      ...(groups.length ? { group_ids: groups } : {}),
    };
    const { id } = await post("/sources", body);
    notify(`${id} is saved.`, { kind: "good" });
    go(["source", id]);
  });
  const field = (name, label, more = {}) =>
    html`<${TextField} label=${label} value=${form[name]} change=${set(name)} error=${errorOf(save.error, name)}
      ...${more} />`;
  return html`<${Card} title="New source" actions=${html`<button type="button" class="plain"
    onClick=${done}>Close</button>`}>
    <form onSubmit=${(event) => (event.preventDefault(), save.run())}>
      <div class="fields">
        ${field("id", "Id", { required: true, hint: "Letters, digits and . _ + -" })}
        ${field("ra", "Right ascension (degrees)", { type: "number", hint: "Blank for both: no position known." })}
        ${field("dec", "Declination (degrees)", { type: "number" })}
        ${field("redshift", "Redshift", { type: "number" })}
        ${field("redshift_error", "Redshift error", { type: "number" })}
        ${field("origin", "Origin", { hint: "Who found it" })}
      </div>
      <p></p>
      <${GroupTicks} groups=${me().groups} chosen=${groups} change=${setGroups} hint="None: all groups of yours." />
      ${save.error && !isOfField(save.error, Object.keys(form)) && html`<${Failure} error=${save.error} />`}
      <div class="row end"><button class="main" disabled=${save.busy}>Save the source</button></div>
    </form>
  <//>`;
}

export function SourcesPage({ query }) {
  const [search, setSearch] = useState(query.search ?? "");
  const [adding, setAdding] = useState(false);
  const page = Number(query.page ?? 1);
  const asked = useMemo(
    () => ({ sourceID: query.search, group_ids: query.group, pageNumber: page, numPerPage: PAGE }),
    [query.search, query.group, page],
  );
  const load = useLoad((signal) => get("/sources", asked, signal), [asked]);
  const shown = (more) => go(["sources"], { ...query, page: "", ...more });
  return html`<div class="head"><h1>Sources</h1>
      ${
        may("Upload data") &&
        html`<button type="button" class="main" onClick=${() => setAdding(!adding)}
        aria-expanded=${adding}>Add a source</button>`
      }</div>
    ${adding && html`<${NewSource} done=${() => setAdding(false)} />`}
    <${Card}>
      <form class="fields" role="search"
        onSubmit=${(event) => (event.preventDefault(), shown({ search: search.trim() }))}>
        <${TextField} label="Id begins with" value=${search} change=${setSearch} />
        <${ChoiceField} label="Group" value=${query.group ?? ""} change=${(group) => shown({ group })}
          choices=${[["", "any"], ...me().groups.map((group) => [group.id, group.name])]} />
        <div class="row"><button>Search</button></div>
      </form>
    <//>
    <${Card} title="Found">
      <${Loaded} load=${load} what="Loading the sources">${({ sources, totalMatches }) =>
        sources.length
          ? html`<${Table} sources=${sources} /><nav class="pages" aria-label="Pages">
            <span class="hint">${(page - 1) * PAGE + 1}–${(page - 1) * PAGE + sources.length}${totalMatches === null ? "" : ` of ${totalMatches}`}</span>
            <button type="button" disabled=${page === 1}
              onClick=${() => go(["sources"], { ...query, page: page - 1 })}>Previous</button>
            <button type="button"
              disabled=${totalMatches === null ? sources.length < PAGE : page * PAGE >= totalMatches}
              onClick=${() => go(["sources"], { ...query, page: page + 1 })}>Next</button></nav>`
          : html`<${Empty}>No source that you may see${query.search ? ` begins with “${query.search}”` : ""}. Add one with the button above.<//>`}<//>
    <//>`;
}
