package httpcheck

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Headers with the id of a request.
const (
	RequestIDHeader = "X-Request-Id"
	// CloudFrontIDHeader is CloudFront's own, on every response.
	CloudFrontIDHeader = "X-Amz-Cf-Id"
)

// Response is a response with its content.
type Response struct {
	Status  int
	Header  http.Header
	Content []byte
}

// HasStatus returns an error with the content unless the response has a status.
func (r Response) HasStatus(status int) error {
	if r.Status != status {
		return fmt.Errorf("%.300s", bytes.TrimSpace(r.Content))
	}
	return nil
}

// HasHeader returns an error unless a header has a value; empty if it must be absent.
func (r Response) HasHeader(name, value string) error {
	if got := r.Header.Get(name); got != value {
		return fmt.Errorf("%s: %s", name, got)
	}
	return nil
}

// HasHeaders returns an error unless headers have these values.
func (r Response) HasHeaders(values map[string]string) error {
	var missing []error
	for name, value := range values {
		missing = append(missing, r.HasHeader(name, value))
	}
	return errors.Join(missing...)
}

// Lists returns an error unless a header's list has a value.
func (r Response) Lists(name, value string) error {
	for listed := range strings.SplitSeq(r.Header.Get(name), ",") {
		if strings.EqualFold(strings.TrimSpace(listed), value) {
			return nil
		}
	}
	return fmt.Errorf("%s: %s", name, r.Header.Get(name))
}

// HidesServers returns an error if a response names the servers behind CloudFront.
func (r Response) HidesServers() error {
	for _, name := range []string{"X-Powered-By", "Server"} {
		if value := r.Header.Get(name); value != "" && value != "CloudFront" {
			return fmt.Errorf("%s: %s", name, value)
		}
	}
	return nil
}

// Code returns the code of a problem document, empty if there is none.
func (r Response) Code() string {
	var problem struct{ Code string }
	_ = json.Unmarshal(r.Content, &problem)
	return problem.Code
}

// IsProblem returns an error unless a response is a problem document (RFC 9457) for this
// request, with a status.
func (r Response) IsProblem(status int) error {
	var problem struct {
		Type, Title, Detail, Instance string
		Status                        int
	}
	if err := json.Unmarshal(r.Content, &problem); err != nil {
		return fmt.Errorf("no problem: %w", err)
	}
	id := r.Header.Get(CloudFrontIDHeader)
	switch {
	case r.Status != status || problem.Status != r.Status:
		return fmt.Errorf("the problem's status is %d", problem.Status)
	case problem.Type != "about:blank" || problem.Title == "" || problem.Detail == "":
		return fmt.Errorf("a problem without its members: %.300s", r.Content)
	case id == "" || problem.Instance != id || r.Header.Get(RequestIDHeader) != id:
		return fmt.Errorf("the request has the ids %q, %q, %q", id, problem.Instance, r.Header.Get(RequestIDHeader))
	case r.Status == http.StatusMethodNotAllowed && r.Header.Get("Allow") == "":
		return errors.New("no Allow")
	}
	return errors.Join(r.HasHeader("Content-Type", "application/problem+json"), r.HasHeader("Cache-Control", "no-store"))
}
