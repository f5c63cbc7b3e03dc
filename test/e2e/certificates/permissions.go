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

	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// issued is Vault's answer to a request for a certificate.
type issued struct {
	Data struct {
		Certificate string
		Chain       []string `json:"ca_chain"`
		PrivateKey  string   `json:"private_key"`
	}
}

// permissions shows what a holder of the policy can do with the role, and that
// it is all.
func (p *Proof) permissions(ctx context.Context, h held, doing func(string)) []smoke.Row {
	doing("the policy")
	token, err := p.tokenOf(ctx, p.Policy)
	if err != nil {
		return []smoke.Row{smoke.Check("policy: its token", "made", func() (string, error) { return "", err })}
	}
	c := p.Vault.As(token)
	calls := forbidden(p.RootMount, p.Mount, p.Role, p.Policy)
	return []smoke.Row{
		smoke.Check("policy: issue, sign, read the chain", "done", func() (string, error) { return "done", p.allowed(ctx, c, h) }),
		smoke.Check("role: for other names", "refused", func() (string, error) {
			return "refused", errors.Join(p.refuseIssue(ctx, c), p.refuseSign(ctx, c))
		}),
		smoke.Check("intermediate: for other names", "refused, whatever the role", func() (string, error) {
			return "refused, whatever the role", p.refuseAnyRole(ctx)
		}),
		smoke.Check("policy: anything else", fmt.Sprintf("%d calls refused", len(calls)), func() (string, error) {
			return fmt.Sprintf("%d calls refused", len(calls)), refuseCalls(ctx, c, p.Vault.Root(), calls)
		}),
	}
}

// tokenOf makes a token that has one policy and nothing else.
func (p *Proof) tokenOf(ctx context.Context, policy string) (string, error) {
	var made struct {
		Auth struct {
			Token string `json:"client_token"`
		}
	}
	request := map[string]any{"policies": []string{policy}, "no_default_policy": true, "ttl": "10m"}
	err := p.Vault.Root().Do(ctx, http.MethodPost, "/auth/token/create-orphan", request, &made)
	p.keep(made.Auth.Token)
	return made.Auth.Token, err
}

// allowed issues and signs for the name as the policy's holder.
func (p *Proof) allowed(ctx context.Context, c restclient.Client, h held) error {
	var made issued
	if err := c.Do(ctx, http.MethodPost, "/"+p.Mount+"/issue/"+p.Role, map[string]any{"common_name": p.Name, "ttl": "2m"}, &made); err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	p.keep(keyLines([]byte(made.Data.PrivateKey))...)
	if err := p.trusted(made, h.root); err != nil {
		return fmt.Errorf("issue: %w", err)
	}
	if err := p.sign(ctx, c, p.Mount+"/sign/"+p.Role, h.root); err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	if err := c.Do(ctx, http.MethodGet, "/"+p.Mount+"/cert/ca_chain", nil, new([]byte)); err != nil {
		return fmt.Errorf("read the chain: %w", err)
	}
	return nil
}

// sign has a key of our own certified for the name, at a path in Vault.
func (p *Proof) sign(ctx context.Context, c restclient.Client, path string, root []byte) error {
	request, err := signingRequest(x509.CertificateRequest{DNSNames: []string{p.Name}})
	if err != nil {
		return err
	}
	var made issued
	if err := c.Do(ctx, http.MethodPost, "/"+path, map[string]any{"csr": request, "common_name": p.Name, "ttl": "2m"}, &made); err != nil {
		return err
	}
	return p.trusted(made, root)
}

// trusted checks an issued certificate as a client would.
func (p *Proof) trusted(made issued, root []byte) error {
	leaf, err := one([]byte(made.Data.Certificate))
	if err != nil {
		return err
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	for _, authority := range made.Data.Chain {
		between.AppendCertsFromPEM([]byte(authority))
	}
	_, err = leaf.Verify(x509.VerifyOptions{DNSName: p.Name, Roots: roots, Intermediates: between})
	return errors.Join(err, judgeLeaf(leaf, p.Name, leaf.NotBefore))
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
