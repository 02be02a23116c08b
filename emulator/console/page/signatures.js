// Signatures as manifests hold them, and the choice of one.

import { element, find } from "./dom.js";

const DEFAULT = "serving_default";

/** Signatures by key, each tensor as dtype and shape; manifests of older versions hold texts: "float32[?, 5]". */
export function structured(signatures) {
  const tensors = (side) => mapped(side ?? {}, (tensor) => (typeof tensor === "string" ? parsed(tensor) : tensor));
  return mapped(signatures, ({ inputs, outputs }) => ({ inputs: tensors(inputs), outputs: tensors(outputs) }));
}

/** The key of the signature that a request without a name asks: the only one, or `serving_default`. */
export function defaultKey(signatures) {
  const keys = Object.keys(signatures);
  return keys.length === 1 ? keys[0] : DEFAULT;
}

/** Lets one choose among several signatures, or write a key where none is known; calls `chosen` then. */
export function offerSignatures(signatures, chosen) {
  const keys = Object.keys(signatures);
  const usual = defaultKey(signatures);
  const control = keys.length
    ? element("select", { id: "signature" }, ...keys.map((key) => element("option", { value: key, selected: key === usual }, key)))
    : element("input", { id: "signature", type: "text", autocomplete: "off", placeholder: DEFAULT });
  control.addEventListener("change", chosen);
  find("signature").replaceWith(control);
  find("signature-choice").hidden = keys.length === 1;
}

/** The key that is chosen; empty where none is. */
export const chosenSignature = () => find("signature").value.trim();

function parsed(text) {
  const [, dtype, sizes] = /^(.+?)\[(.*)\]$/.exec(text);
  if (sizes === "...") return { dtype, shape: null };
  return { dtype, shape: sizes ? sizes.split(", ").map((size) => (size === "?" ? null : Number(size))) : [] };
}

const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
