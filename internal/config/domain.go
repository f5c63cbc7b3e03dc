package config

import "regexp"

// Domain holds the names under which the distribution is known, beside the one that
// CloudFront gives it.
type Domain struct {
	Names          []string // the first is the one to tell; empty for none
	ZoneID         string   // Route 53's, for the names' records; empty when others make them
	CertificateARN string   // an existing one; empty to have one made, which needs the zone
}

// GlobalRegion is where CloudFront looks for certificates, firewalls and functions,
// wherever the rest of a stack is.
const GlobalRegion = "us-east-1"

var zoneIDPattern = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)

func readDomain(r *reader) Domain {
	return Domain{
		Names:          r.list("domainNames", serverNamePattern.MatchString, "a DNS name in lower case without wildcards such as api.example.com"),
		ZoneID:         r.optional("domainZoneId", zoneIDPattern, "the id of a public hosted zone in Route 53 such as Z0123456789ABCDEFGHIJ, or nothing"),
		CertificateARN: r.optional("domainCertificateArn", certificatePattern, "the ARN of an ACM certificate, or nothing"),
	}
}

func (s Settings) checkDomain(r *reader) {
	d := s.Domain
	if len(d.Names) == 0 {
		for _, key := range []string{"domainZoneId", "domainCertificateArn"} {
			if r.changed(key) {
				r.refuse(key, "nothing without domainNames, the names that it is for")
			}
		}
		return
	}
	if d.ZoneID == "" && d.CertificateARN == "" {
		r.refuse("domainNames", "nothing without domainZoneId, where a certificate for the names can be proven, or domainCertificateArn, an existing one")
	}
	if d.CertificateARN == "" && len(d.Names[0]) > longestCommonName {
		r.refuse("domainNames", "a first name of at most %d characters, which is as long as a certificate's common name may be (RFC 5280): put a shorter name first",
			longestCommonName)
	}
	if d.CertificateARN != "" && certificatePattern.FindStringSubmatch(d.CertificateARN)[1] != GlobalRegion {
		r.refuse("domainCertificateArn", "a certificate in %s, where CloudFront looks for it", GlobalRegion)
	}
}
