// Pictures in one row that scrolls sideways.

export default function (component) {
  mount(component, (data, place) => {
    const row = element("div", "strip");
    row.tabIndex = 0;
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", data.label);
    for (const given of data.pictures) {
      const figure = element("figure", given.mark ? "frame marked" : "frame"), picture = element("img");
      picture.src = given.picture;
      picture.alt = given.alt;
      const caption = element("figcaption", "", given.label);
      if (given.mark) caption.append(element("span", "flag", given.mark));
      figure.append(picture, caption);
      row.append(figure);
    }
    place.root.append(...verdictOf(data), row);
  });
}
