// Elements and answers. Whatever comes from outside becomes text, never markup.

/** An element with attributes; children are elements or texts. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** An element of the page by its id. */
export const find = (id) => document.getElementById(id);

/**
 * A table. A row is a list of cells, a cell a list of elements and texts, or `{ content, class }`. The first cell of a row
 * is its header. On a narrow screen the style sheet shows each row as a block, with the titles beside the cells: the roles
 * are explicit because browsers drop those of a table that is not displayed as one.
 *
 * `columns` are `{ title, class }`, and `label` is the name for a screen reader.
 */
export function table(label, columns, rows) {
  const heads = columns.map((column) =>
    element("th", { scope: "col", role: "columnheader", class: column.class }, column.title));
  const cells = (row) => row.map((cell, place) => {
    const { content, class: kind } = Array.isArray(cell) ? { content: cell } : cell;
    const classes = [columns[place].class, kind].filter(Boolean).join(" ") || undefined;
    const role = place ? { role: "cell" } : { role: "rowheader", scope: "row" };
    return element(place ? "td" : "th", { ...role, class: classes, "data-label": columns[place].title }, ...content);
  });
  return element(
    "table", { role: "table", "aria-label": label },
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...heads)),
    element("tbody", { role: "rowgroup" }, ...rows.map((row) => element("tr", { role: "row" }, ...cells(row)))),
  );
}

/** A list of names and values; undefined, null and empty values are left out. */
export function definitions(facts) {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return element("dl", { class: "facts" }, ...known.map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, value instanceof Node ? value : String(value)))));
}

/** A version's full name in parts. */
export function parts(name) {
  const [, project, , model, , version] = name.split("/");
  return { project, model, version };
}

/**
 * The JSON that an address answers, or the answer's text if it is not valid JSON (NaN and infinities). Integers that a
 * JavaScript number cannot hold keep their digits if `exact`. Throws an error with the answer's own message.
 */
export async function getJson(path, { exact = false, ...options } = {}) {
  // Whole addresses: a page that was opened as http://any:TOKEN@HOST/console may not fetch relative ones.
  const answer = await fetch(new URL(path, location.origin), { ...options, credentials: "same-origin" });
  const text = await answer.text();
  let content;
  try {
    content = JSON.parse(text, exact ? keepDigits : undefined);
  } catch {
    if (!answer.ok) throw new Error(`${answer.status}`);
    return text;
  }
  if (!answer.ok) throw new Error(content.error?.message ?? `${answer.status}`);
  return content;
}

/** Reviver for `JSON.parse`; browsers without `rawJSON` round. */
function keepDigits(key, value, context) {
  const rounded = Number.isInteger(value) && !Number.isSafeInteger(value);
  return rounded && JSON.rawJSON && /^-?\d+$/.test(context?.source ?? "") ? JSON.rawJSON(context.source) : value;
}

/** Makes an element hold these children, by changing only what differs: focus, selections and scrolling stay. */
export function update(place, ...children) {
  become(place, element("div", {}, ...children));
}

function become(old, next) {
  const wanted = [...next.childNodes];
  wanted.forEach((node, index) => {
    const there = old.childNodes[index];
    if (!there) old.append(node);
    else if (there.nodeName !== node.nodeName) there.replaceWith(node);
    else if (!there.isEqualNode(node)) change(there, node);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function change(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    old.data = next.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  become(old, next);
}
