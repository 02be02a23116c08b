// One version: what the API says of it, and what the manifest of its artifact says.

import { definitions, element, find, getJson, parts, table } from "./dom.js";
import { structured } from "./signatures.js";

/** A manifest without any facts: of a version that has none. */
export const EMPTY = { signatures: {}, samples: [], classes: [] };

const MOST_CLASSES = 20;
let wanted = ""; // an answer that comes after another version was chosen is not shown

/** `{ version, manifest }` of a version by its full name; the manifest is `EMPTY` if its SavedModel has none. */
export async function factsOf(name) {
  const { version, manifest } = await getJson(`/-/versions/${name.split("/").map(encodeURIComponent).join("/")}`);
  return { version, manifest: manifest ? readable(manifest) : EMPTY };
}

/** A manifest is a file from outside: what is not as expected counts as missing. */
function readable(manifest) {
  const list = (value) => (Array.isArray(value) ? value : []);
  const found = { ...manifest, samples: list(manifest.samples), classes: list(manifest.classes) };
  try {
    return { ...found, signatures: structured(manifest.signatures) };
  } catch {
    return { ...found, signatures: {} };
  }
}

/** Shows a version in the section "Version"; returns its facts, or null if there are none. */
export async function showVersion(name) {
  wanted = name;
  const place = find("version-facts");
  try {
    const facts = await factsOf(name);
    if (wanted === name) place.replaceChildren(...described(facts));
    return facts;
  } catch (error) {
    if (wanted === name) place.replaceChildren(element("p", { class: "bad" }, error.message));
    return null;
  }
}

function described({ version, manifest }) {
  const { model, version: id } = parts(version.name);
  return [
    element("h3", {}, model, " ", id),
    element("p", { class: "note" }, version.name),
    definitions(ofVersion(version)),
    element("h3", {}, "Artifact"),
    definitions(ofArtifact(version, manifest)),
    ...(manifest === EMPTY ? [element("p", { class: "note" }, "Its SavedModel has no manifest: signatures, metrics and samples are unknown.")] : []),
    ...section("Metrics", Object.keys(manifest.metrics ?? {}).length && definitions(manifest.metrics)),
    ...Object.entries(manifest.signatures).flatMap(([key, signature]) => section(`Signature ${key}`, tensors(key, signature))),
  ];
}

const section = (title, content) => (content ? [element("h3", {}, title), content] : []);

function ofVersion(version) {
  const pairs = (object) => Object.entries(object ?? {}).map(([key, value]) => `${key}: ${value}`).join(", ");
  return {
    description: version.description,
    labels: pairs(version.labels),
    state: version.state + (version.isDefault ? ", default" : ""),
    error: version.errorMessage,
    created: moment(version.createTime),
    machine: version.machineType,
    runtime: version.runtimeVersion,
  };
}

function ofArtifact({ deploymentUri }, manifest) {
  const files = Object.keys(manifest.files ?? {}).length;
  return {
    location: deploymentUri,
    recipe: manifest.recipe,
    parameters: Object.entries(manifest.parameters ?? {}).map(([key, value]) => `${key} ${JSON.stringify(value)}`).join(", "),
    "input digest": manifest.inputDigest,
    "content digest": manifest.contentDigest,
    TensorFlow: manifest.tensorflow,
    Keras: manifest.keras,
    size: manifest.size === undefined ? undefined : `${Number(manifest.size).toLocaleString("en")} bytes in ${files} file${files === 1 ? "" : "s"}`,
    classes: listed(manifest.classes),
    samples: manifest === EMPTY ? undefined : manifest.samples.length,
  };
}

function listed(names) {
  const rest = names.length - MOST_CLASSES;
  return names.slice(0, MOST_CLASSES).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** A time as the reader's clock shows it. */
export const moment = (time) => new Date(time).toLocaleString("sv"); // 2026-01-31 15:04:05

function tensors(key, { inputs, outputs }) {
  const rows = [["input", inputs], ["output", outputs]].flatMap(([side, all]) =>
    Object.entries(all).map(([name, spec]) => [[name], [side], [spec.dtype], [shapeOf(spec)]]));
  const columns = ["Tensor", "Side", "Type", "Shape"].map((title) => ({ title }));
  return element("div", { class: "scroll" }, table(`Tensors of the signature ${key}`, columns, rows));
}

const shapeOf = ({ shape }) => (shape ? `[${shape.map((size) => size ?? "any").join(", ")}]` : "any");
