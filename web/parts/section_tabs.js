// Links to the sections of a long page, at its upper edge. The address keeps the section, so that it can be shared.
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";
import { adjustWhileLoading } from "../core/page_settling.js";
import { buildAddress, getRoute, getSavedScroll, replaceQuery } from "../core/router.js";

// Pixels below the upper edge: a section counts as the current one when its start is above this line.
const READING_LINE = 120;
// Pixels of the tab before the current one that stay in sight.
const EDGE = 40;

function scrollToSection(id) {
  document.getElementById(id)?.scrollIntoView();
}

function findCurrentSection(sections) {
  const started = sections.filter(({ id }) => document.getElementById(id)?.getBoundingClientRect().top < READING_LINE);
  const isAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
  return isAtEnd && scrollY > 0 ? sections.at(-1).id : (started.at(-1) ?? sections[0])?.id;
}

// `sections` are {id, label}, in the order of the page; an element of the page has each id (Card has a prop for it).
export function SectionTabs({ sections }) {
  const [current, setCurrent] = useState(sections[0]?.id);
  const nav = useRef(null);
  const ids = sections.map(({ id }) => id).join();
  useEffect(() => {
    const updateCurrent = () => setCurrent(findCurrentSection(sections));
    addEventListener("scroll", updateCurrent, { passive: true });
    return () => removeEventListener("scroll", updateCurrent);
  }, [ids]);
  useEffect(() => {
    const { section } = getRoute().query;
    if (section && getSavedScroll() === null) adjustWhileLoading(() => scrollToSection(section));
  }, []);
  useEffect(() => {
    // On a phone the tabs are wider than the page.
    const link = nav.current.querySelector("[aria-current]");
    if (link) nav.current.scrollLeft = link.offsetLeft - nav.current.offsetLeft - EDGE;
  }, [current]);
  const openSection = (event, id) => {
    event.preventDefault();
    replaceQuery({ ...getRoute().query, section: id });
    scrollToSection(id);
    setCurrent(id);
    const element = document.getElementById(id);
    if (!element) return;
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
  };
  const { path, query } = getRoute();
  return html`<nav ref=${nav} class="tabs" aria-label="Sections">${sections.map(
    ({ id, label }) => html`<a href=${buildAddress(path, { ...query, section: id })}
      aria-current=${current === id ? "true" : undefined} onClick=${(event) => openSection(event, id)}>${label}</a>`,
  )}</nav>`;
}
