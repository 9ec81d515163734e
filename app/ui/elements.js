// What every component begins with: elements whose words are text, never HTML, and a root that is drawn again only when
// what it shows has changed, so that a rerun of the page takes neither focus nor place from whoever is reading.

const mounted = new WeakMap();

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(className, label, onClick) {
  const made = element("button", className, label);
  made.type = "button";
  made.addEventListener("click", onClick);
  return made;
}

// build(data, place) fills place.root; place.send(event, value) tells the page. `shown` is what of the data is drawn.
function mount({ parentElement, data, setTriggerValue }, build, shown = data) {
  let place = mounted.get(parentElement);
  if (!place) {
    place = { root: element("div", "root") };
    parentElement.append(place.root);
    mounted.set(parentElement, place);
  }
  place.send = setTriggerValue;
  const drawn = JSON.stringify(shown);
  if (place.drawn === drawn) return place;
  place.drawn = drawn;
  place.root.replaceChildren();
  build(data, place);
  return place;
}

const SVG = "http://www.w3.org/2000/svg";

function drawing(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// A word of a prompt, a piece for each of its tokens; with shares of attention, each piece's own, told by `tell`, and
// the deeper coloured the nearer it comes to `most`.
function wordOf(word, tell, most) {
  const made = element("span", word.unknown ? "word unknown" : "word");
  word.pieces.forEach((piece, number) => {
    const token = element("span", "token", piece), share = word.shares?.[number];
    if (share !== undefined) {
      token.style.setProperty("--depth", `${Math.round(8 + 22 * share / most)}%`);
      token.append(element("span", "own", ` ${tell(share)}`));
    }
    made.append(token);
  });
  if (word.unknown) made.append(element("span", "visually-hidden", " (unknown to this model)"));
  return made;
}

// A quiet line on what was run, and what came of it.
function verdictOf({ line, verdict }) {
  const said = [];
  if (line) said.push(element("p", "quiet of-run", line));
  if (verdict) said.push(element("p", "verdict", verdict));
  return said;
}
