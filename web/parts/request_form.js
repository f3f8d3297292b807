// What an analysis is asked for: service, parameters, data to send, groups, what to show. One form, for one source or for many.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { chosen, fieldsOf } from "../core/service_parameters.js";
import { me } from "../core/session.js";
import { Empty, Failure } from "./basics.js";
import { ChoiceField, GroupTicks, Tick, Ticks, isOfField } from "./fields.js";
import { ParametersForm } from "./parameters_form.js";

const defaults = (fields) => Object.fromEntries(fields.map((field) => [field.name, field.value]));

function Form({ services, first, filters, instruments, action, children }) {
  const [service, setService] = useState(services.find((one) => one.id === first) ?? services[0]);
  const fields = useMemo(() => fieldsOf(service), [service]);
  const [values, setValues] = useState(() => defaults(fields));
  const [kept, setKept] = useState({ filters: [], instruments: [] });
  const [extinction, setExtinction] = useState(false);
  const [groups, setGroups] = useState([]);
  const [show, setShow] = useState({ show_parameters: true, show_plots: true, show_corner: true });
  const choose = (id) => {
    const next = services.find((one) => one.id === Number(id));
    setService(next);
    setValues(defaults(fieldsOf(next)));
    action.clear();
  };
  const submit = (event) => {
    event.preventDefault();
    const photometry = Object.fromEntries(Object.entries(kept).filter(([, some]) => some.length));
    action.run(service, {
      analysis_parameters: { ...chosen(fields, values), ...(extinction ? { correct_extinction: true } : {}) },
      ...(Object.keys(photometry).length ? { input_filters: { photometry } } : {}),
      ...(groups.length ? { group_ids: groups } : {}),
      ...show,
    });
  };
  const names = [...fields.map((field) => field.name)];
  const takesLight = service.input_data_types.includes("photometry");
  return html`<form onSubmit=${submit} noValidate=${true}>
    <${ChoiceField} label="Service" value=${service.id} change=${choose} hint=${service.description}
      choices=${services.map((one) => [one.id, `${one.display_name ?? one.name}${one.version ? ` ${one.version}` : ""}`])} />
    <h3>Parameters</h3><${ParametersForm} fields=${fields} values=${values} change=${setValues} error=${action.error} />
    <h3>What is sent</h3>
    <p class="hint">${service.input_data_types.join(", ")}, as far as you may see it.</p>
    ${
      takesLight &&
      filters.length > 0 &&
      html`<${Ticks} legend="Filters" hint="None ticked: all." choices=${filters.map((name) => [name, name])}
        chosen=${kept.filters}
      change=${(some) => setKept({ ...kept, filters: some })} />`
    }
    ${
      takesLight &&
      instruments.length > 0 &&
      html`<${Ticks} legend="Instruments" hint="None ticked: all." choices=${instruments.map((name) => [name, name])}
      chosen=${kept.instruments} change=${(some) => setKept({ ...kept, instruments: some })} />`
    }
    ${
      takesLight &&
      html`<p><${Tick} label="Correct the photometry for Galactic extinction first" value=${extinction}
      change=${setExtinction} /></p>`
    }
    <h3>Who sees it, and what</h3>
    <${GroupTicks} groups=${me().groups} chosen=${groups} change=${setGroups} hint="None: all groups of yours." />
    <div class="row">${[
      ["show_parameters", "Parameters"],
      ["show_plots", "Plots"],
      ["show_corner", "Corner plot"],
    ].map(
      ([name, words]) => html`
      <${Tick} label=${words} value=${show[name]} change=${(on) => setShow({ ...show, [name]: on })} />`,
    )}</div>
    <p></p>
    ${action.error && !isOfField(action.error, names) && html`<${Failure} error=${action.error} />`}
    ${children}
    <div class="row end"><button class="main"
      disabled=${action.busy}>${action.busy ? "Sending …" : "Start"}</button></div>
  </form>`;
}

export function RequestForm({ services, ...rest }) {
  const usable = services.filter((service) => service.enabled && !service.upload_only);
  if (!usable.length)
    return html`<${Empty}>There is no service that you may use. See <a href="#/services">services</a>.<//>`;
  return html`<${Form} services=${usable} ...${rest} />`;
}
