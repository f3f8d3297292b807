// Who is signed in: a token, kept for this tab alone.
const TOKEN = "heliograph.token";

let profile = null;

export const token = () => sessionStorage.getItem(TOKEN) ?? "";
export const me = () => profile;
export const may = (acl) => Boolean(profile?.permissions.some((name) => name === acl || name === "System admin"));

export function keep(text) {
  sessionStorage.setItem(TOKEN, text);
}

export function enter(found) {
  profile = found;
}

export function leave() {
  sessionStorage.clear();
  profile = null;
}
