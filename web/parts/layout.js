// Cards, scrolling tables, lists of facts.
import { html } from "../vendor/htm-preact.js";
import { isBlank } from "../core/query_string.js";
import { ErrorBoundary } from "./messages.js";

// `id` is for SectionTabs.
export function Card({ id, title, actions, children }) {
  return html`<section class="card" id=${id} aria-label=${title}>
    ${title && html`<div class="head"><h2>${title}</h2>${actions && html`<div class="row">${actions}</div>`}</div>`}
    <${ErrorBoundary}>${children}<//>
  </section>`;
}

// Focusable, so that a wide table can be scrolled with the keyboard. `label` says what the table holds.
export const ScrollArea = ({ label, children }) =>
  html`<div class="scroll" tabindex="0" role="group" aria-label=${label}>${children}</div>`;

// `facts` are pairs of a name and a value. Blank values are left out.
export function FactList({ facts }) {
  const entries = facts.filter(([, value]) => !isBlank(value));
  return html`<dl class="facts">${entries.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}
