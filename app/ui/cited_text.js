// An answer's sentences as paragraphs, each with its citation marks where it ends.

const MAY_LINK = /^https?:\/\//i;

function sentenceOf(place, given, number) {
  const sentence = element("span", `sentence ${given.kind}`);
  sentence.style.setProperty("--n", number);
  for (const run of given.runs) {
    if (run.href && MAY_LINK.test(run.href)) {
      const link = element("a", "", run.text);
      link.href = run.href;
      link.target = "_blank";
      link.rel = "noopener noreferrer";
      sentence.append(link);
    } else if (run.strong) {
      sentence.append(element("strong", "", run.text));
    } else if (run.code) {
      const code = element("code", "listing", run.text);
      code.tabIndex = 0;
      sentence.append(code, copyOf(run.text));
    } else {
      sentence.append(run.text);
    }
  }
  if (given.marks.length) sentence.append(lastWordWith(sentence, given.marks.map((mark) => markOf(place, mark))));
  if (given.see !== undefined) {
    sentence.append(button("see", "See it happen", () => place.send("see", given.see)));
  }
  return sentence;
}

// Copies code as it is written; says so for a moment.
function copyOf(text) {
  const copy = button("copy", "Copy", async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Select it to copy";
    }
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  });
  copy.setAttribute("aria-label", "Copy the code");
  return copy;
}

// A mark never begins a line: it stays with the word before it.
function lastWordWith(sentence, marks) {
  const last = sentence.lastChild, kept = element("span", "kept");
  if (last instanceof Text) {
    const at = last.data.trimEnd().lastIndexOf(" ") + 1;
    kept.append(last.data.slice(at));
    last.data = last.data.slice(0, at);
  }
  kept.append(...marks);
  return kept;
}

export default function (component) {
  const { data } = component;
  mount(component, (_, place) => {
    place.root.classList.toggle("revealed", data.reveal !== null);
    let number = data.reveal ?? 0;
    for (const given of data.paragraphs) {
      const paragraph = element("p");
      if (given.label) paragraph.append(element("span", "label", given.label));
      given.sentences.forEach((sentence, n) => {
        if (n) paragraph.append(" ");
        paragraph.append(sentenceOf(place, sentence, number++));
      });
      place.root.append(paragraph);
    }
    place.root.classList.toggle("short", data.style === "short");
  }, [data.paragraphs, data.style]);
}
