// Package streaming tests streamed answers through the whole stack: the distribution, the
// REST API with its authorizer, the function, and a backend that sends one token after
// another. What must hold of streams is tested here or, where one part alone can show it, in
// that part's own tests:
//
//   - the first token: TestStreams/first_token, and `make bench PART=stream`
//   - the gaps between tokens: TestStreams/gaps, and TestBrowser for a page
//   - long answers, streamed or not: TestStreams/together/…
//   - silence before the first token: TestStreams/together/silence; the same without comments in
//     the AWS server's tests
//   - errors before the first token: TestStreams/errors_before_the_first_token
//   - errors after it: TestStreams/together/an_error_within…, TestLimits/deadline; the exceptions of
//     OpenAI's clients in test/e2e/clientsuites
//   - clients that leave: TestStreams/together/clients_that_leave
//   - the REST API's own door: TestStreams/door; keys that were revoked in test/e2e/rotation
//   - a viewer that sends the origin header: TestStreams/viewer_sends_the_header
//   - rotations with open streams, a refused flush of the REST API's cache, and a header that
//     was changed by hand: test/e2e/rotation
//   - client libraries: test/e2e/clientsuites
//   - generated requests, without stream: TestDescription of test/e2e/api
//   - fuzz tests of events of the REST API and of backends: lambda/model, lambda/authorizer
//   - the order of Bedrock's events, exceptions among them, guardrails: lambda/model/internal/bedrock
//   - rules for REST APIs and compression: policy/rules
//   - a deployment without a change, streaming off and on again: TestOffAndOn
//   - each permission of the function: TestPermissions; those of the rotator in test/e2e/rotation
//   - the emulated AWS: sandbox/servers/aws/tests
//
// `go test ./test/e2e/streaming -brief` leaves out what takes minutes: a second backend,
// answers of minutes, deployments with other settings.
package streaming
