// The address after the # names the page: `#/source/2019dwz?tab=…` is {path: ["source", "2019dwz"], query: {tab: …}}.
import { useEffect, useState } from "../vendor/htm-preact.js";
import { buildQueryString } from "./query_string.js";

// A truncated address may end inside a percent escape: then the text is taken as it is.
function decodePart(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parseAddress() {
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

export function useRoute() {
  const [route, setRoute] = useState(parseAddress);
  useEffect(() => {
    const updateRoute = () => setRoute(parseAddress());
    addEventListener("hashchange", updateRoute);
    return () => removeEventListener("hashchange", updateRoute);
  }, []);
  return route;
}
