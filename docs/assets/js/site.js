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
  for (const first of document.querySelectorAll(".frames > .frame:first-child")) {
    step(first.parentElement);
  }
  for (const [i, nav] of document.querySelectorAll(".md-code__nav").entries()) {
    nav.setAttribute("aria-label", `Code ${i + 1}`);
  }
};

// A drawing that grows: its frames stand one below the other, and whoever wants to
// steps through them, by button, by arrow key or by a swipe.
const SWIPE = 40; // px

const step = (box) => {
  const frames = [...box.children];
  const bar = document.createElement("div");
  bar.className = "frames-bar";
  const button = (text, label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    bar.append(made);
    return made;
  };
  let now = 0;
  const show = (to) => {
    now = Math.max(0, Math.min(frames.length - 1, to));
    for (const [i, frame] of frames.entries()) {
      frame.toggleAttribute("data-off", i !== now);
    }
    place.textContent = `${now + 1} of ${frames.length}`;
    // Not disabled: a button that is takes the focus away.
    back.setAttribute("aria-disabled", now === 0);
    on.setAttribute("aria-disabled", now === frames.length - 1);
  };
  const back = button("←", "The frame before", () => show(now - 1));
  const place = document.createElement("span");
  place.setAttribute("role", "status");
  bar.append(place);
  const on = button("→", "The next frame", () => show(now + 1));
  const toggle = button("Step through", "Step through the frames", () => {
    const steps = box.classList.toggle("stepping");
    toggle.textContent = steps ? "Show all" : "Step through";
    toggle.setAttribute("aria-label", `${toggle.textContent} the frames`);
    // As high as its highest frame, so that what follows stays where it is.
    box.style.minHeight = "";
    for (const frame of frames) frame.removeAttribute("data-off");
    const highest = Math.max(...frames.map((frame) => frame.offsetHeight));
    if (steps) {
      box.style.minHeight = `${highest}px`;
      show(0);
    } else place.textContent = "";
  });
  box.addEventListener("keydown", ({ key }) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (by && box.classList.contains("stepping")) show(now + by);
  });
  let from;
  box.addEventListener("touchstart", ({ touches }) => {
    from = touches[0];
  }, { passive: true });
  box.addEventListener("touchend", ({ changedTouches: [to] }) => {
    const across = to.clientX - from.clientX;
    const down = to.clientY - from.clientY;
    // Who scrolls the page goes down rather than across.
    const swipes = Math.abs(across) > Math.max(SWIPE, 2 * Math.abs(down));
    if (swipes && box.classList.contains("stepping")) show(now - Math.sign(across));
  });
  box.prepend(bar);
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

// Escape closes the menu of a phone, as it closes the search.
addEventListener("keydown", ({ key }) => {
  if (key !== "Escape" || !document.getElementById("__drawer").checked) return;
  const button = document.querySelector(".md-header__button[for=__drawer]");
  button.click();
  button.focus();
});

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
