package smoke

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
)

// post sends the body to an address, with a value in the header unless it is empty.
func post(ctx context.Context, credential http.Header, url, header, value string) (status int, content []byte, err error) {
	r := httpcheck.Request{Method: http.MethodPost, URL: url, Body: body, Credential: credential}
	if value != "" {
		r.Header = map[string]string{header: value}
	}
	got, err := r.Send(ctx)
	return got.Status, got.Content, err
}

// seenBy returns what the private model saw of the request.
func seenBy(r httpcheck.Response) (privatemodel.Seen, error) {
	var seen privatemodel.Seen
	if err := r.HasStatus(http.StatusOK); err != nil {
		return seen, err
	}
	if err := json.Unmarshal(r.Content, &seen); err != nil {
		return seen, fmt.Errorf("no response of the private model: %w", err)
	}
	return seen, nil
}
