// Signing in with a token.
import { html, useState } from "../vendor/htm-preact.js";
import { useAction } from "../core/load.js";
import { keep, leave } from "../core/session.js";
import { Failure } from "../parts/basics.js";
import { TextField } from "../parts/fields.js";

export function SignIn({ come, refused }) {
  const [text, setText] = useState("");
  const enter = useAction(async () => {
    keep(text.trim());
    try {
      await come();
    } catch (error) {
      leave();
      throw error;
    }
  });
  const submit = (event) => {
    event.preventDefault();
    enter.run();
  };
  return html`<section class="card sign">
    <p class="row"><img src="icon.svg" alt="" width="40" height="40" /></p>
    <h1>Heliograph</h1>
    <p>Analyses of astronomical sources, by services near and far.</p>
    <form onSubmit=${submit}>
      <${TextField} label="Token" type="password" value=${text} change=${setText} required=${true}
        hint="It is kept for this tab alone, and forgotten when the tab is closed. An administrator gives tokens out." />
      <p></p>
      <${Failure} error=${enter.error ?? refused} />
      <p></p>
      <button class="main" disabled=${enter.busy || !text.trim()}>${enter.busy ? "Signing in …" : "Sign in"}</button>
    </form>
  </section>`;
}
