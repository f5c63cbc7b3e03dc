package certificate

import (
	"time"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain"
)

// newLeaf declares a certificate that Vault issues. Each `pulumi up` renews it if it is
// due for renewal.
func (c *Certificate) newLeaf(ctx *pulumi.Context, name string, args *Args, role *pkisecret.SecretBackendRole) (*pkisecret.SecretBackendCert, error) {
	s := args.Settings
	leaf, err := pkisecret.NewSecretBackendCert(ctx, name+"-leaf", &pkisecret.SecretBackendCertArgs{
		Backend:             args.Issuer.Mount,
		Name:                role.Name,
		IssuerRef:           args.Issuer.Ref,
		CommonName:          pulumi.String(s.Names[0]),
		AltNames:            optional(s.Names[1:]),
		IpSans:              optional(s.IPAddresses),
		Ttl:                 pulumi.String(s.TTL.String()),
		PrivateKeyFormat:    pulumi.String("pkcs8"),
		AutoRenew:           pulumi.Bool(true),
		MinSecondsRemaining: pulumi.Int(s.RenewBefore / time.Second),
		Revoke:              pulumi.Bool(true),
	}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{role}),
		// The old certificate is revoked last, when the Secret, and the pods that depend on it,
		// have the new one. By default the provider would revoke it first, since the name of
		// the role stays the same.
		pulumi.DeleteBeforeReplace(false),
		// Without a replacement, the provider would apply these only at the next renewal.
		pulumi.ReplaceOnChanges([]string{"issuerRef", "ttl"}))
	if err != nil {
		return nil, err
	}
	c.Issued = &Issued{
		SerialNumber: leaf.SerialNumber,
		Expires: leaf.Expiration.ApplyT(func(unix int) string {
			return time.Unix(int64(unix), 0).UTC().Format(time.RFC3339)
		}).(pulumi.StringOutput),
		Chain: pulumi.All(leaf.Certificate, leaf.CaChain).ApplyT(func(all []any) (string, error) {
			return chain.Served(all[0].(string), all[1].(string))
		}).(pulumi.StringOutput),
	}
	return leaf, nil
}

// optional returns nil for an empty list, which Vault's responses leave out.
func optional(values []string) pulumi.StringArrayInput {
	if len(values) == 0 {
		return nil
	}
	return pulumi.ToStringArray(values)
}
