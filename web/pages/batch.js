// A batch: its progress and the analysis of each source.
import { html } from "../vendor/htm-preact.js";
import { hasEnded } from "../core/analysis_watch.js";
import { api } from "../core/api.js";
import { formatServiceName, formatUtc } from "../core/format.js";
import { useLoad, usePolling } from "../core/request_hooks.js";
import { buildAddress } from "../core/router.js";
import { formatAuthor } from "../parts/analysis_status.js";
import { StateBadge, VerdictBadge } from "../parts/indicators.js";
import { Card, FactList, ScrollArea } from "../parts/layout.js";
import { ErrorMessage, LoadedContent } from "../parts/messages.js";

const PAGE_SIZE = 100;
const POLLING = { firstDelay: 1500, longestDelay: 20_000, slowdown: 1.2 };

const isRefused = (outcome) => outcome.analysis_id === null;
const isDeleted = (outcome) => !isRefused(outcome) && outcome.status === null;
const isEnded = (outcome) => isRefused(outcome) || hasEnded(outcome.status);

const isDone = (batch) =>
  batch.status === "done" && batch.outcomes.every((outcome) => isEnded(outcome) || isDeleted(outcome));

function findServiceName(services, id) {
  const service = services?.find((candidate) => candidate.id === id);
  return service ? formatServiceName(service) : `service ${id}`;
}

function BatchProgress({ batch, serviceName }) {
  const { started, refused, total, outcomes } = batch;
  const ended = outcomes.filter(isEnded).length;
  const startText = [
    `${started} of ${total} started`,
    refused && `${refused} refused`,
    batch.status !== "done" && "others still to start",
  ];
  return html`<${Card}>
    <p role="status">${startText.filter(Boolean).join(", ")}. ${ended} of the ${outcomes.length} below have ended.</p>
    <progress max=${total} value=${total > PAGE_SIZE ? started + refused : ended}
      aria-label="Progress of the batch"></progress>
    <${FactList} facts=${[
      ["Service", html`<a href=${buildAddress(["service", batch.service_id])}>${serviceName}</a>`],
      ["Author", formatAuthor(batch)],
      ["Created", formatUtc(batch.created_at)],
    ]} /><//>`;
}

function OutcomeState({ outcome }) {
  if (isRefused(outcome)) return html`<span class="state failure">refused</span>`;
  return isDeleted(outcome) ? "deleted" : html`<${StateBadge} state=${outcome.status} verdict=${outcome.verdict} />${" "}
    <${VerdictBadge} verdict=${outcome.verdict} />`;
}

const OutcomeTable = ({ outcomes }) => html`<${ScrollArea} label="Sources of the batch"><table>
  <thead><tr><th scope="col">Source</th><th scope="col">Analysis</th><th scope="col">State</th>
    <th scope="col">Message</th></tr></thead>
  <tbody>${outcomes.map(
    (outcome) => html`<tr>
    <th scope="row"><a href=${buildAddress(["source", outcome.obj_id])}>${outcome.obj_id}</a></th>
    <td>${
      isRefused(outcome)
        ? "–"
        : html`<a href=${buildAddress(["analysis", outcome.analysis_id])}>${outcome.analysis_id}</a>`
    }</td>
    <td><${OutcomeState} outcome=${outcome} /></td>
    <td class="says">${outcome.message}</td></tr>`,
  )}</tbody></table><//>`;

export function BatchPage({ path: [id], query }) {
  const page = Number(query.page ?? 1);
  const load = useLoad(
    (signal) =>
      api.get(`/analysis_batch/${encodeURIComponent(id)}`, { numPerPage: PAGE_SIZE, pageNumber: page }, signal),
    [id, page],
  );
  const services = useLoad((signal) => api.get("/analysis_service", {}, signal), []);
  usePolling(load.reload, { ...POLLING, isEnabled: Boolean(load.data && !isDone(load.data)) }, [id, page]);
  return html`<div class="head"><h1>Batch ${id}</h1><a class="button" href="#/batches">All batches</a></div>
    <${ErrorMessage} error=${load.data && load.error} />
    <${LoadedContent} load=${load.data ? { ...load, error: null } : load} text=${`Loading batch ${id}`}>${(
      batch,
    ) => html`
      <${BatchProgress} batch=${batch} serviceName=${findServiceName(services.data, batch.service_id)} />
      <${Card} title="Sources"><${OutcomeTable} outcomes=${batch.outcomes} />
        ${
          batch.total > PAGE_SIZE &&
          html`<nav class="pages" aria-label="Pages">
          <a class="button" href=${buildAddress(["batch", id], { page: Math.max(1, page - 1) })}>Previous</a>
          <a class="button" href=${buildAddress(["batch", id], { page: page + 1 })}>Next</a></nav>`
        }<//>`}<//>`;
}
