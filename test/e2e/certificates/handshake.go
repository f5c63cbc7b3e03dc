package certificates

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// handshakes check which clients trust a server with the secret.
func (c *Checker) handshakes() []check.Check {
	var checks []check.Check
	for _, test := range []struct {
		check, name string
		otherRoot   bool
		want        error
	}{
		{"handshake as " + c.Name, c.Name, false, nil},
		{"handshake as another name", "other." + c.Name, false, errName},
		{"handshake with another root", c.Name, true, errRoot},
	} {
		checks = append(checks, check.Check{Name: test.check, Want: outcomes(test.want), Run: func(ctx context.Context) (string, error) {
			h, err := c.held(ctx)
			if err != nil {
				return "", err
			}
			root := h.root
			if test.otherRoot {
				if root, err = lookalike(h.root); err != nil {
					return "", err
				}
			}
			s, err := serve(h.server)
			if err != nil {
				return "", err
			}
			defer s.close()
			return "", connectAll(ctx, s.address(), test.name, root, test.want)
		}})
	}
	return checks
}

// outcomes returns the outcome that every client must have, nil if it trusts the server.
func outcomes(want error) string {
	outcome := "verified"
	if want != nil {
		outcome = want.Error()
	}
	var all []string
	for _, c := range clients {
		all = append(all, c.name+": "+outcome)
	}
	return strings.Join(all, "; ")
}

// connectAll returns an error unless every client has the outcome.
func connectAll(ctx context.Context, address, name string, root []byte, want error) error {
	for _, c := range clients {
		sent, err := c.connect(ctx, address, name, root)
		switch {
		case err == nil && sent != 2:
			return fmt.Errorf("%s: %d certificates sent", c.name, sent)
		case !errors.Is(err, want):
			return fmt.Errorf("%s: %w", c.name, cmp.Or(err, errTrusted))
		}
	}
	return nil
}

// lookalike returns a root of the same name as another, with a key of its own.
func lookalike(root []byte) ([]byte, error) {
	original, err := one(root)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: original.SerialNumber, RawSubject: original.RawSubject,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}
