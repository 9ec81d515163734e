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
  const rows = Math.ceil(sheet.steps / (sheet.columns || 1));
  if (given.sheet) {
    stepping.setAttribute("role", "img");
    stepping.style.backgroundImage = `url("${given.sheet}")`;
    stepping.style.backgroundSize = `${100 * sheet.columns}% ${100 * rows}%`;
    box.append(stepping);
  }
  figure.append(box, element("figcaption", "", given.label));
  const show = (step) => {
    stepping.hidden = step >= sheet.steps; // the last is the finished picture itself
    const x = (step - 1) % (sheet.columns || 1), y = Math.floor((step - 1) / (sheet.columns || 1));
    const part = (at, count) => (count > 1 ? (100 * at) / (count - 1) : 0);
    stepping.style.backgroundPosition = `${part(x, sheet.columns)}% ${part(y, rows)}%`;
    stepping.setAttribute("aria-label", `${given.label}, as predicted at step ${step} of ${sheet.steps}`);
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
  const { names, rows } = data.shares, steps = rows.length;
  const peak = Math.max(...rows.flat()) || 1;
  const x = (step) => (steps > 1 ? ((step - 1) / (steps - 1)) * CHART_W : 0);
  const y = (share) => CHART_H - (share / peak) * (CHART_H - 8);
  const svg = drawing("svg", { viewBox: `0 0 ${CHART_W} ${CHART_H}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(drawing("line", { class: "axis", x1: 0, x2: CHART_W, y1: CHART_H, y2: CHART_H }));
  names.forEach((_, n) => {
    const points = rows.map((row, at) => `${x(at + 1)},${y(row[n])}`).join(" ");
    svg.append(drawing("polyline", { class: `line of-${n % 5}`, points }));
  });
  const now = drawing("line", { class: "now", y1: 0, y2: CHART_H });
  svg.append(now);
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect();
    goTo(1 + Math.round(((event.clientX - box.left) / box.width) * (steps - 1)));
  });
  const holder = element("div", "chart");
  holder.append(element("div", "peak quiet", percent(peak)), svg);
  const axis = element("div", "steps quiet");
  axis.append(element("span", "", "step 1"), element("span", "", String(steps)));
  holder.append(axis);
  return { holder, show: (step) => { now.setAttribute("x1", x(step)); now.setAttribute("x2", x(step)); } };
}

function legendOf(data) {
  const legend = element("p", "legend");
  const show = (step) => {
    const row = data.shares.rows[step - 1];
    legend.replaceChildren();
    data.shares.names.forEach((name, n) => {
      const item = element("span", "item");
      item.append(element("span", `swatch of-${n % 5}`), element("strong", "", ` ${name} ${percent(row[n])}`));
      legend.append(item, " ");
    });
    const rest = data.shares.padding ? `; ${percent(data.shares.padding[step - 1])} went to padding` : "";
    legend.append(element("span", "quiet", `of the attention at this step${rest}. Where the model looked is not what it did.`));
  };
  return { legend, show };
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

function controlsOf(steps, goTo, place) {
  const line = element("div", "controls"), slider = element("input"), said = element("output", "quiet");
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
    if (Number(slider.value) >= steps) goTo(1);
    label(true);
    timer = setInterval(() => {
      if (!place.root.isConnected || Number(slider.value) >= steps) return stop();
      goTo(Number(slider.value) + 1);
    }, isCalm ? CALM_STEP_MS : STEP_MS);
  };
  Object.assign(slider, { type: "range", min: 1, max: steps, step: 1 });
  slider.setAttribute("aria-label", "Denoising step");
  slider.addEventListener("input", () => { stop(); goTo(Number(slider.value)); });
  label(false);
  line.append(play, slider, said);
  const show = (step) => {
    slider.value = step;
    slider.style.setProperty("--done", `${steps > 1 ? (100 * (step - 1)) / (steps - 1) : 100}%`);
    slider.setAttribute("aria-valuetext", `step ${step} of ${steps}`);
    said.textContent = `step ${step} of ${steps}`;
  };
  return { line, show, stop };
}

export default function (component) {
  mount(component, (data, place) => {
    const views = [], goTo = (step) => views.forEach((view) => view.show(step));
    place.root.append(...verdictOf(data));
    const frames = data.frames.map((given) => frameOf(given, data.sheet));
    const row = element("div", "frames");
    row.append(...frames.map((frame) => frame.figure));
    place.root.append(row);
    const hasSteps = data.sheet.steps > 1 && (data.shares || data.frames.some((given) => given.sheet));
    if (hasSteps) {
      const controls = controlsOf(data.sheet.steps, goTo, place);
      views.push(...frames, controls);
      place.root.append(controls.line);
      if (data.shares) {
        const chart = chartOf(data, (step) => { controls.stop(); goTo(step); }), legend = legendOf(data);
        views.push(chart, legend);
        place.root.append(chart.holder, legend.legend);
      }
      goTo(data.sheet.steps);
    }
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
