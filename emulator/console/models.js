// The models with their versions, and the calls that came last.

import { element, find, update } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const STATES = { READY: "good", FAILED: "bad" };
const COLUMNS = ["Version", "State", "Nodes", "Req./s", "p50 ms", "p99 ms", "Failures"];

/** Name of a version in parts. */
export function parts(name) {
  const [, project, , model, , version] = name.split("/");
  return { project, model, version };
}

/** Draws what `/-/status` and `/-/metrics` say. */
export function showModels(status, metrics) {
  const tables = [...grouped(status.versions)].flatMap(([model, versions]) => table(model, versions, metrics));
  const none = element("p", { class: "note" }, "No version is deployed. ", element("code", {}, "make up"), " deploys the local stack.");
  update(find("model-list"), ...(tables.length ? tables : [none]));
}

function grouped(versions) {
  const groups = new Map();
  for (const version of versions) {
    const model = version.name.split("/versions/")[0];
    groups.set(model, [...(groups.get(model) ?? []), version]);
  }
  return groups;
}

function table(model, versions, metrics) {
  const { project, model: name } = parts(model);
  const heads = COLUMNS.map((text, place) => element("th", { scope: "col", class: place > 1 ? "number" : undefined }, text));
  const spark = element("th", { scope: "col", class: "spark-cell" }, "Last minute");
  const caption = element("h3", {}, name, " ", element("span", { class: "note" }, project));
  const rows = versions.map((version) => row(version, metrics.versions[version.name], metrics.seconds));
  const head = element("thead", {}, element("tr", {}, ...heads, spark));
  const made = element("table", { "aria-label": `Versions of ${name}` }, head, element("tbody", {}, ...rows));
  const scroll = { class: "scroll", role: "region", "aria-label": `Versions of ${name}`, tabindex: "0" };
  return [caption, element("div", scroll, made)];
}

function row(version, seen, seconds) {
  const { version: name } = parts(version.name);
  const number = (text) => element("td", { class: "number" }, text);
  const most = version.maxNodes > version.minNodes ? ` of ${version.minNodes}–${version.maxNodes}` : "";
  const badge = version.isDefault ? element("span", { class: "badge" }, "default") : null;
  const trouble = version.errorMessage ? element("span", { class: "trouble" }, " ", version.errorMessage) : null;
  return element(
    "tr", {},
    element("th", { scope: "row" }, name, badge && " ", badge),
    element("td", {}, element("span", { class: STATES[version.state] ?? "warn" }, version.state), trouble),
    number(`${version.nodes}${most}`),
    number(seen ? (seen.requests / seconds).toFixed(2) : "0"),
    number(seen ? milliseconds(seen.p50Milliseconds) : "–"),
    number(seen ? milliseconds(seen.p99Milliseconds) : "–"),
    element("td", { class: seen?.failures ? "number bad" : "number" }, String(seen?.failures ?? 0)),
    element("td", { class: "spark-cell" }, spark(seen?.requestsPerSlot ?? [])),
  );
}

const milliseconds = (value) => (value < 10 ? value.toFixed(1) : Math.round(value).toString());

/** Bars of requests, one for each few seconds; the numbers beside it say the same to those who cannot see it. */
function spark(series) {
  const drawing = document.createElementNS(SVG, "svg");
  for (const [key, value] of [["class", "spark"], ["viewBox", "0 0 96 22"], ["aria-hidden", "true"]]) drawing.setAttribute(key, value);
  const most = Math.max(1, ...series);
  series.forEach((count, place) => {
    const bar = document.createElementNS(SVG, "rect");
    const height = count ? Math.max(2, (20 * count) / most) : 0;
    const sizes = { x: place * 8, y: 22 - height, width: 6, height };
    for (const [key, value] of Object.entries(sizes)) bar.setAttribute(key, String(value));
    drawing.append(bar);
  });
  return drawing;
}

/** Draws the calls that came last. */
export function showCalls(calls) {
  const rows = calls.map((call) => {
    const bad = call.status >= 400 ? " bad" : "";
    return element(
      "tr", {},
      element("td", { class: "number" }, new Date(call.time).toLocaleTimeString([], { hour12: false })),
      element("td", {}, call.method.replace(/^ml\.projects\./, "")),
      element("td", { class: "path" }, call.path),
      element("td", { class: `number${bad}` }, String(call.status)),
      element("td", { class: "number" }, call.milliseconds.toFixed(1)),
    );
  });
  const none = element("tr", {}, element("td", { colspan: "5", class: "note" }, "None yet."));
  update(find("call-rows"), ...(rows.length ? rows : [none]));
}

/** Draws the line about the emulator itself. */
export function showFacts(status) {
  const hours = Math.floor(status.uptime / 3600);
  const facts = {
    endpoint: location.origin,
    up: `${hours ? `${hours} h ` : ""}${Math.floor((status.uptime % 3600) / 60)} min`,
    models: status.models,
    objects: status.objects,
    operations: `${status.runningOperations} running`,
    sandbox: status.sandbox.join(", ") || "none",
  };
  update(find("facts"), ...Object.entries(facts).map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, String(value)))));
}
