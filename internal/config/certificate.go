package config

import (
	"encoding/pem"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Certificate holds which certificate there is, who issues it and for how long.
type Certificate struct {
	// Enabled is false without a Vault: nothing below counts then, nor what is in
	// [Kubernetes].
	Enabled bool

	Issuer      string   // one of the Issuer constants
	Names       []string // DNS names; the first is the common name
	Subdomains  bool     // whether the role issues for names below Names too
	IPAddresses []string
	Key         KeyType

	TTL         time.Duration // the certificate's life
	RenewBefore time.Duration // its end
	RoleTTL     time.Duration // the longest life that the role gives

	Authority   Authority
	Existing    ExistingAuthority
	CertManager CertManager
}

// Authority describes a certificate authority of the stack's own.
type Authority struct {
	IntermediateTTL time.Duration
	RootTTL         time.Duration
	URL             string // base of the URLs in certificates, without a slash at its end
}

// ExistingAuthority names an intermediate authority in Vault that others made.
type ExistingAuthority struct {
	Mount  string // path, without slashes at its ends; empty for an authority of the stack's own
	Issuer string // name or id of the issuer in it
}

// CertManager describes the cert-manager in the cluster.
type CertManager struct {
	Namespace      string
	ServiceAccount string
	VaultCA        string // PEM; empty when Vault's certificate is publicly trusted
}

// Who issues the certificate.
const (
	IssuerVault       = "vault"       // at `pulumi up`
	IssuerCertManager = "certManager" // in the cluster, at any time
)

// KeyType is a kind of private key.
type KeyType struct {
	Algorithm string // "ec" or "rsa", as Vault names them
	Bits      int
}

// keyTypes are those that Vault makes, cert-manager too, and that all TLS servers
// and clients take.
var keyTypes = map[string]KeyType{
	"ec256":   {"ec", 256},
	"ec384":   {"ec", 384},
	"rsa2048": {"rsa", 2048},
	"rsa4096": {"rsa", 4096},
}

const (
	year = 365 * 24 * time.Hour

	// longestCommonName is X.509's (RFC 5280, "ub-common-name").
	longestCommonName = 64
	longestName       = 253

	// What cert-manager takes at least (its API reference, CertificateSpec).
	certManagerLeastTTL   = time.Hour
	certManagerLeastRenew = 5 * time.Minute
)

// ownAuthorityKeys describe an authority of the stack's own, and have no meaning
// for an existing one.
var ownAuthorityKeys = []string{"certificateIntermediateTtl", "certificateRootTtl", "certificateUrl"}

// certManagerKeys have no meaning when Vault issues at `pulumi up`.
var certManagerKeys = []string{"certManagerNamespace", "certManagerServiceAccount", "certManagerVaultCa", "vaultKubernetesAuth"}

var issuerPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

func readCertificate(r *reader, vault Vault) Certificate {
	c := Certificate{
		Enabled:     r.boolean("certificateEnabled", true) && vault.Address != "",
		Issuer:      r.oneOf("certificateIssuer", IssuerVault, IssuerVault, IssuerCertManager),
		Names:       r.list("certificateNames", isDNSName, "a DNS name in lower case, with a dot and without wildcards, such as inference.example.com"),
		Subdomains:  r.boolean("certificateSubdomains", false),
		IPAddresses: r.list("certificateIpAddresses", isServerAddress, "an IP address as it is written shortest, such as 10.0.10.25"),
		Key:         keyTypes[r.oneOf("certificateKey", "ec256", slices.Sorted(maps.Keys(keyTypes))...)],
		TTL:         r.duration("certificateTtl", 720*time.Hour, time.Minute, year),
		RoleTTL:     r.duration("certificateRoleTtl", 720*time.Hour, time.Minute, year),
		Authority: Authority{
			IntermediateTTL: r.duration("certificateIntermediateTtl", 5*year, time.Hour, 30*year),
			RootTTL:         r.duration("certificateRootTtl", 10*year, time.Hour, 30*year),
			URL:             r.address("certificateUrl", isWeb, "the base of URLs such as http://pki.example.com, without a slash at its end, or nothing for vaultAddress"),
		},
		Existing: ExistingAuthority{
			Mount:  r.optional("certificateMount", vaultPathPattern, "the mount path of an existing intermediate authority, such as pki/intermediate, or nothing"),
			Issuer: r.optional("certificateMountIssuer", issuerPattern, "the name or id of an issuer in certificateMount, or nothing for its default one"),
		},
		CertManager: CertManager{
			Namespace:      r.pattern("certManagerNamespace", "cert-manager", labelPattern, "a namespace's name"),
			ServiceAccount: r.pattern("certManagerServiceAccount", "cert-manager", labelPattern, "a service account's name"),
			VaultCA:        r.certificates("certManagerVaultCa"),
		},
	}
	c.RenewBefore = r.renewBefore("certificateRenewBefore", c.TTL)
	return c
}

// renewBefore reads a duration that is a third of the certificate's life by default.
func (r *reader) renewBefore(key string, ttl time.Duration) time.Duration {
	value := r.text(key, typeString, "")
	if value == "" {
		return (ttl / 3).Truncate(time.Second)
	}
	before, err := time.ParseDuration(value)
	if err != nil || before < time.Second || before%time.Second != 0 {
		r.refuse(key, "a duration in whole seconds, such as 90s, 5m or 240h, or nothing for a third of certificateTtl")
	}
	return before
}

// certificates reads PEM certificates.
func (r *reader) certificates(key string) string {
	value := r.text(key, typeString, "")
	rest := []byte(value)
	for len(strings.TrimSpace(string(rest))) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			r.refuse(key, "certificates as PEM, and nothing else, or nothing when the cluster trusts Vault's certificate already")
			break
		}
	}
	return value
}

