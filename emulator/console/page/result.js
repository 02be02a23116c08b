// A prediction as people read it: classes with their probabilities, or the values as they are.

import { element, find } from "./dom.js";
import { defaultKey } from "./signatures.js";

const MOST = 10;
const ROUNDING = 0.01;
const ENOUGH = 4; // samples, to show that the single output of two classes is a probability
const PROBABLE = ["prob", "probs", "proba", "probas", "probability", "probabilities", "sigmoid", "softmax"];
const LOGARITHMIC = ["log", "logit", "logits"];

/** Shows one version's answer; the arguments are those of `predicted`. */
export function showPrediction(answer, manifest, label, milliseconds, outputs, key) {
  find("result").replaceChildren(...predicted(answer, manifest, label, milliseconds, outputs, key));
}

/**
 * An answer as elements: the text of one that is not valid JSON, the model's own error, or the prediction by output.
 *
 * `outputs` are the known names of the signature's outputs, `key` is the signature's. `beside` is the answer of another
 * version: classes come in its order.
 */
export function predicted(answer, manifest, label, milliseconds, outputs = [], key = undefined, beside = undefined) {
  const lines = [];
  if (typeof answer === "string") lines.push(element("pre", {}, answer));
  else if (answer.error) lines.push(element("p", { class: "bad" }, String(answer.error)));
  else lines.push(...read(answer.predictions?.[0], manifest, outputs, key, beside?.predictions?.[0]));
  if (label !== undefined && label !== null) lines.push(expected(label, manifest));
  lines.push(element("p", { class: "note" }, `Answered in ${milliseconds.toFixed(0)} ms`));
  return lines;
}

/** The label of a sample, as a line. */
export const expected = (label, manifest) => element("p", {}, `Expected label: ${named(label, manifest.classes)}`);

function read(prediction, manifest, outputs, key, beside) {
  const others = new Map(byOutput(beside, outputs));
  const samples = key === undefined || key === "" || key === defaultKey(manifest.signatures ?? {}) ? (manifest.samples ?? []) : [];
  return byOutput(prediction, outputs).flatMap(([name, value]) => {
    const seen = samples.map((sample) => new Map(byOutput(sample.prediction, outputs)).get(name));
    const dtype = manifest.signatures?.[key]?.outputs?.[name]?.dtype;
    const facts = { name, dtype, classes: manifest.classes ?? [], samples: seen.filter((each) => each !== undefined) };
    return [...shown(value, facts, others.get(name)), ...(name ? [element("p", { class: "note" }, `Output: ${name}`)] : [])];
  });
}

/** Pairs of an output's name and its value; the name is empty where it is not known. Lists of one value are that value. */
function byOutput(prediction, outputs) {
  const single = (value) => (Array.isArray(value) && value.length === 1 ? value[0] : value);
  const keys = prediction && typeof prediction === "object" && !Array.isArray(prediction) ? Object.keys(prediction) : [];
  const bare = !keys.length || JSON.isRawJSON?.(prediction) || (keys.join() === "b64" && outputs[0] !== "b64");
  if (bare) return [[outputs.length === 1 ? outputs[0] : "", single(prediction)]];
  return keys.map((key) => [key, single(prediction[key])]);
}

function shown(value, facts, beside) {
  if (Array.isArray(value) && areProbabilities(value, facts)) return probabilities(value, facts.classes, beside);
  if (isProbability(value, facts)) return probability(value);
  if (Array.isArray(value) && value.length === facts.classes.length && value.every((each) => typeof each === "number")) {
    return [byClass(value, facts.classes, beside, "Values by class", (each) => [element("span", { class: "number" }, String(each))])];
  }
  return [element("pre", {}, JSON.stringify(value, null, 1) ?? "nothing")];
}

/** Whether an output holds a probability for each class: this value and those of all samples are, and names say what of. */
function areProbabilities(value, { name, dtype, classes, samples }) {
  const of = classes.length === value.length || says(name, PROBABLE);
  return of && mayBeProbability(name, dtype) && [value, ...samples].every(isDistribution);
}

/** Whether an output holds one probability: by its name, or because it has two classes and enough samples are from 0 to 1. */
function isProbability(value, { name, dtype, classes, samples }) {
  const of = says(name, PROBABLE) || (classes.length === 2 && samples.length >= ENOUGH);
  return of && mayBeProbability(name, dtype) && [value, ...samples].every(isShare);
}

/** Integers are counts or indices, and logarithms of probabilities say so in their name. */
const mayBeProbability = (name, dtype) => !says(name, LOGARITHMIC) && (dtype === undefined || dtype.includes("float"));

function says(name, words) {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z]+/).some((word) => words.includes(word));
}

function probability(value) {
  const head = element("p", {}, element("strong", {}, percent(value)), ` (${value})`);
  return [head, element("progress", { max: "1", value: String(value), "aria-label": "probability" })];
}

function probabilities(values, classes, beside) {
  const best = values.indexOf(Math.max(...values));
  const head = element("p", {}, element("strong", {}, named(best, classes)), ` ${percent(values[best])}`);
  const cells = (value) => [
    element("span", { class: "number" }, percent(value)),
    element("progress", { max: "1", value: String(value), "aria-hidden": "true" }),
  ];
  return [head, byClass(values, classes, beside, "Probabilities", cells)];
}

/** The highest values with their classes, in the order of `beside` where that is as long. */
function byClass(values, classes, beside, label, cells) {
  const by = Array.isArray(beside) && beside.length === values.length ? beside : values;
  const best = values.indexOf(Math.max(...values));
  const order = values.map((_, place) => place).sort((a, b) => by[b] - by[a]).slice(0, MOST);
  const rows = order.map((place) =>
    element("li", { class: place === best ? "best" : undefined }, element("span", {}, named(place, classes)), ...cells(values[place])));
  const rest = values.length > MOST ? [element("li", { class: "note" }, `${values.length - MOST} more`)] : [];
  return element("ol", { "aria-label": label }, ...rows, ...rest);
}

const named = (label, classes) => classes?.[label] ?? (typeof label === "string" ? label : JSON.stringify(label));
const percent = (value) => `${(100 * value).toFixed(1)} %`;
const isShare = (value) => typeof value === "number" && value >= 0 && value <= 1;

function isDistribution(value) {
  if (!Array.isArray(value) || value.length < 2 || !value.every(isShare)) return false;
  return Math.abs(value.reduce((sum, each) => sum + each, 0) - 1) <= ROUNDING;
}
