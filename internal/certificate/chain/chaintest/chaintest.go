// Package chaintest makes certificate authorities for tests.
package chaintest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// Epoch is the time at which all certificates become valid.
var Epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Year is a year of 365 days, as in the settings.
const Year = 365 * 24 * time.Hour

// Pair is a certificate with its key.
type Pair struct {
	Certificate *x509.Certificate
	Key         *ecdsa.PrivateKey
}

// Change modifies the template of a certificate.
type Change func(*x509.Certificate)

// Root returns a self-signed authority.
func Root(name string, changes ...Change) Pair {
	return newPair(nil, authority(name, 10), changes)
}

// Intermediate returns an authority signed by a.
func (a Pair) Intermediate(name string, changes ...Change) Pair {
	return newPair(&a, authority(name, 5), changes)
}

// Server returns a server's certificate for names, signed by a.
func (a Pair) Server(names []string, changes ...Change) Pair {
	return newPair(&a, server(names), changes)
}

// SelfSigned returns a self-signed server's certificate.
func SelfSigned(names []string, changes ...Change) Pair {
	return newPair(nil, server(names), changes)
}

// RevocationList returns a's list of revoked certificates, DER, good from [Epoch] until next.
func (a Pair) RevocationList(next time.Time, revoked ...Pair) []byte {
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: Epoch, NextUpdate: next}
	for _, one := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: one.Certificate.SerialNumber, RevocationTime: Epoch})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.Certificate, a.Key)
	must(err)
	return der
}

// PEM returns the certificate as PEM.
func (p Pair) PEM() string { return encode("CERTIFICATE", p.Certificate.Raw) }

// KeyPEM returns the key as PEM, in PKCS #8.
func (p Pair) KeyPEM() string {
	der, err := x509.MarshalPKCS8PrivateKey(p.Key)
	must(err)
	return encode("PRIVATE KEY", der)
}

func authority(name string, years int) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotAfter:              Epoch.Add(time.Duration(years) * Year),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

func server(names []string) *x509.Certificate {
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		NotAfter:    Epoch.AddDate(0, 1, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if address := net.ParseIP(name); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return template
}

func newPair(issuer *Pair, template *x509.Certificate, changes []Change) Pair {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template.NotBefore = Epoch
	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	must(err)
	for _, change := range changes {
		change(template)
	}
	if issuer == nil {
		issuer = &Pair{Certificate: template, Key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.Certificate, key.Public(), issuer.Key)
	must(err)
	certificate, err := x509.ParseCertificate(der)
	must(err)
	return Pair{Certificate: certificate, Key: key}
}

func encode(typ string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}))
}

func must(err error) {
	if err != nil {
		panic(err) // a test can't handle it
	}
}