func isDNSName(text string) bool {
	return len(text) <= longestName && serverNamePattern.MatchString(text)
}

// isServerAddress tells addresses that a server can be reached at.
func isServerAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && address.String() == text && address.Zone() == "" && !address.Is4In6() && !address.IsUnspecified() && !address.IsMulticast()
}

func (s Settings) checkCertificate(r *reader) {
	if !s.Certificate.Enabled {
		return
	}
	s.Certificate.checkNames(r)
	s.Certificate.checkLifetimes(r)
	s.Certificate.checkAuthority(r)
	s.Certificate.checkIssuer(r)
	s.checkKubernetes(r)
}

func (c Certificate) checkNames(r *reader) {
	if len(c.Names) == 0 {
		r.refuse("certificateNames", "at least one name: there is a vaultAddress, so there is a certificate (else certificateEnabled: false)")
	} else if len(c.Names[0]) > longestCommonName {
		r.refuse("certificateNames", "a first name of at most %d characters: it is the common name", longestCommonName)
	}
}

// checkLifetimes refuses a certificate that outlives what signs it: Vault would.
func (c Certificate) checkLifetimes(r *reader) {
	if c.RenewBefore >= c.TTL {
		r.refuse("certificateRenewBefore", "less than certificateTtl, %s: each `pulumi up` would renew the certificate", short(c.TTL))
	}
	if c.TTL > c.RoleTTL {
		r.refuse("certificateTtl", "at most certificateRoleTtl, %s", short(c.RoleTTL))
	}
	if c.Existing.Mount != "" {
		return
	}
	if c.RoleTTL >= c.Authority.IntermediateTTL {
		r.refuse("certificateRoleTtl", "less than certificateIntermediateTtl, %s", short(c.Authority.IntermediateTTL))
	}
	if c.Authority.IntermediateTTL >= c.Authority.RootTTL {
		r.refuse("certificateIntermediateTtl", "less than certificateRootTtl, %s: the root is the older one", short(c.Authority.RootTTL))
	}
}

func (c Certificate) checkAuthority(r *reader) {
	if c.Existing.Mount == "" {
		if c.Existing.Issuer != "" {
			r.refuse("certificateMountIssuer", "nothing without certificateMount, the mount that the issuer is in")
		}
		return
	}
	if own := slices.DeleteFunc(slices.Clone(ownAuthorityKeys), func(key string) bool { return !r.changed(key) }); len(own) > 0 {
		r.refuse("certificateMount", "nothing beside %s: either the stack makes an authority or it uses an existing one", strings.Join(own, ", "))
	}
}

func (c Certificate) checkIssuer(r *reader) {
	if c.Issuer != IssuerCertManager {
		for _, key := range certManagerKeys {
			if r.changed(key) {
				r.refuse(key, "nothing but the default unless certificateIssuer is %s", IssuerCertManager)
			}
		}
		return
	}
	if c.TTL < certManagerLeastTTL {
		r.refuse("certificateTtl", "at least %s with certificateIssuer %s, which takes no less", short(certManagerLeastTTL), IssuerCertManager)
	}
	if c.RenewBefore < certManagerLeastRenew {
		r.refuse("certificateRenewBefore", "at least %s with certificateIssuer %s, which takes no less", short(certManagerLeastRenew), IssuerCertManager)
	}
}
