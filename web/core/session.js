// The token and the profile of its user. The token is in the session storage of this tab; if the user asked to be
// remembered, in the local storage of this browser.
const TOKEN_KEY = "heliograph.token";
const USER_KEY = "heliograph.user";
const FORM_PREFIX = "heliograph.form.";

let profile = null;

export const getToken = () => sessionStorage.getItem(TOKEN_KEY) ?? localStorage.getItem(TOKEN_KEY) ?? "";

export function saveToken(token, isRemembered) {
  forgetToken();
  (isRemembered ? localStorage : sessionStorage).setItem(TOKEN_KEY, token);
}

// Typed forms stay, so that they are not lost when a token is revoked.
export function forgetToken() {
  sessionStorage.removeItem(TOKEN_KEY);
  localStorage.removeItem(TOKEN_KEY);
  profile = null;
}

export function clearSession() {
  forgetToken();
  sessionStorage.clear();
}

export const getProfile = () => profile;

// Forms that another user typed in this tab are removed.
export function setProfile(newProfile) {
  profile = newProfile;
  const lastUser = sessionStorage.getItem(USER_KEY);
  if (lastUser !== null && lastUser !== String(profile.id)) removeForms();
  sessionStorage.setItem(USER_KEY, String(profile.id));
}

function removeForms() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(FORM_PREFIX)) sessionStorage.removeItem(key);
}

// Call `listener` when another tab of this browser signs out. Returns a function that stops this.
export function addSignOutListener(listener) {
  const handleChange = ({ key }) => {
    if ((key === TOKEN_KEY || key === null) && !getToken()) listener();
  };
  addEventListener("storage", handleChange);
  return () => removeEventListener("storage", handleChange);
}

export const hasPermission = (permission) =>
  Boolean(profile?.permissions.some((name) => name === permission || name === "System admin"));

export const isOwner = (record) => record.author_id === profile.id || hasPermission("System admin");
