package smoke

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/servers/privatemodel"
)

const (
	// corsOrigin is the one in Pulumi.local.yaml.
	corsOrigin = "https://app.example.com"

	requestIDHeader = "X-Request-Id"
	// cloudFrontIDHeader is CloudFront's own, on every answer.
	cloudFrontIDHeader = "X-Amz-Cf-Id"
	// viewerCountry is where the local cloud has all viewers.
	viewerCountry = "US"
)

// answerHeaders are on whatever comes from the distribution: those of the default
// settings.
var answerHeaders = map[string]string{
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

// openAIHeaders are those that a browser asks for when a page uses OpenAI's client;
// Firefox names the last one as well.
var openAIHeaders = []string{
	"authorization", "content-type", "x-stainless-arch", "x-stainless-lang", "x-stainless-os", "x-stainless-package-version",
	"x-stainless-retry-count", "x-stainless-runtime", "x-stainless-runtime-version", "x-stainless-timeout", "user-agent",
}

// edgeQuestion is one request to the edge, and what makes its answer right.
type edgeQuestion struct {
	name     string
	expected string

	method, url string
	host        string // instead of the address's
	header      map[string]string
	body        string

	judge func(answered) error
}

type answered struct {
	status  int
	header  http.Header
	content []byte
}

// edge proves what happens between viewers and the API: names and protocols, what is
// refused before the API, what headers say on both ways.
func edge(ctx context.Context, t Target, doing func(string)) []Row {
	questions := slices.Concat(protocols(t), answers(t), refusals(t), cors(t))
	if t.Private.Prefix != "" {
		questions = append(questions, arrivals(t)...)
	}
	var rows []Row
	for _, q := range questions {
		doing(q.name)
		rows = append(rows, q.ask(ctx))
	}
	return append(rows, originTLS(ctx, t))
}

// protocols asks over plain HTTP, and by names.
func protocols(t Target) []edgeQuestion {
	elsewhere := "https://" + t.DomainName + "/x?a=b"
	return []edgeQuestion{
		{
			name: "over plain HTTP", expected: "301 to HTTPS", method: http.MethodGet, url: t.AWSEndpoint + "/x?a=b", host: t.DomainName,
			judge: func(a answered) error {
				if got := a.header.Get("Location"); got != elsewhere {
					return fmt.Errorf("to %q", got)
				}
				return a.has(http.StatusMovedPermanently)
			},
		},
		{
			name: "over plain HTTP, the API", expected: "403", method: http.MethodPost, url: t.AWSEndpoint + modelsPath, host: t.DomainName, body: body,
			judge: func(a answered) error { return a.has(http.StatusForbidden) },
		},
		{
			name: "by its own name", expected: "200", method: http.MethodPost, url: t.DistributionURL + modelsPath, host: t.Alias, body: body,
			judge: func(a answered) error { return a.has(http.StatusOK) },
		},
		{
			name: "by a name of somebody else", expected: "403", method: http.MethodPost, url: t.DistributionURL + modelsPath, host: "www.example.org", body: body,
			judge: func(a answered) error { return a.has(http.StatusForbidden) },
		},
	}
}

// answers looks at what is on any answer, and what is not.
func answers(t Target) []edgeQuestion {
	return []edgeQuestion{{
		name: "headers of an answer", expected: "security headers, own header", method: http.MethodPost, url: t.DistributionURL + modelsPath, body: body,
		judge: func(a answered) error { return errors.Join(a.has(http.StatusOK), a.hasHeaders(), a.hides()) },
	}}
}

// refusals are requests that the edge does not let through.
func refusals(t Target) []edgeQuestion {
	const tooLong, tooLarge = 4096, 1 << 20
	all := []edgeQuestion{
		{name: "dot segments", expected: "400", method: http.MethodGet, url: "/api/%2e%2e/admin"},
		{name: "an encoded NUL", expected: "400", method: http.MethodGet, url: "/api/models%00"},
		{name: "a path encoded twice", expected: "400", method: http.MethodGet, url: "/api/%252e%252e/admin"},
		{name: "an encoded question mark", expected: "400", method: http.MethodGet, url: "/api/inference/v1/files/a%3Fb%23c"},
		{name: "a path without the prefix", expected: "404", method: http.MethodPost, url: "/v1/chat/completions", body: body},
		{name: "a method that is not allowed", expected: "405", method: http.MethodDelete, url: modelsPath},
		{name: "a path that is too long", expected: "414", method: http.MethodGet, url: "/" + strings.Repeat("x", tooLong)},
		{name: "a body that is too large", expected: "413", method: http.MethodPost, url: modelsPath, body: strings.Repeat(" ", tooLarge+1)},
		{
			name: "a body of another type", expected: "415", method: http.MethodPost, url: modelsPath, body: body,
			header: map[string]string{"Content-Type": "text/plain"},
		},
	}
	for i, q := range all {
		status := q.expected
		all[i].name = "refused: " + q.name
		all[i].expected += ", a problem"
		all[i].url = t.DistributionURL + q.url
		all[i].judge = func(a answered) error { return errors.Join(a.isProblem(status), a.hasHeaders()) }
	}
	return all
}

// cors asks as browsers do for pages.
func cors(t Target) []edgeQuestion {
	preflight := func(origin string) map[string]string {
		return map[string]string{
			"Origin": origin, "Access-Control-Request-Method": http.MethodPost, "Access-Control-Request-Headers": "content-type",
		}
	}
	const letsIn = "Access-Control-Allow-Origin"
	return []edgeQuestion{
		{
			name: "CORS preflight", expected: "204, allowed", method: http.MethodOptions, url: t.DistributionURL + modelsPath, header: preflight(corsOrigin),
			judge: func(a answered) error {
				return errors.Join(a.has(http.StatusNoContent), a.hasHeader(letsIn, corsOrigin), a.hasHeader("Access-Control-Max-Age", "3600"),
					a.lists("Access-Control-Allow-Methods", http.MethodPost), a.lists("Access-Control-Allow-Headers", "content-type"), a.hasHeaders())
			},
		},
		{
			name: "CORS preflight of OpenAI's client", expected: "204, all headers", method: http.MethodOptions, url: t.DistributionURL + modelsPath,
			header: map[string]string{
				"Origin": corsOrigin, "Access-Control-Request-Method": http.MethodPost,
				"Access-Control-Request-Headers": strings.Join(openAIHeaders, ","),
			},
			judge: func(a answered) error {
				err := errors.Join(a.has(http.StatusNoContent), a.hasHeader(letsIn, corsOrigin))
				for _, header := range openAIHeaders {
					err = errors.Join(err, a.lists("Access-Control-Allow-Headers", header))
				}
				return err
			},
		},
		{
			name: "CORS preflight of a stranger", expected: "403, not allowed", method: http.MethodOptions, url: t.DistributionURL + modelsPath,
			header: preflight("https://evil.example.net"),
			judge: func(a answered) error {
				return errors.Join(a.isProblem("403"), a.hasHeader(letsIn, ""))
			},
		},
		{
			name: "CORS request", expected: "200, allowed", method: http.MethodPost, url: t.DistributionURL + modelsPath, body: body,
			header: map[string]string{"Origin": corsOrigin, "Content-Type": "application/json"},
			judge: func(a answered) error {
				return errors.Join(a.has(http.StatusOK), a.hasHeader(letsIn, corsOrigin), a.lists("Access-Control-Expose-Headers", "x-request-id"))
			},
		},
		{
			name: "CORS request of a stranger", expected: "200, not allowed", method: http.MethodPost, url: t.DistributionURL + modelsPath, body: body,
			header: map[string]string{"Origin": "https://evil.example.net", "Content-Type": "application/json"},
			judge:  func(a answered) error { return errors.Join(a.has(http.StatusOK), a.hasHeader(letsIn, "")) },
		},
	}
}

// arrivals asks the private model what it saw.
func arrivals(t Target) []edgeQuestion {
	const lie = "a-viewers-word"
	header := map[string]string{
		"Content-Type": "application/json", t.HeaderName: lie, requestIDHeader: lie, "X-Viewer-Country": "ZZ", "X-Forwarded-For": "192.0.2.66",
		"Cookie": "a=b", "Authorization": "Bearer kept",
	}
	for _, name := range spoofed {
		header[name] = lie
	}
	at := edgeQuestion{method: http.MethodPost, url: t.DistributionURL + t.Private.Prefix + privatePath, header: header, body: body}

	hygiene, id := at, at
	hygiene.name, hygiene.expected = fmt.Sprintf("viewer sends %d headers of others", len(spoofed)+4), "none arrives, others do"
	hygiene.judge = func(a answered) error { return judgeHeaders(a, t.HeaderName) }
	id.name, id.expected = "request id", "the same at both ends"
	id.judge = func(a answered) error {
		seen, err := a.seen()
		if err != nil {
			return err
		}
		there, back, own := seen.Values["x-request-id"], a.header.Get(requestIDHeader), a.header.Get(cloudFrontIDHeader)
		if there == "" || there == lie || there != back || there != own {
			return fmt.Errorf("%q there, %q and %q back", there, back, own)
		}
		return a.hides()
	}
	return []edgeQuestion{hygiene, id}
}

// judgeHeaders says which of the headers that a viewer made up have reached the
// model, and which that are a viewer's to send have not.
func judgeHeaders(a answered, keyHeader string) error {
	seen, err := a.seen()
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

// ask sends the request and judges the answer.
func (q edgeQuestion) ask(ctx context.Context) Row {
	row := Row{Name: q.name, Expected: q.expected}
	start := time.Now()
	a, err := q.send(ctx)
	row.Took = time.Since(start)
	if err == nil {
		err = q.judge(a)
	}
	row.OK, row.Got = err == nil, q.expected
	if err != nil {
		row.Got = Short(fmt.Sprintf("%d: %v", a.status, err))
	}
	return row
}

// asIs follows no redirect: it is the answer.
var asIs = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (q edgeQuestion) send(ctx context.Context) (answered, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, q.method, q.url, strings.NewReader(q.body))
	if err != nil {
		return answered{}, err
	}
	request.Host = q.host
	if q.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range q.header {
		request.Header[name] = []string{value} // also names that Go would write otherwise
	}
	response, err := asIs.Do(request)
	if err != nil {
		return answered{}, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return answered{response.StatusCode, response.Header, content}, err
}

func (a answered) has(status int) error {
	if a.status != status {
		return errors.New(string(bytes.TrimSpace(a.content)))
	}
	return nil
}

func (a answered) hasHeader(name, value string) error {
	if got := a.header.Get(name); got != value {
		return fmt.Errorf("%s: %s", name, got)
	}
	return nil
}

// lists reports whether a header's list has a value.
func (a answered) lists(name, value string) error {
	for listed := range strings.SplitSeq(a.header.Get(name), ",") {
		if strings.EqualFold(strings.TrimSpace(listed), value) {
			return nil
		}
	}
	return fmt.Errorf("%s: %s", name, a.header.Get(name))
}

func (a answered) hasHeaders() error {
	var missing []error
	for name, value := range answerHeaders {
		missing = append(missing, a.hasHeader(name, value))
	}
	return errors.Join(missing...)
}

// hides reports what an answer says of the servers behind CloudFront.
func (a answered) hides() error {
	for _, name := range []string{"X-Powered-By", "Server"} {
		if value := a.header.Get(name); value != "" && value != "CloudFront" {
			return fmt.Errorf("%s: %s", name, value)
		}
	}
	return nil
}

// isProblem says why an answer is no problem document (RFC 9457) for this request.
func (a answered) isProblem(status string) error {
	var problem struct {
		Type, Title, Detail, Instance string
		Status                        int
	}
	if err := json.Unmarshal(a.content, &problem); err != nil {
		return fmt.Errorf("no problem: %w", err)
	}
	id := a.header.Get(cloudFrontIDHeader)
	switch {
	case fmt.Sprint(a.status) != status || problem.Status != a.status:
		return fmt.Errorf("the problem's status is %d", problem.Status)
	case problem.Type != "about:blank" || problem.Title == "" || problem.Detail == "":
		return fmt.Errorf("a problem without its members: %s", a.content)
	case id == "" || problem.Instance != id || a.header.Get(requestIDHeader) != id:
		return fmt.Errorf("the request has the ids %q, %q, %q", id, problem.Instance, a.header.Get(requestIDHeader))
	case status == "405" && a.header.Get("Allow") == "":
		return errors.New("no Allow")
	}
	return errors.Join(a.hasHeader("Content-Type", "application/problem+json"), a.hasHeader("Cache-Control", "no-store"))
}

// seen is what the private model saw.
func (a answered) seen() (privatemodel.Seen, error) {
	var seen privatemodel.Seen
	if err := a.has(http.StatusOK); err != nil {
		return seen, err
	}
	if err := json.Unmarshal(a.content, &seen); err != nil {
		return seen, fmt.Errorf("no answer of the private model: %w", err)
	}
	return seen, nil
}

// handshake is the last one between CloudFront and an origin.
type handshake struct {
	Origin      string   `json:"origin"`
	TLS         string   `json:"tls"`
	Certificate []string `json:"certificate"` // the names that it is for
}

// originTLS asks the cloud how it reached the API. It lets nothing through with a
// certificate that it doesn't trust, or that is for another name.
func originTLS(ctx context.Context, t Target) Row {
	row := Row{Name: "CloudFront to the API", Expected: "TLS 1.2 or 1.3, verified"}
	start := time.Now()
	a, err := edgeQuestion{method: http.MethodGet, url: t.AWSEndpoint + "/_gatehouse/cloudfront"}.send(ctx)
	row.Took = time.Since(start)
	if err == nil {
		err = judgeHandshake(a, t.APIName)
	}
	row.OK, row.Got = err == nil, row.Expected
	if err != nil {
		row.Got = Short(err.Error())
	}
	return row
}

func judgeHandshake(a answered, name string) error {
	var cloudFront struct{ Origins []handshake }
	if err := json.Unmarshal(a.content, &cloudFront); err != nil {
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
