// Asking a version: its samples and its signature come from the manifest beside its SavedModel, where there is one.

import { element, find, getJson } from "./dom.js";
import { Fields } from "./fields.js";
import { parts } from "./models.js";
import { showPrediction } from "./result.js";

const MOST_IN_JSON = 20000;
const known = new Map(); // version -> its artifact's manifest
let fields = null;
let offered = "";
let turn = 0; // of the choices: an answer that comes after a later choice is none

/** Offers the versions that answer, the chosen one kept. */
export function offer(versions) {
  const names = versions.filter((version) => version.state === "READY").map((version) => version.name);
  if (names.join() === offered) return;
  offered = names.join();
  const select = find("version");
  const before = select.value;
  select.replaceChildren(...names.map((name) => {
    const { model, version } = parts(name);
    return element("option", { value: name, selected: name === before }, `${model}, ${version}`);
  }));
  find("predict").disabled = names.length === 0;
  if (select.value && select.value !== before) choose().catch(tell);
}

/** Lets the form work. */
export function listen() {
  find("version").addEventListener("change", () => choose().catch(tell));
  find("sample").addEventListener("change", showSample);
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    predict().catch(tell);
  });
}

async function choose() {
  const version = find("version").value;
  const mine = ++turn;
  if (!known.has(version)) known.set(version, await manifest(version));
  if (mine !== turn) return;
  const { signatures, samples } = known.get(version);
  const names = Object.keys(signatures);
  const signature = signatures[names.length === 1 ? names[0] : "serving_default"];
  fields = signature ? new Fields(signature.inputs, changed) : null;
  find("inputs").hidden = !fields;
  find("fields").replaceChildren(...(fields?.nodes ?? []));
  const options = samples.map((sample, place) => element("option", { value: String(place) }, `sample ${place}`));
  find("sample").replaceChildren(...options, element("option", { value: "" }, samples.length ? "my own" : "none: it has no manifest"));
  find("json").value = "";
  find("result").replaceChildren();
  showSample();
}

/** The manifest in the version's folder of the bucket; an empty one where there is none. */
async function manifest(version) {
  const empty = { signatures: {}, samples: [], classes: [] };
  const { deploymentUri } = await getJson(`/v1/${version}`);
  const found = /^gs:\/\/([^/]+)\/(.*?)\/*$/.exec(deploymentUri ?? "");
  if (!found) return empty;
  const object = encodeURIComponent(`${found[2] ? `${found[2]}/` : ""}manifest.json`);
  try {
    return { ...empty, ...(await getJson(`/storage/v1/b/${encodeURIComponent(found[1])}/o/${object}?alt=media`)) };
  } catch {
    return empty;
  }
}

function showSample() {
  const sample = chosenSample();
  if (sample && fields) fields.show(sample.instance);
  if (sample || fields) write(sample ? sample.instance : fields.instance);
}

function chosenSample() {
  const place = find("sample").value;
  return place === "" ? null : known.get(find("version").value)?.samples[Number(place)];
}

function changed() {
  find("sample").value = "";
  try {
    write(fields.instance);
    find("result").replaceChildren();
  } catch (error) {
    tell(error);
  }
}

function write(instance) {
  const text = JSON.stringify(instance);
  find("json").value = text.length > MOST_IN_JSON ? "" : text;
}

async function predict() {
  const version = find("version").value;
  const sample = chosenSample();
  const typed = find("json").value.trim();
  const instance = typed ? parsed(typed) : fields?.instance;
  if (instance === undefined) throw new Error("There is nothing to send: write an instance as JSON.");
  find("predict").disabled = true;
  const began = performance.now();
  try {
    const body = JSON.stringify({ instances: [instance] });
    const headers = { "content-type": "application/json" };
    const answer = await getJson(`/v1/${version}:predict`, { method: "POST", body, headers });
    showPrediction(answer, known.get(version), sample?.label, performance.now() - began);
  } finally {
    find("predict").disabled = false;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The instance is no JSON: ${error.message}`);
  }
}

function tell(error) {
  find("result").replaceChildren(element("p", { class: "bad" }, error.message));
}
