package certificates

import (
	"crypto/tls"
	"io"
	"net"
	"sync/atomic"
)

// server is a TLS server on loopback that sends back what it gets. As a server
// in a cluster would, it takes a new certificate while it runs.
type server struct {
	listener    net.Listener
	certificate atomic.Pointer[tls.Certificate]
}

func serve(c tls.Certificate) (*server, error) {
	var s server
	s.certificate.Store(&c)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.certificate.Load(), nil },
	})
	s.listener = listener
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return &s, nil
}

func (s *server) address() string { return s.listener.Addr().String() }

func (s *server) close() { _ = s.listener.Close() }
