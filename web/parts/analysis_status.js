// The live status of an analysis, its table cells, and the buttons to cancel, rerun and delete it.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { addContactListener, getLostSince, hasEnded, watchAnalysis } from "../core/analysis_watch.js";
import { api } from "../core/api.js";
import { formatSeconds } from "../core/format.js";
import { useAction } from "../core/request_hooks.js";
import { useRunnableServices } from "../core/runnable_services.js";
import { buildAddress } from "../core/router.js";
import { showText } from "../core/service_values.js";
import { getProfile, hasPermission, isOwner } from "../core/session.js";
import { askConfirmation } from "./confirm_dialog.js";
import { ActionButton, Age, ProgressBar, StateBadge, VerdictBadge } from "./indicators.js";
import { ErrorMessage } from "./messages.js";

// Returns the newest {status, message, progress, verdict} of an analysis, and calls `onEnd` when it ends.
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
    verdict: liveUpdate ? liveUpdate.verdict : analysis.verdict,
  };
}

// Says for how long the server has not answered. Polling goes on meanwhile.
function LostContact() {
  const [lostSince, setLost] = useState(getLostSince());
  const [, setTick] = useState(0);
  useEffect(() => addContactListener(setLost), []);
  useEffect(() => {
    if (lostSince === null) return undefined;
    const timer = setInterval(() => setTick((tick) => tick + 1), 1000);
    return () => clearInterval(timer);
  }, [lostSince]);
  if (lostSince === null) return null;
  const seconds = Math.round((Date.now() - lostSince) / 1000);
  return html`<p class="lost" role="alert">No contact since ${seconds} s. This page tries again by itself; the analysis
    goes on without it.</p>`;
}

export const AnalysisProgress = ({ id, live }) =>
  !hasEnded(live.status) &&
  html`<${LostContact} /><${ProgressBar} value=${live.progress} subject=${`analysis ${id}`} />`;

export const formatAuthor = (record) =>
  record.author_id === getProfile().id ? "you" : (record.author_name ?? "a deleted user");

export const AnalysisHeaders = () => html`<th scope="col">Service</th><th scope="col">State</th>
  <th scope="col">Message</th><th scope="col">Author</th><th scope="col">Created</th>
  <th scope="col" class="number">Duration</th>`;

export const AnalysisCells = ({ analysis, live }) => html`<td>${analysis.analysis_service_name}</td>
  <td><${StateBadge} state=${live.status} verdict=${live.verdict} /> <${VerdictBadge} verdict=${live.verdict} /></td>
  <td class="says"><${AnalysisProgress} id=${analysis.id} live=${live} />${live.message && showText(live.message)}</td>
  <td>${formatAuthor(analysis)}</td>
  <td><${Age} time=${analysis.created_at} /></td>
  <td class="number">${formatSeconds(analysis.duration)}</td>`;

export function AnalysisActions({ analysis, status, onChange }) {
  const { id } = analysis;
  const services = useRunnableServices();
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
      services?.some((service) => service.id === analysis.analysis_service_id) &&
      html`<a class="button" href=${buildAddress(["start", analysis.obj_id], { rerun: id })}
      aria-label=${`Run analysis ${id} again`}>Run again</a>`
    }
    ${
      isOwner(analysis) &&
      html`<${ActionButton} action=${action} class="danger" onClick=${() => action.run(deleteAnalysis)}
      aria-label=${`Delete analysis ${id}`}>Delete<//>`
    }
    <${ErrorMessage} error=${action.error} />
  </div>`;
}
