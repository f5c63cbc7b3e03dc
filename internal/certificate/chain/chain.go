// Package chain makes of what a certificate authority hands out what a TLS server
// and its clients need: the certificate and those above it in order, its key, and
// the root. It refuses everything that is not exactly that.
package chain

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"
)

// Issued is what an authority hands out with a certificate. All of it is PEM.
type Issued struct {
	Certificate string
	Authorities string // those above the certificate up to the root, in any order
	PrivateKey  string
}

// Bundle is what a Secret of type kubernetes.io/tls holds, as PEM.
type Bundle struct {
	Chain      string // the certificate, then each that signed the one before, without the root
	PrivateKey string
	Root       string

	Life time.Duration // of the server's certificate
}

// New returns the bundle of a server certificate. The certificates have to be one
// path from the server's to the root, valid over the whole life of the server's;
// that has to name hosts, names and addresses, and belong to the key. No error
// quotes the key.
func New(issued Issued, hosts []string) (Bundle, error) {
	leaf, err := parseOne(issued.Certificate)
	if err != nil {
		return Bundle{}, fmt.Errorf("the certificate: %w", err)
	}
	if leaf.IsCA {
		return Bundle{}, fmt.Errorf("the certificate %s is an authority's", name(leaf))
	}
	authorities, err := parse(issued.Authorities)
	if err != nil {
		return Bundle{}, fmt.Errorf("the authorities above %s: %w", name(leaf), err)
	}
	path, err := findPath(leaf, authorities)
	if err != nil {
		return Bundle{}, err
	}
	if err := verify(path, hosts); err != nil {
		return Bundle{}, err
	}
	served, root := path[:len(path)-1], path[len(path)-1]
	b := Bundle{Chain: encode(served...), Root: encode(root), Life: leaf.NotAfter.Sub(leaf.NotBefore)}
	if b.PrivateKey, err = matchingKey(b.Chain, issued.PrivateKey); err != nil {
		return Bundle{}, fmt.Errorf("the private key of %s: %w", name(leaf), err)
	}
	return b, nil
}

// Authorities is what is above a certificate that an authority issues.
type Authorities struct {
	Root string    // PEM
	End  time.Time // of the first of them to end
}

// Above returns the authorities from an issuer to its root: issuer and those above
// it, up to the root, are PEM. The issuer may be among them.
func Above(issuer, authorities string) (Authorities, error) {
	first, err := parseOne(issuer)
	if err != nil {
		return Authorities{}, fmt.Errorf("the issuer: %w", err)
	}
	all, err := parse(authorities)
	if err != nil {
		return Authorities{}, fmt.Errorf("the authorities above %s: %w", name(first), err)
	}
	path, err := findPath(first, without(all, first))
	if err != nil {
		return Authorities{}, err
	}
	above := Authorities{Root: encode(path[len(path)-1]), End: first.NotAfter}
	for _, authority := range path {
		if authority.NotAfter.Before(above.End) {
			above.End = authority.NotAfter
		}
	}
	return above, nil
}

// verify checks the path as a client would, at the beginning and at the end of the
// certificate's life.
func verify(path []*x509.Certificate, hosts []string) error {
	leaf, root := path[0], path[len(path)-1]
	options := x509.VerifyOptions{
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	options.Roots.AddCert(root)
	for _, authority := range path[1 : len(path)-1] {
		options.Intermediates.AddCert(authority)
	}
	for _, moment := range []time.Time{leaf.NotBefore, leaf.NotAfter} {
		options.CurrentTime = moment
		if _, err := leaf.Verify(options); err != nil {
			return fmt.Errorf("the certificate %s is not good for a server at %s: %w", name(leaf), moment.UTC().Format(time.RFC3339), err)
		}
	}
	for _, host := range hosts {
		if err := leaf.VerifyHostname(host); err != nil {
			return fmt.Errorf("the certificate %s: %w", name(leaf), err)
		}
	}
	return nil
}

// matchingKey returns the key alone, if it is the one of the first certificate.
func matchingKey(chain, key string) (string, error) {
	block, err := oneBlock(key)
	if err != nil {
		return "", err
	}
	alone := pem.EncodeToMemory(block)
	if _, err := tls.X509KeyPair([]byte(chain), alone); err != nil {
		return "", err
	}
	return string(alone), nil
}
