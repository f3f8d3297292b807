// Pictures that the API keeps: they are fetched with the token, hence not by their address alone.
import { html, useEffect } from "../vendor/htm-preact.js";
import { file } from "../core/api.js";
import { useLoad } from "../core/load.js";
import { Failure, Waiting, save } from "./basics.js";

export function Picture({ path, query = {}, what, name }) {
  const load = useLoad(
    async (signal) => {
      const blob = await file(path, query, signal);
      return { blob, url: URL.createObjectURL(blob) };
    },
    [path, JSON.stringify(query)],
  );
  useEffect(() => () => load.data && URL.revokeObjectURL(load.data.url), [load.data]);
  if (load.error) return html`<${Failure} error=${load.error} again=${load.reload} />`;
  if (!load.data) return html`<${Waiting} what=${`Loading the ${what}`} />`;
  return html`<figure><img src=${load.data.url} alt=${`${what[0].toUpperCase()}${what.slice(1)}`} />
    <figcaption><span>${what}</span><button type="button" class="plain"
      onClick=${() => save(load.data.blob, `${name}.${extension(load.data.blob)}`)}>Save</button></figcaption></figure>`;
}

const extension = (blob) =>
  ({ "image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg", "application/pdf": "pdf" })[blob.type] ?? "bin";
