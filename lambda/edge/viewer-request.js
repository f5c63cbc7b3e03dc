// The first to see a request: a CloudFront Function of the viewer-request event,
// JavaScript runtime 2.0. It answers CORS preflights, refuses what no client of the API
// sends, removes headers that a viewer must not send, and names the request.

const settings = {}; // replaced at deployment

// With these headers a proxy tells the server behind it who asks, and for what. Names
// are compared by hand here and below: a regular expression takes this runtime longer
// than all the rest.
const PROXY_HEADERS = ['cf-connecting-ip', 'forwarded', 'proxy', 'x-azure-socketip', 'x-host', 'x-http-host-override', 'x-http-method',
  'x-http-method-override', 'x-method-override', 'x-originating-ip', 'x-real-ip', 'x-remote-addr', 'x-remote-ip', 'x-rewrite-url'];
const PROXY_PREFIXES = ['x-amzn-', 'x-apigateway-', 'x-envoy-', 'x-forwarded', 'x-original-'];
const PROXY_ENDINGS = ['client-ip', 'clientip'];

const REASONS = {
  204: 'No Content',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  414: 'URI Too Long',
};

// The API's own words for the same, in its description.
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
  // A preflight never reaches the API. It is answered whatever is wrong with the request
  // that follows, or the page could not read what that is.
  if (isPreflight(request)) {
    return preflight(event);
  }
  const refusal = targetRefusal(request) || methodRefusal(request) || lengthRefusal(request);
  if (refusal) {
    return problem(event, refusal);
  }
  const claimed = request.headers[settings.requestIdHeader];
  clean(request.headers);
  request.headers[settings.requestIdHeader] = instead(claimed, event.context.requestId);
  return request;
}

