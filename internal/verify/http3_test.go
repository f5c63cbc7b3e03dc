package verify

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain/chaintest"
	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// overUDP returns the checks of a server with TLS that offers HTTP/3 at a UDP port, the socket of
// that port, and the server's certificate.
func overUDP(t *testing.T) (*Suite, net.PacketConn, tls.Certificate) {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	s, server := encrypted(t, nil, fmt.Sprintf(`h2=":1", h3=":%d"; ma=86400`, socket.LocalAddr().(*net.UDPAddr).Port))
	s.udpTimeout = 100 * time.Millisecond
	return s, socket, server.TLS.Certificates[0]
}

// serve serves HTTP/3 with a certificate, and responds with a status.
func serve(t *testing.T, socket net.PacketConn, certificate tls.Certificate, status int) {
	t.Helper()
	server := &http3.Server{
		TLSConfig: http3.ConfigureTLSConfig(&tls.Config{Certificates: []tls.Certificate{certificate}}),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 3 || r.URL.Path != "/api/healthz" {
				status = http.StatusBadRequest
			}
			w.WriteHeader(status)
		}),
	}
	go func() { _ = server.Serve(socket) }()
	t.Cleanup(func() { _ = server.Close() })
}

func (s *Suite) doHTTP3(t *testing.T) check.Result {
	t.Helper()
	return s.protocols()[5].Do(t.Context())
}

func TestHTTP3(t *testing.T) {
	s, socket, certificate := overUDP(t)
	serve(t, socket, certificate, http.StatusOK)
	r := s.doHTTP3(t)
	require.NoError(t, r.Err)
	assert.Equal(t, "HTTP/3: 200 ", r.Name+": "+r.Got+" "+r.LeftOut)
}

func TestAnErrorByHTTP3IsFound(t *testing.T) {
	s, socket, certificate := overUDP(t)
	serve(t, socket, certificate, http.StatusServiceUnavailable)
	require.ErrorContains(t, s.doHTTP3(t).Err, "503")
}

func TestAnotherCertificateByHTTP3IsFound(t *testing.T) {
	s, socket, _ := overUDP(t)
	other := chaintest.SelfSigned([]string{"127.0.0.1"})
	serve(t, socket, tls.Certificate{Certificate: [][]byte{other.Certificate.Raw}, PrivateKey: other.Key}, http.StatusOK)
	require.ErrorContains(t, s.doHTTP3(t).Err, "certificate")
}

func TestHTTP3IsLeftOutIfNoPacketIsAnswered(t *testing.T) {
	s, _, _ := overUDP(t)
	r := s.doHTTP3(t)
	require.NoError(t, r.Err)
	assert.Equal(t, "no answer by UDP: does this network block it?", r.LeftOut)
}

func TestHTTP3MustBeOfferedIfConfigured(t *testing.T) {
	s, _ := encrypted(t, nil, `h3-29=":443"`)
	require.EqualError(t, s.doHTTP3(t).Err, `not offered, although edgeHttpVersion is http2and3: Alt-Svc is "h3-29=\":443\""`)
	for version, want := range map[string][2]string{
		"http1.1": {"edgeHttpVersion is http1.1", "edgeHttpVersion is http1.1"}, "http2": {"", "edgeHttpVersion is http2"},
		"http3": {"edgeHttpVersion is http3", ""}, "http2and3": {"", ""},
	} {
		s.Outputs.EdgeHTTPVersion = version
		rows := s.protocols()
		assert.Equal(t, want, [2]string{rows[4].LeftOut, rows[5].LeftOut}, version)
	}
}

func TestParseAltSvc(t *testing.T) {
	for value, want := range map[string]string{
		`h3=":443"; ma=86400`:                   ":443",
		`h2=":443", h3="d1.cloudfront.net:444"`: "d1.cloudfront.net:444",
		`h2=":443",h3=":1"`:                     ":1",
		`h3-29=":443"`:                          "",
		`clear`:                                 "",
		``:                                      "",
	} {
		got, found := parseAltSvc(value)
		assert.Equal(t, want, got, value)
		assert.Equal(t, want != "", found, value)
	}
}
