// What the tests of the viewer-request function share: settings, requests and checks.

import assert from "node:assert/strict";

import { cloudFrontFunction, event } from "./functions.mjs";

export const SETTINGS = {
  prefix: "/api",
  problemsPrefix: "",
  keyHeader: "x-origin-verify",
  countryHeader: "x-viewer-country",
  requestIdHeader: "x-request-id",
  cloudFrontHeaders: ["cloudfront-viewer-country"],
  methods: ["GET", "HEAD", "OPTIONS", "POST"],
  targetLimit: 4096,
  bodyLimit: 1048576,
  cors: {
    origins: ["https://app.example.com", "https://*.example.org", "http://localhost:3000"],
    methods: ["GET", "POST"],
    headers: ["authorization", "content-type"],
    exposedHeaders: ["x-request-id", "retry-after"],
    credentials: false,
    maxAge: 3600,
  },
  answerHeaders: { "x-content-type-options": "nosniff", "x-custom-ai-header": "secure" },
};
export const ID = event("viewer-request").context.requestId;

export const handleWith = (changes) => cloudFrontFunction("viewer-request.js", { ...SETTINGS, ...changes });

// ask is the recorded event with other members of the request; header values are given
// as text.
export function ask({ headers = {}, ...members } = {}) {
  const asked = event("viewer-request");
  Object.assign(asked.request, members);
  for (const [name, value] of Object.entries(headers)) {
    asked.request.headers[name] = typeof value === "string" ? { value } : value;
  }
  return asked;
}

export function header(answer, name) {
  return answer.headers[name]?.value;
}

export function assertProblem(answer, status, message) {
  assert.equal(answer.statusCode, status, message);
  assert.equal(header(answer, "content-type"), "application/problem+json");
  assert.equal(header(answer, "cache-control"), "no-store");
  assert.equal(header(answer, "x-request-id"), ID);
  const document = JSON.parse(answer.body.data);
  assert.deepEqual(Object.keys(document), ["type", "title", "status", "detail", "instance", "code", "error"]);
  assert.equal(document.error.code, document.code);
  assert.equal(document.error.message, document.detail);
  assert.match(document.code, /^[a-z_]+$/);
  assert.deepEqual([document.type, document.status, document.instance], ["about:blank", status, ID]);
  assert.equal(document.title, answer.statusDescription);
}
