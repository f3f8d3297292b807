// The token, in the session storage of this tab only, and the profile of its user.
const TOKEN_KEY = "heliograph.token";

let profile = null;

export const getToken = () => sessionStorage.getItem(TOKEN_KEY) ?? "";
export const saveToken = (token) => sessionStorage.setItem(TOKEN_KEY, token);

export const getProfile = () => profile;

export function setProfile(newProfile) {
  profile = newProfile;
}

export const hasPermission = (permission) =>
  Boolean(profile?.permissions.some((name) => name === permission || name === "System admin"));

export const isOwner = (record) => record.author_id === profile.id || hasPermission("System admin");

export function clearSession() {
  sessionStorage.clear();
  profile = null;
}
