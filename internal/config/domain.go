package config

import (
	"fmt"
	"regexp"
)

// Domain holds the domain names of the distribution, in addition to the one that
// CloudFront gives it.
type Domain struct {
	Names          []string // the first is the one in the outputs; empty for none
	ZoneID         string   // Route 53's, for the names' records; empty if the stack doesn't make them
	CertificateARN string   // an existing one; empty to request one, which needs the zone
}

// GlobalRegion is the region in which CloudFront looks for certificates, firewalls and
// functions, regardless of the region of the stack.
const GlobalRegion = "us-east-1"

var zoneIDPattern = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)

var (
	domainNames = setting[[]string]{
		key: "domainNames", basic: true,
		allowed:     each(serverNamePattern.MatchString, "a DNS name in lower case without wildcards such as api.example.com"),
		description: "Domain names of your own for the distribution; the outputs have the first one. domainZoneId or domainCertificateArn must be set with them.",
	}
	domainZoneId = setting[string]{
		key: "domainZoneId", basic: true, requires: []requirement{domainNames.toBeSet()},
		allowed:     orEmpty(matching(zoneIDPattern, "the id of a public hosted zone in Route 53 such as Z0123456789ABCDEFGHIJ")),
		description: "Public hosted zone of Route 53 for the records of the domain names, and for those that validate their certificate.",
	}
	domainCertificateArn = setting[string]{
		key: "domainCertificateArn", allowed: orEmpty(matching(certificatePattern, "the ARN of an ACM certificate")), requires: []requirement{domainNames.toBeSet()},
		description: "Existing ACM certificate for the domain names, in us-east-1, instead of one that the stack requests.",
	}
)

func readDomain(r *reader) Domain {
	return Domain{Names: domainNames.read(r), ZoneID: domainZoneId.read(r), CertificateARN: domainCertificateArn.read(r)}
}

func (s Settings) checkDomain(r *reader) {
	d := s.Domain
	if len(d.Names) == 0 {
		return
	}
	if d.ZoneID == "" && d.CertificateARN == "" {
		r.reject(domainNames, fmt.Sprintf("it requires %s, in which a certificate for the names can be validated, or %s, an existing one, to be set", domainZoneId, domainCertificateArn))
	}
	if d.CertificateARN == "" && len(d.Names[0]) > longestCommonName {
		r.must(domainNames, "have a first name of at most %d characters, the limit of a certificate's common name (RFC 5280): put a shorter name first", longestCommonName)
	}
	if d.CertificateARN != "" && certificatePattern.FindStringSubmatch(d.CertificateARN)[1] != GlobalRegion {
		r.must(domainCertificateArn, "be a certificate in %s, where CloudFront looks for it", GlobalRegion)
	}
}
