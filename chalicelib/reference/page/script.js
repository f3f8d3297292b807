// Search in the contents, the section that one reads marked there, and a button to copy samples.
const search = document.querySelector("#search");
const contents = document.querySelector("#contents");
const entries = [...contents.querySelectorAll("li")];
const none = contents.querySelector(".none");

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const entry of entries) {
    entry.hidden = !words.every((word) => entry.dataset.words.includes(word));
  }
  for (const group of contents.querySelectorAll("section")) {
    group.hidden = !group.querySelector("li:not([hidden])");
  }
  none.hidden = entries.some((entry) => !entry.hidden);
  document.body.classList.toggle("searching", words.length > 0);
}

function shown() {
  return [...contents.querySelectorAll("li:not([hidden]) a")].filter((link) => link.offsetParent);
}

function move(event, step) {
  const links = shown();
  const next = links[links.indexOf(document.activeElement) + step];
  (next ?? search).focus();
  event.preventDefault();
}

search.addEventListener("input", filter);
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && search.value) shown()[0]?.click();
});
document.addEventListener("keydown", (event) => {
  const inside = event.target.closest("nav");
  if (event.key === "/" && event.target !== search) {
    search.focus();
    event.preventDefault();
  } else if (event.key === "Escape" && inside) {
    search.value = "";
    filter();
    search.blur();
  } else if (inside && event.key === "ArrowDown") {
    move(event, 1);
  } else if (inside && event.key === "ArrowUp") {
    move(event, -1);
  }
});

// On a narrow screen the contents are folded away until one looks for something.
const fold = button("Contents", () => unfold(document.body.classList.contains("folded")));
fold.className = "fold";
fold.setAttribute("aria-controls", "contents");
function unfold(open) {
  document.body.classList.toggle("folded", !open);
  fold.setAttribute("aria-expanded", String(open));
}
contents.addEventListener("click", (event) => {
  if (!event.target.closest("a")) return;
  unfold(false);
  document.body.classList.remove("searching");
});
search.addEventListener("focus", filter);
contents.before(fold);
unfold(false);

// Scrolls the contents alone: scrollIntoView would take the page along.
function reveal(link) {
  const [outer, inner] = [contents.getBoundingClientRect(), link.getBoundingClientRect()];
  if (inner.top < outer.top) contents.scrollTop -= outer.top - inner.top;
  if (inner.bottom > outer.bottom) contents.scrollTop += inner.bottom - outer.bottom;
}

const links = new Map(entries.map((entry) => [entry.firstChild.hash.slice(1), entry.firstChild]));
const reading = new IntersectionObserver(
  (seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      contents.querySelector("[aria-current]")?.removeAttribute("aria-current");
      const link = links.get(target.id);
      link.setAttribute("aria-current", "location");
      if (!contents.contains(document.activeElement)) reveal(link);
    }
  },
  { rootMargin: "-10% 0px -85% 0px" },
);
for (const article of document.querySelectorAll("article")) {
  if (links.has(article.id)) reading.observe(article);
}

function button(label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
}

// Samples are shown in the language that one chose last.
function speak(shell) {
  document.body.classList.toggle("in-shell", shell);
  try {
    localStorage.setItem("heliograph-samples", shell ? "curl" : "Python");
  } catch {
    // A browser that keeps nothing shows Python next time.
  }
}

function spoken() {
  try {
    return localStorage.getItem("heliograph-samples");
  } catch {
    return null;
  }
}

document.body.classList.add("scripted");
document.body.classList.toggle("in-shell", spoken() === "curl");
for (const figure of document.querySelectorAll("figure")) {
  const caption = figure.querySelector("figcaption");
  if (figure.matches(".python")) caption.append(button("curl", () => speak(true)));
  if (figure.matches(".curl")) caption.prepend(button("Python", () => speak(false)));
  const copy = button("Copy", async () => {
    await navigator.clipboard.writeText(figure.querySelector("code").textContent);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  caption.append(copy);
}
