import assert from "node:assert/strict";
import test from "node:test";

import { DISALLOWED, READ_ONLY, copy } from "./functions.mjs";
import { random } from "./random.mjs";
import { ID, SETTINGS, ask, assertProblem, handleWith, header } from "./viewer-request.mjs";

const handle = handleWith({});

// queries are the parameters as CloudFront takes a query apart: still encoded.
function parameters(query) {
  const taken = {};
  for (const [name, value] of query ? query.split("&").map((part) => part.split(/=(.*)/s)) : []) {
    const item = { value: value ?? "" };
    if (taken[name]) {
      taken[name].multiValue ??= [{ value: taken[name].value }];
      taken[name].multiValue.push(item);
    } else {
      taken[name] = item;
    }
  }
  return taken;
}

test("a valid request gets an id and is not changed otherwise", () => {
  const asked = ask();
  const expected = copy(asked.request);
  expected.headers["x-request-id"] = { value: ID };
  assert.deepEqual(handle(asked), expected);
});

test("a viewer's own id is replaced, regardless of how often it is sent", () => {
  for (const sent of ["mine", { value: "mine", multiValue: [{ value: "mine" }, { value: "mine too" }] }]) {
    const passed = handle(ask({ headers: { "x-request-id": sent } })).headers["x-request-id"];
    assert.equal(passed.value, ID);
    // CloudFront would leave the second value unless the list is another one.
    assert.deepEqual(passed.multiValue, sent.multiValue && [{ value: ID }]);
  }
});

const SPOOFED = [
  "x-origin-verify", "x_origin_verify", "x-origin_verify", "x-viewer-country", "x_viewer_country", "x_request_id",
  "forwarded", "proxy", "x-forwarded-for", "x_forwarded_for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-server", "x-forwarded-prefix",
  "x-original-url", "x-original-host", "x-original-forwarded-for", "x-rewrite-url", "x-host", "x-http-host-override",
  "x-http-method", "x-http-method-override", "x-method-override", "client-ip", "x-client-ip", "x-cluster-client-ip",
  "true-client-ip", "fastly-client-ip", "cf-connecting-ip", "x-envoy-external-address", "x-forwarded", "x-forwarded.for", "x.forwarded.for",
  "x-originating-ip", "x-remote-ip", "x-remote-addr", "proxy-client-ip", "wl-proxy-client-ip", "x-azure-clientip", "x-azure-socketip",
  "x-amzn-trace-id", "x-amzn-oidc-identity", "x-apigateway-event",
  "x-gatehouse-credential", "x_gatehouse_credential", "x.gatehouse.credential", "x-gatehouse_client", "x-gatehouse-authorized",
  "cloudfront-is-mobile-viewer", "cloudfront-viewer-address", "cloudfront_viewer_country",
];
const HARMLESS = [
  "accept", "accept-language", "authorization", "content-encoding", "content-type", "openai-organization", "origin", "range", "referer",
  "traceparent", "user-agent", "x-api-key", "x-stainless-lang", "x-requested-with", "forwarded-by", "x_custom", "x.custom", "x-hosts", "x-gatehouses",
];
const READ = ["content-length", "host", "via"];

test("headers of proxies and of CloudFront are removed, and all others are forwarded", () => {
  const { below, pick, some, text } = random(1);
  const value = () => text("abcXYZ012 ,;=\"/.-".split(""), 40);
  const entry = () => (below(4) ? { value: value() } : { value: "1", multiValue: [{ value: "1" }, { value: value() }] });
  for (let run = 0; run < 2000; run++) {
    const asked = ask();
    const names = [...some(SPOOFED), ...some(HARMLESS)].sort(() => below(3) - 1);
    asked.request.headers = Object.fromEntries(names.map((name) => [name, entry()]));
    for (const name of READ) {
      asked.request.headers[name] = { value: name === "content-length" ? String(below(1000)) : value() };
    }
    asked.request.method = pick(["GET", "HEAD", "POST"]);
    const passed = handle(asked);
    const expected = copy(asked.request);
    for (const name of SPOOFED) {
      delete expected.headers[name];
    }
    expected.headers["x-request-id"] = { value: ID };
    assert.deepEqual(passed, expected, `run ${run}`);
    for (const name of READ_ONLY.viewerRequest) {
      assert.deepEqual(passed.headers[name], asked.request.headers[name], `run ${run}: ${name} is read-only`);
    }
  }
});

