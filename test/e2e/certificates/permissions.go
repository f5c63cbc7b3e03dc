package certificates

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// issued is Vault's response to a request for a certificate.
type issued struct {
	Data struct {
		Certificate string
		Chain       []string `json:"ca_chain"`
		PrivateKey  string   `json:"private_key"`
	}
}

// permissions check what a holder of the policy can do with the role, and that it can do
// nothing else.
func (c *Checker) permissions() []check.Check {
	calls := forbidden(c.RootMount, c.Mount, c.Role, c.Policy)
	asHolder := func(run func(context.Context, restclient.Client) error) func(context.Context) error {
		return func(ctx context.Context) error {
			token, err := c.token.get(ctx, func(ctx context.Context) (string, error) { return c.tokenOf(ctx, c.Policy) })
			if err != nil {
				return fmt.Errorf("make a token of the policy: %w", err)
			}
			return run(ctx, c.Vault.As(token))
		}
	}
	return []check.Check{
		simple("policy: issue, sign, read the chain", "done", asHolder(c.verifyAllowed)),
		simple("role: for other names", "rejected", asHolder(func(ctx context.Context, holder restclient.Client) error {
			return errors.Join(c.rejectIssue(ctx, holder), c.rejectSign(ctx, holder))
		})),
		c.constraint(),
		simple("policy: anything else", fmt.Sprintf("%d calls rejected", len(calls)), asHolder(func(ctx context.Context, holder restclient.Client) error {
			return rejectCalls(ctx, holder, c.Vault.Root(), calls)
		})),
	}
}

// tokenOf makes a token that has one policy and nothing else.
func (c *Checker) tokenOf(ctx context.Context, policy string) (string, error) {
	var made struct {
		Auth struct {
			Token string `json:"client_token"`
		}
	}
	request := map[string]any{"policies": []string{policy}, "no_default_policy": true, "ttl": "10m"}
	err := c.Vault.Root().Do(ctx, http.MethodPost, "/auth/token/create-orphan", request, &made)
	c.keep(made.Auth.Token)
	return made.Auth.Token, err
}

// verifyAllowed issues and signs for the name as the policy's holder.
func (c *Checker) verifyAllowed(ctx context.Context, client restclient.Client) error {
	h, err := c.held(ctx)
	if err != nil {
		return err
	}
	var made issued
	if err := client.Do(ctx, http.MethodPost, "/"+c.Mount+"/issue/"+c.Role, map[string]any{"common_name": c.Name, "ttl": "2m"}, &made); err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	c.keep(keyLines([]byte(made.Data.PrivateKey))...)
	if err := c.trusted(made, h.root); err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	if err := c.sign(ctx, client, c.Mount+"/sign/"+c.Role, h.root); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	if err := client.Do(ctx, http.MethodGet, "/"+c.Mount+"/cert/ca_chain", nil, new([]byte)); err != nil {
		return fmt.Errorf("read the chain: %w", err)
	}
	return nil
}

// sign has a key of our own certified for the name, at a path in Vault.
func (c *Checker) sign(ctx context.Context, client restclient.Client, path string, root []byte) error {
	request, err := signingRequest(x509.CertificateRequest{DNSNames: []string{c.Name}})
	if err != nil {
		return err
	}
	var made issued
	if err := client.Do(ctx, http.MethodPost, "/"+path, map[string]any{"csr": request, "common_name": c.Name, "ttl": "2m"}, &made); err != nil {
		return err
	}
	return c.trusted(made, root)
}

// trusted checks an issued certificate as a client would.
func (c *Checker) trusted(made issued, root []byte) error {
	leaf, err := one([]byte(made.Data.Certificate))
	if err != nil {
		return err
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	for _, authority := range made.Data.Chain {
		between.AppendCertsFromPEM([]byte(authority))
	}
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: c.Name, Roots: roots, Intermediates: between})
	return errors.Join(err, verifyLeaf(leaf, c.Name, leaf.NotBefore))
}

// signingRequest makes a key, and a request in PEM to certify it for what the
// template has.
func signingRequest(template x509.CertificateRequest) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, key)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), err
}
