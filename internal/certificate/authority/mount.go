package authority

import (
	"time"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A revocation list is valid for a day and rebuilt each hour: it has a revoked
// certificate soon, and Vault may be down for most of a day before clients that require a
// list reject every certificate. Vault's OCSP responder has it immediately.
const (
	listExpiry  = "24h"
	listRebuild = "23h" // before its end
	ocspExpiry  = "1h"
)

// Vault deletes expired certificates from its storage after a year. It can only revoke
// certificates that it stores: with the default of three days, a stack without an update
// since its certificate expired couldn't replace it.
const (
	tidyInterval = "12h"
	tidyBuffer   = "8760h"
)

type mountArgs struct {
	path        string
	description string
	longest     time.Duration // maximum TTL of the certificates
}

type mount struct {
	path  pulumi.StringOutput
	ready []pulumi.Resource // required before a certificate is issued
}

// newMount declares a PKI mount with the URLs for its certificates, its revocation lists
// and automatic tidying.
func (a *Authority) newMount(ctx *pulumi.Context, name string, args *Args, m mountArgs) (mount, error) {
	made, err := vault.NewMount(ctx, name+"-mount", &vault.MountArgs{
		Path:                   pulumi.String(m.path),
		Type:                   pulumi.String("pki"),
		Description:            pulumi.String(m.description),
		DefaultLeaseTtlSeconds: pulumi.Int(m.longest / time.Second),
		MaxLeaseTtlSeconds:     pulumi.Int(m.longest / time.Second),
	}, pulumi.Parent(a), pulumi.Protect(args.Deployment.Safeguards.Protect)) // its deletion deletes the keys
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
