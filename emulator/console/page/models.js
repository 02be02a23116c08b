// The models with their versions, and the line about the emulator.

import { element, find, parts, table, update } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const STATES = { READY: "good", FAILED: "bad" };
const NUMBER = { class: "number" };
const COLUMNS = [
  { title: "Version" }, { title: "State", class: "state" }, { title: "Nodes", ...NUMBER }, { title: "Req./s", ...NUMBER },
  { title: "p50 ms", ...NUMBER }, { title: "p99 ms", ...NUMBER }, { title: "Failures", ...NUMBER },
  { title: "Share", ...NUMBER }, { title: "Last minute", class: "spark-cell" },
];

/** Draws what `/-/status` and `/-/metrics` say. */
export function showModels(status, metrics) {
  const tables = [...grouped(status.versions)].flatMap(([model, versions]) => ofModel(model, versions, metrics));
  const none = element(
    "p", { class: "note" }, "No version is deployed. ", element("code", {}, "make up"), " deploys the local stack; if versions were deleted ",
    "outside of Pulumi, run ", element("code", {}, "make refresh"), " first.",
  );
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

function ofModel(model, versions, metrics) {
  const { project, model: name } = parts(model);
  const caption = element("h3", {}, name, " ", element("span", { class: "note" }, project));
  const all = versions.reduce((sum, version) => sum + (metrics.versions[version.name]?.requests ?? 0), 0);
  const rows = versions.map((version) => row(version, metrics.versions[version.name], metrics.seconds, all));
  const scroll = { class: "scroll", role: "region", "aria-label": `Versions of ${name}`, tabindex: "0" };
  return [caption, element("div", scroll, table(`Versions of ${name}`, COLUMNS, rows))];
}

/** `all` is how often the model was asked: the share is measured, since `ml` v1 knows no declared one. */
function row(version, seen, seconds, all) {
  const { version: name } = parts(version.name);
  const most = version.maxNodes > version.minNodes ? ` of ${version.minNodes}–${version.maxNodes}` : "";
  const badge = version.isDefault ? [" ", element("span", { class: "badge" }, "default")] : [];
  const trouble = version.errorMessage ? [element("span", { class: "trouble" }, " ", version.errorMessage)] : [];
  return [
    [element("a", { href: "#about", "data-version": version.name }, name), ...badge],
    [element("span", { class: STATES[version.state] ?? "warn" }, version.state), ...trouble],
    [`${version.nodes}${most}`],
    [seen ? (seen.requests / seconds).toFixed(2) : "0"],
    [seen ? milliseconds(seen.p50Milliseconds) : "–"],
    [seen ? milliseconds(seen.p99Milliseconds) : "–"],
    { content: [String(seen?.failures ?? 0)], class: seen?.failures ? "bad" : undefined },
    [all ? `${seen?.requests ?? 0} of ${all}` : "–"],
    [spark(seen?.requestsPerSlot ?? [])],
  ];
}

/** A duration as the tables show it. */
export const milliseconds = (value) => (value < 10 ? value.toFixed(1) : Math.round(value).toString());

/** Bars of requests, one for each few seconds; the numbers beside it say the same to those who cannot see it. */
export function spark(series) {
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
