// One service: registration, connection test, default analyses.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatServiceName, formatUtc, joinGroupNames } from "../core/format.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { buildParameterFields, collectParameters, getDefaultValues } from "../core/service_parameters.js";
import { getProfile, hasPermission } from "../core/session.js";
import { askConfirmation } from "../parts/confirm_dialog.js";
import { FormError, SelectField, TextField, handleSubmit, useForm } from "../parts/form_fields.js";
import { ActionButton } from "../parts/indicators.js";
import { Card, FactList, ScrollArea } from "../parts/layout.js";
import { EmptyMessage, ErrorMessage, LoadedContent, LoadingMessage } from "../parts/messages.js";
import { showNotice } from "../parts/notices.js";
import { ParameterFields } from "../parts/parameter_fields.js";
import { ServiceForm } from "../parts/service_form.js";

function ConnectionTest({ service }) {
  const [result, setResult] = useState(null);
  const pingAction = useAction(async () => setResult(await api.post(`/analysis_service/${service.id}/ping`)));
  return html`<${Card} title="Connection test"
      actions=${html`<${ActionButton} action=${pingAction} onClick=${pingAction.run}>Ping<//>`}>
    <p class="hint">Sends a GET request to the service, without data or credentials. An answer ends a pause.</p>
    ${pingAction.busy && html`<${LoadingMessage} text="Waiting for the service" />`}
    <${ErrorMessage} error=${pingAction.error} />
    ${result && !pingAction.busy && html`<${PingResult} result=${result} />`}
  <//>`;
}

// Green is a success only: 405 may be all right for a service, but nobody can know that from here.
function describePing({ allowed, reached, status }) {
  if (!allowed) return ["failure", "not allowed"];
  if (!reached) return ["failure", "not reached"];
  if (status >= 500) return ["failure", `reached, error ${status}`];
  return status >= 200 && status < 300 ? ["completed", "reached"] : ["pending", `reached, answered ${status}`];
}

function PingResult({ result }) {
  const { allowed, message, status, seconds } = result;
  const [kind, label] = describePing(result);
  return html`<div role="status"><p><span class="state ${kind}">${label}</span> ${message}</p>
    <${FactList} facts=${[
      ["Address allowed", allowed ? "yes" : "no"],
      ["HTTP status", status],
      ["Duration", seconds === null ? null : `${seconds.toFixed(2)} s`],
    ]} /></div>`;
}

function DefaultAnalysisForm({ service, onSave }) {
  const fields = buildParameterFields(service);
  const groups = getProfile().groups;
  const [parameters, setParameters] = useState(getDefaultValues(fields));
  const [form, bindField] = useForm({
    trigger: "classification",
    classification: "",
    probability: "0.8",
    group: groups[0]?.id,
    daily_limit: "10",
  });
  const { busy, error, run } = useAction(async () => {
    const classification = { name: form.classification, probability: Number(form.probability) };
    await api.post(`/analysis_service/${service.id}/default_analysis`, {
      source_filter:
        form.trigger === "group" ? { group_id: Number(form.group) } : { classifications: [classification] },
      daily_limit: Number(form.daily_limit),
      default_analysis_parameters: collectParameters(fields, parameters),
      show_parameters: true,
      show_plots: true,
      show_corner: true,
    });
    await onSave();
  });
  return html`<form onSubmit=${handleSubmit(run)}>
    <div class="fields">
      <${SelectField} label="Starts when a source is" ...${bindField("trigger")} choices=${[
        ["classification", "classified as"],
        ["group", "saved to the group"],
      ]} />
      ${
        form.trigger === "group"
          ? html`<${SelectField} label="Group" ...${bindField("group")}
            choices=${groups.map((group) => [group.id, group.name])} />`
          : html`<${TextField} label="Classification" ...${bindField("classification")} required=${true} />
          <${TextField} label="Lowest probability" type="number" ...${bindField("probability")} />`
      }
      <${TextField} label="Daily limit" type="number" ...${bindField("daily_limit", error)} />
    </div>
    <h3>Parameters</h3>
    <${ParameterFields} fields=${fields} values=${parameters} onChange=${setParameters} error=${error} />
    <${FormError} error=${error} fieldNames=${["daily_limit", ...fields.map((field) => field.name)]} />
    <p></p><div class="row end"><button class="main" disabled=${busy}>Save</button></div></form>`;
}

function describeTrigger({ classifications, group_id: groupId }) {
  const triggers = (classifications ?? []).map(
    ({ name, probability }) => `classified as ${name} (probability ${probability} or more)`,
  );
  const group = getProfile().groups.find(({ id }) => id === groupId);
  if (groupId) triggers.push(`saved to the group ${group?.name ?? groupId}`);
  return triggers.join(", or ");
}

