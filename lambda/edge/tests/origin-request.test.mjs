import assert from "node:assert/strict";
import test from "node:test";

import { DISALLOWED, READ_ONLY, copy, edgeLambda, event, source } from "./functions.mjs";
import { random } from "./random.mjs";

const SETTINGS = {
  requestIdHeader: "x-request-id",
  countryHeader: "x-viewer-country",
  bodyLimit: 1048576,
  contentTypes: ["application/json", "multipart/form-data"],
  problemsPrefix: "",
};
const KEY = "the origin key";
const LARGEST_ANSWER = 1 << 20; // CloudFront's limit for generated answers, in bytes

const handle = await edgeLambda("origin-request.mjs", SETTINGS);

// ask is the recorded event with other members of the request; a header is given as
// its value, as a list of values, or as null for none.
function ask({ headers = {}, ...members } = {}) {
  const asked = event("origin-request");
  const { request } = asked.Records[0].cf;
  Object.assign(request, members);
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) {
      delete request.headers[name];
    } else {
      request.headers[name] = [value].flat().map((one) => ({ key: name, value: one }));
    }
  }
  return asked;
}

function requestIn(asked) {
  return asked.Records[0].cf.request;
}

function value(message, name) {
  return message.headers[name]?.map((header) => header.value).join(" | ");
}

function assertProblem(answer, status, message) {
  assert.equal(answer.status, String(status), message);
  assert.equal(value(answer, "content-type"), "application/problem+json");
  assert.equal(value(answer, "cache-control"), "no-store");
  assert.equal(value(answer, "x-request-id"), "EXAMPLEntjQpEXAMPLE==");
  const document = JSON.parse(answer.body);
  assert.deepEqual(Object.keys(document), ["type", "title", "status", "detail", "instance", "code", "error"]);
  assert.equal(document.error.code, document.code);
  assert.equal(document.error.message, document.detail);
  assert.match(document.code, /^[a-z_]+$/);
  assert.deepEqual([document.type, document.status, document.instance], ["about:blank", status, "EXAMPLEntjQpEXAMPLE=="]);
  assert.equal(document.title, answer.statusDescription);
  assert.ok(!JSON.stringify(answer).includes(KEY));
}

test("a request is forwarded with the API's Host and the viewer's country", async () => {
  const asked = ask();
  const expected = copy(requestIn(asked));
  expected.headers.host = [{ key: "host", value: "a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com" }];
  expected.headers["x-viewer-country"] = [{ key: "x-viewer-country", value: "FR" }];
  expected.headers["x-request-id"] = [{ key: "x-request-id", value: "EXAMPLEntjQpEXAMPLE==" }];
  assert.deepEqual(await handle(asked), expected);
});

test("a request without an id gets CloudFront's", async () => {
  const asked = ask({ headers: { "x-request-id": null } });
  assert.equal(value(await handle(asked), "x-request-id"), asked.Records[0].cf.config.requestId);
});

test("a country is a code from CloudFront or absent", async () => {
  for (const [cloudFronts, viewers, expected] of [
    ["FR", "US", "FR"], [null, "US", undefined], ["", "US", undefined], ["fr", null, undefined], ["FRA", null, undefined], ["F\nR", null, undefined],
  ]) {
    const passed = await handle(ask({ headers: { "cloudfront-viewer-country": cloudFronts, "x-viewer-country": viewers } }));
    assert.equal(value(passed, "x-viewer-country"), expected);
  }
});

test("bodies of other types are rejected, with the accepted types", async () => {
  for (const type of [null, "", "text/plain", "application/jsonp", "application/json-patch+json", "json", ["application/json", "application/json"], "application/json, text/html"]) {
    const refused = await handle(ask({ headers: { "content-type": type } }));
    assertProblem(refused, 415, String(type));
    assert.equal(value(refused, "accept"), "application/json, multipart/form-data");
  }
  for (const type of ["application/json", "Application/JSON", "application/json;charset=utf-8", "application/json ; charset=utf-8", "multipart/form-data; boundary=x"]) {
    assert.equal((await handle(ask({ headers: { "content-type": type } }))).status, undefined, type);
  }
});

test("bodies require a length within the limit", async () => {
  for (const [length, status] of [
    ["", 400], ["-1", 400], ["1e3", 400], [["1", "1"], 400], ["1048577", 413], ["9".repeat(30), 413], ["0", undefined], ["1048576", undefined],
  ]) {
    const answer = await handle(ask({ headers: { "content-length": length } }));
    status ? assertProblem(answer, status, String(length)) : assert.equal(answer.status, undefined, String(length));
  }
  assertProblem(await handle(ask({ headers: { "content-length": null, "transfer-encoding": "chunked" } })), 411);
  // Over HTTP/2 and 3 no header indicates a body, regardless of its type.
  for (const method of ["POST", "PUT", "PATCH"]) {
    assertProblem(await handle(ask({ method, headers: { "content-length": null, "content-type": null } })), 411, method);
  }
});

