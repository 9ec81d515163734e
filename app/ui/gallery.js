// All that was rendered, as cards; each can be opened, compared, taken as a reference or deleted.

export default function (component) {
  mount(component, (data, place) => {
    const grid = element("ul", "grid");
    for (const given of data.cards) grid.append(cardOf(place, given));
    place.root.append(grid);
    if (!data.cards.length) place.root.append(element("p", "quiet", "Nothing here yet, or nothing that fits."));
  });
}

function cardOf(place, given) {
  const card = element("li", given.compared ? "card compared" : "card"), picture = element("img");
  picture.src = given.picture;
  picture.alt = given.alt;
  card.append(picture, element("div", "title", given.title), element("div", "quiet line", given.line));
  const actions = element("div", "actions");
  const act = (event, label) => {
    const made = button("act", label, () => place.send(event, given.id));
    made.setAttribute("aria-label", `${label}: ${given.title}`);
    actions.append(made);
    return made;
  };
  act("open", "Open");
  const compare = act("compare", given.compared ? "Compared" : "Compare");
  compare.setAttribute("aria-pressed", String(given.compared));
  if (given.isPicture) act("reference", "Use as reference");
  const remove = button("act", "Delete", () => {
    if (remove.dataset.sure) return place.send("delete", given.id);
    remove.dataset.sure = "yes";
    remove.textContent = "Delete for good?";
  });
  remove.setAttribute("aria-label", `Delete: ${given.title}`);
  remove.addEventListener("blur", () => { delete remove.dataset.sure; remove.textContent = "Delete"; });
  actions.append(remove);
  card.append(actions);
  return card;
}
