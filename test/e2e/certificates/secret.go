package certificates

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// secret has the parts of a Secret that the checks read.
type secret struct {
	Type string
	Data struct {
		Chain []byte `json:"tls.crt"`
		Key   []byte `json:"tls.key"`
		Root  []byte `json:"ca.crt"`
	}
}

// held is a certificate as a TLS server reads it from the secret.
type held struct {
	server       tls.Certificate
	leaf         *x509.Certificate
	intermediate *x509.Certificate
	root         []byte // PEM, from Vault
}

// serial is the leaf's number as Vault writes it.
func (h held) serial() string { return serial(h.leaf) }

func serial(c *x509.Certificate) string {
	var parts []string
	for _, b := range c.SerialNumber.Bytes() {
		parts = append(parts, fmt.Sprintf("%02x", b))
	}
	return strings.Join(parts, ":")
}

// verifySecret parses the secret. It must have exactly what a server for the name needs,
// from these two authorities.
func verifySecret(s secret, name string, rootPEM, intermediatePEM []byte) (held, error) {
	if s.Type != "kubernetes.io/tls" {
		return held{}, fmt.Errorf("its type is %q", s.Type)
	}
	server, err := tls.X509KeyPair(s.Data.Chain, s.Data.Key)
	if err != nil {
		return held{}, err
	}
	if len(server.Certificate) != 2 {
		return held{}, fmt.Errorf("%d certificates in tls.crt", len(server.Certificate))
	}
	if !bytes.Equal(bytes.TrimSpace(s.Data.Root), bytes.TrimSpace(rootPEM)) {
		return held{}, errors.New("ca.crt is not the root in Vault")
	}
	intermediate, err := one(intermediatePEM)
	if err != nil {
		return held{}, fmt.Errorf("the intermediate in Vault: %w", err)
	}
	if !bytes.Equal(server.Certificate[1], intermediate.Raw) {
		return held{}, errors.New("the second certificate in tls.crt is not the intermediate in Vault")
	}
	return held{server: server, leaf: server.Leaf, intermediate: intermediate, root: rootPEM}, verifyLeaf(server.Leaf, name, time.Now())
}

// verifyLeaf returns an error for a certificate that is valid for more than serving the name.
func verifyLeaf(leaf *x509.Certificate, name string, now time.Time) error {
	switch {
	case leaf.IsCA:
		return errors.New("the first certificate is an authority's")
	case !slices.Equal(leaf.DNSNames, []string{name}) || len(leaf.IPAddresses)+len(leaf.URIs)+len(leaf.EmailAddresses) > 0:
		return fmt.Errorf("the certificate is for %q", leaf.DNSNames)
	case !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || len(leaf.UnknownExtKeyUsage) > 0:
		return errors.New("the certificate is for other than servers")
	case now.Before(leaf.NotBefore) || now.After(leaf.NotAfter):
		return errors.New("the certificate is not valid now")
	case len(leaf.CRLDistributionPoints) == 0 || len(leaf.OCSPServer) == 0 || len(leaf.IssuingCertificateURL) == 0:
		return errors.New("the certificate does not have the addresses of its issuer, its CRL and its OCSP responder")
	}
	return nil
}

// one reads a single certificate.
func one(content []byte) (*x509.Certificate, error) {
	block, rest := pem.Decode(content)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("not one PEM block")
	}
	return x509.ParseCertificate(block.Bytes)
}

// keyLines returns the full lines of a key's PEM. Each identifies the key, and is found
// also where the PEM is not in lines.
func keyLines(key []byte) []string {
	var lines []string
	for line := range strings.Lines(string(key)) {
		if line = strings.TrimSpace(line); len(line) == 64 && !strings.HasPrefix(line, "-") {
			lines = append(lines, line)
		}
	}
	return lines
}
