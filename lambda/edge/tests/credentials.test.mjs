import assert from "node:assert/strict";
import test from "node:test";

import { copy } from "./functions.mjs";
import { random } from "./random.mjs";
import { ID, SETTINGS, ask, assertProblem, handleWith, header } from "./viewer-request.mjs";

const RULES = { header: "x-gatehouse-credential", open: ["/healthz", "/readyz", "/openapi.yaml", "/chat/healthz"] };
const required = handleWith({ credential: { ...RULES, required: true } });
const migrating = handleWith({ credential: RULES });
const withTokens = handleWith({ credential: { ...RULES, required: true, tokens: true } });
const migratingTokens = handleWith({ credential: { ...RULES, tokens: true } });
const open = handleWith({ credential: null });

const KEY = `sk-gth_${"a1B2c3D".repeat(7)}`;
const OTHER = `sk-gth_${"Z9y8X7w".repeat(7)}`;
const TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl-_";

const MISSING = [401, "missing_credential", "authentication_error", 'Bearer realm="gatehouse"'];
const INVALID = [401, "invalid_api_key", "authentication_error", 'Bearer realm="gatehouse", error="invalid_token"'];
const SEVERAL = [400, "several_credentials", "invalid_request_error", 'Bearer realm="gatehouse", error="invalid_request"'];

const repeated = (...values) => ({ value: values[0], multiValue: values.map((value) => ({ value })) });

// sent is a request with these headers and no Authorization of the recorded event.
function sent(headers, members = {}) {
  const asked = ask({ querystring: {}, ...members });
  delete asked.request.headers.authorization;
  for (const [name, value] of Object.entries(headers)) {
    asked.request.headers[name] = typeof value === "string" ? { value } : value;
  }
  return asked;
}

function assertRefused(answer, [status, code, type, challenge], message) {
  assertProblem(answer, status, message);
  const document = JSON.parse(answer.body.data);
  assert.deepEqual([document.code, document.error.type], [code, type], message);
  assert.equal(header(answer, "www-authenticate"), challenge, message);
}

// assertMoved checks that a request goes on with the credential in the API's header, without
// the headers that held it, and is not changed otherwise.
function assertMoved(handle, asked, credential, holders, message) {
  const expected = copy(asked.request);
  holders.forEach((name) => delete expected.headers[name]);
  expected.headers["x-request-id"] = { value: ID };
  expected.headers["x-gatehouse-credential"] = { value: credential };
  assert.deepEqual(handle(asked), expected, message);
}

function assertUnchanged(handle, asked, message) {
  const expected = copy(asked.request);
  expected.headers["x-request-id"] = { value: ID };
  assert.deepEqual(handle(asked), expected, message);
}

test("a credential is moved out of the header that held it, and the other header stays", () => {
  for (const handle of [required, migrating, withTokens]) {
    for (const scheme of ["Bearer ", "bearer ", "BEARER ", "bEaReR   "]) {
      assertMoved(handle, sent({ authorization: scheme + KEY }), KEY, ["authorization"], scheme);
    }
    assertMoved(handle, sent({ "x-api-key": KEY }), KEY, ["x-api-key"]);
    assertMoved(handle, sent({ authorization: `Bearer ${KEY}`, "x-api-key": "the server's own" }), KEY, ["authorization"]);
    for (const own of ["Bearer the server's own", "Basic dXNlcjpwYXNz", "Bearer", ""]) {
      assertMoved(handle, sent({ authorization: own, "x-api-key": KEY }), KEY, ["x-api-key"], own);
    }
    assertMoved(handle, sent({ authorization: `Bearer ${KEY}`, "x-api-key": KEY }), KEY, ["authorization", "x-api-key"], "the same twice");
  }
});

test("requests without a credential are rejected where it is required", () => {
  for (const headers of [{}, { authorization: "" }, { "x-api-key": "" }, { "api-key": KEY }, { "x_api_key": KEY }, { "x-gatehouse-credential": KEY }]) {
    assertRefused(required(sent(headers)), MISSING, JSON.stringify(headers));
  }
  assert.match(JSON.parse(required(sent({})).body.data).detail, /Authorization: Bearer sk-gth_.*operator/);
});

const WRONG = [
  "any", "sk-proj-abcdef", KEY.slice(1), KEY.slice(0, -1), `${KEY}0`, `${KEY} ${KEY}`, `${KEY},${KEY}`, KEY.toUpperCase(), KEY.replace("_", "-"),
  KEY.replace("a", "-"), KEY.replace("a", "_"), KEY.replace("a", "ä"), KEY.replace("a", "\u212a"), `Bearer ${KEY}`, `"${KEY}"`, `${KEY}\n`.replace("\n", "\u0000"),
  "sk-gth_", "x".repeat(20000), TOKEN,
];

