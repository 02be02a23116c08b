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
  // Whole addresses: a page that was opened as http://any:TOKEN@HOST/console may not fetch relative ones.
  const answer = await fetch(new URL(path, location.origin), { ...options, credentials: "same-origin" });
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
