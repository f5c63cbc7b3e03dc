package certificate

import (
	"strconv"
	"time"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// newRole declares the PKI role, which restricts the certificates that may be issued: for
// servers only, with the names and the maximum TTL of the settings.
func (c *Certificate) newRole(ctx *pulumi.Context, name string, args *Args) (*pkisecret.SecretBackendRole, error) {
	s := args.Settings
	return pkisecret.NewSecretBackendRole(ctx, name+"-role", &pkisecret.SecretBackendRoleArgs{
		Backend:   args.Issuer.Mount,
		Name:      pulumi.String(args.Deployment.Name),
		IssuerRef: args.Issuer.Ref,
		Ttl:       seconds(s.TTL),
		MaxTtl:    seconds(s.RoleTTL),
		KeyType:   pulumi.String(s.Key.Algorithm),
		KeyBits:   pulumi.Int(s.Key.Bits),
		KeyUsages: pulumi.ToStringArray(keyUsages(s.Key)),

		AllowedDomains:            pulumi.ToStringArray(s.Names),
		AllowBareDomains:          pulumi.Bool(true),
		AllowSubdomains:           pulumi.Bool(s.Subdomains),
		AllowIpSans:               pulumi.Bool(len(s.IPAddresses) > 0),
		AllowAnyName:              pulumi.Bool(false),
		AllowGlobDomains:          pulumi.Bool(false),
		AllowWildcardCertificates: pulumi.Bool(false),
		AllowLocalhost:            pulumi.Bool(false),
		EnforceHostnames:          pulumi.Bool(true),
		RequireCn:                 pulumi.Bool(true),
		CnValidations:             pulumi.ToStringArray([]string{"hostname"}),

		ServerFlag:          pulumi.Bool(true),
		ClientFlag:          pulumi.Bool(false),
		CodeSigningFlag:     pulumi.Bool(false),
		EmailProtectionFlag: pulumi.Bool(false),

		// Vault can only revoke certificates that it stores.
		NoStore: pulumi.Bool(false),
	}, pulumi.Parent(c), pulumi.DependsOn(args.Issuer.Ready),
		// A role in another mount may have the same name, so the old one is deleted last.
		pulumi.DeleteBeforeReplace(false))
}

// keyUsages returns the key usages of a TLS server: signatures, and with RSA in TLS 1.2
// also key encipherment.
func keyUsages(key config.KeyType) []string {
	if key.Algorithm == "rsa" {
		return []string{"DigitalSignature", "KeyEncipherment"}
	}
	return []string{"DigitalSignature"}
}

// seconds formats a role's duration as Vault returns it: any other format would show a
// difference at each refresh.
func seconds(d time.Duration) pulumi.String {
	return pulumi.String(strconv.Itoa(int(d / time.Second)))
}
