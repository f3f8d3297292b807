// The form to start an analysis: service, parameters, inputs, groups. For one source, and for batches.
import { html, useMemo, useState } from "../vendor/htm-preact.js";
import { formatServiceName } from "../core/format.js";
import { buildParameterFields, collectParameters, getDefaultValues } from "../core/service_parameters.js";
import { getProfile } from "../core/session.js";
import {
  Checkbox,
  CheckboxGroup,
  FormError,
  GroupCheckboxes,
  SelectField,
  handleSubmit,
  useForm,
} from "./form_fields.js";
import { EmptyMessage } from "./messages.js";
import { ParameterFields } from "./parameter_fields.js";

const buildServiceChoice = (service) => [
  service.id,
  [formatServiceName(service), service.version].filter(Boolean).join(" "),
];

function RequestForm({ services, serviceId, filters, instruments, action }) {
  const [service, setService] = useState(services.find(({ id }) => id === serviceId) ?? services[0]);
  const fields = useMemo(() => buildParameterFields(service), [service]);
  const [parameters, setParameters] = useState(() => getDefaultValues(fields));
  const [photometry, bindPhotometry] = useForm({ filters: [], instruments: [] });
  const [correctsExtinction, setCorrectsExtinction] = useState(false);
  const [groups, setGroups] = useState([]);
  const [products, bindProduct] = useForm({ show_parameters: true, show_plots: true, show_corner: true });
  const selectService = (id) => {
    const newService = services.find((candidate) => candidate.id === Number(id));
    setService(newService);
    setParameters(getDefaultValues(buildParameterFields(newService)));
    action.clear();
  };
  const submitRequest = () => {
    const inputFilters = Object.entries(photometry).filter(([, names]) => names.length);
    action.run(service, {
      analysis_parameters: {
        ...collectParameters(fields, parameters),
        ...(correctsExtinction ? { correct_extinction: true } : {}),
      },
      ...(inputFilters.length ? { input_filters: { photometry: Object.fromEntries(inputFilters) } } : {}),
      ...(groups.length ? { group_ids: groups } : {}),
      ...products,
    });
  };
  const takesPhotometry = service.input_data_types.includes("photometry");
  return html`<form onSubmit=${handleSubmit(submitRequest)} noValidate=${true}>
    <${SelectField} label="Service" value=${service.id} onChange=${selectService} hint=${service.description}
      choices=${services.map(buildServiceChoice)} />
    <h3>Parameters</h3>
    <${ParameterFields} fields=${fields} values=${parameters} onChange=${setParameters} error=${action.error} />
    <h3>Inputs</h3>
    <p class="hint">${service.input_data_types.join(", ")}. Only data visible to you are sent.</p>
    ${
      takesPhotometry &&
      filters.length > 0 &&
      html`<${PhotometryFilter} legend="Filters" names=${filters} ...${bindPhotometry("filters")} />`
    }
    ${
      takesPhotometry &&
      instruments.length > 0 &&
      html`<${PhotometryFilter} legend="Instruments" names=${instruments} ...${bindPhotometry("instruments")} />`
    }
    ${
      takesPhotometry &&
      html`<p><${Checkbox} label="Correct the photometry for Galactic extinction first" value=${correctsExtinction}
        onChange=${setCorrectsExtinction} /></p>`
    }
    <h3>Groups and displayed results</h3>
    <${GroupCheckboxes} groups=${getProfile().groups} value=${groups} onChange=${setGroups}
      hint="None selected: all your groups." />
    <div class="row">
      <${Checkbox} label="Parameters" ...${bindProduct("show_parameters")} />
      <${Checkbox} label="Plots" ...${bindProduct("show_plots")} />
      <${Checkbox} label="Corner plot" ...${bindProduct("show_corner")} />
    </div>
    <p></p>
    <${FormError} error=${action.error} fieldNames=${fields.map((field) => field.name)} />
    <div class="row end"><button class="main" disabled=${action.busy}>${
      action.busy ? "Sending …" : "Start"
    }</button></div>
  </form>`;
}

const PhotometryFilter = ({ legend, names, value, onChange }) =>
  html`<${CheckboxGroup} legend=${legend} hint="None selected: all." choices=${names.map((name) => [name, name])}
    value=${value} onChange=${onChange} />`;

// `action` is the result of useAction, run with the service and the request.
export function AnalysisRequestForm({ services, ...rest }) {
  const usableServices = services.filter((service) => service.enabled && !service.upload_only);
  if (!usableServices.length)
    return html`<${EmptyMessage}>No service is available to you. See <a href="#/services">services</a>.<//>`;
  return html`<${RequestForm} services=${usableServices} ...${rest} />`;
}
