// Package chain builds the contents of a TLS Secret from what a certificate authority
// returns: the certificate and its chain in order, the private key, and the root. It
// rejects incomplete and superfluous certificates. Package certificate uses it for the
// Secret, package authority to check an existing authority.
package chain

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"
)

// Issued is an authority's response to a request for a certificate. All of it is PEM.
type Issued struct {
	Certificate string
	Authorities string // from the issuer to the root, in any order
	PrivateKey  string
}

// Bundle has the contents of a Secret of type kubernetes.io/tls, as PEM.
type Bundle struct {
	Chain      string // the certificate, then each that signed the one before, without the root
	PrivateKey string
	Root       string

	Life time.Duration // of the server's certificate
}

// New returns the bundle of a server certificate. The certificates must be one path from
// the server's to the root, and valid for the whole lifetime of the server's. The server's
// must have all hosts, names and addresses, and match the key. No error quotes the key.
func New(issued Issued, hosts []string) (Bundle, error) {
	path, err := serverPath(issued.Certificate, issued.Authorities)
	if err != nil {
		return Bundle{}, err
	}
	leaf := path[0]
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

// Served returns what the server sends, PEM: its certificate, then each that signed the one
// before, without the root. Both arguments are PEM.
func Served(certificate, authorities string) (string, error) {
	path, err := serverPath(certificate, authorities)
	if err != nil {
		return "", err
	}
	return encode(path[:len(path)-1]...), nil
}

// serverPath returns the path from a server's certificate to the root.
func serverPath(certificate, authorities string) ([]*x509.Certificate, error) {
	leaf, err := parseOne(certificate)
	if err != nil {
		return nil, fmt.Errorf("the certificate: %w", err)
	}
	if leaf.IsCA {
		return nil, fmt.Errorf("the certificate %s is an authority's", name(leaf))
	}
	all, err := Parse(authorities)
	if err != nil {
		return nil, fmt.Errorf("the authorities above %s: %w", name(leaf), err)
	}
	return findPath(leaf, all)
}

// Authorities describes the authorities above a certificate.
type Authorities struct {
	Root string    // PEM
	End  time.Time // when the first of them expires
}

// Above returns the authorities from an issuer to its root. Both arguments are PEM;
// authorities may include the issuer.
func Above(issuer, authorities string) (Authorities, error) {
	first, err := parseOne(issuer)
	if err != nil {
		return Authorities{}, fmt.Errorf("the issuer: %w", err)
	}
	all, err := Parse(authorities)
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

// verify checks the path as a client does, at the beginning and at the end of the
// certificate's lifetime.
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
			return fmt.Errorf("the certificate %s is not valid for a server at %s: %w", name(leaf), moment.UTC().Format(time.RFC3339), err)
		}
	}
	for _, host := range hosts {
		if err := leaf.VerifyHostname(host); err != nil {
			return fmt.Errorf("the certificate %s: %w", name(leaf), err)
		}
	}
	return nil
}

// matchingKey returns the key's PEM block if it matches the first certificate.
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
