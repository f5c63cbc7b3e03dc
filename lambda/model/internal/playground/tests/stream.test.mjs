import assert from "node:assert/strict";
import test from "node:test";

import { Answer, EventParser, historyAfter, readStream, requestBody } from "../stream.mjs";

// parsed returns the events of a stream that comes in these pieces.
function parsed(...pieces) {
  const parser = new EventParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

const chunk = (members) => JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: null, ...members }] });

test("events are what blank lines end, with any line end", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const stream = `: a comment${end}data: one${end}${end}data:two${end}${end}data: three${end}data:  and four${end}${end}data: cut${end}`;
    // A lone CR may be the first half of CR LF: the line has ended, and the LF that may come is no other.
    assert.deepEqual(parsed(stream), ["one", "two", "three\n and four"], JSON.stringify(end));
    assert.deepEqual(parsed(...stream), ["one", "two", "three\n and four"], `${JSON.stringify(end)}, byte by byte`);
  }
});

test("pieces may end anywhere", () => {
  const stream = "data: {\"a\":\"b\"}\r\n\r\n:\r\ndata: [DONE]\r\n\r\n";
  for (let at = 0; at <= stream.length; at++) {
    assert.deepEqual(parsed(stream.slice(0, at), "", stream.slice(at)), ['{"a":"b"}', "[DONE]"], String(at));
  }
});

test("fields other than data, and events without data, are ignored", () => {
  assert.deepEqual(parsed("event: message\nid: 1\nretry: 5\ndata: x\nunknown\n\n\n\nevent: y\n\ndata\n\ndata:\ndata:\n\ndatax: z\n\n"), ["x", "", "\n"]);
});

test("an answer is put together from chunks", () => {
  const answer = new Answer();
  for (const data of [
    chunk({ delta: { role: "assistant", content: "" } }), chunk({ delta: { reasoning_content: "Hm." } }), chunk({ delta: { content: "Good " } }),
    chunk({ delta: { content: "day." } }), chunk({ finish_reason: "stop" }), '{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}', "[DONE]",
    chunk({ delta: { content: "after the end" } }),
  ]) answer.add(data);
  assert.equal(answer.text, "Good day.");
  assert.equal(answer.reason, "stop");
  assert.deepEqual(answer.usage, { prompt_tokens: 3, completion_tokens: 4 });
  assert.equal(answer.done, true);
  assert.equal(answer.failure, null);
});

test("a refusal is shown as the text", () => {
  const answer = new Answer();
  answer.add(chunk({ delta: { content: null, refusal: "No." } }));
  assert.equal(answer.text, "No.");
});

test("an error ends a stream, and so does what is no chunk", () => {
  const answer = new Answer();
  answer.add(chunk({ delta: { content: "a" } }));
  answer.add('{"error":{"message":"The model failed.","type":"server_error","param":null,"code":"model_failed"}}');
  answer.add("[DONE]");
  assert.deepEqual([answer.text, answer.done, answer.failure.detail, answer.failure.code], ["a", false, "The model failed.", "model_failed"]);
  for (const data of ["", "<html>", "[]", "null", "7", '"x"', "{"]) {
    const other = new Answer();
    other.add(data);
    assert.equal(other.failure?.title, "Malformed stream", data);
  }
  for (const data of ["{}", '{"choices":null}', '{"choices":[null]}', '{"choices":[{"delta":{"content":7}}]}', '{"choices":[{}],"usage":null}']) {
    const other = new Answer();
    other.add(data);
    assert.deepEqual([other.text, other.failure, other.usage], ["", null, null], data);
  }
});

test("a whole answer", () => {
  const answer = new Answer();
  answer.addWhole('{"choices":[{"message":{"content":"Good day."},"finish_reason":"length"}],"usage":{"prompt_tokens":1}}');
  assert.deepEqual([answer.text, answer.reason, answer.done, answer.usage.prompt_tokens], ["Good day.", "length", true, 1]);
  const malformed = new Answer();
  malformed.addWhole("<html>");
  assert.deepEqual([malformed.done, malformed.failure.title], [false, "Malformed answer"]);
});

// body is that of a response in these pieces, which fails after them if there is an error.
function body(pieces, error) {
  return new ReadableStream({
    start(controller) {
      pieces.forEach((piece) => controller.enqueue(piece));
      if (error) controller.error(error);
      else controller.close();
    },
  });
}

test("a stream is read to its end, with characters that pieces separate", async () => {
  const bytes = new TextEncoder().encode(`data: ${chunk({ delta: { content: "Grüße 🙂" } })}\n\ndata: [DONE]\n\n`);
  const answer = new Answer();
  let added = 0;
  await readStream(body(Array.from(bytes, (byte) => Uint8Array.of(byte))), answer, () => added++);
  assert.deepEqual([answer.text, answer.done, added], ["Grüße 🙂", true, 2]);
});

test("a stream may end early", async () => {
  const first = new TextEncoder().encode(`data: ${chunk({ delta: { content: "a" } })}\n\ndata: [DO`);
  const answer = new Answer();
  await readStream(body([first]), answer, () => {});
  assert.deepEqual([answer.text, answer.done], ["a", false]);
  const broken = new Answer();
  let pulls = 0;
  const breaks = new ReadableStream({ pull(controller) { if (pulls++) controller.error(new TypeError("network error")); else controller.enqueue(first); } });
  await assert.rejects(readStream(breaks, broken, () => {}), /network error/);
  assert.deepEqual([broken.text, broken.done], ["a", false]);
});

test("the conversation has the turns with an answer", () => {
  const one = historyAfter([], "Hello", "Good day.");
  assert.deepEqual(one, [{ role: "user", content: "Hello" }, { role: "assistant", content: "Good day." }]);
  assert.equal(historyAfter(one, "More", ""), one);
  assert.deepEqual(requestBody("m", one, "More", true), {
    model: "m", messages: [...one, { role: "user", content: "More" }], stream: true, stream_options: { include_usage: true },
  });
  assert.deepEqual(Object.keys(requestBody("m", [], "Hello", false)), ["model", "messages"]);
});
