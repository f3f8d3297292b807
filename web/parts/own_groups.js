// The user's groups: members, and what the user may change about them.
import { html, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useAction, useLoad } from "../core/request_hooks.js";
import { getProfile, hasPermission, setProfile } from "../core/session.js";
import { askConfirmation } from "./confirm_dialog.js";
import { Checkbox, FormError, TextField, handleSubmit, useForm } from "./form_fields.js";
import { Card, ScrollArea } from "./layout.js";
import { EmptyMessage, ErrorMessage, LoadedContent } from "./messages.js";
import { showNotice } from "./notices.js";

const PUBLIC_GROUP = 1;

async function findUser(username) {
  const { users } = await api.get("/user", { username, numPerPage: 20 });
  const user = users.find((candidate) => candidate.username.toLowerCase() === username.toLowerCase());
  if (user) return user;
  const others = users.map((candidate) => candidate.username).join(", ");
  throw new Error(
    `username: there is no user “${username}”. ${others ? `Did you mean: ${others}?` : "Check the spelling."}`,
  );
}

function MemberForm({ group, onChange }) {
  const [form, bindField, setForm] = useForm({ username: "", admin: false });
  const { busy, error, run } = useAction(async () => {
    const user = await findUser(form.username.trim());
    await api.post(`/groups/${group.id}/users`, { userID: user.id, admin: form.admin });
    showNotice(`Added ${user.username} to ${group.name}.`, { kind: "good" });
    setForm({ username: "", admin: false });
    await onChange();
  });
  return html`<form onSubmit=${handleSubmit(run)}><div class="fields">
      <${TextField} label=${`Add to ${group.name}`} hint="The name of a user" required=${true}
        ...${bindField("username", error)} />
    </div>
    <div class="row"><${Checkbox} label="Administrates the group" ...${bindField("admin")} />
      <button disabled=${busy || !form.username.trim()}>Add member</button></div>
    <${FormError} error=${error} fieldNames=${["username"]} />
  </form>`;
}

function MemberRow({ group, member, isAdministrator, action, onChange }) {
  const isMe = member.id === getProfile().id;
  const path = `/groups/${group.id}/users`;
  const removeMember = async () => {
    const isConfirmed = await askConfirmation({
      title: isMe ? `Leave ${group.name}?` : `Remove ${member.username} from ${group.name}?`,
      text: `${isMe ? "You see" : `${member.username} sees`} what was shared with this group alone no longer.`,
      action: isMe ? "Leave group" : "Remove member",
    });
    if (!isConfirmed) return;
    await api.delete(`${path}/${member.id}`);
    await onChange();
  };
  const toggleAdmin = async () => {
    await api.patch(path, { userID: member.id, admin: !member.admin });
    await onChange();
  };
  return html`<tr><th scope="row">${member.username}${isMe ? " (you)" : ""}</th>
    <td>${member.admin ? "administrator" : "member"}</td>
    <td><div class="row">
      ${
        isAdministrator &&
        html`<button type="button" onClick=${() => action.run(toggleAdmin)}
        aria-label=${`${member.admin ? "Make member" : "Make administrator"}: ${member.username}`}>${
          member.admin ? "Make member" : "Make administrator"
        }</button>`
      }
      ${
        (isAdministrator || isMe) &&
        html`<button type="button" class="danger" onClick=${() => action.run(removeMember)}
        aria-label=${isMe ? `Leave ${group.name}` : `Remove ${member.username} from ${group.name}`}>${
          isMe ? "Leave" : "Remove"
        }</button>`
      }</div></td></tr>`;
}

function GroupMembers({ group, reloadProfile }) {
  const load = useLoad((signal) => api.get(`/groups/${group.id}`, {}, signal), [group.id]);
  const action = useAction((runStep) => runStep());
  const reload = async () => {
    await reloadProfile();
    if (getProfile().groups.some(({ id }) => id === group.id)) await load.reload();
  };
  const deleteGroup = async () => {
    const isConfirmed = await askConfirmation({
      title: `Delete the group ${group.name}?`,
      text: "Its members no longer see what was shared with it alone. The data stay, and administrators see them. It cannot be undone.",
      action: "Delete group",
    });
    if (!isConfirmed) return;
    await api.delete(`/groups/${group.id}`);
    await reloadProfile();
  };
  return html`<${LoadedContent} load=${load} text="Loading the members">${({ users }) => {
    const me = users.find(({ id }) => id === getProfile().id);
    const isAdministrator = Boolean(me?.admin) || hasPermission("System admin");
    return html`<${ScrollArea} label=${`Members of ${group.name}`}><table>
        <thead><tr><th scope="col">Member</th><th scope="col">Role</th><th scope="col">Actions</th></tr></thead>
        <tbody>${users.map(
          (member) => html`<${MemberRow} key=${member.id} group=${group} member=${member} action=${action}
          isAdministrator=${isAdministrator} onChange=${reload} />`,
        )}</tbody></table><//>
      ${
        isAdministrator
          ? html`<${MemberForm} group=${group} onChange=${reload} />`
          : html`<${EmptyMessage}>Members who administrate the group can add and remove others.<//>`
      }
      ${
        isAdministrator &&
        hasPermission("Manage groups") &&
        html`<div class="row end"><button type="button" class="danger"
        onClick=${() => action.run(deleteGroup)}>Delete the group</button></div>`
      }
      <${ErrorMessage} error=${action.error} />`;
  }}<//>`;
}

function GroupItem({ group, reloadProfile }) {
  const [isOpen, setIsOpen] = useState(false);
  if (group.id === PUBLIC_GROUP) return html`<p class="group">${group.name} <span class="hint">everyone</span></p>`;
  if (group.single_user_group) return html`<p class="group">${group.name} <span class="hint">only you</span></p>`;
  return html`<details class="group" onToggle=${(event) => setIsOpen(event.currentTarget.open)}>
    <summary>${group.name}</summary>
    ${isOpen && html`<${GroupMembers} group=${group} reloadProfile=${reloadProfile} />`}
  </details>`;
}

function GroupForm({ onSave }) {
  const [form, bindField] = useForm({ name: "" });
  const { busy, error, run } = useAction(async () => {
    const name = form.name.trim();
    await api.post("/groups", { name });
    showNotice(`Created the group ${name}. You administrate it.`, { kind: "good" });
    await onSave();
  });
  return html`<form onSubmit=${handleSubmit(run)}>
    <${TextField} label="Name of the group" required=${true} hint="No other group or user has it."
      ...${bindField("name", error)} />
    <${FormError} error=${error} fieldNames=${["name"]} />
    <p></p><div class="row end"><button class="main" disabled=${busy || !form.name.trim()}>Create group</button></div>
  </form>`;
}

export function OwnGroups() {
  const [, setRevision] = useState(0);
  const [isAdding, setIsAdding] = useState(false);
  const reloadProfile = async () => {
    setProfile(await api.getProfile());
    setRevision((revision) => revision + 1);
  };
  const closeForm = async () => {
    await reloadProfile();
    setIsAdding(false);
  };
  return html`<${Card} title="Groups" actions=${
    hasPermission("Manage groups") &&
    html`<button type="button" aria-expanded=${isAdding} onClick=${() => setIsAdding(!isAdding)}>New group</button>`
  }>
    <p class="hint">What you share with a group, its members see.</p>
    ${isAdding && html`<${GroupForm} onSave=${closeForm} />`}
    ${getProfile().groups.map(
      (group) => html`<${GroupItem} key=${group.id} group=${group} reloadProfile=${reloadProfile} />`,
    )}
  <//>`;
}
