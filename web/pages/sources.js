// The list of sources: search, filters, orders, favourites, and the form for a new one.
import { html, useEffect, useMemo, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useFavorites } from "../core/favorites.js";
import { readNumber } from "../core/numbers.js";
import { useLoad } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { getProfile, hasPermission } from "../core/session.js";
import { readSearch } from "../core/source_search.js";
import { Checkbox, NumberField, SelectField, TextField, handleSubmit } from "../parts/form_fields.js";
import { Card } from "../parts/layout.js";
import { EmptyMessage, ErrorMessage, LoadedContent } from "../parts/messages.js";
import { NewSourceForm } from "../parts/new_source_form.js";
import { SourceTable } from "../parts/source_table.js";

const PAGE_SIZE = 25;
const DEFAULT_RADIUS = "5";
const NEWEST_FIRST = { sortBy: "saved_at", sortOrder: "desc" };
const NEWEST_CLASSIFICATIONS = 300;

const listClasses = ({ class: name, subclasses = [] }) => [name, ...subclasses.flatMap(listClasses)].filter(Boolean);

// The classes of the taxonomies, and those that the newest classifications name.
async function loadClasses(signal) {
  const [taxonomies, { classifications }] = await Promise.all([
    api.get("/taxonomy", {}, signal),
    api.get("/classification", { numPerPage: NEWEST_CLASSIFICATIONS }, signal),
  ]);
  const declared = taxonomies.flatMap(({ hierarchy }) => listClasses(hierarchy));
  return [...new Set([...declared, ...classifications.map(({ classification }) => classification)])].sort();
}

// Returns {filters} for the API, or {error} if the address asks for what cannot be searched.
function buildFilters(query) {
  try {
    const radius = readNumber(query.radius || DEFAULT_RADIUS, "radius");
    const { error, ...search } = query.search ? readSearch(query.search, radius) : {};
    if (error) return { error: new Error(error) };
    return {
      filters: {
        ...search,
        classifications: query.class,
        group_ids: query.group,
        listName: query.favorites ? "favorites" : "",
        sortBy: query.sort,
        sortOrder: query.order,
        pageNumber: query.page ?? 1,
        cursor: query.cursor,
        numPerPage: PAGE_SIZE,
        includeClassifications: true,
        includePhotStats: true,
      },
    };
  } catch (error) {
    return { error };
  }
}

// What is typed, until it is sent into the address. When the address changes, as by Back, it shows what is there.
function useAddressField(value) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return [text, setText];
}

function SearchForm({ query, onSearch }) {
  const [search, setSearch] = useAddressField(query.search ?? "");
  const [radius, setRadius] = useAddressField(query.radius ?? DEFAULT_RADIUS);
  const classes = useLoad(loadClasses, []);
  const names = [...new Set([query.class, ...(classes.data ?? [])])].filter(Boolean);
  const isPosition = readSearch(search, 0).ra !== undefined;
  const submit = () =>
    onSearch({ search: search.trim(), radius: radius.trim() === DEFAULT_RADIUS ? "" : radius.trim() });
  return html`<form class="fields" role="search" onSubmit=${handleSubmit(submit)}>
    <${TextField} label="Search" value=${search} onChange=${setSearch}
      hint=${isPosition ? "A position: sources within the radius." : "Any part of a name or alias, or a position."} />
    ${isPosition && html`<${NumberField} label="Radius (arcsec)" value=${radius} onChange=${setRadius} />`}
    <${SelectField} label="Class" value=${query.class ?? ""} choices=${[["", "any"], ...names]}
      onChange=${(value) => onSearch({ class: value })} />
    <${SelectField} label="Group" value=${query.group ?? ""} onChange=${(group) => onSearch({ group })}
      choices=${[["", "any"], ...getProfile().groups.map((group) => [group.id, group.name])]} />
    <div class="row aligned"><button>Search</button>
      <${Checkbox} label="Only favourites" value=${Boolean(query.favorites)}
        onChange=${(isOnly) => onSearch({ favorites: isOnly ? "1" : "" })} /></div>
  </form>`;
}

