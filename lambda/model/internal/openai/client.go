package openai

import (
	"crypto/tls"
	"net/http"
)

// NewClient returns a client that goes nowhere else than it is sent, and keeps no
// connection, which would die while Lambda has the process frozen. The server's
// certificate has to be good for serverName, or for the URL's host if that is empty.
func NewClient(serverName string) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true
	transport.TLSClientConfig = &tls.Config{ServerName: serverName, MinVersion: tls.VersionTLS12}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
