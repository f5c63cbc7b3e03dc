package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// rest returns a handler whose streams answer at once.
func rest() *setup { return newStreamingSetup(sayGoodDay()) }

func TestRESTEvents(t *testing.T) {
	body := strings.TrimSuffix(helloChat, "}") + `,"max_tokens":7}`
	encoded := restChat(base64.StdEncoding.EncodeToString([]byte(body)))
	encoded.IsBase64Encoded = true
	oneValued := restChat(body)
	oneValued.MultiValueHeaders, oneValued.Headers = nil, map[string]string{"CONTENT-TYPE": "application/json", "X-Request-Id": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}
	lower := restChat(body)
	lower.MultiValueHeaders = map[string][]string{"content-type": {"application/json; charset=utf-8"}, "X-REQUEST-ID": {"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"}}
	lower.Headers = map[string]string{"content-type": "text/plain"}
	versioned := restChat(body)
	versioned.Version, versioned.Path = "1.0", "/api/v1/chat/completions"
	for title, e := range map[string]restEvent{"as it is": restChat(body), "base64": encoded, "one value of each": oneValued, "lower case": lower, "below v1": versioned} {
		s := rest()
		r, answer := s.ask(t, t.Context(), e)
		assert.Equal(t, http.StatusOK, r.StatusCode, "%s: %s", title, answer)
		assert.Equal(t, "application/json", r.Headers["content-type"])
		assert.Equal(t, 7, s.fake.calls[0].MaxTokens)
		if e.MultiValueHeaders["X-REQUEST-ID"] != nil || e.MultiValueHeaders == nil {
			assert.Equal(t, "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0", r.Headers["x-request-id"], title)
		} else {
			assert.Equal(t, apiID, r.Headers["x-request-id"], title)
		}
	}
}

func TestSeveralValuesOfAHeader(t *testing.T) {
	e := restEvent{MultiValueHeaders: map[string][]string{"Accept": {"a", "b"}, "accept": {"c"}, "X-One": {"1"}}, Headers: map[string]string{"Accept": "b", "X-Two": "2"}}
	assert.Equal(t, map[string]string{"accept": "a,b,c", "x-one": "1"}, e.headers())
	assert.Empty(t, (&restEvent{}).headers())
	twice := restChat(helloChat)
	twice.MultiValueHeaders["content-type"] = []string{"text/plain"}
	r, _ := rest().ask(t, t.Context(), twice)
	assert.Equal(t, http.StatusUnsupportedMediaType, r.StatusCode)
}

func TestOtherEventsThanThoseOfARESTAPIAreErrors(t *testing.T) {
	for _, payload := range []string{
		"", "{}", "[]", "null", "7", `"Sesame"`, `{"version":"2.0","rawPath":"/api/chat/healthz","body":"Sesame"}`, `{"path":"/api/chat/healthz"}`, `{"httpMethod":"GET"}`,
		`{"version":"3.0","path":"/api/chat/healthz","httpMethod":"GET"}`, `{"version":"2.0","path":"/api/chat/healthz","httpMethod":"GET"}`,
		`{"path":"/api/chat/healthz","httpMethod":"GET","headers":"Sesame"}`, `{"path":"/api/chat/healthz","httpMethod":"GET","multiValueHeaders":{"a":"Sesame"}}`,
	} {
		r, err := rest().Stream(t.Context(), json.RawMessage(payload))
		require.Error(t, err, payload)
		assert.Nil(t, r)
		assert.NotContains(t, err.Error(), "Sesame")
	}
}

func TestPathsOfTheRESTAPI(t *testing.T) {
	for _, prefix := range []string{"/api", "/api/v1"} {
		for _, test := range []struct {
			method, path, body string
			status             int
			header, value      string
			contains           string
		}{
			{"GET", "/chat/healthz", "", 200, "content-type", "application/json", `{"status":"ok","request_id":"` + apiID + `"}`},
			{"HEAD", "/chat/healthz", "", 200, "content-type", "application/json", "\n"},
			{"POST", "/chat/healthz", "", 405, "allow", "GET, HEAD", codeMethod},
			{"GET", "/chat/completions", "", 405, "allow", "POST", codeMethod},
			{"HEAD", "/chat/completions", "", 405, "allow", "POST", "\n"},
			{"OPTIONS", "/chat/completions", "", 405, "allow", "POST", codeMethod},
			{"DELETE", "/chat/completions", "", 405, "allow", "POST", codeMethod},
			{"POST", "/chat/completions/", helloChat, 404, "", "", codeNotFound},
			{"POST", "/chat/completions/x", helloChat, 404, "", "", codeNotFound},
			{"GET", "/chat/", "", 404, "", "", codeNotFound},
			{"POST", "/chat/completions", "{", 400, "", "", codeMalformedBody},
			{"POST", "/chat/completions", "{}", 422, "", "", codeInvalidBody},
			{"POST", "/chat/completions", strings.Replace(streamChat, "nova-micro", "titan", 1), 404, "", "", codeModelNotFound},
			{"POST", "/chat/completions", strings.Repeat(" ", testMaxBody+1), 413, "", "", codeBodyTooLarge},
			{"POST", "/models", strings.TrimSuffix(hello, "}") + `,"stream":true}`, 422, "", "", codeStreaming},
		} {
			s := rest()
			r, body := s.ask(t, t.Context(), restRequest(test.method, prefix+test.path, test.body))
			assert.Equal(t, test.status, r.StatusCode, "%s %s: %s", test.method, test.path, body)
			assert.Equal(t, test.value, r.Headers[test.header])
			assert.Equal(t, "no-store", r.Headers["cache-control"])
			assert.Contains(t, body, test.contains)
			assert.Empty(t, s.fake.calls)
			lineOf(t, s)
		}
	}
}

