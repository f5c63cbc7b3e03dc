package verify

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// udpTimeout is the time without any packet after which UDP counts as blocked.
const udpTimeout = 5 * time.Second

// http3 sends a request over QUIC to the address that CloudFront offers in Alt-Svc.
func (s *Suite) http3(ctx context.Context) (string, error) {
	to, err := s.offered(ctx)
	if err != nil {
		return "", err
	}
	connection, err := listen()
	if err != nil {
		return "", err
	}
	defer connection.Close()
	packets := &quic.Transport{Conn: connection}
	defer packets.Close()
	transport := &http3.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS13},
		QUICConfig:      &quic.Config{HandshakeIdleTimeout: cmp.Or(s.udpTimeout, udpTimeout)},
		Dial: func(ctx context.Context, _ string, t *tls.Config, q *quic.Config) (*quic.Conn, error) {
			return packets.DialEarly(ctx, to, t, q)
		},
	}
	defer transport.Close()
	_, err = s.healthBy(ctx, transport)
	if err != nil && ctx.Err() == nil && !connection.answered.Load() {
		return "", check.Inconclusive("no answer by UDP: does this network block it?")
	}
	return "", err
}

// offered returns the address that CloudFront offers HTTP/3 at.
func (s *Suite) offered(ctx context.Context) (*net.UDPAddr, error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	got, err := s.healthBy(ctx, transport)
	if err != nil {
		return nil, err
	}
	offer := got.Header.Get("Alt-Svc")
	authority, found := parseAltSvc(offer)
	if !found {
		return nil, fmt.Errorf("not offered, although edgeHttpVersion is %s: Alt-Svc is %q", s.Outputs.EdgeHTTPVersion, offer)
	}
	host, port, err := net.SplitHostPort(authority)
	if err != nil {
		return nil, fmt.Errorf("Alt-Svc: %w", err)
	}
	if host == "" {
		host = s.viewerHost()
	}
	return net.ResolveUDPAddr("udp", net.JoinHostPort(host, port))
}

// h3 is HTTP/3 in the value of Alt-Svc (RFC 7838, section 3).
var h3 = regexp.MustCompile(`(?:^|[, ])h3="([^"]+)"`)

// parseAltSvc returns host and port of the first offer of HTTP/3; the host is empty if it is that
// of the request.
func parseAltSvc(value string) (authority string, found bool) {
	match := h3.FindStringSubmatch(value)
	if match == nil {
		return "", false
	}
	return match[1], true
}

// noting is a UDP socket that notes whether a packet was received.
type noting struct {
	net.PacketConn

	socket   *net.UDPConn
	answered atomic.Bool
}

func listen() (*noting, error) {
	socket, err := net.ListenUDP("udp", nil)
	if err != nil {
		return nil, fmt.Errorf("open a UDP socket: %w", err)
	}
	return &noting{PacketConn: socket, socket: socket}, nil
}

// ReadFrom implements [net.PacketConn].
func (n *noting) ReadFrom(packet []byte) (int, net.Addr, error) {
	size, from, err := n.PacketConn.ReadFrom(packet)
	if err == nil {
		n.answered.Store(true)
	}
	return size, from, err
}

// SetReadBuffer has quic-go log nothing about the buffer's size.
func (n *noting) SetReadBuffer(size int) error { return n.socket.SetReadBuffer(size) }

// SetWriteBuffer has quic-go log nothing about the buffer's size.
func (n *noting) SetWriteBuffer(size int) error { return n.socket.SetWriteBuffer(size) }
