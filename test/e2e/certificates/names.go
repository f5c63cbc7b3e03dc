package certificates

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// otherNames are DNS names that a role for one name must not certify.
func otherNames(name string) []string {
	return []string{"other.example", "sub." + name, "*." + name, name + ".example", "x" + name, "localhost"}
}

// rejectIssue requests certificates for other names and kinds of names, with a key of
// Vault's. Vault must reject each, and because of the request.
func (c *Checker) rejectIssue(ctx context.Context, client restclient.Client) error {
	bodies := []map[string]any{
		{"common_name": c.Name, "ip_sans": "127.0.0.1"},
		{"common_name": c.Name, "uri_sans": "https://" + c.Name},
		{"common_name": c.Name, "alt_names": "postmaster@other.example"},
		{"common_name": c.Name, "other_sans": "1.3.6.1.4.1.311.20.2.3;utf8:" + c.Name},
	}
	for _, other := range otherNames(c.Name) {
		bodies = append(bodies, map[string]any{"common_name": other}, map[string]any{"common_name": c.Name, "alt_names": other})
	}
	for _, body := range bodies {
		if err := rejected(client.Do(ctx, http.MethodPost, "/"+c.Mount+"/issue/"+c.Role, body, nil), http.StatusBadRequest); err != nil {
			return fmt.Errorf("issue %v: %w", body, err)
		}
	}
	return nil
}

// rejectSign does the same with keys of the caller.
func (c *Checker) rejectSign(ctx context.Context, client restclient.Client) error {
	requests := []x509.CertificateRequest{
		{DNSNames: []string{c.Name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}},
		{DNSNames: []string{c.Name}, URIs: []*url.URL{{Scheme: "https", Host: c.Name}}},
		{DNSNames: []string{c.Name}, EmailAddresses: []string{"postmaster@other.example"}},
	}
	for _, other := range otherNames(c.Name) {
		requests = append(requests, x509.CertificateRequest{DNSNames: []string{c.Name, other}})
	}
	for _, request := range requests {
		csr, err := signingRequest(request)
		if err != nil {
			return err
		}
		body := map[string]any{"csr": csr, "common_name": c.Name}
		if err := rejected(client.Do(ctx, http.MethodPost, "/"+c.Mount+"/sign/"+c.Role, body, nil), http.StatusBadRequest); err != nil {
			return fmt.Errorf("sign %v %v %v %v: %w", request.DNSNames, request.IPAddresses, request.URIs, request.EmailAddresses, err)
		}
	}
	return nil
}

// rejected returns nil if err is a response with one of these statuses.
func rejected(err error, statuses ...int) error {
	switch {
	case slices.Contains(statuses, restclient.Status(err)):
		return nil
	case err == nil:
		return errors.New("not rejected")
	default:
		return err
	}
}
