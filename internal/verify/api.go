package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
)

// api checks those responses of the API that cost nothing.
func (s *Suite) api() []check.Check {
	requests := []httpcheck.Request{
		s.ok("API: alive", health), s.ok("API: the model is available", "/readyz"), s.ok("API: its description", "/openapi.yaml"),
		{
			Name: "API: the models", Want: "200, " + s.Outputs.ModelID, Method: http.MethodGet, URL: s.path("/models"),
			Verify: func(r httpcheck.Response) error {
				s.expectInLog(r)
				return errors.Join(r.HasStatus(http.StatusOK), lists(r.Content, s.Outputs.ModelID))
			},
		},
		s.refused("API: a path that it doesn't have", "/verify", "{}", http.StatusNotFound, "not_found"),
		s.refused("API: a body that isn't JSON", "/models", "{", http.StatusBadRequest, "malformed_body"),
		s.refused("API: a body without a question", "/models", "{}", http.StatusUnprocessableEntity, "invalid_body"),
		s.refused("API: a model that isn't allowed", chatstream.Path, `{"model":"verify.none","messages":[{"role":"user","content":"Hello"}]}`, http.StatusNotFound, "model_not_found"),
	}
	return append(s.viewer(requests...), s.credentials()...)
}

func (s *Suite) ok(name, path string) httpcheck.Request {
	return httpcheck.Request{
		Name: name, Want: "200", Section: "api-errors", Method: http.MethodGet, URL: s.path(path),
		Verify: func(r httpcheck.Response) error { return r.HasStatus(http.StatusOK) },
	}
}

func lists(content []byte, model string) error {
	var models struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(content, &models); err != nil {
		return fmt.Errorf("no list of models: %w", err)
	}
	for _, one := range models.Data {
		if one.ID == model {
			return nil
		}
	}
	return fmt.Errorf("%d other models", len(models.Data))
}

// refused is a request that the API refuses before it calls the model.
func (s *Suite) refused(name, path, body string, status int, code string) httpcheck.Request {
	return httpcheck.Request{
		Name: name, Want: fmt.Sprintf("%d %s", status, code), Section: "api-errors", Method: http.MethodPost, URL: s.path(path), Body: body,
		Verify: func(r httpcheck.Response) error {
			if r.Code() != code {
				return errors.New(r.Code())
			}
			return r.IsProblem(status)
		},
	}
}

// credentials checks that no request to a model is accepted without a client's key.
func (s *Suite) credentials() []check.Check {
	without := s.refused("API: no key", "/models", question, http.StatusUnauthorized, "missing_credential")
	without.Credential = http.Header{}
	other := s.refused("API: a key of another form", "/models", question, http.StatusUnauthorized, "invalid_api_key")
	other.Credential = http.Header{"Authorization": {"Bearer sk-verify"}}
	usage := s.ok("API: what the client has used", "/usage")
	all := s.viewer(without, other, usage)
	switch s.Outputs.ClientAccess {
	case "open":
		leaveOut(all, isOpen)
	case "migrating":
		all[0].LeftOut = "client access is migrating: requests without a key are accepted"
	}
	return all
}

// streams checks that an answer is streamed through CloudFront.
func (s *Suite) streams() []check.Check {
	c := check.Check{Name: "a stream through CloudFront", Want: "200, token by token, whole", Section: "streaming-errors", Run: s.stream}
	if s.Addresses.Stream.URL == "" {
		c.LeftOut = "streamingEnabled is off"
	}
	return []check.Check{c}
}

func (s *Suite) stream(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*httpcheck.Timeout)
	defer cancel()
	to := chatstream.Target{URL: s.Addresses.Viewer.URL + s.Outputs.APIPrefix, Host: s.Addresses.Viewer.Host, Header: s.credential()}
	got, err := to.WholeStream(ctx, chatstream.Request{
		Model: s.Outputs.ModelID, Message: "Name four colours.", Members: map[string]any{"max_completion_tokens": 32},
	})
	if err != nil {
		return "", err
	}
	if len(got.Tokens) < 2 {
		return "", errors.New("the answer came in one piece")
	}
	return fmt.Sprintf("200, %d pieces, the first after %d ms, the last after %d ms", len(got.Tokens), got.First().Milliseconds(), got.Last().Milliseconds()), nil
}
