// Whether the page is wide, as on a desktop.
import { useEffect, useState } from "../vendor/htm-preact.js";

const WIDE_PAGE = "(min-width: 60rem)";

export function useWidePage() {
  const [isWide, setIsWide] = useState(matchMedia(WIDE_PAGE).matches);
  useEffect(() => {
    const query = matchMedia(WIDE_PAGE);
    const update = () => setIsWide(query.matches);
    query.addEventListener("change", update);
    return () => query.removeEventListener("change", update);
  }, []);
  return isWide;
}
