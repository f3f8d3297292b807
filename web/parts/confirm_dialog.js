// A dialog to confirm what cannot be undone.
import { html, render, useEffect, useRef } from "../vendor/htm-preact.js";

function ConfirmDialog({ title, text, action, onAnswer }) {
  const dialog = useRef(null);
  useEffect(() => dialog.current.showModal(), []);
  const submitAnswer = (event) => {
    event.preventDefault();
    onAnswer(event.submitter?.value === "yes");
  };
  return html`<dialog ref=${dialog} aria-labelledby="question" onCancel=${() => onAnswer(false)}>
    <form method="dialog" onSubmit=${submitAnswer}>
      <h2 id="question">${title}</h2>
      <p>${text}</p>
      <div class="row end">
        <button value="no" autofocus>Keep</button>
        <button value="yes" class="danger">${action}</button>
      </div>
    </form>
  </dialog>`;
}

// Resolves to true if the user confirms.
export function askConfirmation(question) {
  const container = document.createElement("div");
  document.body.append(container);
  return new Promise((resolve) => {
    const closeDialog = (isConfirmed) => {
      render(null, container);
      container.remove();
      resolve(isConfirmed);
    };
    render(html`<${ConfirmDialog} ...${question} onAnswer=${closeDialog} />`, container);
  });
}
