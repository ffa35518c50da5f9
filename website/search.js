// The search, in a worker of its own. Material's page asks, in the messages of
// Material's worker; MiniSearch answers, and finds what a reader would expect:
// a pasted title finds its work, "GPT-2" is one word, slips of the pen are forgiven.
const [SETUP, READY, QUERY, RESULT] = [0, 1, 2, 3];
const MOST_SECTIONS = 4;
const TEASER = 180; // characters

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
// One and many are the same word: transformers, encodings, but not loss or corpus.
const stem = (word) => (word.length > 3 ? word.replace(/(?<![sui])s$/, "") : word);
const parts = (text) => (fold(text).match(/[\p{L}\p{N}]+/gu) ?? []).map(stem);
const words = (text) => fold(text).match(/[\p{L}\p{N}]+(?:[-.'’_][\p{L}\p{N}]+)*/gu) ?? [];

/** What a text is found by: "Transformer-XL" by transformer, xl and transformerxl. */
const tokenize = (text) =>
  words(text).flatMap((word) => {
    const inside = parts(word);
    return inside.length > 1 ? [...inside, inside.join("")] : inside;
  });

// Questions are asked in sentences; these words say nothing of what is meant.
const SILENT = new Set(
  "a an and are as at be by can do does explain explained for from how i in is it me my of on or the to was what when where which who why with work works".split(" "),
);

/** A title without its article, as somebody remembers it. */
const named = (title) => parts(title).join(" ").replace(/^(?:the|an?) (?=.)/, "");

const plain = (html) =>
  html
    .replace(/<[^>]*>/g, " ")
    .replace(/&(lt|gt|quot|amp|#39);/g, (_, name) => ({ lt: "<", gt: ">", quot: '"', amp: "&", "#39": "'" })[name])
    .replace(/\s+/g, " ")
    .trim();

const escaped = (text) => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** The text as HTML, with every word that begins like one of the terms marked. */
const marked = (text, terms) =>
  text
    .split(/([\p{L}\p{N}\p{M}]+)/u)
    .map((word, i) => (i % 2 && terms.has(stem(fold(word))) ? `<mark data-md-highlight>${escaped(word)}</mark>` : escaped(word)))
    .join("");

/** So much of a text as shows where the terms are. */
const teaser = (text, terms) => {
  let at = 0;
  for (const found of text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
    if (terms.has(stem(fold(found[0])))) {
      at = found.index;
      break;
    }
  }
  const start = at < TEASER / 2 ? 0 : text.indexOf(" ", at - TEASER / 3) + 1;
  let end = start + TEASER;
  if (end < text.length) end = text.lastIndexOf(" ", end);
  const cut = text.slice(start, end);
  return `${start ? "… " : ""}${marked(cut, terms)}${end < text.length ? " …" : ""}`;
};

let index;
const entries = new Map(); // by location: a page, or a section of one

const setUp = ({ docs }) => {
  importScripts(new URL("../../vendor/minisearch.js", location));
  for (const { location, title, text, tags, boost = 1 } of docs) {
    const page = location.split("#")[0];
    // A section is found by its page's title too, a page by its name in the address.
    const address = page.match(/([\w-]+)\/?$/)?.[1] ?? "";
    const of = page === location ? address : entries.get(page)?.title ?? "";
    // A concept's title ends in its question, which is text: its name is what is typed.
    const [name, question] = tags?.includes("Concept") && page === location ? plain(title).split(": ") : [plain(title), ""];
    entries.set(location, { location, page, of, title: name, text: `${question ?? ""} ${plain(text)}`.trim(), tags, boost });
  }
  index = new MiniSearch({
    idField: "location",
    fields: ["title", "of", "text"],
    tokenize,
    processTerm: (term) => term,
    searchOptions: {
      tokenize: (term) => [term],
      boost: { title: 6 },
      // Numbers are meant as they stand: 2 is not the beginning of 2017.
      prefix: (term) => term.length > 2 && !/\d/.test(term),
      fuzzy: (term) => (term.length > 4 && !/\d/.test(term) ? 0.2 : false),
      maxFuzzy: 2,
      weights: { prefix: 0.6, fuzzy: 0.15 },
      boostDocument: (location) => entries.get(location).boost,
    },
  });
  index.addAll(entries.values());
};

/** A query for MiniSearch: every word, or all of them written as one. */
const asked = (query) => {
  const said = words(query);
  const meant = said.filter((word) => !SILENT.has(word));
  const every = (meant.length ? meant : said).map((word) => {
    const inside = parts(word);
    if (inside.length < 2) return inside[0];
    return { combineWith: "OR", queries: [inside.join(""), { combineWith: "AND", queries: inside }] };
  });
  const whole = { combineWith: "OR", queries: [{ combineWith: "AND", queries: every }] };
  // "flash attention" means FlashAttention.
  if (said.length > 1 && said.length < 4) whole.queries.push(parts(query).join(""));
  return { whole, any: { combineWith: "OR", queries: every }, meant: meant.length ? meant : said };
};

/** How much more a page is meant whose very title was typed, or its name before a colon. */
const byName = (title, query, meant) => {
  const [name, whole] = [named(title.split(/: | [-–—] /)[0]), named(title)];
  const sought = [named(query), meant.flatMap(parts).join(" ")];
  if (whole === sought[0]) return 1000;
  if (sought.includes(name)) return 30;
  return sought[0].includes(" ") && ` ${whole} `.includes(` ${sought[0]} `) ? 5 : 1;
};

const search = (query) => {
  const { whole, any, meant } = asked(query);
  if (!meant.length) return [];
  let found = index.search(whole);
  if (!found.length) found = index.search(any);

  const pages = new Map();
  for (const { id, score, terms: list, queryTerms } of found) {
    const entry = entries.get(id);
    const terms = new Set(list);
    const here = (word) => tokenize(word).some((term) => queryTerms.includes(term));
    const item = {
      location: id,
      title: marked(entry.title, terms),
      text: teaser(entry.text, terms),
      score: id === entry.page ? score * Math.max(...[entry.title, entry.of].map((title) => byName(title, query, meant))) : score,
      terms: Object.fromEntries(meant.map((word) => [word, here(word)])),
    };
    if (!pages.has(entry.page)) pages.set(entry.page, []);
    pages.get(entry.page).push(item);
  }
  for (const [page, items] of pages) {
    const top = entries.get(page);
    let first = items.find(({ location }) => location === page);
    if (!first) items.push((first = { location: page, title: escaped(top.title), text: "", score: 0, terms: {} }));
    if (top.tags) first.tags = top.tags.map(escaped);
    items.sort((a, b) => b.score - a.score);
    const sections = items.filter((item) => item !== first).slice(0, MOST_SECTIONS);
    pages.set(page, items.filter((item) => item === first || sections.includes(item)));
  }
  return [...pages.values()].sort((a, b) => b[0].score - a[0].score);
};

addEventListener("message", ({ data: { type, data } }) => {
  if (type === SETUP) {
    setUp(data);
    postMessage({ type: READY });
  } else if (type === QUERY) {
    postMessage({ type: RESULT, data: { items: index ? search(data) : [] } });
  }
});