test("requests without a body require neither type nor length", async () => {
  for (const method of ["GET", "HEAD", "OPTIONS", "DELETE"]) {
    const passed = await handle(ask({ method, headers: { "content-type": null, "content-length": null } }));
    assert.equal(passed.method, method);
  }
  // The API checks which of its paths require a body.
  const passed = await handle(ask({ method: "POST", headers: { "content-type": null, "content-length": "0" } }));
  assert.equal(passed.method, "POST");
});

test("a request without the API's origin is rejected", async () => {
  const bucket = { s3: { domainName: "bucket.s3.amazonaws.com", authMethod: "none", region: "", path: "", customHeaders: {} } };
  for (const origin of [undefined, {}, bucket]) {
    assertProblem(await handle(ask({ origin })), 500);
  }
});

test("it serves the documents that CloudFront sends if the API fails", async () => {
  const documents = await edgeLambda("origin-request.mjs", { ...SETTINGS, problemsPrefix: "/problems" });
  const page = (uri) => ask({ method: "GET", uri, headers: Object.fromEntries(["x-request-id", "content-type", "content-length", "host"].map((name) => [name, null])) });
  for (const [status, title, code] of [[502, "Bad Gateway", "model_unavailable"], [503, "Service Unavailable", "model_unavailable"], [504, "Gateway Timeout", "model_timeout"]]) {
    const answer = await documents(page(`/problems/${status}.json`));
    assert.deepEqual([answer.status, value(answer, "content-type"), value(answer, "cache-control")], ["200", "application/problem+json", "no-store"]);
    assert.equal(value(answer, "retry-after"), status === 503 ? "1" : undefined);
    const { detail, ...rest } = JSON.parse(answer.body);
    assert.deepEqual(rest, { type: "about:blank", title, status, code, error: { message: detail, type: "server_error", param: null, code } });
    assert.match(detail, /^The API .*\.$/);
  }
  for (const uri of ["/problems/500.json", "/problems/", "/problems/502.json/x", "/problems/toString", "/problems/constructor"]) {
    const answer = await documents(page(uri));
    assert.deepEqual([answer.status, JSON.parse(answer.body).status], ["404", 404], uri);
  }
  // Requests for other paths, and all requests without documents, are forwarded.
  assert.equal((await documents(ask({ uri: "/problemsolver" }))).uri, "/problemsolver");
  assert.equal((await handle(ask({ uri: "/problems/502.json" }))).uri, "/problems/502.json");
});

test("it changes three headers only, not the origin, and stays within CloudFront's limits", async () => {
  const { below, pick, some, text } = random(5);
  const characters = [..."abcXYZ019 ,;=/\"-."];
  const names = [
    "accept", "authorization", "content-type", "content-length", "host", "user-agent", "x-api-key", "x-forwarded-for", "x-viewer-country", "cloudfront-viewer-country",
    "x-request-id", ...READ_ONLY.originRequest,
  ];
  const changed = ["host", "x-request-id", "x-viewer-country"];
  let refused = 0;
  for (let run = 0; run < 3000; run++) {
    const headers = Object.fromEntries(
      some(names).map((name) => [name, Array.from({ length: 1 + below(2) }, () => text([...characters, "DE", "12", "application/json"], 6))]),
    );
    const asked = ask({ method: pick(["GET", "POST", "PUT", "DELETE"]), headers });
    const before = requestIn(asked);
    const answer = await handle(asked);
    assert.ok(JSON.stringify(answer).length < LARGEST_ANSWER);
    if (answer.status) {
      refused++;
      assert.match(answer.status, /^(400|411|413|415)$/);
      assert.ok(!JSON.stringify(answer).includes(KEY), `run ${run}`);
      for (const name of Object.keys(answer.headers)) {
        assert.doesNotMatch(name, DISALLOWED);
      }
      continue;
    }
    const { headers: after, ...rest } = answer;
    const { headers: original, ...members } = before;
    assert.deepEqual(rest, members, `run ${run}`);
    for (const name of new Set([...Object.keys(after), ...Object.keys(original)])) {
      if (!changed.includes(name)) {
        assert.deepEqual(after[name], original[name], `run ${run}: ${name}`);
      }
    }
    assert.equal(value(answer, "host"), before.origin.custom.domainName);
  }
  assert.ok(refused > 100 && refused < 2900, `${refused} of 3000 were refused`);
});

test("it has no means to make calls or to log", () => {
  assert.doesNotMatch(source("origin-request.mjs"), /\b(import|require|fetch|process|console|globalThis|customHeaders)\b/);
});
