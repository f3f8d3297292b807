// Small parts that every page uses.
import { html, useEffect, useErrorBoundary, useState } from "../vendor/htm-preact.js";
import { STATES, age, utc } from "../core/words.js";

export const Waiting = ({ what }) => html`<p class="waiting" role="status">${what} …</p>`;

export const Empty = ({ children }) => html`<p class="empty">${children}</p>`;

export function Failure({ error, again }) {
  if (!error) return null;
  return html`<div class="failure" role="alert">
    <p>${error.message}</p>
    ${again && html`<p><button type="button" onClick=${again}>Try again</button></p>`}
  </div>`;
}

// What is loaded, or the wait for it, or why it cannot be had.
export function Loaded({ load, what, children }) {
  if (load.error) return html`<${Failure} error=${load.error} again=${load.reload} />`;
  return load.data === undefined ? html`<${Waiting} what=${what} />` : children(load.data);
}

// What cannot be drawn, whatever a service sent, says so in its own place; the rest of the page stays.
export function Guard({ children }) {
  const [error, again] = useErrorBoundary((problem) => console.error(problem));
  if (!error) return children;
  return html`<${Failure} error=${new Error(`This part of the page cannot be shown: ${error.message}`)}
    again=${again} />`;
}

export function Card({ title, actions, children, ...rest }) {
  return html`<section class="card" aria-label=${title} ...${rest}>
    ${title && html`<div class="head"><h2>${title}</h2>${actions && html`<div class="row">${actions}</div>`}</div>`}
    <${Guard}>${children}<//>
  </section>`;
}

// A table that is wider than its place is moved by the keyboard, too.
export const Scroll = ({ children }) =>
  html`<div class="scroll" tabindex="0" role="group" aria-label="Table">${children}</div>`;

export const State = ({ state }) => html`<span class="state ${state}">${STATES[state] ?? state}</span>`;

export function Progress({ value, of }) {
  return html`<progress max="1" value=${value ?? undefined} aria-label=${`Progress of ${of}`}></progress>`;
}

// An age that grows as one looks.
export function Age({ of }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  return html`<time dateTime=${of} title=${utc(of)}>${age(of)}</time>`;
}

export function Busy({ action, children, ...rest }) {
  return html`<button type="button" ...${rest} disabled=${action.busy || rest.disabled} aria-busy=${action.busy}>
    ${action.busy ? "…" : ""} ${children}
  </button>`;
}

export function Facts({ of }) {
  const known = of.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return html`<dl class="facts">${known.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

export function Pages({ first, next, back, forth }) {
  if (first && !next) return null;
  return html`<nav class="pages" aria-label="Pages">
    <button type="button" disabled=${first} onClick=${back}>Newer</button>
    <button type="button" disabled=${!next} onClick=${forth}>Older</button>
  </nav>`;
}

// Save what was loaded as a file.
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
