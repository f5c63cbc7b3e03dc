package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/hashicorp/vault/api"
)

// client returns the client for a resource with these values.
func (p *Provider) client(ctx context.Context, about values) (*api.Client, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.vault == nil {
		vault, err := connect(ctx, p.config)
		if err != nil {
			return nil, err
		}
		p.vault = vault
	}
	if namespace := about.text("namespace"); namespace != "" {
		return p.vault.WithNamespace(namespace), nil
	}
	return p.vault, nil
}

// connect logs in as upstream does: with a child of the token that expires soon, or
// with the token itself if skipChildToken is set.
func connect(ctx context.Context, c config) (*api.Client, error) {
	settings := api.DefaultConfig()
	if settings.Error != nil {
		return nil, fmt.Errorf("the variables of Vault in the environment: %w", settings.Error)
	}
	settings.Address, settings.MaxRetries = c.address, c.retries
	if c.caFile != "" || c.caFolder != "" || c.serverName != "" || c.skipTLSVerify {
		err := settings.ConfigureTLS(&api.TLSConfig{CACert: c.caFile, CAPath: c.caFolder, TLSServerName: c.serverName, Insecure: c.skipTLSVerify})
		if err != nil {
			return nil, fmt.Errorf("caCertFile, caCertDir, tlsServerName: %w", err)
		}
	}
	vault, err := api.NewClient(settings)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", c.address, err)
	}
	if c.token != "" {
		vault.SetToken(c.token)
	}
	if vault.Token() == "" {
		return nil, errors.New("no vault token set on Client; set VAULT_TOKEN")
	}
	if c.namespace != "" {
		vault.SetNamespace(c.namespace)
	}
	if _, err := vault.Auth().Token().LookupSelfWithContext(ctx); err != nil {
		return nil, fmt.Errorf("failed to lookup token, err=%w", err) // as the official plugin does
	}
	if c.skipChildToken {
		return vault, nil
	}
	ttl, renewable := fmt.Sprintf("%ds", c.childTTL), false
	child, err := vault.Auth().Token().CreateWithContext(ctx, &api.TokenCreateRequest{
		DisplayName: c.tokenName, TTL: ttl, ExplicitMaxTTL: ttl, Renewable: &renewable,
	})
	if err != nil {
		return nil, fmt.Errorf("make a child token (skipChildToken does without): %w", explain(err, c.address))
	}
	vault.SetToken(child.Auth.ClientToken)
	return vault, nil
}

func (p *Provider) explain(err error) error { return explain(err, p.config.address) }

// explain adds to an error of Vault's client what it means and how to fix it. The errors
// that the doctor knows are those of the official plugin: of a denied request, just that
// of Vault's client.
func explain(err error, address string) error {
	if err == nil {
		return nil
	}
	if answer, ok := errors.AsType[*api.ResponseError](err); ok {
		return explainAnswer(answer, address)
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%w; is Vault running, and is the address right?", err)
	}
	return err
}

func explainAnswer(answer *api.ResponseError, address string) error {
	if answer.StatusCode == http.StatusForbidden {
		return answer
	}
	path := answer.URL
	if parsed, err := url.Parse(answer.URL); err == nil {
		path = strings.TrimPrefix(parsed.Path, "/v1/")
	}
	what := fmt.Sprintf("the Vault at %s answers %d to %s %s: %s",
		address, answer.StatusCode, answer.HTTPMethod, path, strings.Join(strings.Fields(strings.Join(answer.Errors, "; ")), " "))
	if answer.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s; is something mounted there?", what)
	}
	return errors.New(what)
}

func isStatus(err error, status int) bool {
	answer, ok := errors.AsType[*api.ResponseError](err)
	return ok && answer.StatusCode == status
}
