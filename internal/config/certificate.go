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

// Certificate describes the certificate, its issuer and its lifetime.
type Certificate struct {
	// Enabled is false without a Vault. Nothing below has an effect then, nor what is in
	// [Kubernetes].
	Enabled bool

	Issuer      string   // one of the Issuer constants
	Names       []string // DNS names; the first is the common name
	Subdomains  bool     // whether the role issues for names below Names too
	IPAddresses []string
	Key         KeyType

	TTL         time.Duration // the certificate's lifetime
	RenewBefore time.Duration // the end of the lifetime
	RoleTTL     time.Duration // the longest lifetime that the role allows

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

// ExistingAuthority names an intermediate authority in Vault that the stack didn't make.
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

// The issuers of the certificate.
const (
	IssuerVault       = "vault"       // at `pulumi up`
	IssuerCertManager = "certManager" // in the cluster, at any time
)

// KeyType is a kind of private key.
type KeyType struct {
	Algorithm string // "ec" or "rsa", as Vault names them
	Bits      int
}

// keyTypes are the key types that Vault and cert-manager make, and that all TLS servers
// and clients support.
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

	// The least that cert-manager accepts (its API reference, CertificateSpec).
	certManagerLeastTTL   = time.Hour
	certManagerLeastRenew = 5 * time.Minute
)

var issuerPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

var (
	certificateEnabled = setting[bool]{
		key: "certificateEnabled", byDefault: true,
		description: "Whether the stack has a certificate if vaultAddress is set. Otherwise there is none, and the settings of certificates, cert-manager and Kubernetes have no effect.",
	}
	certificateIssuer = setting[string]{
		key: "certificateIssuer", byDefault: IssuerVault, allowed: oneOf(IssuerVault, IssuerCertManager),
		description: "Issuer of the certificate: Vault, at `pulumi up`, or cert-manager, in the cluster at any time.",
	}
	certificateNames = setting[[]string]{
		key: "certificateNames", basic: true,
		allowed:     each(isDNSName, "a DNS name in lower case, with a dot and without wildcards, such as inference.example.com"),
		description: "DNS names of the certificate, at least one. The first is the common name, of at most 64 characters. The authority can issue for no other names.",
	}
	certificateSubdomains = setting[bool]{
		key:         "certificateSubdomains",
		description: "Whether Vault's role issues for subdomains of certificateNames too.",
	}
	certificateIpAddresses = setting[[]string]{
		key: "certificateIpAddresses", allowed: each(isServerAddress, "an IP address as it is written shortest, such as 10.0.10.25"),
		description: "IP addresses of the certificate.",
	}
	certificateKey = setting[string]{
		key: "certificateKey", byDefault: "ec256", allowed: oneOf(slices.Sorted(maps.Keys(keyTypes))...),
		description: "Key type of the certificate and of the stack's own authority. Another one makes another authority.",
	}
	certificateTtl = setting[time.Duration]{
		key: "certificateTtl", byDefault: 720 * time.Hour, allowed: lasting(time.Minute, year),
		description: "Lifetime of a certificate, at most certificateRoleTtl, and at least 1h with certificateIssuer certManager.",
	}
	certificateRenewBefore = setting[string]{
		key:     "certificateRenewBefore",
		allowed: orEmpty(satisfying(isRenewBefore, "a duration in whole seconds, such as 90s, 5m or 240h"), "for a third of certificateTtl"),
		description: "How long before its end a certificate is renewed, by the next `pulumi up` or by cert-manager; less than certificateTtl, " +
			"and at least 5m with certificateIssuer certManager.",
	}
	certificateRoleTtl = setting[time.Duration]{
		key: "certificateRoleTtl", byDefault: 720 * time.Hour, allowed: lasting(time.Minute, year),
		description: "The longest lifetime of a certificate that Vault's role issues.",
	}
	certificateIntermediateTtl = setting[time.Duration]{
		key: "certificateIntermediateTtl", byDefault: 5 * year, allowed: lasting(time.Hour, 30*year),
		description: "Lifetime of the stack's own intermediate authority, longer than certificateRoleTtl. Another value makes another intermediate certificate, and a certificate signed by it.",
	}
	certificateRootTtl = setting[time.Duration]{
		key: "certificateRootTtl", byDefault: 10 * year, allowed: lasting(time.Hour, 30*year),
		description: "Lifetime of the stack's own root authority, longer than certificateIntermediateTtl. It can't be changed later, since clients trust the root that exists.",
	}
	certificateUrl = setting[string]{
		key: "certificateUrl", allowed: orEmpty(satisfying(isWebBase, "the base of URLs such as http://pki.example.com, without a slash at its end"), "for vaultAddress"),
		description: "Base of the URLs of issuers, revocation lists and OCSP in certificates.",
	}
	certificateMount = setting[string]{
		key: "certificateMount", allowed: orEmpty(matching(vaultPathPattern, "the mount path of an existing intermediate authority, such as pki/intermediate")),
		// These describe an authority of the stack's own, and have no meaning for an existing one.
		conflicts: conflict{
			with: []anySetting{certificateIntermediateTtl, certificateRootTtl, certificateUrl},
			why:  "the stack either makes an authority or uses an existing one",
		},
		description: "Mount path of an existing intermediate authority in Vault to use instead of one of the stack's own. Only a role is added to it.",
	}
	certificateMountIssuer = setting[string]{
		key: "certificateMountIssuer", allowed: orEmpty(matching(issuerPattern, "the name or id of an issuer in certificateMount"), "for its default one"),
		requires:    []requirement{certificateMount.toBeSet().because("the issuer is in that mount")},
		description: "Name or id of the issuer in certificateMount.",
	}
)

