// Package config is the stack's configuration: one table of settings, with type,
// default and bounds, from which the configuration is read and checked, and Pulumi.yaml's
// schema and docs/settings.md are written. Every problem is reported at once. A key that
// is missing has its default; one that is malformed, unknown or doesn't fit to another is
// an error, never a default.
package config

// Namespace is the configuration namespace of the program's own keys: the
// project's name in Pulumi.yaml.
const Namespace = "gatehouse"

// Settings is a stack's checked configuration. Pulumi.yaml describes each key.
type Settings struct {
	Region        string
	Lambda        Lambda
	Gateway       Gateway
	Key           Key
	Rotation      Rotation
	Model         Model
	Clients       Clients
	Streaming     Streaming
	Network       Network
	Inference     Inference
	Safeguards    Safeguards
	Observability Observability

	LogRetentionDays int // of all logs: of the functions, the API, the firewall, the network and CloudFront

	Vault           Vault
	Certificate     Certificate
	Kubernetes      Kubernetes
	Workload        Workload
	Edge            Edge
	Origin          Origin
	OriginFunction  OriginFunction
	ResponseHeaders ResponseHeaders
	CORS            CORS
	Firewall        Firewall
	AccessLogs      AccessLogs
	Domain          Domain
}

// Load reads the settings from the stack's configuration: full key ("aws:region")
// to value, as the engine hands it to the program. Its error, a [Problems], names
// every key that is wrong, what was given and what is allowed. The values of keys
// that are secrets are never quoted.
func Load(config map[string]string, secrets ...string) (Settings, error) {
	return load(newReader(table, config, secrets...), read, Settings.crossCheck)
}

// load reads all keys, and checks how they fit together if each is right by itself.
func load[S any](r *reader, read func(*reader) S, check func(S, *reader)) (S, error) {
	s := read(r)
	if len(r.problems) == 0 {
		check(s, r)
	}
	r.checkUnknown()
	if len(r.problems) > 0 {
		var none S
		return none, r.sorted()
	}
	return s, nil
}

func read(r *reader) Settings {
	vault := readVault(r)
	return Settings{
		Region:           awsRegion.read(r),
		Lambda:           readLambda(r),
		LogRetentionDays: logRetentionDays.read(r),
		Gateway:          readGateway(r),
		Key:              readKey(r),
		Rotation:         readRotation(r),
		Model:            readModel(r),
		Clients:          readClients(r),
		Streaming:        readStreaming(r),
		Network:          readNetwork(r),
		Inference:        readInference(r),
		Safeguards:       readSafeguards(r),
		Observability:    readObservability(r),

		Vault:           vault,
		Certificate:     readCertificate(r, vault),
		Kubernetes:      readKubernetes(r),
		Workload:        readWorkload(r),
		Edge:            readEdge(r),
		Origin:          readOrigin(r),
		OriginFunction:  readOriginFunction(r),
		ResponseHeaders: readResponseHeaders(r),
		CORS:            readCORS(r),
		Firewall:        readFirewall(r),
		AccessLogs:      readAccessLogs(r),
		Domain:          readDomain(r),
	}
}

// crossCheck checks what the table requires of pairs of settings, and what only code can
// say.
func (s Settings) crossCheck(r *reader) {
	for _, t := range table {
		if t.ignored != nil && t.ignored(s) {
			continue
		}
		for _, one := range t.settings {
			one.checkRelations(r)
		}
	}
	s.checkKey(r)
	s.checkRotation(r)
	s.checkModel(r)
	s.checkClients(r)
	s.checkStreaming(r)
	s.checkNetwork(r)
	s.checkInference(r)
	s.checkSafeguards(r)
	s.checkCertificate(r)
	s.checkWorkload(r)
	s.checkEdge(r)
	s.checkOrigin(r)
	s.checkResponseHeaders(r)
	s.checkCORS(r)
	s.checkDomain(r)
}
