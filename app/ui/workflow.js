// A workflow's stages, from left to right or from top to bottom: what the corpus says of each, and its run.

const SIGNS = { idle: "▶\uFE0E", queued: "…", running: "●", done: "✓", stale: "↻" };

function runOf(place, run, number) {
  const busy = run.state === "queued" || run.state === "running";
  const made = button(`run ${run.state}`, "", () => place.send("run", number));
  made.disabled = busy;
  const sign = element("span", "sign", SIGNS[run.state]);
  sign.setAttribute("aria-hidden", "true");
  made.append(sign, element("span", "", ` ${run.label}`));
  const state = element("span", "state", run.detail || (run.state === "idle" ? "" : run.state));
  state.setAttribute("role", "status");
  const line = element("div", "runs");
  line.append(made, state);
  if (!run.words.length) return [line];
  const words = element("div", "words");
  words.setAttribute("aria-label", "The prompt's tokens");
  words.setAttribute("role", "group");
  for (const word of run.words) words.append(wordOf(word), " ");
  return [line, words];
}

export default function (component) {
  mount(component, (data, place) => {
    const stages = element("ol", "stages");
    data.stages.forEach((given, number) => {
      const stage = element("li", "stage");
      stage.append(element("div", "name", given.name));
      const said = element("div", "said", given.text);
      for (const mark of given.marks) said.append(markOf(place, mark));
      stage.append(said);
      if (given.run) stage.append(...runOf(place, given.run, number));
      stages.append(stage);
    });
    const holder = element("div", "holder");
    holder.append(stages);
    place.root.append(holder);
  });
}
