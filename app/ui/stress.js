// A picture under other styles: where a classifier looks, what it answers as the style grows, who keeps the answer.
// Strength and classifier are chosen in the browser: nothing is asked of the page.

const CHART_W = 600, CHART_H = 130, SIDE = 8;

const percent = (share) => `${Math.round(100 * share)} %`;

function colourAt(colours, heat) {
  const at = Math.min(1, Math.max(0, heat)) * (colours.length - 1), low = Math.min(Math.floor(at), colours.length - 2);
  return colours[low].map((from, channel) => Math.round(from + (colours[low + 1][channel] - from) * (at - low)));
}

// A map of 8 x 8 numbers in 0..1, see-through where there is little; the browser makes it smooth.
function mapOf(colours, label) {
  const canvas = element("canvas", "heat");
  canvas.width = canvas.height = SIDE;
  canvas.setAttribute("role", "img");
  const show = (values, said) => {
    const paint = canvas.getContext("2d"), cells = paint.createImageData(SIDE, SIDE);
    values.forEach((heat, cell) => {
      cells.data.set([...colourAt(colours, heat), Math.round(255 * 0.88 * Math.pow(Math.max(0, heat), 0.7))], 4 * cell);
    });
    paint.putImageData(cells, 0, 0);
    canvas.setAttribute("aria-label", said ?? label);
  };
  return { canvas, show };
}

function framed(className, source, alt, caption) {
  const figure = element("figure", className), box = element("div", "box"), picture = element("img", "picture");
  picture.src = source;
  picture.alt = alt;
  const under = element("figcaption", "", caption);
  box.append(picture);
  figure.append(box, under);
  return { figure, box, picture, under };
}

function barOf(colours, label) {
  const holder = element("div", "bar"), stops = colours.map((colour) => `rgb(${colour.join(",")})`).join(", ");
  const stripe = element("div", "stripe"), ends = element("div", "ends quiet"), most = element("span");
  stripe.style.background = `linear-gradient(to right, ${stops})`;
  ends.append(element("span", "", "0"), element("span", "", label), most);
  holder.append(stripe, ends);
  return { holder, show: (value) => { most.textContent = value; } };
}

// The picture, the evidence in it, and how that moves: shift, spread and their sum on one colour bar.
function mapsOf(data) {
  const row = element("div", "maps"), { colours } = data;
  row.append(framed("frame", data.picture, "The picture", "the picture").figure);
  const parts = [
    ["map", "evidence"], ["shift", "shift"], ["spread", "spread"], ["wsam", "shift + spread = WSAM"],
  ].map(([part, name]) => {
    const panel = framed("frame", data.picture, "", name), map = mapOf(colours, name);
    panel.picture.classList.add("grey");
    panel.box.append(map.canvas);
    row.append(panel.figure);
    return { part, name, map, panel };
  });
  const evidence = barOf(colours, "evidence: p × H"), moved = barOf(colours, "how much it moves: squared difference of p × H");
  const bars = element("div", "bars");
  bars.append(evidence.holder, moved.holder);
  const said = element("p", "quiet note");
  const show = (one) => {
    for (const { part, name, map, panel } of parts) {
      const told = part === "map" ? `evidence for “${one.first.answer}”` : name;
      map.show(one[part], `Map: ${told}`);
      panel.under.textContent = told;
    }
    evidence.show("1");
    moved.show(String(one.peak));
    const on = one.on_object == null ? "" :
      `; ${percent(one.on_object)} of the evidence lies on the object, which covers ${percent(data.object_share)} of the picture`;
    said.textContent = `“${one.name}” answers “${one.first.answer}” (${percent(one.first.probability)})${on}.`;
  };
  const holder = element("div");
  holder.append(row, bars, said);
  return { holder, show };
}

// The picture in every style at one strength, with the answer under each.
function rowOf(data) {
  const row = element("div", "styles");
  row.tabIndex = 0;
  row.setAttribute("role", "group");
  row.setAttribute("aria-label", "The picture in each style");
  const panels = data.styles.map((style, number) => {
    const panel = framed("frame", style.frames[0], "", ""), map = mapOf(data.colours, "");
    const source = element("img", "source");
    source.src = style.picture;
    source.alt = `The style picture: ${style.name}`;
    panel.box.append(map.canvas, source);
    row.append(panel.figure);
    const show = (one, at, isMapped) => {
      const cell = one.cells[number][at];
      panel.picture.src = style.frames[at];
      panel.picture.alt = `${percent(data.alphas[at])} ${style.name}: ${cell.answer}, ${percent(cell.probability)}`;
      panel.picture.classList.toggle("grey", isMapped);
      panel.figure.classList.toggle("flipped", cell.flipped);
      map.canvas.hidden = !isMapped;
      map.show(cell.map, `Map: evidence for “${one.first.answer}” at ${percent(data.alphas[at])} ${style.name}`);
      panel.under.replaceChildren(
        element("span", `name of-${number}`, style.name), element("strong", "", `${cell.answer} ${percent(cell.probability)}`),
      );
      if (cell.flipped) panel.under.append(element("span", "flag", "flipped"));
      if (cell.on_object != null) panel.under.append(element("span", "", `${percent(cell.on_object)} on the object`));
    };
    return { show };
  });
  return { row, show: (...state) => panels.forEach((panel) => panel.show(...state)) };
}

