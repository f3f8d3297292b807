// All analyses that one may see: filters, counts by state, and a batch for many sources.
import { html, useEffect, useMemo, useState } from "../vendor/htm-preact.js";
import { get, page, post } from "../core/api.js";
import { useAction, useLoad } from "../core/load.js";
import { address, go } from "../core/router.js";
import { may, me } from "../core/session.js";
import { STATES, seconds, time } from "../core/words.js";
import { authorOf, useLive } from "../parts/analyses_of_source.js";
import { Age, Card, Empty, Failure, Loaded, Progress, Scroll, State } from "../parts/basics.js";
import { AreaField, ChoiceField } from "../parts/fields.js";
import { RequestForm } from "../parts/request_form.js";
import { hasEnded } from "../core/watch.js";

const MOST = 1000;
const A_PAGE = 200;
const SHOWN = 100;
const DAY = 86_400_000;
const SPANS = [
  ["1", "the last day"],
  ["7", "the last week"],
  ["30", "the last month"],
  ["", "any time"],
];

// The newest analyses of a span, page by page; at most MOST.
async function newest({ service, state, days }, signal) {
  const since = Number(days) ? Date.now() - Number(days) * DAY : 0;
  const all = [];
  let cursor;
  do {
    const { items, next } = await page(
      "/obj/analysis",
      { analysisServiceID: service, status: state, numPerPage: A_PAGE, cursor },
      signal,
    );
    all.push(...items.filter((one) => time(one.created_at) >= since));
    cursor = items.length && time(items.at(-1).created_at) >= since ? next : null;
  } while (cursor && all.length < MOST);
  return { all, cut: Boolean(cursor) };
}

function Counts({ all, cut, state, choose }) {
  const counts = Object.keys(STATES).map((name) => [name, all.filter((one) => one.status === name).length]);
  return html`<div class="row" role="group" aria-label="Counts by state">
    ${counts
      .filter(([name, count]) => count || name === state)
      .map(
        ([name, count]) => html`<button type="button" class="chip" aria-pressed=${state === name}
      onClick=${() => choose(state === name ? "" : name)}><${State} state=${name} /> ${count}</button>`,
      )}
    <span class="hint">${all.length} ${cut ? "newest shown; narrow the filters to see older ones" : "in all"}</span></div>`;
}

function Row({ analysis, chosen, choose, reload }) {
  const { status, message, progress } = useLive(analysis, reload);
  return html`<tr>
    <td><input type="checkbox" aria-label=${`Choose ${analysis.obj_id} of analysis ${analysis.id}`} checked=${chosen}
      onChange=${(event) => choose(event.target.checked)} /></td>
    <th scope="row"><a href=${address(["analysis", analysis.id])}>${analysis.id}</a></th>
    <td><a href=${address(["source", analysis.obj_id])}>${analysis.obj_id}</a></td>
      <td>${analysis.analysis_service_name}</td><td><${State} state=${status} /></td>
    <td class="says">${!hasEnded(status) && html`<${Progress} value=${progress} of=${`analysis ${analysis.id}`} />`}${message}</td>
    <td>${authorOf(analysis)}</td><td><${Age} of=${analysis.created_at} /></td><td
      class="number">${seconds(analysis.duration)}</td></tr>`;
}

function Table({ all, chosen, setChosen, reload }) {
  const [shown, setShown] = useState(SHOWN);
  const flip = (source, on) =>
    setChosen(on ? [...new Set([...chosen, source])] : chosen.filter((other) => other !== source));
  return html`<${Scroll}><table class="wide">
      <thead><tr><th scope="col">Batch</th><th scope="col">Id</th><th scope="col">Source</th><th
        scope="col">Service</th><th scope="col">State</th><th scope="col">Message</th>
        <th scope="col">Author</th><th scope="col">Asked</th><th scope="col" class="number">Took</th></tr></thead>
      <tbody>${all.slice(0, shown).map(
        (one) => html`<${Row} key=${one.id} analysis=${one} chosen=${chosen.includes(one.obj_id)} reload=${reload}
        choose=${(on) => flip(one.obj_id, on)} />`,
      )}</tbody></table><//>
    ${
      all.length > shown &&
      html`<div class="pages"><button type="button"
      onClick=${() => setShown(shown + SHOWN)}>Show ${Math.min(SHOWN, all.length - shown)} more</button></div>`
    }`;
}

