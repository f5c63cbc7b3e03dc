package certificate

import (
	"time"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newLeaf has Vault issue the certificate, and again when it is due for renewal,
// which each `pulumi up` looks at.
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
		// The old certificate is revoked when everything else is done: by then the Secret,
		// and the pods that wait for it, have the new one. The plugin would revoke it first,
		// since the name of the role stays the same.
		pulumi.DeleteBeforeReplace(false),
		// The plugin would only note these until the next renewal.
		pulumi.ReplaceOnChanges([]string{"issuerRef", "ttl"}))
	if err != nil {
		return nil, err
	}
	c.Issued = &Issued{
		SerialNumber: leaf.SerialNumber,
		Expires: leaf.Expiration.ApplyT(func(unix int) string {
			return time.Unix(int64(unix), 0).UTC().Format(time.RFC3339)
		}).(pulumi.StringOutput),
	}
	return leaf, nil
}

// optional leaves out an empty list: Vault's answers have none.
func optional(texts []string) pulumi.StringArrayInput {
	if len(texts) == 0 {
		return nil
	}
	return pulumi.ToStringArray(texts)
}
