// A prediction as people read it: probabilities of classes, one probability, or whatever it is.

import { element, find } from "./dom.js";

const MOST = 10;
const ROUNDING = 0.01;
const PROBABLE = /prob|sigmoid|softmax/i;

/**
 * Shows an answer: the text of one that is no JSON, the model's own refusal, or its prediction, with the output's name if
 * there is one output. `outputs` are the names that are known of the signature; an answer says its own.
 */
export function showPrediction(answer, manifest, label, milliseconds, outputs = []) {
  const told = [];
  if (typeof answer === "string") told.push(element("pre", {}, answer));
  else if (answer.error) told.push(element("p", { class: "bad" }, String(answer.error)));
  else told.push(...read(answer.predictions[0], manifest.classes, outputs));
  if (label !== undefined && label !== null) told.push(element("p", {}, `True of this sample: ${named(label, manifest.classes)}`));
  told.push(element("p", { class: "note" }, `Answered in ${milliseconds.toFixed(0)} ms`));
  find("result").replaceChildren(...told);
}

/** A prediction without its output's name, and that name; it is empty where there are several outputs, or none is known. */
function taken(prediction, outputs) {
  const keys = prediction && typeof prediction === "object" && !Array.isArray(prediction) ? Object.keys(prediction) : [];
  const named = keys.length === 1 && (keys[0] !== "b64" || outputs[0] === "b64");
  const value = named ? prediction[keys[0]] : prediction;
  const name = named ? keys[0] : outputs.length === 1 ? outputs[0] : "";
  return { name, value: Array.isArray(value) && value.length === 1 ? value[0] : value };
}

function read(prediction, classes, outputs) {
  const { name, value } = taken(prediction, outputs);
  return [...shown(name, value, classes), ...(name ? [element("p", { class: "note" }, `Output: ${name}`)] : [])];
}

/** A number is a probability only where the output's name or the names of classes say so. */
function shown(name, value, classes) {
  if (isProbabilities(value)) return probabilities(value, classes);
  if (isProbability(value) && (PROBABLE.test(name) || classes.length)) return probability(value);
  return [element("pre", {}, JSON.stringify(value, null, 1))];
}

function probability(value) {
  const head = element("p", {}, element("strong", {}, percent(value)), ` (${value})`);
  return [head, element("progress", { max: "1", value: String(value), "aria-label": "probability" })];
}

function probabilities(values, classes) {
  const best = values.indexOf(Math.max(...values));
  const order = values.map((_, place) => place).sort((a, b) => values[b] - values[a]).slice(0, MOST);
  const rows = order.map((place) => element(
    "li", { class: place === best ? "best" : undefined },
    element("span", {}, named(place, classes)),
    element("progress", { max: "1", value: String(values[place]), "aria-hidden": "true" }),
    element("span", { class: "number" }, percent(values[place])),
  ));
  const head = element("p", {}, element("strong", {}, named(best, classes)), ` ${percent(values[best])}`);
  return [head, element("ol", { "aria-label": "Probabilities" }, ...rows)];
}

const named = (label, classes) => classes[label] ?? (typeof label === "string" ? label : JSON.stringify(label));
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const isProbability = (value) => typeof value === "number" && value >= 0 && value <= 1;

function isProbabilities(value) {
  if (!Array.isArray(value) || value.length < 2 || !value.every(isProbability)) return false;
  return Math.abs(value.reduce((sum, each) => sum + each, 0) - 1) <= ROUNDING;
}
