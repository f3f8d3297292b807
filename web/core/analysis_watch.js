// Poll running analyses: one status request at a time, less often while nothing changes, none in a hidden tab.
import { api } from "./api.js";

const FIRST_DELAY = 700;
const LONGEST_DELAY = 12_000;
const SLOWDOWN = 1.25;
const FINAL_STATES = new Set(["completed", "failure", "timed_out", "cancelled", "deleted"]);
const STARTED_KEY = "heliograph.started";

const watched = new Map();
const endListeners = new Set();
let delay = FIRST_DELAY;
let timer = null;
let turn = 0;

export const hasEnded = (state) => FINAL_STATES.has(state);

// Call `listener` with each change of an analysis. Returns a function that stops this.
export function watchAnalysis(id, listener) {
  const entry = watched.get(id) ?? { lastStatus: "", listeners: new Set(), startedSource: null };
  entry.listeners.add(listener);
  watched.set(id, entry);
  restartPolling();
  return () => {
    entry.listeners.delete(listener);
    if (!entry.listeners.size && !entry.startedSource) watched.delete(id);
  };
}

// Watch an analysis that was started in this tab, on all pages and after a reload.
export function trackAnalysis(id, source) {
  saveStarted({ ...loadStarted(), [id]: source });
  watched.set(id, { lastStatus: "", listeners: watched.get(id)?.listeners ?? new Set(), startedSource: source });
  restartPolling();
}

export function resumeTracking() {
  for (const [id, source] of Object.entries(loadStarted())) trackAnalysis(Number(id), source);
}

// Call `listener` when a tracked analysis ends. Returns a function that stops this.
export function addEndListener(listener) {
  endListeners.add(listener);
  return () => endListeners.delete(listener);
}

export function stopWatching() {
  clearTimeout(timer);
  timer = null;
  watched.clear();
}

const loadStarted = () => JSON.parse(sessionStorage.getItem(STARTED_KEY) ?? "{}");
const saveStarted = (sources) => sessionStorage.setItem(STARTED_KEY, JSON.stringify(sources));

function restartPolling() {
  delay = FIRST_DELAY;
  schedulePoll();
}

function schedulePoll() {
  clearTimeout(timer);
  timer = watched.size && !document.hidden ? setTimeout(pollNext, delay) : null;
}

async function pollNext() {
  const ids = [...watched.keys()];
  const id = ids[turn % ids.length];
  turn += 1;
  if (id === undefined) return;
  try {
    publishStatus(id, await api.get(`/obj/analysis/${id}/status`));
  } catch (error) {
    if (error.status === 403)
      publishStatus(id, { id, status: "deleted", message: "The analysis was deleted.", progress: null });
  }
  delay = Math.min(LONGEST_DELAY, delay * (1 + (SLOWDOWN - 1) / Math.max(1, watched.size)));
  schedulePoll();
}

function publishStatus(id, status) {
  const entry = watched.get(id);
  const text = JSON.stringify(status);
  if (!entry || text === entry.lastStatus) return;
  entry.lastStatus = text;
  delay = FIRST_DELAY;
  for (const listener of [...entry.listeners]) listener(status);
  if (!hasEnded(status.status)) return;
  watched.delete(id);
  if (!entry.startedSource) return;
  const { [id]: source, ...others } = loadStarted();
  saveStarted(others);
  for (const listener of endListeners) listener({ ...status, source });
}

document.addEventListener("visibilitychange", restartPolling);
