package smoke

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
)

// viewerCountry is the country of all viewers in the sandbox.
const viewerCountry = "US"

// responseHeaders are on every response of the distribution: those of the default
// settings.
var responseHeaders = map[string]string{
	"Content-Security-Policy":   "default-src 'none'; frame-ancestors 'none'",
	"Referrer-Policy":           "no-referrer",
	"Strict-Transport-Security": "max-age=63072000; includeSubDomains",
	"X-Content-Type-Options":    "nosniff",
	"X-Custom-Ai-Header":        "secure",
	"X-Frame-Options":           "DENY",
}

// spoofed are headers that no viewer may send; the key's is added to them. With
// underscores they are the same to some servers.
var spoofed = []string{
	"Forwarded", "X-Forwarded-Host", "X-Forwarded-Server", "X_Forwarded_Host", "X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override",
	"True-Client-Ip", "X-Client-Ip", "X-Amzn-Oidc-Identity", "Cloudfront-Is-Mobile-Viewer", "X_Viewer_Country",
}

// edge checks what only the sandbox can show of the edge: requests by several names, and what headers
// reach either end.
func edge(e *env.Environment) []check.Check {
	requests := append(names(e), headers(e)...)
	if e.Outputs["inferencePrefix"] != "" {
		requests = append(requests, arrivals(e)...)
	}
	var checks []check.Check
	for _, r := range requests {
		r.Credential = e.Authorization()
		checks = append(checks, r.Check())
	}
	checks = append(checks, originTLS(e, "the API", "apiUrl"))
	if e.StreamURL() != "" {
		checks = append(checks, originTLS(e, "the API that streams", env.StreamOutput))
	}
	return checks
}

// names are requests by several names of the distribution.
func names(e *env.Environment) []httpcheck.Request {
	viewer := e.ModelsURL(e.DistributionURL())
	return []httpcheck.Request{
		{
			Name: "by its own name", Want: "200", Method: http.MethodPost, URL: viewer, Host: hostedzone.Alias, Body: body,
			Verify: func(r httpcheck.Response) error { return r.HasStatus(http.StatusOK) },
		},
		{
			Name: "by a name of another distribution", Want: "403", Method: http.MethodPost, URL: viewer, Host: "www.example.org", Body: body,
			Verify: func(r httpcheck.Response) error { return r.HasStatus(http.StatusForbidden) },
		},
	}
}

// headers verifies the headers that every response has, and that none names the servers.
func headers(e *env.Environment) []httpcheck.Request {
	return []httpcheck.Request{{
		Name: "headers of a response", Want: "security headers, own header", Method: http.MethodPost, URL: e.ModelsURL(e.DistributionURL()), Body: body,
		Verify: func(r httpcheck.Response) error {
			return errors.Join(r.HasStatus(http.StatusOK), r.HasHeaders(responseHeaders), r.HidesServers())
		},
	}}
}

// arrivals verifies what reaches the private model, which responds with what it saw.
func arrivals(e *env.Environment) []httpcheck.Request {
	const forged = "sent-by-the-viewer"
	header := map[string]string{
		"Content-Type": "application/json", e.Outputs["originHeaderName"]: forged, httpcheck.RequestIDHeader: forged, "X-Viewer-Country": "ZZ", "X-Forwarded-For": "192.0.2.66",
		"Cookie": "a=b", "Authorization": "Bearer kept",
	}
	for _, name := range spoofed {
		header[name] = forged
	}
	sent := httpcheck.Request{Method: http.MethodPost, URL: e.DistributionURL() + e.Outputs["inferencePrefix"] + privatePath, Header: header, Body: body}

	hygiene, id := sent, sent
	hygiene.Name, hygiene.Want = fmt.Sprintf("viewer forges %d headers", len(spoofed)+4), "none arrives, others do"
	hygiene.Verify = func(r httpcheck.Response) error { return verifyHeaders(r, e.Outputs["originHeaderName"]) }
	id.Name, id.Want = "request id", "the same at both ends"
	id.Verify = func(r httpcheck.Response) error {
		seen, err := seenBy(r)
		if err != nil {
			return err
		}
		there, back, own := seen.Values["x-request-id"], r.Header.Get(httpcheck.RequestIDHeader), r.Header.Get(httpcheck.CloudFrontIDHeader)
		if there == "" || there == forged || there != back || there != own {
			return fmt.Errorf("%q there, %q and %q back", there, back, own)
		}
		return r.HidesServers()
	}
	return []httpcheck.Request{hygiene, id}
}

// verifyHeaders returns an error if a header that a viewer may not send has reached the
// model, or one that it may send has not.
func verifyHeaders(r httpcheck.Response, keyHeader string) error {
	seen, err := seenBy(r)
	if err != nil {
		return err
	}
	var wrong []string
	for _, name := range append([]string{keyHeader, "Cookie"}, spoofed...) {
		if slices.Contains(seen.Headers, strings.ToLower(name)) {
			wrong = append(wrong, name)
		}
	}
	if seen.Values["x-viewer-country"] != viewerCountry {
		wrong = append(wrong, fmt.Sprintf("country %q", seen.Values["x-viewer-country"]))
	}
	if chain := seen.Values["x-forwarded-for"]; chain == "" || strings.Contains(chain, "192.0.2.66") {
		wrong = append(wrong, fmt.Sprintf("address %q", chain))
	}
	if !slices.Contains(seen.Headers, "authorization") {
		wrong = append(wrong, "no Authorization")
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, ", "))
	}
	return nil
}

// handshake is the last TLS handshake between CloudFront and an origin.
type handshake struct {
	Origin      string   `json:"origin"`
	TLS         string   `json:"tls"`
	Certificate []string `json:"certificate"` // the names that it is for
}

// originTLS checks how CloudFront reached an API, whose address is an output. The sandbox's CloudFront forwards
// nothing over a connection whose certificate it does not trust, or that is for another
// name.
func originTLS(e *env.Environment, api, output string) check.Check {
	apiName, _, _ := strings.Cut(strings.TrimPrefix(e.Outputs[output], "https://"), "/")
	return httpcheck.Request{
		Name: "CloudFront to " + api, Want: "TLS 1.2 or 1.3, verified",
		Method: http.MethodGet, URL: e.Servers.Cloud.Endpoint() + "/_gatehouse/cloudfront",
		Verify: func(r httpcheck.Response) error { return verifyHandshake(r, apiName) },
	}.Check()
}

func verifyHandshake(r httpcheck.Response, name string) error {
	var cloudFront struct{ Origins []handshake }
	if err := json.Unmarshal(r.Content, &cloudFront); err != nil {
		return err
	}
	for _, last := range cloudFront.Origins {
		if last.Origin != name {
			continue
		}
		covers := func(pattern string) bool { matches, _ := path.Match(pattern, name); return matches }
		if !slices.Contains([]string{"TLSv1.2", "TLSv1.3"}, last.TLS) || !slices.ContainsFunc(last.Certificate, covers) {
			return fmt.Errorf("%s with a certificate for %s", last.TLS, strings.Join(last.Certificate, ", "))
		}
		return nil
	}
	return fmt.Errorf("no connection to %s", name)
}
