package verify

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
)

// question is a request to the model. Its answer costs a fraction of a cent.
const question = `{"messages":[{"role":"user","content":"Hello"}],"max_tokens":16}`

// wrongKey is an origin key that no keyring has.
var wrongKey = strings.Repeat("0", 43)

// The health checks, which need no client. The second is of the REST API that streams.
const (
	health       = "/healthz"
	streamHealth = "/chat/healthz"
)

// origin checks that CloudFront is the only way to the APIs: each accepts a request only with
// an origin key, which CloudFront sends in place of a viewer's.
func (s *Suite) origin() []check.Check {
	all := s.viewer(s.answer("through CloudFront", nil), s.answer("through CloudFront, viewer sends a wrong key", s.wrong()))
	direct := s.direct("direct", s.Addresses.API, s.path(health))
	if s.Addresses.Stream.URL != "" {
		direct = append(direct, s.direct("direct to the API that streams", s.Addresses.Stream, s.path(streamHealth))...)
	}
	for _, r := range direct {
		all = append(all, r.Check())
	}
	return all
}

func (s *Suite) wrong() map[string]string {
	return map[string]string{http.CanonicalHeaderKey(s.Outputs.OriginHeaderName): wrongKey}
}

// answer is a question to the model through CloudFront.
func (s *Suite) answer(name string, header map[string]string) httpcheck.Request {
	return httpcheck.Request{
		Name: name, Want: "200, the model's answer", Section: "model-errors",
		Method: http.MethodPost, URL: s.path("/models"), Header: header, Body: question,
		Verify: func(r httpcheck.Response) error {
			s.expectInLog(r)
			return errors.Join(r.HasStatus(http.StatusOK), hasAnswer(r.Content), r.HidesServers())
		},
	}
}

// expectInLog keeps the ids of a request that the function has served: of the access log's the
// first, which is delivered first.
func (s *Suite) expectInLog(r httpcheck.Response) {
	if r.Status == http.StatusOK {
		s.logged = r.Header.Get(httpcheck.RequestIDHeader)
		s.edgeID = cmp.Or(s.edgeID, r.Header.Get(httpcheck.CloudFrontIDHeader))
	}
}

func hasAnswer(content []byte) error {
	var reply struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(content, &reply); err != nil || reply.Text == "" {
		return errors.New("no answer of a model")
	}
	return nil
}

// direct are requests that bypass CloudFront.
func (s *Suite) direct(name string, to Address, path string) []httpcheck.Request {
	request := func(key string, header map[string]string, status int) httpcheck.Request {
		return httpcheck.Request{
			Name: name + ", " + key, Want: fmt.Sprint(status), Section: "api-denials",
			Method: http.MethodGet, URL: to.URL + path, Host: to.Host, Header: header,
			Verify: func(r httpcheck.Response) error { return r.HasStatus(status) },
		}
	}
	return []httpcheck.Request{request("no key", nil, http.StatusUnauthorized), request("wrong key", s.wrong(), http.StatusForbidden)}
}
