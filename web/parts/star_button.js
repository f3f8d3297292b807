// The star that marks a source as a favourite.
import { html } from "../vendor/htm-preact.js";

// `favorites` is the result of useFavorites.
export function StarButton({ source, favorites }) {
  const isMarked = favorites.isFavorite(source);
  return html`<button type="button" class="star" aria-pressed=${isMarked} aria-label=${`Favourite ${source}`}
    title=${isMarked ? "A favourite of yours: press to remove" : "Mark as a favourite"}
    disabled=${!favorites.isReady || favorites.isBusy(source)} onClick=${() => favorites.toggle(source)}>
    <span aria-hidden="true">${isMarked ? "★" : "☆"}</span></button>`;
}
