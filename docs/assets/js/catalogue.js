// The catalogue: filters, sorts and searches the plain list that is its own content.
// Its whole state is in the address, so that a view can be kept and shared.

const FILTERS = {
  kind: (data) => data.k,
  level: (data) => data.l,
  language: (data) => data.g || "en",
  access: (data) => data.a,
  concept: (data) => data.c,
  list: (data) => data.s,
};

const LEVELS = ["beginner", "intermediate", "advanced"];
const level = (entry) => {
  const place = LEVELS.indexOf(entry.data.l);
  return place < 0 ? LEVELS.length : place;
};
// What has no year comes last, whichever way they are sorted.
const year = (entry, absent) => Number(entry.data.y) || absent;
const { compare } = new Intl.Collator(undefined, { numeric: true });
const SORTS = {
  title: (a, b) => compare(a.title, b.title),
  new: (a, b) => year(b, 0) - year(a, 0),
  old: (a, b) => year(a, 9999) - year(b, 9999),
  level: (a, b) => level(a) - level(b),
};

// Words are compared without case and accents.
const folded = (text) =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

class ResourceCatalogue extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.coming = this.querySelector(".coming");
    this.found = this.querySelector(".found");
    this.none = this.querySelector(".none");
    this.picks = this.querySelector(".picks");
    this.heading = this.querySelector("#all");
    this.list = this.querySelector(".entries");
    this.entries = [...this.list.children].map((item) => {
      const title = item.querySelector("a").textContent;
      const words = [item.textContent, item.dataset.c.replaceAll("-", " ")];
      return { item, title, data: item.dataset, text: folded(words.join(" ")) };
    });
    this.total = this.entries.length;
    this.order = "";
    this.form.hidden = false;
    // Folded on a phone, where it would push the list off the screen.
    const details = this.form.querySelector("details");
    details.open = matchMedia("(min-width: 48em)").matches;
    this.found.hidden = false;

    this.leaving = new AbortController();
    const { signal } = this.leaving;
    this.form.addEventListener("submit", (event) => event.preventDefault(), { signal });
    this.form.addEventListener("input", () => this.changed(), { signal });
    this.form.addEventListener("reset", (event) => {
      event.preventDefault();
      this.reset();
    }, { signal });
    this.none.querySelector("button").addEventListener("click", () => this.reset(), { signal });
    addEventListener("popstate", () => this.read(), { signal });
    addEventListener("click", (event) => this.follow(event), { signal, capture: true });
    this.read();
  }

  disconnectedCallback() {
    this.leaving?.abort();
    clearTimeout(this.telling);
  }

  /** A link to another view of this page. Material would swallow it: same path. */
  follow(event) {
    const { button, altKey, ctrlKey, metaKey, shiftKey } = event;
    if (button || altKey || ctrlKey || metaKey || shiftKey) return;
    const link = event.target.closest?.("a[href]");
    // In a drawing, href is no text but an object.
    if (!link || link.target || typeof link.href !== "string") return;
    const to = new URL(link.href);
    if (to.origin + to.pathname !== location.origin + location.pathname || to.hash) return;
    event.preventDefault();
    event.stopPropagation();
    history.pushState(null, "", to);
    this.read();
    scrollTo(0, 0);
  }

  /** From the address into the form. What is no choice of ours is left alone. */
  read() {
    const asked = new URLSearchParams(location.search);
    for (const field of this.form.elements) {
      const value = asked.get(field.name) ?? "";
      if (field.type === "checkbox") field.checked = value === field.value;
      else if (field.type === "search") field.value = value;
      else if (field.options) {
        const known = [...field.options].some((option) => option.value === value);
        field.value = known ? value : "";
      }
    }
    this.show();
  }

  /** From the form into the address. */
  changed() {
    const address = new URL(location.href);
    address.search = "";
    for (const [name, value] of this.state()) address.searchParams.set(name, value);
    history.replaceState(history.state, "", address);
    this.show();
  }

  reset() {
    for (const field of this.form.elements) {
      if (field.type === "checkbox") field.checked = false;
      else if (field.name) field.value = "";
    }
    this.changed();
    this.form.elements.find.focus();
  }

  state() {
    return [...new FormData(this.form)]
      .map(([name, value]) => [name, value.trim()])
      .filter(([, value]) => value);
  }

  show() {
    const { find = "", sort = "", starred, ...asked } = Object.fromEntries(this.state());
    // Who types encodings looks for encoding as well.
    const one = (word) => (word.length > 3 ? word.replace(/(?<![sui])s$/, "") : word);
    const words = folded(find).split(/\s+/).filter(Boolean).map(one);
    const filters = Object.entries(asked);
    let count = 0;
    for (const { item, data, text } of this.entries) {
      const fits =
        (!starred || "x" in data) &&
        words.every((word) => text.includes(word)) &&
        filters.every(([name, value]) => {
          const values = FILTERS[name](data);
          return values !== undefined && values.split(" ").includes(value);
        });
      item.hidden = !fits;
      count += fits;
    }
    if (sort !== this.order) {
      // A stable sort: what is equal stays best first.
      const sorted = sort ? this.entries.toSorted(SORTS[sort]) : this.entries;
      this.list.append(...sorted.map(({ item }) => item));
      this.order = sort;
    }
    const set = filters.length + (starred ? 1 : 0) + (sort ? 1 : 0);
    this.form.querySelector("summary").textContent =
      "Filter and sort" + (set ? ` (${set} set)` : "");
    const filtered = Boolean(starred || words.length || filters.length);
    this.picks.hidden = filtered;
    this.none.hidden = count > 0;
    const planned = this.form.elements.concept.selectedOptions[0]?.dataset.coming;
    this.coming.hidden = !planned;
    if (planned) this.coming.textContent = `A page of ours is planned. ${planned} Until then:`;
    this.heading.textContent = filtered ? "Found" : `All ${this.total}`;
    // Said once the typing pauses, so that a screen reader is not flooded.
    clearTimeout(this.telling);
    this.telling = setTimeout(() => {
      this.found.textContent = filtered
        ? `${count} of ${this.total} resources`
        : `${this.total} resources`;
    }, 250);
  }
}

if (!customElements.get("resource-catalogue")) {
  customElements.define("resource-catalogue", ResourceCatalogue);
}
