package config

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheEdgesDefaults(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Equal(t, Edge{
		PriceClass: "PriceClass_All", HTTPVersion: "http2and3", IPv6: true,
		CountriesAllowed: []string{}, CountriesBlocked: []string{},
		Methods: []string{"GET", "HEAD", "OPTIONS", "POST"}, ContentTypes: []string{"application/json"},
		TargetLimit: 4096, BodyLimit: 1 << 20,
	}, s.Edge)
	assert.Equal(t, Origin{
		ConnectionAttempts: 3, ConnectionTimeout: 10 * time.Second, ReadTimeout: 45 * time.Second, Keepalive: 5 * time.Second,
	}, s.Origin)
	assert.Equal(t, OriginFunction{Enabled: true, DeleteTimeout: 3 * time.Hour}, s.OriginFunction)
	assert.Equal(t, ResponseHeaders{
		CustomName: "X-Custom-AI-Header", CustomValue: "secure", Removed: []string{"Server", "X-Powered-By"},
		HSTS:         HSTS{MaxAge: 63_072_000 * time.Second, Subdomains: true},
		FrameOptions: "DENY", ReferrerPolicy: "no-referrer",
		ContentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
	}, s.ResponseHeaders)
	assert.Equal(t, CORS{
		Origins: []string{}, Methods: []string{"GET", "HEAD", "OPTIONS", "POST"},
		Headers:        []string{"authorization", "content-type", "user-agent", "openai-*", "x-stainless-*", "http-referer", "idempotency-key", "x-title"},
		ExposedHeaders: []string{"retry-after", "x-amz-cf-id", "x-gatehouse-clamped", "x-gatehouse-dropped", "x-request-id", "x-should-retry"}, MaxAge: time.Hour,
	}, s.CORS)
	assert.False(t, s.CORS.Enabled())
	assert.Equal(t, Firewall{RateLimit: 2000, RateWindow: 5 * time.Minute, Counted: []string{}, Inspected: 16, Logs: "matched"}, s.Firewall)
	assert.Equal(t, AccessLogs{}, s.AccessLogs)
	assert.Equal(t, Domain{Names: []string{}}, s.Domain)
}

func TestTheEdgeGiven(t *testing.T) {
	s, err := Load(map[string]string{
		"gatehouse:edgeCountriesAllowed":  `["US", "FR"]`,
		"gatehouse:edgeMethods":           `["POST", "DELETE"]`,
		"gatehouse:edgeContentTypes":      `["application/json", "multipart/form-data", "application/vnd.api+json"]`,
		"gatehouse:originShieldRegion":    "eu-central-1",
		"gatehouse:contentSecurityPolicy": "",
		"gatehouse:corsOrigins":           `["https://app.example.com", "https://*.example.org:8443", "http://localhost:3000", "http://192.168.1.20:3000"]`,
		"gatehouse:corsMethods":           `["POST"]`,
		"gatehouse:corsCredentials":       "true",
		"gatehouse:wafRateLimit":          "10",
		"gatehouse:wafRateWindow":         "10m",
		"gatehouse:wafCount":              `["common", "bodySize"]`,
		"gatehouse:domainNames":           `["api.example.com", "api.example.org"]`,
		"gatehouse:domainZoneId":          "Z0123456789ABCDEFGHIJ",
		"gatehouse:domainCertificateArn":  certificateARN,
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"US", "FR"}, s.Edge.CountriesAllowed)
	assert.Equal(t, []string{"POST", "DELETE"}, s.Edge.Methods)
	assert.Equal(t, []string{"application/json", "multipart/form-data", "application/vnd.api+json"}, s.Edge.ContentTypes)
	assert.Equal(t, "eu-central-1", s.Origin.ShieldRegion)
	assert.Empty(t, s.ResponseHeaders.ContentSecurityPolicy)
	assert.True(t, s.CORS.Enabled())
	assert.Equal(t, 10, s.Firewall.RateLimit)
	assert.Equal(t, 10*time.Minute, s.Firewall.RateWindow)
	assert.Equal(t, []string{RuleCommon, RuleBodySize}, s.Firewall.Counted)
	assert.Equal(t, Domain{Names: []string{"api.example.com", "api.example.org"}, ZoneID: "Z0123456789ABCDEFGHIJ", CertificateARN: certificateARN}, s.Domain)
}

