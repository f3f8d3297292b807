// Starting an analysis of one source.
import { html } from "../vendor/htm-preact.js";
import { get, part, post } from "../core/api.js";
import { useAction, useLoad } from "../core/load.js";
import { address, go } from "../core/router.js";
import { follow } from "../core/watch.js";
import { Card, Loaded } from "../parts/basics.js";
import { RequestForm } from "../parts/request_form.js";

const distinct = (values) => [...new Set(values)].sort();

export function StartPage({ path: [source], query }) {
  const load = useLoad(
    async (signal) => {
      const [services, points] = await Promise.all([
        get("/analysis_service", {}, signal),
        get(`/sources/${part(source)}/photometry`, { format: "mag" }, signal),
      ]);
      return { services, points };
    },
    [source],
  );
  const start = useAction(async (service, request) => {
    const { id } = await post(`/obj/${part(source)}/analysis/${service.id}`, request, crypto.randomUUID());
    follow(id, source);
    go(["analysis", id]);
  });
  return html`<h1>Start an analysis of <a href=${address(["source", source])}>${source}</a></h1>
    <${Card}><${Loaded} load=${load} what="Loading the services">${({ services, points }) => html`
      <${RequestForm} services=${services.filter((one) => one.display_on_resource_dropdown)}
        first=${Number(query.service)} action=${start}
        filters=${distinct(points.map((point) => point.filter))} instruments=${distinct(points.map((point) => point.instrument_name))} />`}<//><//>`;
}
