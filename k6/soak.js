// Five hundred alerts a second for an hour, one of ten new: what grows shows itself (SCALE=8 RATE_SCALE=1: eight hours).
import { constant, scenario } from "./lib/scenario.js";

export const { options, send, handleSummary } = scenario({
  stages: { soak: constant(500, 3600) },
  thresholds: {
    http_req_duration: ["p(95)<5"],
    http_req_failed: ["rate==0"],
    dropped_iterations: ["count==0"],
  },
  freshEvery: 10,
  pool: 1000,
  endToEnd: { p50: 5, p95: 20, p99: 50 },
});

export default send;
