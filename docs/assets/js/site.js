// What Material leaves to be done for the keyboard and for screen readers.
const BOXES =
  ".md-typeset :is(pre > code, .scroll, .formula, .md-typeset__scrollwrap)";

const mend = () => {
  for (const box of document.querySelectorAll(BOXES)) {
    // A box that scrolls can be reached with the keyboard.
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    if (scrolls) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
  // Material puts each copy button in a landmark of its own.
  for (const [i, nav] of document.querySelectorAll(".md-code__nav").entries()) {
    nav.setAttribute("aria-label", `Code ${i + 1}`);
  }
};

let waiting = 0;
const soon = () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(mend);
};

// The buttons of the header are labels, so that they work without scripts. With
// scripts they can be buttons, which take the keyboard.
for (const label of document.querySelectorAll(
  ".md-header__button:is([for=__drawer], [for=__search])",
)) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = label.className;
  button.setAttribute("for", label.htmlFor); // style sheets ask for it
  button.append(...label.childNodes);
  const toggle = document.getElementById(label.htmlFor);
  button.addEventListener("click", () => {
    toggle.click();
    if (toggle.id === "__search") {
      document.querySelector("[data-md-component=search-query]").focus();
    }
  });
  label.replaceWith(button);
}

// On a phone a key for the search has to open it first: what is hidden takes no focus.
addEventListener("keydown", (event) => {
  const { key, target, altKey, ctrlKey, metaKey } = event;
  if (!["/", "f", "s"].includes(key) || altKey || ctrlKey || metaKey) return;
  const query = document.querySelector("[data-md-component=search-query]");
  const types = target.closest("input, select, textarea");
  if (types || query.checkVisibility({ visibilityProperty: true })) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  document.querySelector(".md-header__button[for=__search]").click();
}, true);

// The space bar does on the switch between light and dark what Enter does.
document.querySelector("[data-md-component=palette]").addEventListener(
  "keydown",
  (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    event.currentTarget.querySelector("label:not([hidden])").click();
  },
);

// On paper a link that leaves the site shows its address.
addEventListener("beforeprint", () => {
  for (const link of document.links) {
    link.toggleAttribute("data-elsewhere", link.host !== location.host);
  }
});

// Material opens every folded thing to print it: what a reader opened is marked.
addEventListener("click", ({ target }) => {
  const details = target.closest("summary")?.parentElement;
  details?.toggleAttribute("data-opened", !details.open);
});

addEventListener("resize", soon);
addEventListener("toggle", soon, true);
document.fonts.ready.then(soon);
new MutationObserver(soon).observe(document.body, {
  childList: true,
  subtree: true,
});
soon();

// Who asks for a page that is missing meant something: the address says what.
const meant = document.querySelector(".meant");
if (meant) {
  const parts = location.pathname.toLowerCase().split("/");
  const [asked = "", above] = parts.filter((part) => part).reverse();
  const items = [...meant.querySelectorAll("[data-word]")];
  const named = (fits) => items.filter(({ dataset: { word } }) => fits(word));
  const found = [
    named((word) => word === asked),
    named((word) => asked.includes(word) || (asked.length > 2 && word.includes(asked))),
    named((word) => word === above),
  ].find((some) => some.length);
  for (const item of items) item.hidden = !found?.includes(item);
  meant.hidden = !found;
}
