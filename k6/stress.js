// More and more alerts a second, always in a thousand webhooks, so that k6 has about the same to do in every stage: until the
// machine is full. One alert of a hundred is new, the others are repeats, as in a storm; what is full is k6, Kafka, gateway
// and flow together, on the same cores. The gateway's limits end it at once, the flow's are seen afterwards, by stage.
import { constant, scenario } from "./lib/scenario.js";

export const { options, send, handleSummary } = scenario({
  stages: {
    "1k": constant(1000, 10, 1),
    "2k": constant(1000, 10, 2),
    "5k": constant(1000, 10, 5),
    "10k": constant(1000, 10, 10),
    "20k": constant(1000, 10, 20),
    "50k": constant(1000, 10, 50),
    "100k": constant(1000, 10, 100),
  },
  thresholds: {
    http_req_duration: [{ threshold: "p(95)<500", abortOnFail: true }],
    http_req_failed: [{ threshold: "rate<0.01", abortOnFail: true }],
    dropped_iterations: [{ threshold: "count<100", abortOnFail: true }],
  },
  freshEvery: 100,
  pool: 100,
  endToEnd: { p99: 1000 },
  stops: true,
});

export default send;
