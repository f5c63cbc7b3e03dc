// Package lambdaenv defines the environment variables of the Lambda functions: the
// program writes them with Variables, the function reads them with Parse. Each name and
// each bound exists here only; the settings of the stack have the same bounds.
//
// The package imports neither Pulumi's SDK nor AWS's, because the authorizer links it
// and has to start fast. A value that is an output of Pulumi's is set by the program
// under its exported name, such as [KMSKeyVariable].
//
// A variable keeps its name. Lambda changes a function's configuration and its code in
// two steps, so that code of before would start with a new name, and fail.
package lambdaenv

import "time"

// The names of the variables.
const (
	StackVariable     = "GATEHOUSE_STACK"
	APIPrefixVariable = "GATEHOUSE_API_PREFIX"

	KeyPathVariable       = "GATEHOUSE_KEY_PATH"
	OriginHeaderVariable  = "GATEHOUSE_ORIGIN_HEADER"
	KeyringTTLVariable    = "GATEHOUSE_RING_TTL"
	RefetchPeriodVariable = "GATEHOUSE_REFETCH_PERIOD"
	StaleLimitVariable    = "GATEHOUSE_STALE_LIMIT"

	KMSKeyVariable    = "GATEHOUSE_KMS_KEY"
	IntervalVariable  = "GATEHOUSE_INTERVAL"
	SettleVariable    = "GATEHOUSE_SETTLE"
	GraceVariable     = "GATEHOUSE_GRACE"
	DrainVariable     = "GATEHOUSE_DRAIN"
	CacheTimeVariable = "GATEHOUSE_CACHE_TIME"

	BackendVariable          = "GATEHOUSE_MODEL_BACKEND"
	ModelIDsVariable         = "GATEHOUSE_MODEL_IDS"
	MaxTokensVariable        = "GATEHOUSE_MODEL_MAX_TOKENS"
	MaxBodyVariable          = "GATEHOUSE_MODEL_MAX_BODY"
	LogContentVariable       = "GATEHOUSE_MODEL_LOG_CONTENT"
	RegionVariable           = "GATEHOUSE_MODEL_REGION"
	GuardrailIDVariable      = "GATEHOUSE_GUARDRAIL_ID"
	GuardrailVersionVariable = "GATEHOUSE_GUARDRAIL_VERSION"
	BaseURLVariable          = "GATEHOUSE_MODEL_BASE_URL"
	ServerNameVariable       = "GATEHOUSE_MODEL_SERVER_NAME"
	APIKeyParameterVariable  = "GATEHOUSE_MODEL_API_KEY_PARAMETER"

	PassThroughVariable       = "GATEHOUSE_MODEL_PASS_THROUGH"
	RefuseUnsupportedVariable = "GATEHOUSE_MODEL_REFUSE_UNSUPPORTED"
	PromptCachingVariable     = "GATEHOUSE_MODEL_PROMPT_CACHING"
	FoundationsVariable       = "GATEHOUSE_MODEL_FOUNDATIONS"
	PlaygroundVariable        = "GATEHOUSE_PLAYGROUND"

	StreamingVariable          = "GATEHOUSE_STREAMING"
	HeartbeatVariable          = "GATEHOUSE_STREAMING_HEARTBEAT"
	AnswerTimeoutVariable      = "GATEHOUSE_STREAMING_ANSWER_TIMEOUT"
	GuardrailStreamingVariable = "GATEHOUSE_GUARDRAIL_STREAMING"

	ClientAccessVariable    = "GATEHOUSE_CLIENT_ACCESS"
	ClientsTableVariable    = "GATEHOUSE_CLIENTS_TABLE"
	ModelPricesVariable     = "GATEHOUSE_MODEL_PRICES"
	ClientUsageDaysVariable = "GATEHOUSE_CLIENT_USAGE_DAYS"
	OIDCIssuersVariable     = "GATEHOUSE_OIDC_ISSUERS"
	InferencePriceVariable  = "GATEHOUSE_INFERENCE_PRICE"
)

// The bounds of the values.
const (
	day = 24 * time.Hour

	// A revocation waits for the keyring's TTL within one run of the rotator, which
	// Lambda ends after five minutes.
	MinKeyringTTL = time.Second
	MaxKeyringTTL = 4 * time.Minute

	MinRefetchPeriod = time.Second
	MaxRefetchPeriod = time.Minute

	MinStaleLimit = time.Second
	MaxStaleLimit = day

	MinInterval = time.Minute
	MaxInterval = 90 * day

	MinSettle = time.Second
	MaxSettle = 10 * time.Minute

	MinGrace = time.Second
	MaxGrace = day

	// A run of the rotator waits for the drain time too.
	MinDrain = time.Second
	MaxDrain = 2 * time.Minute

	// The TTL of the keyring and that of API Gateway's authorizer cache together.
	MinCacheTime = time.Second
	MaxCacheTime = day

	MinMaxTokens = 1
	MaxMaxTokens = 65_536

	// The body is a string in the event, of which Lambda takes 6 MiB. Images in base64 take
	// no more bytes there, and most texts little more. At worst, what is in valid JSON grows
	// to three times its bytes: a quote, a backslash and a line break to two characters, a
	// letter beyond ASCII to six for two bytes or twelve for four. API Gateway responds to
	// events that are too large with 413 itself.
	MinMaxBody = 1 << 10
	MaxMaxBody = 4 << 20

	// Lambda ends a function after 15 minutes, and API Gateway a streamed response too.
	MinStreamTimeout = 30 * time.Second
	MaxStreamTimeout = 14 * time.Minute

	MinHeartbeat = 5 * time.Second
	MaxHeartbeat = time.Minute

	// CloudFront waits for the first byte of a response between 40 and 120 seconds.
	MinAnswerTimeout = 35 * time.Second
	MaxAnswerTimeout = 115 * time.Second

	// A month, for which a budget may be, and three years.
	MinClientUsageDays = 31
	MaxClientUsageDays = 1096
)

// The backends of the model function.
const (
	BackendBedrock = "bedrock"
	BackendOpenAI  = "openai" // a server that speaks OpenAI's chat completions
)

// What a guardrail does with a streamed response: it holds each piece back until it is
// checked, or lets all pieces pass and ends the response when it finds something.
const (
	GuardrailSync  = "sync"
	GuardrailAsync = "async"
)

// Who may ask the API.
const (
	ClientAccessOpen      = "open"      // any viewer, without a credential
	ClientAccessMigrating = "migrating" // clients with a key as themselves, all others as the client anonymous
	ClientAccessKeys      = "keys"      // clients with a key only
)

// Lookup returns the value of an environment variable and reports whether it is set:
// [os.LookupEnv], or a map's in tests.
type Lookup func(name string) (string, bool)
