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
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// otherNames are DNS names that a role for one name must not certify.
func otherNames(name string) []string {
	return []string{"other.example", "sub." + name, "*." + name, name + ".example", "x" + name, "localhost"}
}

// refuseIssue asks for certificates for other names and kinds of names, with a
// key of Vault's. Vault has to refuse them all, and because of the request.
func (p *Proof) refuseIssue(ctx context.Context, c restclient.Client) error {
	bodies := []map[string]any{
		{"common_name": p.Name, "ip_sans": "127.0.0.1"},
		{"common_name": p.Name, "uri_sans": "https://" + p.Name},
		{"common_name": p.Name, "alt_names": "postmaster@other.example"},
		{"common_name": p.Name, "other_sans": "1.3.6.1.4.1.311.20.2.3;utf8:" + p.Name},
	}
	for _, other := range otherNames(p.Name) {
		bodies = append(bodies, map[string]any{"common_name": other}, map[string]any{"common_name": p.Name, "alt_names": other})
	}
	for _, body := range bodies {
		if err := refused(c.Do(ctx, http.MethodPost, "/"+p.Mount+"/issue/"+p.Role, body, nil), http.StatusBadRequest); err != nil {
			return fmt.Errorf("issue %v: %w", body, err)
		}
	}
	return nil
}

// refuseSign does the same with keys of one's own.
func (p *Proof) refuseSign(ctx context.Context, c restclient.Client) error {
	requests := []x509.CertificateRequest{
		{DNSNames: []string{p.Name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}},
		{DNSNames: []string{p.Name}, URIs: []*url.URL{{Scheme: "https", Host: p.Name}}},
		{DNSNames: []string{p.Name}, EmailAddresses: []string{"postmaster@other.example"}},
	}
	for _, other := range otherNames(p.Name) {
		requests = append(requests, x509.CertificateRequest{DNSNames: []string{p.Name, other}})
	}
	for _, request := range requests {
		csr, err := signingRequest(request)
		if err != nil {
			return err
		}
		body := map[string]any{"csr": csr, "common_name": p.Name}
		if err := refused(c.Do(ctx, http.MethodPost, "/"+p.Mount+"/sign/"+p.Role, body, nil), http.StatusBadRequest); err != nil {
			return fmt.Errorf("sign %v %v %v %v: %w", request.DNSNames, request.IPAddresses, request.URIs, request.EmailAddresses, err)
		}
	}
	return nil
}

// refused returns nil if an answer was a refusal with one of these statuses.
func refused(err error, statuses ...int) error {
	switch {
	case slices.Contains(statuses, restclient.Status(err)):
		return nil
	case err == nil:
		return errors.New("not refused")
	default:
		return err
	}
}

// refuseAnyRole makes a role that may issue for any name. The names that are
// served stand in the intermediate's certificate, so that it can't be done.
func (p *Proof) refuseAnyRole(ctx context.Context) error {
	const role = "proof-any-name"
	root := p.Vault.Root()
	path := "/" + p.Mount + "/roles/" + role
	if err := root.Do(ctx, http.MethodPost, path, map[string]any{"allow_any_name": true, "key_type": "ec", "key_bits": 256}, nil); err != nil {
		return err
	}
	err := root.Do(ctx, http.MethodPost, "/"+p.Mount+"/issue/"+role, map[string]any{"common_name": "other.example"}, nil)
	removed := root.Do(context.WithoutCancel(ctx), http.MethodDelete, path, nil, nil)
	switch {
	case err == nil:
		err = errors.New("not refused")
	case strings.Contains(err.Error(), "not permitted by any constraint"):
		err = nil
	}
	return errors.Join(err, removed)
}
