package authority

import (
	"time"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A revocation list is good for a day and made anew each hour: who was revoked is on
// it soon, and Vault may be down for most of a day before clients that insist on a
// list refuse everything. Vault's OCSP responder knows at once.
const (
	listExpiry  = "24h"
	listRebuild = "23h" // before its end
	ocspExpiry  = "1h"
)

// Expired certificates leave Vault's storage after a year. It takes Vault's knowing a
// certificate to revoke it: with its usual three days, a stack that was left alone
// for longer than its certificate couldn't take the next one into use.
const (
	tidyInterval = "12h"
	tidyBuffer   = "8760h"
)

type mountArgs struct {
	path        string
	description string
	longest     time.Duration // life of what is issued
}

type mount struct {
	path  pulumi.StringOutput
	ready []pulumi.Resource // before anything is issued
}

// newMount makes a mount that knows where its certificates send those who ask about
// them, and cleans up after itself.
func (a *Authority) newMount(ctx *pulumi.Context, name string, args *Args, m mountArgs) (mount, error) {
	made, err := vault.NewMount(ctx, name+"-mount", &vault.MountArgs{
		Path:                   pulumi.String(m.path),
		Type:                   pulumi.String("pki"),
		Description:            pulumi.String(m.description),
		DefaultLeaseTtlSeconds: pulumi.Int(m.longest / time.Second),
		MaxLeaseTtlSeconds:     pulumi.Int(m.longest / time.Second),
	}, pulumi.Parent(a), pulumi.Protect(args.Deployment.Safeguards.Protect)) // the keys go with it
	if err != nil {
		return mount{}, err
	}
	base := args.baseURL() + "/v1/" + m.path
	urls, err := pkisecret.NewSecretBackendConfigUrls(ctx, name+"-urls", &pkisecret.SecretBackendConfigUrlsArgs{
		Backend: made.Path,
		// With the issuer's id in them, URLs stay right when the mount has another issuer.
		EnableTemplating:      pulumi.Bool(true),
		IssuingCertificates:   pulumi.ToStringArray([]string{base + "/issuer/{{issuer_id}}/der"}),
		CrlDistributionPoints: pulumi.ToStringArray([]string{base + "/issuer/{{issuer_id}}/crl/der"}),
		OcspServers:           pulumi.ToStringArray([]string{base + "/ocsp"}),
	}, pulumi.Parent(a))
	if err != nil {
		return mount{}, err
	}
	list, err := pkisecret.NewSecretBackendCrlConfig(ctx, name+"-crl", &pkisecret.SecretBackendCrlConfigArgs{
		Backend:                made.Path,
		Expiry:                 pulumi.String(listExpiry),
		AutoRebuild:            pulumi.Bool(true),
		AutoRebuildGracePeriod: pulumi.String(listRebuild),
		OcspExpiry:             pulumi.String(ocspExpiry),
	}, pulumi.Parent(a))
	if err != nil {
		return mount{}, err
	}
	_, err = pkisecret.NewBackendConfigAutoTidy(ctx, name+"-tidy", &pkisecret.BackendConfigAutoTidyArgs{
		Backend:                           made.Path,
		Enabled:                           pulumi.Bool(true),
		IntervalDuration:                  pulumi.String(tidyInterval),
		SafetyBuffer:                      pulumi.String(tidyBuffer),
		TidyCertStore:                     pulumi.Bool(true),
		TidyRevokedCerts:                  pulumi.Bool(true),
		TidyRevokedCertIssuerAssociations: pulumi.Bool(true),
	}, pulumi.Parent(a))
	return mount{path: made.Path, ready: []pulumi.Resource{urls, list}}, err
}

func (a *Args) baseURL() string {
	if a.Settings.Authority.URL != "" {
		return a.Settings.Authority.URL
	}
	return a.Vault.Address
}
