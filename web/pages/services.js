// The list of services. Administrators also see the dead-letter queues.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { STATE_LABELS, formatAge, formatServiceName, formatUtc, parseTime } from "../core/format.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { hasPermission } from "../core/session.js";
import { ActionButton } from "../parts/indicators.js";
import { Card, ScrollArea } from "../parts/layout.js";
import { EmptyMessage, ErrorMessage, LoadedContent } from "../parts/messages.js";
import { showNotice } from "../parts/notices.js";
import { ServiceForm } from "../parts/service_form.js";

function DeadLetters() {
  const load = useLoad((signal) => api.get("/dead_letters", {}, signal), []);
  const redriveAction = useAction(async (queueName) => {
    const { moved } = await api.post(`/dead_letters/${queueName}/redrive`);
    showNotice(`Sent ${moved} ${moved === 1 ? "message" : "messages"} back to the queue ${queueName}.`);
    await load.reload();
  });
  return html`<${Card} title="Dead letters"
      actions=${html`<button type="button" onClick=${load.reload}>Refresh</button>`}>
    <p class="hint">Messages that failed repeatedly, kept for two weeks. Fix the cause, then send them again.</p>
    <${ErrorMessage} error=${redriveAction.error} />
    <${LoadedContent} load=${load} text="Loading the queues">${({
      queues,
    }) => html`<${ScrollArea} label="Dead letters"><table>
      <thead><tr><th scope="col">Queue</th><th scope="col" class="number">Messages</th>
        <th scope="col">First messages</th><th scope="col">Actions</th></tr></thead>
      <tbody>${queues.map(
        ({ name, count, messages }) => html`<tr><th scope="row">${name}</th><td class="number">${count}</td>
        <td>${messages.map(
          (message) => html`<div><code>${JSON.stringify(message.body)}</code>${" "}
          <span class="hint">${formatUtc(message.sent_at)}</span></div>`,
        )}</td>
        <td>${
          count > 0 &&
          html`<${ActionButton} action=${redriveAction} onClick=${() => redriveAction.run(name)}>Send again<//>`
        }</td></tr>`,
      )}</tbody></table><//>`}<//>
  <//>`;
}

const LATE_SWEEP_MS = 300_000;

function HealthSummary({ health }) {
  const isLate = health.last_sweep && Date.now() - parseTime(health.last_sweep) > LATE_SWEEP_MS;
  const states = Object.entries(health.last_hour).map(([state, count]) => `${count} ${STATE_LABELS[state] ?? state}`);
  const sweep = health.last_sweep ? `ran ${formatAge(health.last_sweep)}` : "has not run yet";
  const oldest = health.oldest_waiting
    ? `The oldest that is not sent yet was started ${formatAge(health.oldest_waiting)}.`
    : "None waits to be sent.";
  return html`<p>Analyses of the last hour: ${states.length ? states.join(", ") : "none"}. ${oldest}</p>
    <p>The sweep, which looks for overdue work every minute, ${sweep}. ${
      isLate && html`<strong class="error">It is late: overdue analyses are not ended.</strong>`
    }</p>
    <${ScrollArea} label="Queues"><table>
      <thead><tr><th scope="col">Queue</th><th scope="col" class="number">Waiting</th>
        <th scope="col" class="number">In work</th><th scope="col" class="number">Not due yet</th>
        <th scope="col" class="number">Dead letters</th></tr></thead>
      <tbody>${health.queues.map(
        (queue) => html`<tr><th scope="row">${queue.name}</th><td class="number">${queue.waiting}</td>
        <td class="number">${queue.in_work}</td><td class="number">${queue.delayed}</td>
        <td class="number">${queue.dead}</td></tr>`,
      )}</tbody></table><//>`;
}

function Health() {
  const load = useLoad((signal) => api.getEnvelope("/sysinfo", {}, signal), []);
  return html`<${Card} title="Health"
      actions=${html`<button type="button" onClick=${load.reload}>Refresh</button>`}>
    <${LoadedContent} load=${load} text="Asking the deployment">${({ health }) =>
      html`<${HealthSummary} health=${health} />`}<//>
  <//>`;
}

const ServiceTable = ({ services }) => html`<${ScrollArea} label="Services"><table class="wide">
  <thead><tr><th scope="col">Service</th><th scope="col">Description</th><th scope="col">Kind</th>
    <th scope="col">Version</th><th scope="col">State</th></tr></thead>
  <tbody>${services.map(
    (service) => html`<tr>
    <th scope="row"><a href=${buildAddress(["service", service.id])}>${formatServiceName(service)}</a></th>
    <td>${service.description}</td>
    <td>${service.analysis_type.replaceAll("_", " ")}${service.upload_only ? ", uploads only" : ""}</td>
    <td>${service.version}</td>
    <td><span class="state ${service.enabled ? "completed" : ""}">${
      service.enabled ? "enabled" : "disabled"
    }</span></td></tr>`,
  )}</tbody></table><//>`;

export function ServicesPage() {
  const [isAdding, setIsAdding] = useState(false);
  const load = useLoad((signal) => api.get("/analysis_service", {}, signal), []);
  return html`<div class="head"><h1>Services</h1>${
    hasPermission("Manage Analysis Services") &&
    html`<button type="button" class="main" aria-expanded=${isAdding}
      onClick=${() => setIsAdding(!isAdding)}>Add a service</button>`
  }</div>
    ${
      isAdding &&
      html`<${Card} title="New service"><${ServiceForm} onSave=${(id) => navigateTo(["service", id])} /><//>`
    }
    <${Card} title="Services visible to you"><${LoadedContent} load=${load} text="Loading the services">${(services) =>
      services.length
        ? html`<${ServiceTable} services=${services} />`
        : html`<${EmptyMessage}>No services yet.<//>`}<//><//>
    ${hasPermission("System admin") && html`<${Health} /><${DeadLetters} />`}`;
}
