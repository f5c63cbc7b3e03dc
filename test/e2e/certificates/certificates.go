// Package certificates checks the certificates of a deployed stack: that what Vault issued
// and Kubernetes holds makes a TLS server that clients trust, that it is renewed, and that
// the role and the policy allow nothing else.
package certificates

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

// Target names what the stack created in Vault and Kubernetes.
type Target struct {
	Vault      vaultserver.Server
	Kubernetes kubernetesserver.Access

	Name              string // the DNS name that the certificate is for
	Namespace, Secret string // of the TLS secret in Kubernetes
	RootMount, Mount  string // of the authorities in Vault
	Role, Policy      string // that issue from Mount

	// Deploy deploys the stack with some settings changed, or with its own if there
	// are none. It takes half a minute. The renewal needs it.
	Deploy func(ctx context.Context, settings map[string]any, doing func(string)) error
	// Doing, if set, is called with what is under way in checks that take long.
	Doing func(string)
}

// TargetOf returns what an environment's stack made.
func TargetOf(e *env.Environment) (Target, error) {
	names, err := pulumicli.Setting(e.Checkout, "gatehouse:certificateNames")
	if err != nil {
		return Target{}, err
	}
	t := Target{Vault: e.Servers.Vault, Kubernetes: e.Servers.Kubernetes.Access}
	t.Deploy = func(ctx context.Context, settings map[string]any, doing func(string)) error {
		_, err := e.Deploy(ctx, settings, doing)
		return err
	}
	if list, ok := names.([]any); ok && len(list) > 0 {
		t.Name, _ = list[0].(string)
	}
	var missing []string
	for name, into := range map[string]*string{
		"tlsSecretNamespace": &t.Namespace, "tlsSecretName": &t.Secret,
		"pkiRootMount": &t.RootMount, "pkiMount": &t.Mount, "pkiRole": &t.Role, "pkiPolicy": &t.Policy,
	} {
		if *into = e.Outputs[name]; *into == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return t, fmt.Errorf("the stack has no outputs %s", strings.Join(missing, ", "))
	}
	return t, nil
}

// Checker checks a target.
type Checker struct {
	Target
	secrets []string
	current cached[held]   // as the secret had it at first
	token   cached[string] // of the policy
}

// New returns a checker of a target.
func New(t Target) *Checker {
	return &Checker{Target: t, secrets: []string{t.Vault.Token, t.Kubernetes.Token}}
}

// Secrets returns values that may be in clear nowhere: the tokens that the stack was
// deployed with, and every token and private key that the checks saw.
func (c *Checker) Secrets() []string { return c.secrets }

// keep adds secrets that the checks saw; an empty string is none.
func (c *Checker) keep(secrets ...string) {
	for _, secret := range secrets {
		if secret != "" {
			c.secrets = append(c.secrets, secret)
		}
	}
}

func (c *Checker) doing(what string) {
	if c.Doing != nil {
		c.Doing(what)
	}
}

// Checks returns the checks that take seconds.
func (c *Checker) Checks() []check.Check {
	return slices.Concat(
		[]check.Check{simple("TLS secret in Kubernetes", "certificate and intermediate; ca.crt is Vault's root", func(ctx context.Context) error {
			_, err := c.held(ctx)
			return err
		})},
		c.handshakes(), c.permissions(), c.rejectedSecrets(), []check.Check{c.pods()},
	)
}

// simple is a check that observes nothing but whether it passes.
func simple(name, want string, run func(context.Context) error) check.Check {
	return check.Check{Name: name, Want: want, Run: func(ctx context.Context) (string, error) { return "", run(ctx) }}
}

// cached keeps the first value that could be made, for several checks to use.
type cached[T any] struct {
	value T
	made  bool
}

func (v *cached[T]) get(ctx context.Context, create func(context.Context) (T, error)) (T, error) {
	if v.made {
		return v.value, nil
	}
	value, err := create(ctx)
	v.value, v.made = value, err == nil
	return value, err
}

// held returns the certificate that the secret had when it was first read.
func (c *Checker) held(ctx context.Context) (held, error) { return c.current.get(ctx, c.read) }

// read reads the secret and verifies it.
func (c *Checker) read(ctx context.Context) (held, error) {
	var secret secret
	err := c.Kubernetes.Client().Do(ctx, "GET", fmt.Sprintf("/api/v1/namespaces/%s/secrets/%s", c.Namespace, c.Secret), nil, &secret)
	if err != nil {
		return held{}, err
	}
	c.keep(keyLines(secret.Data.Key)...)
	root, err := authority(ctx, c.Vault.As(""), c.RootMount)
	if err != nil {
		return held{}, err
	}
	intermediate, err := authority(ctx, c.Vault.As(""), c.Mount)
	if err != nil {
		return held{}, err
	}
	return verifySecret(secret, c.Name, root, intermediate)
}

// authority reads the certificate of a mount's authority, which needs no token.
func authority(ctx context.Context, anonymous restclient.Client, mount string) ([]byte, error) {
	var pem []byte
	err := anonymous.Do(ctx, "GET", "/"+mount+"/ca/pem", nil, &pem)
	if err != nil {
		return nil, fmt.Errorf("the authority in %s: %w", mount, err)
	}
	return pem, nil
}

// Removed removes the certificate from the stack, and checks that it is revoked then.
func (c *Checker) Removed(ctx context.Context, remove func(context.Context) error) check.Result {
	return simple("certificate that was removed", isRevoked, func(ctx context.Context) error {
		last, err := c.read(ctx)
		if err != nil {
			return err
		}
		if err := remove(ctx); err != nil {
			return err
		}
		return c.verifyRevoked(ctx, last, nil)
	}).Do(ctx)
}
