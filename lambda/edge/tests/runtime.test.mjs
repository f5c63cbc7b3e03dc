// Checks that the functions use only features of CloudFront's JavaScript runtime 2.0, which
// has fewer than Node: "JavaScript runtime 2.0 features for CloudFront Functions".

import assert from "node:assert/strict";
import test from "node:test";

import { render, renderCompact, source } from "./functions.mjs";

const FUNCTIONS = ["viewer-request.js", "viewer-response.js"];
const LARGEST_FUNCTION = 10 * 1024; // bytes

// The methods and global functions that the functions call: all that they use of the
// language besides the syntax of ES 5.1, const and let. A new one must be in the runtime's
// list of features.
const METHODS = [
  "decodeURIComponent", "endsWith", "filter", "forEach", "includes", "indexOf", "join", "keys", "map", "rawQueryString", "replace", "slice", "some", "split",
  "startsWith", "stringify", "test", "toLowerCase", "trim", "Boolean", "Number", "String",
];

// code returns a function's source without the content of literals.
function code(file) {
  return render(file, {})
    .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
    .replace(/([(,=:&|!]\s*)\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/([a-z]*)/g, "$1regexp.$2");
}

for (const file of FUNCTIONS) {
  test(`${file} uses no more of the language than the runtime has`, () => {
    const text = code(file);
    assert.doesNotMatch(text, /=>|\.\.\.|\?\.\w|\?\?|\*\*|`|@|#|\b(async|await|class|export|extends|get|import|of|require|set|static|super|yield)\b/, "syntax of ES 6");
    assert.doesNotMatch(text, /\b(const|let|var)\s*[{[]|function\s*\w*\([^)]*[={[]|\{\s*\w+\s*[,}]/, "destructuring, defaults or shorthands");
    assert.doesNotMatch(text, /regexp\.\w*[^gim.]\w*\./, "flags of regular expressions of ES 6");
    const own = [...text.matchAll(/function (\w+)\(|(?:const|let) (\w+) = function/g)].map(([, declared, assigned]) => declared ?? assigned);
    for (const [, name] of text.matchAll(/(\w+)\(/g)) {
      assert.ok(["if", "catch", "function", ...METHODS, ...own].includes(name), `${name} is not among what the runtime is known to have`);
    }
  });
}

// What RenderCompact of package edgefunction demands of a source.
for (const file of FUNCTIONS) {
  test(`${file} can be made compact`, () => {
    const lines = source(file).split("\n").filter((line) => !line.trim().startsWith("//") && !line.endsWith("// replaced at deployment"));
    const strings = /'(?:[^'\\\n]|\\.)*'/g;
    const regexps = [...lines.join("\n").replace(strings, "''").matchAll(/[(,=:&|!]\s*\/((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\//g)];
    assert.ok(file !== "viewer-request.js" || regexps.length > 5);
    for (const [, regexp] of regexps) {
      assert.doesNotMatch(regexp, /[ '"`]/, "a space or a quote in a regular expression");
    }
    for (const line of lines) {
      const text = line.replace(strings, "''");
      assert.doesNotMatch(text, /`|[;{},] *\/\/|(^|[;{]) *;/, `a template, a comment behind code or an empty statement: ${line}`);
      assert.doesNotMatch(text.replace(/\[[^\]]*\]/g, "[]"), /(^|[^\w$.])[A-Z]($|[^\w$])/, `a name of one capital letter: ${line}`);
    }
  });
}

test("the functions stay within CloudFront's size with much in their settings", () => {
  const name = (index) => `https://application-${index}.internal.example.com`;
  const text = renderCompact("viewer-request.js", {
    prefix: "/api",
    problemsPrefix: "/problems",
    keyHeader: "x-origin-verify",
    countryHeader: "x-viewer-country",
    requestIdHeader: "x-request-id",
    cloudFrontHeaders: ["cloudfront-viewer-country"],
    methods: ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"],
    targetLimit: 8192,
    bodyLimit: 10485760,
    cors: {
      origins: Array.from({ length: 20 }, (_, index) => name(index)),
      methods: ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"],
      headers: ["authorization", "content-type", "openai-*", "user-agent", "x-api-key", "x-stainless-*"],
      exposedHeaders: ["x-request-id", "retry-after"],
      credentials: true,
      maxAge: 86400,
    },
    answerHeaders: {
      "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "no-referrer",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "x-custom-ai-header": "secure",
    },
    credential: {
      header: "x-gatehouse-credential",
      open: ["/healthz", "/readyz", "/openapi.yaml", "/chat/healthz"],
      required: true,
      tokens: true,
    },
  });
  const size = Buffer.byteLength(text);
  assert.ok(size <= LARGEST_FUNCTION, `${size} bytes`);
});
