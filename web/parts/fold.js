// A card that is closed at first. What it holds is loaded when it is opened.
import { html, useState } from "../vendor/htm-preact.js";
import { ErrorBoundary } from "./messages.js";

export function Fold({ title, isOpen = false, children }) {
  const [hasBeenOpen, setHasBeenOpen] = useState(isOpen);
  return html`<details class="card fold" open=${isOpen} aria-label=${title}
      onToggle=${(event) => event.currentTarget.open && setHasBeenOpen(true)}>
    <summary><h2>${title}</h2></summary>
    ${hasBeenOpen && html`<${ErrorBoundary}>${children}<//>`}
  </details>`;
}
