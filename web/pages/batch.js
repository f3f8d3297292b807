// A batch and what came of it, source by source.
import { html } from "../vendor/htm-preact.js";
import { get } from "../core/api.js";
import { useLoad, useRepeated } from "../core/load.js";
import { address } from "../core/router.js";
import { hasEnded } from "../core/watch.js";
import { utc } from "../core/words.js";
import { Card, Facts, Failure, Loaded, Scroll, State } from "../parts/basics.js";

const A_PAGE = 100;
const PACE = { first: 1500, longest: 20_000, slower: 1.2 };

const isDone = (batch) =>
  batch.status === "done" &&
  batch.outcomes.every((one) => one.analysis_id === null || one.status === null || hasEnded(one.status));

export function BatchPage({ path: [id], query }) {
  const page = Number(query.page ?? 1);
  const load = useLoad(
    (signal) => get(`/analysis_batch/${encodeURIComponent(id)}`, { numPerPage: A_PAGE, pageNumber: page }, signal),
    [id, page],
  );
  useRepeated(load.reload, { ...PACE, wanted: Boolean(load.data && !isDone(load.data)) }, [id, page]);
  return html`<h1>Batch ${id}</h1><${Failure} error=${load.data && load.error} />
    <${Loaded} load=${load.data ? { ...load, error: null } : load} what=${`Loading batch ${id}`}>${(batch) => {
      const ended = batch.outcomes.filter(
        (one) => one.analysis_id === null || (one.status && hasEnded(one.status)),
      ).length;
      return html`<${Card}>
        <p role="status">${batch.started} of ${batch.total} started${batch.refused ? `, ${batch.refused} refused` : ""}${batch.status === "done" ? "" : ", more to come"};${" "}
          ${ended} of the ${batch.outcomes.length} below have ended.</p>
        <progress max=${batch.total} value=${batch.total > A_PAGE ? batch.started + batch.refused : ended}
          aria-label="Progress of the batch"></progress>
        <${Facts} of=${[
          ["Service", html`<a href=${address(["service", batch.service_id])}>service ${batch.service_id}</a>`],
          ["Asked", utc(batch.created_at)],
        ]} /><//>
      <${Card} title="Sources"><${Scroll}><table>
        <thead><tr><th scope="col">Source</th><th scope="col">Analysis</th><th scope="col">State</th><th
          scope="col">Message</th></tr></thead>
        <tbody>${batch.outcomes.map(
          (one) => html`<tr><th scope="row"><a href=${address(["source", one.obj_id])}>${one.obj_id}</a></th>
          <td>${
            one.analysis_id === null
              ? "–"
              : html`<a
            href=${address(["analysis", one.analysis_id])}>${one.analysis_id}</a>`
          }</td>
          <td>${
            one.analysis_id === null
              ? html`<span
            class="state failure">refused</span>`
              : one.status === null
                ? "deleted"
                : html`<${State}
              state=${one.status} />`
          }</td>
          <td class="says">${one.message}</td></tr>`,
        )}</tbody></table><//>
        ${
          batch.total > A_PAGE &&
          html`<nav class="pages" aria-label="Pages">
          <a class="button" href=${address(["batch", id], { page: Math.max(1, page - 1) })}>Previous</a>
          <a class="button" href=${address(["batch", id], { page: page + 1 })}>Next</a></nav>`
        }<//>`;
    }}<//>`;
}
