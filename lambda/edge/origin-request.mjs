// A Lambda@Edge function of the origin-request event: the last to see a request before
// the API does. It refuses bodies that the API would not take, says from which country
// the viewer asks, and addresses the request to the API. It calls nobody and logs
// nothing: the origin's custom headers in its event have the key.

const settings = {}; // replaced at deployment

const WITH_BODY = ["POST", "PUT", "PATCH"];

const REASONS = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  411: "Length Required",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  500: "Internal Server Error",
};

// The API's own words for the same, in its description.
const CODES = {
  400: "malformed_request",
  411: "length_required",
  413: "body_too_large",
  415: "unsupported_media_type",
  500: "model_unavailable",
};

// What CloudFront shows instead of its own pages, by the names that it asks for them.
const DOCUMENTS = {
  "/502.json": { title: "Bad Gateway", status: 502, detail: "The API could not be reached, or answered what is no answer." },
  "/503.json": { title: "Service Unavailable", status: 503, detail: "The API has no capacity left; try again later." },
  "/504.json": { title: "Gateway Timeout", status: 504, detail: "The API has taken too long to answer." },
};

export const handler = async (event) => {
  const { config, request } = event.Records[0].cf;
  if (settings.problemsPrefix && request.uri.startsWith(`${settings.problemsPrefix}/`)) {
    return document(request.uri.slice(settings.problemsPrefix.length));
  }
  const id = values(request, settings.requestIdHeader)[0] ?? config.requestId;
  const refusal = originRefusal(request) ?? bodyRefusal(request);
  return refusal ? problem(refusal, id) : forward(request, id);
};

// forward changes headers alone. The viewer's Host must not reach the API, which would
// look for itself under that name.
function forward(request, id) {
  const { headers } = request;
  const country = values(request, "cloudfront-viewer-country")[0];
  delete headers[settings.countryHeader];
  if (/^[A-Z0-9]{2}$/.test(country)) {
    set(headers, settings.countryHeader, country);
  }
  set(headers, settings.requestIdHeader, id);
  set(headers, "host", request.origin.custom.domainName);
  return request;
}

function originRefusal(request) {
  return request.origin?.custom ? null : { status: 500, detail: "The request has no way to the API." };
}

function bodyRefusal(request) {
  if (!WITH_BODY.includes(request.method)) {
    return null;
  }
  // Over HTTP/2 and 3 a body needs no header, so that none says nothing of the body.
  const lengths = values(request, "content-length");
  if (lengths.length === 0) {
    return { status: 411, detail: "Content-Length has to say how long the body is: 0 for none." };
  }
  // Which of its paths want a body, the API knows.
  if (lengths.every((length) => length === "0")) {
    return null;
  }
  const types = values(request, "content-type").map((type) => type.split(";")[0].trim().toLowerCase());
  if (types.length !== 1 || !settings.contentTypes.includes(types[0])) {
    const accepted = settings.contentTypes.join(", ");
    return { status: 415, detail: `The body has to be ${accepted}, and Content-Type has to say so.`, headers: { accept: accepted } };
  }
  if (lengths.length > 1 || !/^[0-9]+$/.test(lengths[0])) {
    return { status: 400, detail: "Content-Length is no number." };
  }
  if (Number(lengths[0]) > settings.bodyLimit) {
    return { status: 413, detail: `The body has more than ${settings.bodyLimit} bytes.` };
  }
  return null;
}

// document is a page for CloudFront to show with the status of the failure. It knows
// nothing of the request that failed.
function document(name) {
  const found = DOCUMENTS[name];
  return found ? answer(200, found) : answer(404, { title: REASONS[404], status: 404, detail: "There is no such document." });
}

function problem({ status, detail, headers }, id) {
  const code = CODES[status];
  const error = { message: detail, type: status < 500 ? "invalid_request_error" : "server_error", param: null, code };
  const told = { title: REASONS[status], status, detail, instance: id, code, error };
  return answer(status, told, { [settings.requestIdHeader]: id, ...headers });
}

// answer is a problem document (RFC 9457), far below the 1 MB that CloudFront takes.
function answer(status, told, more) {
  const headers = {};
  for (const [name, value] of Object.entries({ "content-type": "application/problem+json", "cache-control": "no-store", ...more })) {
    set(headers, name, value);
  }
  const body = JSON.stringify({ type: "about:blank", ...told });
  return { status: String(status), statusDescription: REASONS[status], headers, bodyEncoding: "text", body };
}

function values(request, name) {
  return (request.headers[name] ?? []).map(({ value }) => value);
}

function set(headers, name, value) {
  headers[name] = [{ key: name, value }];
}
