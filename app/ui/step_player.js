// Pictures side by side at each denoising step, the attention at that step, and where each phrase's attention lay.
// It plays in the browser: nothing is asked of the page.

const STEP_MS = 220, CALM_STEP_MS = 900, CHART_W = 600, CHART_H = 120;

const percent = (share) => (share >= 0.1 ? `${Math.round(100 * share)} %` : `${(100 * share).toFixed(1)} %`);

function frameOf(given, sheet) {
  const figure = element("figure", given.main ? "frame main" : "frame");
  const box = element("div", "box"), finished = element("img", "finished"), stepping = element("div", "stepping");
  finished.src = given.picture;
  finished.alt = given.alt;
  box.append(finished);
  const { numbers, columns } = sheet, last = numbers[numbers.length - 1], rows = Math.ceil(numbers.length / (columns || 1));
  box.style.aspectRatio = sheet.ratio;
  if (given.sheet) {
    stepping.setAttribute("role", "img");
    stepping.style.backgroundImage = `url("${given.sheet}")`;
    stepping.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
    box.append(stepping);
  }
  figure.append(box, element("figcaption", "", given.label));
  const show = (at) => {
    stepping.hidden = at >= numbers.length - 1; // the last is the finished picture itself
    const part = (place, count) => (count > 1 ? (100 * place) / (count - 1) : 0);
    stepping.style.backgroundPosition = `${part(at % (columns || 1), columns)}% ${part(Math.floor(at / (columns || 1)), rows)}%`;
    stepping.setAttribute("aria-label", `${given.label}, as predicted at step ${numbers[at]} of ${last}`);
  };
  const lay = (phrase) => {
    box.querySelector(".heat")?.remove();
    if (!given.maps[phrase]) return;
    const heat = element("img", "heat");
    heat.src = given.maps[phrase];
    heat.alt = `Heat map of the attention on “${phrase}” over ${given.label}, mean over all steps`;
    box.append(heat);
  };
  return { figure, show, lay };
}