// list writes values as the engine hands over a list.
func list(t *testing.T, values ...string) string {
	t.Helper()
	text, err := json.Marshal(values)
	require.NoError(t, err)
	return string(text)
}

func TestMalformedEdgeIsRefused(t *testing.T) {
	for _, c := range []struct{ key, given, rule string }{
		{"edgePriceClass", "PriceClass_300", "one of PriceClass_100, PriceClass_200, PriceClass_All"},
		{"edgeHttpVersion", "2", "one of http1.1, http2, http3, http2and3"},
		{"edgeIpv6", "yes", "true or false"},
		{"edgeCountriesAllowed", `["Germany"]`, `"Germany" is not`},
		{"edgeCountriesAllowed", `["de"]`, "ISO 3166-1 alpha-2, such as DE"},
		{"edgeCountriesAllowed", `["UK"]`, `"UK" is not`},
		{"edgeCountriesAllowed", `["SU"]`, `"SU" is not`},
		{"edgeCountriesBlocked", `["EU"]`, `"EU" is not`},
		{"edgeCountriesBlocked", `["DE", "DE"]`, `"DE" is there twice`},
		{"edgeCountriesAllowed", `["DE", "FR"]`, "it must include US, where us-east-1 is"},
		{"edgeCountriesBlocked", `["AQ", "US"]`, "it must not include US, where us-east-1 is"},
		{"edgeMethods", `["GET"]`, "it must include POST"},
		{"edgeMethods", `[]`, "it must include POST"},
		{"edgeMethods", `["post"]`, `"post" is not`},
		{"edgeMethods", `["POST", "TRACE"]`, `"TRACE" is not`},
		{"edgeContentTypes", `[]`, "it must have at least one media type"},
		{"edgeContentTypes", `["json"]`, `"json" is not`},
		{"edgeContentTypes", `["application/json; charset=utf-8"]`, "without parameters"},
		{"edgeTargetLimit", "100", "a whole number from 256 to 8192"},
		{"edgeTargetLimit", "8193", "a whole number from 256 to 8192"},
		{"edgeBodyLimit", "0", "a whole number from 1024 to 10485760"},
		{"edgeBodyLimit", "10485761", "a whole number from 1024 to 10485760"},
		{"originConnectionAttempts", "4", "a whole number from 1 to 3"},
		{"originConnectionTimeout", "11s", "a duration from 1s to 10s"},
		{"originReadTimeout", "30s", "a duration from 40s to 2m"},
		{"originReadTimeout", "3m", "a duration from 40s to 2m"},
		{"originKeepalive", "0s", "a duration from 1s to 2m"},
		{"originShieldRegion", "eu-west-3", "a region with Origin Shield"},
		{"rotationDrain", "30s", "it must be more than gatehouse:originConnectionAttempts × gatehouse:originConnectionTimeout, 30s"},
		{"originFunctionDeleteTimeout", "1m", "a duration from 10m to 24h"},
		{"customHeaderName", "X AI", "a header's name"},
		{"customHeaderName", "", "a header's name"},
		{"customHeaderName", "X-Frame-Options", "none that CloudFront needs or that has settings of its own"},
		{"customHeaderName", "access-control-allow-origin", "none that CloudFront needs or that has settings of its own"},
		{"customHeaderName", "X-Amz-Cf-Pop", "none that CloudFront needs or that has settings of its own"},
		{"customHeaderName", strings.Repeat("x", 65), "2 to 64 letters"},
		{"customHeaderValue", "", "visible ASCII characters"},
		{"customHeaderValue", "sécure", "visible ASCII characters"},
		{"customHeaderValue", "two\r\nlines: 1", "visible ASCII characters"},
		{"customHeaderValue", " secure", "visible ASCII characters"},
		{"customHeaderValue", strings.Repeat("x", 1784), "at most 1783 visible ASCII characters"},
		{"removedHeaders", `["Content-Type"]`, `"Content-Type" is not`},
		{"removedHeaders", `["Server:"]`, `"Server:" is not`},
		{"removedHeaders", `["x-custom-ai-header"]`, "it must not include gatehouse:customHeaderName"},
		{"removedHeaders", `["a1","a2","a3","a4","a5","a6","a7","a8","a9","a10","a11"]`, "it must have at most 10 names"},
		{"hstsMaxAge", "87601h", "a duration from 0s to 87600h"},
		{"frameOptions", "ALLOWALL", "one of DENY, SAMEORIGIN"},
		{"referrerPolicy", "none", "one of no-referrer, "},
		{"contentSecurityPolicy", "default-src 'none'\nx", "at most 1783 visible ASCII characters, with spaces only between them, or empty"},
		{"corsOrigins", `["app.example.com"]`, `"app.example.com" is not`},
		{"corsOrigins", `["https://app.example.com/"]`, `"https://app.example.com/" is not`},
		{"corsOrigins", `["https://*"]`, `"https://*" is not`},
		{"corsOrigins", `["https://app.*.com"]`, `"https://app.*.com" is not`},
		{"corsOrigins", `["null"]`, `"null" is not`},
		{"corsOrigins", `["*", "https://app.example.com"]`, "it must have nothing beside *"},
		{"corsOrigins", `["app://obsidian.md"]`, "or * for all, which pages of applications such as app://obsidian.md need"},
		{"corsOrigins", `["tauri://localhost"]`, `"tauri://localhost" is not`},
		{"corsOrigins", `["http://192.168.1.256"]`, `"http://192.168.1.256" is not`},
		{"corsOrigins", `["http://192.168.01.20"]`, `"http://192.168.01.20" is not`},
		{"corsHeaders", `["content type"]`, `"content type" is not`},
		{"corsHeaders", `["x-*-id"]`, `"x-*-id" is not`},
		{"corsExposedHeaders", `["x-*"]`, `"x-*" is not`},
		{"corsMaxAge", "25h", "a duration from 0s to 24h"},
		{"wafRateLimit", "9", "a whole number from 10 to 2000000000"},
		{"wafRateWindow", "3m", "one of 1m, 2m, 5m, 10m"},
		{"wafRateWindow", "300", "one of 1m, 2m, 5m, 10m"},
		{"wafCount", `["sqli"]`, "one of rateLimit, bodySize, ipReputation, common, knownBadInputs"},
		{"wafInspectedKilobytes", "20", "one of 16, 32, 48, 64"},
		{"wafLogs", "yes", "one of none, matched, all"},
		{"domainNames", `["*.example.com"]`, "without wildcards"},
		{"domainNames", `["API.example.com"]`, "in lower case"},
		{"domainNames", `["api.example.com"]`, "it requires gatehouse:domainZoneId"},
		{"domainZoneId", "example.com", "the id of a public hosted zone"},
		{"domainZoneId", "Z0123456789ABCDEFGHIJ", "it requires gatehouse:domainNames to be set"},
		{"domainCertificateArn", "example.com", "the ARN of an ACM certificate"},
		{"domainCertificateArn", certificateARN, "it requires gatehouse:domainNames to be set"},
	} {
		t.Run(c.key+"="+c.given, func(t *testing.T) {
			problem := onlyProblem(t, map[string]string{c.key: c.given})
			assert.Equal(t, "gatehouse:"+c.key, problem.Key)
			assert.Equal(t, c.given, problem.Given)
			assert.Contains(t, problem.Rule, c.rule)
		})
	}
}

