package certificate

import (
	"encoding/base64"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

const certManagerAPI = "cert-manager.io/v1"

// newManaged has cert-manager issue: it logs in to Vault as a service account, has
// its own key's request signed, and makes the Secret. The program never sees the key.
func (c *Certificate) newManaged(ctx *pulumi.Context, name string, args *Args, role *pkisecret.SecretBackendRole) error {
	issuer, err := c.newIssuer(ctx, name, args, role)
	if err != nil {
		return err
	}
	// The Secret has another name than that of a certificate issued by Vault: a stack
	// that changes from one to the other has both until its pods have moved over.
	certificate, err := apiextensions.NewCustomResource(ctx, name+"-certificate", &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String(certManagerAPI),
		Kind:       pulumi.String("Certificate"),
		Metadata: args.Namespace.Metadata("cert-manager-tls", component, args.Namespace.Waiting(pulumi.StringMap{
			"pulumi.com/waitFor": pulumi.String("condition=Ready"),
		})),
		OtherFields: kubernetes.UntypedArgs{"spec": certificateSpec(args)},
	}, pulumi.Parent(c), pulumi.DependsOn([]pulumi.Resource{issuer}),
		// A changed object stays Ready until cert-manager has looked at it, and what waits
		// for it would go on with the certificate from before. A new object isn't Ready
		// before it is issued. The Secret stays where it is meanwhile.
		pulumi.ReplaceOnChanges([]string{"spec"}), pulumi.DeleteBeforeReplace(true))
	if err != nil {
		return err
	}
	c.SecretName = certificate.Metadata.Name().Elem()
	return nil
}

// certificateSpec is what cert-manager is to issue, and when again.
func certificateSpec(args *Args) pulumi.Map {
	s := args.Settings
	spec := pulumi.Map{
		"secretName":     pulumi.String(args.Namespace.ObjectName("cert-manager-tls")),
		"secretTemplate": pulumi.Map{"labels": args.Namespace.Labels(component)},
		"issuerRef": pulumi.Map{
			"group": pulumi.String("cert-manager.io"),
			"kind":  pulumi.String("Issuer"),
			"name":  pulumi.String(args.Namespace.ObjectName("issuer")),
		},
		"commonName":           pulumi.String(s.Names[0]),
		"dnsNames":             pulumi.ToStringArray(s.Names),
		"duration":             pulumi.String(s.TTL.String()),
		"renewBefore":          pulumi.String(s.RenewBefore.String()),
		"privateKey":           privateKeySpec(s.Key),
		"usages":               pulumi.ToStringArray(usages(s.Key)),
		"revisionHistoryLimit": pulumi.Int(1),
	}
	if len(s.IPAddresses) > 0 {
		spec["ipAddresses"] = pulumi.ToStringArray(s.IPAddresses)
	}
	return spec
}

// privateKeySpec asks for a new key with each certificate, written as Vault writes
// those that it makes.
func privateKeySpec(key config.KeyType) pulumi.Map {
	algorithm := "ECDSA"
	if key.Algorithm == "rsa" {
		algorithm = "RSA"
	}
	return pulumi.Map{
		"algorithm":      pulumi.String(algorithm),
		"encoding":       pulumi.String("PKCS8"),
		"size":           pulumi.Int(key.Bits),
		"rotationPolicy": pulumi.String("Always"),
	}
}

// usages are [keyUsages] in cert-manager's words.
func usages(key config.KeyType) []string {
	if key.Algorithm == "rsa" {
		return []string{"digital signature", "key encipherment", "server auth"}
	}
	return []string{"digital signature", "server auth"}
}

// newIssuer tells cert-manager where to have requests signed, and as whom.
func (c *Certificate) newIssuer(ctx *pulumi.Context, name string, args *Args, role *pkisecret.SecretBackendRole) (*apiextensions.CustomResource, error) {
	login, err := c.newLogin(ctx, name, args)
	if err != nil {
		return nil, err
	}
	spec := pulumi.Map{
		"server": pulumi.String(args.Vault.Address),
		"path":   pulumi.Sprintf("%s/sign/%s", args.Issuer.Mount, role.Name),
		"auth": pulumi.Map{"kubernetes": pulumi.Map{
			"mountPath":         pulumi.String("/v1/auth/" + args.Vault.KubernetesAuth),
			"role":              login.role,
			"serviceAccountRef": pulumi.Map{"name": login.account},
		}},
	}
	if trust := args.Settings.CertManager.VaultCA; trust != "" {
		spec["caBundle"] = pulumi.String(base64.StdEncoding.EncodeToString([]byte(trust)))
	}
	return apiextensions.NewCustomResource(ctx, name+"-issuer", &apiextensions.CustomResourceArgs{
		ApiVersion:  pulumi.String(certManagerAPI),
		Kind:        pulumi.String("Issuer"),
		Metadata:    args.Namespace.Metadata("issuer", component, nil),
		OtherFields: kubernetes.UntypedArgs{"spec": pulumi.Map{"vault": spec}},
	}, pulumi.Parent(c), pulumi.DependsOn(login.ready))
}
