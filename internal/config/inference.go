package config

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Inference holds where the private model is and how requests get to it. It counts
// only where there is a network.
type Inference struct {
	Prefix         string   // of the API's path; the model sees what follows it
	Targets        []string // the model's IPv4 addresses; empty when something else registers them
	Port           int      // of the targets
	Protocol       string   // to the targets: HTTP or HTTPS
	HealthPath     string   // answered with 200 by healthy targets
	CertificateARN string   // the load balancer's; empty for one without TLS
	ServerName     string   // that the certificate names; empty without one
	Timeout        time.Duration
}

// apiPaths are what the API answers by itself below its prefix.
var apiPaths = []string{"models", "chat", "healthz", "readyz", "openapi.yaml"}

var (
	healthPathPattern  = regexp.MustCompile(`^/[A-Za-z0-9._~/-]{0,255}$`)
	certificatePattern = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/[0-9a-f-]{36}$`)
	serverNamePattern  = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// targetRanges are those that Elastic Load Balancing takes targets from, but for
// public ranges of a VPC, which nothing here makes.
var targetRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

func readInference(r *reader) Inference {
	return Inference{
		Prefix:         r.pattern("inferencePrefix", "/api/inference", prefixPattern, "a path below apiPrefix such as /api/inference, without a slash at its end"),
		Targets:        r.list("inferenceTargets", isTarget, "a private IPv4 address (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10) such as 10.0.10.25"),
		Port:           r.number("inferencePort", 8080, 1, 65_535),
		Protocol:       r.oneOf("inferenceProtocol", "HTTP", "HTTP", "HTTPS"),
		HealthPath:     r.pattern("inferenceHealthPath", "/healthz", healthPathPattern, "a path such as /healthz, of at most 256 letters, digits and . _ ~ / -"),
		CertificateARN: r.optional("inferenceCertificateArn", certificatePattern, "the ARN of an ACM certificate, or nothing"),
		ServerName:     r.optional("inferenceServerName", serverNamePattern, "a DNS name in lower case without wildcards such as model.example.com, or nothing"),
		Timeout:        r.duration("inferenceTimeout", 29*time.Second, time.Second, 29*time.Second),
	}
}

func isTarget(text string) bool {
	address, err := netip.ParseAddr(text)
	if err != nil || address.String() != text {
		return false
	}
	for _, allowed := range targetRanges {
		if allowed.Contains(address) {
			return true
		}
	}
	return false
}

// checkInference refuses a certificate that nobody checks, and a name that nobody
// shows.
func (s Settings) checkInference(r *reader) {
	i := s.Inference
	if s.Network.Enabled || r.changed("inferencePrefix") {
		s.checkInferencePrefix(r)
	}
	switch {
	case i.CertificateARN == "" && i.ServerName != "":
		r.refuse("inferenceServerName", "nothing without inferenceCertificateArn: there is no certificate to look for the name in")
	case i.CertificateARN != "" && i.ServerName == "":
		r.refuse("inferenceServerName", "a name in the certificate of inferenceCertificateArn: API Gateway has to know what to look for")
	}
	if i.CertificateARN != "" && certificatePattern.FindStringSubmatch(i.CertificateARN)[1] != s.Region {
		r.refuse("inferenceCertificateArn", "a certificate in the stack's region, %s", s.Region)
	}
}

// checkInferencePrefix refuses a prefix outside of the API's, and one that takes a
// path from the API itself.
func (s Settings) checkInferencePrefix(r *reader) {
	rest, below := strings.CutPrefix(s.Inference.Prefix, s.Gateway.Prefix+"/")
	first, _, _ := strings.Cut(rest, "/")
	if !below || slices.Contains(apiPaths, first) {
		r.refuse("inferencePrefix", "a path below apiPrefix such as %s/inference, and none that begins with %s/ and %s",
			s.Gateway.Prefix, s.Gateway.Prefix, strings.Join(apiPaths, ", "))
	}
}