// onlyProblem loads keys of the program's namespace that have one problem together.
func onlyProblem(t *testing.T, keys map[string]string) Problem {
	t.Helper()
	config := map[string]string{}
	for key, value := range keys {
		config[full(key)] = value
	}
	_, err := Load(config)
	var problems Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 1, "%v", problems)
	return problems[0]
}

func TestSettingsOfTheEdgeThatDontGoTogether(t *testing.T) {
	abroad := strings.Replace(certificateARN, "us-east-1", "eu-central-1", 1)
	pages := list(t, "https://app.example.com")
	for name, c := range map[string]struct {
		keys      map[string]string
		key, rule string
	}{
		"countries both allowed and blocked": {
			map[string]string{"edgeCountriesAllowed": `["DE"]`, "edgeCountriesBlocked": `["FR"]`},
			"edgeCountriesBlocked", "it conflicts with gatehouse:edgeCountriesAllowed",
		},
		"the rotator's country not allowed": {
			map[string]string{"aws:region": "eu-central-1", "edgeCountriesAllowed": `["US"]`},
			"edgeCountriesAllowed", "it must include DE, where eu-central-1 is: the rotator probes the API through CloudFront from there",
		},
		"documents among the API's paths": {
			map[string]string{"edgeErrorDocuments": "true", "apiPrefix": "/problems/v1", "inferencePrefix": "/problems/v1/inference"},
			"apiPrefix", "it must be a path outside of /problems",
		},
		"documents without the function that writes them": {
			map[string]string{"edgeErrorDocuments": "true", "originFunctionEnabled": "false"},
			"edgeErrorDocuments", "it requires gatehouse:originFunctionEnabled to be true",
		},
		"any origin with credentials": {
			map[string]string{"corsOrigins": `["*"]`, "corsCredentials": "true"},
			"corsOrigins", "it must not include * while gatehouse:corsCredentials is true",
		},
		"any header with credentials": {
			map[string]string{"corsOrigins": pages, "corsHeaders": `["*"]`, "corsCredentials": "true"},
			"corsHeaders", "it must not include * while gatehouse:corsCredentials is true",
		},
		"a method for pages that CloudFront rejects": {
			map[string]string{"corsOrigins": pages, "corsMethods": `["POST", "DELETE"]`},
			"corsMethods", "browsers would allow DELETE, and CloudFront would reject it",
		},
		"no method for pages": {
			map[string]string{"corsOrigins": pages, "corsMethods": `[]`},
			"corsMethods", "it must have at least one method",
		},
		"no header for pages": {
			map[string]string{"corsOrigins": pages, "corsHeaders": `[]`},
			"corsHeaders", "it must have at least one header",
		},
		"families of headers alone": {
			map[string]string{"corsOrigins": pages, "corsHeaders": `["x-stainless-*"]`},
			"corsHeaders", "it must have at least one header by its whole name",
		},
		"preload for a year less a second": {
			map[string]string{"hstsPreload": "true", "hstsMaxAge": "31535999s"},
			"hstsPreload", "it requires gatehouse:hstsMaxAge to be at least 8760h",
		},
		"preload without subdomains": {
			map[string]string{"hstsPreload": "true", "hstsSubdomains": "false"},
			"hstsPreload", "it requires gatehouse:hstsSubdomains to be true",
		},
		"a first name too long for a certificate": {
			map[string]string{"domainNames": list(t, strings.Repeat("a", 53)+".example.com"), "domainZoneId": "Z0123456789ABCDEFGHIJ"},
			"domainNames", "it must have a first name of at most 64 characters",
		},
		"a certificate in another region": {
			map[string]string{"domainNames": `["api.example.com"]`, "domainCertificateArn": abroad},
			"domainCertificateArn", "it must be a certificate in us-east-1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			problem := onlyProblem(t, c.keys)
			assert.Equal(t, full(c.key), problem.Key)
			assert.Contains(t, problem.Rule, c.rule)
		})
	}
}

