// The form to start an analysis: service, parameters, inputs, groups. For one source, for a rerun, and for batches.
import { html, useMemo } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatServiceName, joinGroupNames } from "../core/format.js";
import { useKeptState } from "../core/form_memory.js";
import { useLoad } from "../core/request_hooks.js";
import { isRunnable } from "../core/runnable_services.js";
import {
  buildParameterFields,
  collectParameters,
  getDefaultValues,
  getEarlierValues,
} from "../core/service_parameters.js";
import { getProfile } from "../core/session.js";
import { Checkbox, CheckboxGroup, FormError, GroupCheckboxes, SelectField, handleSubmit } from "./form_fields.js";
import { EmptyMessage, ErrorMessage } from "./messages.js";
import { ParameterFields } from "./parameter_fields.js";

const EXTINCTION = "correct_extinction";
const PRODUCTS = [
  ["show_parameters", "Parameters"],
  ["show_plots", "Plots"],
  ["show_corner", "Posterior"],
];

const buildServiceChoice = (service) => [
  service.id,
  [formatServiceName(service), service.version].filter(Boolean).join(" "),
];

// What the form holds at first: the service's defaults, or what an earlier analysis was started with.
function buildFormState(service, earlier) {
  const fields = buildParameterFields(service);
  const parameters = earlier?.analysis_parameters ?? {};
  const photometry = earlier?.input_filters?.photometry ?? {};
  return {
    serviceId: service.id,
    parameters: { ...getDefaultValues(fields), ...getEarlierValues(fields, parameters) },
    filters: photometry.filters ?? [],
    instruments: photometry.instruments ?? [],
    correctsExtinction: Boolean(parameters[EXTINCTION]),
    groups: [],
    products: Object.fromEntries(PRODUCTS.map(([name]) => [name, earlier?.[name] ?? true])),
  };
}

// Files are too large to keep, and secrets are never kept.
function selectKept(service, state) {
  const kinds = new Map(buildParameterFields(service).map(({ name, kind }) => [name, kind]));
  const entries = Object.entries(state.parameters).filter(([name]) => !["file", "password"].includes(kinds.get(name)));
  return { ...state, parameters: Object.fromEntries(entries) };
}

function buildInputFilters({ filters, instruments }, leftOut) {
  const selections = Object.entries({ filters, instruments, exclude: leftOut }).filter(([, names]) => names.length);
  return selections.length ? { photometry: Object.fromEntries(selections) } : {};
}

function buildRequest(fields, values, state, leftOut) {
  return {
    analysis_parameters: {
      ...collectParameters(fields, values),
      ...(state.correctsExtinction ? { [EXTINCTION]: true } : {}),
    },
    input_filters: buildInputFilters(state, leftOut),
    ...(state.groups.length ? { group_ids: state.groups } : {}),
    ...state.products,
  };
}

function RequestForm({ services, serviceId, filters, instruments, action, formKey, source, earlier, leftOut = [] }) {
  const initialService = services.find(({ id }) => id === (earlier?.analysis_service_id ?? serviceId)) ?? services[0];
  const [state, setState] = useKeptState(
    formKey,
    () => buildFormState(initialService, earlier),
    (current) => selectKept(services.find(({ id }) => id === current.serviceId) ?? initialService, current),
  );
  const service = services.find(({ id }) => id === state.serviceId) ?? initialService;
  const fields = useMemo(() => buildParameterFields(service), [service]);
  // What was kept may lack parameters: files, secrets, and those that the service has declared since.
  const values = { ...getDefaultValues(fields), ...state.parameters };
  const change = (changes) => setState({ ...state, ...changes });
  const selectService = (id) => {
    setState(buildFormState(services.find((candidate) => candidate.id === Number(id))));
    action.clear();
  };
  const submitRequest = () => action.run(service, () => buildRequest(fields, values, state, leftOut));
  return html`<form onSubmit=${handleSubmit(submitRequest)} noValidate=${true}>
    <${SelectField} label="Service" value=${service.id} onChange=${selectService} hint=${service.description}
      choices=${services.map(buildServiceChoice)} />
    <h3>Parameters</h3>
    <${ParameterFields} fields=${fields} values=${values} error=${action.error}
      onChange=${(parameters) => change({ parameters })} />
    <h3>Inputs</h3>
    <${InputFields} service=${service} filters=${filters} instruments=${instruments} state=${state} onChange=${change}
      leftOut=${leftOut} />
    <h3>Groups and displayed results</h3>
    <${GroupFields} service=${service} source=${source} state=${state} onChange=${change} leftOut=${leftOut} />
    <div class="row">${PRODUCTS.map(
      ([name, label]) => html`<${Checkbox} label=${label} value=${state.products[name]}
        onChange=${(isShown) => change({ products: { ...state.products, [name]: isShown } })} />`,
    )}</div>
    <p></p>
    <${FormError} error=${action.error} fieldNames=${fields.map((field) => field.name)} />
    <div class="row end"><button class="main" disabled=${action.busy}>${
      action.busy ? "Sending …" : "Start"
    }</button></div>
  </form>`;
}

