// A service's registration, new or changed.
import { html, useState } from "../vendor/htm-preact.js";
import { patch, post } from "../core/api.js";
import { useAction } from "../core/load.js";
import { me } from "../core/session.js";
import { Failure } from "./basics.js";
import { AreaField, ChoiceField, GroupTicks, TextField, Tick, Ticks, errorOf, isOfField } from "./fields.js";
import { notify } from "./notices.js";

const TYPES = [
  ["lightcurve_fitting", "light-curve fitting"],
  ["spectrum_fitting", "spectrum fitting"],
  ["meta_analysis", "meta-analysis"],
];
const INPUTS = ["photometry", "spectra", "redshift", "annotations", "comments", "classifications"];
const CREDENTIALS = {
  none: null,
  header_token: '{"header_token": {"Authorization": "Bearer …"}}',
  api_key: '{"api_key": "…", "api_key_name": "…"}',
  HTTPBasicAuth: '{"username": "…", "password": "…"}',
  HTTPDigestAuth: '{"username": "…", "password": "…"}',
  OAuth1: '{"app_key": "…", "app_secret": "…", "user_oauth_token": "…", "user_oauth_token_secret": "…"}',
};
const BLANK = {
  name: "",
  display_name: "",
  description: "",
  version: "",
  contact_name: "",
  contact_email: "",
  url: "",
  optional_analysis_parameters: "{}",
  authentication_type: "none",
  _authinfo: "",
  analysis_type: "lightcurve_fitting",
  input_data_types: ["photometry", "redshift"],
  timeout: "3600",
  enabled: true,
  upload_only: false,
  display_on_resource_dropdown: true,
  is_summary: false,
};

function filled(service) {
  const given = Object.fromEntries(Object.keys(BLANK).map((name) => [name, service[name] ?? BLANK[name]]));
  const { optional_analysis_parameters: text } = given;
  return {
    ...given,
    timeout: String(service.timeout),
    optional_analysis_parameters: JSON.stringify(typeof text === "string" ? JSON.parse(text || "{}") : text, null, 2),
  };
}

export function ServiceForm({ service, done }) {
  const [form, setForm] = useState(service ? filled(service) : BLANK);
  const [groups, setGroups] = useState(service ? service.groups.map((group) => group.id) : []);
  const set = (name) => (value) => setForm((before) => ({ ...before, [name]: value }));
  const save = useAction(async () => {
    const { _authinfo: secret, timeout, ...rest } = form;
    const body = {
      ...rest,
      timeout: Number(timeout),
      ...(secret ? { _authinfo: secret } : {}),
      ...(groups.length ? { group_ids: groups } : {}),
    };
    if (service) await patch(`/analysis_service/${service.id}`, body);
    const id = service ? service.id : (await post("/analysis_service", body)).id;
    notify(`The service ${form.display_name || form.name} is saved.`, { kind: "good" });
    await done(id);
  });
  const text = (name, label, more = {}) =>
    html`<${TextField} label=${label} value=${form[name]} change=${set(name)} error=${errorOf(save.error, name)}
      ...${more} />`;
  return html`<form onSubmit=${(event) => (event.preventDefault(), save.run())}>
    <div class="fields">
      ${text("name", "Name", { required: true, hint: "Unique" })}${text("display_name", "Shown as")}${text("version", "Version")}
      ${text("url", "URL", { required: true, hint: "Where the data are POSTed" })}${text("contact_name", "Contact")}${text("contact_email", "Contact's e-mail")}
      <${ChoiceField} label="Kind" value=${form.analysis_type} change=${set("analysis_type")} choices=${TYPES} />
      ${text("timeout", "Timeout (s)", { type: "number" })}
      <${ChoiceField} label="Authentication" value=${form.authentication_type} change=${set("authentication_type")}
        choices=${Object.keys(CREDENTIALS)}
        error=${errorOf(save.error, "authentication_type")} />
    </div><p></p>
    ${
      CREDENTIALS[form.authentication_type] &&
      html`<${AreaField} label="Credentials (JSON)" rows=${2} value=${form._authinfo} change=${set("_authinfo")}
      hint=${`Like ${CREDENTIALS[form.authentication_type]}. Kept encrypted, never shown again.${service ? " Blank: as it was." : ""}`} error=${errorOf(save.error, "_authinfo")} /><p></p>`
    }
    <${AreaField} label="Description" rows=${2} value=${form.description} change=${set("description")} /><p></p>
    <${AreaField} label="Parameters (JSON)" rows=${7} value=${form.optional_analysis_parameters}
      change=${set("optional_analysis_parameters")}
      hint='For each name a list of values, or {"type": "string" | "number" | "file", "default", "required", "title", "description"}.'
      error=${errorOf(save.error, "optional_analysis_parameters")} /><p></p>
    <${Ticks} legend="What it is sent" choices=${INPUTS.map((name) => [name, name])} chosen=${form.input_data_types}
      change=${set("input_data_types")} />
    <${GroupTicks} groups=${me().groups} chosen=${groups} change=${setGroups}
      hint="Who sees it. None: all groups of yours." />
    <div class="row">${[
      ["enabled", "Enabled"],
      ["upload_only", "Takes uploads only"],
      ["display_on_resource_dropdown", "Offered on pages of sources"],
      ["is_summary", "Its results summarise the source"],
    ].map(([name, words]) => html`<${Tick} label=${words} value=${form[name]} change=${set(name)} />`)}</div><p></p>
    ${save.error && !isOfField(save.error, Object.keys(BLANK)) && html`<${Failure} error=${save.error} />`}
    ${
      save.error &&
      errorOf(save.error, "input_data_types") &&
      html`<p
      class="error">What it is sent: ${errorOf(save.error, "input_data_types")}</p>`
    }
    <div class="row end"><button class="main" disabled=${save.busy}>Save the service</button></div>
  </form>`;
}
