package pulumitest

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain/chaintest"
)

// The mount of the existing authority of the mocked Vault, its valid issuer, and invalid
// ones.
const (
	ExistingMount       = "pki/existing"
	ExistingIssuer      = "2026"
	IssuerWithoutKey    = "imported"
	IssuerOfNothing     = "retired"
	IssuerAlone         = "without-root"
	IssuerThatTruncates = "truncating"
)

// mockedVault mocks an authority of Vault. It issues one certificate for the same names,
// regardless of the number of requests, so that programs stay deterministic.
type mockedVault struct {
	root, intermediate chaintest.Pair

	mu     sync.Mutex
	issued map[string]chaintest.Pair
}

var theVault = sync.OnceValue(func() *mockedVault {
	root := chaintest.Root("mocked root")
	return &mockedVault{root: root, intermediate: root.Intermediate("mocked intermediate"), issued: map[string]chaintest.Pair{}}
})

func (v *mockedVault) issue(names []string) chaintest.Pair {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := strings.Join(names, " ")
	if _, ok := v.issued[key]; !ok {
		v.issued[key] = v.intermediate.Server(names)
	}
	return v.issued[key]
}

// Root returns the certificate of the mocked Vault's root, PEM.
func Root() string { return theVault().root.PEM() }

// Intermediate returns the certificate of the mocked Vault's intermediate, PEM.
func Intermediate() string { return theVault().intermediate.PEM() }

// Issued returns the certificate with its key that the mocked Vault issues for names, the
// first of which is the common name.
func Issued(names ...string) chaintest.Pair { return theVault().issue(names) }

// SerialNumber returns the serial number of a certificate as Vault writes it.
func SerialNumber(pair chaintest.Pair) string {
	digits := hex.EncodeToString(pair.Certificate.SerialNumber.Bytes())
	var parts []string
	for ; digits != ""; digits = digits[2:] {
		parts = append(parts, digits[:2])
	}
	return strings.Join(parts, ":")
}

// vaultOutputs returns the outputs of Vault's resources that the program uses.
func vaultOutputs(typ string, inputs resource.PropertyMap) resource.PropertyMap {
	v := theVault()
	switch typ {
	case "vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert":
		return resource.PropertyMap{"certificate": resource.NewProperty(v.rootFor(inputs["ttl"].StringValue()).PEM()), "issuerId": resource.NewProperty("root-issuer-id")}
	case "vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest":
		return resource.PropertyMap{"csr": resource.NewProperty("mocked request")}
	case "vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate":
		return resource.PropertyMap{
			"certificate":       resource.NewProperty(v.intermediate.PEM()),
			"certificateBundle": resource.NewProperty(v.intermediate.PEM() + v.root.PEM()),
		}
	case "vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned":
		return resource.PropertyMap{"importedIssuers": stringArray("intermediate-issuer-id", "imported-root-issuer-id")}
	case "vault:pkiSecret/secretBackendCert:SecretBackendCert":
		return v.certificate(inputs)
	default:
		return nil
	}
}

// rootFor returns the root certificate, or another one for another TTL.
func (v *mockedVault) rootFor(ttl string) chaintest.Pair {
	life, err := time.ParseDuration(ttl)
	if err != nil || life == v.root.Certificate.NotAfter.Sub(chaintest.Epoch) {
		return v.root
	}
	return chaintest.Root("mocked root", func(c *x509.Certificate) { c.NotAfter = chaintest.Epoch.Add(life) })
}

func (v *mockedVault) certificate(inputs resource.PropertyMap) resource.PropertyMap {
	names := []string{inputs["commonName"].StringValue()}
	for _, key := range []resource.PropertyKey{"altNames", "ipSans"} {
		if list, ok := inputs[key]; ok {
			for _, element := range list.ArrayValue() {
				names = append(names, element.StringValue())
			}
		}
	}
	pair := v.issue(names)
	return resource.PropertyMap{
		"certificate":  resource.NewProperty(pair.PEM()),
		"caChain":      resource.NewProperty(v.intermediate.PEM() + "\n" + v.root.PEM()),
		"privateKey":   resource.NewProperty(pair.KeyPEM()),
		"serialNumber": resource.NewProperty(SerialNumber(pair)),
		"expiration":   resource.NewProperty(float64(pair.Certificate.NotAfter.Unix())),
	}
}

func existingIssuer(mount, ref string) (resource.PropertyMap, error) {
	v := theVault()
	issuer := resource.PropertyMap{
		"backend": resource.NewProperty(mount), "issuerRef": resource.NewProperty(ref),
		"keyId": resource.NewProperty("key-id"), "usage": resource.NewProperty("crl-signing,issuing-certificates,ocsp-signing,read-only"),
		"certificate":          resource.NewProperty(v.intermediate.PEM()),
		"leafNotAfterBehavior": resource.NewProperty("err"),
		"caChains":             stringArray(v.intermediate.PEM(), v.root.PEM()),
	}
	if mount != ExistingMount {
		return nil, fmt.Errorf("the mocked Vault has no mount %s", mount)
	}
	switch ref {
	case "default", ExistingIssuer:
	case IssuerThatTruncates:
		issuer["leafNotAfterBehavior"] = resource.NewProperty("truncate")
	case IssuerWithoutKey:
		issuer["keyId"] = resource.NewProperty("")
	case IssuerOfNothing:
		issuer["usage"] = resource.NewProperty("crl-signing,ocsp-signing,read-only")
	case IssuerAlone:
		issuer["caChains"] = stringArray(v.intermediate.PEM())
	default:
		return nil, fmt.Errorf("the mocked Vault has no issuer %s in %s", ref, mount)
	}
	return issuer, nil
}
