// Four times as many alerts from one second to the next, and back: all of them new, each is told to every target.
import { constant, scenario } from "./lib/scenario.js";

export const { options, send, handleSummary } = scenario({
  stages: { before: constant(500, 10), spike: constant(2000, 10), after: constant(500, 20) },
  thresholds: {
    http_req_duration: ["p(95)<50"],
    http_req_failed: ["rate==0"],
    dropped_iterations: ["count==0"],
  },
  endToEnd: { p99: 10000 },
});

export default send;
