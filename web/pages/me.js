// The profile of the user: groups, permissions, tokens.
import { html } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { getProfile } from "../core/session.js";
import { askConfirmation } from "../parts/confirm_dialog.js";
import { Age } from "../parts/indicators.js";
import { Card, FactList, ScrollArea } from "../parts/layout.js";
import { ErrorMessage, LoadedContent } from "../parts/messages.js";

export function ProfilePage() {
  const { username, id, first_name: firstName, last_name: lastName, roles, groups, permissions } = getProfile();
  const load = useLoad((signal) => api.get("/internal/tokens", {}, signal), []);
  const deleteAction = useAction(async (token) => {
    const isConfirmed = await askConfirmation({
      title: `Delete the token ${token.name}?`,
      text: "Scripts that use it stop working at once. If you are signed in with it, you are signed out.",
      action: "Delete token",
    });
    if (isConfirmed) await api.delete(`/internal/tokens/${encodeURIComponent(token.id)}`);
    await load.reload();
  });
  return html`<h1>${username}</h1>
    <div class="columns">
      <${Card} title="Profile"><${FactList} facts=${[
        ["Name", [firstName, lastName].filter(Boolean).join(" ")],
        ["User", id],
        ["Roles", roles.join(", ")],
      ]} />
        <h3>Permissions of this token</h3><ul>${permissions.map((name) => html`<li>${name}</li>`)}</ul><//>
      <${Card} title="Groups"><ul>${groups.map(
        (group) => html`<li>${group.name}${group.single_user_group ? " (only you)" : ""}</li>`,
      )}</ul><//>
    </div>
    <${Card} title="Tokens">
      <${LoadedContent} load=${load} text="Loading your tokens">${(tokens) => html`<${ScrollArea}><table>
        <thead><tr><th scope="col">Name</th><th scope="col">Permissions</th><th scope="col">Created</th>
          <th scope="col">Actions</th></tr></thead>
        <tbody>${tokens.map(
          (token) => html`<tr><th scope="row">${token.name}</th><td>${token.acls.map(({ id }) => id).join(", ")}</td>
          <td><${Age} time=${token.created_at} /></td>
          <td><button type="button" class="danger" onClick=${() => deleteAction.run(token)}>Delete</button></td></tr>`,
        )}</tbody>
      </table><//>`}<//>
      <${ErrorMessage} error=${deleteAction.error} />
    <//>`;
}