test("credentials of another form are rejected where one is required, and forwarded else", () => {
  const headers = WRONG.flatMap((text) => [{ authorization: `Bearer ${text}` }, { "x-api-key": text }]);
  headers.push({ authorization: KEY }, { authorization: `Basic ${KEY}` }, { authorization: `Bearer${KEY}` }, { authorization: "Bearer" }, { authorization: "any", "x-api-key": "any" });
  for (const each of headers) {
    assertRefused(required(sent(each)), INVALID, JSON.stringify(each).slice(0, 80));
    assertUnchanged(migrating, sent(each), JSON.stringify(each).slice(0, 80));
  }
  assertUnchanged(migrating, sent({}));
});

test("several credentials are rejected", () => {
  const ambiguous = [
    { authorization: repeated(`Bearer ${KEY}`, `Bearer ${OTHER}`) },
    { authorization: repeated(`Bearer ${KEY}`, `Bearer ${KEY}`) },
    { authorization: repeated("Bearer any", `Bearer ${KEY}`) },
    { "x-api-key": repeated("", KEY) },
    { authorization: `Bearer ${KEY}`, "x-api-key": repeated(KEY, "any") },
    { authorization: `Bearer ${KEY}`, "x-api-key": OTHER },
  ];
  for (const headers of ambiguous) {
    for (const handle of [required, migrating, withTokens]) {
      assertRefused(handle(sent(headers)), SEVERAL, JSON.stringify(headers));
    }
  }
  for (const headers of [{ authorization: repeated("Bearer any", "Basic any") }, { authorization: `Bearer ${KEY}`, "x-api-key": repeated("any", "any") }, { "x-api-key": repeated("", "") }]) {
    assertRefused(required(sent(headers)), SEVERAL, JSON.stringify(headers));
  }
  assertUnchanged(migrating, sent({ authorization: repeated("Bearer any", "Basic any") }), "no key of this API is among them");
});

test("tokens are taken where they are accepted", () => {
  const long = (length) => `${"a".repeat(length - 4)}.b.c`;
  for (const token of [TOKEN, "a.b.c", long(8192)]) {
    for (const handle of [withTokens, migratingTokens]) {
      assertMoved(handle, sent({ authorization: `Bearer ${token}` }), token, ["authorization"]);
      assertMoved(handle, sent({ "x-api-key": token }), token, ["x-api-key"]);
      assertMoved(handle, sent({ authorization: `Bearer ${KEY}` }), KEY, ["authorization"]);
    }
    assertRefused(required(sent({ authorization: `Bearer ${token}` })), INVALID);
    assertUnchanged(migrating, sent({ authorization: `Bearer ${token}` }));
    assertRefused(withTokens(sent({ authorization: `Bearer ${token}`, "x-api-key": KEY })), SEVERAL, "a token and a key");
  }
  for (const token of ["a.b", "a.b.c.d", ".b.c", "a..c", "a.b.", "a.b.c=", "a.b.c+", "a.b.c/", "a.b.ä", "a b.c.d", long(8193)]) {
    assertRefused(withTokens(sent({ authorization: `Bearer ${token}` })), INVALID, token.slice(0, 20));
    assertUnchanged(migratingTokens, sent({ authorization: `Bearer ${token}` }), token.slice(0, 20));
  }
});

test("open paths need no credential, and only those", () => {
  for (const uri of ["/api/healthz", "/api/readyz", "/api/openapi.yaml", "/api/chat/healthz", "/api/v1/healthz", "/api/v1/readyz", "/api/v1/openapi.yaml", "/api/v1/chat/healthz"]) {
    for (const method of ["GET", "HEAD", "OPTIONS", "POST"]) {
      assertUnchanged(required, sent({}, { method, uri }), uri);
      assertUnchanged(required, sent({ authorization: `Bearer ${KEY}` }, { method, uri }), uri);
    }
  }
  const closed = [
    "/api/", "/api/models", "/api/chat/completions", "/api/v1/models", "/api/inference/", "/api/inference/healthz", "/api/healthz/", "/api/healthz/x", "/api//healthz",
    "/api/%68ealthz", "/api/healthZ", "/api/healthz;x", "/api/v1/v1/healthz", "/api/v1/", "/api/v1healthz", "/api/chat/readyz", "/api/openapi.yml", "/api/inference/v1/healthz",
  ];
  for (const uri of closed) {
    assertRefused(required(sent({}, { uri })), MISSING, uri);
    assertMoved(required, sent({ "x-api-key": KEY }, { uri }), KEY, ["x-api-key"], uri);
  }
  const versioned = handleWith({ prefix: "/v1", credential: { ...RULES, required: true } });
  assertUnchanged(versioned, sent({}, { uri: "/v1/healthz" }));
  assertUnchanged(versioned, sent({}, { uri: "/v1/v1/healthz" }));
  assertRefused(versioned(sent({}, { uri: "/v1/models" })), MISSING);
});

