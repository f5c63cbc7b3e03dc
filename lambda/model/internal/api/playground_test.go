package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/playground"
)

func TestPlaygroundIsServed(t *testing.T) {
	s := newSetup()
	for _, path := range []string{"/api/playground", "/api/v1/playground"} {
		r := s.do(t, request(http.MethodGet, path, ""))
		assert.Equal(t, http.StatusOK, r.StatusCode)
		assert.Equal(t, playground.Page().HTML, r.Body)
		assert.Equal(t, map[string]string{
			"content-type":            "text/html; charset=utf-8",
			"content-security-policy": playground.Page().ContentSecurityPolicy,
			"x-content-type-options":  "nosniff",
			"referrer-policy":         "no-referrer",
			"cache-control":           "no-store",
			"x-request-id":            apiID,
		}, r.Headers)

		head := s.do(t, request(http.MethodHead, path, ""))
		assert.Equal(t, r.Headers, head.Headers)
		assert.Empty(t, head.Body)
	}
}

func TestPlaygroundTakesNoOtherMethods(t *testing.T) {
	r := newSetup().do(t, request(http.MethodPost, "/api/playground", ""))
	assert.Equal(t, http.StatusMethodNotAllowed, r.StatusCode)
	assert.Equal(t, "GET, HEAD", r.Headers["allow"])
	assert.NotContains(t, r.Headers, "content-security-policy", "the edge adds that of the API")
}

func TestWithoutPlaygroundThereIsNoSuchPath(t *testing.T) {
	s := newSetup()
	s.Playground = false
	s.paths = s.routes()
	for _, path := range []string{"/api/playground", "/api/v1/playground"} {
		assert.Equal(t, codeNotFound, problemIn(t, s.do(t, request(http.MethodGet, path, ""))).Code)
	}
}

func TestPlaygroundIsOnePathAlone(t *testing.T) {
	s := newSetup()
	for _, path := range []string{"/playground", "/api/playground/", "/api/playground/x", "/api/chat/playground", "/api/Playground"} {
		assert.Equal(t, codeNotFound, problemIn(t, s.do(t, request(http.MethodGet, path, ""))).Code, path)
	}
}
