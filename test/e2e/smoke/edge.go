package smoke

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/hostedzone"
	"github.com/gatehouse-iac/gatehouse/test/e2e/check"
)

const (
	// corsOrigin is the one in Pulumi.local.yaml.
	corsOrigin = "https://app.example.com"

	requestIDHeader = "X-Request-Id"
	// cloudFrontIDHeader is CloudFront's own, on every response.
	cloudFrontIDHeader = "X-Amz-Cf-Id"
	// viewerCountry is the country of all viewers in the sandbox.
	viewerCountry = "US"
)

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

// openAIHeaders are those that a browser lists in the preflight of a page that uses
// OpenAI's client; Firefox lists the last one as well.
var openAIHeaders = []string{
	"authorization", "content-type", "x-stainless-arch", "x-stainless-lang", "x-stainless-os", "x-stainless-package-version",
	"x-stainless-retry-count", "x-stainless-runtime", "x-stainless-runtime-version", "x-stainless-timeout", "user-agent",
}

// edge checks what happens between viewers and the API: names and protocols, what the edge
// rejects, what headers reach either end.
func edge(e *env.Environment) []check.Check {
	requests := slices.Concat(protocols(e), headers(e), rejections(e), cors(e))
	if e.Outputs["inferencePrefix"] != "" {
		requests = append(requests, arrivals(e)...)
	}
	var checks []check.Check
	for _, r := range requests {
		r.credential = e.Authorization()
		checks = append(checks, r.check())
	}
	checks = append(checks, originTLS(e, "the API", "apiUrl"))
	if e.StreamURL() != "" {
		checks = append(checks, originTLS(e, "the API that streams", env.StreamOutput))
	}
	return checks
}

// protocols are requests over plain HTTP, and by several names.
func protocols(e *env.Environment) []request {
	domainName, alias := e.Outputs["distributionDomainName"], hostedzone.Alias
	plain, viewer := e.Servers.Cloud.Endpoint(), e.ModelsURL(e.DistributionURL())
	redirect := "https://" + domainName + "/x?a=b"
	return []request{
		{
			name: "over plain HTTP", want: "301 to HTTPS", method: http.MethodGet, url: plain + "/x?a=b", host: domainName,
			verify: func(r response) error {
				if got := r.header.Get("Location"); got != redirect {
					return fmt.Errorf("to %q", got)
				}
				return r.hasStatus(http.StatusMovedPermanently)
			},
		},
		{
			name: "over plain HTTP, the API", want: "403", method: http.MethodPost, url: e.ModelsURL(plain), host: domainName, body: body,
			verify: func(r response) error { return r.hasStatus(http.StatusForbidden) },
		},
		{
			name: "by its own name", want: "200", method: http.MethodPost, url: viewer, host: alias, body: body,
			verify: func(r response) error { return r.hasStatus(http.StatusOK) },
		},
		{
			name: "by a name of another distribution", want: "403", method: http.MethodPost, url: viewer, host: "www.example.org", body: body,
			verify: func(r response) error { return r.hasStatus(http.StatusForbidden) },
		},
	}
}

// headers verifies the headers that every response has, and that none names the servers.
func headers(e *env.Environment) []request {
	return []request{{
		name: "headers of a response", want: "security headers, own header", method: http.MethodPost, url: e.ModelsURL(e.DistributionURL()), body: body,
		verify: func(r response) error {
			return errors.Join(r.hasStatus(http.StatusOK), r.hasResponseHeaders(), r.hidesServers())
		},
	}}
}

// rejections are requests that the edge does not forward.
func rejections(e *env.Environment) []request {
	const tooLong, tooLarge = 4096, 1 << 20
	base, prefix := e.DistributionURL(), e.Outputs["apiPrefix"]
	models := e.ModelsURL("")
	all := []request{
		{name: "dot segments", want: "400", method: http.MethodGet, url: prefix + "/%2e%2e/admin"},
		{name: "an encoded NUL", want: "400", method: http.MethodGet, url: models + "%00"},
		{name: "a path encoded twice", want: "400", method: http.MethodGet, url: prefix + "/%252e%252e/admin"},
		{name: "an encoded question mark", want: "400", method: http.MethodGet, url: prefix + "/inference/v1/files/a%3Fb%23c"},
		{name: "a path without the prefix", want: "404", method: http.MethodPost, url: "/v1/chat/completions", body: body},
		{name: "a method that is not allowed", want: "405", method: http.MethodDelete, url: models},
		{name: "a path that is too long", want: "414", method: http.MethodGet, url: "/" + strings.Repeat("x", tooLong)},
		{name: "a body that is too large", want: "413", method: http.MethodPost, url: models, body: strings.Repeat(" ", tooLarge+1)},
		{
			name: "a body of another type", want: "415", method: http.MethodPost, url: models, body: body,
			header: map[string]string{"Content-Type": "text/plain"},
		},
	}
	for i, r := range all {
		status := r.want
		all[i].name = "rejected: " + r.name
		all[i].want += ", a problem"
		all[i].url = base + r.url
		all[i].verify = func(r response) error { return errors.Join(r.isProblem(status), r.hasResponseHeaders()) }
	}
	return all
}

