// Asking versions: samples and signatures come from the manifest beside a SavedModel, where there is one.

import { element, find, getJson, parts } from "./dom.js";
import { Fields } from "./fields.js";
import { asCurl, bodyOf, pathOf } from "./request.js";
import { expected, predicted, showPrediction } from "./result.js";
import { chosenSignature, defaultKey, offerSignatures } from "./signatures.js";
import { EMPTY, factsOf, showVersion } from "./versions.js";

const MOST_IN_JSON = 20000;
let manifest = EMPTY; // of the chosen version's artifact
let samples = []; // of the chosen signature
let fields = null;
let ready = []; // the versions that answer
let hasToken = false;
let offered = "";
let choice = 0; // of a version: a manifest that comes after a later choice is not used
let loading = false; // the form is not that of the chosen version yet
let question = 0; // an answer that comes after the instance has changed is not shown

const identity = (version) => `${version?.name} ${version?.createTime}`; // a recreated version is another one

/** Offers the versions that answer; the choices are kept. */
export function offer(status) {
  hasToken = status.settings.token;
  const before = find("version").value;
  const known = identity(ready.find(({ name }) => name === before));
  ready = status.versions.filter((version) => version.state === "READY");
  const now = ready.map((version) => `${identity(version)} ${version.isDefault}`).join();
  if (now === offered) return;
  offered = now;
  const several = new Set(ready.map(({ name }) => parts(name).project)).size > 1;
  find("version").replaceChildren(...ready.map(({ name }) => {
    const { project, model, version } = parts(name);
    const shown = `${model}, ${version}${several ? `, of ${project}` : ""}`;
    return element("option", { value: name, selected: name === before }, shown);
  }));
  for (const button of ["predict", "copy"]) find(button).disabled = ready.length === 0;
  const chosen = find("version").value;
  if (chosen && identity(ready.find(({ name }) => name === chosen)) !== known) choose().catch(tell);
  else offerOthers();
}

/** Offers the other versions of the chosen version's model, to ask them the same. */
function offerOthers() {
  const chosen = find("version").value;
  const kept = new Set(compared());
  const others = ready.filter(({ name }) => name !== chosen && name.split("/versions/")[0] === chosen.split("/versions/")[0]);
  find("others").hidden = others.length === 0;
  find("other-versions").replaceChildren(...others.map(({ name, isDefault }) => element(
    "label", {},
    element("input", { type: "checkbox", value: name, checked: kept.has(name) }),
    element("span", {}, parts(name).version, isDefault ? " (default)" : ""),
  )));
}

const compared = () => [...find("other-versions").querySelectorAll("input:checked")].map(({ value }) => value);

/** Lets the form and the links of the versions work. */
export function listen() {
  find("version").addEventListener("change", () => choose().catch(tell));
  find("sample").addEventListener("change", showSample);
  find("json").addEventListener("input", typed);
  find("other-versions").addEventListener("change", clear);
  find("copy").addEventListener("click", copy);
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    predict().catch(tell);
  });
  find("model-list").addEventListener("click", ({ target }) => {
    if (target.dataset.version) showListed(target.dataset.version);
  });
}

/** Shows a version of the list; one that answers becomes that of the form. */
function showListed(name) {
  const answers = ready.some((version) => version.name === name);
  if (!answers || find("version").value === name) showVersion(name);
  else {
    find("version").value = name;
    choose().catch(tell);
  }
}

