package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/modelid"
)

// Model holds which backend responds to conversations, and within which limits.
type Model struct {
	Backend   string   // [lambdaenv.BackendBedrock] or [lambdaenv.BackendOpenAI]
	ID        string   // of requests that name no model
	Others    []string // models that requests may name in addition
	MaxTokens int      // of one response
	MaxBody   int      // of a request, in bytes

	PassThrough       []string // members of requests that only the backend knows
	RefuseUnsupported bool     // refuse requests with members that the model doesn't support, instead of dropping those

	Region        string    // of Bedrock; the stack's if empty
	Guardrail     Guardrail // of Bedrock
	PromptCaching bool      // of Bedrock

	Server Server // for [lambdaenv.BackendOpenAI]

	InVPC               bool // in the network's private subnets
	Memory              int  // MiB
	ReservedConcurrency int  // of the function; 0 reserves none
	LogContent          bool // conversations and responses too
}

// Guardrail is applied to conversations and responses; none if ID is empty.
type Guardrail struct {
	ID, Version string
	Streaming   string // [lambdaenv.GuardrailSync] or [lambdaenv.GuardrailAsync], for streamed responses
}

// Server is a server that speaks OpenAI's chat completions.
type Server struct {
	BaseURL         string // empty for the private model behind the stack's load balancer
	APIKeyParameter string // name of a SecureString; empty if it needs no key
}

