// Short messages at the edge of the page, also for screen readers.
import { html, useEffect, useState } from "../vendor/htm-preact.js";

const LIFETIME = 12_000;

let notices = [];
let lastId = 0;
let redraw = () => {};

// `kind` is "good", "bad" or "", `link` {href, text}.
export function showNotice(text, { kind = "", link } = {}) {
  lastId += 1;
  const id = lastId;
  setNotices([...notices.slice(-3), { id, text, kind, link }]);
  setTimeout(() => dismissNotice(id), LIFETIME);
}

const dismissNotice = (id) => setNotices(notices.filter((notice) => notice.id !== id));

function setNotices(newNotices) {
  notices = newNotices;
  redraw(newNotices);
}

export function NoticeList() {
  const [visibleNotices, setVisibleNotices] = useState(notices);
  useEffect(() => {
    redraw = setVisibleNotices;
  }, []);
  return html`<div class="notices" role="status" aria-live="polite">
    ${visibleNotices.map(
      ({ id, text, kind, link }) => html`<div key=${id} class="notice ${kind}">
      <div>${text} ${link && html`<a href=${link.href}>${link.text}</a>`}</div>
      <button type="button" class="plain" aria-label="Dismiss" onClick=${() => dismissNotice(id)}>✕</button>
    </div>`,
    )}
  </div>`;
}
