// A picture of the API. The request needs the token, so the picture is fetched and shown as a blob.
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { api } from "../core/api.js";
import { formatSize } from "../core/format.js";
import { useLoad } from "../core/request_hooks.js";
import { saveFile } from "../core/save_file.js";
import { LoadedContent } from "./messages.js";

const EXTENSIONS = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/svg+xml": "svg",
  "image/webp": "webp",
  "image/tiff": "tiff",
  "application/pdf": "pdf",
  "application/postscript": "eps",
};

// What no browser draws in a page is offered as a file.
function PictureContent({ blob, url, caption }) {
  const [isBroken, setIsBroken] = useState(false);
  if (blob.type === "application/pdf")
    return html`<p class="file"><a href=${url} target="_blank" rel="noopener">Open the PDF</a>${" "}
      <span class="hint">${formatSize(blob.size)}</span></p>`;
  if (isBroken || !blob.type.startsWith("image/"))
    return html`<p class="file">This browser cannot show the ${caption}. Save it to open it elsewhere.${" "}
      <span class="hint">${blob.type || "unknown type"}, ${formatSize(blob.size)}</span></p>`;
  return html`<img src=${url} alt=${`${caption[0].toUpperCase()}${caption.slice(1)}`}
    onError=${() => setIsBroken(true)} />`;
}

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
  return html`<${LoadedContent} load=${load} text=${`Loading the ${caption}`}>${({ blob, url }) => html`
    <figure><${PictureContent} key=${url} blob=${blob} url=${url} caption=${caption} />
      <figcaption><span>${caption}</span><button type="button" class="plain"
        onClick=${savePicture}>Save</button></figcaption></figure>`}<//>`;
}