var (
	servedModelPattern      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$`)
	guardrailPattern        = regexp.MustCompile(`^[a-z0-9]{1,64}$`)
	guardrailVersionPattern = regexp.MustCompile(`^([1-9][0-9]{0,7}|DRAFT)$`)
	parameterPattern        = regexp.MustCompile(`^/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,14}$`)
)

const (
	bedrockModelForm = "the id of a model or inference profile of Bedrock, such as amazon.nova-micro-v1:0 or eu.amazon.nova-micro-v1:0, " +
		"or the ARN of an application inference profile"
	servedModelForm = "a model's name at its server, such as llama3.2:1b or meta-llama/Llama-3.1-8B-Instruct"
	modelForm       = bedrockModelForm + ", or with modelBackend openai " + servedModelForm
)

// What happens to members of a request that the model doesn't support.
const (
	unsupportedDrop   = "drop"
	unsupportedRefuse = "refuse"
)

var (
	modelBackend = setting[string]{
		key: "modelBackend", byDefault: lambdaenv.BackendBedrock, basic: true, allowed: oneOf(lambdaenv.BackendBedrock, lambdaenv.BackendOpenAI),
		description: "Backend that responds to conversations: Amazon Bedrock, or a server that speaks OpenAI's chat completions (vLLM, Ollama, llama.cpp, …).",
	}
	modelId = setting[string]{
		key: "modelId", byDefault: "amazon.nova-micro-v1:0", basic: true, allowed: matching(servedModelPattern, modelForm),
		description: "Model of requests that name none, which must respond to conversations. With Bedrock, a foundation model, a cross-region inference profile, " +
			"or an application inference profile of the account in the model's Region. With a server, the name that the model has there.",
	}
	modelAllowedIds = setting[[]string]{
		key: "modelAllowedIds", basic: true, allowed: each(servedModelPattern.MatchString, modelForm),
		description: "Models that requests may name in addition to modelId, those for embeddings among them.",
	}
	modelMaxTokens = setting[int]{
		key: "modelMaxTokens", byDefault: 1024, basic: true, allowed: between(lambdaenv.MinMaxTokens, lambdaenv.MaxMaxTokens),
		description: "The most tokens that a response may have, reasoning included. Claude up to 4.5 reasons with 1,024 at least, so that reasoning_effort needs some 2,000 here.",
	}
	modelMaxBody = setting[int]{
		key: "modelMaxBody", byDefault: 1 << 20, allowed: between(lambdaenv.MinMaxBody, lambdaenv.MaxMaxBody),
		description: "The most bytes that a request's body may have, at most edgeBodyLimit. Images take a third more than their size. Lambda takes no event of more than 6 MiB, in which a body of 2,000,000 bytes fits however it is escaped.",
	}
	modelPassThrough = setting[[]string]{
		key: "modelPassThrough", allowed: each(lambdaenv.IsPassThrough, "a name such as top_k, which OpenAI's API doesn't have"),
		description: "Members of requests that only the backend knows, which are passed on as they are: to a server as members of its request, " +
			"such as top_k or chat_template_kwargs; to Bedrock among the model's own parameters. Other members that the API doesn't know are dropped.",
	}
	modelUnsupported = setting[string]{
		key: "modelUnsupported", byDefault: unsupportedDrop, allowed: oneOf(unsupportedDrop, unsupportedRefuse),
		description: "What happens to members of a request that the model doesn't support: drop leaves them out, moves values beyond a limit to it, and " +
			"lists both in the response's headers x-gatehouse-dropped and x-gatehouse-clamped; with refuse the request is an error, also where max_tokens " +
			"exceeds modelMaxTokens.",
	}
	modelRegion = setting[string]{
		key: "modelRegion", allowed: orEmpty(region(), "for the stack's"), requires: []requirement{modelBackend.toBe(lambdaenv.BackendBedrock)},
		description: "Region of Bedrock, if not the stack's.",
	}
	modelGuardrailId = setting[string]{
		key: "modelGuardrailId", allowed: orEmpty(matching(guardrailPattern, "the id of a guardrail of Bedrock")),
		requires:    []requirement{modelBackend.toBe(lambdaenv.BackendBedrock)},
		description: "Guardrail of Bedrock that is applied to every conversation and response; Bedrock applies none to embeddings. modelGuardrailVersion must then be set too.",
	}
	modelGuardrailVersion = setting[string]{
		key: "modelGuardrailVersion", allowed: orEmpty(matching(guardrailVersionPattern, "a guardrail's version, a number or DRAFT")),
		requires:    []requirement{modelBackend.toBe(lambdaenv.BackendBedrock), modelGuardrailId.toBeSet()},
		description: "Version of the guardrail.",
	}
	modelGuardrailStreaming = setting[string]{
		key: "modelGuardrailStreaming", byDefault: lambdaenv.GuardrailSync, allowed: oneOf(lambdaenv.GuardrailSync, lambdaenv.GuardrailAsync),
		requires: []requirement{modelBackend.toBe(lambdaenv.BackendBedrock), modelGuardrailId.toBeSet()},
		description: "How the guardrail checks streamed responses. With sync, Bedrock holds each piece back until it is checked. With async, pieces are sent at once: " +
			"text may reach a client before the guardrail stops it, and personal data isn't masked.",
	}
	modelPromptCaching = setting[bool]{
		key: "modelPromptCaching", byDefault: true, requires: []requirement{modelBackend.toBe(lambdaenv.BackendBedrock)},
		description: "Whether the beginning of a conversation is cached by models that support it, so that the next request with the same beginning costs less. " +
			"What is cached first may cost more than without.",
	}
	modelBaseUrl = setting[string]{
		key: "modelBaseUrl", basic: true, requires: []requirement{modelBackend.toBe(lambdaenv.BackendOpenAI)},
		allowed: orEmpty(satisfying(isBaseURL, "a URL such as http://10.0.16.25:8000/v1, without a key in it and without a slash at its end"),
			"for the private model behind the stack's load balancer"),
		description: "Base URL of the server, to which /chat/completions and /embeddings are appended. If it is empty and modelInVpc is true, requests go to the private model behind the stack's load balancer.",
	}
	modelApiKeyParameter = setting[string]{
		key: "modelApiKeyParameter", basic: true, requires: []requirement{modelBackend.toBe(lambdaenv.BackendOpenAI)},
		allowed:     orEmpty(matching(parameterPattern, "the name of a SecureString parameter such as /gatehouse/model-key")),
		description: "Name of the SecureString parameter with the server's API key, if it needs one. The key itself belongs in no setting.",
	}
	modelInVpc = setting[bool]{
		key: "modelInVpc", requires: []requirement{networkEnabled.toBe(true).because("there is no network")},
		description: "Whether the model's function is in the network's private subnets, and reaches nothing outside of the VPC. In a VPC of the stack's own, " +
			"networkInterfaceEndpoints must include bedrock-runtime for Bedrock, and ssm for modelApiKeyParameter.",
	}
	modelMemory = setting[int]{
		key: "modelMemory", byDefault: 256, allowed: between(128, 10_240),
		description: "Memory of the model's function in MiB. Lambda gives processor time in proportion.",
	}
	modelReservedConcurrency = setting[int]{
		key: "modelReservedConcurrency", allowed: between(0, 1000),
		description: "Reserved concurrency of the model's function. 0 reserves none and limits nothing.",
	}
	modelLogContent = setting[bool]{
		key:         "modelLogContent",
		description: "Whether conversations and responses are logged too. They may be personal data.",
	}
)

func readModel(r *reader) Model {
	return Model{
		Backend:   modelBackend.read(r),
		ID:        modelId.read(r),
		Others:    modelAllowedIds.read(r),
		MaxTokens: modelMaxTokens.read(r),
		MaxBody:   modelMaxBody.read(r),

		PassThrough:       modelPassThrough.read(r),
		RefuseUnsupported: modelUnsupported.read(r) == unsupportedRefuse,

		Region: modelRegion.read(r),
		Guardrail: Guardrail{
			ID:      modelGuardrailId.read(r),
			Version: modelGuardrailVersion.read(r),

			Streaming: modelGuardrailStreaming.read(r),
		},
		PromptCaching: modelPromptCaching.read(r),
		Server: Server{
			BaseURL:         modelBaseUrl.read(r),
			APIKeyParameter: modelApiKeyParameter.read(r),
		},
		InVPC:               modelInVpc.read(r),
		Memory:              modelMemory.read(r),
		ReservedConcurrency: modelReservedConcurrency.read(r),
		LogContent:          modelLogContent.read(r),
	}
}

// isBaseURL reports whether a value can be followed by /chat/completions.
func isBaseURL(value string) bool {
	u, err := url.Parse(value)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		u.RawQuery == "" && u.Fragment == "" && !strings.HasSuffix(value, "/")
}

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
	if s.Model.Backend == lambdaenv.BackendBedrock {
		s.checkBedrock(r)
	} else {
		s.checkServer(r)
	}
	if s.Model.MaxBody > s.Edge.BodyLimit {
		r.must(modelMaxBody, "be at most %s, %d: CloudFront lets no larger body through", edgeBodyLimit, s.Edge.BodyLimit)
	}
	if s.Model.InVPC && s.Network.Existing.VPCID == "" {
		s.checkEndpoints(r)
	}
}

func (s Settings) checkBedrock(r *reader) {
	m := s.Model
	switch {
	case !modelid.IsValid(m.ID):
		r.must(modelId, "be %s with %s %s", bedrockModelForm, modelBackend, lambdaenv.BackendBedrock)
	case modelid.IsEmbedding(m.ID):
		r.must(modelId, "be a model that responds to conversations; models for embeddings belong in %s", modelAllowedIds)
	case !s.isInBedrockRegion(m.ID):
		r.must(modelId, "be in %s, the Region of Bedrock: set %s to the profile's", s.bedrockRegion(), modelRegion)
	}
	for _, id := range m.Others {
		quoted := r.shown(modelAllowedIds.String(), id)
		switch {
		case !modelid.IsValid(id):
			r.must(modelAllowedIds, "be a list in which each is %s with %s %s; %q is not", bedrockModelForm, modelBackend, lambdaenv.BackendBedrock, quoted)
		case !s.isInBedrockRegion(id):
			r.must(modelAllowedIds, "be a list of models in %s, the Region of Bedrock (%s); %q is in another", s.bedrockRegion(), modelRegion, quoted)
		}
	}
	if m.Guardrail.ID != "" && m.Guardrail.Version == "" {
		r.must(modelGuardrailVersion, "be set with %s", modelGuardrailId)
	}
}

// bedrockRegion returns the Region in which Bedrock is called.
func (s Settings) bedrockRegion() string {
	if s.Model.Region != "" {
		return s.Model.Region
	}
	return s.Region
}

// isInBedrockRegion reports whether a model can be called in Bedrock's Region. Of all ids,
// only the ARN of an application inference profile names a Region.
func (s Settings) isInBedrockRegion(id string) bool {
	region := modelid.ProfileRegion(id)
	return region == "" || region == s.bedrockRegion()
}

func (s Settings) checkServer(r *reader) {
	if !modelId.isSet(r) {
		r.must(modelId, "be %s with %s %s", servedModelForm, modelBackend, lambdaenv.BackendOpenAI)
	}
	if s.Model.Server.BaseURL == "" && !s.Model.InVPC {
		r.must(modelBaseUrl, "be a URL such as http://10.0.16.25:8000/v1, unless %s is true: then it may be empty, for the private model behind the stack's load balancer", modelInVpc)
	}
}

// checkEndpoints refuses a VPC of the stack's own without endpoints for the services that
// the function calls: its security group lets it reach nothing outside.
func (s Settings) checkEndpoints(r *reader) {
	needed := map[string]bool{"bedrock-runtime": s.Model.Backend == lambdaenv.BackendBedrock, "ssm": s.Model.Server.APIKeyParameter != ""}
	for _, service := range []string{"bedrock-runtime", "ssm"} {
		if needed[service] && !slices.Contains(s.Network.InterfaceEndpoints, service) {
			r.must(networkInterfaceEndpoints, "include %s, which the model's function calls, since %s is true", service, modelInVpc)
		}
	}
	if s.Model.Region != "" && s.Model.Region != s.Region {
		r.reject(modelRegion, fmt.Sprintf("it conflicts with %s: the endpoints of the VPC are in its own region", modelInVpc))
	}
}
