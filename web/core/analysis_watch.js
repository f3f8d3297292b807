// Poll running analyses: one status request at a time, less often while nothing changes, none in a hidden tab.
import { api } from "./api.js";

const FIRST_DELAY = 700;
const LONGEST_DELAY = 12_000;
const SLOWDOWN = 1.25;
const LOST_DELAY = 4000;
const FINAL_STATES = new Set(["completed", "failure", "timed_out", "cancelled", "deleted"]);
const STARTED_KEY = "heliograph.started";

const watched = new Map();
const endListeners = new Set();
const contactListeners = new Set();
let lostSince = null;
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

// When the server stopped answering, in ms since 1970; null while it answers.
export const getLostSince = () => lostSince;

// Call `listener` when the server stops answering, and when it answers again. Returns a function that stops this.
export function addContactListener(listener) {
  contactListeners.add(listener);
  return () => contactListeners.delete(listener);
}

function setLostSince(time) {
  if (lostSince === time) return;
  lostSince = time;
  for (const listener of contactListeners) listener(time);
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
    setLostSince(null);
  } catch (error) {
    handlePollError(id, error);
  }
  const longest = lostSince === null ? LONGEST_DELAY : LOST_DELAY;
  delay = Math.min(longest, delay * (1 + (SLOWDOWN - 1) / Math.max(1, watched.size)));
  schedulePoll();
}

function handlePollError(id, error) {
  if (error.status === 0 || error.status >= 500) setLostSince(lostSince ?? Date.now());
  if (error.status !== 403) return;
  const message = "The analysis was deleted, or is no longer shared with you.";
  publishStatus(id, { id, status: "deleted", message, progress: null, verdict: null });
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
