// A short piece of a line, for the legend of a plot; the dash "band" is a shade.
import { html } from "../vendor/htm-preact.js";

const DASH_ARRAYS = { solid: "none", dash: "6 3", dot: "2 2.5", dashdot: "6 2 2 2" };

export const LineSwatch = ({ colour, dash = "solid" }) => html`<svg viewBox="0 0 24 12" class="dash" aria-hidden="true">
  ${
    dash === "band"
      ? html`<path d="M0 1H24V11H0z" fill=${colour} fill-opacity="0.35" />`
      : html`<path d="M0 6H24" fill="none" stroke=${colour} stroke-width="2.4" stroke-dasharray=${DASH_ARRAYS[dash]} />`
  }
</svg>`;
