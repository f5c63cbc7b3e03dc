// Package download fetches published archives. It finds out at once whether an archive
// can be had, continues an interrupted download, and takes nothing that isn't complete.
package download

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Client fetches archives over HTTP, through the proxies that the environment names.
type Client struct {
	// CheckTimeout bounds a check of whether archives can be had.
	CheckTimeout time.Duration

	// StallTimeout bounds the time in which nothing arrives, not the whole download.
	StallTimeout time.Duration
}

// Default has the timeouts for a usual connection.
var Default = Client{CheckTimeout: 2 * time.Second, StallTimeout: 30 * time.Second}

var httpClient = &http.Client{Transport: transport()}

// transport returns Go's default transport, which respects HTTPS_PROXY and NO_PROXY,
// without its own decompression: an archive must arrive as it is published.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true
	return t
}

// brief removes from an error of the HTTP client what the caller names, the address, and
// what no user needs, such as the name server's.
func brief(err error) error {
	if unknown := (*net.DNSError)(nil); errors.As(err, &unknown) {
		return fmt.Errorf("%s: %s", unknown.Name, unknown.Err)
	}
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		return failed.Err
	}
	return err
}

// rejected returns an error for a response without the content that was requested.
func rejected(r *http.Response) error {
	return fmt.Errorf("%s responds %s", r.Request.URL.Host, r.Status)
}
