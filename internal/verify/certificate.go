package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain"
	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// certificate checks the private side's certificate. It is an output of the stack: this machine
// may not reach the servers that send it.
func (s *Suite) certificate() []check.Check {
	const section = "the-private-sides-certificate-ends"
	all := []check.Check{
		{Name: "the private side's certificate", Want: "up to the root, for its names", Section: section, Run: s.validity},
		{Name: "the private side's certificate, revocation", Want: "not revoked", Section: section, Run: s.revocation},
	}
	if s.Outputs.CertificateChain == "" {
		leaveOut(all, "the stack issues none")
	}
	return all
}

func (s *Suite) validity(context.Context) (string, error) {
	now := s.Now()
	server, err := s.privateServer(now)
	if err != nil {
		return "", err
	}
	end := server.certificate.NotAfter
	return fmt.Sprintf("%s, %s left, until %s", strings.Join(s.Outputs.CertificateNames, " "), remaining(end.Sub(now)), end.UTC().Format(time.RFC3339)), nil
}

// remaining returns a duration in days, or if it is less than two, in hours and minutes.
func remaining(d time.Duration) string {
	if days := int(d.Hours() / 24); days >= 2 {
		return fmt.Sprintf("%d days", days)
	}
	return d.Round(time.Minute).String()
}

// server is a certificate that was verified, and the one that signed it.
type server struct{ certificate, issuer *x509.Certificate }

func (s *Suite) privateServer(now time.Time) (server, error) {
	o := s.Outputs
	return verifyServer(o.CertificateChain, o.CACertificate, o.CertificateNames, now)
}

// verifyServer verifies a server's chain as its clients do: up to a root that they trust, for each
// of the names and addresses that they use. Chain and roots are PEM.
func verifyServer(sent, roots string, hosts []string, now time.Time) (server, error) {
	all, err := chain.Parse(sent)
	if err != nil || len(all) == 0 {
		return server{}, errors.Join(errors.New("the output certificateChain has no certificates"), err)
	}
	options := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if !options.Roots.AppendCertsFromPEM([]byte(roots)) {
		return server{}, errors.New("the output caCertificate has no certificate")
	}
	for _, authority := range all[1:] {
		options.Intermediates.AddCert(authority)
	}
	paths, err := all[0].Verify(options)
	if err != nil {
		return server{}, err
	}
	if len(hosts) == 0 {
		return server{}, errors.New("the output certificateNames is empty")
	}
	for _, host := range hosts {
		err = errors.Join(err, all[0].VerifyHostname(host))
	}
	return server{all[0], paths[0][min(1, len(paths[0])-1)]}, err
}