function PageLinks({ page, count, total, nextCursor, onSelect }) {
  const start = (page - 1) * PAGE_SIZE;
  const isLast = page * PAGE_SIZE >= total;
  return html`<nav class="pages" aria-label="Pages">
    <span class="hint">${count ? `${start + 1}–${start + count} of ${total}` : "None"}${
      isLast && nextCursor ? " so far; not all sources were looked through" : ""
    }</span>
    <button type="button" disabled=${page === 1} onClick=${() => onSelect({ page: page - 1 })}>Previous</button>
    ${
      isLast && nextCursor
        ? html`<button type="button" onClick=${() => onSelect({ page: "", cursor: nextCursor })}>Look further</button>`
        : html`<button type="button" disabled=${isLast} onClick=${() => onSelect({ page: page + 1 })}>Next</button>`
    }</nav>`;
}

function describeFilters(query) {
  const parts = [
    query.search && `“${query.search}”`,
    query.class && `class ${query.class}`,
    query.favorites && "favourites",
  ].filter(Boolean);
  return parts.length ? ` for ${parts.join(", ")}` : "";
}

function BatchLink({ ticked, onClear }) {
  if (!ticked.length || !hasPermission("Run Analyses")) return null;
  return html`<a class="button main" href=${buildAddress(["analyses"], { batch: ticked.join(",") })}>New batch of ${
    ticked.length
  }</a><button type="button" onClick=${onClear}>Clear selection</button>`;
}

export function SourcesPage({ query }) {
  const [isAdding, setIsAdding] = useState(false);
  const [ticked, setTicked] = useState([]);
  const favorites = useFavorites();
  const request = useMemo(() => buildFilters(query), [JSON.stringify(query)]);
  const load = useLoad(
    async (signal) => {
      if (request.error) throw request.error;
      return api.getPage("/sources", request.filters, signal);
    },
    [request],
  );
  const page = Number(query.page ?? 1);
  const showPage = (changes) => navigateTo(["sources"], { ...query, page: "", cursor: "", ...changes });
  const order = query.sort ? { sortBy: query.sort, sortOrder: query.order ?? "asc" } : NEWEST_FIRST;
  const sort = (sortBy, sortOrder) =>
    showPage(sortBy === "saved_at" && sortOrder === "desc" ? { sort: "", order: "" } : { sort: sortBy, order: sortOrder });
  return html`<div class="head"><h1>Sources</h1>
      ${
        hasPermission("Upload data") &&
        html`<button type="button" class="main" onClick=${() => setIsAdding(!isAdding)}
        aria-expanded=${isAdding}>Add a source</button>`
      }</div>
    ${isAdding && html`<${NewSourceForm} onClose=${() => setIsAdding(false)} />`}
    <${Card}><${SearchForm} query=${query} onSearch=${showPage} /><//>
    <${Card} title="Matches" actions=${html`<${BatchLink} ticked=${ticked} onClear=${() => setTicked([])} />`}>
      <${ErrorMessage} error=${load.data && favorites.error} />
      <${LoadedContent} load=${load} text="Loading the sources">${({ items: { sources, totalMatches }, nextCursor }) =>
        html`${
          sources.length
            ? html`<${SourceTable} sources=${sources} caption=${`Sources that you can see${describeFilters(query)}`}
              order=${order} onSort=${sort} ticked=${ticked} onTick=${setTicked} favorites=${favorites} />`
            : html`<${EmptyMessage}>No source visible to you${describeFilters(query)}. Change the search or add a
              source.<//>`
        }
        ${
          (sources.length > 0 || nextCursor) &&
          html`<${PageLinks} page=${page} count=${sources.length} total=${totalMatches} nextCursor=${nextCursor}
            onSelect=${showPage} />`
        }`}<//>
    <//>`;
}
