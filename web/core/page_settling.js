// What is done once more while a page still loads: scroll to where it was, put the focus on its heading.
const INTERVAL = 50;
const LONGEST = 60_000;
const USER_EVENTS = ["wheel", "touchstart", "pointerdown", "keydown"];

let stopCurrent = () => {};

// Calls `adjust` now and until nothing loads any more, but not after the user has touched the page.
export function adjustWhileLoading(adjust) {
  stopCurrent();
  const deadline = performance.now() + LONGEST;
  const timer = setInterval(() => {
    const isLoaded = !document.querySelector("main .waiting");
    adjust();
    if (isLoaded || performance.now() > deadline) stop();
  }, INTERVAL);
  const stop = () => {
    clearInterval(timer);
    for (const name of USER_EVENTS) removeEventListener(name, stop, true);
  };
  for (const name of USER_EVENTS) addEventListener(name, stop, { capture: true, passive: true });
  stopCurrent = stop;
  adjust();
}

let nextFocus = null;

// After the next change of the page, the focus goes to the first element of this selector, not to the heading.
export function focusAfterNavigation(selector) {
  nextFocus = selector;
}

// Returns the function that puts the focus where it belongs on the page that has just been opened.
export function takeFocusStep() {
  const selector = nextFocus;
  nextFocus = null;
  return selector ? () => document.querySelector(selector)?.focus() : focusHeading;
}

// Screen readers read the heading of the new page; a field that has the focus keeps it.
function focusHeading() {
  const active = document.activeElement;
  const isElsewhere = active && active !== document.body && active.isConnected && !active.closest("header, footer");
  const heading = document.querySelector("main h1");
  if (isElsewhere || !heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}
