// Analyses that run: one cheap request at a time, less and less often, none while the tab is hidden.
import { get } from "./api.js";

const FIRST = 700;
const LONGEST = 12_000;
const SLOWER = 1.25;
const ENDED = new Set(["completed", "failure", "timed_out", "cancelled", "deleted"]);
const STARTED = "heliograph.started";

const watched = new Map();
const ends = new Set();
let delay = FIRST;
let timer = null;
let turn = 0;

export const hasEnded = (state) => ENDED.has(state);

// Tell `listener` of every change of an analysis until the returned function is called.
export function watch(id, listener) {
  const entry = watched.get(id) ?? { last: "", listeners: new Set(), started: null };
  entry.listeners.add(listener);
  watched.set(id, entry);
  hurry();
  return () => {
    entry.listeners.delete(listener);
    if (!entry.listeners.size && !entry.started) watched.delete(id);
  };
}

// Watch what was started in this tab, wherever one looks meanwhile.
export function follow(id, source) {
  remember({ ...started(), [id]: source });
  watched.set(id, { last: "", listeners: watched.get(id)?.listeners ?? new Set(), started: source });
  hurry();
}

export function onEnd(listener) {
  ends.add(listener);
  return () => ends.delete(listener);
}

export function resume() {
  for (const [id, source] of Object.entries(started())) follow(Number(id), source);
}

export function stop() {
  clearTimeout(timer);
  timer = null;
  watched.clear();
}

const started = () => JSON.parse(sessionStorage.getItem(STARTED) ?? "{}");
const remember = (ids) => sessionStorage.setItem(STARTED, JSON.stringify(ids));

function hurry() {
  delay = FIRST;
  schedule();
}

function schedule() {
  clearTimeout(timer);
  timer = watched.size && !document.hidden ? setTimeout(tick, delay) : null;
}

async function tick() {
  const ids = [...watched.keys()];
  const id = ids[turn++ % ids.length];
  if (id === undefined) return;
  try {
    tell(id, await get(`/obj/analysis/${id}/status`));
  } catch (error) {
    if (error.status === 403) tell(id, { id, status: "deleted", message: "It was deleted.", progress: null });
  }
  delay = Math.min(LONGEST, delay * (1 + (SLOWER - 1) / Math.max(1, watched.size)));
  schedule();
}

function tell(id, now) {
  const entry = watched.get(id);
  const text = JSON.stringify(now);
  if (!entry || text === entry.last) return;
  entry.last = text;
  delay = FIRST;
  for (const listener of [...entry.listeners]) listener(now);
  if (!hasEnded(now.status)) return;
  watched.delete(id);
  if (!entry.started) return;
  const { [id]: gone, ...rest } = started();
  remember(rest);
  for (const listener of ends) listener({ ...now, source: gone });
}

document.addEventListener("visibilitychange", hurry);
