// The public API, called with the session's token. A failure throws an ApiError whose message is shown to the user.
import { buildQueryString } from "./query_string.js";
import { getToken } from "./session.js";

class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const PROFILE_PATH = "/internal/profile";

const refusalListeners = new Set();

// Call `listener` with the error when the server no longer accepts the session's token. Returns a function that
// stops this.
export function addRefusalListener(listener) {
  refusalListeners.add(listener);
  return () => refusalListeners.delete(listener);
}

const config = fetch("config.json")
  .then((response) => response.json())
  .catch(() => ({ api: "/api" }));

async function getUrl() {
  return new URL((await config).api, location.href).href.replace(/\/$/, "");
}

async function sendRequest(method, path, { query = {}, body, file, key, signal } = {}) {
  const token = getToken();
  const headers = { Authorization: `token ${token}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (file) headers["Content-Type"] = "application/octet-stream";
  if (key) headers["Idempotency-Key"] = key;
  const options = { method, headers, body: file ?? JSON.stringify(body), signal, cache: "no-store" };
  let response;
  try {
    response = await fetch((await getUrl()) + path + buildQueryString(query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "Cannot reach the server. Check your connection, then try again.");
  }
  if (response.ok) return response;
  const error = new ApiError(response.status, await readErrorMessage(response));
  if (error.status === 401) await checkToken(token, path, error);
  throw error;
}

// A 401 can also mean that the token lacks a permission: the profile needs none.
async function checkToken(token, path, error) {
  if (!token || token !== getToken()) return;
  if (path === PROFILE_PATH) for (const listener of refusalListeners) listener(error);
  else await sendRequest("GET", PROFILE_PATH).catch(() => {});
}

async function readErrorMessage(response) {
  try {
    return (await response.json()).message;
  } catch {
    return `The server answered with status ${response.status}. Try again in a minute; if it fails again, contact the operator.`;
  }
}

async function requestEnvelope(method, path, options) {
  return (await sendRequest(method, path, options)).json();
}

async function requestData(method, path, options) {
  return (await requestEnvelope(method, path, options)).data;
}

// All but getEnvelope, postForEnvelope, getPage and getBlob resolve to the `data` of the response.
export const api = {
  getUrl,
  getProfile: () => requestData("GET", PROFILE_PATH),
  get: (path, query, signal) => requestData("GET", path, { query, signal }),
  post: (path, body = {}, key = undefined) => requestData("POST", path, { body, key }),
  postForEnvelope: (path, body, key) => requestEnvelope("POST", path, { body, key }),
  postFile: (path, file, query, signal) => requestData("POST", path, { file, query, signal }),
  put: (path, body) => requestData("PUT", path, { body }),
  patch: (path, body) => requestData("PATCH", path, { body }),
  delete: (path) => requestData("DELETE", path),
  getEnvelope: (path, query, signal) => requestEnvelope("GET", path, { query, signal }),
  async getPage(path, query, signal) {
    const response = await sendRequest("GET", path, { query, signal });
    return { items: (await response.json()).data, nextCursor: response.headers.get("X-Next-Cursor") };
  },
  getBlob: async (path, query, signal) => (await sendRequest("GET", path, { query, signal })).blob(),
};