test("the country is forwarded only where CloudFront itself sets it", () => {
  assert.equal(handle(ask()).headers["cloudfront-viewer-country"].value, "FR");
  assert.equal(handleWith({ cloudFrontHeaders: [] })(ask()).headers["cloudfront-viewer-country"], undefined);
});

test("malformed paths and queries are rejected", () => {
  for (const uri of [
    "/api/../admin", "/api/./x", "/..", "/.", "/api/..", "/api/%2e%2e/admin", "/api/%2E./x", "/api/..;a=b/x", "/api/.%2e;x/y", "/api/..%2fx", "/%2f..%2f",
    "/a\\b", "/a%5cb", "/..%5c..", "/a\u0000b", "/a\nb", "/a\tb", "/a b", "/a%00", "/a%0d%0aSet-Cookie:x", "/a%1f", "/a%7f", "/a%c2%85",
    "/%252e%252e/x", "/a%2500", "/a%25%35%63", "/api/100%25", "/api/a%3Fb", "/api/a%3fadmin=1", "/api/a%23b", "/api/a%252Fb", "/%%32e", "/a%", "/a%2", "/a%zz", "/a%ff", "/a%c0%ae", "/a%ed%a0%80", "/ä", "/a#b", "/\u202e",
  ]) {
    assertProblem(handle(ask({ uri, querystring: {} })), 400, JSON.stringify(uri));
  }
  for (const query of ["a=%00", "a=b%00c", "%00=1", "a=%", "a=%g1", "a=ä", "a=b c", "a=\u0000", "a\n=1", "a=1&b=2&c=\\"]) {
    assertProblem(handle(ask({ uri: "/api/x", querystring: parameters(query) })), 400, JSON.stringify(query));
  }
});

test("unusual paths and queries that are well-formed pass", () => {
  for (const uri of ["/api/", "/api//x", "/api/.well-known/x", "/api/..a", "/api/a..", "/api/...", "/api/a%20b", "/api/caf%C3%A9", "/api/org%2Fname", "/api/x;v=1", "/api/~u/(a)!$&'*+,=:@"]) {
    assert.equal(handle(ask({ uri, querystring: {} })).uri, uri);
  }
  for (const query of ["", "a", "a=", "a=b&a=c", "q=caf%C3%A9%0Aline", "to=https%3A%2F%2Fexample.com%2F%3Fa%3D%2520", "a=../..", "a=b=c"]) {
    const querystring = parameters(query);
    assert.deepEqual(handle(ask({ querystring })).querystring, querystring);
  }
});

