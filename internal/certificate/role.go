package certificate

import (
	"strconv"
	"time"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// newRole makes the role: which certificates may be issued at all. They are a
// server's, for the names that are served, and no longer-lived than the settings say.
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

		// Vault has to keep a certificate to revoke it.
		NoStore: pulumi.Bool(false),
	}, pulumi.Parent(c), pulumi.DependsOn(args.Issuer.Ready),
		// A role in another mount may have the same name: the old one goes last.
		pulumi.DeleteBeforeReplace(false))
}

// keyUsages are what TLS servers do with a key: signing, and with RSA in TLS 1.2
// decrypting as well.
func keyUsages(key config.KeyType) []string {
	if key.Algorithm == "rsa" {
		return []string{"DigitalSignature", "KeyEncipherment"}
	}
	return []string{"DigitalSignature"}
}

// seconds writes a role's duration as Vault answers it: anything else would be a
// difference at each refresh.
func seconds(d time.Duration) pulumi.String {
	return pulumi.String(strconv.Itoa(int(d / time.Second)))
}
