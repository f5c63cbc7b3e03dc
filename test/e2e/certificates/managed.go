package certificates

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// ManagedChecks check what cert-manager needs to issue in the stack's place. There is no
// cert-manager in the sandbox: the checks do what it would do, as the service account that
// it runs as, with what the stack's Issuer has.
func (c *Checker) ManagedChecks(manager kubernetesserver.Account) []check.Check {
	var (
		issuers  cached[issuer]
		tokens   cached[string] // of the Issuer's service account
		sessions cached[string] // in Vault
	)
	account := func(i issuer) kubernetesserver.Account {
		return kubernetesserver.Account{Namespace: c.Namespace, Name: i.account()}
	}
	token := func(ctx context.Context) (string, error) {
		i, err := issuers.get(ctx, c.readIssuer)
		if err != nil {
			return "", err
		}
		return tokens.get(ctx, func(ctx context.Context) (string, error) {
			return c.tokenAsManager(ctx, manager, account(i), i.audience())
		})
	}
	asIssuer := func(run func(context.Context, restclient.Client) error) func(context.Context) error {
		return func(ctx context.Context) error {
			serviceAccount, err := token(ctx)
			if err != nil {
				return err
			}
			session, err := sessions.get(ctx, func(ctx context.Context) (string, error) { return c.login(ctx, issuers.value, serviceAccount) })
			if err != nil {
				return err
			}
			return run(ctx, c.Vault.As(session))
		}
	}
	calls := append(forbidden(c.RootMount, c.Mount, c.Role, c.Policy), call{http.MethodPost, "/" + c.Mount + "/issue/" + c.Role})
	return []check.Check{
		simple("Issuer and Certificate", "for the role and the name", func(ctx context.Context) error {
			i, err := issuers.get(ctx, c.readIssuer)
			if err != nil {
				return err
			}
			return c.verifyCertificate(ctx, i)
		}),
		simple("cert-manager: tokens it may request", "the Issuer's account only", func(ctx context.Context) error {
			_, err := token(ctx)
			return err
		}),
		simple("with it: log in to Vault, sign", "done", asIssuer(func(ctx context.Context, client restclient.Client) error {
			root, err := authority(ctx, c.Vault.As(""), c.RootMount)
			if err != nil {
				return err
			}
			return c.sign(ctx, client, issuers.value.Spec.Vault.Path, root)
		})),
		simple("with it: sign other names", "rejected", asIssuer(c.rejectSign)),
		simple("with it: anything else", fmt.Sprintf("%d calls rejected", len(calls)), asIssuer(func(ctx context.Context, client restclient.Client) error {
			return rejectCalls(ctx, client, c.Vault.Root(), calls)
		})),
		c.pods(),
		simple("log in as another account", "rejected", func(ctx context.Context) error {
			i, err := issuers.get(ctx, c.readIssuer)
			if err != nil {
				return err
			}
			return c.rejectLogins(ctx, i, manager, account(i))
		}),
	}
}

// issuer has the parts of the Issuer that the checks read.
type issuer struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		Vault struct {
			Server, Path string
			Auth         struct {
				Kubernetes struct {
					MountPath, Role   string
					ServiceAccountRef struct {
						Name      string
						Audiences []string
					}
				}
			}
		}
	}
}

func (i issuer) account() string { return i.Spec.Vault.Auth.Kubernetes.ServiceAccountRef.Name }

// audience is the audience of the tokens that cert-manager requests.
func (i issuer) audience() string {
	return fmt.Sprintf("vault://%s/%s", i.Metadata.Namespace, i.Metadata.Name)
}

const managerAPI = "/apis/cert-manager.io/v1/namespaces/"

func (c *Checker) readIssuer(ctx context.Context) (issuer, error) {
	var list struct{ Items []issuer }
	if err := c.Kubernetes.Client().Do(ctx, http.MethodGet, managerAPI+c.Namespace+"/issuers", nil, &list); err != nil {
		return issuer{}, err
	}
	if len(list.Items) != 1 {
		return issuer{}, fmt.Errorf("%d Issuers", len(list.Items))
	}
	i := list.Items[0]
	if v := i.Spec.Vault; v.Server != c.Vault.Address || v.Path != c.Mount+"/sign/"+c.Role {
		return issuer{}, fmt.Errorf("the Issuer signs at %s, %s", v.Server, v.Path)
	}
	return i, nil
}

