import { objectIn, textOr } from "./stream.mjs"; // left out of the page

// What the page says: errors as the API describes them, budgets, times and usage.

// problemIn returns the problem of a response that failed: a problem document of the API, a
// message of the platform, or what CloudFront's own pages leave of it.
export function problemIn(status, headers, body) {
  const document = objectIn(body);
  const fallback = status === 0 ? "The response is no answer of this API." : `The response has the status ${status} and no description.`;
  return {
    status,
    title: textOr(document?.title, `Status ${status}`),
    detail: textOr(document?.detail, textOr(document?.error?.message, textOr(document?.message, fallback))),
    code: textOr(document?.code, textOr(document?.error?.code, "")),
    faults: faultsIn(document?.errors),
    retryAfter: headers.get("retry-after") ?? "",
    requestId: textOr(document?.instance, headers.get("x-request-id") ?? ""),
  };
}

function faultsIn(errors) {
  if (!Array.isArray(errors)) return [];
  return errors.map((fault) => `${textOr(fault?.pointer, "") || "the body"}: ${textOr(fault?.detail, "")}`);
}

// problemText describes a problem in one line each.
export function problemText(problem) {
  const lines = [`${problem.title}: ${problem.detail}`, ...(problem.faults ?? [])];
  if (problem.retryAfter) lines.push(/^\d+$/.test(problem.retryAfter) ? `Try again in ${waitText(Number(problem.retryAfter))}.` : `Try again after ${problem.retryAfter}.`);
  const known = [problem.code && `code ${problem.code}`, problem.requestId && `request ${problem.requestId}`].filter(Boolean);
  if (known.length > 0) lines.push(`(${known.join(", ")})`);
  return lines.join("\n");
}

function waitText(seconds) {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.ceil(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.ceil(seconds / 3600)} h` : `${Math.ceil(seconds / 86400)} days`;
}

// needsWhole reports whether a request failed because the API streams nothing.
export function needsWhole(problem) {
  return problem.status === 422 && problem.code === "streaming_unsupported";
}

// endText describes how an answer ended, or returns '' for the usual end. cause is the error
// with which the connection broke, if it did.
export function endText(answer, stopped, cause) {
  if (answer.failure) return problemText(answer.failure);
  if (stopped) return "Stopped.";
  if (!answer.done) return `The answer is cut: ${cause ? `the connection broke (${cause})` : "the stream ended without [DONE]"}.`;
  if (answer.reason === "length") return "The answer ends here because it has the most tokens that it may have.";
  if (answer.reason === "content_filter") return "A filter ended the answer.";
  return answer.text === "" ? "The answer is empty." : "";
}

// headerBudgetText describes the header x-gatehouse-budget-left, such as "7.4213 usd".
export function headerBudgetText(header) {
  const [amount, unit] = (header ?? "").split(" ");
  return amount && unit ? `${amountText(Number(amount), unit)} left` : "";
}

// budgetText describes the budget in the response of GET /usage.
export function budgetText({ limit, used, held, left, unit, period, window_end: end }) {
  const when = { day: " today", month: " this month" }[period] ?? "";
  const amounts = limit === null || left === null
    ? `${amountText(used, unit)} used${when}, no limit`
    : `${amountText(left, unit)} left of ${amountText(limit, unit)}${when}`;
  const holds = held > 0 ? `; ${amountText(held, unit)} held for requests that have not ended` : "";
  return amounts + holds + (end && limit !== null ? `; renewed at ${end.replace("T", " ").replace(/:00(\.0+)?Z$/, " UTC")}` : "");
}

function amountText(amount, unit) {
  if (unit === "usd") return `$${amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;
  return `${amount.toLocaleString("en-US")} ${unit}`;
}

// measureText describes the times of an answer, in milliseconds, and its usage.
export function measureText({ first, total }, usage) {
  const parts = [];
  if (first !== null) parts.push(`first token after ${timeText(first)}`);
  parts.push(`${timeText(total)} in all`);
  if (usage) parts.push(`${usage.prompt_tokens} tokens in, ${usage.completion_tokens} out`);
  const cached = usage?.prompt_tokens_details?.cached_tokens;
  if (cached > 0) parts.push(`${cached} of them from the cache`);
  return parts.join(" · ");
}

function timeText(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

// prefixOf returns the prefix of the API's paths, from the path of this page.
export function prefixOf(pathname) {
  return pathname.replace(/\/playground$/, "");
}

// isSendable reports whether a key can be in a header.
export function isSendable(key) {
  return /^[\x21-\x7e]*$/.test(key);
}
