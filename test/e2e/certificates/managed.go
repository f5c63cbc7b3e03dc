package certificates

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// Managed proves what cert-manager needs to issue in the stack's place. There is
// no cert-manager here: what it would do is done as the service account that it
// runs as, with what the stack's Issuer says.
func (p *Proof) Managed(ctx context.Context, manager kubernetesserver.Account, doing func(string)) []smoke.Row {
	doing("the Issuer and the Certificate")
	var issuer issuer
	row := smoke.Check("Issuer and Certificate", "for the role and the name", func() (_ string, err error) {
		issuer, err = p.readIssuer(ctx)
		return "for the role and the name", errors.Join(err, p.judgeCertificate(ctx, issuer))
	})
	if !row.OK {
		return []smoke.Row{row}
	}
	doing("in cert-manager's place")
	account := kubernetesserver.Account{Namespace: p.Namespace, Name: issuer.account()}
	var token string
	rows := []smoke.Row{
		row,
		smoke.Check("cert-manager: tokens it may ask for", "the Issuer's account only", func() (_ string, err error) {
			token, err = p.tokenAsManager(ctx, manager, account, issuer.audience())
			return "the Issuer's account only", err
		}),
	}
	if token == "" {
		return rows
	}
	var c restclient.Client
	signs := smoke.Check("with it: log in to Vault, sign", "done", func() (string, error) {
		session, err := p.login(ctx, issuer, token)
		if err != nil {
			return "", err
		}
		c = p.Vault.As(session)
		root, err := authority(ctx, p.Vault.As(""), p.RootMount)
		if err != nil {
			return "", err
		}
		return "done", p.sign(ctx, c, issuer.Spec.Vault.Path, root)
	})
	rows = append(rows, signs)
	if signs.OK {
		calls := append(forbidden(p.RootMount, p.Mount, p.Role, p.Policy), call{http.MethodPost, "/" + p.Mount + "/issue/" + p.Role})
		rows = append(rows,
			smoke.Check("with it: sign other names", "refused", func() (string, error) { return "refused", p.refuseSign(ctx, c) }),
			smoke.Check("with it: anything else", fmt.Sprintf("%d calls refused", len(calls)), func() (string, error) {
				return fmt.Sprintf("%d calls refused", len(calls)), refuseCalls(ctx, c, p.Vault.Root(), calls)
			}),
		)
	}
	doing("as others")
	rows = append(rows, p.pods(ctx)...)
	return append(rows, smoke.Check("log in as somebody else", "refused", func() (string, error) {
		return "refused", p.refuseLogins(ctx, issuer, manager, account)
	}))
}

// issuer is what the proof reads of the Issuer.
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

// audience is what cert-manager asks tokens for.
func (i issuer) audience() string {
	return fmt.Sprintf("vault://%s/%s", i.Metadata.Namespace, i.Metadata.Name)
}

const managerAPI = "/apis/cert-manager.io/v1/namespaces/"

func (p *Proof) readIssuer(ctx context.Context) (issuer, error) {
	var list struct{ Items []issuer }
	if err := p.Kubernetes.Client().Do(ctx, http.MethodGet, managerAPI+p.Namespace+"/issuers", nil, &list); err != nil {
		return issuer{}, err
	}
	if len(list.Items) != 1 {
		return issuer{}, fmt.Errorf("%d Issuers", len(list.Items))
	}
	i := list.Items[0]
	if v := i.Spec.Vault; v.Server != p.Vault.Address || v.Path != p.Mount+"/sign/"+p.Role {
		return issuer{}, fmt.Errorf("the Issuer signs at %s, %s", v.Server, v.Path)
	}
	return i, nil
}

