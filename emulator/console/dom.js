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

/** The JSON that an address answers; an error with the answer's own message where it is none. */
export async function getJson(path, options = {}) {
  const answer = await fetch(path, { ...options, credentials: "same-origin" });
  const text = await answer.text();
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    if (!answer.ok) throw new Error(`${answer.status}`);
    return text; // NaN and infinities are no JSON: shown as they came
  }
  if (!answer.ok) throw new Error(content.error?.message ?? `${answer.status}`);
  return content;
}

/** Replaces what an element holds, only where it says something else now: selections and scrolling stay. */
export function update(place, ...children) {
  const next = element("div", {}, ...children);
  if (!same(place, next)) place.replaceChildren(...next.childNodes);
}

function same(place, next) {
  const old = [...place.childNodes];
  return old.length === next.childNodes.length && old.every((node, index) => node.isEqualNode(next.childNodes[index]));
}
