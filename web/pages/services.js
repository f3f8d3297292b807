// Analysis services, and dead letters for administrators.
import { html, useState } from "../vendor/htm-preact.js";
import { get, post } from "../core/api.js";
import { useAction, useLoad } from "../core/load.js";
import { address, go } from "../core/router.js";
import { may } from "../core/session.js";
import { utc } from "../core/words.js";
import { Busy, Card, Empty, Failure, Loaded, Scroll } from "../parts/basics.js";
import { notify } from "../parts/notices.js";
import { ServiceForm } from "../parts/service_form.js";

function DeadLetters() {
  const load = useLoad((signal) => get("/dead_letters", {}, signal), []);
  const again = useAction(async (queue) => {
    const { moved } = await post(`/dead_letters/${queue}/redrive`);
    notify(`${moved} ${moved === 1 ? "message" : "messages"} sent back to the queue ${queue}.`);
    await load.reload();
  });
  return html`<${Card} title="Dead letters" actions=${html`<button type="button"
    onClick=${load.reload}>Refresh</button>`}>
    <p class="hint">Messages that failed again and again, kept for two weeks. Mend the cause, then send them again.</p>
    <${Failure} error=${again.error} />
    <${Loaded} load=${load} what="Looking into the queues">${({ queues }) => html`<${Scroll}><table>
      <thead><tr><th scope="col">Queue</th><th scope="col" class="number">Messages</th><th
        scope="col">The first of them</th><th scope="col">Actions</th></tr></thead>
      <tbody>${queues.map(
        (queue) => html`<tr><th scope="row">${queue.name}</th><td class="number">${queue.count}</td>
        <td>${queue.messages.map(
          (message) => html`<div><code>${JSON.stringify(message.body)}</code> <span
          class="hint">${utc(message.sent_at)}</span></div>`,
        )}</td>
        <td>${
          queue.count > 0 &&
          html`<${Busy} action=${again}
          onClick=${() => again.run(queue.name)}>Send again<//>`
        }</td></tr>`,
      )}</tbody></table><//>`}<//>
  <//>`;
}

export function ServicesPage() {
  const [adding, setAdding] = useState(false);
  const load = useLoad((signal) => get("/analysis_service", {}, signal), []);
  return html`<div class="head"><h1>Services</h1>${
    may("Manage Analysis Services") &&
    html`
      <button type="button" class="main" aria-expanded=${adding}
        onClick=${() => setAdding(!adding)}>Add a service</button>`
  }</div>
    ${adding && html`<${Card} title="New service"><${ServiceForm} done=${(id) => go(["service", id])} /><//>`}
    <${Card} title="Services that you may see"><${Loaded} load=${load} what="Loading the services">${(all) =>
      all.length
        ? html`<${Scroll}><table class="wide">
      <thead><tr><th scope="col">Service</th><th scope="col">What it does</th><th scope="col">Kind</th><th
        scope="col">Version</th><th scope="col">State</th></tr></thead>
      <tbody>${all.map(
        (
          one,
        ) => html`<tr><th scope="row"><a href=${address(["service", one.id])}>${one.display_name ?? one.name}</a></th>
          <td>${one.description}</td>
        <td>${one.analysis_type.replaceAll("_", " ")}${one.upload_only ? ", uploads only" : ""}</td>
          <td>${one.version}</td>
        <td><span class="state ${one.enabled ? "completed" : ""}">${one.enabled ? "enabled" : "disabled"}</span></td></tr>`,
      )}</tbody></table><//>`
        : html`<${Empty}>None yet.<//>`}<//><//>
    ${may("System admin") && html`<${DeadLetters} />`}`;
}