function InputFields({ service, filters, instruments, state, onChange, leftOut }) {
  const kinds = html`<p class="hint">${service.input_data_types.join(", ")}. Only data visible to you are sent.${
    leftOut.length ? ` Left out: ${leftOut.length} points that have no tick in the table of the light curve.` : ""
  }</p>`;
  if (!service.input_data_types.includes("photometry")) return kinds;
  return html`${kinds}
    ${[
      ["Filters", "filters", filters],
      ["Instruments", "instruments", instruments],
    ].map(
      ([legend, name, names]) =>
        names.length > 0 &&
        html`<${CheckboxGroup} legend=${legend} hint="None selected: all." value=${state[name]}
          choices=${names.map((text) => [text, text])} onChange=${(selection) => onChange({ [name]: selection })} />`,
    )}
    <p><${Checkbox} label="Correct the photometry for Galactic extinction first" value=${state.correctsExtinction}
      onChange=${(correctsExtinction) => onChange({ correctsExtinction })} /></p>`;
}

const BATCH_HINT =
  "None selected: for each source those of your groups that may see all of its data, or else only you.";

// Warns of groups that would see data which they may not see at the source.
function GroupFields({ service, source, state, onChange, leftOut }) {
  const inputFilters = JSON.stringify(buildInputFilters(state, leftOut));
  const load = useLoad(
    (signal) =>
      source
        ? api.get(
            `/obj/${encodeURIComponent(source)}/analysis_groups/${service.id}`,
            { input_filters: inputFilters },
            signal,
          )
        : Promise.resolve(null),
    [source, service.id, inputFilters],
  );
  const groups = load.data ?? [];
  const defaults = groups.filter((group) => group.is_default);
  const wider = groups.filter(({ id, sees_all_data: seesAll }) => state.groups.includes(id) && !seesAll);
  const hint = source ? `None selected: ${joinGroupNames(defaults) || "…"}, who may see all data that are sent.` : BATCH_HINT;
  return html`<${GroupCheckboxes} groups=${getProfile().groups} value=${state.groups} hint=${hint}
      onChange=${(selection) => onChange({ groups: selection })} />
    ${
      wider.length > 0 &&
      html`<p class="warning" role="alert">${joinGroupNames(wider)} may not see all data that are sent. In the figures and
        results of this analysis they will.</p>`
    }
    <${ErrorMessage} error=${load.error} />`;
}

// `action` is the result of useAction, run with the service and a function that returns the request; `formKey` names the form in this tab.
// `source`, `earlier` (an analysis to run again) and `leftOut` (ids of points) are for a single source.
export function AnalysisRequestForm({ services, ...rest }) {
  const usableServices = services.filter(isRunnable);
  if (!usableServices.length)
    return html`<${EmptyMessage}>No service is available to you. See <a href="#/services">services</a>.<//>`;
  return html`<${RequestForm} services=${usableServices} ...${rest} />`;
}
