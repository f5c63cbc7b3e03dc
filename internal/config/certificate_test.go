package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type config map[string]string

// certificates is the least configuration with a certificate, with changes.
func certificates(changes config) config {
	all := config{
		"gatehouse:vaultAddress":         "https://vault.example.com:8200",
		"gatehouse:certificateNames":     `["inference.example.com"]`,
		"gatehouse:kubernetesKubeconfig": "kubeconfig.yaml",
	}
	for key, value := range changes {
		all[full(key)] = value
	}
	return all
}

// mistake is a configuration with one thing wrong.
type mistake struct {
	config    config
	key, rule string
}

// refuseEach checks that each mistake gets one error, which names its key.
func refuseEach(t *testing.T, mistakes map[string]mistake) {
	t.Helper()
	for name, m := range mistakes {
		t.Run(name, func(t *testing.T) {
			_, err := Load(certificates(m.config))
			var problems Problems
			require.ErrorAs(t, err, &problems)
			require.Len(t, problems, 1)
			assert.Equal(t, full(m.key), problems[0].Key)
			assert.Contains(t, problems[0].Rule, m.rule)
		})
	}
}

func TestWithoutVaultThereAreNoCertificates(t *testing.T) {
	for name, c := range map[string]config{
		"by default":       nil,
		"whichever is set": {"gatehouse:certificateIssuer": "certManager", "gatehouse:certManagerNamespace": "other", "gatehouse:certificateMountIssuer": "x"},
		"switched off":     certificates(config{"certificateEnabled": "false"}),
		"nothing needed":   {"gatehouse:vaultAddress": "https://vault.example.com", "gatehouse:certificateEnabled": "false"},
	} {
		s, err := Load(c)
		require.NoError(t, err, name)
		assert.False(t, s.Certificate.Enabled, name)
	}
}

func TestCertificateDefaults(t *testing.T) {
	s, err := Load(certificates(nil))
	require.NoError(t, err)
	assert.Equal(t, Vault{Address: "https://vault.example.com:8200", KubernetesAuth: "kubernetes"}, s.Vault)
	assert.Equal(t, Certificate{
		Enabled:     true,
		Issuer:      IssuerVault,
		Names:       []string{"inference.example.com"},
		IPAddresses: []string{},
		Key:         KeyType{Algorithm: "ec", Bits: 256},
		TTL:         720 * time.Hour,
		RenewBefore: 240 * time.Hour,
		RoleTTL:     720 * time.Hour,
		Authority:   Authority{IntermediateTTL: 43_800 * time.Hour, RootTTL: 87_600 * time.Hour},
		CertManager: CertManager{Namespace: "cert-manager", ServiceAccount: "cert-manager"},
	}, s.Certificate)
}

func TestCertificateGiven(t *testing.T) {
	s, err := Load(certificates(config{
		"vaultKubernetesAuth":        "clusters/main",
		"certificateIssuer":          "certManager",
		"certificateNames":           `["inference.example.com", "model.gatehouse.svc"]`,
		"certificateSubdomains":      "true",
		"certificateIpAddresses":     `["10.0.10.25", "fd00::25"]`,
		"certificateKey":             "rsa2048",
		"certificateTtl":             "24h",
		"certificateRenewBefore":     "12h",
		"certificateRoleTtl":         "48h",
		"certificateIntermediateTtl": "720h",
		"certificateRootTtl":         "1440h",
		"certificateUrl":             "http://pki.example.com/vault",
		"certManagerNamespace":       "infrastructure",
		"certManagerServiceAccount":  "issuer",
		"certManagerVaultCa":         testCertificate,
	}))
	require.NoError(t, err)
	assert.Equal(t, "clusters/main", s.Vault.KubernetesAuth)
	assert.Equal(t, Certificate{
		Enabled:     true,
		Issuer:      IssuerCertManager,
		Names:       []string{"inference.example.com", "model.gatehouse.svc"},
		Subdomains:  true,
		IPAddresses: []string{"10.0.10.25", "fd00::25"},
		Key:         KeyType{Algorithm: "rsa", Bits: 2048},
		TTL:         24 * time.Hour,
		RenewBefore: 12 * time.Hour,
		RoleTTL:     48 * time.Hour,
		Authority:   Authority{IntermediateTTL: 720 * time.Hour, RootTTL: 1440 * time.Hour, URL: "http://pki.example.com/vault"},
		CertManager: CertManager{Namespace: "infrastructure", ServiceAccount: "issuer", VaultCA: testCertificate},
	}, s.Certificate)
}

func TestAnExistingAuthority(t *testing.T) {
	s, err := Load(certificates(config{
		"certificateMount":       "pki/intermediate",
		"certificateMountIssuer": "2026",
		"certificateTtl":         "8760h",
		"certificateRoleTtl":     "8760h",
		"certificateRootTtl":     "87600h", // as the engine hands over a default
	}))
	require.NoError(t, err)
	assert.Equal(t, ExistingAuthority{Mount: "pki/intermediate", Issuer: "2026"}, s.Certificate.Existing)
}

