package rotationtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// controls are the local cloud's controls for tests.
type controls struct{ endpoint string }

// fleet is how CloudFront deploys.
type fleet struct {
	DeploySeconds float64 `json:"deploySeconds"`
	Edges         int     `json:"edges"`
}

// fault is a kind of calls that fail or take long.
type fault struct {
	Service     string  `json:"service"`
	Action      string  `json:"action"`
	Principal   string  `json:"principal"`
	Mode        string  `json:"mode"`
	Probability float64 `json:"probability"`
	Seconds     float64 `json:"seconds,omitempty"`
	Status      int     `json:"status,omitempty"`
	Code        string  `json:"code,omitempty"`

	Fired int `json:"-"`
}

func (c controls) fleet(ctx context.Context) (fleet, error) {
	var f fleet
	return f, c.do(ctx, http.MethodGet, "cloudfront", nil, &f)
}

func (c controls) setFleet(ctx context.Context, f fleet) error {
	return c.do(ctx, http.MethodPut, "cloudfront", f, nil)
}

func (c controls) setFaults(ctx context.Context, faults []fault) error {
	if faults == nil {
		faults = []fault{}
	}
	return c.do(ctx, http.MethodPut, "faults", faults, nil)
}

// fired returns the faults in force with how often each fired.
func (c controls) fired(ctx context.Context) ([]fault, error) {
	var state struct {
		Faults []struct {
			fault
			Fired int `json:"fired"`
		} `json:"faults"`
	}
	if err := c.do(ctx, http.MethodGet, "faults", nil, &state); err != nil {
		return nil, err
	}
	var faults []fault
	for _, f := range state.Faults {
		f.fault.Fired = f.Fired
		faults = append(faults, f.fault)
	}
	return faults, nil
}

// kill ends a function's execution environments, and returns how many there were.
func (c controls) kill(ctx context.Context, function string) (int, error) {
	var answer struct{ Killed int }
	return answer.Killed, c.do(ctx, http.MethodPut, "kill", map[string]string{"function": function}, &answer)
}

// call is one call of AWS.
type call struct {
	N         int    `json:"n"`
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	Principal string `json:"principal"`
	Allowed   bool   `json:"allowed"`
}

// calls returns the calls after a number, oldest first.
func (c controls) calls(ctx context.Context, since int) ([]call, error) {
	content, err := c.request(ctx, http.MethodGet, fmt.Sprintf("calls?since=%d", since), nil)
	if err != nil {
		return nil, err
	}
	var all []call
	for decoder := json.NewDecoder(bytes.NewReader(content)); decoder.More(); {
		var one call
		if err := decoder.Decode(&one); err != nil {
			return nil, fmt.Errorf("the local cloud's calls: %w", err)
		}
		all = append(all, one)
	}
	return all, nil
}

func (c controls) do(ctx context.Context, method, path string, send, into any) error {
	content, err := c.request(ctx, method, path, send)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("the local cloud's %s: %w", path, err)
	}
	return nil
}

func (c controls) request(ctx context.Context, method, path string, send any) ([]byte, error) {
	body := []byte{}
	if send != nil {
		var err error
		if body, err = json.Marshal(send); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.endpoint+"/_gatehouse/"+path, bytes.NewReader(body))
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
		return nil, fmt.Errorf("the local cloud's %s answered %s: %s", name, response.Status, short(string(content)))
	}
	return content, nil
}
