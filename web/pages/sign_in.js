// Sign in with a token.
import { html, useState } from "../vendor/htm-preact.js";
import { useAction } from "../core/request_hooks.js";
import { clearSession, saveToken } from "../core/session.js";
import { TextField, handleSubmit } from "../parts/form_fields.js";
import { ErrorMessage } from "../parts/messages.js";

export function SignInPage({ signIn, error }) {
  const [token, setToken] = useState("");
  const signInAction = useAction(async () => {
    saveToken(token.trim());
    try {
      await signIn();
    } catch (problem) {
      clearSession();
      throw problem;
    }
  });
  return html`<section class="card sign">
    <p class="row"><img src="icon.svg" alt="" width="40" height="40" /></p>
    <h1>Heliograph</h1>
    <p>External analysis services for astronomical sources.</p>
    <form onSubmit=${handleSubmit(signInAction.run)}>
      <${TextField} label="Token" type="password" value=${token} onChange=${setToken} required=${true}
        hint="Kept in this tab until you close it. Ask an administrator for a token." />
      <p></p>
      <${ErrorMessage} error=${signInAction.error ?? error} />
      <p></p>
      <button class="main" disabled=${signInAction.busy || !token.trim()}>${
        signInAction.busy ? "Signing in …" : "Sign in"
      }</button>
    </form>
  </section>`;
}
