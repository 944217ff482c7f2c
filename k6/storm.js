// One alert again and again: every target is told of it once.
import { constant, scenario } from "./lib/scenario.js";

export const { options, send, handleSummary } = scenario({
  stages: { storm: constant(1000, 30) },
  thresholds: {
    http_req_duration: ["p(95)<5"],
    http_req_failed: ["rate==0"],
    dropped_iterations: ["count==0"],
  },
  freshEvery: 0,
  pool: 1,
  endToEnd: { p99: 1000 },
});

export default send;
