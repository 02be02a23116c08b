// A form made of a signature: what each input takes, and the instance that it makes.

import { Drawing } from "./drawing.js";
import { element } from "./dom.js";

const IMAGE = { least: 4, most: 64 };

/** The fields of a signature's inputs. `changed` is called when the instance is another one. */
export class Fields {
  constructor(inputs, changed) {
    this.bare = Object.keys(inputs).length === 1;
    this.fields = Object.entries(inputs).map(([name, spec]) => field(name, spec, changed));
  }

  get nodes() {
    return this.fields.map((each) => each.node);
  }

  /** The instance. Throws an error with the field's name where a value cannot be one. */
  get instance() {
    const values = Object.fromEntries(this.fields.map((each) => [each.name, each.value()]));
    return this.bare ? Object.values(values)[0] : values;
  }

  /** Shows an instance, bare or by name. */
  show(instance) {
    for (const each of this.fields) {
      const named = instance !== null && typeof instance === "object" && !Array.isArray(instance) && each.name in instance;
      if (named || this.bare) each.show(named ? instance[each.name] : instance);
    }
  }
}

function field(name, spec, changed) {
  const shape = spec.shape?.slice(1) ?? null;
  const drawn = shape?.length === 2 && shape.every((size) => size >= IMAGE.least && size <= IMAGE.most);
  if (drawn && spec.dtype.startsWith("float")) return image(name, shape, changed);
  const single = shape !== null && (shape.length === 0 || (shape.length === 1 && shape[0] === 1));
  return single ? line(name, spec, shape, changed) : area(name, spec, shape, changed);
}

function image(name, shape, changed) {
  const drawing = new Drawing(name, ...shape, changed);
  return {
    name,
    node: drawing.node,
    value: () => drawing.pixels.map((row) => row.map((value) => Math.round(value * 1e4) / 1e4)),
    show: (pixels) => drawing.show(pixels),
  };
}

/** One value. Texts are texts; numbers, NaN and the infinities among them, are told apart by the type. */
function line(name, spec, shape, changed) {
  const text = spec.dtype === "string";
  const input = element("input", { type: "text", autocomplete: "off", inputmode: text ? "text" : "decimal", value: text ? "" : "0" });
  input.addEventListener("input", changed);
  return {
    name,
    node: labelled(name, typed(spec, shape), input),
    value: () => {
      const value = text ? input.value : scalar(name, spec.dtype, input.value.trim());
      return shape.length ? [value] : value;
    },
    show: (value) => { input.value = String(Array.isArray(value) ? value[0] : value); },
  };
}

function scalar(name, dtype, text) {
  if (dtype === "bool" && (text === "true" || text === "false")) return text === "true";
  const number = Number(text);
  if (text === "" || !Number.isFinite(number) || dtype === "bool") throw new Error(`${name} takes a ${dtype}; it is "${text}"`);
  return number;
}

function area(name, spec, shape, changed) {
  const input = element("textarea", { rows: "3", spellcheck: "false" });
  input.addEventListener("input", changed);
  return {
    name,
    node: labelled(name, `${typed(spec, shape)}, JSON`, input, "wide"),
    value: () => {
      try {
        return JSON.parse(input.value);
      } catch {
        throw new Error(`${name} is no JSON`);
      }
    },
    show: (value) => { input.value = JSON.stringify(value); },
  };
}

const labelled = (name, type, input, kind) =>
  element("label", { class: kind }, name, element("span", { class: "type" }, type), input);

function typed(spec, shape) {
  return shape === null ? `${spec.dtype} of any shape` : `${spec.dtype}${shape.length ? ` [${shape.map((size) => size ?? "any").join(", ")}]` : ""}`;
}
