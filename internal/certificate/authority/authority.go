// Package authority declares a certificate authority in Vault: a root, which signs only
// the intermediate, and the intermediate, which signs server certificates. They are in
// separate mounts, so that a policy for one doesn't grant access to the other. It also
// checks an existing authority. Package certificate gets certificates from the [Issuer].
package authority

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/pulumi/pulumi-vault/sdk/v6/go/vault/pkisecret"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// Args configures an [Authority].
type Args struct {
	Deployment deployment.Deployment
	Vault      config.Vault
	Settings   config.Certificate
}

// Authority is a certificate authority of the stack's own.
type Authority struct {
	pulumi.ResourceState

	Issuer    Issuer              // the intermediate
	RootMount pulumi.StringOutput // path
}

// Issuer identifies an issuer in a PKI mount of Vault.
type Issuer struct {
	Mount pulumi.StringOutput // path, without slashes at its ends
	Ref   pulumi.StringOutput // id or name in the mount
	Root  pulumi.StringOutput // root certificate, PEM

	// Ready are the resources that must exist before a certificate is issued: the URLs of
	// revocation lists and OCSP in a certificate can't be changed later.
	Ready []pulumi.Resource
}

// New declares the root and the intermediate.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Authority, error) {
	a := &Authority{}
	if err := ctx.RegisterComponentResource("gatehouse:authority:Authority", name, a, opts...); err != nil {
		return nil, err
	}
	root, err := a.newRoot(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if err := a.newIntermediate(ctx, name, args, root); err != nil {
		return nil, err
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{
		"rootMount": a.RootMount,
		"mount":     a.Issuer.Mount,
		"issuer":    a.Issuer.Ref,
		"root":      a.Issuer.Root,
	})
}

// newRoot declares the root. Its private key never leaves Vault.
func (a *Authority) newRoot(ctx *pulumi.Context, name string, args *Args) (*pkisecret.SecretBackendRootCert, error) {
	m, err := a.newMount(ctx, name+"-root", args, mountArgs{
		path:        args.Deployment.Name + "-pki-root",
		description: "Root authority of " + args.Deployment.Name,
		longest:     args.Settings.Authority.RootTTL,
	})
	if err != nil {
		return nil, err
	}
	a.RootMount = m.path
	root, err := pkisecret.NewSecretBackendRootCert(ctx, name+"-root", &pkisecret.SecretBackendRootCertArgs{
		Backend:           m.path,
		Type:              pulumi.String("internal"),
		CommonName:        pulumi.String(args.Deployment.Name + " root"),
		ExcludeCnFromSans: pulumi.Bool(true),
		KeyType:           pulumi.String(args.Settings.Key.Algorithm),
		KeyBits:           pulumi.Int(args.Settings.Key.Bits),
		Ttl:               pulumi.String(args.Settings.Authority.RootTTL.String()),
		MaxPathLength:     pulumi.Int(1), // the intermediate, and none below it
	}, pulumi.Parent(a), pulumi.DependsOn(m.ready))
	if err != nil {
		return nil, err
	}
	a.Issuer.Root = root.Certificate.ApplyT(func(certificate string) (string, error) {
		return certificate, checkLife(certificate, args.Settings.Authority.RootTTL)
	}).(pulumi.StringOutput)
	return root, a.setDefault(ctx, name+"-root", m, root.IssuerId)
}

// setDefault makes an issuer the mount's default: after a change, the mount has others.
func (a *Authority) setDefault(ctx *pulumi.Context, name string, m mount, issuer pulumi.StringInput) error {
	_, err := pkisecret.NewSecretBackendConfigIssuers(ctx, name+"-default", &pkisecret.SecretBackendConfigIssuersArgs{
		Backend: m.path,
		Default: issuer.ToStringOutput().ToStringPtrOutput(),
	}, pulumi.Parent(a))
	return err
}

