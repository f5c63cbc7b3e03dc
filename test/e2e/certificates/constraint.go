package certificates

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

// The name and the address that no certificate of the intermediate can be valid for.
const (
	otherName    = "other.example"
	otherAddress = "192.0.2.1"
)

// constraint checks that the intermediate's certificate is constrained to what is served,
// with a role that may issue for anything. Vault itself rejects such requests. OpenBao
// issues the certificate, which clients must reject then.
func (c *Checker) constraint() check.Check {
	want, run := "rejected, with any role", c.rejectedByVault
	if c.Vault.Product == vaultserver.OpenBao {
		want, run = outcomes(errConstraint), c.rejectedByClients
	}
	return simple("intermediate: for other names", want, func(ctx context.Context) error {
		const role = "check-any-name"
		root, path := c.Vault.Root(), "/"+c.Mount+"/roles/"+role
		if err := root.Do(ctx, http.MethodPost, path, map[string]any{"allow_any_name": true, "key_type": "ec", "key_bits": 256}, nil); err != nil {
			return err
		}
		err := run(ctx, root, "/"+c.Mount+"/issue/"+role)
		return errors.Join(err, root.Do(context.WithoutCancel(ctx), http.MethodDelete, path, nil, nil))
	})
}

// rejectedByVault requests certificates for another name and for an address.
func (c *Checker) rejectedByVault(ctx context.Context, root restclient.Client, path string) error {
	for _, body := range []map[string]any{{"common_name": otherName}, {"common_name": c.Name, "ip_sans": otherAddress}} {
		switch err := root.Do(ctx, http.MethodPost, path, body, nil); {
		case err == nil:
			return fmt.Errorf("issue %v: not rejected", body)
		case !strings.Contains(err.Error(), "by any constraint") && !strings.Contains(err.Error(), "by constraint"):
			return fmt.Errorf("issue %v: %w", body, err)
		}
	}
	return nil
}

// rejectedByClients has a certificate issued for another name and starts a server with it.
// Every client must reject it for the constraint of the authority that issued it. OpenBao
// has no constraint for addresses.
func (c *Checker) rejectedByClients(ctx context.Context, root restclient.Client, path string) error {
	h, err := c.held(ctx)
	if err != nil {
		return err
	}
	var made issued
	if err := root.Do(ctx, http.MethodPost, path, map[string]any{"common_name": otherName, "ttl": "2m"}, &made); err != nil {
		return fmt.Errorf("issue for %s: %w", otherName, err)
	}
	c.keep(keyLines([]byte(made.Data.PrivateKey))...)
	if len(made.Data.Chain) == 0 {
		return errors.New("issued without the certificate of the authority")
	}
	certificate, err := tls.X509KeyPair([]byte(made.Data.Certificate+"\n"+made.Data.Chain[0]), []byte(made.Data.PrivateKey))
	if err != nil {
		return fmt.Errorf("the issued certificate: %w", err)
	}
	s, err := serve(certificate)
	if err != nil {
		return err
	}
	defer s.close()
	return connectAll(ctx, s.address(), otherName, h.root, errConstraint)
}
