// A new question comes to the top of the window, however far up or down the page was scrolled, and stays there while
// its answer grows below it; until the reader scrolls, clicks, types or goes elsewhere, or nothing has grown for a while.

const MESSAGE = '[data-testid="stChatMessage"]', ASKING = '[data-testid="stChatInput"]', QUIET_MS = 1_500;
const PULLED_MS = 500;  // so long after it has grown, the page is pulled to its end by itself where it stood there
const arrived = new Set();

export default function (component) {
  const { data, parentElement } = component;
  if (arrived.has(data.turn)) return;
  arrived.add(data.turn);
  const place = parentElement instanceof ShadowRoot ? parentElement.host : parentElement;
  const messages = [...document.querySelectorAll(MESSAGE)];
  const question = messages[messages.indexOf(place.closest(MESSAGE)) - 1];
  if (!question) return;
  let quiet, grown = 0;
  const come = () => question.scrollIntoView({ block: "start" });
  const growth = new ResizeObserver(() => {
    grown = performance.now();
    come();
    clearTimeout(quiet);
    quiet = setTimeout(leave, QUIET_MS);
  });
  const reader = new AbortController();
  const leave = () => { growth.disconnect(); reader.abort(); };
  for (const act of ["wheel", "touchstart", "pointerdown", "keydown"]) {
    addEventListener(act, leave, { signal: reader.signal, passive: true });
  }
  addEventListener("focusin", (event) => event.target.closest(ASKING) || leave(), { signal: reader.signal });
  const hold = () => { if (performance.now() - grown < PULLED_MS) come(); };
  addEventListener("scroll", hold, { signal: reader.signal, capture: true, passive: true });
  growth.observe(place.closest('[data-testid="stVerticalBlock"]:has([data-testid="stChatMessage"])') ?? document.body);
}
