// Loading something from the API for as long as a page shows it.
import { useCallback, useEffect, useRef, useState } from "../vendor/htm-preact.js";

// `fetcher` takes an AbortSignal; what it loads stays in sight while it is loaded anew.
export function useLoad(fetcher, keys) {
  const [state, setState] = useState({ data: undefined, error: null, busy: true });
  const running = useRef(null);
  const load = useCallback(() => {
    running.current?.abort();
    const abort = new AbortController();
    running.current = abort;
    setState((before) => ({ ...before, error: null, busy: true }));
    return fetcher(abort.signal).then(
      (data) => abort.signal.aborted || setState({ data, error: null, busy: false }),
      (error) => abort.signal.aborted || setState((before) => ({ ...before, error, busy: false })),
    );
  }, keys);
  useEffect(() => {
    setState({ data: undefined, error: null, busy: true });
    load();
    return () => running.current?.abort();
  }, keys);
  return { ...state, reload: load };
}

// An action of a button: whether it runs, and how it failed.
export function useAction(action) {
  const [state, setState] = useState({ busy: false, error: null });
  const run = async (...given) => {
    setState({ busy: true, error: null });
    try {
      const result = await action(...given);
      setState({ busy: false, error: null });
      return result;
    } catch (error) {
      setState({ busy: false, error });
      return undefined;
    }
  };
  return { ...state, run, clear: () => setState({ busy: false, error: null }) };
}

// Do `look` again and again while `wanted`, less and less often, never while the tab is hidden.
export function useRepeated(look, { first, longest, slower, wanted = true }, keys) {
  useEffect(() => {
    if (!wanted) return undefined;
    let pause = first;
    let timer = null;
    let over = false;
    const again = async () => {
      await look();
      pause = Math.min(longest, pause * slower);
      schedule();
    };
    const schedule = () => {
      clearTimeout(timer);
      if (!document.hidden && !over) timer = setTimeout(again, pause);
    };
    schedule();
    document.addEventListener("visibilitychange", schedule);
    return () => {
      over = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", schedule);
    };
  }, [wanted, ...keys]);
}