test("documents need no credential", () => {
  const documented = handleWith({ problemsPrefix: "/problems", credential: { ...RULES, required: true } });
  assertUnchanged(documented, sent({}, { method: "GET", uri: "/problems/502.json" }));
});

test("what else is wrong with a request is said first", () => {
  for (const [members, status] of [[{ uri: "/models" }, 404], [{ uri: "/api/%00" }, 400], [{ method: "DELETE" }, 405], [{ uri: `/api/${"x".repeat(5000)}` }, 414]]) {
    const refused = required(sent({}, members));
    assertProblem(refused, status);
    assert.equal(header(refused, "www-authenticate"), undefined);
  }
  assertProblem(required(sent({ "content-length": "99999999" })), 413);
});

test("preflights need no credential, and pages can read what is wrong with theirs", () => {
  const origin = "https://app.example.com";
  const preflight = sent({ origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" }, { method: "OPTIONS" });
  assert.equal(required(preflight).statusCode, 204);
  for (const [headers, want] of [[{}, MISSING], [{ "x-api-key": "any" }, INVALID], [{ "x-api-key": repeated(KEY, OTHER) }, SEVERAL]]) {
    const refused = required(sent({ origin, ...headers }));
    assertRefused(refused, want);
    assert.equal(header(refused, "access-control-allow-origin"), origin);
    assert.equal(header(refused, "vary"), "Origin");
    assert.equal(header(refused, "x-content-type-options"), "nosniff");
  }
  assertRefused(required(sent({ origin }, { method: "OPTIONS" })), MISSING, "OPTIONS without a preflight's headers");
});

test("a response to HEAD has the challenge and no body", () => {
  const refused = required(sent({}, { method: "HEAD" }));
  assert.deepEqual([refused.statusCode, refused.body, header(refused, "www-authenticate")], [401, undefined, MISSING[3]]);
});

test("a viewer's own header for credentials never reaches the API", () => {
  const spoofed = Object.fromEntries(["x-gatehouse-credential", "x_gatehouse_credential", "x.gatehouse-credential", "x-gatehouse-client"].map((name) => [name, repeated(OTHER, OTHER)]));
  for (const handle of [open, migrating, required]) {
    const passed = handle(sent({ ...spoofed, "x-api-key": KEY }));
    const left = Object.entries(passed.headers).filter(([name]) => /^x[._-]gatehouse/.test(name));
    assert.deepEqual(left, handle === open ? [] : [["x-gatehouse-credential", { value: KEY }]]);
  }
  assertUnchanged(open, sent({ authorization: `Bearer ${KEY}`, "x-api-key": OTHER }), "nothing is moved while clients need no credentials");
});

const LETTERS = [..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"];

function isKey(text) {
  return text.length === 56 && text.startsWith("sk-gth_") && [...text.slice(7)].every((character) => LETTERS.includes(character));
}

// expected decides by the table of docs/edge.md, apart from the function's own code.
function expected(headers, mode) {
  const isToken = (text) => mode.tokens === true && text.length <= 8192 && text.split(".").length === 3 && text.split(".").every((part) => /^[A-Za-z0-9_-]+$/.test(part));
  const values = ["authorization", "x-api-key"].map((name) => (headers[name] ? (headers[name].multiValue ?? [headers[name]]).map(({ value }) => value) : []));
  const texts = [values[0].map((value) => /^bearer +(\S.*)$/i.exec(value)?.[1] ?? ""), values[1]].map((list) => list.map((text) => text.trim()));
  const ours = texts.map((list) => list.filter((text) => isKey(text) || isToken(text)));
  const ambiguous = values.some((list, index) => list.length > 1 && (mode.required || ours[index].length > 0));
  if (ambiguous || new Set(ours.flat()).size > 1) {
    return "several_credentials";
  }
  if (ours.flat().length > 0) {
    return ours.flat()[0];
  }
  return !mode.required ? "" : values.flat().some(Boolean) ? "invalid_api_key" : "missing_credential";
}

test("random headers are handled as documented, and no credential is in a response", () => {
  const { below, pick, text } = random(5);
  const exactly = (length) => Array.from({ length }, () => pick(LETTERS)).join("");
  const canaries = new Set();
  const canary = (length) => {
    const made = exactly(length);
    canaries.add(made);
    return made;
  };
  const credential = () => pick([
    () => `sk-gth_${canary(49)}`, () => KEY, () => `${canary(12)}.${canary(20)}.${canary(30)}`, () => `sk-gth_${canary(48)}`, () => `sk-gth_${canary(48)}${text(["-", "_", " ", "."], 3)}`,
    () => `sk-proj-${canary(40)}`, () => "", () => canary(9000),
  ])();
  const value = (name) => (name === "x-api-key" ? pick(["", "", "", "Bearer "]) : pick(["Bearer ", "bearer ", "BEARER  ", "Basic ", "Bearer", ""])) + credential();
  const seen = new Map();
  for (let run = 0; run < 3000; run++) {
    const mode = { ...RULES, required: below(2) === 1, tokens: below(2) === 1 };
    const handle = [migrating, required, migratingTokens, withTokens][Number(mode.required) + 2 * Number(mode.tokens)];
    canaries.clear();
    const headers = {};
    for (const name of ["authorization", "x-api-key"]) {
      if (below(3) > 0) {
        headers[name] = below(6) ? { value: value(name) } : repeated(value(name), value(name));
      }
    }
    for (const name of ["x-gatehouse-credential", "x-gatehouse-x", "x_gatehouse-credential"]) {
      if (below(3) === 0) {
        headers[name] = { value: `sk-gth_${canary(49)}` };
      }
    }
    const asked = sent(headers, { uri: pick(["/api/models", "/api/inference/v1/chat/completions", "/api/chat/completions"]), method: pick(["GET", "POST", "HEAD"]) });
    const answer = handle(asked);
    const want = expected(headers, mode);
    const message = `run ${run}: ${JSON.stringify(headers).slice(0, 300)}`;
    const outcome = answer.statusCode ? (asked.request.method === "HEAD" ? String(answer.statusCode) : JSON.parse(answer.body.data).code) : "passed";
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    if (answer.statusCode) {
      assert.equal(outcome, asked.request.method === "HEAD" ? (want === "several_credentials" ? "400" : "401") : want, message);
      const written = JSON.stringify(answer);
      for (const each of [...canaries, KEY.slice(7)]) {
        assert.ok(!written.includes(each) && !written.includes(each.slice(0, 8)), message);
      }
      continue;
    }
    const moved = Object.entries(answer.headers).filter(([name]) => /^x[._-]gatehouse[._-]/.test(name));
    assert.deepEqual(moved, want === "" ? [] : [["x-gatehouse-credential", { value: want }]], message);
    const { authorization, "x-api-key": plain } = answer.headers;
    assert.equal(expected({ authorization, "x-api-key": plain }, { tokens: mode.tokens }), "", `a credential is left, ${message}`);
    for (const name of ["authorization", "x-api-key"].filter((each) => answer.headers[each])) {
      assert.deepEqual(answer.headers[name], headers[name], message);
    }
  }
  for (const outcome of ["passed", "missing_credential", "invalid_api_key", "several_credentials", "400", "401"]) {
    assert.ok(seen.get(outcome) > 50, `${outcome}: ${seen.get(outcome)} times`);
  }
});

test("only texts with the form of a key are taken for one", () => {
  const { below, pick } = random(6);
  const others = [..."-_. ,;:+/=\"'\\\u0000\u0009\u007fäK€"];
  let taken = 0;
  for (let run = 0; run < 3000; run++) {
    const length = pick([49, 49, 49, 48, 50]);
    const characters = [..."sk-gth_", ...Array.from({ length }, () => pick(LETTERS))];
    if (below(2)) {
      const at = below(characters.length);
      characters[at] = pick(at < 7 ? [...LETTERS, ...others] : others);
    }
    const text = characters.join("");
    const answer = required(sent({ "x-api-key": text }));
    // White space around a header's value is no part of it.
    if (isKey(text.trim())) {
      assert.equal(header(answer, "x-gatehouse-credential"), text.trim());
      taken++;
    } else {
      assert.equal(answer.statusCode, 401, JSON.stringify(text));
    }
  }
  assert.ok(taken > 500);
});
