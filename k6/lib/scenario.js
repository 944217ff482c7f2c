// What every scenario shares: how it is scaled, what it sends, and what is known of it when k6 ends.
//
// `make load` (benchmarks/load/) sets the environment: URL of the gateway, SCALE of rates and durations, RATE_SCALE of rates
// alone, RUN (an instant: the run's name, and when its alerts began), SUMMARY (the file that what k6 knows goes to); the
// user's TOKEN (a source's), CERT and KEY (files to show, for mTLS; SSL_CERT_FILE vouches for the gateway).
//
// benchmarks/load/recipe.py reads `options.ext.winnow` and knows by `identity` which alerts were sent.
import http from "k6/http";
import exec from "k6/execution";
import { Counter } from "k6/metrics";

const URL = __ENV.URL || "http://127.0.0.1:8080";
const RUN = __ENV.RUN || "2026-01-01T00:00:00Z";
const SCALE = Number(__ENV.SCALE || 1);
const RATE_SCALE = Number(__ENV.RATE_SCALE || SCALE);
const HEADERS = { "Content-Type": "application/json" };
if (__ENV.TOKEN) {
  HEADERS.Authorization = `Bearer ${__ENV.TOKEN}`;
}
const GRACE_S = 5;
// A gateway that stands still for longer has requests dropped: nobody is left to send them. 180 kB for each that waits.
const STANDSTILL_S = 0.5;
// k6 looks at thresholds every two seconds; in the first ones of a stage everybody still gets up.
const ABORT_NOT_BEFORE_S = 3;

// Requests that were begun: one that k6 breaks off at its end counts nowhere else.
const begun = new Counter("requests_begun");
http.setResponseCallback(http.expectedStatuses(202));

// A stage: so many requests a second, whether they are answered or not, for so long, with so many alerts each.
export function constant(rate, seconds, alerts = 1) {
  return { rate: Math.max(1, Math.round(rate * RATE_SCALE)), seconds: Math.max(1, seconds * SCALE), alerts };
}

// A scenario whose stages follow each other: what a file of k6/ exports. `thresholds` hold for each stage by itself,
// one of http_req_failed and one of http_req_duration among them.
//   freshEvery  one of so many alerts is new, 0: none; the others are taken in turn from
//   pool        so many alerts, and so are repeats
//   names       how many alertnames there are
//   endToEnd    what POST to arrival may take at the most, by percentile, in milliseconds
//   stops       whether it looks for the stage at which the machine is full: to find it is no failure
export function scenario({ stages, thresholds, freshEvery = 1, pool = 1, names = 97, endToEnd = {}, stops = false }) {
  const scenarios = {};
  const limits = {};
  let begins = 0;
  for (const [name, { rate, seconds }] of Object.entries(stages)) {
    scenarios[name] = {
      executor: "constant-arrival-rate",
      rate,
      duration: `${Math.round(seconds * 1000)}ms`,
      startTime: `${Math.round(begins * 1000)}ms`,
      gracefulStop: `${GRACE_S}s`,
      preAllocatedVUs: Math.max(100, Math.ceil(rate * STANDSTILL_S)),
    };
    // It always holds: k6 tells what a stage counted only where a threshold asks for it.
    limits[`requests_begun{scenario:${name}}`] = ["count>=0"];
    for (const [metric, wanted] of Object.entries(thresholds)) {
      limits[`${metric}{scenario:${name}}`] = wanted.map((one) => later(one, begins));
    }
    begins += seconds;
  }
  const recipe = { freshEvery, pool, names, endToEnd, stops };
  const options = {
    scenarios,
    thresholds: limits,
    discardResponseBodies: true,
    summaryTrendStats: ["p(50)", "p(95)", "p(99)"],
    systemTags: ["scenario"],
    tlsAuth: __ENV.CERT ? [{ cert: open(__ENV.CERT), key: open(__ENV.KEY) }] : [],
    // In their order: k6 sorts the names of an object.
    ext: { winnow: { ...recipe, stages: Object.entries(stages).map(([name, stage]) => ({ name, ...stage })) } },
  };
  return { options, send: () => send(stages, recipe), handleSummary };
}

function later(threshold, begins) {
  const delay = `${Math.round((begins + ABORT_NOT_BEFORE_S) * 1000)}ms`;
  return threshold.abortOnFail ? { ...threshold, delayAbortEval: delay } : threshold;
}

// What tells an alert from all others, `index` being its place among those of its stage: its name and instance.
function identity(stage, index, { freshEvery, pool, names }) {
  if (freshEvery && index % freshEvery === 0) {
    return `Load${index % names}","instance":"${stage}-${index}`;
  }
  const number = index % pool;
  return `Load${number % names}","instance":"again-${number}`;
}

const HEAD = '{"status":"firing","labels":{"alertname":"';
const TAIL = `","description":"5xx ratio is 12.3% for 10m; see the dashboard and the runbook",\
"summary":"High error rate","runbook_url":"https://runbooks.example.com/HighErrorRate"},"startsAt":"${RUN}",\
"endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus.example.com:9090/graph?g0.expr=up+%3D%3D+0"}`;

// About 600 bytes an alert. Put together as text: of a hundred alerts, JSON.stringify takes several times as long.
function webhook(stage, first, alerts, recipe) {
  const tail = `","run":"${RUN}","job":"api","namespace":"payments","severity":"warning","cluster":"eu-west-1",\
"team":"payments"},"annotations":{"stage":"${stage}","sent_ms":"${Date.now()}${TAIL}`;
  const told = [];
  for (let index = first; told.length < alerts; index += 1) {
    told.push(HEAD + identity(stage, index, recipe) + tail);
  }
  return `{"version":"4","receiver":"k6","groupKey":"{}:{}","status":"firing","alerts":[${told.join(",")}]}`;
}

// One webhook. What was not accepted is named, by its number: whether Winnow has it all the same is open.
function send(stages, recipe) {
  const { name, iterationInTest } = exec.scenario;
  const { alerts } = stages[name];
  begun.add(1);
  const body = webhook(name, iterationInTest * alerts, alerts, recipe);
  const answer = http.post(`${URL}/webhook/proxy`, body, { headers: HEADERS });
  if (answer.status !== 202) {
    console.log(`refused ${name} ${iterationInTest} ${answer.status}`);
  }
}

// All that k6 knows, for benchmarks/load/; without SUMMARY for people.
function handleSummary(data) {
  return { [__ENV.SUMMARY || "stdout"]: JSON.stringify(data, null, 2) };
}
