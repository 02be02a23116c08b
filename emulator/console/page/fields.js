// A form made of a signature: what each input takes, and the instance that it makes.

import { Drawing } from "./drawing.js";
import { element } from "./dom.js";

const IMAGE = { least: 4, most: 64 };
const MOST_ZEROS = 4096;

/** The fields of a signature's inputs. `changed` is called when the instance is another one, `failed` with an error. */
export class Fields {
  constructor(inputs, changed, failed) {
    this.bare = Object.keys(inputs).length === 1;
    this.fields = Object.entries(inputs).map(([name, spec]) => field(name, spec, changed, failed));
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

function field(name, spec, changed, failed) {
  const shape = spec.shape?.slice(1) ?? null;
  if (isImage(spec.dtype, shape)) return image(name, spec.dtype, shape, changed, failed);
  const single = shape !== null && (shape.length === 0 || (shape.length === 1 && shape[0] === 1));
  return single ? line(name, spec, shape, changed) : area(name, spec, shape, changed);
}

/** Rows of pixels, or of one channel each; floats from 0 to 1, or bytes. */
function isImage(dtype, shape) {
  const channels = shape?.length === 3 ? shape[2] : 1;
  if (![2, 3].includes(shape?.length) || channels !== 1 || !(dtype.startsWith("float") || dtype === "uint8")) return false;
  return shape.slice(0, 2).every((size) => size >= IMAGE.least && size <= IMAGE.most);
}

function image(name, dtype, [rows, columns, channels], changed, failed) {
  const drawing = new Drawing(name, rows, columns, changed, failed);
  const number = dtype === "uint8" ? (value) => Math.round(255 * value) : (value) => Math.round(value * 1e4) / 1e4;
  const most = dtype === "uint8" ? 255 : 1;
  return {
    name,
    node: drawing.node,
    value: () => drawing.pixels.map((row) => row.map((value) => (channels ? [number(value)] : number(value)))),
    show: (pixels) => {
      const inked = (value) => (channels ? value?.[0] : value) / most;
      if (Array.isArray(pixels)) drawing.show(pixels.map((row) => (Array.isArray(row) ? row.map(inked) : row)));
    },
  };
}

/** One value. Texts are texts; the type says which are numbers, NaN and the infinities among them. */
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
  if (text === "") throw new Error(`${name}: expected a ${dtype}, got nothing`);
  if (!Number.isFinite(number) || dtype === "bool") throw new Error(`${name} takes a ${dtype}; it is "${text}"`);
  return number;
}

function area(name, spec, shape, changed) {
  const input = element("textarea", { rows: "3", spellcheck: "false" });
  input.value = zeros(spec.dtype, shape);
  input.addEventListener("input", changed);
  return {
    name,
    node: labelled(name, `${typed(spec, shape)}, JSON`, input, "wide"),
    value: () => {
      try {
        return JSON.parse(input.value);
      } catch {
        const text = input.value.trim();
        throw new Error(`${name}: expected JSON, got ${text ? shortened(text) : "nothing"}`);
      }
    },
    show: (value) => { input.value = JSON.stringify(value); },
  };
}

/** JSON of as many zeros, or empty texts, as an input takes; nothing where that is not known, or very many. */
function zeros(dtype, shape) {
  if (!shape?.every((size) => size !== null) || shape.reduce((product, size) => product * size, 1) > MOST_ZEROS) return "";
  const zero = { string: "", bool: false }[dtype] ?? 0;
  return JSON.stringify(shape.reduceRight((inner, size) => Array(size).fill(inner), zero));
}

const shortened = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

const labelled = (name, type, input, kind) =>
  element("label", { class: kind }, name, element("span", { class: "type" }, type), input);

function typed(spec, shape) {
  return shape === null ? `${spec.dtype} of any shape` : `${spec.dtype}${shape.length ? ` [${shape.map((size) => size ?? "any").join(", ")}]` : ""}`;
}
