// Who sees a source, its photometry or an analysis, and buttons that change it in place.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { getProfile, hasPermission, isOwner } from "../core/session.js";
import { askConfirmation } from "./confirm_dialog.js";
import { EmptyMessage, ErrorMessage, LoadedContent } from "./messages.js";
import { showNotice } from "./notices.js";

const PUBLIC_GROUP = 1;
const POINTS_PER_REQUEST = 1000;

const KINDS = {
  source: {
    noun: "the source",
    note: "They see its position, redshift and the remarks that are shared with them. Photometry and spectra are shared by themselves.",
    canChange: () => hasPermission("Upload data"),
  },
  photometry: {
    noun: "the photometry",
    note: "A group sees only the points that are shared with it. What is shared here cannot be taken back on this page.",
    canChange: () => hasPermission("Upload data"),
  },
  analysis: {
    noun: "the analysis",
    note: "They see all of it, also the photometry in its figures and files. Groups that you have left lose it with any change.",
    canChange: (analysis) => hasPermission("Run Analyses") && isOwner(analysis),
  },
};

const getOwnGroup = () => getProfile().groups.find((group) => group.single_user_group);
const nameGroup = (group) => (group.id === PUBLIC_GROUP ? "everyone" : group.name);

function describeReaders(groups) {
  if (groups.some(({ id }) => id === PUBLIC_GROUP)) return "Everyone on this server sees it.";
  const names = groups.filter((group) => group.id !== getOwnGroup()?.id).map(nameGroup);
  return names.length ? `Seen by ${names.join(", ")}. Others do not see it.` : "Only you see it.";
}

async function changeSourceGroups(source, group, isShared) {
  const path = `/sources/${encodeURIComponent(source.id)}`;
  if (isShared) return api.patch(path, { group_ids: [group.id] });
  // A source stays in one group at least.
  if (source.groups.length === 1) await api.patch(path, { group_ids: [getOwnGroup().id] });
  return api.delete(`${path}?group_id=${group.id}`);
}

function changeAnalysisGroups(analysis, group, isShared) {
  const others = analysis.groups.map(({ id }) => id).filter((id) => id !== group.id);
  const groupIds = isShared ? [...others, group.id] : others;
  return api.patch(`/obj/analysis/${analysis.id}`, { group_ids: groupIds.length ? groupIds : [getOwnGroup().id] });
}

async function sharePoints(points, group) {
  for (let start = 0; start < points.length; start += POINTS_PER_REQUEST)
    await api.post("/sharing", {
      photometryIDs: points.slice(start, start + POINTS_PER_REQUEST).map(({ id }) => id),
      groupIDs: [group.id],
      skipForeign: true,
    });
}

const confirmPublication = (noun) =>
  askConfirmation({
    title: `Show ${noun} to everyone?`,
    text: "Every user of this server will see it.",
    action: "Show to everyone",
  });

// The rows of groups; `describeState` returns {text, isShared, label} of one.
function GroupRows({ kind, describeState, changeGroup, onChange }) {
  const action = useAction(async (group, isShared) => {
    if (isShared && group.id === PUBLIC_GROUP && !(await confirmPublication(KINDS[kind].noun))) return;
    await changeGroup(group, isShared);
    showNotice(`${isShared ? "Shared" : "Stopped sharing"} ${KINDS[kind].noun} with ${nameGroup(group)}.`, {
      kind: "good",
    });
    await onChange();
  });
  const groups = getProfile().groups.filter((group) => !group.single_user_group);
  return html`<ul class="shares">${groups.map((group) => {
    const { text, isShared, label } = describeState(group);
    return html`<li key=${group.id}><span><strong>${nameGroup(group)}</strong> <span class="hint">${text}</span></span>
      ${
        label &&
        html`<button type="button" disabled=${action.busy} aria-label=${`${label} with ${nameGroup(group)}`}
        onClick=${() => action.run(group, !isShared)}>${label}</button>`
      }</li>`;
  })}</ul><${ErrorMessage} error=${action.error} />`;
}

function RecordShares({ kind, record, onChange }) {
  const change = kind === "source" ? changeSourceGroups : changeAnalysisGroups;
  const describeState = (group) => {
    const isShared = record.groups.some(({ id }) => id === group.id);
    return { isShared, text: isShared ? "sees it" : "not shared", label: isShared ? "Stop sharing" : "Share" };
  };
  return html`<p>${describeReaders(record.groups)}</p>
    ${
      KINDS[kind].canChange(record) &&
      html`<${GroupRows} kind=${kind} describeState=${describeState} onChange=${onChange}
        changeGroup=${(group, isShared) => change(record, group, isShared)} />`
    }`;
}

function PhotometryShares({ points, onChange }) {
  const describeState = (group) => {
    const count = points.filter((point) => point.groups.some(({ id }) => id === group.id)).length;
    const text = count === points.length ? "sees all points" : `sees ${count} of ${points.length} points`;
    return { isShared: false, text, label: count < points.length ? "Share" : null };
  };
  if (!points.length) return html`<${EmptyMessage}>No photometry yet.<//>`;
  if (!KINDS.photometry.canChange()) return null;
  return html`<p class="hint">Share adds the points that you may share: those that you uploaded, and those of groups that let you.</p>
    <${GroupRows} kind="photometry" describeState=${describeState} onChange=${onChange}
      changeGroup=${(group) => sharePoints(points, group)} />`;
}

function LoadedPhotometryShares({ source, onChange }) {
  const load = useLoad(
    (signal) => api.get(`/sources/${encodeURIComponent(source.id)}/photometry`, { format: "mag" }, signal),
    [source.id],
  );
  const reload = () => Promise.all([load.reload(), onChange()]);
  return html`<${LoadedContent} load=${load} text="Loading the photometry">${(points) => html`
    <${PhotometryShares} points=${points} onChange=${reload} />`}<//>`;
}

// `record` is a source, the source of the photometry, or an analysis. `onChange` reloads it.
export function SharePanel({ kind, record, onChange }) {
  const [isOpen, setIsOpen] = useState(false);
  const Shares = kind === "photometry" ? LoadedPhotometryShares : RecordShares;
  return html`<details class="share" onToggle=${(event) => setIsOpen(event.currentTarget.open)}>
    <summary>Who sees ${KINDS[kind].noun}</summary>
    ${
      isOpen &&
      html`<p class="hint">${KINDS[kind].note}</p>
      <${Shares} kind=${kind} record=${record} source=${record} onChange=${onChange} />`
    }
  </details>`;
}
