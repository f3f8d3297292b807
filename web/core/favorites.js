// The sources that the user marked as favourites, kept on the server.
import { useCallback, useState } from "../vendor/htm-preact.js";
import { api } from "./api.js";
import { useLoad } from "./request_hooks.js";
import { getProfile } from "./session.js";

const LIST_NAME = "favorites";

// Stand for the id of an entry until the server has answered.
const SAVING = "saving";
const REMOVING = "removing";

// Returns {isFavorite(id), toggle(id), error}. A mark shows at once, and goes back if it could not be saved.
export function useFavorites() {
  const [changes, setChanges] = useState({});
  const [error, setError] = useState(null);
  const load = useLoad(async (signal) => {
    const entries = await api.get(`/listing/${getProfile().id}`, { listName: LIST_NAME }, signal);
    return Object.fromEntries(entries.map((entry) => [entry.obj_id, entry.id]));
  }, []);
  // The id of the entry on the list; null or undefined if there is none.
  const findEntry = (sourceId) => (sourceId in changes ? changes[sourceId] : load.data?.[sourceId]);
  const toggle = useCallback(
    async (sourceId) => {
      const entry = findEntry(sourceId);
      const setEntry = (value) => setChanges((previous) => ({ ...previous, [sourceId]: value }));
      setEntry(entry ? REMOVING : SAVING);
      setError(null);
      try {
        if (entry) await api.delete(`/listing/${entry}`);
        setEntry(entry ? null : (await api.post("/listing", { obj_id: sourceId, list_name: LIST_NAME })).id);
      } catch (problem) {
        setEntry(entry);
        setError(problem);
      }
    },
    [changes, load.data],
  );
  return {
    isReady: load.data !== undefined,
    isFavorite: (sourceId) => Boolean(findEntry(sourceId)) && findEntry(sourceId) !== REMOVING,
    isBusy: (sourceId) => [SAVING, REMOVING].includes(findEntry(sourceId)),
    toggle,
    error: error ?? load.error,
  };
}
