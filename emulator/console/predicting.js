// Asking a version: its samples and its signature come from the manifest beside its SavedModel, where there is one.

import { element, find, getJson } from "./dom.js";
import { Fields } from "./fields.js";
import { parts } from "./models.js";
import { showPrediction } from "./result.js";
import { chosenSignature, defaultKey, offerSignatures, structured } from "./signatures.js";

const MOST_IN_JSON = 20000;
const EMPTY = { signatures: {}, samples: [], classes: [] };
let manifest = EMPTY; // of the chosen version's artifact
let samples = []; // of the chosen signature
let fields = null;
let offered = "";
let choice = 0; // of a version: a manifest that comes after a later choice is none
let question = 0; // an answer that comes after the instance has changed is none

/** Offers the versions that answer, the chosen one kept. */
export function offer(versions) {
  const names = versions.filter((version) => version.state === "READY").map((version) => version.name);
  if (names.join() === offered) return;
  offered = names.join();
  const select = find("version");
  const before = select.value;
  const several = new Set(names.map((name) => parts(name).project)).size > 1;
  select.replaceChildren(...names.map((name) => {
    const { project, model, version } = parts(name);
    const shown = `${model}, ${version}${several ? `, of ${project}` : ""}`;
    return element("option", { value: name, selected: name === before }, shown);
  }));
  find("predict").disabled = names.length === 0;
  if (select.value && select.value !== before) choose().catch(tell);
}

/** Lets the form work. */
export function listen() {
  find("version").addEventListener("change", () => choose().catch(tell));
  find("sample").addEventListener("change", showSample);
  find("json").addEventListener("input", typed);
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    predict().catch(tell);
  });
}

async function choose() {
  const version = find("version").value;
  const mine = ++choice;
  clear();
  find("predict").setAttribute("aria-disabled", "true"); // until the form is this version's
  const found = await manifestOf(version);
  if (mine !== choice) return;
  manifest = found;
  offerSignatures(manifest.signatures, chooseSignature);
  chooseSignature();
}

/** Makes the form that of the chosen signature; samples are for the one that is asked by default. */
function chooseSignature() {
  const key = chosenSignature();
  const signature = manifest.signatures[key];
  fields = signature ? new Fields(signature.inputs, changed, tell) : null;
  samples = !key || key === defaultKey(manifest.signatures) ? manifest.samples : [];
  find("inputs").hidden = !fields;
  if (!fields) find("as-json").open = true; // the only way to say an instance
  find("fields").replaceChildren(...(fields?.nodes ?? []));
  const options = samples.map((_, place) => element("option", { value: String(place) }, `sample ${place}`));
  find("sample").replaceChildren(...options, element("option", { value: "" }, ownInstance()));
  showSample();
}

function ownInstance() {
  if (samples.length) return "my own";
  if (manifest === EMPTY) return "none: it has no manifest";
  return manifest.samples.length ? "none for this signature" : "none: its manifest has none";
}

/** The manifest in the version's folder of the bucket; an empty one where there is none. */
async function manifestOf(version) {
  try {
    const { deploymentUri } = await getJson(`/v1/${version}`);
    const [, bucket, folder] = /^gs:\/\/([^/]+)\/(.*?)\/*$/.exec(deploymentUri);
    const object = encodeURIComponent(`${folder ? `${folder}/` : ""}manifest.json`);
    const found = { ...EMPTY, ...(await getJson(`/storage/v1/b/${encodeURIComponent(bucket)}/o/${object}?alt=media`)) };
    return { ...found, signatures: structured(found.signatures) };
  } catch {
    return EMPTY;
  }
}

function chosenSample() {
  const place = find("sample").value;
  return place === "" ? null : samples[Number(place)];
}

function showSample() {
  clear();
  const sample = chosenSample();
  if (sample) fields?.show(sample.instance);
  try {
    write(sample ? sample.instance : fields?.instance);
  } catch {
    write(undefined); // a field has nothing yet that could be sent
  }
}

/** The form says another instance: so does the JSON, which says nothing where the form says none. */
function changed() {
  clear();
  find("sample").value = "";
  try {
    write(fields.instance);
  } catch (error) {
    write(undefined);
    tell(error);
  }
}

/** The JSON says another instance: so does the form, as far as it can show it. */
function typed() {
  clear();
  find("sample").value = "";
  try {
    fields?.show(JSON.parse(find("json").value));
  } catch {
    // not whole yet: what is wrong with it is told when it is sent
  }
}

/** No answer belongs to the instance yet. */
function clear() {
  question += 1;
  find("result").replaceChildren();
  find("predict").removeAttribute("aria-disabled");
}

function write(instance) {
  const text = JSON.stringify(instance) ?? "";
  find("json").value = text.length > MOST_IN_JSON ? "" : text;
}

function instance() {
  const text = find("json").value.trim();
  const said = text ? parsed(text) : (chosenSample()?.instance ?? fields?.instance);
  if (said === undefined) throw new Error("There is nothing to send: write an instance as JSON.");
  return said;
}

async function predict() {
  if (find("predict").hasAttribute("aria-disabled")) return; // not `disabled`: that would take the focus away
  clear();
  const mine = question;
  const version = find("version").value;
  const label = chosenSample()?.label;
  const key = chosenSignature();
  const body = JSON.stringify({ instances: [instance()], ...(key ? { signature_name: key } : {}) });
  const headers = { "content-type": "application/json" };
  find("predict").setAttribute("aria-disabled", "true");
  const began = performance.now();
  try {
    const answer = await getJson(`/v1/${version}:predict`, { method: "POST", body, headers });
    const outputs = Object.keys(manifest.signatures[key]?.outputs ?? {});
    if (mine === question) showPrediction(answer, manifest, label, performance.now() - began, outputs);
  } catch (error) {
    if (mine === question) tell(error);
  } finally {
    if (mine === question) find("predict").removeAttribute("aria-disabled");
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