var (
	certManagerNamespace = setting[string]{
		key: "certManagerNamespace", byDefault: "cert-manager", allowed: matching(labelPattern, "a namespace's name"),
		requires:    []requirement{certificateIssuer.toBe(IssuerCertManager)},
		description: "Namespace that cert-manager runs in.",
	}
	certManagerServiceAccount = setting[string]{
		key: "certManagerServiceAccount", byDefault: "cert-manager", allowed: matching(labelPattern, "a service account's name"),
		requires:    []requirement{certificateIssuer.toBe(IssuerCertManager)},
		description: "Service account that cert-manager runs as.",
	}
	certManagerVaultCa = setting[string]{
		key: "certManagerVaultCa", requires: []requirement{certificateIssuer.toBe(IssuerCertManager)},
		allowed:     orEmpty(satisfying(isPEM, "certificates as PEM, and nothing else"), "when the cluster trusts Vault's certificate already"),
		description: "Authority certificates (PEM) with which cert-manager verifies Vault's certificate, in place of those that its container trusts.",
	}
)

func readCertificate(r *reader, vault Vault) Certificate {
	c := Certificate{
		Enabled:     certificateEnabled.read(r) && vault.Address != "",
		Issuer:      certificateIssuer.read(r),
		Names:       certificateNames.read(r),
		Subdomains:  certificateSubdomains.read(r),
		IPAddresses: certificateIpAddresses.read(r),
		Key:         keyTypes[certificateKey.read(r)],
		TTL:         certificateTtl.read(r),
		RoleTTL:     certificateRoleTtl.read(r),
		Authority: Authority{
			IntermediateTTL: certificateIntermediateTtl.read(r),
			RootTTL:         certificateRootTtl.read(r),
			URL:             certificateUrl.read(r),
		},
		Existing: ExistingAuthority{
			Mount:  certificateMount.read(r),
			Issuer: certificateMountIssuer.read(r),
		},
		CertManager: CertManager{
			Namespace:      certManagerNamespace.read(r),
			ServiceAccount: certManagerServiceAccount.read(r),
			VaultCA:        certManagerVaultCa.read(r),
		},
	}
	c.RenewBefore = renewBefore(certificateRenewBefore.read(r), c.TTL)
	return c
}

// renewBefore returns the duration in a value that [isRenewBefore], and without one a
// third of the certificate's lifetime.
func renewBefore(value string, ttl time.Duration) time.Duration {
	if before, err := time.ParseDuration(value); err == nil {
		return before
	}
	return (ttl / 3).Truncate(time.Second)
}

func isRenewBefore(value string) bool {
	before, err := time.ParseDuration(value)
	return err == nil && before >= time.Second && before%time.Second == 0
}

// isPEM reports whether a value is certificates, and nothing else.
func isPEM(value string) bool {
	rest := []byte(value)
	for len(strings.TrimSpace(string(rest))) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return false
		}
	}
	return true
}

func isDNSName(value string) bool {
	return len(value) <= longestName && serverNamePattern.MatchString(value)
}

// isServerAddress reports whether a server can be reached at an address.
func isServerAddress(value string) bool {
	address, err := netip.ParseAddr(value)
	return err == nil && address.String() == value && address.Zone() == "" && !address.Is4In6() && !address.IsUnspecified() && !address.IsMulticast()
}

func (s Settings) withoutCertificates() bool { return !s.Certificate.Enabled }

func (s Settings) checkCertificate(r *reader) {
	if s.withoutCertificates() {
		return
	}
	s.Certificate.checkNames(r)
	s.Certificate.checkLifetimes(r)
	s.Certificate.checkCertManager(r)
	s.checkKubernetes(r)
}

func (c Certificate) checkNames(r *reader) {
	if len(c.Names) == 0 {
		r.must(certificateNames, "have at least one name: %s is set, so there is a certificate (otherwise %s must be false)", vaultAddress, certificateEnabled)
	} else if len(c.Names[0]) > longestCommonName {
		r.must(certificateNames, "have a first name of at most %d characters: it is the common name", longestCommonName)
	}
}

// checkLifetimes refuses a certificate that outlives what signs it, as Vault would.
func (c Certificate) checkLifetimes(r *reader) {
	if c.RenewBefore >= c.TTL {
		r.must(certificateRenewBefore, "be less than %s, %s: each `pulumi up` would renew the certificate", certificateTtl, short(c.TTL))
	}
	if c.TTL > c.RoleTTL {
		r.must(certificateTtl, "be at most %s, %s", certificateRoleTtl, short(c.RoleTTL))
	}
	if c.Existing.Mount != "" {
		return
	}
	if c.RoleTTL >= c.Authority.IntermediateTTL {
		r.must(certificateRoleTtl, "be less than %s, %s", certificateIntermediateTtl, short(c.Authority.IntermediateTTL))
	}
	if c.Authority.IntermediateTTL >= c.Authority.RootTTL {
		r.must(certificateIntermediateTtl, "be less than %s, %s: the root must outlive it", certificateRootTtl, short(c.Authority.RootTTL))
	}
}

func (c Certificate) checkCertManager(r *reader) {
	if c.Issuer != IssuerCertManager {
		return
	}
	if c.TTL < certManagerLeastTTL {
		r.must(certificateTtl, "be at least %s with %s %s, which accepts no less", short(certManagerLeastTTL), certificateIssuer, IssuerCertManager)
	}
	if c.RenewBefore < certManagerLeastRenew {
		r.must(certificateRenewBefore, "be at least %s with %s %s, which accepts no less", short(certManagerLeastRenew), certificateIssuer, IssuerCertManager)
	}
}
