// Words about what happened, at the edge of the page and read aloud.
import { html, useEffect, useState } from "../vendor/htm-preact.js";

const PATIENCE = 12_000;

let notices = [];
let count = 0;
let draw = () => {};

export function notify(text, { kind = "", link } = {}) {
  const id = (count += 1);
  notices = [...notices.slice(-3), { id, text, kind, link }];
  draw(id);
  setTimeout(() => dismiss(id), PATIENCE);
}

function dismiss(id) {
  notices = notices.filter((notice) => notice.id !== id);
  draw(-id);
}

export function Notices() {
  const [, setTurn] = useState(0);
  useEffect(() => {
    draw = setTurn;
  }, []);
  return html`<div class="notices" role="status" aria-live="polite">
    ${notices.map(
      ({ id, text, kind, link }) => html`<div key=${id} class="notice ${kind}">
      <div>${text} ${link && html`<a href=${link.href}>${link.words}</a>`}</div>
      <button type="button" class="plain" aria-label="Dismiss" onClick=${() => dismiss(id)}>✕</button>
    </div>`,
    )}
  </div>`;
}
