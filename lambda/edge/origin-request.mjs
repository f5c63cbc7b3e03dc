// A Lambda@Edge function of the origin-request event: the last to see a request before
// the API does. It refuses bodies that the API would not take, says from which country
// the viewer asks, and addresses the request to the API. It calls nobody and logs
// nothing: the origin's custom headers in its event have the key.

const settings = {}; // replaced at deployment

const WITH_BODY = ["POST", "PUT", "PATCH"];

const REASONS = {
  400: "Bad Request",
  411: "Length Required",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  500: "Internal Server Error",
};

export const handler = async (event) => {
  const { config, request } = event.Records[0].cf;
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
  const types = values(request, "content-type").map((type) => type.split(";")[0].trim().toLowerCase());
  if (types.length !== 1 || !settings.contentTypes.includes(types[0])) {
    const accepted = settings.contentTypes.join(", ");
    return { status: 415, detail: `The body has to be ${accepted}, and Content-Type has to say so.`, headers: { accept: accepted } };
  }
  const lengths = values(request, "content-length");
  if (lengths.length === 0) {
    return { status: 411, detail: "Content-Length has to say how long the body is." };
  }
  if (lengths.length > 1 || !/^[0-9]+$/.test(lengths[0])) {
    return { status: 400, detail: "Content-Length is no number." };
  }
  if (Number(lengths[0]) > settings.bodyLimit) {
    return { status: 413, detail: `The body has more than ${settings.bodyLimit} bytes.` };
  }
  return null;
}

// problem is a refusal as a problem document (RFC 9457), far below the 1 MB that
// CloudFront takes.
function problem({ status, detail, headers = {} }, id) {
  const response = {
    status: String(status),
    statusDescription: REASONS[status],
    headers: {},
    bodyEncoding: "text",
    body: JSON.stringify({ type: "about:blank", title: REASONS[status], status, detail, instance: id }),
  };
  const all = { "content-type": "application/problem+json", "cache-control": "no-store", [settings.requestIdHeader]: id, ...headers };
  for (const [name, value] of Object.entries(all)) {
    set(response.headers, name, value);
  }
  return response;
}

function values(request, name) {
  return (request.headers[name] ?? []).map(({ value }) => value);
}

function set(headers, name, value) {
  headers[name] = [{ key: name, value }];
}
