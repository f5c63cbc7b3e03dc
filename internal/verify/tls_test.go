package verify

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// encrypted returns a server with TLS that offers other protocols in Alt-Svc, and its checks.
func encrypted(t *testing.T, config *tls.Config, altSvc string) (*Suite, *httptest.Server) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Alt-Svc", altSvc)
		if r.ProtoMajor != 2 || r.URL.Path != "/api/healthz" {
			w.WriteHeader(http.StatusHTTPVersionNotSupported)
		}
	}))
	server.EnableHTTP2, server.TLS = true, config
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that must fail
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &Suite{
		Addresses: Addresses{Viewer: Address{URL: server.URL}}, Outputs: Outputs{APIPrefix: "/api", EdgeHTTPVersion: "http2and3"}, roots: roots,
	}, server
}

func TestTLS(t *testing.T) {
	s, _ := encrypted(t, nil, "")
	got, err := s.handshake(t.Context())
	require.NoError(t, err)
	assert.Contains(t, got, "TLS 1.3, example.com")
	got, err = s.oldTLS(t.Context())
	require.NoError(t, err)
	assert.Contains(t, got, "refused: ")
	_, err = s.http2(t.Context())
	require.NoError(t, err)
	for _, c := range s.protocols()[2:] {
		assert.Empty(t, c.LeftOut)
	}
}

func TestOldTLSIsFound(t *testing.T) {
	s, _ := encrypted(t, &tls.Config{MinVersion: tls.VersionTLS10}, "")
	_, err := s.oldTLS(t.Context())
	require.EqualError(t, err, "accepted: TLS 1.1")
}

func TestAnUnknownAuthorityIsFound(t *testing.T) {
	s, _ := encrypted(t, nil, "")
	s.roots = x509.NewCertPool()
	_, err := s.handshake(t.Context())
	require.ErrorContains(t, err, "certificate signed by unknown authority")
	_, err = s.oldTLS(t.Context())
	require.NoError(t, err, "the version is refused before")
}

func TestNoServerIsNoRefusal(t *testing.T) {
	s := &Suite{Addresses: Addresses{Viewer: Address{URL: "https://127.0.0.1:1"}}}
	_, err := s.oldTLS(t.Context())
	require.ErrorContains(t, err, "connection refused")
}

func TestCertificateThatEndsSoonIsFound(t *testing.T) {
	certificate := &x509.Certificate{DNSNames: []string{"api.example.com"}, NotAfter: time.Unix(0, 0).Add(29 * 24 * time.Hour)}
	_, err := describe(tls.VersionTLS13, certificate, time.Unix(0, 0))
	require.EqualError(t, err, "TLS 1.3, api.example.com, 29 days left")
}

func TestCloudFrontsOwnNameAcceptsOldTLS(t *testing.T) {
	s := &Suite{Addresses: Addresses{Viewer: Address{URL: "https://d1.cloudfront.net"}}}
	assert.Contains(t, s.protocols()[3].LeftOut, "domainNames")
}