func TestSettingsOfTheEdgeThatGoTogether(t *testing.T) {
	for name, keys := range map[string]map[string]string{
		"countries of a region that is new to us":  {"aws:region": "eu-east-1", "edgeCountriesAllowed": `["US"]`},
		"any origin without credentials":           {"corsOrigins": `["*"]`, "corsHeaders": `["*"]`},
		"odd lists while no page may use the API":  {"corsMethods": `["DELETE"]`, "corsCredentials": "true", "corsHeaders": `["*"]`},
		"preload for a year":                       {"hstsPreload": "true", "hstsMaxAge": "8760h"},
		"an existing certificate, records by hand": {"domainNames": `["api.example.com"]`, "domainCertificateArn": certificateARN},
		"a shorter drain with fewer attempts":      {"rotationDrain": "11s", "originConnectionAttempts": "1"},
		"a long name after a short one": {
			"domainNames": list(t, "api.example.com", strings.Repeat("a", 53)+".example.com"), "domainZoneId": "Z0123456789ABCDEFGHIJ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := map[string]string{}
			for key, value := range keys {
				config[full(key)] = value
			}
			_, err := Load(config)
			assert.NoError(t, err)
		})
	}
}

func TestEveryCountryIsThereOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, country := range countries {
		assert.Regexp(t, `^[A-Z]{2}$`, country)
		assert.False(t, seen[country], country)
		seen[country] = true
	}
	assert.Len(t, seen, 249, "as many as ISO 3166-1 has assigned")
	for region, country := range regionCountries {
		assert.Regexp(t, regionPattern, region)
		assert.True(t, seen[country], "%s, where %s is", country, region)
	}
}
