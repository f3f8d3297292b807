// Who one is: groups, permissions, tokens.
import { html } from "../vendor/htm-preact.js";
import { get, part, remove } from "../core/api.js";
import { useAction, useLoad } from "../core/load.js";
import { me } from "../core/session.js";
import { Age, Card, Facts, Failure, Loaded, Scroll } from "../parts/basics.js";
import { ask } from "../parts/dialog.js";

export function MePage() {
  const { username, id, first_name: first, last_name: last, roles, groups, permissions } = me();
  const tokens = useLoad((signal) => get("/internal/tokens", {}, signal), []);
  const drop = useAction(async (token) => {
    const agreed = await ask({
      title: `Delete the token ${token.name}?`,
      action: "Delete it",
      text: "Scripts that use it stop working at once. If it is the one that you are signed in with, you are signed out.",
    });
    if (agreed) await remove(`/internal/tokens/${part(token.id)}`);
    await tokens.reload();
  });
  return html`<h1>${username}</h1>
    <div class="columns">
      <${Card} title="Who you are"><${Facts} of=${[
        ["Name", [first, last].filter(Boolean).join(" ")],
        ["User", id],
        ["Roles", roles.join(", ")],
      ]} />
        <h3>What this token may do</h3><ul>${permissions.map((name) => html`<li>${name}</li>`)}</ul><//>
      <${Card} title="Groups"><ul>${groups.map((group) => html`<li>${group.name}${group.single_user_group ? " (only you)" : ""}</li>`)}</ul><//>
    </div>
    <${Card} title="Tokens">
      <${Loaded} load=${tokens} what="Loading your tokens">${(all) => html`<${Scroll}><table>
        <thead><tr><th scope="col">Name</th><th scope="col">Permissions</th><th scope="col">Made</th><th
          scope="col">Actions</th></tr></thead>
        <tbody>${all.map(
          (token) => html`<tr><th scope="row">${token.name}</th><td>${token.acls.join(", ")}</td>
          <td><${Age} of=${token.created_at} /></td>
          <td><button type="button" class="danger" onClick=${() => drop.run(token)}>Delete</button></td></tr>`,
        )}</tbody>
      </table><//>`}<//>
      <${Failure} error=${drop.error} />
    <//>`;
}
