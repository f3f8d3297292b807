// Keys that work on every page, and the dialog that lists all keys.
import { html, render, useEffect, useRef } from "../vendor/htm-preact.js";
import { focusAfterNavigation } from "../core/page_settling.js";
import { getRoute, navigateTo } from "../core/router.js";

const SHORTCUTS = [
  ["/", "Search the sources"],
  ["m", "Light curve in magnitudes"],
  ["f", "Light curve in fluxes"],
  ["?", "This list"],
];

const SEARCH_FIELD = '[role="search"] input';

// True for keys that are text of a field, part of a shortcut of the browser, or meant for a dialog.
const isTyped = ({ target, ctrlKey, metaKey, altKey, defaultPrevented }) =>
  defaultPrevented ||
  ctrlKey ||
  metaKey ||
  altKey ||
  target.isContentEditable ||
  Boolean(target.closest?.("input, select, textarea")) ||
  Boolean(document.querySelector("dialog[open]"));

// Calls the function of a key when it is pressed outside fields: {m: () => …}.
export function useShortcuts(actions) {
  useEffect(() => {
    const handleKey = (event) => {
      const action = Object.hasOwn(actions, event.key) && !isTyped(event) ? actions[event.key] : null;
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", handleKey);
    return () => removeEventListener("keydown", handleKey);
  });
}

export function focusSearch() {
  if (["sources", undefined].includes(getRoute().path[0])) {
    document.querySelector(SEARCH_FIELD)?.focus();
    return;
  }
  focusAfterNavigation(SEARCH_FIELD);
  navigateTo(["sources"]);
}

function ShortcutsDialog({ onClose }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  return html`<dialog ref=${dialog} aria-labelledby="shortcuts" onClose=${onClose}>
    <form method="dialog">
      <h2 id="shortcuts">Keyboard shortcuts</h2>
      <dl class="facts">${SHORTCUTS.map(([key, meaning]) => html`<dt><kbd>${key}</kbd></dt><dd>${meaning}</dd>`)}</dl>
      <p class="hint">They do nothing while you type in a field.</p>
      <div class="row end"><button autofocus>Close</button></div>
    </form>
  </dialog>`;
}

export function showShortcuts() {
  const container = document.createElement("div");
  const opener = document.activeElement;
  document.body.append(container);
  const closeDialog = () => {
    render(null, container);
    container.remove();
    opener?.focus({ preventScroll: true });
  };
  render(html`<${ShortcutsDialog} onClose=${closeDialog} />`, container);
}
