package certificate

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain"
	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// newSecret makes the Secret. Its name stays the same, and so does the object when
// the certificate is renewed: there is no moment without it.
func (c *Certificate) newSecret(ctx *pulumi.Context, name string, args *Args, leaf *pkisecret.SecretBackendCert) error {
	annotations := pulumi.StringMap{
		"gatehouse/serial-number": c.Issued.SerialNumber,
		"gatehouse/expires":       c.Issued.Expires,
		// Whatever somebody else made of it: here is what it holds.
		"pulumi.com/patchForce": pulumi.String("true"),
	}
	secret, err := corev1.NewSecret(ctx, name+"-secret", &corev1.SecretArgs{
		Metadata: args.Namespace.Metadata("tls", component, annotations),
		Type:     pulumi.String("kubernetes.io/tls"),
		Data:     data(leaf, args.Settings),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	c.SecretName = secret.Metadata.Name().Elem()
	return nil
}

// data is what the Secret holds, or an error when the parts don't fit together. It
// is a secret as a whole.
func data(leaf *pkisecret.SecretBackendCert, s config.Certificate) pulumi.StringMapOutput {
	hosts := slices.Concat(s.Names, s.IPAddresses)
	fields := pulumi.All(leaf.Certificate, leaf.CaChain, leaf.PrivateKey).ApplyT(func(all []any) (map[string]string, error) {
		bundle, err := chain.New(chain.Issued{
			Certificate: all[0].(string),
			Authorities: all[1].(string),
			PrivateKey:  all[2].(string),
		}, hosts)
		if err != nil {
			return nil, err
		}
		if err := checkLife(bundle.Life, s); err != nil {
			return nil, err
		}
		return map[string]string{
			"tls.crt": encode(bundle.Chain),
			"tls.key": encode(bundle.PrivateKey),
			"ca.crt":  encode(bundle.Root),
		}, nil
	})
	return pulumi.ToSecret(fields).(pulumi.StringMapOutput)
}

// checkLife refuses a certificate whose issuer, or whose mount, has shortened its life
// so much that the next update would renew it, and each one after that.
func checkLife(life time.Duration, s config.Certificate) error {
	if life > s.RenewBefore {
		return nil
	}
	return fmt.Errorf("the certificate from Vault is for %s instead of gatehouse:certificateTtl, %s, and gatehouse:certificateRenewBefore is %s: "+
		"each update would renew it; does its issuer end soon, or the mount allow no more (max_lease_ttl)?", life, s.TTL, s.RenewBefore)
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
