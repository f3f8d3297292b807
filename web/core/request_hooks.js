// Hooks for requests: load data for a page, run the action of a button, poll.
import { useCallback, useEffect, useRef, useState } from "../vendor/htm-preact.js";

// `loadData` takes an AbortSignal. During a reload the previous data stay on the page.
export function useLoad(loadData, dependencies) {
  const [state, setState] = useState({ data: undefined, error: null, busy: true });
  const currentRequest = useRef(null);
  const reload = useCallback(() => {
    currentRequest.current?.abort();
    const request = new AbortController();
    currentRequest.current = request;
    setState((previous) => ({ ...previous, error: null, busy: true }));
    return loadData(request.signal).then(
      (data) => request.signal.aborted || setState({ data, error: null, busy: false }),
      (error) => request.signal.aborted || setState((previous) => ({ ...previous, error, busy: false })),
    );
  }, dependencies);
  useEffect(() => {
    setState({ data: undefined, error: null, busy: true });
    reload();
    return () => currentRequest.current?.abort();
  }, dependencies);
  return { ...state, reload };
}

export function useAction(runAction) {
  const [state, setState] = useState({ busy: false, error: null });
  const clear = () => setState({ busy: false, error: null });
  const run = async (...parameters) => {
    setState({ busy: true, error: null });
    try {
      const result = await runAction(...parameters);
      clear();
      return result;
    } catch (error) {
      setState({ busy: false, error });
      return undefined;
    }
  };
  return { ...state, run, clear };
}

// Each delay is `slowdown` times the one before. A hidden tab does not poll.
export function usePolling(poll, { firstDelay, longestDelay, slowdown, isEnabled = true }, dependencies) {
  useEffect(() => {
    if (!isEnabled) return undefined;
    let delay = firstDelay;
    let timer = null;
    let isStopped = false;
    const pollOnce = async () => {
      await poll();
      delay = Math.min(longestDelay, delay * slowdown);
      schedulePoll();
    };
    const schedulePoll = () => {
      clearTimeout(timer);
      if (!document.hidden && !isStopped) timer = setTimeout(pollOnce, delay);
    };
    schedulePoll();
    document.addEventListener("visibilitychange", schedulePoll);
    return () => {
      isStopped = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", schedulePoll);
    };
  }, [isEnabled, ...dependencies]);
}
