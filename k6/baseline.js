// A thousand alerts a second, one in a webhook, all of them new: each is told to every target.
import { constant, scenario } from "./lib/scenario.js";

export const { options, send, handleSummary } = scenario({
  stages: { baseline: constant(1000, 30) },
  thresholds: {
    http_req_duration: ["p(95)<5"],
    http_req_failed: ["rate==0"],
    dropped_iterations: ["count==0"],
  },
  endToEnd: { p50: 5, p95: 20, p99: 50 },
});

export default send;
