// A CloudFront Function for the viewer-response event, JavaScript runtime 2.0. It adds the
// request's id to the response, and the headers that a response headers policy can't add.
// CloudFront runs it for statuses below 400 only; X-Amz-Cf-Id is on all responses.

const settings = {}; // replaced at deployment

function handler(event) {
  const response = event.response;
  response.headers[settings.requestIdHeader] = { value: event.context.requestId };
  Object.keys(settings.headers).forEach(function (name) {
    response.headers[name] = { value: settings.headers[name] };
  });
  return response;
}
