package lambdaenv

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Model holds the environment of the model function.
type Model struct {
	Stack      string // the metrics' dimension
	APIPrefix  string // of all paths
	Backend    string // [BackendBedrock] or [BackendOpenAI]
	ModelIDs   []string
	MaxTokens  int  // of a response
	MaxBody    int  // of a request, in bytes
	LogContent bool // log conversations and their continuations

	PassThrough       []string // members of requests that only the backend knows; see [IsPassThrough]
	RefuseUnsupported bool     // refuse requests with members that the model doesn't support, instead of dropping those

	// For Amazon Bedrock:
	Region           string // the function's own if empty
	GuardrailID      string // empty for no guardrail
	GuardrailVersion string
	PromptCaching    bool              // for models that have it
	Foundations      map[string]string // the foundation model of each application inference profile in ModelIDs

	// Streaming is set on the function behind the REST API, which alone can stream its
	// responses, and receives events of that API.
	Streaming          bool
	Heartbeat          time.Duration // of silence, after which a streamed response gets a comment
	AnswerTimeout      time.Duration // of a response that isn't streamed
	GuardrailStreaming string        // [GuardrailSync] or [GuardrailAsync]; empty without a guardrail

	// For a server that speaks OpenAI's chat completions:
	BaseURL         string
	ServerName      string // on its certificate; the URL's host if empty
	APIKeyParameter string // name in Parameter Store; empty if the server requires no key
}

// Variables returns the variables that [ParseModel] reads. An optional one without a
// value is left out.
func (m Model) Variables() map[string]string {
	variables := map[string]string{
		StackVariable:      m.Stack,
		APIPrefixVariable:  m.APIPrefix,
		BackendVariable:    m.Backend,
		ModelIDsVariable:   strings.Join(m.ModelIDs, ","),
		MaxTokensVariable:  strconv.Itoa(m.MaxTokens),
		MaxBodyVariable:    strconv.Itoa(m.MaxBody),
		LogContentVariable: strconv.FormatBool(m.LogContent),
	}
	for name, value := range map[string]string{
		RegionVariable:           m.Region,
		GuardrailIDVariable:      m.GuardrailID,
		GuardrailVersionVariable: m.GuardrailVersion,
		BaseURLVariable:          m.BaseURL,
		ServerNameVariable:       m.ServerName,
		APIKeyParameterVariable:  m.APIKeyParameter,

		PassThroughVariable:       strings.Join(m.PassThrough, ","),
		RefuseUnsupportedVariable: ifTrue(m.RefuseUnsupported),
		PromptCachingVariable:     ifTrue(m.PromptCaching),
		FoundationsVariable:       joinPairs(m.Foundations),

		StreamingVariable:          ifTrue(m.Streaming),
		GuardrailStreamingVariable: m.GuardrailStreaming,
	} {
		if value != "" {
			variables[name] = value
		}
	}
	if m.Streaming {
		variables[HeartbeatVariable] = m.Heartbeat.String()
		variables[AnswerTimeoutVariable] = m.AnswerTimeout.String()
	}
	return variables
}

// ParseModel reads the model function's environment. Its error names every problem.
func ParseModel(lookup Lookup) (Model, error) {
	r := reader{lookup: lookup}
	m := Model{
		Stack:      r.stack(),
		APIPrefix:  r.apiPrefix(),
		Backend:    r.string(BackendVariable, BackendBedrock+" or "+BackendOpenAI, isBackend),
		ModelIDs:   strings.Split(r.string(ModelIDsVariable, "ids of models, the default first, separated by commas", areModelIDs), ","),
		MaxTokens:  r.int(MaxTokensVariable, MinMaxTokens, MaxMaxTokens),
		MaxBody:    r.int(MaxBodyVariable, MinMaxBody, MaxMaxBody),
		LogContent: r.string(LogContentVariable, "true or false", isBoolean) == "true",

		PassThrough: r.optionalList(PassThroughVariable,
			"names of members such as top_k, none of them of OpenAI's API, separated by commas", IsPassThrough),
		RefuseUnsupported: r.optionalBool(RefuseUnsupportedVariable),
	}
	if m.Streaming = r.optionalBool(StreamingVariable); m.Streaming {
		m.Heartbeat = r.duration(HeartbeatVariable, MinHeartbeat, MaxHeartbeat)
		m.AnswerTimeout = r.duration(AnswerTimeoutVariable, MinAnswerTimeout, MaxAnswerTimeout)
	}
	switch m.Backend {
	case BackendBedrock:
		m.Region = r.optional(RegionVariable)
		m.GuardrailID = r.optional(GuardrailIDVariable)
		if m.GuardrailID != "" {
			m.GuardrailVersion = r.string(GuardrailVersionVariable, "the guardrail's version", isNotEmpty)
		}
		if m.GuardrailID != "" && m.Streaming {
			m.GuardrailStreaming = r.string(GuardrailStreamingVariable, GuardrailSync+" or "+GuardrailAsync, isGuardrailStreaming)
		}
		m.PromptCaching = r.optionalBool(PromptCachingVariable)
		m.Foundations = pairs(r.optionalList(FoundationsVariable,
			"inference profiles with their foundation models, such as arn:…/a1b2c3d4e5f6=amazon.nova-lite-v1:0, separated by commas", isPair))
	case BackendOpenAI:
		m.BaseURL = r.string(BaseURLVariable, "a URL such as http://10.0.0.10:8080/v1, without a slash at its end", isBaseURL)
		m.ServerName = r.optional(ServerNameVariable)
		m.APIKeyParameter = r.optional(APIKeyParameterVariable)
	}
	return m, r.err()
}

func isBackend(value string) bool { return value == BackendBedrock || value == BackendOpenAI }

func isGuardrailStreaming(value string) bool {
	return value == GuardrailSync || value == GuardrailAsync
}

func areModelIDs(value string) bool {
	return !slices.ContainsFunc(strings.Split(value, ","), func(id string) bool {
		return id == "" || strings.ContainsAny(id, " \t\r\n")
	})
}

// ifTrue returns the value of an optional boolean variable, which is left out if it is
// false.
func ifTrue(value bool) string {
	if value {
		return "true"
	}
	return ""
}

// joinPairs writes a map as name=value, sorted, so that an unchanged map is an unchanged
// variable. Neither ARNs nor ids of models have an equals sign or a comma.
func joinPairs(all map[string]string) string {
	written := make([]string, 0, len(all))
	for name, value := range all {
		written = append(written, name+"="+value)
	}
	slices.Sort(written)
	return strings.Join(written, ",")
}

// pairs reads what [joinPairs] wrote. It returns nil for none.
func pairs(written []string) map[string]string {
	var all map[string]string
	for _, pair := range written {
		if all == nil {
			all = map[string]string{}
		}
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}

func isPair(text string) bool {
	name, value, found := strings.Cut(text, "=")
	return found && name != "" && value != "" && !strings.ContainsAny(text, " \t\r\n") && !strings.Contains(value, "=")
}

func isBoolean(value string) bool { return value == "true" || value == "false" }

func isBaseURL(value string) bool {
	u, err := url.Parse(value)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		u.RawQuery == "" && u.Fragment == "" && !strings.HasSuffix(value, "/")
}
