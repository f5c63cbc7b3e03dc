// The functions as they are deployed: with settings in place of the marked line, and
// in surroundings that have no more than theirs.

import { readFileSync } from "node:fs";
import vm from "node:vm";

import { compact } from "./compact.mjs";

const MARKER = "const settings = {}; // replaced at deployment";

// source returns a function's source before deployment.
export function source(file) {
  return readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
}

// render is a function's text with its settings, and without its comments and indentation,
// as the program deploys functions of Lambda@Edge.
export function render(file, settings) {
  const text = source(file);
  if (text.split("\n").filter((line) => line === MARKER).length !== 1) {
    throw new Error(`${file} needs the line "${MARKER}" once`);
  }
  return text
    .split("\n")
    .map((line) => line.trimStart())
    .filter((line) => line !== "" && !line.startsWith("//"))
    .map((line) => (line === MARKER ? `const settings = ${JSON.stringify(settings)};` : line))
    .join("\n");
}

// renderCompact is a CloudFront Function's text as the program deploys it.
export function renderCompact(file, settings) {
  return compact(render(file, settings), source(file));
}

// An event's request has a method beside its members, which are plain values
// ("General helper methods"): the query as it was sent, undefined without one.
const CALL = `(text, raw) => {
  const event = JSON.parse(text);
  Object.defineProperty(event.request, "rawQueryString", { value: () => raw || undefined });
  return JSON.stringify(handler(event));
}`;

// query is the query that gives these parameters. One without a value had no equals
// sign, unless the event says otherwise in rawQueryString.
function query(parameters) {
  return Object.entries(parameters)
    .flatMap(([name, parameter]) => (parameter.multiValue ?? [parameter]).map(({ value }) => (value === "" ? name : `${name}=${value}`)))
    .join("&");
}

// cloudFrontFunction returns the handler of a CloudFront Function. It runs among the
// language's own globals, and what it is given and returns is a copy, as there.
export function cloudFrontFunction(file, settings) {
  const surroundings = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: false } });
  vm.runInContext(`"use strict";\n${renderCompact(file, settings)}\nglobalThis.handler = handler;`, surroundings);
  const handle = vm.runInContext(CALL, surroundings);
  return (event) => {
    const raw = event.request.rawQueryString ?? query(event.request.querystring);
    return JSON.parse(handle(JSON.stringify(event), raw));
  };
}

// edgeLambda returns the handler of a Lambda@Edge function, likewise.
export async function edgeLambda(file, settings) {
  const { handler } = await import(`data:text/javascript,${encodeURIComponent(render(file, settings))}`);
  return async (event) => copy(await handler(copy(event)));
}

// event reads one of the recorded events.
export function event(name) {
  return JSON.parse(readFileSync(new URL(`events/${name}.json`, import.meta.url), "utf8"));
}

export function copy(value) {
  return JSON.parse(JSON.stringify(value));
}

// Header names that AWS keeps from functions, and those that they may only read: the
// lists of "Restrictions on all edge functions" in CloudFront's documentation.
export const DISALLOWED = new RegExp(
  "^(connection|expect|keep-alive|proxy-(authenticate|authorization|connection)|trailer|upgrade|x-accel-(buffering|charset|limit-rate|redirect)" +
    "|x-amz-cf-.*|x-amzn-(auth|cf-billing|cf-id|cf-xff|errortype|fle-profile|header-count|header-order|lambda-integration-tag|requestid)" +
    "|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$",
);
export const READ_ONLY = {
  viewerRequest: ["content-length", "host", "transfer-encoding", "via"],
  originRequest: [
    "accept-encoding", "content-length", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "transfer-encoding", "via",
  ],
  viewerResponse: ["warning", "via"],
};
