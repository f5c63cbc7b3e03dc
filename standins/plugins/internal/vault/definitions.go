package vault

import "github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

// definitions lists the types that are served.
var definitions = map[tokens.Type]definition{
	"vault:index/mount:Mount":                                                                   mount,
	"vault:index/policy:Policy":                                                                 policy,
	"vault:kubernetes/authBackendRole:AuthBackendRole":                                          kubernetesRole,
	"vault:pkiSecret/backendConfigAutoTidy:BackendConfigAutoTidy":                               autoTidy,
	"vault:pkiSecret/secretBackendCert:SecretBackendCert":                                       leaf,
	"vault:pkiSecret/secretBackendConfigIssuers:SecretBackendConfigIssuers":                     configIssuers,
	"vault:pkiSecret/secretBackendConfigUrls:SecretBackendConfigUrls":                           configURLs,
	"vault:pkiSecret/secretBackendCrlConfig:SecretBackendCrlConfig":                             configCRL,
	"vault:pkiSecret/secretBackendIntermediateCertRequest:SecretBackendIntermediateCertRequest": request,
	"vault:pkiSecret/secretBackendIntermediateSetSigned:SecretBackendIntermediateSetSigned":     setSigned,
	"vault:pkiSecret/secretBackendRole:SecretBackendRole":                                       role,
	"vault:pkiSecret/secretBackendRootCert:SecretBackendRootCert":                               root,
	"vault:pkiSecret/secretBackendRootSignIntermediate:SecretBackendRootSignIntermediate":       sign,
}

// Fields of many types.
var (
	backend   = field{name: "backend", traits: required | replaces | local}
	namespace = field{name: "namespace", traits: replaces | local}
)
