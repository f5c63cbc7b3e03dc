import assert from "node:assert/strict";
import test from "node:test";

import { READ_ONLY, cloudFrontFunction, copy, event } from "./functions.mjs";

const handle = cloudFrontFunction("viewer-response.js", { requestIdHeader: "x-request-id", headers: {} });

test("a response gets the id of its request and is not changed otherwise", () => {
  const answered = event("viewer-response");
  const expected = copy(answered.response);
  expected.headers["x-request-id"] = { value: answered.context.requestId };
  assert.deepEqual(handle(answered), expected);
});

test("the id is CloudFront's, not the API's, and read-only headers are not changed", () => {
  const answered = event("viewer-response");
  answered.response.headers["x-request-id"] = { value: "another" };
  for (const name of READ_ONLY.viewerResponse) {
    answered.response.headers[name] = { value: "kept" };
  }
  const { headers } = handle(answered);
  assert.deepEqual(headers["x-request-id"], { value: answered.context.requestId });
  for (const name of READ_ONLY.viewerResponse) {
    assert.deepEqual(headers[name], { value: "kept" });
  }
});

test("headers that a policy can't add replace the API's own", () => {
  const handleWith = cloudFrontFunction("viewer-response.js", { requestIdHeader: "x-request-id", headers: { "strict-transport-security": "max-age=0" } });
  const answered = event("viewer-response");
  answered.response.headers["strict-transport-security"] = { value: "max-age=1" };
  assert.deepEqual(handleWith(answered).headers["strict-transport-security"], { value: "max-age=0" });
});
