package chain

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
)

// findPath orders certificates from first to a root, each signed by the next. There must
// be exactly one path, with all of them: a superfluous one would be sent to every client,
// or trusted by it, for no reason.
func findPath(first *x509.Certificate, authorities []*x509.Certificate) ([]*x509.Certificate, error) {
	path := []*x509.Certificate{first}
	rest := slices.Clone(authorities)
	for current := first; !signed(current, current); current = path[len(path)-1] {
		issuers := slices.DeleteFunc(slices.Clone(rest), func(c *x509.Certificate) bool { return !signed(c, current) })
		switch len(issuers) {
		case 0:
			return nil, fmt.Errorf("none of the authorities signed %s, which is no root: import the root, without its key, into the issuer's mount", name(current))
		case 1:
			path = append(path, issuers[0])
			rest = without(rest, issuers[0])
		default:
			return nil, fmt.Errorf("%d of the authorities signed %s: choose one path to the root, with the issuer's manual_chain", len(issuers), name(current))
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("the authority %s is not above %s: choose one path to the root, with the issuer's manual_chain", name(rest[0]), name(first))
	}
	return path, nil
}

// signed reports whether issuer is an authority that signed a certificate.
func signed(issuer, certificate *x509.Certificate) bool {
	return bytes.Equal(issuer.RawSubject, certificate.RawIssuer) && certificate.CheckSignatureFrom(issuer) == nil
}

func without(all []*x509.Certificate, one *x509.Certificate) []*x509.Certificate {
	return slices.DeleteFunc(slices.Clone(all), one.Equal)
}

// name returns a certificate's subject, quoted, for errors.
func name(c *x509.Certificate) string { return fmt.Sprintf("%q", c.Subject.String()) }
