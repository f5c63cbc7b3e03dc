package smoke

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	modelsPath = "/api/models"
	body       = `{"messages":[{"role":"user","content":"Hello"}]}`
)

// request is one question to the stack and the status that it must get.
type request struct {
	name   string
	url    string
	header string // value of the origin key's header; "" sends none
	status int
}

// requests are what proves the front door: each differs from another in one
// point only, so that together they tell what opens it.
func requests(t Target, key string) []request {
	wrong := strings.Repeat("0", len(key))
	front, direct := t.DistributionURL+t.APIPrefix+"/models", t.APIURL+t.APIPrefix+"/models"
	return []request{
		{"through CloudFront", front, "", http.StatusOK},
		{"through CloudFront, viewer sends a wrong key", front, wrong, http.StatusOK},
		{"direct, no key", direct, "", http.StatusUnauthorized},
		{"direct, wrong key", direct, wrong, http.StatusForbidden},
		{"direct, right key", direct, key, http.StatusOK},
	}
}

// send sends the request and judges the answer. Only the model's answer makes a
// status of 200 right.
func (r request) send(ctx context.Context, headerName string) Row {
	row := Row{Name: r.name, Expected: fmt.Sprint(r.status)}
	start := time.Now()
	defer func() { row.Took = time.Since(start) }()
	got, content, err := post(ctx, r.url, headerName, r.header)
	if err != nil {
		row.Got = Short(err.Error())
		return row
	}
	row.Took = time.Since(start)
	row.OK = got == r.status
	row.Got = fmt.Sprint(got)
	if r.status == http.StatusOK {
		row.Expected += ", the model's answer"
		text, err := answer(content)
		if row.OK && err != nil {
			row.OK = false
			row.Got += ", " + Short(err.Error())
		} else if row.OK {
			row.Got += ", " + Short(text)
		}
	}
	if !row.OK && got != http.StatusOK {
		row.Got += " " + Short(string(content))
	}
	return row
}

// post sends the body to an address, with a value in the header unless it is empty.
func post(ctx context.Context, url, header, value string) (status int, content []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if value != "" {
		req.Header.Set(header, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	content, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, content, err
}

// answer is the text that the model gave.
func answer(content []byte) (string, error) {
	var reply struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(content, &reply); err != nil {
		return "", fmt.Errorf("no JSON: %w", err)
	}
	if reply.Text == "" {
		return "", fmt.Errorf("no model's answer: %s", content)
	}
	return reply.Text, nil
}
