// Copy a text to the clipboard, and say so. Pages of plain http have no clipboard.
import { showNotice } from "./notices.js";

export async function copyText(text, subject) {
  try {
    await navigator.clipboard.writeText(text);
    showNotice(`Copied the ${subject}.`);
  } catch {
    showNotice(`The browser does not allow copying. Select the ${subject} and copy it.`, { kind: "bad" });
  }
}
