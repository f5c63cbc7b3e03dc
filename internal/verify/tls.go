package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
)

// fewestDays is the validity that a viewer's certificate must have left. AWS Certificate
// Manager renews 60 days before the end, and warns 45 days before it.
const fewestDays = 30

// protocols checks how viewers connect.
func (s *Suite) protocols() []check.Check {
	encrypted := []check.Check{
		{Name: "TLS", Want: "1.2 or 1.3, a trusted certificate", Run: s.handshake},
		{Name: "TLS 1.1", Want: "refused", Run: s.oldTLS},
		{Name: "HTTP/2", Want: "200", Run: s.http2},
		{Name: "HTTP/3", Want: "200", Run: s.http3},
	}
	for i, version := range []string{"http2", "3"} {
		if !strings.Contains(s.Outputs.EdgeHTTPVersion, version) {
			encrypted[2+i].LeftOut = "edgeHttpVersion is " + s.Outputs.EdgeHTTPVersion
		}
	}
	if s.Addresses.isLocal() {
		leaveOut(encrypted, "the local cloud's CloudFront speaks plain HTTP")
	}
	if strings.HasSuffix(s.viewerHost(), ".cloudfront.net") {
		encrypted[1].LeftOut = "CloudFront accepts it for its own names: set domainNames"
	}
	return append(s.plain(), encrypted...)
}

func (s *Suite) viewerHost() string {
	u, err := url.Parse(s.Addresses.Viewer.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (s *Suite) dial(ctx context.Context, config *tls.Config) (tls.ConnectionState, error) {
	config.ServerName = s.viewerHost()
	u, err := url.Parse(s.Addresses.Viewer.URL)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, httpcheck.Timeout)
	defer cancel()
	connection, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer connection.Close()
	return connection.(*tls.Conn).ConnectionState(), nil
}

// handshake checks the version and the certificate, whose chain and name Go has verified.
func (s *Suite) handshake(ctx context.Context) (string, error) {
	state, err := s.dial(ctx, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.roots})
	if err != nil {
		return "", err
	}
	return describe(state.Version, state.PeerCertificates[0], time.Now())
}

func describe(version uint16, certificate *x509.Certificate, now time.Time) (string, error) {
	days := int(certificate.NotAfter.Sub(now).Hours() / 24)
	got := fmt.Sprintf("%s, %s, %d days left", tls.VersionName(version), strings.Join(certificate.DNSNames, " "), days)
	if days < fewestDays {
		return "", errors.New(got)
	}
	return got, nil
}

// oldTLS checks that a client of 2017 is refused.
func (s *Suite) oldTLS(ctx context.Context) (string, error) {
	state, err := s.dial(ctx, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, RootCAs: s.roots}) // #nosec G402 -- it must be refused
	var alert *net.OpError
	switch {
	case err == nil:
		return "", errors.New("accepted: " + tls.VersionName(state.Version))
	case !errors.As(err, &alert) || alert.Op != "remote error":
		return "", err // it says nothing about the version
	}
	return "refused: " + alert.Err.Error(), nil
}

func (s *Suite) http2(ctx context.Context) (string, error) {
	protocols := new(http.Protocols)
	protocols.SetHTTP2(true)
	transport := &http.Transport{Protocols: protocols, TLSClientConfig: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	_, err := s.healthBy(ctx, transport)
	return "", err
}

// healthBy sends a health check through CloudFront.
func (s *Suite) healthBy(ctx context.Context, transport http.RoundTripper) (httpcheck.Response, error) {
	return s.get(ctx, httpcheck.Request{URL: s.path(health), Client: &http.Client{Transport: transport}})
}
