// Package awsclient reaches the sandbox's AWS: its API as the account's administrator,
// and the controls that it has for tests, such as faults and the record of calls.
package awsclient

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// timeout bounds one request.
const timeout = 30 * time.Second

// Controls reaches the controls for tests.
type Controls struct{ Endpoint string }

// Fleet configures how CloudFront deploys.
type Fleet struct {
	DeploySeconds float64 `json:"deploySeconds"`
	Edges         int     `json:"edges"`
}

// Fault lets a kind of calls fail or take long, with a probability or a number of times.
type Fault struct {
	Service     string  `json:"service"`
	Action      string  `json:"action,omitempty"`
	Principal   string  `json:"principal,omitempty"`
	Mode        string  `json:"mode"`
	Probability float64 `json:"probability,omitempty"`
	Times       int     `json:"times,omitempty"`
	Seconds     float64 `json:"seconds,omitempty"` // of the mode "delay"
	Status      int     `json:"status,omitempty"`
	Code        string  `json:"code,omitempty"`

	Fired int `json:"-"`
}

// Fleet returns how CloudFront deploys.
func (c Controls) Fleet(ctx context.Context) (f Fleet, err error) {
	err = c.do(ctx, http.MethodGet, "cloudfront", nil, &f)
	return f, err
}

// SetFleet changes it.
func (c Controls) SetFleet(ctx context.Context, f Fleet) error {
	return c.do(ctx, http.MethodPut, "cloudfront", f, nil)
}

// SetFaults replaces the faults in force.
func (c Controls) SetFaults(ctx context.Context, faults []Fault) error {
	if faults == nil {
		faults = []Fault{}
	}
	return c.do(ctx, http.MethodPut, "faults", faults, nil)
}

// Fired returns the faults in force with how often each fired.
func (c Controls) Fired(ctx context.Context) ([]Fault, error) {
	var state struct {
		Faults []struct {
			Fault
			Fired int `json:"fired"`
		} `json:"faults"`
	}
	if err := c.do(ctx, http.MethodGet, "faults", nil, &state); err != nil {
		return nil, err
	}
	var faults []Fault
	for _, f := range state.Faults {
		f.Fault.Fired = f.Fired
		faults = append(faults, f.Fault)
	}
	return faults, nil
}

// SetSettling changes how long what a role may, and the tags of KMS keys, take to have
// an effect. It counts for what changes from now on.
func (c Controls) SetSettling(ctx context.Context, d time.Duration) error {
	return c.do(ctx, http.MethodPut, "settling", map[string]float64{"seconds": d.Seconds()}, nil)
}

// Kill ends a function's execution environments, and returns how many there were.
func (c Controls) Kill(ctx context.Context, function string) (int, error) {
	var response struct{ Killed int }
	err := c.do(ctx, http.MethodPut, "kill", map[string]string{"function": function}, &response)
	return response.Killed, err
}

// Call is one call of AWS.
type Call struct {
	N         int    `json:"n"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	Principal string `json:"principal"`
	Allowed   bool   `json:"allowed"`

	// Conditions has the condition keys that IAM knows of the request and of the resource, in lower
	// case. A value is a string or a list of strings.
	Conditions map[string]any `json:"conditions"`
}

// Calls returns the calls after a number, oldest first.
func (c Controls) Calls(ctx context.Context, since int) ([]Call, error) {
	return lines[Call](ctx, c, fmt.Sprintf("calls?since=%d", since))
}

// lines returns the values of a response that has one on each line.
func lines[T any](ctx context.Context, c Controls, path string) ([]T, error) {
	content, err := c.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	var all []T
	for decoder := json.NewDecoder(bytes.NewReader(content)); decoder.More(); {
		var one T
		if err := decoder.Decode(&one); err != nil {
			return nil, fmt.Errorf("the AWS server's %s: %w", path, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// OriginHeaders has the custom headers that one change of a distribution lets it send to
// its origins.
type OriginHeaders struct {
	N         int    `json:"n"`
	Operation string `json:"operation"`
	Headers   []struct {
		Origin    string `json:"origin"`
		Name      string `json:"name"`
		Parameter string `json:"parameter"` // that has the header's value; empty if none has
	} `json:"headers"`
}

// OriginHeaders returns the changes of distributions after a number, oldest first.
func (c Controls) OriginHeaders(ctx context.Context, since int) ([]OriginHeaders, error) {
	return lines[OriginHeaders](ctx, c, fmt.Sprintf("origin-headers?since=%d", since))
}

func (c Controls) do(ctx context.Context, method, path string, send, into any) error {
	content, err := c.request(ctx, method, path, send)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("the AWS server's %s: %w", path, err)
	}
	return nil
}

func (c Controls) request(ctx context.Context, method, path string, send any) ([]byte, error) {
	body := []byte{}
	if send != nil {
		var err error
		if body, err = json.Marshal(send); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.Endpoint+"/_gatehouse/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		name, _ := url.PathUnescape(path)
		return nil, fmt.Errorf("the AWS server's %s returned %s: %s", name, response.Status, bytes.TrimSpace(content))
	}
	return content, nil
}
