// The endpoints with their deployed models, how requests are to be shared and how they were, and a form that asks one.

import { element, find, getJson, table, update } from "./dom.js";
import { milliseconds, spark } from "./models.js";
import { bodyOf, pathOf } from "./request.js";

const STATES = { SERVING: "good" };
const NUMBER = { class: "number" };
const COLUMNS = [
  { title: "Deployed model" }, { title: "State", class: "state" }, { title: "Nodes", ...NUMBER }, { title: "Split", ...NUMBER },
  { title: "Answered", ...NUMBER }, { title: "Req./s", ...NUMBER }, { title: "p50 ms", ...NUMBER }, { title: "p99 ms", ...NUMBER },
  { title: "Failures", ...NUMBER }, { title: "Last minute", class: "spark-cell" },
];
let offered = "";

/** Draws what `/-/status` and `/-/metrics` say; without endpoints the section is not shown. */
export function showEndpoints(status, metrics) {
  const endpoints = status.endpoints ?? [];
  find("endpoints").hidden = endpoints.length === 0;
  update(find("endpoint-list"), ...endpoints.flatMap((endpoint) => ofEndpoint(endpoint, metrics)));
  offer(endpoints);
}

/** An endpoint's name in parts. */
function parts(name) {
  const [, project, , location, , id] = name.split("/");
  return { project, location, id };
}

function ofEndpoint({ name, displayName, deployedModels }, metrics) {
  const { project, location, id } = parts(name);
  const caption = element("h3", {}, displayName, " ", element("span", { class: "note" }, `${id}, ${location}, ${project}`));
  const all = deployedModels.reduce((sum, deployed) => sum + (metrics.versions[deployed.name]?.requests ?? 0), 0);
  const rows = deployedModels.map((deployed) => row(deployed, metrics.versions[deployed.name], metrics.seconds, all));
  const scroll = { class: "scroll", role: "region", "aria-label": `Deployed models of ${displayName}`, tabindex: "0" };
  const none = element("p", { class: "note" }, "No model is deployed.");
  return [caption, rows.length ? element("div", scroll, table(`Deployed models of ${displayName}`, COLUMNS, rows)) : none];
}

/** `all` is how often the endpoint was asked: beside the declared split stands the measured one. */
function row(deployed, seen, seconds, all) {
  const trouble = deployed.errorMessage ? [element("span", { class: "trouble" }, " ", deployed.errorMessage)] : [];
  return [
    [deployed.id, " ", element("span", { class: "note" }, deployed.version.split("/models/")[1])],
    [element("span", { class: STATES[deployed.state] ?? "warn" }, deployed.state), ...trouble],
    [String(deployed.nodes)],
    [`${deployed.trafficPercent} %`],
    [all ? `${seen?.requests ?? 0} of ${all}` : "–"],
    [seen ? (seen.requests / seconds).toFixed(2) : "0"],
    [seen ? milliseconds(seen.p50Milliseconds) : "–"],
    [seen ? milliseconds(seen.p99Milliseconds) : "–"],
    { content: [String(seen?.failures ?? 0)], class: seen?.failures ? "bad" : undefined },
    [spark(seen?.requestsPerSlot ?? [])],
  ];
}

/** Offers the endpoints in the form; the choice is kept. */
function offer(endpoints) {
  const now = JSON.stringify(endpoints.map(({ name, displayName }) => [name, displayName]));
  if (now === offered) return;
  offered = now;
  const before = find("endpoint").value;
  find("endpoint").replaceChildren(...endpoints.map(({ name, displayName }) =>
    element("option", { value: name, selected: name === before }, `${displayName}, ${parts(name).id}`)));
}

/** Lets the form work. */
export function listenToEndpoints() {
  find("endpoint-form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask().catch((error) => tell(element("p", { class: "bad" }, error.message)));
  });
}

async function ask() {
  tell();
  const instance = find("endpoint-instance").value;
  try {
    JSON.parse(instance);
  } catch (error) {
    throw new Error(`The instance is not valid JSON: ${error.message}`);
  }
  const headers = { "content-type": "application/json" };
  const path = pathOf(find("endpoint").value);
  const answer = await getJson(path, { method: "POST", body: bodyOf(instance, ""), headers, exact: true });
  const who = `Answered by the deployed model ${answer.deployedModelId}: ${answer.modelDisplayName}, version ${answer.modelVersionId}`;
  tell(element("pre", {}, JSON.stringify(answer.predictions[0], null, 1)), element("p", {}, who));
}

const tell = (...nodes) => find("endpoint-result").replaceChildren(...nodes);
