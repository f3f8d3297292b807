// One service: what it is, a test of it, its default analyses, changes.
import { html, useState } from "../vendor/htm-preact.js";
import { get, post, remove, whole } from "../core/api.js";
import { useAction, useLoad } from "../core/load.js";
import { address, go } from "../core/router.js";
import { may, me } from "../core/session.js";
import { chosen, fieldsOf } from "../core/service_parameters.js";
import { utc } from "../core/words.js";
import { Busy, Card, Empty, Facts, Failure, Loaded, Scroll, Waiting } from "../parts/basics.js";
import { ask } from "../parts/dialog.js";
import { ChoiceField, TextField, errorOf, isOfField } from "../parts/fields.js";
import { notify } from "../parts/notices.js";
import { ParametersForm } from "../parts/parameters_form.js";
import { ServiceForm } from "../parts/service_form.js";

function Test({ service }) {
  const ping = useAction(async () => setVerdict(await post(`/analysis_service/${service.id}/ping`)));
  const [verdict, setVerdict] = useState(null);
  return html`<${Card} title="Test it" actions=${html`<${Busy} action=${ping} onClick=${ping.run}>Ping<//>`}>
    <p class="hint">Asks the service's address for a page, without data or credentials.</p>
    ${ping.busy && html`<${Waiting} what="Waiting for the service" />`}<${Failure} error=${ping.error} />
    ${
      verdict &&
      !ping.busy &&
      html`<div role="status"><p><span class="state ${verdict.allowed && verdict.reached ? "completed" : "failure"}">
        ${!verdict.allowed ? "not allowed" : verdict.reached ? "reached" : "not reached"}</span> ${verdict.message}</p>
      <${Facts} of=${[
        ["May be called from here", verdict.allowed ? "yes" : "no"],
        ["Answered with", verdict.status],
        ["Took", verdict.seconds === null ? null : `${verdict.seconds.toFixed(2)} s`],
      ]} /></div>`
    }
  <//>`;
}

function NewDefault({ service, done }) {
  const fields = fieldsOf(service);
  const [values, setValues] = useState(Object.fromEntries(fields.map((field) => [field.name, field.value])));
  const [form, setForm] = useState({
    kind: "classification",
    name: "",
    probability: "0.8",
    group: me().groups[0]?.id,
    limit: "10",
  });
  const set = (name) => (value) => setForm((before) => ({ ...before, [name]: value }));
  const save = useAction(async () => {
    const filter =
      form.kind === "group"
        ? { group_id: Number(form.group) }
        : { classifications: [{ name: form.name, probability: Number(form.probability) }] };
    await post(`/analysis_service/${service.id}/default_analysis`, {
      source_filter: filter,
      daily_limit: Number(form.limit),
      default_analysis_parameters: chosen(fields, values),
      show_parameters: true,
      show_plots: true,
      show_corner: true,
    });
    await done();
  });
  return html`<form onSubmit=${(event) => (event.preventDefault(), save.run())}>
    <div class="fields">
      <${ChoiceField} label="Starts when a source is" value=${form.kind} change=${set("kind")} choices=${[
        ["classification", "classified as"],
        ["group", "saved to the group"],
      ]} />
      ${
        form.kind === "group"
          ? html`<${ChoiceField} label="Group" value=${form.group} change=${set("group")}
            choices=${me().groups.map((group) => [group.id, group.name])} />`
          : html`<${TextField} label="Classification" value=${form.name} change=${set("name")} required=${true} />
          <${TextField} label="Probability at least" type="number" value=${form.probability}
            change=${set("probability")} />`
      }
      <${TextField} label="At most a day" type="number" value=${form.limit} change=${set("limit")}
        error=${errorOf(save.error, "daily_limit")} />
    </div>
    <h3>With these parameters</h3><${ParametersForm} fields=${fields} values=${values} change=${setValues}
      error=${save.error} />
    ${
      save.error &&
      !isOfField(save.error, ["daily_limit", ...fields.map((field) => field.name)]) &&
      html`<${Failure}
      error=${save.error} />`
    }
    <p></p><div class="row end"><button class="main" disabled=${save.busy}>Save</button></div></form>`;
}

const when = ({ classifications, group_id: group }) =>
  [
    ...(classifications ?? []).map((one) => `classified as ${one.name} (probability ${one.probability} or more)`),
    ...(group ? [`saved to the group ${me().groups.find((one) => one.id === group)?.name ?? group}`] : []),
  ].join(", or ");

