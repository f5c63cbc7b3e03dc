package smoke

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
)

// clientHeader tells the private model which client asks.
const clientHeader = "x-gatehouse-client"

// healthTime is the longest that the load balancer may take to notice that a target is
// gone or back: three health checks, and the slack of a busy machine.
const healthTime = 90 * time.Second

// privatePath is the part of the path that the private model sees.
const privatePath = "/v1/echo"

// privateModel checks what the private model sees of requests through CloudFront. Those that
// bypass it are among the checks of `gatehouse verify`. A stack without a private model has no
// checks.
func privateModel(e *env.Environment, key string) []check.Check {
	prefix, header := e.Outputs["inferencePrefix"], e.Outputs["originHeaderName"]
	if prefix == "" {
		return nil
	}
	request := func(name, value string) check.Check {
		return check.Check{Name: name, Want: "200, seen as " + privatePath + " without key", Run: func(ctx context.Context) (string, error) {
			got, content, err := post(ctx, e.Authorization(), e.DistributionURL()+prefix+privatePath+"?a=b", header, value)
			switch {
			case err != nil:
				return "", err
			case got != http.StatusOK:
				return "", fmt.Errorf("%d %s", got, content)
			}
			return "", verifySeen(content, header, !e.ClientKey.IsZero())
		}}
	}
	return []check.Check{
		request("private model through CloudFront", ""), request("private model, viewer sends a wrong key", strings.Repeat("0", len(key))),
	}
}

// verifySeen returns an error unless the model saw the request as it must: with the path
// below the prefix, without the key and, if the API has clients, with the client's name but
// without its credential.
func verifySeen(content []byte, header string, clients bool) error {
	var seen privatemodel.Seen
	if err := json.Unmarshal(content, &seen); err != nil {
		return fmt.Errorf("no response of the private model: %w", err)
	}
	switch {
	case slices.Contains(seen.Headers, header):
		return errors.New("the key reached the model")
	case slices.Contains(seen.Headers, credential.Header):
		return errors.New("the client's credential reached the model")
	case clients && seen.Values[clientHeader] != localclient.Name:
		return fmt.Errorf("the model was told that the client is %q", seen.Values[clientHeader])
	case seen.Path != privatePath || seen.Query != "a=b" || seen.Method != http.MethodPost:
		return fmt.Errorf("seen as %s %s?%s", seen.Method, seen.Path, seen.Query)
	}
	return nil
}

// PrivateModelAway checks what a viewer gets while no target of the load balancer is
// healthy, and that it ends. It stops the private model and starts it again, which takes a
// minute. A stack without a private model has no check.
func PrivateModelAway(e *env.Environment, doing func(string)) []check.Check {
	prefix := e.Outputs["inferencePrefix"]
	if prefix == "" {
		return nil
	}
	return []check.Check{away(e.DistributionURL()+prefix+privatePath+"?a=b", e.Authorization(),
		func(ctx context.Context) error { return privatemodel.Stop(ctx, e.Checkout) },
		func(ctx context.Context) error {
			return privatemodel.Ensure(ctx, e.Checkout, e.Servers.Cloud.Ports.PrivateModel)
		}, doing)}
}

// away checks that CloudFront responds with its own document, not with the load
// balancer's page, while the model is stopped.
func away(url string, credential http.Header, stop, start func(context.Context) error, doing func(string)) check.Check {
	c := check.Check{Name: "private model away, and back", Want: "503 as a problem, 200"}
	c.Run = func(ctx context.Context) (string, error) {
		doing("waiting for the load balancer to miss its target")
		if err := stop(ctx); err != nil {
			return "", errors.Join(err, start(context.WithoutCancel(ctx)))
		}
		status, page := waitFor(ctx, credential, url, http.StatusServiceUnavailable)
		doing("waiting for the load balancer to see its target")
		if err := start(context.WithoutCancel(ctx)); err != nil {
			return "", err
		}
		back, _ := waitFor(ctx, credential, url, http.StatusOK)
		if got := fmt.Sprintf("%d%s, %d", status, asProblem(page, status), back); got != c.Want {
			return "", errors.New(got)
		}
		return "", nil
	}
	return c
}

// asProblem returns " as a problem" if a page is a problem document with the status.
func asProblem(page []byte, status int) string {
	var problem struct{ Status int }
	if json.Unmarshal(page, &problem) != nil || problem.Status != status {
		return ""
	}
	return " as a problem"
}

// waitFor sends requests until a response has the status, and returns the last one.
func waitFor(ctx context.Context, credential http.Header, url string, status int) (got int, content []byte) {
	for deadline := time.Now().Add(healthTime); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(500 * time.Millisecond) {
		if got, content, _ = post(ctx, credential, url, "", ""); got == status {
			break
		}
	}
	return got, content
}
