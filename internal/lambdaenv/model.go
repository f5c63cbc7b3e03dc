package lambdaenv

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/internal/token"
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
	Playground        bool     // serve the page to try the API

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

	// Clients, unless ClientAccess is [ClientAccessOpen], which is no variable:
	ClientAccess    string            // [ClientAccessOpen], [ClientAccessMigrating] or [ClientAccessKeys]
	ClientsTable    string            // name of the DynamoDB table of clients
	ModelPrices     map[string]string // dollars per million tokens in and out, such as 0.035/0.14, by model of ModelIDs
	ClientUsageDays int               // until a row of a client's usage expires
	Issuers         []token.Issuer    // of tokens that clients may send instead of keys, without keys
}

// HasClients reports whether a request is made by a client, which the table knows.
func (m Model) HasClients() bool {
	return m.ClientAccess == ClientAccessMigrating || m.ClientAccess == ClientAccessKeys
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
		PlaygroundVariable:        ifTrue(m.Playground),
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
	maps.Copy(variables, m.clientVariables())
	return variables
}

// clientVariables returns the variables about clients: none while the API is open. The
// table's name is left out if it is empty, since the program knows it as an output only.
func (m Model) clientVariables() map[string]string {
	if !m.HasClients() {
		return nil
	}
	variables := map[string]string{
		ClientAccessVariable:    m.ClientAccess,
		ModelPricesVariable:     joinPairs(m.ModelPrices),
		ClientUsageDaysVariable: strconv.Itoa(m.ClientUsageDays),
	}
	if m.ClientsTable != "" {
		variables[ClientsTableVariable] = m.ClientsTable
	}
	if len(m.Issuers) > 0 {
		variables[OIDCIssuersVariable] = token.JoinIssuers(m.Issuers)
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
		Playground:        r.optionalBool(PlaygroundVariable),
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
	m.readClients(&r)
	return m, r.err()
}

// readClients reads the variables about clients. Without the first of them the API is
// open, and the others don't matter.
func (m *Model) readClients(r *reader) {
	m.ClientAccess = ClientAccessOpen
	if r.optional(ClientAccessVariable) == "" {
		return
	}
	m.ClientAccess = r.string(ClientAccessVariable,
		ClientAccessOpen+", "+ClientAccessMigrating+" or "+ClientAccessKeys, isClientAccess)
	if m.ClientAccess == ClientAccessOpen {
		return
	}
	m.ClientsTable = r.string(ClientsTableVariable, "the name of the DynamoDB table of clients", isTableName)
	m.ClientUsageDays = r.int(ClientUsageDaysVariable, MinClientUsageDays, MaxClientUsageDays)
	m.ModelPrices = m.readPrices(r)
	m.Issuers = r.issuers()
}

// readPrices reads the prices of the models: each needs one.
func (m *Model) readPrices(r *reader) map[string]string {
	const want = "a price for each model in dollars per million tokens in and out, such as amazon.nova-micro-v1:0=0.035/0.14, " +
		"separated by commas"
	given := r.optional(ModelPricesVariable)
	prices := pairs(r.optionalList(ModelPricesVariable, want, isModelPrice))
	if prices == nil && given != "" {
		return nil // which is a problem already
	}
	var without []string
	for _, id := range m.ModelIDs {
		if _, priced := prices[id]; !priced && id != "" {
			without = append(without, id)
		}
	}
	if len(without) > 0 {
		r.reject(ModelPricesVariable, given, want+"; without one: "+strings.Join(without, ", "))
	}
	return prices
}

func isBackend(value string) bool { return value == BackendBedrock || value == BackendOpenAI }

func isClientAccess(value string) bool {
	return value == ClientAccessOpen || value == ClientAccessMigrating || value == ClientAccessKeys
}

// isTableName reports whether DynamoDB allows a table's name (its developer guide,
// "Naming rules").
func isTableName(value string) bool {
	return len(value) >= 3 && len(value) <= 255 && !strings.ContainsFunc(value, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_.-", r)
	})
}

// isModelPrice reports whether a pair is a model and its price.
func isModelPrice(pair string) bool {
	if !isPair(pair) {
		return false
	}
	_, text, _ := strings.Cut(pair, "=")
	_, err := price.ParsePrice(text)
	return err == nil
}

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
