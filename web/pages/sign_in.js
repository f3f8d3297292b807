// Sign in with a token.
import { html, useState } from "../vendor/htm-preact.js";
import { useAction } from "../core/request_hooks.js";
import { forgetToken, saveToken } from "../core/session.js";
import { Checkbox, TextField, handleSubmit } from "../parts/form_fields.js";
import { ErrorMessage } from "../parts/messages.js";

const HINTS = {
  tab: "Kept in this tab until you close it or sign out.",
  device:
    "Kept in this browser on this device until you sign out. Whoever uses this browser is you: not for shared computers.",
};

export function SignInPage({ signIn, error }) {
  const [token, setToken] = useState("");
  const [isRemembered, setIsRemembered] = useState(false);
  const signInAction = useAction(async () => {
    saveToken(token.trim(), isRemembered);
    try {
      await signIn();
    } catch (problem) {
      forgetToken();
      throw problem;
    }
  });
  return html`<section class="card sign">
    <p class="row"><img src="icon.svg" alt="" width="40" height="40" /></p>
    <h1>Heliograph</h1>
    <p>External analysis services for astronomical sources.</p>
    <form onSubmit=${handleSubmit(signInAction.run)}>
      <${TextField} label="Token" type="password" value=${token} onChange=${setToken} required=${true}
        hint="Ask an administrator for a token." />
      <p></p>
      <${Checkbox} label="Remember me on this device" value=${isRemembered} onChange=${setIsRemembered} />
      <p class="hint">${isRemembered ? HINTS.device : HINTS.tab}</p>
      <${ErrorMessage} error=${signInAction.error ?? error} />
      <p></p>
      <button class="main" disabled=${signInAction.busy || !token.trim()}>${
        signInAction.busy ? "Signing in …" : "Sign in"
      }</button>
    </form>
  </section>`;
}
