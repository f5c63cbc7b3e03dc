// A CloudFront Function for the viewer-request event, JavaScript runtime 2.0. It responds to
// CORS preflights, rejects malformed and oversized requests and those without a credential,
// removes headers that a viewer must not send, and sets the request's id.

const settings = {}; // replaced at deployment

// Headers in which proxies forward the client's address or the original request, and those
// of this API itself. Names are compared without regular expressions here and below, which
// take this runtime longer than all the rest.
const PROXY_HEADERS = ['cf-connecting-ip', 'forwarded', 'proxy', 'x-azure-socketip', 'x-host', 'x-http-host-override', 'x-http-method',
  'x-http-method-override', 'x-method-override', 'x-originating-ip', 'x-real-ip', 'x-remote-addr', 'x-remote-ip', 'x-rewrite-url'];
const PROXY_PREFIXES = ['x-amzn-', 'x-apigateway-', 'x-envoy-', 'x-forwarded', 'x-gatehouse-', 'x-original-'];
const PROXY_ENDINGS = ['client-ip', 'clientip'];

// The headers in which clients send credentials, with what precedes those in lower case.
const SCHEMES = { authorization: 'bearer ', 'x-api-key': '' };

const REASONS = {
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  414: 'URI Too Long',
};

// The codes of problems in the API's OpenAPI description.
const CODES = {
  400: 'malformed_request',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'body_too_large',
  414: 'target_too_long',
};

function handler(event) {
  const request = event.request;
  // A preflight never reaches the API. It succeeds even if the request that follows will be
  // rejected, since the page could not read that error otherwise.
  if (isPreflight(request)) {
    return preflight(event);
  }
  const claimed = request.headers[settings.requestIdHeader];
  removeHeaders(request.headers);
  const refusal = targetRefusal(request) || methodRefusal(request) || lengthRefusal(request) || credentialRefusal(request);
  if (refusal) {
    return problem(event, refusal);
  }
  request.headers[settings.requestIdHeader] = replacement(claimed, event.context.requestId);
  return request;
}