async function choose() {
  const version = find("version").value;
  const mine = ++choice;
  clear();
  offerOthers();
  find("full-name").textContent = version;
  loading = true;
  find("predict").setAttribute("aria-disabled", "true");
  const facts = await showVersion(version);
  if (mine !== choice) return;
  loading = false;
  manifest = facts?.manifest ?? EMPTY;
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
  return manifest.samples.length ? "none for this signature" : "none in its manifest";
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

/** The form has changed: updates the JSON, which is empty while the form has no instance. */
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

/** The JSON has changed: updates the form, as far as it can show the instance. */
function typed() {
  clear();
  find("sample").value = "";
  try {
    fields?.show(JSON.parse(find("json").value));
  } catch {
    // not complete yet; errors are reported on Predict
  }
}

/** Removes the previous answer, which belongs to another instance. */
function clear() {
  question += 1;
  find("result").replaceChildren();
  find("curl").hidden = true;
  if (!loading) find("predict").removeAttribute("aria-disabled");
}

function write(instance) {
  const text = JSON.stringify(instance) ?? "";
  find("json").value = text.length > MOST_IN_JSON ? "" : text;
}

/** The request body from the form, and the label if the instance is a sample. Throws an error that says what is wrong. */
function request() {
  const text = find("json").value.trim();
  const said = text ? checked(text) : JSON.stringify(chosenSample()?.instance ?? fields?.instance);
  if (said === undefined) throw new Error("There is nothing to send: write an instance as JSON.");
  return { body: bodyOf(said, chosenSignature()), label: chosenSample()?.label };
}

function checked(text) {
  try {
    JSON.parse(text);
    return text; // unchanged: JavaScript numbers would lose digits
  } catch (error) {
    throw new Error(`The instance is not valid JSON: ${error.message}`);
  }
}

async function predict() {
  if (find("predict").hasAttribute("aria-disabled")) return; // not `disabled`: that would take the focus away
  clear();
  const mine = question;
  const { body, label } = request();
  const names = [find("version").value, ...compared()];
  const key = chosenSignature();
  find("predict").setAttribute("aria-disabled", "true");
  try {
    if (names.length > 1) await compare(names, body, key, label, () => mine === question);
    else {
      const { answer, milliseconds } = await ask(names[0], body);
      if (mine === question) showPrediction(answer, manifest, label, milliseconds, outputsOf(manifest, key), key);
    }
  } catch (error) {
    if (mine === question) tell(error);
  } finally {
    if (mine === question) find("predict").removeAttribute("aria-disabled");
  }
}

/** Asks one version after the other, so that none waits for another one's work, and shows the answers side by side. */
async function compare(names, body, key, label, wanted) {
  const sides = element("div", { class: "sides" });
  find("result").replaceChildren(...(label === undefined || label === null ? [] : [expected(label, manifest)]), sides);
  let first;
  for (const name of names) {
    const shown = await side(name, body, key, first).catch((error) => ({ nodes: [element("p", { class: "bad" }, error.message)] }));
    if (!wanted()) return;
    first ??= shown.answer;
    const title = element("h3", {}, parts(name).version);
    sides.append(element("section", { "aria-label": parts(name).version }, title, ...shown.nodes));
  }
}

async function side(name, body, key, first) {
  const { answer, milliseconds } = await ask(name, body);
  const own = name === find("version").value ? manifest : (await factsOf(name)).manifest;
  return { answer, nodes: predicted(answer, own, undefined, milliseconds, outputsOf(own, key), key, first) };
}

async function ask(name, body) {
  const began = performance.now();
  const answer = await getJson(pathOf(name), { method: "POST", body, headers: { "content-type": "application/json" }, exact: true });
  return { answer, milliseconds: performance.now() - began };
}

const outputsOf = (facts, key) => Object.keys(facts.signatures[key]?.outputs ?? {});

/** Copies what "Predict" would send as a command line, and shows it, because some browsers refuse to copy. */
async function copy() {
  try {
    const { body } = request();
    const names = [find("version").value, ...compared()];
    const text = find("curl-text");
    text.value = names.map((name) => asCurl(location.origin, name, body, hasToken)).join("\n");
    find("curl").hidden = false;
    const copied = await navigator.clipboard?.writeText(text.value).then(() => true, () => false);
    find("copied").textContent = copied ? "Copied." : "Copy the text below.";
    if (!copied) text.select();
  } catch (error) {
    tell(error);
  }
}

function tell(error) {
  find("result").replaceChildren(element("p", { class: "bad" }, error.message));
}
