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

	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
)

// Private is the model in the private network.
type Private struct {
	Prefix string // of its paths at the API

	// Stop and Start take the model away and bring it back. That takes a minute: without
	// them it is left out.
	Stop, Start func(context.Context) error
}

// healthTime is how long the load balancer may take to notice that a target is gone
// or back: three health checks, and the slack of a busy machine.
const healthTime = 90 * time.Second

// privatePath is what the model sees of the path.
const privatePath = "/v1/echo"

// private proves the way through the VPC link, and that there is no other.
func private(ctx context.Context, t Target, key string, doing func(string)) []Row {
	doing("through the VPC link")
	wrong := strings.Repeat("0", len(key))
	at := func(base string) string { return base + t.Private.Prefix + privatePath + "?a=b" }
	rows := []Row{
		through(ctx, "private model through CloudFront", at(t.DistributionURL), t.HeaderName, "", http.StatusOK),
		through(ctx, "private model, viewer sends a wrong key", at(t.DistributionURL), t.HeaderName, wrong, http.StatusOK),
		through(ctx, "private model direct, no key", at(t.APIURL), t.HeaderName, "", http.StatusUnauthorized),
		through(ctx, "private model direct, wrong key", at(t.APIURL), t.HeaderName, wrong, http.StatusForbidden),
	}
	if t.Private.Stop == nil {
		return rows
	}
	return append(rows, away(ctx, t, at(t.DistributionURL), doing))
}

// through asks the private model. An answer of its own is right only when it saw
// the request as it has to, without the key.
func through(ctx context.Context, name, url, header, value string, status int) (row Row) {
	row = Row{Name: name, Expected: fmt.Sprint(status)}
	if status == http.StatusOK {
		row.Expected += ", seen as " + privatePath + " without key"
	}
	start := time.Now()
	got, content, err := post(ctx, url, header, value)
	row.Took = time.Since(start)
	if err != nil {
		row.Got = Short(err.Error())
		return row
	}
	row.Got = fmt.Sprint(got)
	row.OK = got == status
	if row.OK && status == http.StatusOK {
		if err := judge(content, header); err != nil {
			row.OK = false
			row.Got += ", " + Short(err.Error())
			return row
		}
		row.Got += ", seen as " + privatePath + " without key"
	}
	return row
}

// judge says what is wrong with what the model saw.
func judge(content []byte, header string) error {
	var seen privatemodel.Seen
	if err := json.Unmarshal(content, &seen); err != nil {
		return fmt.Errorf("no answer of the private model: %w", err)
	}
	switch {
	case slices.Contains(seen.Headers, header):
		return errors.New("the key reached the model")
	case seen.Path != privatePath || seen.Query != "a=b" || seen.Method != http.MethodPost:
		return fmt.Errorf("seen as %s %s?%s", seen.Method, seen.Path, seen.Query)
	}
	return nil
}

// away shows what a viewer is told while no target is healthy, in a document that
// CloudFront shows for the load balancer's own page, and that it ends.
func away(ctx context.Context, t Target, url string, doing func(string)) (row Row) {
	row = Row{Name: "private model away, and back", Expected: "503 as a problem, 200"}
	start := time.Now()
	defer func() { row.Took = time.Since(start) }()
	doing("waiting for the load balancer to miss its target")
	if err := t.Private.Stop(ctx); err != nil {
		row.Got = Short(err.Error())
		return row
	}
	gone, page := waitFor(ctx, url, t.HeaderName, http.StatusServiceUnavailable)
	doing("waiting for the load balancer to see its target")
	if err := t.Private.Start(ctx); err != nil {
		row.Got = Short(err.Error())
		return row
	}
	back, _ := waitFor(ctx, url, t.HeaderName, http.StatusOK)
	row.Got = fmt.Sprintf("%d%s, %d", gone, asProblem(page, gone), back)
	row.OK = row.Got == row.Expected
	return row
}

// asProblem says whether a page is a problem document with the status.
func asProblem(page []byte, status int) string {
	var problem struct{ Status int }
	if json.Unmarshal(page, &problem) != nil || problem.Status != status {
		return ""
	}
	return " as a problem"
}

// waitFor asks until it gets the status, and returns the last answer that it got.
func waitFor(ctx context.Context, url, header string, status int) (got int, content []byte) {
	for deadline := time.Now().Add(healthTime); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(500 * time.Millisecond) {
		if got, content, _ = post(ctx, url, header, ""); got == status {
			break
		}
	}
	return got, content
}