// The same analysis for many sources: those named, or those of a group.
function BatchForm({ chosen }) {
  const [text, setText] = useState(chosen.join("\n"));
  const [group, setGroup] = useState("");
  const load = useLoad((signal) => get("/analysis_service", {}, signal), []);
  useEffect(() => setText(chosen.join("\n")), [chosen.join()]);
  const sources = text.split(/[\s,;]+/).filter(Boolean);
  const start = useAction(async (service, request) => {
    const whom = group ? { group_id: Number(group) } : { obj_ids: [...new Set(sources)] };
    const { id } = await post("/analysis_batch", { ...request, ...whom, service_id: service.id }, crypto.randomUUID());
    go(["batch", id]);
  });
  return html`<div class="fields">
      <${ChoiceField} label="Sources of" value=${group} change=${setGroup}
        choices=${[["", "the list beside"], ...me().groups.map((one) => [one.id, one.name])]} />
      ${
        !group &&
        html`<${AreaField} label="Sources" value=${text} change=${setText}
        hint=${`${sources.length} sources; tick them in the table, or write their ids.`} />`
      }
    </div><p></p>
    <${Loaded} load=${load} what="Loading the services">${(services) => html`<${RequestForm} services=${services}
      filters=${[]} instruments=${[]} action=${start} />`}<//>`;
}

export function AnalysesPage({ query }) {
  const [chosen, setChosen] = useState([]);
  const [batch, setBatch] = useState(false);
  const asked = { state: query.state ?? "", service: query.service ?? "", days: query.days ?? "7" };
  const load = useLoad((signal) => newest({ ...asked, state: "" }, signal), [asked.service, asked.days]);
  const services = useLoad((signal) => get("/analysis_service", {}, signal), []);
  const set = (more) => go(["analyses"], { ...asked, ...more, days: (more.days ?? asked.days) || "0" });
  const shown = useMemo(
    () => (load.data?.all ?? []).filter((one) => !asked.state || one.status === asked.state),
    [load.data, asked.state],
  );
  return html`<div class="head"><h1>Analyses</h1>${
    may("Run Analyses") &&
    html`
      <button type="button" class="main" aria-expanded=${batch}
        onClick=${() => setBatch(!batch)}>Batch${chosen.length ? ` of ${chosen.length}` : ""}</button>`
  }</div>
    ${batch && html`<${Card} title="One analysis for many sources"><${BatchForm} chosen=${chosen} /><//>`}
    <${Card}><div class="fields">
      <${ChoiceField} label="Service" value=${asked.service} change=${(service) => set({ service })}
        choices=${[["", "any"], ...(services.data ?? []).map((one) => [one.id, one.display_name ?? one.name])]} />
      <${ChoiceField} label="Asked in" value=${asked.days === "0" ? "" : asked.days} change=${(days) => set({ days })}
        choices=${SPANS} />
      <${ChoiceField} label="State" value=${asked.state} change=${(state) => set({ state })}
        choices=${[["", "any"], ...Object.entries(STATES)]} />
    </div><//>
    <${Card} title="Found" actions=${html`<button type="button" onClick=${load.reload}>Refresh</button>`}>
      <${Loaded} load=${load} what="Loading the analyses">${({
        all,
        cut,
      }) => html`<${Counts} all=${all} cut=${cut} state=${asked.state} choose=${(state) => set({ state })} />
        ${
          shown.length
            ? html`<${Table} all=${shown} chosen=${chosen} setChosen=${setChosen}
          reload=${load.reload} />`
            : html`<${Empty}>None.<//>`
        }`}<//>
      <${Failure} error=${services.error} /><//>`;
}
