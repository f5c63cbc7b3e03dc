// A Lambda@Edge function for the origin-request event, which runs just before CloudFront
// forwards a request to the API. It rejects bodies that the API would not accept, adds the
// viewer's country, and sets the API's Host. It makes no calls and logs nothing: its event
// has the origin key among the origin's custom headers.

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

// The codes of problems in the API's OpenAPI description.
const CODES = {
  400: "malformed_request",
  411: "length_required",
  413: "body_too_large",
  415: "unsupported_media_type",
  500: "model_unavailable",
};

// The documents that CloudFront sends in place of every response with the status, by path: of
// its own, of API Gateway's, and of the API's. They say no more than all of these have in common.
const DOCUMENTS = {
  "/502.json": { title: "Bad Gateway", status: 502, code: "model_unavailable", detail: "The API could not be reached, or its response was invalid." },
  "/503.json": { title: "Service Unavailable", status: 503, code: "model_unavailable", detail: "The API is not available. Try again later." },
  "/504.json": { title: "Gateway Timeout", status: 504, code: "model_timeout", detail: "The API did not respond in time." },
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

// forward changes headers only. It replaces the viewer's Host, since API Gateway finds an
// API by that name.
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
  return request.origin?.custom ? null : { status: 500, detail: "The request has no origin to be forwarded to." };
}

function bodyRefusal(request) {
  if (!WITH_BODY.includes(request.method)) {
    return null;
  }
  // Over HTTP/2 and 3 a request may have a body without Content-Length.
  const lengths = values(request, "content-length");
  if (lengths.length === 0) {
    return { status: 411, detail: "Content-Length is required; it must be 0 without a body." };
  }
  // The API checks which of its paths need a body.
  if (lengths.every((length) => length === "0")) {
    return null;
  }
  const types = values(request, "content-type").map((type) => type.split(";")[0].trim().toLowerCase());
  if (types.length !== 1 || !settings.contentTypes.includes(types[0])) {
    const accepted = settings.contentTypes.join(", ");
    return { status: 415, detail: `Content-Type must be ${accepted}.`, headers: { accept: accepted } };
  }
  if (lengths.length > 1 || !/^[0-9]+$/.test(lengths[0])) {
    return { status: 400, detail: "Content-Length must be a number." };
  }
  if (Number(lengths[0]) > settings.bodyLimit) {
    return { status: 413, detail: `The body has more than ${settings.bodyLimit} bytes.` };
  }
  return null;
}

// document returns a document that CloudFront sends with the status of the error. It has no
// information about the request that failed.
function document(name) {
  const found = DOCUMENTS[name];
  if (!found) {
    return respond(404, { title: REASONS[404], status: 404, detail: "The document does not exist." });
  }
  return respond(200, { ...found, error: openAIError(found) }, found.status === 503 ? { "retry-after": "1" } : {});
}

function problem({ status, detail, headers }, id) {
  const code = CODES[status];
  const fields = { title: REASONS[status], status, detail, instance: id, code, error: openAIError({ status, detail, code }) };
  return respond(status, fields, { [settings.requestIdHeader]: id, ...headers });
}

// openAIError returns the member by which OpenAI's clients know what happened.
function openAIError({ status, detail, code }) {
  return { message: detail, type: status < 500 ? "invalid_request_error" : "server_error", param: null, code };
}

// respond returns a problem document (RFC 9457), far below CloudFront's limit of 1 MB.
function respond(status, fields, more) {
  const headers = {};
  for (const [name, value] of Object.entries({ "content-type": "application/problem+json", "cache-control": "no-store", ...more })) {
    set(headers, name, value);
  }
  const body = JSON.stringify({ type: "about:blank", ...fields });
  return { status: String(status), statusDescription: REASONS[status], headers, bodyEncoding: "text", body };
}

function values(request, name) {
  return (request.headers[name] ?? []).map(({ value }) => value);
}

function set(headers, name, value) {
  headers[name] = [{ key: name, value }];
}