// judgeCertificate looks at what cert-manager is asked for.
func (p *Proof) judgeCertificate(ctx context.Context, i issuer) error {
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
	if err := p.Kubernetes.Client().Do(ctx, http.MethodGet, managerAPI+p.Namespace+"/certificates", nil, &list); err != nil {
		return err
	}
	if len(list.Items) != 1 {
		return fmt.Errorf("%d Certificates", len(list.Items))
	}
	spec := list.Items[0].Spec
	switch {
	case spec.SecretName != p.Secret:
		return fmt.Errorf("the Certificate goes to %q", spec.SecretName)
	case spec.IssuerRef.Kind != "Issuer" || spec.IssuerRef.Name != i.Metadata.Name:
		return fmt.Errorf("the Certificate is from %v", spec.IssuerRef)
	case !slices.Equal(spec.DNSNames, []string{p.Name}) || spec.CommonName != p.Name || len(spec.IPAddresses) > 0:
		return fmt.Errorf("the Certificate is for %q", spec.DNSNames)
	case !slices.Contains(spec.Usages, "server auth") || slices.Contains(spec.Usages, "client auth"):
		return fmt.Errorf("the Certificate is for %q", spec.Usages)
	}
	return nil
}

// tokenAsManager asks for a token of the Issuer's account as cert-manager does.
// Nothing else may be asked for.
func (p *Proof) tokenAsManager(ctx context.Context, manager, account kubernetesserver.Account, audience string) (string, error) {
	as, err := p.Kubernetes.TokenOf(ctx, manager)
	if err != nil {
		return "", fmt.Errorf("become cert-manager: %w", err)
	}
	managerAccess := p.Kubernetes.As(as)
	token, err := managerAccess.TokenOf(ctx, account, audience)
	if err != nil {
		return "", err
	}
	p.keep(as, token)
	other := kubernetesserver.Account{Namespace: account.Namespace, Name: "default"}
	if _, err := managerAccess.TokenOf(ctx, other, audience); refused(err, http.StatusForbidden) != nil {
		return "", fmt.Errorf("a token of another account: %w", refused(err, http.StatusForbidden))
	}
	for _, path := range []string{"secrets", "serviceaccounts", "configmaps"} {
		err := managerAccess.Client().Do(ctx, http.MethodGet, "/api/v1/namespaces/"+account.Namespace+"/"+path, nil, nil)
		if err := refused(err, http.StatusForbidden); err != nil {
			return "", fmt.Errorf("its %s: %w", path, err)
		}
	}
	return token, nil
}

// login exchanges a service account's token for one of Vault's, in the Issuer's
// way.
func (p *Proof) login(ctx context.Context, i issuer, token string) (string, error) {
	var session struct {
		Auth struct {
			Token string `json:"client_token"`
		}
	}
	method := i.Spec.Vault.Auth.Kubernetes
	path := strings.TrimPrefix(method.MountPath, "/v1") + "/login"
	err := p.Vault.As("").Do(ctx, http.MethodPost, path, map[string]any{"role": method.Role, "jwt": token}, &session)
	p.keep(session.Auth.Token)
	return session.Auth.Token, err
}

// refuseLogins tries to log in with tokens that are good for something else.
func (p *Proof) refuseLogins(ctx context.Context, i issuer, manager, account kubernetesserver.Account) error {
	namesake := kubernetesserver.Account{Namespace: manager.Namespace, Name: account.Name}
	stranger := kubernetesserver.Account{Namespace: account.Namespace, Name: "stranger"}
	for _, other := range []kubernetesserver.Account{namesake, stranger} {
		if err := p.Kubernetes.MakeAccount(ctx, other); err != nil {
			return err
		}
		defer func() { _ = p.Kubernetes.DeleteAccount(context.WithoutCancel(ctx), other) }()
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
		token, err := p.Kubernetes.TokenOf(ctx, try.account, try.audience...)
		if err != nil {
			return err
		}
		p.keep(token)
		_, err = p.login(ctx, i, token)
		if err := refused(err, http.StatusForbidden); err != nil {
			return fmt.Errorf("%s: %w", try.what, err)
		}
	}
	return nil
}
