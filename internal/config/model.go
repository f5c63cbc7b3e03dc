package config

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Model holds what answers conversations.
type Model struct {
	Backend   string   // one of the Backend constants
	ID        string   // the model that is asked where a request names none
	Others    []string // models that requests may name, beside it
	MaxTokens int      // the most that one answer may have
	MaxBody   int      // of a request, in bytes

	Region    string    // that Bedrock is asked in; the stack's if empty
	Guardrail Guardrail // of Bedrock

	Server Server // for BackendOpenAI

	InVPC               bool // in the network's private subnets
	Memory              int  // MiB
	ReservedConcurrency int  // copies of the function at once; 0 reserves none
	LogContent          bool // conversations and answers too
}

// The backends.
const (
	BackendBedrock = "bedrock"
	BackendOpenAI  = "openai" // a server that speaks OpenAI's chat completions
)

// Guardrail is what judges conversations and answers; none if ID is empty.
type Guardrail struct{ ID, Version string }

// Server is one that speaks OpenAI's chat completions.
type Server struct {
	BaseURL         string // empty for the private model behind the stack's load balancer
	APIKeyParameter string // name of a SecureString; empty if it asks for no key
}

var (
	modelPattern            = regexp.MustCompile(`^[a-z0-9-]+\.[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*(:[0-9a-z]+)*$`)
	servedModelPattern      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$`)
	inferenceProfilePattern = regexp.MustCompile(`^(?:[a-z]{2}|us-gov|apac|global)\.[a-z0-9-]+\.`)
	guardrailPattern        = regexp.MustCompile(`^[a-z0-9]{1,64}$`)
	guardrailVersionPattern = regexp.MustCompile(`^([1-9][0-9]{0,7}|DRAFT)$`)
	parameterPattern        = regexp.MustCompile(`^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,14}$`)
)

const (
	bedrockModelForm = "the id of a model or inference profile of Bedrock, such as amazon.nova-micro-v1:0 or eu.amazon.nova-micro-v1:0"
	servedModelForm  = "a model's name at its server, such as llama3.2:1b or meta-llama/Llama-3.1-8B-Instruct"
	// The body is a string in the event, of which Lambda takes 6 MiB. As such, what is in
	// valid JSON grows to no more than three times its bytes: a quote, a backslash and a
	// line break to two characters, a letter beyond ASCII to six for two bytes or twelve
	// for four. The rest of the event needs some kilobytes.
	largestModelBody = 2_000_000
)

func readModel(r *reader) Model {
	return Model{
		Backend:   r.oneOf("modelBackend", BackendBedrock, BackendBedrock, BackendOpenAI),
		ID:        r.pattern("modelId", "amazon.nova-micro-v1:0", servedModelPattern, bedrockModelForm),
		Others:    r.list("modelAllowedIds", servedModelPattern.MatchString, bedrockModelForm),
		MaxTokens: r.number("modelMaxTokens", 1024, 1, 65_536),
		MaxBody:   r.number("modelMaxBody", 1<<20, 1<<10, largestModelBody),
		Region:    r.region("modelRegion", ""),
		Guardrail: Guardrail{
			ID:      r.optional("modelGuardrailId", guardrailPattern, "the id of a guardrail of Bedrock, or nothing"),
			Version: r.optional("modelGuardrailVersion", guardrailVersionPattern, "a guardrail's version, a number or DRAFT, or nothing"),
		},
		Server: Server{
			BaseURL:         r.baseURL("modelBaseUrl"),
			APIKeyParameter: r.optional("modelApiKeyParameter", parameterPattern, "the name of a SecureString parameter such as /gatehouse/model-key, or nothing"),
		},
		InVPC:               r.boolean("modelInVpc", false),
		Memory:              r.number("modelMemory", 256, 128, 10_240),
		ReservedConcurrency: r.number("modelReservedConcurrency", 0, 0, 1000),
		LogContent:          r.boolean("modelLogContent", false),
	}
}

// baseURL reads what /chat/completions follows at a server.
func (r *reader) baseURL(key string) string {
	value := r.text(key, typeString, "")
	u, err := url.Parse(value)
	if value != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil ||
		u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(value, "/")) {
		r.refuse(key, "a URL such as http://10.0.16.25:8000/v1, without a key in it and without a slash at its end, or nothing for the private model behind the stack's load balancer")
	}
	return value
}

// IsInferenceProfile reports whether an id of Bedrock is that of a cross-region
// inference profile: it begins with the geography that the profile covers.
func IsInferenceProfile(id string) bool { return inferenceProfilePattern.MatchString(id) }

// IDs are the models that requests may name, the default first.
func (m Model) IDs() []string {
	ids := []string{m.ID}
	for _, id := range m.Others {
		if id != m.ID {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s Settings) checkModel(r *reader) {
	if s.Model.Backend == BackendBedrock {
		s.checkBedrock(r)
	} else {
		s.checkServer(r)
	}
	if s.Model.MaxBody > s.Edge.BodyLimit {
		r.refuse("modelMaxBody", "at most edgeBodyLimit, %d: CloudFront lets no larger body through", s.Edge.BodyLimit)
	}
	if s.Model.InVPC && !s.Network.Enabled {
		r.refuse("modelInVpc", "false without networkEnabled: there is no network")
	}
	if s.Model.InVPC && s.Network.Existing.VPCID == "" {
		s.checkWayOut(r)
	}
}

func (s Settings) checkBedrock(r *reader) {
	m := s.Model
	if !modelPattern.MatchString(m.ID) {
		r.refuse("modelId", bedrockModelForm)
	}
	for _, id := range m.Others {
		if !modelPattern.MatchString(id) {
			r.refuse("modelAllowedIds", "a list in which each is %s; %q is not", bedrockModelForm, id)
		}
	}
	if (m.Guardrail.ID == "") != (m.Guardrail.Version == "") {
		r.refuse("modelGuardrailVersion", "the version of the guardrail in modelGuardrailId; both or neither")
	}
	for _, key := range []string{"modelBaseUrl", "modelApiKeyParameter"} {
		if r.changed(key) {
			r.refuse(key, "nothing unless modelBackend is %s", BackendOpenAI)
		}
	}
}

func (s Settings) checkServer(r *reader) {
	for _, key := range []string{"modelRegion", "modelGuardrailId", "modelGuardrailVersion"} {
		if r.changed(key) {
			r.refuse(key, "nothing unless modelBackend is %s", BackendBedrock)
		}
	}
	if !r.changed("modelId") {
		r.refuse("modelId", servedModelForm)
	}
	if s.Model.Server.BaseURL == "" && !s.Model.InVPC {
		r.refuse("modelBaseUrl", "a URL such as http://10.0.16.25:8000/v1; nothing only with modelInVpc, for the private model behind the stack's load balancer")
	}
}

// checkWayOut wants endpoints in the stack's own VPC for the services that the
// function calls: its security group lets it reach nothing outside.
func (s Settings) checkWayOut(r *reader) {
	needed := map[string]bool{"bedrock-runtime": s.Model.Backend == BackendBedrock, "ssm": s.Model.Server.APIKeyParameter != ""}
	for _, service := range []string{"bedrock-runtime", "ssm"} {
		if needed[service] && !slices.Contains(s.Network.InterfaceEndpoints, service) {
			r.refuse("networkInterfaceEndpoints", "a list with %s, which the model's function calls, since modelInVpc is true", service)
		}
	}
	if s.Model.Region != "" && s.Model.Region != s.Region {
		r.refuse("modelRegion", "nothing with modelInVpc: the endpoints of the VPC are in its own region")
	}
}