test("accepted paths mean the same to every server", () => {
  const { text } = random(2);
  const pieces = ["/", "/", ".", "..", "%2e", "%2E", "%2f", "%3f", "%3F", "%23", "%5c", "\\", "%25", "%252e", "%", "%0", "%00", "%0a", ";", "a", "api", "ä", " ", "\t", "#", "%c3%a9", "%ff", "-", "~", "@"];
  let passed = 0;
  for (let run = 0; run < 20000; run++) {
    const uri = "/api/" + text(pieces, 8);
    const answer = handle(ask({ uri, querystring: {} }));
    if (answer.statusCode) {
      assert.equal(answer.statusCode, 400, uri);
      continue;
    }
    passed++;
    // A parser that resolves dot segments finds none, nor anything to encode.
    assert.equal(new URL(`https://example.com${uri.replaceAll("//", "/_/")}`).pathname, uri.replaceAll("//", "/_/"), uri);
    // Decoded once, as the API hands it on, it is a path and nothing else, with no escape left.
    assert.doesNotMatch(decodeURIComponent(uri), /[\u0000-\u001f\u007f\\?#%]/);
  }
  assert.ok(passed > 1000, `only ${passed} paths passed`);
});

test("the limit of path and query is exact", () => {
  const { below } = random(3);
  for (let run = 0; run < 300; run++) {
    const length = below(200);
    const query = length > 3 ? "a=" + "q".repeat(length - 3) + "&b=c" : "";
    const rest = SETTINGS.targetLimit - (query && query.length + 1);
    const sized = (size) => handle(ask({ uri: "/api/" + "p".repeat(size - 5), querystring: parameters(query) }));
    assert.equal(sized(rest).method, "POST");
    assertProblem(sized(rest + 1), 414);
  }
  assertProblem(handle(ask({ uri: "/api/", querystring: parameters("a=1&".repeat(2000) + "b=1") })), 414);
});

test("parameters without a value have the length that was sent", () => {
  const flags = Array.from({ length: 400 }, (_, index) => `f${index}`).join("&");
  const uri = "/api/" + "p".repeat(SETTINGS.targetLimit - 6 - flags.length);
  assert.equal(handle(ask({ uri, querystring: parameters(flags) })).uri, uri);
  assertProblem(handle(ask({ uri: uri + "p", querystring: parameters(flags) })), 414);
});

test("the error for paths outside of the API has its prefix", () => {
  for (const uri of ["/", "/v1/chat/completions", "/chat/completions", "/api", "/apis/models", "/API/models", "/%61pi/models", "//api//models", "/favicon.ico", "/problems/502.json"]) {
    for (const method of ["GET", "POST", "DELETE"]) {
      const refused = handle(ask({ method, uri, querystring: {} }));
      assertProblem(refused, 404, uri);
      assert.match(JSON.parse(refused.body.data).detail, / begin with \/api\/, such as \/api\/chat\/completions: the base URL ends with \/api\.$/);
    }
  }
  assertProblem(handleWith({ prefix: "/v1" })(ask({ uri: "/api/models" })), 404);
  assert.equal(handleWith({ prefix: "/v1" })(ask({ uri: "/v1/models" })).uri, "/v1/models");
});

test("ids of models in paths are forwarded, encoded or not, and /v1 after the prefix", () => {
  const profile = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6";
  for (const id of ["amazon.nova-lite-v1:0", "meta-llama/Llama-3.1-8B-Instruct", "llama3.2:1b", "org/name@main+lora", profile]) {
    for (const path of ["/api/models/" + id, "/api/models/" + encodeURIComponent(id), "/api/v1/models/" + encodeURIComponent(id)]) {
      assert.equal(handle(ask({ method: "GET", uri: path, querystring: {} })).uri, path);
    }
  }
  for (const path of ["/api/v1/chat/completions", "/api/embeddings", "/api/v1/embeddings"]) {
    assert.equal(handle(ask({ method: "POST", uri: path, querystring: {} })).uri, path);
  }
});

test("paths of documents are forwarded, regardless of the viewers' methods", () => {
  const documented = handleWith({ problemsPrefix: "/problems", methods: ["POST"] });
  assert.equal(documented(ask({ method: "GET", uri: "/problems/502.json", querystring: {} })).uri, "/problems/502.json");
  assert.equal(documented(ask({ method: "GET", uri: "/problems/x", headers: { "x-forwarded-for": "192.0.2.1" } })).headers["x-forwarded-for"], undefined);
  for (const uri of ["/%70roblems/502.json", "/problems", "/problemsolver/x"]) {
    assertProblem(documented(ask({ method: "GET", uri })), 404, uri);
  }
});

test("the largest request that CloudFront accepts is handled like others", () => {
  // CloudFront's quotas: 32 KB of request line and headers, 8192 bytes of URL.
  const headers = {};
  for (let left = 32768 - SETTINGS.targetLimit; left > 0; left -= 300) {
    headers[`x-filler-${left}`] = "v".repeat(280);
  }
  const uri = "/api/" + "%C3%A9".repeat((SETTINGS.targetLimit - 5) / 6);
  const passed = handle(ask({ uri, querystring: {}, headers }));
  assert.equal(passed.uri, uri);
  for (const [name, value] of Object.entries(headers)) {
    assert.deepEqual(passed.headers[name], { value });
  }
  const refused = handle(ask({ uri: "/" + "x".repeat(8191), querystring: {}, headers }));
  assertProblem(refused, 414);
  assert.ok(JSON.stringify(refused).length < 1024);
});

test("only the methods in the settings are accepted", () => {
  for (const method of ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "get", ""]) {
    const refused = handle(ask({ method }));
    assertProblem(refused, 405, method);
    assert.equal(header(refused, "allow"), "GET, HEAD, OPTIONS, POST");
  }
  for (const method of SETTINGS.methods) {
    assert.equal(handle(ask({ method })).method, method);
  }
  assert.equal(handleWith({ methods: ["DELETE"] })(ask({ method: "DELETE" })).method, "DELETE");
});

test("a response to HEAD has no body", () => {
  const refused = handle(ask({ method: "HEAD", uri: "/.." }));
  assert.deepEqual([refused.statusCode, refused.body], [400, undefined]);
});

test("the limit of bodies with a declared length is exact", () => {
  for (const [length, status] of [["0"], ["1048576"], ["1048577", 413], ["99999999999999999999999", 413], ["-1", 400], ["1e3", 400], ["0x10", 400], ["1, 1", 400], ["five", 400]]) {
    const answer = handle(ask({ headers: { "content-length": length } }));
    status ? assertProblem(answer, status, length) : assert.equal(answer.method, "POST", length);
  }
  const asked = ask();
  delete asked.request.headers["content-length"];
  assert.equal(handle(asked).method, "POST");
});

function preflight(origin, method = "POST") {
  return ask({ method: "OPTIONS", headers: { origin, "access-control-request-method": method, "access-control-request-headers": "authorization" } });
}

test("preflights of allowed origins succeed", () => {
  for (const origin of ["https://app.example.com", "https://a.example.org", "https://b-c.example.org", "http://localhost:3000"]) {
    assert.deepEqual(handle(preflight(origin)), {
      statusCode: 204,
      statusDescription: "No Content",
      headers: {
        "access-control-allow-headers": { value: "authorization, content-type" },
        "access-control-allow-methods": { value: "GET, POST" },
        "access-control-allow-origin": { value: origin },
        "access-control-expose-headers": { value: "x-request-id, retry-after" },
        "access-control-max-age": { value: "3600" },
        vary: { value: "Origin" },
        "x-content-type-options": { value: "nosniff" },
        "x-custom-ai-header": { value: "secure" },
        "x-request-id": { value: ID },
      },
    });
  }
});

test("preflights succeed regardless of the API's methods and of the path", () => {
  for (const methods of [["GET", "POST"], []]) {
    assert.equal(handleWith({ methods })(preflight("https://app.example.com")).statusCode, 204);
  }
  for (const uri of ["/v1/chat/completions", "/api/%3f", "/" + "x".repeat(5000)]) {
    const asked = preflight("https://app.example.com");
    asked.request.uri = uri;
    assert.equal(handle(asked).statusCode, 204, "the page could not read what is wrong with its request");
  }
});

test("requested headers that match a wildcard are allowed by name", () => {
  const families = handleWith({ cors: { ...SETTINGS.cors, headers: ["authorization", "openai-*", "x-stainless-*"] } });
  const allowed = (asked, handler = families) => {
    const request = preflight("https://app.example.com");
    request.request.headers["access-control-request-headers"] = { value: asked };
    return header(handler(request), "access-control-allow-headers");
  };
  assert.equal(allowed("authorization,content-type,x-stainless-arch,x-stainless-retry-count"), "authorization, x-stainless-arch, x-stainless-retry-count");
  assert.equal(allowed("x-stainless-os, openai-beta ,x-other"), "authorization, openai-beta, x-stainless-os");
  assert.equal(allowed(""), "authorization");
  assert.equal(allowed("x-stainless-a b,x-stainless-\tc,x-stainless-\u0000,x-stainless-*,x-stainless"), "authorization");
  assert.equal(allowed("x-one", handleWith({ cors: { ...SETTINGS.cors, headers: ["*"] } })), "*");
  const none = preflight("https://app.example.com");
  delete none.request.headers["access-control-request-headers"];
  assert.equal(header(families(none), "access-control-allow-headers"), "authorization");
});

test("preflights of other origins are rejected without CORS headers", () => {
  for (const origin of [
    "https://example.com", "https://app.example.com:8443", "http://app.example.com", "https://app.example.com.evil.net", "https://evil-example.org",
    "https://.example.org", "https://example.org", "https://a.b.example.org", "https://evil.net/.example.org", "https://evil.net#.example.org", "https://a@b.example.org",
    "http://a.example.org", "https://a.example.org:444", "null", "*", "https://*.example.org", "http://localhost:30000", "https://A.example.org",
  ]) {
    const refused = handle(preflight(origin));
    assertProblem(refused, 403, origin);
    assert.equal(header(refused, "access-control-allow-origin"), undefined, origin);
    assert.equal(header(refused, "vary"), "Origin");
  }
});

test("preflights for other methods are rejected", () => {
  assertProblem(handle(preflight("https://app.example.com", "HEAD")), 403);
  assertProblem(handle(preflight("https://app.example.com", "post")), 403);
});

test("without CORS every preflight is rejected", () => {
  const refused = handleWith({ cors: null })(preflight("https://app.example.com"));
  assertProblem(refused, 403);
  assert.deepEqual([header(refused, "access-control-allow-origin"), header(refused, "vary")], [undefined, undefined]);
});

test("any origin and credentials are allowed if set", () => {
  const all = handleWith({ cors: { ...SETTINGS.cors, origins: ["*"], exposedHeaders: [] } })(preflight("https://anywhere.test"));
  assert.deepEqual([all.statusCode, header(all, "access-control-allow-origin"), header(all, "vary")], [204, "*", undefined]);
  assert.equal(header(all, "access-control-expose-headers"), undefined);
  const credentials = handleWith({ cors: { ...SETTINGS.cors, credentials: true } })(preflight("https://app.example.com"));
  assert.equal(header(credentials, "access-control-allow-credentials"), "true");
});

test("pages may read an error, and OPTIONS without a preflight's headers is forwarded", () => {
  const refused = handle(ask({ uri: "/..", headers: { origin: "https://app.example.com" } }));
  assert.equal(header(refused, "access-control-allow-origin"), "https://app.example.com");
  assert.equal(header(refused, "access-control-expose-headers"), "x-request-id, retry-after");
  assert.equal(header(handle(ask({ uri: "/..", headers: { origin: "https://evil.net" } })), "access-control-allow-origin"), undefined);
  assert.equal(handle(ask({ method: "OPTIONS", headers: { origin: "https://app.example.com" } })).method, "OPTIONS");
});

test("no request makes it throw, and its responses are valid in CloudFront", () => {
  const { below, pick, some, text } = random(4);
  const characters = [..."abc/.%;?&=\\\u0000\n ä€😀\"'{}"];
  for (let run = 0; run < 5000; run++) {
    const asked = ask({
      method: pick(["GET", "HEAD", "OPTIONS", "POST", "TRACE"]),
      uri: "/" + text(characters, 30),
      querystring: Object.fromEntries(some(["a", "%", "", "x y"]).map((name) => [name, { value: text(characters, 10) }])),
    });
    for (const name of some([...HARMLESS, "origin", "content-length", "access-control-request-method", "access-control-request-headers"])) {
      asked.request.headers[name] = { value: text([...characters, "https://app.example.com", "12"], 3) };
    }
    if (below(2)) {
      asked.request.uri = "/api/models";
      asked.request.querystring = {};
    }
    const answer = handle(asked);
    if (!answer.statusCode) {
      continue;
    }
    for (const [name, { value }] of Object.entries(answer.headers)) {
      assert.match(name, /^[a-z0-9-]+$/);
      assert.match(value, /^[\x20-\x7e]+$/, `run ${run}: ${name}`);
      assert.doesNotMatch(name, DISALLOWED);
    }
    assert.ok(JSON.stringify(answer).length < 4096);
  }
});