// newIntermediate declares the intermediate, whose private key never leaves Vault either,
// signed by the root.
func (a *Authority) newIntermediate(ctx *pulumi.Context, name string, args *Args, root *pkisecret.SecretBackendRootCert) error {
	m, err := a.newMount(ctx, name+"-intermediate", args, mountArgs{
		path:        args.Deployment.Name + "-pki",
		description: "Intermediate authority of " + args.Deployment.Name,
		longest:     args.Settings.RoleTTL,
	})
	if err != nil {
		return err
	}
	commonName := pulumi.String(args.Deployment.Name + " intermediate")
	request, err := pkisecret.NewSecretBackendIntermediateCertRequest(ctx, name+"-intermediate-request", &pkisecret.SecretBackendIntermediateCertRequestArgs{
		Backend:           m.path,
		Type:              pulumi.String("internal"),
		CommonName:        commonName,
		ExcludeCnFromSans: pulumi.Bool(true),
		KeyType:           pulumi.String(args.Settings.Key.Algorithm),
		KeyBits:           pulumi.Int(args.Settings.Key.Bits),
	}, pulumi.Parent(a))
	if err != nil {
		return err
	}
	signed, err := a.sign(ctx, name+"-intermediate", args.Settings, root, commonName, request.Csr)
	if err != nil {
		return err
	}
	// With the root imported too, the intermediate's chain is complete: Vault then returns
	// the root with each certificate.
	imported, err := pkisecret.NewSecretBackendIntermediateSetSigned(ctx, name+"-intermediate-import", &pkisecret.SecretBackendIntermediateSetSignedArgs{
		Backend:     m.path,
		Certificate: signed.CertificateBundle,
	}, pulumi.Parent(a), pulumi.DependsOn([]pulumi.Resource{request}))
	if err != nil {
		return err
	}
	a.Issuer.Mount = m.path
	a.Issuer.Ref = imported.ImportedIssuers.ApplyT(first).(pulumi.StringOutput)
	a.Issuer.Ready = append(m.ready, imported)
	return a.setDefault(ctx, name+"-intermediate", m, a.Issuer.Ref)
}

// sign has the root sign the intermediate. Its certificate has name constraints, so that
// clients reject other names and addresses, regardless of what happens in Vault.
func (a *Authority) sign(ctx *pulumi.Context, name string, s config.Certificate, root *pkisecret.SecretBackendRootCert, commonName, request pulumi.StringInput) (*pkisecret.SecretBackendRootSignIntermediate, error) {
	permitted, excluded := addressConstraints(s.IPAddresses)
	return pkisecret.NewSecretBackendRootSignIntermediate(ctx, name, &pkisecret.SecretBackendRootSignIntermediateArgs{
		Backend:             root.Backend,
		IssuerRef:           root.IssuerId,
		Csr:                 request,
		CommonName:          commonName,
		ExcludeCnFromSans:   pulumi.Bool(true),
		Ttl:                 pulumi.String(s.Authority.IntermediateTTL.String()),
		MaxPathLength:       pulumi.Int(0),
		PermittedDnsDomains: pulumi.ToStringArray(s.Names),
		PermittedIpRanges:   permitted,
		ExcludedIpRanges:    excluded,
	}, pulumi.Parent(a),
		// Without a replacement, the provider would ignore these. Vault treats another
		// certificate for the same key as another issuer: it is imported, and issues a new
		// certificate.
		pulumi.ReplaceOnChanges([]string{"issuerRef", "ttl"}))
}

// first returns the intermediate among the issuers that Vault imported, which are in the
// order of the bundle.
func first(imported []string) (string, error) {
	if len(imported) == 0 {
		return "", errors.New("the intermediate was already in Vault, which doesn't return which of its issuers it is: create another one with `pulumi up --replace '**authority-intermediate-request'`")
	}
	return imported[0], nil
}

// addressConstraints returns the ranges of IP addresses that an intermediate may issue
// for: exactly these addresses, or none.
func addressConstraints(addresses []string) (permitted, excluded pulumi.StringArray) {
	if len(addresses) == 0 {
		return nil, pulumi.ToStringArray([]string{"0.0.0.0/0", "::/0"})
	}
	for _, each := range addresses {
		address := netip.MustParseAddr(each) // checked by package config
		permitted = append(permitted, pulumi.String(netip.PrefixFrom(address, address.BitLen()).String()))
	}
	return permitted, nil
}

// backdating is how long before its issue a certificate may begin, for clients with slow
// clocks. Vault backdates by 30 seconds.
const backdating = 5 * time.Minute

// checkLife returns an error if the root's lifetime differs from the setting. The
// provider would report a successful update and do nothing, and a setting must not
// replace the root, which clients trust.
func checkLife(certificate string, ttl time.Duration) error {
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		return errors.New("the root's certificate isn't PEM")
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Errorf("the root's certificate: %w", err)
	}
	if life := root.NotAfter.Sub(root.NotBefore); life < ttl || life > ttl+backdating {
		return fmt.Errorf("the root was made for %s, until %s, and gatehouse:certificateRootTtl is %s; allowed: the root's own lifetime, or another root with `pulumi up --replace '**::authority-root'`, "+
			"once every client trusts it (docs/certificates.md)", life.Round(time.Hour), root.NotAfter.UTC().Format(time.DateOnly), ttl)
	}
	return nil
}
