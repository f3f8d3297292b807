// The address after the # names the page: `#/source/2019dwz?tab=…` is {path: ["source", "2019dwz"], query: {tab: …}}.
// Each entry of the browser's history remembers how far its page was scrolled, and what useEntryState keeps.
import { useEffect, useState } from "../vendor/htm-preact.js";
import { buildQueryString } from "./query_string.js";

history.scrollRestoration = "manual";

const scrolls = new Map();
let entryKey = identifyEntry();

// A truncated address may end inside a percent escape: then the text is taken as it is.
function decodePart(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function getRoute() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  return {
    path: path.split("/").filter(Boolean).map(decodePart),
    query: Object.fromEntries(new URLSearchParams(query ?? "")),
  };
}

export const buildAddress = (path, query = {}) =>
  `#/${path.map(encodeURIComponent).join("/")}${buildQueryString(query)}`;

export function navigateTo(path, query) {
  location.hash = buildAddress(path, query);
}

// Change the query of the address without a new entry in the history, and without showing the page anew.
export function replaceQuery(query) {
  history.replaceState(history.state, "", buildAddress(getRoute().path, query));
}

// Returns the key of the present entry of the history; a new entry gets one.
function identifyEntry() {
  // Not randomUUID: browsers have it only on pages of https and localhost.
  const key = history.state?.key ?? `${Date.now()}-${Math.random()}`;
  history.replaceState({ ...history.state, key }, "");
  return key;
}

// How far the page of the present entry was scrolled when it was left; null if it is new.
export const getSavedScroll = () => scrolls.get(entryKey) ?? history.state?.scroll ?? null;

function enterEntry() {
  scrolls.set(entryKey, scrollY);
  entryKey = identifyEntry();
}

export function useRoute() {
  const [route, setRoute] = useState(getRoute);
  useEffect(() => {
    const updateRoute = () => {
      enterEntry();
      setRoute(getRoute());
    };
    addEventListener("hashchange", updateRoute);
    return () => removeEventListener("hashchange", updateRoute);
  }, []);
  return route;
}

// Like useState, but Back and a reload find the value again. The value must be one that JSON can hold.
export function useEntryState(name, initialValue) {
  const [value, setValue] = useState(() => history.state?.[name] ?? initialValue);
  const saveValue = (newValue) => {
    history.replaceState({ ...history.state, [name]: newValue }, "");
    setValue(newValue);
  };
  useEffect(() => {
    // Another query of the same page: a new entry takes the value over.
    const followEntry = () => saveValue(history.state?.[name] ?? value);
    addEventListener("hashchange", followEntry);
    return () => removeEventListener("hashchange", followEntry);
  }, [value]);
  return [value, saveValue];
}

// A reload keeps the state of the entry, but not the map.
addEventListener("pagehide", () => history.replaceState({ ...history.state, scroll: scrollY }, ""));
