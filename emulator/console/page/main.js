// Looks at the emulator every two seconds, while somebody looks at the page.

import { showCalls, showJobs } from "./activity.js";
import { find, getJson } from "./dom.js";
import { listenToEndpoints, showEndpoints } from "./endpoints.js";
import { showFacts, showModels } from "./models.js";
import { listen, offer } from "./predicting.js";

const PAUSE_MS = 2000;

async function look() {
  try {
    const [status, metrics, { jobs }] = await Promise.all(["/-/status", "/-/metrics", "/-/jobs"].map((path) => getJson(path)));
    showFacts(status);
    showModels(status, metrics);
    showEndpoints(status, metrics);
    showJobs(jobs);
    showCalls(metrics.calls);
    offer(status);
    find("connection").textContent = "";
  } catch (error) {
    find("connection").textContent = `The emulator does not answer: ${error.message}. What is shown may be old.`;
  }
}

async function keepLooking() {
  if (!document.hidden && !find("pause").checked) await look();
  setTimeout(keepLooking, PAUSE_MS);
}

listen();
listenToEndpoints();
keepLooking();