function chartOf(data, goTo) {
  const last = data.alphas.length - 1, high = data.alphas[last] || 1;
  const x = (at) => (data.alphas[at] / high) * CHART_W, y = (share) => CHART_H - share * (CHART_H - 6);
  const svg = drawing("svg", { viewBox: `0 0 ${CHART_W} ${CHART_H}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(drawing("line", { class: "axis", x1: 0, x2: CHART_W, y1: CHART_H, y2: CHART_H }));
  svg.append(drawing("line", { class: "axis", x1: 0, x2: CHART_W, y1: y(1), y2: y(1) }));
  const lines = data.styles.map((_, number) => drawing("polyline", { class: `line of-${number}` }));
  const now = drawing("line", { class: "now", y1: 0, y2: CHART_H });
  svg.append(...lines, now);
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect(), wanted = ((event.clientX - box.left) / box.width) * high;
    goTo(data.alphas.reduce((best, alpha, at) => (Math.abs(alpha - wanted) < Math.abs(data.alphas[best] - wanted) ? at : best), 0));
  });
  const holder = element("div", "chart"), title = element("div", "peak quiet"), axis = element("div", "ends quiet");
  axis.append(element("span", "", "0 %: the picture itself"), element("span", "", `${percent(high)} of the style`));
  holder.append(title, svg, axis);
  const show = (one, at) => {
    title.textContent = `Probability of “${one.first.answer}”, 0 to 100 %`;
    lines.forEach((line, number) => line.setAttribute("points", one.cells[number].map((cell, n) => `${x(n)},${y(cell.kept)}`).join(" ")));
    now.setAttribute("x1", x(at));
    now.setAttribute("x2", x(at));
  };
  return { holder, show };
}

function chooserOf(title, names, wanted, choose) {
  const group = element("fieldset", "chooser");
  group.append(element("legend", "quiet", title));
  const called = `stress-${Math.random().toString(36).slice(2)}`;
  names.forEach((name, number) => {
    const label = element("label"), input = element("input");
    Object.assign(input, { type: "radio", name: called, checked: number === wanted });
    input.addEventListener("change", () => choose(number));
    label.append(input, element("span", "", name));
    group.append(label);
  });
  return group;
}

function sliderOf(alphas, goTo) {
  const line = element("div", "controls"), slider = element("input"), said = element("output", "quiet");
  Object.assign(slider, { type: "range", min: 0, max: alphas.length - 1, step: 1 });
  slider.setAttribute("aria-label", "Strength of the style");
  slider.addEventListener("input", () => goTo(Number(slider.value)));
  line.append(element("span", "quiet", "alpha"), slider, said);
  const show = (at) => {
    slider.value = at;
    said.textContent = percent(alphas[at]);
    slider.setAttribute("aria-valuetext", said.textContent);
  };
  return { line, show };
}

export default function (component) {
  mount(component, (data, place) => {
    const state = { one: 0, at: data.alphas.length - 1, isMapped: false };
    const learned = element("p", "quiet note"), maps = mapsOf(data), row = rowOf(data);
    learned.setAttribute("role", "status");
    const slider = sliderOf(data.alphas, (at) => change({ at })), chart = chartOf(data, (at) => change({ at }));
    const change = (changed) => {
      Object.assign(state, changed);
      const one = data.classifiers[state.one];
      maps.show(one);
      row.show(one, state.at, state.isMapped);
      chart.show(one, state.at);
      slider.show(state.at);
      learned.textContent = `“${one.name}” learned from ${one.about}. ${one.changed} of ${one.of} restyled pictures change its answer.`;
    };
    place.root.append(...verdictOf(data));
    if (data.classifiers.length > 1) {
      place.root.append(chooserOf("Classifier", data.classifiers.map((one) => one.name), 0, (one) => change({ one })));
    }
    const mapped = chooserOf("Show", ["pictures", "evidence"], 0, (n) => change({ isMapped: n === 1 }));
    place.root.append(learned, maps.holder, slider.line, row.row, mapped, chart.holder, element("p", "quiet note", data.about));
    change({});
  });
}