func TestVaultMayBeOnThisMachineWithoutTLS(t *testing.T) {
	for _, address := range []string{"http://127.0.0.1:8200", "http://localhost:8200", "http://[::1]:8200"} {
		s, err := Load(certificates(config{"vaultAddress": address}))
		require.NoError(t, err)
		assert.Equal(t, address, s.Vault.Address)
	}
}

// testCertificate has the form of a certificate; nothing parses it.
const testCertificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"

func TestCertificateMistakesGetOneErrorEach(t *testing.T) {
	long := "a234567890123456789012345678901234567890.a234567890123456789.example"
	refuseEach(t, map[string]mistake{
		"Vault in clear":               {config{"vaultAddress": "http://vault.example.com:8200"}, "vaultAddress", "http:// only on this machine itself"},
		"Vault in clear, as a range":   {config{"vaultAddress": "http://127.0.0.1.example.com"}, "vaultAddress", "http:// only on this machine itself"},
		"Vault's path":                 {config{"vaultAddress": "https://vault.example.com/v1"}, "vaultAddress", "https:// with a host and a port"},
		"Vault with a slash":           {config{"vaultAddress": "https://vault.example.com/"}, "vaultAddress", "https:// with a host and a port"},
		"Vault without scheme":         {config{"vaultAddress": "vault.example.com:8200"}, "vaultAddress", "https:// with a host and a port"},
		"Vault without host":           {config{"vaultAddress": "https://:8200"}, "vaultAddress", "https:// with a host and a port"},
		"Vault with a password":        {config{"vaultAddress": "https://me:hush@vault.example.com"}, "vaultAddress", "https:// with a host and a port"},
		"Vault with a query":           {config{"vaultAddress": "https://vault.example.com?x"}, "vaultAddress", "https:// with a host and a port"},
		"an auth method's full path":   {config{"vaultKubernetesAuth": "/auth/kubernetes"}, "vaultKubernetesAuth", "the mount path of an auth method"},
		"an issuer that there isn't":   {config{"certificateIssuer": "cert-manager"}, "certificateIssuer", "one of vault, certManager"},
		"no names":                     {config{"certificateNames": "[]"}, "certificateNames", "it must have at least one name"},
		"a name for all":               {config{"certificateNames": `["*.example.com"]`}, "certificateNames", `"*.example.com" is not`},
		"a name without a dot":         {config{"certificateNames": `["localhost"]`}, "certificateNames", `"localhost" is not`},
		"a name in upper case":         {config{"certificateNames": `["Inference.example.com"]`}, "certificateNames", "a DNS name in lower case"},
		"a name that is an address":    {config{"certificateNames": `["10.0.10.25"]`}, "certificateNames", `"10.0.10.25" is not`},
		"a name with a dot at its end": {config{"certificateNames": `["inference.example.com."]`}, "certificateNames", "is not"},
		"a name twice":                 {config{"certificateNames": `["a.example.com", "a.example.com"]`}, "certificateNames", "twice"},
		"a long common name":           {config{"certificateNames": `["` + long + `"]`}, "certificateNames", "it must have a first name of at most 64 characters"},
		"a network":                    {config{"certificateIpAddresses": `["10.0.0.0/24"]`}, "certificateIpAddresses", `"10.0.0.0/24" is not`},
		"an address in long":           {config{"certificateIpAddresses": `["fd00:0::25"]`}, "certificateIpAddresses", "as it is written shortest"},
		"an address on a link":         {config{"certificateIpAddresses": `["fe80::1%eth0"]`}, "certificateIpAddresses", "is not"},
		"any address":                  {config{"certificateIpAddresses": `["0.0.0.0"]`}, "certificateIpAddresses", "is not"},
		"an address in another":        {config{"certificateIpAddresses": `["::ffff:10.0.10.25"]`}, "certificateIpAddresses", "is not"},
		"a weak key":                   {config{"certificateKey": "rsa1024"}, "certificateKey", "one of ec256, ec384, rsa2048, rsa4096"},
		"a life without unit":          {config{"certificateTtl": "720"}, "certificateTtl", "such as 90s, 5m or 6h"},
		"a life in days":               {config{"certificateTtl": "30d"}, "certificateTtl", "such as 90s, 5m or 6h"},
		"a life of seconds":            {config{"certificateTtl": "59s"}, "certificateTtl", "from 1m to 8760h"},
		"renewal without unit":         {config{"certificateRenewBefore": "1"}, "certificateRenewBefore", "empty for a third of certificateTtl"},
		"renewal at any time":          {config{"certificateRenewBefore": "720h"}, "certificateRenewBefore", "it must be less than gatehouse:certificateTtl, 720h"},
		"renewal after the end":        {config{"certificateRenewBefore": "-1h"}, "certificateRenewBefore", "a duration in whole seconds"},
		"longer than the role's":       {config{"certificateTtl": "721h"}, "certificateTtl", "it must be at most gatehouse:certificateRoleTtl, 720h"},
		"longer than the intermediate": {config{"certificateIntermediateTtl": "720h"}, "certificateRoleTtl", "it must be less than gatehouse:certificateIntermediateTtl, 720h"},
		"longer than the root":         {config{"certificateIntermediateTtl": "87600h"}, "certificateIntermediateTtl", "it must be less than gatehouse:certificateRootTtl, 87600h"},
		"no base of URLs":              {config{"certificateUrl": "pki.example.com"}, "certificateUrl", "the base of URLs such as http://pki.example.com"},
		"another kind of URLs":         {config{"certificateUrl": "ldap://pki.example.com"}, "certificateUrl", "the base of URLs"},
		"a mount with a slash":         {config{"certificateMount": "/pki"}, "certificateMount", "the mount path of an existing intermediate authority"},
		"an issuer without mount":      {config{"certificateMountIssuer": "2026"}, "certificateMountIssuer", "it requires gatehouse:certificateMount to be set"},
		"an issuer with a path":        {config{"certificateMount": "pki", "certificateMountIssuer": "a/b"}, "certificateMountIssuer", "the name or id of an issuer"},
		"own and existing": {
			config{"certificateMount": "pki", "certificateRootTtl": "50000h", "certificateUrl": "http://pki.example.com"},
			"certificateMount", "it conflicts with gatehouse:certificateRootTtl, gatehouse:certificateUrl: the stack either makes an authority or uses an existing one",
		},
		"cert-manager's namespace for nothing": {config{"certManagerNamespace": "other"}, "certManagerNamespace", "it requires gatehouse:certificateIssuer to be certManager"},
		"cert-manager's account for nothing":   {config{"certManagerServiceAccount": "other"}, "certManagerServiceAccount", "it requires gatehouse:certificateIssuer to be certManager"},
		"cert-manager's trust for nothing":     {config{"certManagerVaultCa": testCertificate}, "certManagerVaultCa", "it requires gatehouse:certificateIssuer to be certManager"},
		"an auth method for nothing":           {config{"vaultKubernetesAuth": "other"}, "vaultKubernetesAuth", "it requires gatehouse:certificateIssuer to be certManager"},
		"trust in no certificate":              {config{"certificateIssuer": "certManager", "certManagerVaultCa": "vault.pem"}, "certManagerVaultCa", "certificates as PEM, and nothing else"},
		"a certificate and more":               {config{"certificateIssuer": "certManager", "certManagerVaultCa": testCertificate + "more"}, "certManagerVaultCa", "and nothing else"},
		"too short for cert-manager": {
			config{"certificateIssuer": "certManager", "certificateTtl": "59m", "certificateRenewBefore": "5m"},
			"certificateTtl", "it must be at least 1h with gatehouse:certificateIssuer certManager",
		},
		"too late for cert-manager": {
			config{"certificateIssuer": "certManager", "certificateRenewBefore": "4m"},
			"certificateRenewBefore", "it must be at least 5m with gatehouse:certificateIssuer certManager",
		},
	})
}

