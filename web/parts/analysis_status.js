// The live status of an analysis, its table cells, and the buttons to cancel, rerun and delete it.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { hasEnded, trackAnalysis, watchAnalysis } from "../core/analysis_watch.js";
import { api } from "../core/api.js";
import { formatSeconds } from "../core/format.js";
import { useAction } from "../core/request_hooks.js";
import { buildAddress } from "../core/router.js";
import { getProfile, hasPermission, isOwner } from "../core/session.js";
import { askConfirmation } from "./confirm_dialog.js";
import { ActionButton, Age, ProgressBar, StateBadge } from "./indicators.js";
import { ErrorMessage } from "./messages.js";
import { showNotice } from "./notices.js";

// Returns the newest {status, message, progress} of an analysis, and calls `onEnd` when it ends.
export function useLiveStatus(analysis, onEnd) {
  const [update, setUpdate] = useState(null);
  useEffect(() => {
    if (hasEnded(analysis.status)) return undefined;
    return watchAnalysis(analysis.id, (newUpdate) => {
      setUpdate(newUpdate);
      if (hasEnded(newUpdate.status)) onEnd();
    });
  }, [analysis.id, analysis.status]);
  const liveUpdate = hasEnded(analysis.status) ? null : update;
  return {
    status: liveUpdate?.status ?? analysis.status,
    message: liveUpdate?.message ?? analysis.status_message,
    progress: liveUpdate?.progress ?? null,
  };
}

export const AnalysisProgress = ({ id, live }) =>
  !hasEnded(live.status) && html`<${ProgressBar} value=${live.progress} subject=${`analysis ${id}`} />`;

export const formatAuthor = (record) =>
  record.author_id === getProfile().id ? "you" : (record.author_name ?? "a deleted user");

export const AnalysisHeaders = () => html`<th scope="col">Service</th><th scope="col">State</th>
  <th scope="col">Message</th><th scope="col">Author</th><th scope="col">Created</th>
  <th scope="col" class="number">Duration</th>`;

export const AnalysisCells = ({ analysis, live }) => html`<td>${analysis.analysis_service_name}</td>
  <td><${StateBadge} state=${live.status} /></td>
  <td class="says"><${AnalysisProgress} id=${analysis.id} live=${live} />${live.message}</td>
  <td>${formatAuthor(analysis)}</td>
  <td><${Age} time=${analysis.created_at} /></td>
  <td class="number">${formatSeconds(analysis.duration)}</td>`;

export function AnalysisActions({ analysis, status, onChange }) {
  const { id } = analysis;
  const action = useAction(async (runStep) => {
    await runStep();
    await onChange();
  });
  const cancelAnalysis = async () => {
    const isConfirmed = await askConfirmation({
      title: `Cancel analysis ${id}?`,
      text: "Results that the service sends later are refused.",
      action: "Cancel analysis",
    });
    if (isConfirmed) await api.post(`/obj/analysis/${id}/cancel`);
  };
  const rerunAnalysis = async () => {
    const rerun = await api.post(`/obj/analysis/${id}/rerun`, {}, crypto.randomUUID());
    trackAnalysis(rerun.id, analysis.obj_id);
    showNotice(`Analysis ${rerun.id} is queued: a rerun of analysis ${id}.`, {
      link: { href: buildAddress(["analysis", rerun.id]), text: "Open analysis" },
    });
  };
  const deleteAnalysis = async () => {
    const isConfirmed = await askConfirmation({
      title: `Delete analysis ${id}?`,
      text: "This deletes its results, plots and files for everyone. It cannot be undone.",
      action: "Delete analysis",
    });
    if (isConfirmed) await api.delete(`/obj/analysis/${id}`);
  };
  if (!hasPermission("Run Analyses")) return null;
  return html`<div class="row">
    ${
      isOwner(analysis) &&
      !hasEnded(status) &&
      html`<${ActionButton} action=${action} onClick=${() => action.run(cancelAnalysis)}
      aria-label=${`Cancel analysis ${id}`}>Cancel<//>`
    }
    ${
      hasEnded(status) &&
      html`<${ActionButton} action=${action} onClick=${() => action.run(rerunAnalysis)}
      aria-label=${`Run analysis ${id} again`}>Run again<//>`
    }
    ${
      isOwner(analysis) &&
      html`<${ActionButton} action=${action} class="danger" onClick=${() => action.run(deleteAnalysis)}
      aria-label=${`Delete analysis ${id}`}>Delete<//>`
    }
    <${ErrorMessage} error=${action.error} />
  </div>`;
}