// targetRefusal rejects paths that servers interpret differently: a path that one server
// accepts may be another path to the next.
function targetRefusal(request) {
  const query = request.rawQueryString();
  const target = request.uri + (query ? '?' + query : '');
  if (target.length > settings.targetLimit) {
    return { status: 414, detail: 'Path and query have more than ' + settings.targetLimit + ' bytes.' };
  }
  if (/[^\x21-\x7e]|[\\#]|%00|%(?![0-9A-Fa-f]{2})/.test(target)) {
    return { status: 400, detail: 'Path or query have unencoded characters, or encode an invalid one.' };
  }
  let path = request.uri;
  if (path.includes('%')) {
    // An HTTP API forwards the decoded path: these would end the path, or begin another
    // escape.
    if (/%(23|25|3f)/i.test(path)) {
      return { status: 400, detail: 'The path encodes #, % or ?.' };
    }
    try {
      path = decodeURIComponent(path);
    } catch (error) {
      return { status: 400, detail: 'The path encodes invalid UTF-8.' };
    }
    if (/[\x00-\x1f\x7f-\x9f\\]/.test(path)) {
      return { status: 400, detail: 'The path encodes a control character or a backslash.' };
    }
  }
  if (path.includes('/.') && /\/\.\.?(;[^\/]*)?(\/|$)/.test(path)) {
    return { status: 400, detail: 'The path has dot segments.' };
  }
  if (!isBelow(request, settings.prefix) && !isBelow(request, settings.problemsPrefix)) {
    const prefix = settings.prefix;
    return {
      status: 404,
      detail: 'All paths of the API begin with ' + prefix + '/, such as ' + prefix + '/chat/completions: the base URL ends with ' + prefix + '.',
    };
  }
  return null;
}

// isBelow compares the path as it was sent: an encoded prefix doesn't match.
function isBelow(request, prefix) {
  return Boolean(prefix) && request.uri.startsWith(prefix + '/');
}

function methodRefusal(request) {
  // CloudFront itself fetches documents, with GET, regardless of the viewers' methods.
  if (settings.methods.indexOf(request.method) >= 0 || isBelow(request, settings.problemsPrefix)) {
    return null;
  }
  const allowed = settings.methods.join(', ');
  return { status: 405, detail: 'Allowed methods: ' + allowed + '.', headers: { allow: allowed } };
}

function lengthRefusal(request) {
  const length = valueOf(request, 'content-length');
  if (length && !/^[0-9]+$/.test(length)) {
    return { status: 400, detail: 'Content-Length must be a number.' };
  }
  if (Number(length) > settings.bodyLimit) {
    return { status: 413, detail: 'The body has more than ' + settings.bodyLimit + ' bytes.' };
  }
  return null;
}

// credentialRefusal moves the client's credential from the header in which it was sent to
// one that private models don't receive, and rejects requests without one if it is
// required. A header without a credential of this API stays: it is the private model's.
function credentialRefusal(request) {
  const rules = settings.credential;
  if (!rules || !isBelow(request, settings.prefix) || isOpen(request)) {
    return null;
  }
  const headers = request.headers;
  let found = '';
  let sent = '';
  let several = false;
  Object.keys(SCHEMES).forEach(function (name) {
    const header = headers[name] || { value: '' };
    const values = header.multiValue || [header];
    values.forEach(function (each) {
      const credential = credentialIn(each.value, SCHEMES[name]);
      const other = found && found !== credential;
      several = several || (values.length > 1 ? rules.required || credential : other && credential);
      sent += each.value;
      if (credential) {
        found = credential;
        delete headers[name];
      }
    });
  });
  if (several) {
    return unproven(400, 'several_credentials', ', error="invalid_request"', 'Send one credential, once: as Authorization: Bearer or as X-API-Key.');
  }
  if (found) {
    headers[rules.header] = { value: found };
  } else if (rules.required) {
    return sent
      ? unproven(401, 'invalid_api_key', ', error="invalid_token"', 'Keys of this API are sk-gth_ and 49 letters or digits: send one as Authorization: Bearer.')
      : unproven(401, 'missing_credential', '', 'Send your key as Authorization: Bearer sk-gth_...; the operator of this API hands out keys.');
  }
  return null;
}

// isOpen reports whether a path needs no credential. The API ignores /v1 after the prefix.
function isOpen(request) {
  const path = request.uri.slice(settings.prefix.length);
  return settings.credential.open.includes(path.startsWith('/v1/') ? path.slice(3) : path);
}

// credentialIn returns what follows a scheme if it has the form of a key, or of a token (a
// JWS of three parts) where the API accepts those. Else it returns ''. The API verifies the
// rest.
function credentialIn(value, scheme) {
  const text = value.slice(scheme.length).trim();
  const fits = /^sk-gth_[0-9A-Za-z]{49}$/.test(text)
    || (settings.credential.tokens && text.length <= 8192 && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text));
  return fits && value.slice(0, scheme.length).toLowerCase() === scheme ? text : '';
}

// unproven returns a refusal with a challenge (RFC 6750, section 3).
function unproven(status, code, error, detail) {
  return { status: status, code: code, detail: detail, headers: { 'www-authenticate': 'Bearer realm="gatehouse"' + error } };
}

function isPreflight(request) {
  return request.method === 'OPTIONS' && Boolean(valueOf(request, 'origin') && valueOf(request, 'access-control-request-method'));
}

// preflight returns the response to a preflight. The API has no route for preflights.
function preflight(event) {
  const cors = settings.cors;
  if (!allowedOrigin(event.request)) {
    return problem(event, { status: 403, detail: 'The origin is not allowed.' });
  }
  if (cors.methods.indexOf(valueOf(event.request, 'access-control-request-method')) < 0) {
    return problem(event, { status: 403, detail: 'Allowed methods: ' + cors.methods.join(', ') + '.' });
  }
  return respond(event, 204, {
    'access-control-allow-methods': cors.methods.join(', '),
    'access-control-allow-headers': allowedHeaders(event.request),
    'access-control-max-age': String(cors.maxAge),
  });
}

