// Start an analysis of one source, or run one again with changes.
import { html } from "../vendor/htm-preact.js";
import { trackAnalysis } from "../core/analysis_watch.js";
import { api } from "../core/api.js";
import { forgetForm } from "../core/form_memory.js";
import { loadLeftOut } from "../core/left_out_points.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { buildUniqueKey } from "../core/unique_key.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { AnalysisRequestForm } from "../parts/analysis_request_form.js";
import { Card } from "../parts/layout.js";
import { LoadedContent } from "../parts/messages.js";
import { showNotice } from "../parts/notices.js";

const listDistinct = (values) => [...new Set(values)].sort();

async function loadChoices(sourcePath, rerun, signal) {
  const [services, points, earlier] = await Promise.all([
    api.get("/analysis_service", {}, signal),
    api.get(`/sources/${sourcePath}/photometry`, { format: "mag" }, signal),
    rerun ? api.get(`/obj/analysis/${encodeURIComponent(rerun)}`, { includeDetails: true }, signal) : null,
  ]);
  const isOffered = ({ id, display_on_resource_dropdown: isDisplayed }) =>
    isDisplayed || id === earlier?.analysis_service_id;
  return {
    services: services.filter(isOffered),
    filters: listDistinct(points.map((point) => point.filter)),
    instruments: listDistinct(points.map((point) => point.instrument_name)),
    earlier,
  };
}

// A rerun keeps what a form cannot show (files, secrets); what was cleared in the form is null.
function buildRerun(request, earlier) {
  const cleared = Object.keys(earlier.analysis_parameters).filter((name) => !(name in request.analysis_parameters));
  const isFile = (name) => typeof earlier.analysis_parameters[name] === "object";
  const nulls = cleared.filter((name) => !isFile(name)).map((name) => [name, null]);
  return { ...request, analysis_parameters: { ...request.analysis_parameters, ...Object.fromEntries(nulls) } };
}

export function StartPage({ path: [source], query }) {
  const sourcePath = encodeURIComponent(source);
  const formKey = `start.${source}.${query.rerun ?? ""}`;
  const leftOut = [...loadLeftOut(source)];
  const load = useLoad((signal) => loadChoices(sourcePath, query.rerun, signal), [source, query.rerun]);
  const startAction = useAction(async (service, buildRequest) => {
    const request = buildRequest();
    const isRerun = load.data.earlier?.analysis_service_id === service.id;
    const key = buildUniqueKey();
    const { data, warnings } = isRerun
      ? await api.postForEnvelope(`/obj/analysis/${query.rerun}/rerun`, buildRerun(request, load.data.earlier), key)
      : await api.postForEnvelope(`/obj/${sourcePath}/analysis/${service.id}`, request, key);
    forgetForm(formKey);
    for (const warning of warnings ?? []) showNotice(warning, { kind: "bad" });
    trackAnalysis(data.id, source);
    navigateTo(["analysis", data.id]);
  });
  const title = query.rerun ? `Run analysis ${query.rerun} again, of ` : "Start an analysis of ";
  return html`<h1>${title}<a href=${buildAddress(["source", source])}>${source}</a></h1>
    <${Card}><${LoadedContent} load=${load} text="Loading the services">${(choices) => html`
      <${AnalysisRequestForm} key=${formKey} ...${choices} serviceId=${Number(query.service)} source=${source}
        leftOut=${leftOut} formKey=${formKey} action=${startAction} />`}<//><//>`;
}
