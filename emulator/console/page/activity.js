// The batch prediction jobs, and the calls that came last.

import { element, find, parts, table, update } from "./dom.js";
import { moment } from "./versions.js";

const STATES = { SUCCEEDED: "good", FAILED: "bad", CANCELLED: "bad" };
const NUMBER = { class: "number" };
const JOBS = [
  { title: "Job" }, { title: "Model", class: "long" }, { title: "State" }, { title: "Predictions", ...NUMBER }, { title: "Errors", ...NUMBER },
  { title: "Created", class: "date" }, { title: "Seconds", ...NUMBER }, { title: "Results", class: "path" },
];
const CALLS = [
  { title: "Time", class: "time" }, { title: "Method" }, { title: "Address", class: "path" }, { title: "Status", ...NUMBER }, { title: "ms", ...NUMBER },
];
const NONE = () => element("p", { class: "note" }, "None yet.");

/** Draws the jobs of `/-/jobs`. */
export function showJobs(jobs) {
  update(find("job-list"), jobs.length ? table("Batch prediction jobs", JOBS, jobs.map(ofJob)) : NONE());
}

function ofJob(job) {
  const { versionName, modelName, uri } = job.predictionInput;
  const { project, model, version } = parts(versionName ?? modelName ?? "");
  const { predictionCount, errorCount } = job.predictionOutput;
  const trouble = job.errorMessage ? [element("span", { class: "trouble" }, " ", job.errorMessage)] : [];
  return [
    [job.jobId, " ", element("span", { class: "note" }, project ?? job.name.split("/")[1])],
    model ? [model, " ", element("span", { class: "note" }, version ?? "default version")] : [uri],
    [element("span", { class: STATES[job.state] ?? "warn" }, job.state), ...trouble],
    [predictionCount],
    { content: [errorCount], class: errorCount === "0" ? undefined : "bad" },
    [moment(job.createTime)],
    [job.startTime && job.endTime ? String((Date.parse(job.endTime) - Date.parse(job.startTime)) / 1000) : "–"],
    [job.predictionOutput.outputPath],
  ];
}

/** Draws the calls of `/-/metrics`. */
export function showCalls(calls) {
  update(find("call-rows"), calls.length ? table("Calls", CALLS, calls.map(ofCall)) : NONE());
}

const ofCall = (call) => [
  [new Date(call.time).toLocaleTimeString("sv")],
  call.method.replace(/^(ml|aiplatform)\.projects\./, "").split(/(?<=\.)/).flatMap((part, place) => (place ? [element("wbr"), part] : [part])),
  [call.path],
  { content: [String(call.status)], class: call.status >= 400 ? "bad" : undefined },
  [call.milliseconds.toFixed(1)],
];
