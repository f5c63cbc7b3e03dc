// A CloudFront Function of the viewer-response event, JavaScript runtime 2.0: an
// answer names the request it is for. CloudFront runs it for answers below 400 only;
// X-Amz-Cf-Id has the same value on all of them.

const settings = {}; // replaced at deployment

function handler(event) {
  const response = event.response;
  response.headers[settings.requestIdHeader] = { value: event.context.requestId };
  return response;
}
