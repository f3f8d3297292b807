// The analyses of one source, live.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { post, remove } from "../core/api.js";
import { useAction } from "../core/load.js";
import { address } from "../core/router.js";
import { may, me } from "../core/session.js";
import { follow, hasEnded, watch } from "../core/watch.js";
import { seconds } from "../core/words.js";
import { Age, Busy, Empty, Failure, Progress, Scroll, State } from "./basics.js";
import { ask } from "./dialog.js";
import { notify } from "./notices.js";

// What an analysis is now: its record, brought up to date as it runs.
export function useLive(analysis, ended) {
  const [now, setNow] = useState(null);
  useEffect(() => {
    if (hasEnded(analysis.status)) return undefined;
    return watch(analysis.id, (news) => {
      setNow(news);
      if (hasEnded(news.status)) ended(news);
    });
  }, [analysis.id, analysis.status]);
  const news = hasEnded(analysis.status) ? null : now;
  return {
    status: news?.status ?? analysis.status,
    message: news?.message ?? analysis.status_message,
    progress: news?.progress ?? null,
  };
}

export function Actions({ analysis, status, changed }) {
  const mine = analysis.author_id === me().id || may("System admin");
  const act = useAction(async (step) => {
    await step();
    await changed();
  });
  const cancel = async () => {
    const agreed = await ask({
      title: `Cancel analysis ${analysis.id}?`,
      text: "What the service sends later is refused.",
      action: "Cancel it",
    });
    if (agreed) await post(`/obj/analysis/${analysis.id}/cancel`);
  };
  const again = async () => {
    const { id } = await post(`/obj/analysis/${analysis.id}/rerun`, {}, crypto.randomUUID());
    follow(id, analysis.obj_id);
    notify(`Analysis ${id} is queued: ${analysis.id} again.`, {
      link: { href: address(["analysis", id]), words: "Open it" },
    });
  };
  const drop = async () => {
    const agreed = await ask({
      title: `Delete analysis ${analysis.id}?`,
      text: "Its results, plots and files are deleted for everyone. This cannot be undone.",
      action: "Delete it",
    });
    if (agreed) await remove(`/obj/analysis/${analysis.id}`);
  };
  if (!may("Run Analyses")) return null;
  return html`<div class="row">
    ${
      mine &&
      !hasEnded(status) &&
      html`<${Busy} action=${act} onClick=${() => act.run(cancel)}
      aria-label=${`Cancel analysis ${analysis.id}`}>Cancel<//>`
    }
    ${
      hasEnded(status) &&
      html`<${Busy} action=${act} onClick=${() => act.run(again)}
      aria-label=${`Run analysis ${analysis.id} again`}>Run again<//>`
    }
    ${
      mine &&
      html`<${Busy} action=${act} class="danger" onClick=${() => act.run(drop)}
      aria-label=${`Delete analysis ${analysis.id}`}>Delete<//>`
    }
    <${Failure} error=${act.error} />
  </div>`;
}

export const authorOf = (analysis) => (analysis.author_id === me().id ? "you" : `user ${analysis.author_id}`);

function Row({ analysis, changed }) {
  const { status, message, progress } = useLive(analysis, changed);
  return html`<tr>
    <th scope="row"><a href=${address(["analysis", analysis.id])}>${analysis.id}</a></th>
    <td>${analysis.analysis_service_name}</td>
    <td><${State} state=${status} /></td>
    <td class="says">${!hasEnded(status) && html`<${Progress} value=${progress} of=${`analysis ${analysis.id}`} />`}${message}</td>
    <td>${authorOf(analysis)}</td>
    <td><${Age} of=${analysis.created_at} /></td>
    <td class="number">${seconds(analysis.duration)}</td>
    <td><${Actions} analysis=${analysis} status=${status} changed=${changed} /></td>
  </tr>`;
}

export function AnalysesOfSource({ analyses, changed }) {
  if (!analyses.length) return html`<${Empty}>None yet.<//>`;
  return html`<${Scroll}><table class="wide">
    <thead><tr><th scope="col">Id</th><th scope="col">Service</th><th scope="col">State</th><th scope="col">Message</th>
      <th scope="col">Author</th>
      <th scope="col">Asked</th><th scope="col" class="number">Took</th><th scope="col">Actions</th></tr></thead>
    <tbody>${analyses.map(
      (analysis) => html`<${Row} key=${analysis.id} analysis=${analysis}
      changed=${changed} />`,
    )}</tbody>
  </table><//>`;
}