function Defaults({ service }) {
  const [adding, setAdding] = useState(false);
  const of = `/analysis_service/${service.id}/default_analysis`;
  const load = useLoad((signal) => get(of, {}, signal), [service.id]);
  const drop = useAction(async (id) => {
    if (
      !(await ask({
        title: "Delete this default analysis?",
        text: "It starts no more analyses; those that it started stay.",
        action: "Delete it",
      }))
    )
      return;
    await remove(`${of}/${id}`);
    await load.reload();
  });
  return html`<${Card} title="Default analyses" actions=${html`<button type="button" aria-expanded=${adding}
    onClick=${() => setAdding(!adding)}>Add one</button>`}>
    <p class="hint">They start by themselves, in your name.</p><${Failure} error=${drop.error} />
    ${adding && html`<${NewDefault} service=${service} done=${() => (setAdding(false), load.reload())} />`}
    <${Loaded} load=${load} what="Loading the default analyses">${(all) =>
      all.length
        ? html`<${Scroll}><table>
      <thead><tr><th scope="col">When a source is</th><th scope="col">Parameters</th><th scope="col"
        class="number">Today</th><th scope="col">Actions</th></tr></thead>
      <tbody>${all.map(
        (one) => html`<tr><td>${when(one.source_filter)}</td>
          <td><code>${JSON.stringify(one.default_analysis_parameters)}</code></td>
        <td class="number">${one.stats.daily_count} of ${one.stats.daily_limit}</td>
        <td><button type="button" class="danger" onClick=${() => drop.run(one.id)}>Delete</button></td></tr>`,
      )}</tbody></table><//>`
        : html`<${Empty}>None.<//>`}<//><//>`;
}

function Registration({ service, refusal, reload }) {
  const [editing, setEditing] = useState(false);
  const manages = may("Manage Analysis Services");
  const drop = useAction(async () => {
    const agreed = await ask({
      title: `Delete ${service.display_name ?? service.name}?`,
      action: "Delete it",
      text: "Its running analyses end, and all its analyses are deleted with their results. This cannot be undone.",
    });
    if (!agreed) return;
    await remove(`/analysis_service/${service.id}`);
    notify(`${service.display_name ?? service.name} is deleted.`);
    go(["services"]);
  });
  return html`<div class="head"><h1>${service.display_name ?? service.name}</h1><div class="row">
      <a class="button" href=${address(["analyses"], { service: service.id })}>Its analyses</a>
      ${
        manages &&
        html`<button type="button" aria-expanded=${editing} onClick=${() => setEditing(!editing)}>Edit</button>
        <${Busy} action=${drop} class="danger" onClick=${drop.run}>Delete<//>`
      }</div></div>
    <${Failure} error=${drop.error} />
    ${
      editing &&
      html`<${Card} title="Change it"><${ServiceForm} service=${service}
      done=${async () => (setEditing(false), reload())} /><//>`
    }
    <${Card}><${Facts} of=${[
      ["What it does", service.description],
      ["Name", service.name],
      ["Version", service.version],
      ["Kind", service.analysis_type.replaceAll("_", " ")],
      ["State", service.enabled ? "enabled" : "disabled"],
      ["Address", service.url],
      ["Authentication", service.authentication_type],
      ["Is sent", service.upload_only ? "nothing: it takes uploads" : service.input_data_types.join(", ")],
      ["Timeout", `${service.timeout} s`],
      ["Contact", [service.contact_name, service.contact_email].filter(Boolean).join(", ")],
      ["Seen by", service.groups.map((group) => group.name).join(", ")],
      ["Changed", utc(service.modified)],
      [
        "Last refusal",
        refusal &&
          `${utc(refusal.at)}: analysis ${refusal.analysis_id} was answered ${refusal.status}: ${refusal.excerpt}`,
      ],
    ]} /><//>`;
}

export function ServicePage({ path: [id] }) {
  const load = useLoad(() => whole(`/analysis_service/${encodeURIComponent(id)}`), [id]);
  return html`<${Loaded} load=${load} what="Loading the service">${({ data: service, last_refusal: refusal }) => html`
    <${Registration} service=${service} refusal=${refusal} reload=${load.reload} />
    ${may("Manage Analysis Services") && !service.upload_only && html`<${Test} service=${service} />`}
    ${may("Run Analyses") && !service.upload_only && html`<${Defaults} service=${service} />`}`}<//>`;
}
