package verify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// Bounds of the download of a revocation list. An entry has some 40 bytes.
const (
	listTimeout = 10 * time.Second
	largestList = 16 << 20
)

// revocation checks that the certificate is on none of the revocation lists that it names. The
// first that this machine reaches decides: all are of the same authority.
func (s *Suite) revocation(ctx context.Context) (string, error) {
	now := s.Now()
	server, err := s.privateServer(now)
	if err != nil {
		return "", check.Inconclusive("the certificate itself is not valid")
	}
	reason := "the certificate names no revocation list"
	for _, address := range server.certificate.CRLDistributionPoints {
		content, err := download(ctx, address)
		var unreachable unreachableError
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case errors.As(err, &unreachable):
			reason = fmt.Sprintf("not revoked as far as known: the list at %s is not reachable from here: %v", address, unreachable.cause)
		case err != nil:
			return "", fmt.Errorf("the revocation list at %s: %w", address, err)
		default:
			return server.notRevoked(content, now)
		}
	}
	return "", check.Inconclusive(reason)
}

// unreachableError is the error for a list that may be reached from other networks.
type unreachableError struct{ cause error }

// Error implements error.
func (e unreachableError) Error() string { return e.cause.Error() }

// ofProxies are the statuses with which proxies refuse to forward a request, or fail to.
var ofProxies = map[int]bool{
	http.StatusForbidden: true, http.StatusProxyAuthRequired: true, http.StatusBadGateway: true, http.StatusGatewayTimeout: true,
}

// download returns a revocation list. It is signed: over plain HTTP, too, it can't be forged.
func download(ctx context.Context, address string) ([]byte, error) {
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		return nil, unreachableError{errors.New("it is no web address")}
	}
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	var failed *url.Error
	switch {
	case errors.As(err, &failed):
		return nil, unreachableError{failed.Err} // without the URL
	case err != nil:
		return nil, unreachableError{err}
	}
	defer response.Body.Close()
	switch {
	case ofProxies[response.StatusCode]:
		return nil, unreachableError{errors.New(response.Status)}
	case response.StatusCode != http.StatusOK:
		return nil, errors.New(response.Status)
	}
	content, err := io.ReadAll(io.LimitReader(response.Body, largestList+1))
	switch {
	case err != nil:
		return nil, unreachableError{err}
	case len(content) > largestList:
		return nil, fmt.Errorf("it has more than %d bytes", largestList)
	}
	return content, nil
}

// notRevoked returns an error unless a revocation list, DER, is the issuer's current one, without
// the certificate.
func (s server) notRevoked(content []byte, now time.Time) (string, error) {
	list, err := x509.ParseRevocationList(content)
	if err != nil {
		return "", fmt.Errorf("the revocation list: %w", err)
	}
	if err := list.CheckSignatureFrom(s.issuer); err != nil {
		return "", fmt.Errorf("the revocation list is not signed by %q: %w", s.issuer.Subject, err)
	}
	if !now.Before(list.NextUpdate) {
		return "", fmt.Errorf("the revocation list ended at %s: is Vault making new ones?", list.NextUpdate.UTC().Format(time.RFC3339))
	}
	for _, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(s.certificate.SerialNumber) == 0 {
			return "", fmt.Errorf("revoked at %s: `pulumi up --replace '**certificate-leaf'` gets another", entry.RevocationTime.UTC().Format(time.RFC3339))
		}
	}
	return fmt.Sprintf("not among %d; the list ends in %s", len(list.RevokedCertificateEntries), remaining(list.NextUpdate.Sub(now))), nil
}
