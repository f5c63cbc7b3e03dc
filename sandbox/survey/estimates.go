package survey

import "time"

// estimate has the costs of a part.
type estimate struct {
	compile time.Duration // CPU time
	fetch   time.Duration
}

// The names of the parts.
const (
	Driver           = "driver"
	Engine           = "engine"
	LanguageHost     = "language host"
	AWSPlugin        = "aws plugin"
	VaultPlugin      = "vault plugin"
	KubernetesPlugin = "kubernetes plugin"
	Program          = "program"
	Lambdas          = "lambdas"
	Vault            = "vault"
	Kubernetes       = "kubernetes"
	PythonPackages   = "python packages"
)

// estimates has the parts that cost something. The CPU times were measured once each, in
// the order of the table and with one processor, from an empty build cache and with all
// modules there: packages that two parts share count for the first. That of Vault is
// derived from a whole run, that of the program is with trimmed SDKs: without, it is about
// 150 seconds. The times to fetch are sizes at 50 Mbit/s: 100 MB of the
// engine, 200 MB of the plugin for AWS, 30 MB of another, 75 MB of OpenBao.
var estimates = map[string]estimate{
	Driver:           {compile: 77 * time.Second},
	LanguageHost:     {compile: 69 * time.Second}, // its download comes with the engine's
	Engine:           {compile: 82 * time.Second, fetch: 16 * time.Second},
	AWSPlugin:        {compile: 69 * time.Second, fetch: 32 * time.Second},
	VaultPlugin:      {compile: 4 * time.Second, fetch: 5 * time.Second},
	Program:          {compile: 45 * time.Second},
	Lambdas:          {compile: 9 * time.Second},
	KubernetesPlugin: {compile: 46 * time.Second, fetch: 5 * time.Second},
	Kubernetes:       {compile: 246 * time.Second},
	Vault:            {compile: 230 * time.Second, fetch: 12 * time.Second},
	PythonPackages:   {fetch: 15 * time.Second},
}