// cors are the requests that browsers send for pages.
func cors(e *env.Environment) []request {
	viewer := e.ModelsURL(e.DistributionURL())
	preflight := func(origin string) map[string]string {
		return map[string]string{
			"Origin": origin, "Access-Control-Request-Method": http.MethodPost, "Access-Control-Request-Headers": "content-type",
		}
	}
	const allowOrigin = "Access-Control-Allow-Origin"
	return []request{
		{
			name: "CORS preflight", want: "204, allowed", method: http.MethodOptions, url: viewer, header: preflight(corsOrigin),
			verify: func(r response) error {
				return errors.Join(r.hasStatus(http.StatusNoContent), r.hasHeader(allowOrigin, corsOrigin), r.hasHeader("Access-Control-Max-Age", "3600"),
					r.lists("Access-Control-Allow-Methods", http.MethodPost), r.lists("Access-Control-Allow-Headers", "content-type"), r.hasResponseHeaders())
			},
		},
		{
			name: "CORS preflight of OpenAI's client", want: "204, all headers", method: http.MethodOptions, url: viewer,
			header: map[string]string{
				"Origin": corsOrigin, "Access-Control-Request-Method": http.MethodPost,
				"Access-Control-Request-Headers": strings.Join(openAIHeaders, ","),
			},
			verify: func(r response) error {
				err := errors.Join(r.hasStatus(http.StatusNoContent), r.hasHeader(allowOrigin, corsOrigin))
				for _, header := range openAIHeaders {
					err = errors.Join(err, r.lists("Access-Control-Allow-Headers", header))
				}
				return err
			},
		},
		{
			name: "CORS preflight of another origin", want: "403, not allowed", method: http.MethodOptions, url: viewer,
			header: preflight("https://evil.example.net"),
			verify: func(r response) error {
				return errors.Join(r.isProblem("403"), r.hasHeader(allowOrigin, ""))
			},
		},
		{
			name: "CORS request", want: "200, allowed", method: http.MethodPost, url: viewer, body: body,
			header: map[string]string{"Origin": corsOrigin, "Content-Type": "application/json"},
			verify: func(r response) error {
				return errors.Join(r.hasStatus(http.StatusOK), r.hasHeader(allowOrigin, corsOrigin), r.lists("Access-Control-Expose-Headers", "x-request-id"))
			},
		},
		{
			name: "CORS request of another origin", want: "200, not allowed", method: http.MethodPost, url: viewer, body: body,
			header: map[string]string{"Origin": "https://evil.example.net", "Content-Type": "application/json"},
			verify: func(r response) error { return errors.Join(r.hasStatus(http.StatusOK), r.hasHeader(allowOrigin, "")) },
		},
	}
}

// arrivals verifies what reaches the private model, which responds with what it saw.
func arrivals(e *env.Environment) []request {
	const forged = "sent-by-the-viewer"
	header := map[string]string{
		"Content-Type": "application/json", e.Outputs["originHeaderName"]: forged, requestIDHeader: forged, "X-Viewer-Country": "ZZ", "X-Forwarded-For": "192.0.2.66",
		"Cookie": "a=b", "Authorization": "Bearer kept",
	}
	for _, name := range spoofed {
		header[name] = forged
	}
	sent := request{method: http.MethodPost, url: e.DistributionURL() + e.Outputs["inferencePrefix"] + privatePath, header: header, body: body}

	hygiene, id := sent, sent
	hygiene.name, hygiene.want = fmt.Sprintf("viewer forges %d headers", len(spoofed)+4), "none arrives, others do"
	hygiene.verify = func(r response) error { return verifyHeaders(r, e.Outputs["originHeaderName"]) }
	id.name, id.want = "request id", "the same at both ends"
	id.verify = func(r response) error {
		seen, err := r.seen()
		if err != nil {
			return err
		}
		there, back, own := seen.Values["x-request-id"], r.header.Get(requestIDHeader), r.header.Get(cloudFrontIDHeader)
		if there == "" || there == forged || there != back || there != own {
			return fmt.Errorf("%q there, %q and %q back", there, back, own)
		}
		return r.hidesServers()
	}
	return []request{hygiene, id}
}

// verifyHeaders returns an error if a header that a viewer may not send has reached the
// model, or one that it may send has not.
func verifyHeaders(r response, keyHeader string) error {
	seen, err := r.seen()
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
	return request{
		name: "CloudFront to " + api, want: "TLS 1.2 or 1.3, verified",
		method: http.MethodGet, url: e.Servers.Cloud.Endpoint() + "/_gatehouse/cloudfront",
		verify: func(r response) error { return verifyHandshake(r, apiName) },
	}.check()
}

func verifyHandshake(r response, name string) error {
	var cloudFront struct{ Origins []handshake }
	if err := json.Unmarshal(r.content, &cloudFront); err != nil {
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
