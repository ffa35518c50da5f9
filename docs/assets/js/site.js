// A box that scrolls can be reached with the keyboard.
const BOXES = ".md-typeset :is(pre > code, .scroll, .md-typeset__scrollwrap, .katex-display)";

const mark = () => {
  for (const box of document.querySelectorAll(BOXES)) {
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    if (scrolls) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }
};

let waiting = 0;
const soon = () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(mark);
};

addEventListener("resize", soon);
addEventListener("toggle", soon, true);
document.fonts.ready.then(soon);
// Material announces every page that it shows without a reload.
if (window.document$) window.document$.subscribe(soon);
else soon();
