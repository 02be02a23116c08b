// Looks at the emulator every two seconds, while somebody looks at the page.

import { find, getJson } from "./dom.js";
import { showCalls, showFacts, showModels } from "./models.js";
import { listen, offer } from "./predicting.js";

const PAUSE_MS = 2000;

async function look() {
  try {
    const [status, metrics] = await Promise.all([getJson("/-/status"), getJson("/-/metrics")]);
    showFacts(status);
    showModels(status, metrics);
    showCalls(metrics.calls);
    offer(status.versions);
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
keepLooking();
