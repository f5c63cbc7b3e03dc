// A CloudFront Function of the viewer-response event, JavaScript runtime 2.0: an
// answer names the request it is for, and has the headers that a policy can't add.
// CloudFront runs it for answers below 400 only; X-Amz-Cf-Id is on all of them.

const settings = {}; // replaced at deployment

function handler(event) {
  const response = event.response;
  response.headers[settings.requestIdHeader] = { value: event.context.requestId };
  Object.keys(settings.headers).forEach(function (name) {
    response.headers[name] = { value: settings.headers[name] };
  });
  return response;
}
