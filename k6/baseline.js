// Constant arrival of one-alert webhooks: make load SCENARIO=baseline, against a running gateway.
// Environment: URL (http://127.0.0.1:8080), RATE (requests a second), DURATION, ALERTS (how many differ), TOKEN (a source's).
// For https: SSL_CERT_FILE (who vouches for the gateway), CERT and KEY (files to show, for mTLS).
import http from "k6/http";
import { check } from "k6";
import exec from "k6/execution";

const URL = __ENV.URL || "http://127.0.0.1:8080";
const RATE = Number(__ENV.RATE || 1000);
const ALERTS = Number(__ENV.ALERTS || 1000);
const HEADERS = { "Content-Type": "application/json" };
if (__ENV.TOKEN) {
  HEADERS.Authorization = `Bearer ${__ENV.TOKEN}`;
}

export const options = {
  tlsAuth: __ENV.CERT ? [{ cert: open(__ENV.CERT), key: open(__ENV.KEY) }] : [],
  scenarios: {
    baseline: {
      executor: "constant-arrival-rate",
      rate: RATE,
      timeUnit: "1s",
      duration: __ENV.DURATION || "30s",
      preAllocatedVUs: Math.max(20, Math.ceil(RATE / 10)),
      maxVUs: Math.max(100, RATE),
    },
  },
  thresholds: {
    checks: ["rate==1"],
    http_req_duration: ["p(95)<50"],
    dropped_iterations: ["count==0"],
  },
};

const STARTS_AT = new Date().toISOString();

function webhook(number) {
  return JSON.stringify({
    version: "4",
    receiver: "k6",
    groupKey: "{}:{alertname=\"K6Baseline\"}",
    alerts: [
      {
        status: "firing",
        labels: { alertname: "K6Baseline", instance: `k6-${number}`, severity: "info", namespace: "load" },
        annotations: { summary: "load from k6", description: "sent by k6/baseline.js" },
        startsAt: STARTS_AT,
        endsAt: "0001-01-01T00:00:00Z",
      },
    ],
  });
}

export default function () {
  const number = exec.scenario.iterationInTest % ALERTS;
  const answer = http.post(`${URL}/webhook/proxy`, webhook(number), {
    headers: HEADERS,
  });
  check(answer, { "answered 202": (given) => given.status === 202 });
}
