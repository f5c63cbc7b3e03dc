package certificates

import (
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

	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// handshakes shows which clients a server with the secret convinces.
func (p *Proof) handshakes(ctx context.Context, h held, doing func(string)) []smoke.Row {
	s, err := serve(h.server)
	if err != nil {
		return []smoke.Row{smoke.Check("TLS server", "serves", func() (string, error) { return "", err })}
	}
	defer s.close()
	otherRoot, err := lookalike(h.root)
	if err != nil {
		return []smoke.Row{smoke.Check("another root", "made", func() (string, error) { return "", err })}
	}
	var rows []smoke.Row
	for _, test := range []struct {
		row, name string
		root      []byte
		want      error
	}{
		{"handshake as " + p.Name, p.Name, h.root, nil},
		{"handshake as another name", "other." + p.Name, h.root, errName},
		{"handshake with another root", p.Name, otherRoot, errRoot},
	} {
		doing(test.row)
		rows = append(rows, smoke.Check(test.row, verdicts(test.want), func() (string, error) {
			return tryAll(ctx, s.address(), test.name, test.root, test.want)
		}))
	}
	return rows
}

// verdicts is what all clients have to say.
func verdicts(want error) string {
	var all []string
	for _, c := range clients {
		all = append(all, c.name+": "+verdict(want))
	}
	return strings.Join(all, "; ")
}

func verdict(err error) string {
	if err == nil {
		return "verified"
	}
	return err.Error()
}

func tryAll(ctx context.Context, address, name string, root []byte, want error) (string, error) {
	var got []string
	for _, c := range clients {
		sent, err := c.connect(ctx, address, name, root)
		if err == nil && sent != 2 {
			err = fmt.Errorf("%d certificates sent", sent)
		}
		if err != nil && !errors.Is(err, want) {
			return "", fmt.Errorf("%s: %w", c.name, err)
		}
		got = append(got, c.name+": "+verdict(err))
	}
	return strings.Join(got, "; "), nil
}

// lookalike is a root of the same name as another, with a key of its own.
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
