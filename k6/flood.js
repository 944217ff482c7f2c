// Two thousand alerts a second, a hundred in a webhook, no two alike, not even by name: nothing can be recognised or grouped.
// More than is told at once: what waits is told later, and nothing is lost meanwhile.
import { constant, scenario } from "./lib/scenario.js";

export const { options, send, handleSummary } = scenario({
  stages: { flood: constant(20, 30, 100) },
  thresholds: {
    http_req_duration: ["p(95)<100"],
    http_req_failed: ["rate==0"],
    dropped_iterations: ["count==0"],
  },
  names: 1000000,
  endToEnd: { p99: 60000 },
});

export default send;
