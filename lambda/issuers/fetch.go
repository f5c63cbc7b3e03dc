package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/token"
)

// requestTimeout is that of a request to an issuer, its body included.
const requestTimeout = 5 * time.Second

// newHTTPClient returns a client that follows no redirects: the keys are those of the
// server that the issuer's URL and its document name.
func newHTTPClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.DisableKeepAlives = true // the next run comes in minutes
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	transport.MaxResponseHeaderBytes = token.MaxKeySetLength
	return &http.Client{
		Transport:     transport,
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// discovery has the needed members of an issuer's document (OpenID Connect Discovery 1.0).
type discovery struct {
	Issuer  string `json:"issuer"`
	JWKSURI string `json:"jwks_uri"`
}

// fetchKeys reads the keys that an issuer publishes now.
func fetchKeys(ctx context.Context, client *http.Client, issuer token.Issuer) (token.KeySet, error) {
	content, err := get(ctx, client, strings.TrimSuffix(issuer.URL, "/")+"/.well-known/openid-configuration")
	if err != nil {
		return token.KeySet{}, err
	}
	var document discovery
	if err := json.Unmarshal(content, &document); err != nil {
		return token.KeySet{}, errors.New("its discovery document is no JSON of one")
	}
	if document.Issuer != issuer.URL {
		return token.KeySet{}, fmt.Errorf("its discovery document is of the issuer %.255q: gatehouse:oidcIssuers must have that URL, byte for byte", document.Issuer)
	}
	if err := checkKeysURL(issuer.URL, document.JWKSURI); err != nil {
		return token.KeySet{}, err
	}
	content, err = get(ctx, client, document.JWKSURI)
	if err != nil {
		return token.KeySet{}, err
	}
	return token.ParseKeySet(content)
}

// checkKeysURL refuses a URL of keys without TLS, unless the issuer is without too, which
// only one on this machine itself may be.
func checkKeysURL(issuer, keys string) error {
	u, err := url.Parse(keys)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil:
	case u.Scheme == "https":
		return nil
	case strings.HasPrefix(issuer, "http://") && token.IsIssuerURL(issuer) && token.IsIssuerURL(keys):
		return nil
	}
	return fmt.Errorf("its jwks_uri is %.255q; allowed: an https URL", keys)
}

// get reads a document that an issuer publishes.
func get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("accept", "application/json")
	request.Header.Set("user-agent", "gatehouse")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // nothing was written
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: status %d; want 200, without a redirect", address, response.StatusCode)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, token.MaxKeySetLength+1))
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", address, err)
	}
	if len(content) > token.MaxKeySetLength {
		return nil, fmt.Errorf("GET %s: the document has more than %d bytes", address, token.MaxKeySetLength)
	}
	return content, nil
}
