// Start an analysis of one source.
import { html } from "../vendor/htm-preact.js";
import { trackAnalysis } from "../core/analysis_watch.js";
import { api } from "../core/api.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { buildAddress, navigateTo } from "../core/router.js";
import { AnalysisRequestForm } from "../parts/analysis_request_form.js";
import { Card } from "../parts/layout.js";
import { LoadedContent } from "../parts/messages.js";

const listDistinct = (values) => [...new Set(values)].sort();

export function StartPage({ path: [source], query }) {
  const sourcePath = encodeURIComponent(source);
  const load = useLoad(
    async (signal) => {
      const [services, points] = await Promise.all([
        api.get("/analysis_service", {}, signal),
        api.get(`/sources/${sourcePath}/photometry`, { format: "mag" }, signal),
      ]);
      return {
        services: services.filter((service) => service.display_on_resource_dropdown),
        filters: listDistinct(points.map((point) => point.filter)),
        instruments: listDistinct(points.map((point) => point.instrument_name)),
      };
    },
    [source],
  );
  const startAction = useAction(async (service, request) => {
    const { id } = await api.post(`/obj/${sourcePath}/analysis/${service.id}`, request, crypto.randomUUID());
    trackAnalysis(id, source);
    navigateTo(["analysis", id]);
  });
  return html`<h1>Start an analysis of <a href=${buildAddress(["source", source])}>${source}</a></h1>
    <${Card}><${LoadedContent} load=${load} text="Loading the services">${(choices) => html`
      <${AnalysisRequestForm} ...${choices} serviceId=${Number(query.service)} action=${startAction} />`}<//><//>`;
}
