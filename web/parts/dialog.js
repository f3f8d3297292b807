// A question before what cannot be undone.
import { html, render, useEffect, useRef } from "../vendor/htm-preact.js";

function Question({ title, text, action, danger, done }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  const answer = (event) => {
    event.preventDefault();
    done(event.submitter?.value === "yes");
  };
  return html`<dialog ref=${dialog} aria-labelledby="question" onCancel=${() => done(false)}>
    <form method="dialog" onSubmit=${answer}>
      <h2 id="question">${title}</h2>
      <p>${text}</p>
      <div class="row end">
        <button value="no" autofocus>Keep</button>
        <button value="yes" class=${danger ? "danger" : "main"}>${action}</button>
      </div>
    </form>
  </dialog>`;
}

// Resolves to whether the person agreed.
export function ask({ title, text, action, danger = true }) {
  const place = document.createElement("div");
  document.body.append(place);
  return new Promise((resolve) => {
    const done = (agreed) => {
      render(null, place);
      place.remove();
      resolve(agreed);
    };
    render(html`<${Question} title=${title} text=${text} action=${action} danger=${danger} done=${done} />`, place);
  });
}
