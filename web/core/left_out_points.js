// The points of a source that the next analyses leave out, by their ids; kept in this tab.
const buildKey = (source) => `heliograph.left_out.${source}`;

export const loadLeftOut = (source) => new Set(JSON.parse(sessionStorage.getItem(buildKey(source)) ?? "[]"));

export function saveLeftOut(source, ids) {
  if (ids.size) sessionStorage.setItem(buildKey(source), JSON.stringify([...ids]));
  else sessionStorage.removeItem(buildKey(source));
}
