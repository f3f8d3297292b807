// The profile of the user: groups, permissions, tokens.
import { html } from "../vendor/htm-preact.js";
import { getProfile } from "../core/session.js";
import { Card, FactList } from "../parts/layout.js";
import { OwnGroups } from "../parts/own_groups.js";
import { OwnTokens } from "../parts/own_tokens.js";

export function ProfilePage() {
  const { username, id, first_name: firstName, last_name: lastName, roles, permissions } = getProfile();
  return html`<h1>${username}</h1>
    <div class="columns">
      <${Card} title="Profile"><${FactList} facts=${[
        ["Name", [firstName, lastName].filter(Boolean).join(" ")],
        ["User", id],
        ["Roles", roles.join(", ")],
      ]} />
        <h3>Permissions of this token</h3><ul>${permissions.map((name) => html`<li>${name}</li>`)}</ul><//>
      <${OwnGroups} />
    </div>
    <${OwnTokens} />`;
}