func TestAllMistakesOfACertificateInOneError(t *testing.T) {
	_, err := Load(config{
		"gatehouse:vaultAddress":               "https://vault.example.com",
		"gatehouse:certificateTtl":             "1000h",
		"gatehouse:certificateIntermediateTtl": "700h",
		"gatehouse:certificateRootTtl":         "600h",
		"gatehouse:certManagerNamespace":       "other",
	})
	var problems Problems
	require.ErrorAs(t, err, &problems)
	var keys []string
	for _, problem := range problems {
		keys = append(keys, problem.Key)
	}
	assert.Equal(t, []string{
		"gatehouse:certificateNames", "gatehouse:certificateTtl", "gatehouse:certificateRoleTtl",
		"gatehouse:certificateIntermediateTtl", "gatehouse:certManagerNamespace", "gatehouse:kubernetesKubeconfig",
	}, keys)
}

func TestSecretsAreNotQuoted(t *testing.T) {
	_, err := Load(config{"gatehouse:vaultAddress": "https://me:hush@vault", "gatehouse:certificateNames": `["hush!"]`},
		"gatehouse:vaultAddress", "gatehouse:certificateNames")
	require.ErrorContains(t, err, `gatehouse:vaultAddress is "[secret]"; allowed: https:// with a host`)
	require.ErrorContains(t, err, `gatehouse:certificateNames is "[secret]"`)
	assert.NotContains(t, err.Error(), "hush")
}

// What doesn't fit to other settings is found after each value was right by itself.
func TestSecretsThatDontFitToOthersAreNotQuotedEither(t *testing.T) {
	for key, value := range map[string]string{
		"modelAllowedIds": `["hush"]`, "networkZones": `["hu-sh-1a", "hu-sh-1b"]`, "removedHeaders": `["X-Hush", "x-hush"]`,
		"networkPeerCidrs": `["10.0.128.0/20"]`, "customHeaderName": "Server",
	} {
		_, err := Load(config{full(key): value}, full(key))
		require.ErrorContains(t, err, "[secret]", key)
		for _, quoted := range []string{"hush", "Hush", "hu-sh", "10.0.128.0", " Server"} {
			assert.NotContains(t, err.Error(), quoted, key)
		}
	}
}
