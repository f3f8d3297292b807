// Loading, empty and error states.
import { html, useErrorBoundary } from "../vendor/htm-preact.js";
import { showText } from "../core/service_values.js";

export const LoadingMessage = ({ text }) => html`<p class="waiting" role="status">${text} …</p>`;

export const EmptyMessage = ({ children }) => html`<p class="empty">${children}</p>`;

export function ErrorMessage({ error, onRetry }) {
  if (!error) return null;
  return html`<div class="failure" role="alert">
    <p>${error.message}</p>
    ${onRetry && html`<p><button type="button" onClick=${onRetry}>Try again</button></p>`}
  </div>`;
}

// `children` is a function of the loaded data. `load` is the result of useLoad.
export function LoadedContent({ load, text, children }) {
  if (load.error) return html`<${ErrorMessage} error=${load.error} onRetry=${load.reload} />`;
  return load.data === undefined ? html`<${LoadingMessage} text=${text} />` : children(load.data);
}

// Data of a service can have any shape: an error in one part must not remove the rest of the page.
export function ErrorBoundary({ children }) {
  const [error, resetError] = useErrorBoundary((problem) => console.error(problem));
  if (!error) return children;
  const reason = `Cannot show this part of the page: its data do not have the expected form (${showText(error.message)}).`;
  return html`<${ErrorMessage} error=${new Error(`${reason} The other parts are not affected.`)} onRetry=${resetError} />`;
}