function chartOf(data, goTo) {
  const { names, rows } = data.shares, { numbers } = data.sheet, steps = rows.length;
  const peak = Math.max(...rows.flat()) || 1;
  const x = (at) => (steps > 1 ? (at / (steps - 1)) * CHART_W : 0);
  const y = (share) => CHART_H - (share / peak) * (CHART_H - 8);
  const svg = drawing("svg", { viewBox: `0 0 ${CHART_W} ${CHART_H}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(drawing("line", { class: "axis", x1: 0, x2: CHART_W, y1: CHART_H, y2: CHART_H }));
  names.forEach((_, n) => {
    const points = rows.map((row, at) => `${x(at)},${y(row[n])}`).join(" ");
    svg.append(drawing("polyline", { class: `line of-${n % 5}`, points }));
  });
  const now = drawing("line", { class: "now", y1: 0, y2: CHART_H });
  svg.append(now);
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    goTo(Math.round(((event.clientX - box.left) / box.width) * (steps - 1)));
  });
  const holder = element("div", "chart");
  holder.append(element("div", "peak quiet", percent(peak)), svg);
  const axis = element("div", "steps quiet");
  axis.append(element("span", "", `step ${numbers[0]}`), element("span", "", String(numbers[steps - 1])));
  holder.append(axis);
  return { holder, show: (at) => { now.setAttribute("x1", x(at)); now.setAttribute("x2", x(at)); } };
}

function legendOf(data) {
  const legend = element("p", "legend");
  const show = (at) => {
    const row = data.shares.rows[at];
    legend.replaceChildren();
    data.shares.names.forEach((name, n) => {
      const item = element("span", "item");
      item.append(element("span", `swatch of-${n % 5}`), element("strong", "", ` ${name} ${percent(row[n])}`));
      legend.append(item, " ");
    });
    const rest = data.shares.padding ? `; ${percent(data.shares.padding[at])} went to padding` : "";
    legend.append(element("span", "quiet", `of the attention at this step${rest}. Where the model looked is not what it did.`));
  };
  return { legend, show };
}

// The prompt as the model read it: a chip per token with its own share of attention, in its phrase's colour.
function chipsOf(data) {
  const list = element("ul", "chips");
  list.setAttribute("aria-label", "The prompt's tokens, by phrase, with the share of attention of each");
  const most = Math.max(1e-9, ...data.chips.flatMap((given) => given.words.flatMap((word) => word.shares)));
  for (const given of data.chips) {
    const of = data.shares ? data.shares.names.indexOf(given.phrase) : -1;
    const item = element("li", of < 0 ? "" : `of-${of % 5}`);
    for (const word of given.words) item.append(wordOf(word, percent, most), " ");
    item.append(element("span", "quiet share", `= ${percent(given.share)}`));
    list.append(item);
  }
  return list;
}

function chooserOf(phrases, lay) {
  const group = element("fieldset", "phrases");
  group.append(element("legend", "quiet", "Attention over the picture"));
  const name = `phrase-${Math.random().toString(36).slice(2)}`;
  for (const phrase of ["", ...phrases]) {
    const label = element("label"), input = element("input");
    input.type = "radio";
    input.name = name;
    input.checked = phrase === "";
    input.addEventListener("change", () => lay(phrase));
    label.append(input, element("span", "", phrase || "none"));
    group.append(label);
  }
  return group;
}

function controlsOf(numbers, goTo, place) {
  const line = element("div", "controls"), slider = element("input"), said = element("output", "quiet");
  const last = numbers.length - 1;
  let timer = 0;
  const play = button("play", "", () => (timer ? stop() : start()));
  const label = (isPlaying) => {
    const icon = drawing("svg", { viewBox: "0 0 10 10", "aria-hidden": "true" });
    icon.append(drawing("path", { d: isPlaying ? "M2 1h2v8H2zM6 1h2v8H6z" : "M2.5 1v8L9 5z" }));
    play.replaceChildren(icon);
    play.setAttribute("aria-label", isPlaying ? "Pause" : "Play the steps");
  };
  const stop = () => { clearInterval(timer); timer = 0; label(false); };
  const start = () => {
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (Number(slider.value) >= last) goTo(0);
    label(true);
    timer = setInterval(() => {
      if (!place.root.isConnected || Number(slider.value) >= last) return stop();
      goTo(Number(slider.value) + 1);
    }, isCalm ? CALM_STEP_MS : STEP_MS);
  };
  Object.assign(slider, { type: "range", min: 0, max: last, step: 1 });
  slider.setAttribute("aria-label", "Denoising step");
  slider.addEventListener("input", () => { stop(); goTo(Number(slider.value)); });
  label(false);
  line.append(play, slider, said);
  const show = (at) => {
    slider.value = at;
    said.textContent = `step ${numbers[at]} of ${numbers[last]}`;
    slider.setAttribute("aria-valuetext", said.textContent);
  };
  return { line, show, stop };
}

export default function (component) {
  mount(component, (data, place) => {
    const views = [], goTo = (at) => views.forEach((view) => view.show(at));
    place.root.append(...verdictOf(data));
    const frames = data.frames.map((given) => frameOf(given, data.sheet));
    const row = element("div", "frames");
    row.append(...frames.map((frame) => frame.figure));
    place.root.append(row);
    const { numbers } = data.sheet, hasSteps = numbers.length > 1 && (data.shares || data.frames.some((given) => given.sheet));
    if (hasSteps) {
      const controls = controlsOf(numbers, goTo, place);
      views.push(...frames, controls);
      place.root.append(controls.line);
      if (data.shares) {
        const chart = chartOf(data, (at) => { controls.stop(); goTo(at); }), legend = legendOf(data);
        views.push(chart, legend);
        place.root.append(chart.holder, legend.legend);
      }
      goTo(numbers.length - 1);
    }
    if (data.chips.length) place.root.append(chipsOf(data));
    if (data.phrases.length) {
      const note = element("p", "quiet note");
      note.setAttribute("role", "status");
      place.root.append(chooserOf(data.phrases, (phrase) => {
        frames.forEach((frame) => frame.lay(phrase));
        note.textContent = phrase
          ? `Mean over all steps; the brightest is ${percent(data.peaks[phrase])} of the attention at that place, on a scale of this phrase's own.`
          : "";
      }), note);
    }
  });
}
