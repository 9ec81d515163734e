// A citation's mark, and the passage that it shows when pointed at or focused. Click or Enter opens the document.

const SHOW_AFTER_MS = 120, HIDE_AFTER_MS = 250, EDGE_PX = 12;

function passageBox(place) {
  if (place.passage?.box.isConnected) return place.passage;
  const box = element("div", "passage");
  box.id = "passage";
  box.setAttribute("role", "tooltip");
  if ("popover" in box) box.popover = "manual";
  place.root.append(box);
  let timer = 0, mark = null;

  const hide = () => {
    clearTimeout(timer);
    if (!mark) return;
    mark.removeAttribute("aria-describedby");
    mark = null;
    box.classList.remove("open");
    if (box.popover) box.hidePopover();
    document.removeEventListener("keydown", onKey, true);
    window.removeEventListener("scroll", follow, true);
  };
  const onKey = (event) => { if (event.key === "Escape") hide(); };
  const put = (at) => {
    const size = box.getBoundingClientRect();
    const left = Math.min(at.left - 24, window.innerWidth - size.width - EDGE_PX);
    const below = at.bottom + 8, above = at.top - size.height - 8;
    box.style.left = `${Math.max(EDGE_PX, left)}px`;
    box.style.top = `${below + size.height < window.innerHeight || above < 0 ? below : above}px`;
  };
  // A mark that is reached by keyboard is scrolled to after it has the focus: its passage goes along while it is seen.
  const follow = (event) => {
    if (event.target === box) return;
    const at = mark.getBoundingClientRect();
    if (at.bottom < 0 || at.top > window.innerHeight) hide(); else put(at);
  };
  const show = (of, fill) => {
    hide();
    mark = of;
    box.replaceChildren();
    fill(box);
    box.classList.add("open");
    if (box.popover) box.showPopover();
    put(of.getBoundingClientRect());
    of.setAttribute("aria-describedby", box.id);
    document.addEventListener("keydown", onKey, true);
    window.addEventListener("scroll", follow, true);
  };
  const soon = (what, after) => { clearTimeout(timer); timer = setTimeout(what, after); };
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", () => soon(hide, HIDE_AFTER_MS));
  place.passage = { box, show, hide, soon };
  return place.passage;
}

function citationMark(place, className, text, label, fill, onOpen) {
  const mark = button(`mark ${className}`, text, () => { passageBox(place).hide(); onOpen(); });
  mark.setAttribute("aria-label", label);
  const isMouse = (event) => event.pointerType === "mouse";
  mark.addEventListener("pointerenter", (event) => {
    if (isMouse(event)) passageBox(place).soon(() => passageBox(place).show(mark, fill), SHOW_AFTER_MS);
  });
  mark.addEventListener("pointerleave", (event) => {
    if (isMouse(event)) passageBox(place).soon(passageBox(place).hide, HIDE_AFTER_MS);
  });
  mark.addEventListener("focus", () => { if (mark.matches(":focus-visible")) passageBox(place).show(mark, fill); });
  mark.addEventListener("blur", () => passageBox(place).hide());
  return mark;
}

// A mark as `cited_text.py` describes it: of a document's passages, or of a figure.
function markOf(place, given) {
  const isFigure = "shows" in given;
  const text = isFigure ? "figure" : String(given.number);
  const label = isFigure ? `Figure: ${given.title}` : `Source ${given.number}: ${given.title}`;
  const fill = (box) => {
    const head = element("div", "head");
    head.append(element("strong", "", isFigure ? given.title : `${given.number} · ${given.title}`));
    box.append(head);
    if (given.shows) {
      box.append(element("div", "", `Shows ${given.shows}`), element("div", "quiet", `Does not show ${given.hides}`));
    }
    for (const quote of given.quotes ?? []) {
      const line = element("div", "quote");
      line.append(element("mark", "", quote));
      box.append(line);
    }
    box.append(element("div", "quiet hint", isFigure ? "Click or Enter: see the figure" : "Click or Enter: open the document here"));
  };
  return citationMark(place, isFigure ? "figure" : "citation", text, label, fill, () => place.send("open", given.at));
}
