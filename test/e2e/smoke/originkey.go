package smoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
)

// originKey checks that the API accepts a request only with an origin key, and that
// CloudFront sends one. Each request differs from another in one point only, so that
// together they show what the API accepts.
func originKey(e *env.Environment, key string) []check.Check {
	wrong := strings.Repeat("0", len(key))
	viewer, direct := e.ModelsURL(e.DistributionURL()), e.ModelsURL(e.APIURL())
	header := e.Outputs["originHeaderName"]
	request := func(name, url, value string, status int) check.Check {
		c := check.Check{Name: name, Want: fmt.Sprint(status)}
		if status == http.StatusOK {
			c.Want += ", the model's answer"
		}
		c.Run = func(ctx context.Context) (string, error) {
			got, content, err := post(ctx, e.Authorization(), url, header, value)
			switch {
			case err != nil:
				return "", err
			case got != status:
				return "", fmt.Errorf("%d %s", got, content)
			case status != http.StatusOK:
				return fmt.Sprint(got), nil
			}
			answer, err := modelAnswer(content)
			if err != nil {
				return "", fmt.Errorf("%d, %w", got, err)
			}
			return fmt.Sprintf("%d, %s", got, answer), nil
		}
		return c
	}
	return []check.Check{
		request("through CloudFront", viewer, "", http.StatusOK),
		request("through CloudFront, viewer sends a wrong key", viewer, wrong, http.StatusOK),
		request("direct, no key", direct, "", http.StatusUnauthorized),
		request("direct, wrong key", direct, wrong, http.StatusForbidden),
		request("direct, right key", direct, key, http.StatusOK),
	}
}

// modelAnswer returns the content of the model's answer.
func modelAnswer(content []byte) (string, error) {
	var reply struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(content, &reply); err != nil {
		return "", fmt.Errorf("no JSON: %w", err)
	}
	if reply.Text == "" {
		return "", errors.New("no answer of a model: " + string(content))
	}
	return reply.Text, nil
}
