// The message that this stands in comes into view and stays at the top while what follows it grows, until whoever reads
// moves the page. A result that ends while they read elsewhere leaves them there.

const HEADER_PX = 72, ENDS_IT = ["wheel", "touchmove", "pointerdown", "keydown"];
let shown, follows = () => {};

function arrive(place, { conversation, asked }) {
  const host = place.root.getRootNode().host ?? place.root;
  const message = host.closest('[data-testid="stChatMessage"]'), page = host.closest(".stMain");
  if (!message || !page) return;
  const above = () => message.getBoundingClientRect().top - page.getBoundingClientRect().top - HEADER_PX;
  const isElsewhere = above() > 2 * page.clientHeight, isOpened = shown !== conversation;
  shown = conversation;
  if (isElsewhere && !asked && !isOpened) return;

  follows();  // what arrived before
  let height = 0, top = 0;  // where it was put
  const growth = new ResizeObserver(() => {
    page.scrollTop += above();
    [height, top] = [page.scrollHeight, page.scrollTop];
  });
  const moved = () => {  // by a search in the page, or by a script; a page that shrinks moves too, and comes back
    if (page.scrollHeight === height && page.scrollTop !== top) follows();
  };
  follows = () => {
    growth.disconnect();
    page.removeEventListener("scroll", moved);
    for (const event of ENDS_IT) page.removeEventListener(event, follows);
  };
  page.addEventListener("scroll", moved, { passive: true });
  for (const event of ENDS_IT) page.addEventListener(event, follows, { passive: true });
  growth.observe(page.querySelector('[data-testid="stMainBlockContainer"]'));
}

export default function (component) {
  mount(component, (data, place) => arrive(place, data));
}
