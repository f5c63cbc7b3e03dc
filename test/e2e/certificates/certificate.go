// Package certificate proves the certificates of the deployed stack: that what
// Vault issued and Kubernetes holds makes a TLS server that clients trust, that
// it renews, and that nothing else is possible with the role and the policy.
package certificates

import (
	"context"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// Target is what the stack made in Vault and Kubernetes.
type Target struct {
	Vault      vaultserver.Server
	Kubernetes kubernetesserver.Access

	Name              string // the DNS name that the certificate is for
	Namespace, Secret string // where Kubernetes holds it
	RootMount, Mount  string // of the authorities in Vault
	Role, Policy      string // that issue from Mount

	// Deploy deploys the stack with some settings changed, or with its own if there
	// are none. It takes half a minute: without it the renewal is left out.
	Deploy func(ctx context.Context, settings map[string]any) error
}

// Proof is one proof of a target.
type Proof struct {
	Target
	secrets []string
}

// New proves a target.
func New(t Target) *Proof {
	return &Proof{Target: t, secrets: []string{t.Vault.Token, t.Kubernetes.Token}}
}

// Secrets are values that may stand nowhere in clear: the tokens that the stack
// was deployed with, and every private key that Rows saw.
func (p *Proof) Secrets() []string { return p.secrets }

// keep notes secrets that the proof saw. What is not there is none.
func (p *Proof) keep(secrets ...string) {
	for _, secret := range secrets {
		if secret != "" {
			p.secrets = append(p.secrets, secret)
		}
	}
}

// Rows proves it.
func (p *Proof) Rows(ctx context.Context, doing func(string)) []smoke.Row {
	doing("reading the TLS secret")
	held, row := p.held(ctx)
	rows := []smoke.Row{row}
	if !row.OK {
		return rows
	}
	rows = append(rows, p.handshakes(ctx, held, doing)...)
	rows = append(rows, p.permissions(ctx, held, doing)...)
	rows = append(rows, p.refusedSecrets(ctx, held, doing)...)
	rows = append(rows, p.pods(ctx)...)
	if p.Deploy != nil {
		rows = append(rows, p.renewal(ctx, held, doing)...)
	}
	return rows
}

// held reads the secret and judges it.
func (p *Proof) held(ctx context.Context) (held, smoke.Row) {
	const expected = "certificate and intermediate; ca.crt is Vault's root"
	var h held
	row := smoke.Check("TLS secret in Kubernetes", expected, func() (_ string, err error) {
		h, err = p.read(ctx)
		return expected, err
	})
	return h, row
}

func (p *Proof) read(ctx context.Context) (held, error) {
	var secret secret
	err := p.Kubernetes.Client().Do(ctx, "GET", fmt.Sprintf("/api/v1/namespaces/%s/secrets/%s", p.Namespace, p.Secret), nil, &secret)
	if err != nil {
		return held{}, err
	}
	p.keep(keyLines(secret.Data.Key)...)
	root, err := authority(ctx, p.Vault.As(""), p.RootMount)
	if err != nil {
		return held{}, err
	}
	intermediate, err := authority(ctx, p.Vault.As(""), p.Mount)
	if err != nil {
		return held{}, err
	}
	return judge(secret, p.Name, root, intermediate)
}

// authority reads the certificate of a mount's authority as anybody may.
func authority(ctx context.Context, anyone restclient.Client, mount string) ([]byte, error) {
	var pem []byte
	err := anyone.Do(ctx, "GET", "/"+mount+"/ca/pem", nil, &pem)
	if err != nil {
		return nil, fmt.Errorf("the authority in %s: %w", mount, err)
	}
	return pem, nil
}