function DefaultAnalyses({ service }) {
  const [isAdding, setIsAdding] = useState(false);
  const path = `/analysis_service/${service.id}/default_analysis`;
  const load = useLoad((signal) => api.get(path, {}, signal), [service.id]);
  const deleteAction = useAction(async (id) => {
    const isConfirmed = await askConfirmation({
      title: "Delete this default analysis?",
      text: "It starts no more analyses. Those that it has started remain.",
      action: "Delete default analysis",
    });
    if (!isConfirmed) return;
    await api.delete(`${path}/${id}`);
    await load.reload();
  });
  const closeForm = () => {
    setIsAdding(false);
    return load.reload();
  };
  return html`<${Card} title="Default analyses" actions=${html`<button type="button" aria-expanded=${isAdding}
    onClick=${() => setIsAdding(!isAdding)}>Add</button>`}>
    <p class="hint">Started automatically, in your name.</p><${ErrorMessage} error=${deleteAction.error} />
    ${isAdding && html`<${DefaultAnalysisForm} service=${service} onSave=${closeForm} />`}
    <${LoadedContent} load=${load} text="Loading the default analyses">${(defaultAnalyses) =>
      defaultAnalyses.length
        ? html`<${ScrollArea} label="Default analyses"><table>
      <thead><tr><th scope="col">Starts when a source is</th><th scope="col">Parameters</th>
        <th scope="col" class="number">Today</th><th scope="col">Actions</th></tr></thead>
      <tbody>${defaultAnalyses.map(
        ({ id, source_filter: trigger, default_analysis_parameters: parameters, stats }) => html`<tr>
        <td>${describeTrigger(trigger)}</td>
        <td><code>${JSON.stringify(parameters)}</code></td>
        <td class="number">${stats.daily_count} of ${stats.daily_limit}</td>
        <td><button type="button" class="danger" onClick=${() => deleteAction.run(id)}>Delete</button></td></tr>`,
      )}</tbody></table><//>`
        : html`<${EmptyMessage}>No default analyses.<//>`}<//><//>`;
}

function Registration({ service, lastRefusal, reload }) {
  const [isEditing, setIsEditing] = useState(false);
  const name = formatServiceName(service);
  const deleteAction = useAction(async () => {
    const isConfirmed = await askConfirmation({
      title: `Delete ${name}?`,
      text: "This ends its running analyses and deletes all its analyses with their results. It cannot be undone.",
      action: "Delete service",
    });
    if (!isConfirmed) return;
    await api.delete(`/analysis_service/${service.id}`);
    showNotice(`Deleted ${name}.`);
    navigateTo(["services"]);
  });
  const closeForm = () => {
    setIsEditing(false);
    reload();
  };
  return html`<div class="head"><h1>${name}</h1><div class="row">
      <a class="button" href=${buildAddress(["analyses"], { service: service.id })}>Show analyses</a>
      ${
        hasPermission("Manage Analysis Services") &&
        html`<button type="button" aria-expanded=${isEditing} onClick=${() => setIsEditing(!isEditing)}>Edit</button>
        <${ActionButton} action=${deleteAction} class="danger" onClick=${deleteAction.run}>Delete<//>`
      }</div></div>
    <${ErrorMessage} error=${deleteAction.error} />
    ${isEditing && html`<${Card} title="Edit service"><${ServiceForm} service=${service} onSave=${closeForm} /><//>`}
    <${Card}><${FactList} facts=${[
      ["Description", service.description],
      ["Name", service.name],
      ["Version", service.version],
      ["Kind", service.analysis_type.replaceAll("_", " ")],
      ["State", service.enabled ? "enabled" : "disabled"],
      ["URL", service.url],
      ["Authentication", service.authentication_type],
      ["Inputs", service.upload_only ? "none (uploads only)" : service.input_data_types.join(", ")],
      ["Timeout", `${service.timeout} s`],
      ["Requests at once", service.upload_only ? null : service.requests_at_once],
      ["Contact", [service.contact_name, service.contact_email].filter(Boolean).join(", ")],
      ["Visible to", joinGroupNames(service.groups)],
      ["Changed", formatUtc(service.modified)],
      ["Sending", service.sending && html`<${SendingState} sending=${service.sending} />`],
      ["Last error", service.sending?.last_error && formatLastError(service.sending)],
      ["Last refusal", lastRefusal && formatRefusal(lastRefusal)],
    ]} /><//>`;
}

// Whether the service is paused, until when, and how many analyses wait: the API says it in words.
const SendingState = ({ sending: { state, message } }) =>
  html`<span class="state ${state === "sending" ? "completed" : "failure"}">${state}</span> ${message}`;

const formatLastError = ({ last_error: error, last_error_at: at }) => `${formatUtc(at)}: ${error}`;

const formatRefusal = ({ at, analysis_id: analysisId, status, excerpt }) =>
  `${formatUtc(at)}: status ${status} for analysis ${analysisId}: ${excerpt}`;

export function ServicePage({ path: [id] }) {
  const path = `/analysis_service/${encodeURIComponent(id)}`;
  const load = useLoad(() => api.getEnvelope(path, { includeDetails: true }), [id]);
  return html`<${LoadedContent} load=${load} text="Loading the service">${({
    data: service,
    last_refusal: lastRefusal,
  }) => html`
    <${Registration} service=${service} lastRefusal=${lastRefusal} reload=${load.reload} />
    ${
      hasPermission("Manage Analysis Services") &&
      !service.upload_only &&
      html`<${ConnectionTest} service=${service} />`
    }
    ${hasPermission("Run Analyses") && !service.upload_only && html`<${DefaultAnalyses} service=${service} />`}`}<//>`;
}
