// A prediction as people read it: probabilities of classes, one probability, or whatever it is.

import { element, find } from "./dom.js";

const MOST = 10;
const ROUNDING = 0.01;

/** Shows an answer: the text of one that is no JSON, the model's own refusal, or its prediction. */
export function showPrediction(answer, manifest, label, milliseconds) {
  const told = [];
  if (typeof answer === "string") told.push(element("pre", {}, answer));
  else if (answer.error) told.push(element("p", { class: "bad" }, String(answer.error)));
  else told.push(...read(bare(answer.predictions[0]), manifest.classes));
  if (label !== undefined && label !== null) told.push(element("p", {}, `True of this sample: ${named(label, manifest.classes)}`));
  told.push(element("p", { class: "note" }, `Answered in ${milliseconds.toFixed(0)} ms`));
  find("result").replaceChildren(...told);
}

function bare(prediction) {
  const names = prediction && typeof prediction === "object" && !Array.isArray(prediction) ? Object.keys(prediction) : [];
  const value = names.length === 1 && names[0] !== "b64" ? prediction[names[0]] : prediction;
  return Array.isArray(value) && value.length === 1 ? value[0] : value;
}

function read(value, classes) {
  if (isProbabilities(value)) return probabilities(value, classes);
  if (isProbability(value)) return [element("p", {}, element("strong", {}, percent(value))), element("progress", { max: "1", value: String(value), "aria-label": "probability" })];
  return [element("pre", {}, JSON.stringify(value, null, 1))];
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
