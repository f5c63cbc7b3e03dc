// Reading of answers: server-sent events, and the chunks of a chat completion in them.

// EventParser parses server-sent events as the HTML standard describes them: lines end with
// CR LF, LF or CR, which pieces of the stream may separate, and an event that no blank line
// ends is none.
export class EventParser {
  #line = "";
  #data = [];
  #afterCR = false;

  // push returns the data of the events that end in this piece of the stream.
  push(text) {
    if (text === "") return [];
    const piece = this.#afterCR && text.startsWith("\n") ? text.slice(1) : text;
    this.#afterCR = piece.endsWith("\r");
    const lines = (this.#line + piece).split(/\r\n|\r|\n/);
    this.#line = lines.pop();
    const events = [];
    for (const line of lines) {
      if (line === "") this.#end(events);
      else this.#take(line);
    }
    return events;
  }

  #end(events) {
    if (this.#data.length > 0) events.push(this.#data.join("\n"));
    this.#data = [];
  }

  // #take ignores comments, which begin with a colon, and all fields but data.
  #take(line) {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    if (field !== "data") return;
    const value = colon < 0 ? "" : line.slice(colon + 1);
    this.#data.push(value.startsWith(" ") ? value.slice(1) : value);
  }
}

// Answer collects a chat completion: the chunks of a stream, or the whole.
export class Answer {
  text = "";
  reason = null; // for which the model ended it
  usage = null;
  done = false; // whether it has its end
  failure = null; // the problem that ended it

  // add takes the data of one event. What follows the end or an error is ignored.
  add(data) {
    if (this.done || this.failure) return;
    if (data === "[DONE]") {
      this.done = true;
      return;
    }
    const chunk = objectIn(data);
    if (!chunk) {
      this.failure = { title: "Malformed stream", detail: "An event of the stream is no JSON object.", code: "" };
    } else if (chunk.error) {
      this.failure = { title: "The answer failed", detail: textOr(chunk.error.message, "No reason was given."), code: textOr(chunk.error.code, "") };
    } else {
      this.#addChoice(chunk.choices?.[0], "delta");
      this.usage = chunk.usage ?? this.usage;
    }
  }

  // addWhole takes the body of a response that is not streamed.
  addWhole(body) {
    const completion = objectIn(body);
    if (!completion?.choices?.[0]) {
      this.failure = { title: "Malformed answer", detail: "The response is no chat completion.", code: "" };
      return;
    }
    this.#addChoice(completion.choices[0], "message");
    this.usage = completion.usage ?? null;
    this.done = true;
  }

  #addChoice(choice, member) {
    const content = choice?.[member];
    this.text += textOr(content?.content, "") + textOr(content?.refusal, "");
    this.reason = choice?.finish_reason ?? this.reason;
  }
}

// readStream adds the events of a response's body to an answer, and calls added after each
// piece that has any. It returns when the stream ends, with or without its last event.
export async function readStream(body, answer, added) {
  const decoder = new TextDecoder();
  const parser = new EventParser();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    const events = parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }));
    events.forEach((data) => answer.add(data));
    if (events.length > 0) added();
    if (done) return;
  }
}

// historyAfter returns the conversation with a turn, whose answer may be a part. A turn
// without an answer is left out: models reject an empty one.
export function historyAfter(history, question, text) {
  return text === "" ? history : [...history, { role: "user", content: question }, { role: "assistant", content: text }];
}

// requestBody returns the body of the request for an answer.
export function requestBody(model, history, question, streams) {
  const body = { model, messages: [...history, { role: "user", content: question }] };
  return streams ? { ...body, stream: true, stream_options: { include_usage: true } } : body;
}

export function objectIn(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

export function textOr(value, otherwise) {
  return typeof value === "string" ? value : otherwise;
}