func TestRESTRequestsThatBypassTheAuthorizerAreRejected(t *testing.T) {
	for _, e := range []restEvent{restChat(streamChat), restRequest("GET", "/api/chat/healthz", ""), restRequest("GET", "/nowhere", "")} {
		e.RequestContext.Authorizer.OriginKey = ""
		s := rest()
		r, body := s.ask(t, t.Context(), e)
		assert.Equal(t, http.StatusUnauthorized, r.StatusCode)
		assert.Contains(t, body, codeUnauthenticated)
		assert.Empty(t, s.fake.calls)
	}
}

// TestAnswersThatAreNotStreamed checks that an answer in one piece has as long as
// CloudFront waits for its first byte, and what the error for a longer one recommends.
func TestAnswersThatAreNotStreamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rest()
		ctx, cancel := context.WithTimeout(t.Context(), 302*time.Second)
		defer cancel()
		began := time.Now()
		r, body := s.ask(t, ctx, restChat(helloChat))
		assert.Equal(t, http.StatusOK, r.StatusCode)
		assert.Contains(t, body, `"content":"Good day."`)
		assert.True(t, s.fake.until.Equal(began.Add(testAnswerTimeout)), s.fake.until)
		assert.Contains(t, metricsOf(t, s), "ModelLatency")
		assert.NotContains(t, lineOf(t, s), "streamed")

		s = rest()
		s.fake.err = chat.ErrTimeout
		r, body = s.ask(t, ctx, restChat(helloChat))
		assert.Equal(t, http.StatusGatewayTimeout, r.StatusCode)
		assert.Equal(t, "false", r.Headers["x-should-retry"])
		assert.Contains(t, body, "with stream set to true")

		s = newSetup()
		s.fake.err = chat.ErrTimeout
		assert.NotContains(t, s.do(t, postChat(helloChat)).Body, "stream")
	})
}

func TestShortInvocationsBoundAnswersToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := rest()
		ctx, cancel := context.WithTimeout(t.Context(), 32*time.Second)
		defer cancel()
		began := time.Now()
		s.ask(t, ctx, restChat(helloChat))
		assert.True(t, s.fake.until.Equal(began.Add(30*time.Second)), s.fake.until)
	})
}

func TestStreamsReportWhatHadNoEffect(t *testing.T) {
	s := rest()
	s.fake.adaptation = chat.Adaptation{Dropped: []string{"seed"}}
	body := strings.TrimSuffix(streamChat, "}") + `,"stream_options":{"include_usage":true,"shape":"round"},"seed":1,"max_tokens":1e6}`
	r, _ := s.ask(t, t.Context(), restChat(body))
	assert.Equal(t, "text/event-stream; charset=utf-8", r.Headers["content-type"])
	assert.Equal(t, "seed, stream_options.shape", r.Headers[droppedHeader])
	assert.Equal(t, "max_tokens=100", r.Headers[clampedHeader])
	assert.Equal(t, "max_tokens=100", lineOf(t, s)["clamped"])
}

func TestFaultsOfStreamOptions(t *testing.T) {
	for options, pointer := range map[string]string{
		`"stream":"yes"`:      "/stream",
		`"stream_options":{}`: "/stream_options",
		`"stream":false,"stream_options":{"include_usage":true}`:         "/stream_options",
		`"stream":true,"stream_options":[]`:                              "/stream_options",
		`"stream":true,"stream_options":{"include_usage":1}`:             "/stream_options/include_usage",
		`"stream":true,"stream_options":{"include_obfuscation":"false"}`: "/stream_options/include_obfuscation",
	} {
		s := rest()
		r, body := s.ask(t, t.Context(), restChat(strings.TrimSuffix(helloChat, "}")+","+options+"}"))
		assert.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, options)
		assert.Contains(t, body, `"pointer":"`+pointer+`"`, options)
		assert.Empty(t, s.fake.calls)
	}
}

func TestTheOtherAPIHasItsOwnHealth(t *testing.T) {
	for _, path := range []string{"/api/chat/healthz", "/api/v1/chat/healthz"} {
		r := newSetup().do(t, request(http.MethodGet, path, ""))
		assert.Equal(t, http.StatusOK, r.StatusCode)
		assert.JSONEq(t, `{"status": "ok", "request_id": "`+apiID+`"}`, r.Body)
	}
}