// targetRefusal keeps out paths that servers read differently from one another: what
// one has let through, the next takes for something else.
function targetRefusal(request) {
  const query = request.rawQueryString();
  const target = request.uri + (query ? '?' + query : '');
  if (target.length > settings.targetLimit) {
    return { status: 414, detail: 'Path and query have more than ' + settings.targetLimit + ' bytes.' };
  }
  if (/[^\x21-\x7e]|[\\#]|%00|%(?![0-9A-Fa-f]{2})/.test(target)) {
    return { status: 400, detail: 'Path or query have characters that must be encoded, or encode one that must not be there.' };
  }
  let path = request.uri;
  if (path.includes('%')) {
    // An HTTP API decodes the path, and hands it on so: these would end the path, or
    // begin another escape.
    if (/%(23|25|3f)/i.test(path)) {
      return { status: 400, detail: 'The path encodes #, % or ?.' };
    }
    try {
      path = decodeURIComponent(path);
    } catch (error) {
      return { status: 400, detail: 'The path encodes text that is not UTF-8.' };
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
    return { status: 404, detail: 'All paths of the API begin with ' + prefix + '/, such as ' + prefix + '/chat/completions.' };
  }
  return null;
}

// isBelow compares the path as it was sent: an encoded prefix is another one.
function isBelow(request, prefix) {
  return Boolean(prefix) && request.uri.startsWith(prefix + '/');
}

function methodRefusal(request) {
  // Documents are CloudFront's to ask for, with GET, whatever viewers may use.
  if (settings.methods.indexOf(request.method) >= 0 || isBelow(request, settings.problemsPrefix)) {
    return null;
  }
  const allowed = settings.methods.join(', ');
  return { status: 405, detail: 'Allowed are ' + allowed + '.', headers: { allow: allowed } };
}

function lengthRefusal(request) {
  const length = valueOf(request, 'content-length');
  if (length && !/^[0-9]+$/.test(length)) {
    return { status: 400, detail: 'Content-Length is no number.' };
  }
  if (Number(length) > settings.bodyLimit) {
    return { status: 413, detail: 'The body has more than ' + settings.bodyLimit + ' bytes.' };
  }
  return null;
}

function isPreflight(request) {
  return request.method === 'OPTIONS' && Boolean(valueOf(request, 'origin') && valueOf(request, 'access-control-request-method'));
}

// preflight answers a browser that asks whether a page may send a request. The API
// has no route for it, and would want the key from it that a browser never has.
function preflight(event) {
  const cors = settings.cors;
  if (!allowedOrigin(event.request)) {
    return problem(event, { status: 403, detail: 'Pages of this origin may not use the API.' });
  }
  if (cors.methods.indexOf(valueOf(event.request, 'access-control-request-method')) < 0) {
    return problem(event, { status: 403, detail: 'Pages of other origins may use ' + cors.methods.join(', ') + '.' });
  }
  return answer(event, 204, {
    'access-control-allow-methods': cors.methods.join(', '),
    'access-control-allow-headers': allowedHeaders(event.request),
    'access-control-max-age': String(cors.maxAge),
  });
}

// allowedHeaders lists the headers that a page may send. A name with * at its end stands
// for those of the headers asked for that begin so, because browsers know no such names.
function allowedHeaders(request) {
  const asked = valueOf(request, 'access-control-request-headers').split(',').map(function (name) {
    return name.trim();
  });
  return settings.cors.headers.map(function (header) {
    return header.length < 2 || !header.endsWith('*') ? header : asked.filter(function (name) {
      return name.startsWith(header.slice(0, -1)) && /^[a-z0-9_-]+$/.test(name);
    }).join(', ');
  }).filter(Boolean).join(', ');
}

// allowedOrigin is the Access-Control-Allow-Origin for a request, or ''. A wildcard
// stands for one label.
function allowedOrigin(request) {
  const origin = valueOf(request, 'origin');
  const fits = Boolean(settings.cors && origin) && settings.cors.origins.some(function (pattern) {
    const parts = pattern.split('*');
    return parts.length === 1 ? origin === pattern : pattern === '*' || (origin.startsWith(parts[0]) && origin.endsWith(parts[1])
      && /^[a-z0-9-]+$/.test(origin.slice(parts[0].length, origin.length - parts[1].length)));
  });
  return !fits ? '' : settings.cors.origins[0] === '*' ? '*' : origin;
}

// clean removes what only the front door may say. Some servers take an underscore or a
// dot in a header's name for a hyphen.
function clean(headers) {
  Object.keys(headers).forEach(function (name) {
    const read = name.includes('_') || name.includes('.') ? name.replace(/[._]/g, '-') : name;
    if (!isViewers(read) && !settings.cloudFrontHeaders.includes(name)) {
      delete headers[name];
    }
  });
}

// isViewers tells whether a header is a viewer's to send. CloudFront overwrites those
// of its own that it was told to add.
function isViewers(name) {
  const own = name === settings.keyHeader || name === settings.countryHeader || name === settings.requestIdHeader;
  return !own && !name.startsWith('cloudfront-') && !PROXY_HEADERS.includes(name) && !PROXY_PREFIXES.some(function (prefix) {
    return name.startsWith(prefix);
  }) && !PROXY_ENDINGS.some(function (ending) {
    return name.endsWith(ending);
  });
}

// instead is a header with one value where there was another, or none. Of a header
// that was sent more than once, CloudFront keeps all but the first unless multiValue
// says otherwise.
function instead(header, value) {
  return header && header.multiValue ? { value: value, multiValue: [{ value: value }] } : { value: value };
}

function valueOf(request, name) {
  return request.headers[name] ? request.headers[name].value : '';
}

// problem is a refusal as the API's: a problem document (RFC 9457) with an error as
// OpenAI's clients read it.
function problem(event, refusal) {
  const code = CODES[refusal.status];
  const response = answer(event, refusal.status, refusal.headers || {});
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
        error: { message: refusal.detail, type: 'invalid_request_error', param: null, code: code },
      }),
    };
  }
  return response;
}

// answer carries all that the response headers policy adds to other answers: it is
// not promised for those of a function.
function answer(event, status, headers) {
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
