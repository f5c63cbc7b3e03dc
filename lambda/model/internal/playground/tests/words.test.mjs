import assert from "node:assert/strict";
import test from "node:test";

import { Answer } from "../stream.mjs";
import { budgetText, endText, headerBudgetText, isSendable, measureText, needsWhole, prefixOf, problemIn, problemText } from "../words.mjs";

const document = {
  type: "about:blank", title: "Too Many Requests", status: 429, detail: "The budget is spent.", instance: "id-1", code: "insufficient_quota",
  error: { message: "The budget is spent.", type: "insufficient_quota", param: null, code: "insufficient_quota" },
};

test("a problem of the API", () => {
  const headers = new Headers({ "retry-after": "90000" });
  assert.equal(problemText(problemIn(429, headers, JSON.stringify(document))),
    "Too Many Requests: The budget is spent.\nTry again in 25 h.\n(code insufficient_quota, request id-1)");
  assert.match(problemText(problemIn(429, new Headers({ "retry-after": "5" }), JSON.stringify(document))), /Try again in 5 s\./);
  assert.match(problemText(problemIn(429, new Headers({ "retry-after": "Tue, 01 Dec 2026 00:00:00 GMT" }), JSON.stringify(document))), /Try again after Tue, 01 Dec/);
});

test("faults of a body are listed", () => {
  const body = JSON.stringify({ ...document, errors: [{ pointer: "/messages/0", detail: "is empty" }, { pointer: "", detail: "is cut" }, null] });
  assert.deepEqual(problemText(problemIn(422, new Headers(), body)).split("\n").slice(1, 4), ["/messages/0: is empty", "the body: is cut", "the body: "]);
});

test("errors in other formats", () => {
  const text = (body, headers = {}) => problemText(problemIn(503, new Headers(headers), body));
  assert.equal(text('{"message":"Service Unavailable"}', { "x-request-id": "id-2" }), "Status 503: Service Unavailable\n(request id-2)");
  assert.equal(text('{"error":{"message":"No.","code":"x"}}'), "Status 503: No.\n(code x)");
  for (const body of ["", "<html>", "[]", "null", '{"message":null}', '{"title":7,"detail":[]}']) {
    assert.equal(text(body), "Status 503: The response has the status 503 and no description.", body);
  }
});

test("a request is sent again without stream only if the API streams nothing", () => {
  assert.equal(needsWhole({ status: 422, code: "streaming_unsupported" }), true);
  assert.equal(needsWhole({ status: 422, code: "invalid_body" }), false);
  assert.equal(needsWhole({ status: 400, code: "streaming_unsupported" }), false);
});

test("the ends of an answer", () => {
  const answer = (members) => Object.assign(new Answer(), { text: "a", done: true, reason: "stop", ...members });
  assert.equal(endText(answer(), false), "");
  assert.equal(endText(answer({ done: false }), false), "The answer is cut: the stream ended without [DONE].");
  assert.equal(endText(answer({ done: false }), false, "network error"), "The answer is cut: the connection broke (network error).");
  assert.equal(endText(answer({ done: false }), true, "aborted"), "Stopped.");
  assert.equal(endText(answer({ done: false, failure: { title: "The answer failed", detail: "No.", code: "model_failed" } }), false), "The answer failed: No.\n(code model_failed)");
  assert.match(endText(answer({ reason: "length" }), false), /most tokens/);
  assert.match(endText(answer({ reason: "content_filter" }), false), /filter/);
  assert.equal(endText(answer({ text: "" }), false), "The answer is empty.");
});

test("budgets", () => {
  const budget = { limit: 5, used: 0.0123, held: 0, left: 4.9877, unit: "usd", period: "month", window_end: "2027-01-01T00:00:00Z" };
  assert.equal(budgetText(budget), "$4.9877 left of $5.00 this month; renewed at 2027-01-01 00:00 UTC");
  assert.equal(budgetText({ ...budget, held: 0.5 }), "$4.9877 left of $5.00 this month; $0.50 held for requests that have not ended; renewed at 2027-01-01 00:00 UTC");
  assert.equal(budgetText({ ...budget, limit: null, left: null }), "$0.0123 used this month, no limit");
  assert.equal(budgetText({ ...budget, limit: 9000, used: 1, left: 8999, unit: "tokens", period: "day" }), "8,999 tokens left of 9,000 tokens today; renewed at 2027-01-01 00:00 UTC");
  assert.equal(budgetText({ ...budget, period: "once", window_end: null }), "$4.9877 left of $5.00");
  assert.equal(headerBudgetText("7.4213 usd"), "$7.4213 left");
  assert.equal(headerBudgetText("12000 tokens"), "12,000 tokens left");
  assert.equal(headerBudgetText(null), "");
});

test("times and usage", () => {
  const usage = { prompt_tokens: 3, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 2 } };
  assert.equal(measureText({ first: 311.6, total: 2100 }, usage), "first token after 312 ms · 2.1 s in all · 3 tokens in, 4 out · 2 of them from the cache");
  assert.equal(measureText({ first: null, total: 9 }, null), "9 ms in all");
});

test("the prefix is the path of the page without its name", () => {
  for (const [path, prefix] of [["/api/playground", "/api"], ["/api/v1/playground", "/api/v1"], ["/playground/playground", "/playground"], ["/v1/playground", "/v1"]]) {
    assert.equal(prefixOf(path), prefix);
  }
});

test("a key has the characters of a header", () => {
  for (const [key, sendable] of [["sk-gth_a1B2", true], ["", true], ["a.b-c_d", true], ["sk gth", false], ["schlüssel", false], ["a\nb", false], ["“sk”", false]]) {
    assert.equal(isSendable(key), sendable, key);
  }
});