// allowedHeaders lists the headers that a page may send. A name with * at its end is
// replaced by the requested headers that match it, because browsers don't support such
// names.
function allowedHeaders(request) {
  const requested = valueOf(request, 'access-control-request-headers').split(',').map(function (name) {
    return name.trim();
  });
  return settings.cors.headers.map(function (header) {
    return header.length < 2 || !header.endsWith('*') ? header : requested.filter(function (name) {
      return name.startsWith(header.slice(0, -1)) && /^[a-z0-9_-]+$/.test(name);
    }).join(', ');
  }).filter(Boolean).join(', ');
}

// allowedOrigin returns the Access-Control-Allow-Origin for a request, or ''. A wildcard
// matches one label.
function allowedOrigin(request) {
  const origin = valueOf(request, 'origin');
  const fits = Boolean(settings.cors && origin) && settings.cors.origins.some(function (pattern) {
    const parts = pattern.split('*');
    return parts.length === 1 ? origin === pattern : pattern === '*' || (origin.startsWith(parts[0]) && origin.endsWith(parts[1])
      && /^[a-z0-9-]+$/.test(origin.slice(parts[0].length, origin.length - parts[1].length)));
  });
  return !fits ? '' : settings.cors.origins[0] === '*' ? '*' : origin;
}

// removeHeaders removes the headers that viewers must not send. Some servers treat an
// underscore or a dot in a header's name as a hyphen.
function removeHeaders(headers) {
  Object.keys(headers).forEach(function (name) {
    const read = name.includes('_') || name.includes('.') ? name.replace(/[._]/g, '-') : name;
    if (!isViewers(read) && !settings.cloudFrontHeaders.includes(name)) {
      delete headers[name];
    }
  });
}

// isViewers reports whether a viewer may send a header. CloudFront overwrites the headers
// that it adds itself.
function isViewers(name) {
  const own = name === settings.keyHeader || name === settings.countryHeader || name === settings.requestIdHeader;
  return !own && !name.startsWith('cloudfront-') && !PROXY_HEADERS.includes(name) && !PROXY_PREFIXES.some(function (prefix) {
    return name.startsWith(prefix);
  }) && !PROXY_ENDINGS.some(function (ending) {
    return name.endsWith(ending);
  });
}

// replacement returns a header with one value in place of the present one, if any. For a
// header that was sent more than once, CloudFront keeps all values but the first unless
// multiValue is replaced too.
function replacement(header, value) {
  return header && header.multiValue ? { value: value, multiValue: [{ value: value }] } : { value: value };
}

function valueOf(request, name) {
  return request.headers[name] ? request.headers[name].value : '';
}

// problem returns an error in the API's format: a problem document (RFC 9457) with an error
// for OpenAI's clients.
function problem(event, refusal) {
  const code = refusal.code || CODES[refusal.status];
  const response = respond(event, refusal.status, refusal.headers || {});
  response.headers['content-type'] = { value: 'application/problem+json' };
  response.headers['cache-control'] = { value: 'no-store' };
  if (event.request.method !== 'HEAD') {
    response.body = {
      encoding: 'text',
      data: JSON.stringify({
        type: 'about:blank',
        title: REASONS[refusal.status],
        status: refusal.status,
        detail: refusal.detail,
        instance: event.context.requestId,
        code: code,
        error: {
          message: refusal.detail,
          type: refusal.status === 401 ? 'authentication_error' : 'invalid_request_error',
          param: null,
          code: code,
        },
      }),
    };
  }
  return response;
}

// respond returns a response with all headers of the response headers policy, which AWS
// doesn't document to apply to a function's responses.
function respond(event, status, headers) {
  const all = {};
  const add = function (more) {
    Object.keys(more).forEach(function (name) {
      all[name] = { value: more[name] };
    });
  };
  add(settings.answerHeaders);
  add(headers);
  all[settings.requestIdHeader] = { value: event.context.requestId };
  const origin = allowedOrigin(event.request);
  if (origin) {
    add({ 'access-control-allow-origin': origin });
    if (settings.cors.credentials) {
      add({ 'access-control-allow-credentials': 'true' });
    }
    if (settings.cors.exposedHeaders.length > 0) {
      add({ 'access-control-expose-headers': settings.cors.exposedHeaders.join(', ') });
    }
  }
  if (settings.cors && origin !== '*') {
    add({ vary: 'Origin' });
  }
  return { statusCode: status, statusDescription: REASONS[status], headers: all };
}
