package certificates

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"golang.org/x/crypto/ocsp"
)

// isRevoked is the outcome for certificates that are revoked.
const isRevoked = "revoked: OCSP at once, next CRL"

// verifyRevoked returns an error unless a certificate is revoked according to the two
// addresses that it names itself, and another one that is in use, if there is one, is not.
// Vault makes a new CRL from time to time, and at once for an administrator.
func (c *Checker) verifyRevoked(ctx context.Context, gone held, inUse *held) error {
	if err := verifyOCSP(ctx, gone, ocsp.Revoked); err != nil {
		return err
	}
	if err := c.Vault.Root().Do(ctx, http.MethodGet, "/"+c.Mount+"/crl/rotate", nil, nil); err != nil {
		return fmt.Errorf("make a new CRL: %w", err)
	}
	list, err := crl(ctx, gone)
	if err != nil {
		return err
	}
	if !listed(list, gone.leaf) {
		return fmt.Errorf("not on the CRL: %s", gone.serial())
	}
	if inUse == nil {
		return nil
	}
	if listed(list, inUse.leaf) {
		return fmt.Errorf("on the CRL and in use: %s", inUse.serial())
	}
	return verifyOCSP(ctx, *inUse, ocsp.Good)
}

func verifyOCSP(ctx context.Context, h held, want int) error {
	got, err := status(ctx, h)
	if err == nil && got != want {
		err = fmt.Errorf("OCSP status of %s is %d, want %d", h.serial(), got, want)
	}
	return err
}

// crl fetches the list from the address in the certificate. It must be the
// intermediate's, and valid.
func crl(ctx context.Context, h held) (*x509.RevocationList, error) {
	content, err := fetch(ctx, http.MethodGet, h.leaf.CRLDistributionPoints[0], nil)
	if err != nil {
		return nil, fmt.Errorf("CRL: %w", err)
	}
	list, err := x509.ParseRevocationList(content)
	if err != nil {
		return nil, fmt.Errorf("CRL: %w", err)
	}
	if err := list.CheckSignatureFrom(h.intermediate); err != nil {
		return nil, fmt.Errorf("CRL: %w", err)
	}
	if time.Now().After(list.NextUpdate) {
		return nil, errors.New("CRL: out of date")
	}
	return list, nil
}

func listed(list *x509.RevocationList, c *x509.Certificate) bool {
	for _, entry := range list.RevokedCertificateEntries {
		if entry.SerialNumber.Cmp(c.SerialNumber) == 0 {
			return true
		}
	}
	return false
}

// status returns the status from the OCSP responder that the certificate names.
func status(ctx context.Context, h held) (int, error) {
	request, err := ocsp.CreateRequest(h.leaf, h.intermediate, nil)
	if err != nil {
		return ocsp.Unknown, err
	}
	content, err := fetch(ctx, http.MethodPost, h.leaf.OCSPServer[0], request)
	if err != nil {
		return ocsp.Unknown, fmt.Errorf("OCSP: %w", err)
	}
	response, err := ocsp.ParseResponseForCert(content, h.leaf, h.intermediate)
	if err != nil {
		return ocsp.Unknown, fmt.Errorf("OCSP: %w", err)
	}
	return response.Status, nil
}

func fetch(ctx context.Context, method, url string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/ocsp-request")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s responded %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}
