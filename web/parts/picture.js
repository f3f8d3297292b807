// A picture of the API. The request needs the token, so the picture is fetched and shown as a blob.
import { html, useEffect } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { useLoad } from "../core/request_hooks.js";
import { saveFile } from "../core/save_file.js";
import { LoadedContent } from "./messages.js";

const EXTENSIONS = {
  "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/svg+xml": "svg", "application/pdf": "pdf",
};

export function Picture({ path, query = {}, caption, name }) {
  const load = useLoad(
    async (signal) => {
      const blob = await api.getBlob(path, query, signal);
      return { blob, url: URL.createObjectURL(blob) };
    },
    [path, JSON.stringify(query)],
  );
  useEffect(() => () => load.data && URL.revokeObjectURL(load.data.url), [load.data]);
  const savePicture = () => saveFile(load.data.blob, `${name}.${EXTENSIONS[load.data.blob.type] ?? "bin"}`);
  return html`<${LoadedContent} load=${load} text=${`Loading the ${caption}`}>${({ url }) => html`
    <figure><img src=${url} alt=${`${caption[0].toUpperCase()}${caption.slice(1)}`} />
      <figcaption><span>${caption}</span><button type="button" class="plain"
        onClick=${savePicture}>Save</button></figcaption></figure>`}<//>`;
}
