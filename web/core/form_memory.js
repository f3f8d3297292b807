// Forms that survive a reload: their values are kept in this tab until they are sent.
import { useEffect, useState } from "../vendor/htm-preact.js";

const PREFIX = "heliograph.form.";

// As useState; `key` names the form. `selectKept` takes the state and returns what may be kept (no secrets, no files).
export function useKeptState(key, buildInitial, selectKept) {
  const [state, setState] = useState(() => {
    const kept = sessionStorage.getItem(PREFIX + key);
    return kept ? { ...buildInitial(), ...JSON.parse(kept) } : buildInitial();
  });
  useEffect(() => sessionStorage.setItem(PREFIX + key, JSON.stringify(selectKept(state))), [state]);
  return [state, setState];
}

export const forgetForm = (key) => sessionStorage.removeItem(PREFIX + key);