// verifyCertificate verifies what the stack requests of cert-manager.
func (c *Checker) verifyCertificate(ctx context.Context, i issuer) error {
	var list struct {
		Items []struct {
			Spec struct {
				SecretName, CommonName string
				DNSNames               []string `json:"dnsNames"`
				IPAddresses            []string `json:"ipAddresses"`
				Usages                 []string
				IssuerRef              struct{ Kind, Name string }
			}
		}
	}
	if err := c.Kubernetes.Client().Do(ctx, http.MethodGet, managerAPI+c.Namespace+"/certificates", nil, &list); err != nil {
		return err
	}
	if len(list.Items) != 1 {
		return fmt.Errorf("%d Certificates", len(list.Items))
	}
	spec := list.Items[0].Spec
	switch {
	case spec.SecretName != c.Secret:
		return fmt.Errorf("the Certificate goes to %q", spec.SecretName)
	case spec.IssuerRef.Kind != "Issuer" || spec.IssuerRef.Name != i.Metadata.Name:
		return fmt.Errorf("the Certificate is from %v", spec.IssuerRef)
	case !slices.Equal(spec.DNSNames, []string{c.Name}) || spec.CommonName != c.Name || len(spec.IPAddresses) > 0:
		return fmt.Errorf("the Certificate is for %q", spec.DNSNames)
	case !slices.Contains(spec.Usages, "server auth") || slices.Contains(spec.Usages, "client auth"):
		return fmt.Errorf("the Certificate is for %q", spec.Usages)
	}
	return nil
}

// tokenAsManager requests a token of the Issuer's account as cert-manager does, and
// verifies that cert-manager may request nothing else.
func (c *Checker) tokenAsManager(ctx context.Context, manager, account kubernetesserver.Account, audience string) (string, error) {
	as, err := c.Kubernetes.TokenOf(ctx, manager)
	if err != nil {
		return "", fmt.Errorf("become cert-manager: %w", err)
	}
	managerAccess := c.Kubernetes.As(as)
	token, err := managerAccess.TokenOf(ctx, account, audience)
	if err != nil {
		return "", err
	}
	c.keep(as, token)
	other := kubernetesserver.Account{Namespace: account.Namespace, Name: "default"}
	if _, err := managerAccess.TokenOf(ctx, other, audience); rejected(err, http.StatusForbidden) != nil {
		return "", fmt.Errorf("a token of another account: %w", rejected(err, http.StatusForbidden))
	}
	for _, path := range []string{"secrets", "serviceaccounts", "configmaps"} {
		err := managerAccess.Client().Do(ctx, http.MethodGet, "/api/v1/namespaces/"+account.Namespace+"/"+path, nil, nil)
		if err := rejected(err, http.StatusForbidden); err != nil {
			return "", fmt.Errorf("its %s: %w", path, err)
		}
	}
	return token, nil
}

// login exchanges a service account's token for one of Vault's, as the Issuer does.
func (c *Checker) login(ctx context.Context, i issuer, token string) (string, error) {
	var session struct {
		Auth struct {
			Token string `json:"client_token"`
		}
	}
	method := i.Spec.Vault.Auth.Kubernetes
	path := strings.TrimPrefix(method.MountPath, "/v1") + "/login"
	err := c.Vault.As("").Do(ctx, http.MethodPost, path, map[string]any{"role": method.Role, "jwt": token}, &session)
	c.keep(session.Auth.Token)
	return session.Auth.Token, err
}

// rejectLogins tries to log in with tokens that are valid for something else.
func (c *Checker) rejectLogins(ctx context.Context, i issuer, manager, account kubernetesserver.Account) error {
	namesake := kubernetesserver.Account{Namespace: manager.Namespace, Name: account.Name}
	stranger := kubernetesserver.Account{Namespace: account.Namespace, Name: "stranger"}
	for _, other := range []kubernetesserver.Account{namesake, stranger} {
		if err := c.Kubernetes.MakeAccount(ctx, other); err != nil {
			return err
		}
		defer func() { _ = c.Kubernetes.DeleteAccount(context.WithoutCancel(ctx), other) }()
	}
	for _, try := range []struct {
		what     string
		account  kubernetesserver.Account
		audience []string
	}{
		{"a namesake in another namespace", namesake, []string{i.audience()}},
		{"another account in the namespace", stranger, []string{i.audience()}},
		{"cert-manager itself", manager, []string{i.audience()}},
		{"the account, for the API server", account, nil},
		{"the account, for another Issuer", account, []string{i.audience() + "-other"}},
	} {
		token, err := c.Kubernetes.TokenOf(ctx, try.account, try.audience...)
		if err != nil {
			return err
		}
		c.keep(token)
		_, err = c.login(ctx, i, token)
		if err := rejected(err, http.StatusForbidden); err != nil {
			return fmt.Errorf("%s: %w", try.what, err)
		}
	}
	return nil
}
