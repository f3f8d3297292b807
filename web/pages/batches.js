// The list of batches, with their progress.
import { html } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatServiceName } from "../core/format.js";
import { useLoad, usePolling } from "../core/request_hooks.js";
import { buildAddress } from "../core/router.js";
import { formatAuthor } from "../parts/analysis_status.js";
import { Age } from "../parts/indicators.js";
import { Card, ScrollArea } from "../parts/layout.js";
import { EmptyMessage, ErrorMessage, LoadedContent } from "../parts/messages.js";

const PAGE_SIZE = 50;
const POLLING = { firstDelay: 2000, longestDelay: 20_000, slowdown: 1.3 };

function BatchRow({ batch, serviceNames }) {
  const { id, service_id: serviceId, status, total, started, refused } = batch;
  return html`<tr>
    <th scope="row"><a href=${buildAddress(["batch", id])}>Batch ${id}</a></th>
    <td><a href=${buildAddress(["service", serviceId])}>${serviceNames.get(serviceId) ?? `service ${serviceId}`}</a></td>
    <td><span class="state ${status === "done" ? "completed" : "pending"}">${
      status === "done" ? "all started" : "starting"
    }</span></td>
    <td class="number">${started}</td>
    <td class="number">${refused > 0 ? html`<strong>${refused}</strong>` : 0}</td>
    <td class="number">${total}</td>
    <td>${formatAuthor(batch)}</td>
    <td><${Age} time=${batch.created_at} /></td></tr>`;
}

const BatchTable = ({ batches, serviceNames }) => html`<${ScrollArea} label="Batches"><table class="wide">
  <thead><tr><th scope="col">Batch</th><th scope="col">Service</th><th scope="col">State</th>
    <th scope="col" class="number">Started</th><th scope="col" class="number">Refused</th>
    <th scope="col" class="number">Sources</th><th scope="col">Author</th><th scope="col">Created</th></tr></thead>
  <tbody>${batches.map(
    (batch) => html`<${BatchRow} key=${batch.id} batch=${batch} serviceNames=${serviceNames} />`,
  )}</tbody></table><//>`;

export function BatchesPage({ query }) {
  const load = useLoad(
    async (signal) => {
      const [page, services] = await Promise.all([
        api.getPage("/analysis_batch", { numPerPage: PAGE_SIZE, cursor: query.cursor }, signal),
        api.get("/analysis_service", {}, signal),
      ]);
      return { ...page, serviceNames: new Map(services.map((service) => [service.id, formatServiceName(service)])) };
    },
    [query.cursor],
  );
  const isStarting = load.data?.items.some(({ status }) => status !== "done");
  usePolling(load.reload, { ...POLLING, isEnabled: Boolean(isStarting) }, [query.cursor]);
  return html`<div class="head"><h1>Batches</h1><a class="button" href="#/analyses">All analyses</a></div>
    <${Card} title="Newest first"><${ErrorMessage} error=${load.data && load.error} />
      <${LoadedContent} load=${load.data ? { ...load, error: null } : load} text="Loading the batches">${({
        items,
        nextCursor,
        serviceNames,
      }) =>
        items.length
          ? html`<${BatchTable} batches=${items} serviceNames=${serviceNames} />
            <nav class="pages" aria-label="Pages">
              ${query.cursor && html`<a class="button" href="#/batches">Newest</a>`}
              ${nextCursor && html`<a class="button" href=${buildAddress(["batches"], { cursor: nextCursor })}>Older</a>`}
            </nav>`
          : html`<${EmptyMessage}>No batches yet. Start one on the page of the <a href="#/analyses">analyses</a>.<//>`}<//>
    <//>`;
}
