// The form to register or change a service.
import { html } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useAction } from "../core/request_hooks.js";
import { getProfile } from "../core/session.js";
import {
  Checkbox,
  CheckboxGroup,
  FormError,
  GroupCheckboxes,
  SelectField,
  TextAreaField,
  TextField,
  getFieldError,
  handleSubmit,
  useForm,
} from "./form_fields.js";
import { showNotice } from "./notices.js";

const ANALYSIS_TYPES = [
  ["lightcurve_fitting", "light-curve fitting"],
  ["spectrum_fitting", "spectrum fitting"],
  ["meta_analysis", "meta-analysis"],
];
const INPUT_TYPES = ["photometry", "spectra", "redshift", "annotations", "comments", "classifications"];
const CREDENTIAL_EXAMPLES = {
  none: null,
  header_token: '{"header_token": {"Authorization": "Bearer …"}}',
  api_key: '{"api_key": "…", "api_key_name": "…"}',
  HTTPBasicAuth: '{"username": "…", "password": "…"}',
  HTTPDigestAuth: '{"username": "…", "password": "…"}',
  OAuth1: '{"app_key": "…", "app_secret": "…", "user_oauth_token": "…", "user_oauth_token_secret": "…"}',
};
const NEW_SERVICE = {
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
  requests_at_once: "10",
  enabled: true,
  upload_only: false,
  display_on_resource_dropdown: true,
  is_summary: false,
};

function buildFormValues(service) {
  const values = Object.fromEntries(Object.keys(NEW_SERVICE).map((name) => [name, service[name] ?? NEW_SERVICE[name]]));
  const declaration = values.optional_analysis_parameters;
  const parameters = typeof declaration === "string" ? JSON.parse(declaration || "{}") : declaration;
  return {
    ...values,
    timeout: String(service.timeout),
    requests_at_once: String(service.requests_at_once ?? NEW_SERVICE.requests_at_once),
    optional_analysis_parameters: JSON.stringify(parameters, null, 2),
  };
}

// Registers a new service if `service` is undefined. `onSave` is called with the service's ID.
export function ServiceForm({ service, onSave }) {
  const [form, bindField] = useForm({
    ...(service ? buildFormValues(service) : NEW_SERVICE),
    group_ids: service ? service.groups.map((group) => group.id) : [],
  });
  const { busy, error, run } = useAction(async () => {
    const { _authinfo: credentials, group_ids: groups, timeout, requests_at_once: requestsAtOnce, ...rest } = form;
    const body = {
      ...rest,
      timeout: Number(timeout),
      requests_at_once: Number(requestsAtOnce),
      ...(credentials ? { _authinfo: credentials } : {}),
      ...(groups.length ? { group_ids: groups } : {}),
    };
    if (service) await api.patch(`/analysis_service/${service.id}`, body);
    const { id } = service ?? (await api.post("/analysis_service", body));
    showNotice(`Saved the service ${form.display_name || form.name}.`, { kind: "good" });
    await onSave(id);
  });
  const bind = (name) => bindField(name, error);
  const credentialExample = CREDENTIAL_EXAMPLES[form.authentication_type];
  const inputError = getFieldError(error, "input_data_types");
  return html`<form onSubmit=${handleSubmit(run)}>
    <div class="fields">
      <${TextField} label="Name" required=${true} hint="Unique" ...${bind("name")} />
      <${TextField} label="Display name" ...${bind("display_name")} />
      <${TextField} label="Version" ...${bind("version")} />
      <${TextField} label="URL" required=${true} hint="Receives the inputs by POST" ...${bind("url")} />
      <${TextField} label="Contact" ...${bind("contact_name")} />
      <${TextField} label="Contact e-mail" ...${bind("contact_email")} />
      <${SelectField} label="Kind" ...${bindField("analysis_type")} choices=${ANALYSIS_TYPES} />
      <${TextField} label="Timeout (s)" type="number" ...${bind("timeout")} />
      <${TextField} label="Requests at once" type="number" hint="1 to 100; other analyses wait in line"
        ...${bind("requests_at_once")} />
      <${SelectField} label="Authentication" ...${bind("authentication_type")}
        choices=${Object.keys(CREDENTIAL_EXAMPLES)} />
    </div><p></p>
    ${
      credentialExample &&
      html`<${TextAreaField} label="Credentials (JSON)" rows=${2} ...${bind("_authinfo")}
        hint=${`Example: ${credentialExample}. Stored encrypted and never shown again.${
          service ? " Leave empty to keep the current ones." : ""
        }`} /><p></p>`
    }
    <${TextAreaField} label="Description" rows=${2} ...${bindField("description")} /><p></p>
    <${TextAreaField} label="Parameters (JSON)" rows=${7} ...${bind("optional_analysis_parameters")}
      hint='For each name, a list of values or {"type": "string" | "number" | "file", "default", "required", "title", "description"}.' /><p></p>
    <${CheckboxGroup} legend="Inputs" choices=${INPUT_TYPES.map((name) => [name, name])}
      ...${bindField("input_data_types")} />
    <${GroupCheckboxes} groups=${getProfile().groups} ...${bindField("group_ids")} hint="Who can see the service. None selected: all your groups." />
    <div class="row">
      <${Checkbox} label="Enabled" ...${bindField("enabled")} />
      <${Checkbox} label="Uploads only" ...${bindField("upload_only")} />
      <${Checkbox} label="Offered on source pages" ...${bindField("display_on_resource_dropdown")} />
      <${Checkbox} label="Results summarise the source" ...${bindField("is_summary")} />
    </div><p></p>
    <${FormError} error=${error} fieldNames=${Object.keys(NEW_SERVICE)} />
    ${inputError && html`<p class="error">Inputs: ${inputError}</p>`}
    <div class="row end"><button class="main" disabled=${busy}>Save the service</button></div>
  </form>`;
}
