package config

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Inference holds where the private model is and how requests get to it. It has an
// effect only with a network.
type Inference struct {
	Prefix         string   // of the API's path; the model receives what follows it
	Targets        []string // the model's IPv4 addresses; empty when another program registers them
	Port           int      // of the targets
	Protocol       string   // to the targets: HTTP or HTTPS
	HealthPath     string   // healthy targets respond with 200
	CertificateARN string   // the load balancer's; empty for one without TLS
	ServerName     string   // in the certificate; empty without one
	Timeout        time.Duration
}

// apiPaths are the API's own paths below its prefix. All of them are below v1 as well, for
// clients that insist on it.
var apiPaths = []string{"models", "chat", "embeddings", "usage", "key", "v1", "healthz", "readyz", "openapi.yaml", "playground"}

var (
	healthPathPattern  = regexp.MustCompile(`^/[A-Za-z0-9._~/-]{0,255}$`)
	certificatePattern = regexp.MustCompile(`^arn:aws[a-z-]*:acm:([a-z0-9-]+):[0-9]{12}:certificate/[0-9a-f-]{36}$`)
	serverNamePattern  = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// targetRanges are the networks that Elastic Load Balancing takes targets from, but for
// public ranges of a VPC, which nothing here makes.
var targetRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10"),
}

var (
	inferencePrefix = setting[string]{
		key: "inferencePrefix", byDefault: "/api/inference",
		allowed: matching(prefixPattern, "a path below apiPrefix such as /api/inference, without a slash at its end"),
		description: "Path below apiPrefix whose requests go to the private model, which receives what follows it. All inference settings take effect only with networkEnabled; " +
			"port and health path also with workloadEnabled.",
	}
	inferenceTargets = setting[[]string]{
		key: "inferenceTargets", basic: true,
		allowed:     each(isTarget, "a private IPv4 address (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10) such as 10.0.10.25"),
		conflicts:   conflict{with: []anySetting{workloadTargetGroup}, why: "the pods are the targets"},
		description: "The private model's IPv4 addresses in the VPC. If empty, another program registers the targets: a TargetGroupBinding in Kubernetes (docs/inference.md).",
	}
	inferencePort = setting[int]{
		key: "inferencePort", byDefault: 8080, allowed: between(1, 65_535),
		description: "Port of the private model; at least 1024 with workloadEnabled.",
	}
	inferenceProtocol = setting[string]{
		key: "inferenceProtocol", byDefault: "HTTP", allowed: oneOf("HTTP", "HTTPS"),
		description: "Protocol between the load balancer and the private model. With HTTPS, the load balancer doesn't verify the model's certificate.",
	}
	inferenceHealthPath = setting[string]{
		key: "inferenceHealthPath", byDefault: "/healthz",
		allowed:     matching(healthPathPattern, "a path such as /healthz, of at most 256 letters, digits and . _ ~ / -"),
		description: "Path of the health check, to which a healthy private model responds with 200.",
	}
	inferenceCertificateArn = setting[string]{
		key: "inferenceCertificateArn", allowed: orEmpty(matching(certificatePattern, "the ARN of an ACM certificate")),
		description: "ACM certificate, publicly trusted and in the stack's region, with which the internal load balancer listens for HTTPS on port 443. " +
			"Without it, it listens for HTTP on port 80. inferenceServerName must be set with it.",
	}
	inferenceServerName = setting[string]{
		key: "inferenceServerName", allowed: orEmpty(matching(serverNamePattern, "a DNS name in lower case without wildcards such as model.example.com")),
		requires:    []requirement{inferenceCertificateArn.toBeSet().because("there is no certificate with the name")},
		description: "DNS name in the certificate of inferenceCertificateArn, which API Gateway verifies.",
	}
	inferenceTimeout = setting[time.Duration]{
		key: "inferenceTimeout", byDefault: 29 * time.Second, allowed: lasting(time.Second, 29*time.Second),
		description: "How long API Gateway waits for the private model.",
	}
)

func readInference(r *reader) Inference {
	return Inference{
		Prefix:         inferencePrefix.read(r),
		Targets:        inferenceTargets.read(r),
		Port:           inferencePort.read(r),
		Protocol:       inferenceProtocol.read(r),
		HealthPath:     inferenceHealthPath.read(r),
		CertificateARN: inferenceCertificateArn.read(r),
		ServerName:     inferenceServerName.read(r),
		Timeout:        inferenceTimeout.read(r),
	}
}

func isTarget(value string) bool {
	address, err := netip.ParseAddr(value)
	if err != nil || address.String() != value {
		return false
	}
	return slices.ContainsFunc(targetRanges, func(network netip.Prefix) bool { return network.Contains(address) })
}

// checkInference refuses a certificate whose name API Gateway couldn't verify.
func (s Settings) checkInference(r *reader) {
	i := s.Inference
	if s.Network.Enabled || inferencePrefix.isSet(r) {
		s.checkInferencePrefix(r)
	}
	if i.CertificateARN == "" {
		return
	}
	if i.ServerName == "" {
		r.must(inferenceServerName, "be a name in the certificate of %s: API Gateway verifies it", inferenceCertificateArn)
	}
	if certificatePattern.FindStringSubmatch(i.CertificateARN)[1] != s.Region {
		r.must(inferenceCertificateArn, "be a certificate in the stack's region, %s", s.Region)
	}
}

// checkInferencePrefix refuses a prefix outside of the API's, and one that takes a
// path from the API itself.
func (s Settings) checkInferencePrefix(r *reader) {
	rest, below := strings.CutPrefix(s.Inference.Prefix, s.Gateway.Prefix+"/")
	first, _, _ := strings.Cut(rest, "/")
	if !below || slices.Contains(apiPaths, first) {
		r.must(inferencePrefix, "be a path below apiPrefix such as %s/inference, and none that begins with %s/ and %s",
			s.Gateway.Prefix, s.Gateway.Prefix, strings.Join(apiPaths, ", "))
	}
}
