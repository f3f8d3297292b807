// The API, for one token. Every answer is its `data`; every failure is an ApiError in words for a person.
import { token } from "./session.js";

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const UNREACHABLE = "The server does not answer. Check the connection, then try again.";

const config = fetch("config.json")
  .then((answer) => answer.json())
  .catch(() => ({ api: "/api" }));

export async function base() {
  return new URL((await config).api, location.href).href.replace(/\/$/, "");
}

function search(query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

async function send(method, path, { query = {}, body, key, signal } = {}) {
  const headers = { Authorization: `token ${token()}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  const options = {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    cache: "no-store",
  };
  let answer;
  try {
    answer = await fetch((await base()) + path + search(query), options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, UNREACHABLE);
  }
  if (!answer.ok) throw new ApiError(answer.status, await reason(answer));
  return answer;
}

async function reason(answer) {
  try {
    return (await answer.json()).message;
  } catch {
    return `The server answered ${answer.status}. Try again in a moment; if it stays, tell its operator.`;
  }
}

async function data(method, path, options) {
  return (await (await send(method, path, options)).json()).data;
}

export const get = (path, query, signal) => data("GET", path, { query, signal });
export const post = (path, body = {}, key = undefined) => data("POST", path, { body, key });
export const put = (path, body) => data("PUT", path, { body });
export const patch = (path, body) => data("PATCH", path, { body });
export const remove = (path, query) => data("DELETE", path, { query });

// Also what stands beside `data`.
export const whole = async (path, query) => (await send("GET", path, { query })).json();

// A page of a list, and the cursor of the next one.
export async function page(path, query, signal) {
  const answer = await send("GET", path, { query, signal });
  return { items: (await answer.json()).data, next: answer.headers.get("X-Next-Cursor") };
}

export const file = async (path, query, signal) => (await send("GET", path, { query, signal })).blob();

// The words of a service or a person become part of a path.
export const part = encodeURIComponent;
