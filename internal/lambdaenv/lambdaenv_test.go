package lambdaenv

import (
	"maps"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

const profileARN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/"

var (
	authorizer = Authorizer{
		KeyPath: "/gatehouse/test/origin-key", Header: "x-origin-verify",
		KeyringTTL: time.Minute, RefetchPeriod: 10 * time.Second, StaleLimit: time.Hour,
	}
	clientAuthorizer = Authorizer{
		KeyPath: "/gatehouse/test/origin-key", Header: "x-origin-verify",
		KeyringTTL: time.Minute, RefetchPeriod: 10 * time.Second, StaleLimit: time.Hour,
		RequiresClient: true, ClientsTable: "gatehouse-test-clients", InferencePrice: 2_500_000,
	}
	rotator = Rotator{
		Stack: "gatehouse-test", KeyPath: "/gatehouse/test/origin-key", KMSKeyARN: "arn:aws:kms:us-east-1:123456789012:key/1",
		Header: "x-origin-verify", APIPrefix: "/api",
		Times:      keyring.Times{Interval: 6 * time.Hour, Settle: 30 * time.Second, Grace: 30 * time.Minute, Drain: time.Minute},
		KeyringTTL: time.Minute, CacheTime: 6 * time.Minute,
	}
	bedrock = Model{
		Stack: "gatehouse-test", APIPrefix: "/api", Backend: BackendBedrock,
		ModelIDs: []string{"amazon.nova-micro-v1:0", "amazon.nova-lite-v1:0"}, MaxTokens: 100, MaxBody: 1 << 20,
		ClientAccess: ClientAccessOpen,
	}
	guarded = Model{
		Stack: "gatehouse-test", APIPrefix: "/api", Backend: BackendBedrock,
		ModelIDs: []string{"amazon.nova-micro-v1:0", "amazon.nova-lite-v1:0"}, MaxTokens: 100, MaxBody: 1 << 20,
		LogContent: true, Region: "eu-west-1", GuardrailID: "gr1", GuardrailVersion: "2",
		PassThrough: []string{"top_k", "performance"}, RefuseUnsupported: true, Playground: true, PromptCaching: true,
		Foundations:  map[string]string{profileARN + "b1": "amazon.nova-lite-v1:0", profileARN + "a1": "anthropic.claude-haiku-4-5-20251001-v1:0"},
		ClientAccess: ClientAccessOpen,
	}
	server = Model{
		Stack: "gatehouse-test", APIPrefix: "/api", Backend: BackendOpenAI, ModelIDs: []string{"llama3.2:1b"}, MaxTokens: 100, MaxBody: 1 << 20,
		BaseURL: "https://10.0.0.10/v1", ServerName: "model.example.com", APIKeyParameter: "/model/key",
		ClientAccess: ClientAccessOpen,
	}
	keyed = Model{
		Stack: "gatehouse-test", APIPrefix: "/api", Backend: BackendBedrock,
		ModelIDs: []string{"amazon.nova-micro-v1:0", profileARN + "a1"}, MaxTokens: 100, MaxBody: 1 << 20,
		ClientAccess: ClientAccessKeys, ClientsTable: "gatehouse-test-clients", ClientUsageDays: 400,
		ModelPrices: map[string]string{"amazon.nova-micro-v1:0": "0.035/0.14", profileARN + "a1": "1/5"},
	}
)

func parseAuthorizer(l Lookup) error { _, err := ParseAuthorizer(l); return err }
func parseRotator(l Lookup) error    { _, err := ParseRotator(l); return err }
func parseModel(l Lookup) error      { _, err := ParseModel(l); return err }

// The names are part of what is deployed: see the package's comment.
func TestVariables(t *testing.T) {
	assert.Equal(t, map[string]string{
		"GATEHOUSE_KEY_PATH":       "/gatehouse/test/origin-key",
		"GATEHOUSE_ORIGIN_HEADER":  "x-origin-verify",
		"GATEHOUSE_RING_TTL":       "1m0s",
		"GATEHOUSE_REFETCH_PERIOD": "10s",
		"GATEHOUSE_STALE_LIMIT":    "1h0m0s",
	}, authorizer.Variables())
	withClients := authorizer.Variables()
	withClients["GATEHOUSE_CLIENTS_TABLE"] = "gatehouse-test-clients"
	withClients["GATEHOUSE_INFERENCE_PRICE"] = "0.0025"
	assert.Equal(t, withClients, clientAuthorizer.Variables())
	assert.Equal(t, map[string]string{
		"GATEHOUSE_STACK":         "gatehouse-test",
		"GATEHOUSE_KEY_PATH":      "/gatehouse/test/origin-key",
		"GATEHOUSE_KMS_KEY":       "arn:aws:kms:us-east-1:123456789012:key/1",
		"GATEHOUSE_ORIGIN_HEADER": "x-origin-verify",
		"GATEHOUSE_API_PREFIX":    "/api",
		"GATEHOUSE_INTERVAL":      "6h0m0s",
		"GATEHOUSE_SETTLE":        "30s",
		"GATEHOUSE_GRACE":         "30m0s",
		"GATEHOUSE_DRAIN":         "1m0s",
		"GATEHOUSE_RING_TTL":      "1m0s",
		"GATEHOUSE_CACHE_TIME":    "6m0s",
	}, rotator.Variables())
	common := map[string]string{
		"GATEHOUSE_STACK":             "gatehouse-test",
		"GATEHOUSE_API_PREFIX":        "/api",
		"GATEHOUSE_MODEL_BACKEND":     "bedrock",
		"GATEHOUSE_MODEL_IDS":         "amazon.nova-micro-v1:0,amazon.nova-lite-v1:0",
		"GATEHOUSE_MODEL_MAX_TOKENS":  "100",
		"GATEHOUSE_MODEL_MAX_BODY":    "1048576",
		"GATEHOUSE_MODEL_LOG_CONTENT": "false",
	}
	assert.Equal(t, common, bedrock.Variables())

	want := maps.Clone(common)
	maps.Copy(want, map[string]string{
		"GATEHOUSE_MODEL_LOG_CONTENT": "true",
		"GATEHOUSE_MODEL_REGION":      "eu-west-1",
		"GATEHOUSE_GUARDRAIL_ID":      "gr1",
		"GATEHOUSE_GUARDRAIL_VERSION": "2",

		"GATEHOUSE_MODEL_PASS_THROUGH":       "top_k,performance",
		"GATEHOUSE_MODEL_REFUSE_UNSUPPORTED": "true",
		"GATEHOUSE_PLAYGROUND":               "true",
		"GATEHOUSE_MODEL_PROMPT_CACHING":     "true",
		"GATEHOUSE_MODEL_FOUNDATIONS":        profileARN + "a1=anthropic.claude-haiku-4-5-20251001-v1:0," + profileARN + "b1=amazon.nova-lite-v1:0",
	})
	assert.Equal(t, want, guarded.Variables())

	maps.Copy(common, map[string]string{
		"GATEHOUSE_MODEL_BACKEND":           "openai",
		"GATEHOUSE_MODEL_IDS":               "llama3.2:1b",
		"GATEHOUSE_MODEL_BASE_URL":          "https://10.0.0.10/v1",
		"GATEHOUSE_MODEL_SERVER_NAME":       "model.example.com",
		"GATEHOUSE_MODEL_API_KEY_PARAMETER": "/model/key",
	})
	assert.Equal(t, common, server.Variables())

	maps.Copy(common, map[string]string{
		"GATEHOUSE_MODEL_BACKEND":     "bedrock",
		"GATEHOUSE_MODEL_IDS":         "amazon.nova-micro-v1:0," + profileARN + "a1",
		"GATEHOUSE_CLIENT_ACCESS":     "keys",
		"GATEHOUSE_CLIENTS_TABLE":     "gatehouse-test-clients",
		"GATEHOUSE_CLIENT_USAGE_DAYS": "400",
		"GATEHOUSE_MODEL_PRICES":      "amazon.nova-micro-v1:0=0.035/0.14," + profileARN + "a1=1/5",
	})
	for _, name := range []string{BaseURLVariable, ServerNameVariable, APIKeyParameterVariable} {
		delete(common, name)
	}
	assert.Equal(t, common, keyed.Variables())
}

// The program sets the table's name under the variable's name.
func TestUnknownTableIsLeftOut(t *testing.T) {
	a := clientAuthorizer
	a.ClientsTable, a.InferencePrice = "", 0
	assert.NotContains(t, a.Variables(), ClientsTableVariable)
	assert.Equal(t, "0", a.Variables()[InferencePriceVariable])
	require.ErrorContains(t, parseAuthorizer(lookup(a.Variables())), ClientsTableVariable+" is not set")

	m := keyed
	m.ClientsTable = ""
	assert.NotContains(t, m.Variables(), ClientsTableVariable)
	require.ErrorContains(t, parseModel(lookup(m.Variables())), ClientsTableVariable+" is not set")
}

func TestOpenAPIHasNoClients(t *testing.T) {
	for access, has := range map[string]bool{"": false, ClientAccessOpen: false, ClientAccessMigrating: true, ClientAccessKeys: true} {
		m := keyed
		m.ClientAccess = access
		assert.Equal(t, has, m.HasClients(), access)
		variables := m.Variables()
		for _, name := range []string{ClientAccessVariable, ClientsTableVariable, ClientUsageDaysVariable, ModelPricesVariable} {
			assert.Equal(t, has, variables[name] != "", "%s with %q", name, access)
		}
		m, err := ParseModel(lookup(variables))
		require.NoError(t, err)
		assert.Equal(t, has, m.HasClients(), access)
	}
	variables := keyed.Variables()
	variables[ClientAccessVariable] = ClientAccessOpen
	variables[ModelPricesVariable] = "no price"
	m, err := ParseModel(lookup(variables))
	require.NoError(t, err, "the others don't matter")
	assert.Equal(t, ClientAccessOpen, m.ClientAccess)
	assert.Empty(t, m.ClientsTable)
}

func TestEachModelNeedsAPrice(t *testing.T) {
	for given, without := range map[string]string{
		"":                           "amazon.nova-micro-v1:0, " + profileARN + "a1",
		"amazon.nova-micro-v1:0=0/0": profileARN + "a1",
		profileARN + "a1=1/5":        "amazon.nova-micro-v1:0",
	} {
		variables := keyed.Variables()
		variables[ModelPricesVariable] = given
		err := parseModel(lookup(variables))
		require.ErrorContains(t, err, ModelPricesVariable+" is")
		require.ErrorContains(t, err, "without one: "+without)
	}
}

func TestParseReadsWhatVariablesWrites(t *testing.T) {
	a, err := ParseAuthorizer(lookup(authorizer.Variables()))
	require.NoError(t, err)
	assert.Equal(t, authorizer, a)
	a, err = ParseAuthorizer(lookup(clientAuthorizer.Variables()))
	require.NoError(t, err)
	assert.Equal(t, clientAuthorizer, a)

	r, err := ParseRotator(lookup(rotator.Variables()))
	require.NoError(t, err)
	assert.Equal(t, rotator, r)

	for _, want := range []Model{bedrock, guarded, server, keyed} {
		m, err := ParseModel(lookup(want.Variables()))
		require.NoError(t, err)
		assert.Equal(t, want, m)
	}
}

func TestParseNamesEveryVariableThatIsMissing(t *testing.T) {
	for _, one := range []struct {
		parse     func(Lookup) error
		variables map[string]string
	}{
		{parseAuthorizer, authorizer.Variables()},
		{parseRotator, rotator.Variables()},
		{parseModel, bedrock.Variables()},
	} {
		err := one.parse(lookup(nil))
		for name := range one.variables {
			require.ErrorContains(t, err, name+" is not set")
		}
	}
}

func TestParseNamesTheVariableThatIsWrong(t *testing.T) {
	for _, one := range []struct {
		parse func(Lookup) error
		good  map[string]string
		bad   map[string][]string
	}{
		{parseAuthorizer, authorizer.Variables(), map[string][]string{
			KeyPathVariable:       {"", "gatehouse", "/gatehouse/"},
			OriginHeaderVariable:  {"", "X-Origin-Verify", "a b", "a:b"},
			KeyringTTLVariable:    {"", "60", "9s", "4m1s", "16m"}, // 9s is less than the refetch period
			RefetchPeriodVariable: {"", "0s", "2m"},
			StaleLimitVariable:    {"", "30s", "48h"}, // 30s is less than the keyring's TTL
		}},
		{parseAuthorizer, clientAuthorizer.Variables(), map[string][]string{
			ClientsTableVariable:   {"", "ab", "a b c"},
			InferencePriceVariable: {"", "free", "-1", "0.0000000001"},
		}},
		{parseRotator, rotator.Variables(), map[string][]string{
			StackVariable:        {""},
			KeyPathVariable:      {"", "gatehouse"},
			KMSKeyVariable:       {"", "alias/mine", "arn:aws:s3:::bucket", "arn:aws:kms"},
			OriginHeaderVariable: {"", "X-Origin-Verify"},
			APIPrefixVariable:    {"", "api", "/api/"},
			IntervalVariable:     {"", "6", "59s", "2161h"},
			SettleVariable:       {"", "0s", "11m"},
			GraceVariable:        {"", "0s", "25h"},
			DrainVariable:        {"", "0s", "2m1s"},
			KeyringTTLVariable:   {"", "0s", "4m1s"},
			CacheTimeVariable:    {"", "0s", "25h"},
		}},
		{parseModel, bedrock.Variables(), map[string][]string{
			APIPrefixVariable:  {"/api/"},
			ModelIDsVariable:   {"", "a,,b", "a b"},
			MaxTokensVariable:  {"0", "65537"},
			MaxBodyVariable:    {"0", "1023", "4194305"},
			LogContentVariable: {"yes"},
			BackendVariable:    {"vllm"},

			PassThroughVariable:       {"top_k,", "Top_K", "top_k,messages", "top k"},
			RefuseUnsupportedVariable: {"yes"},
			PlaygroundVariable:        {"on"},
			PromptCachingVariable:     {"1"},
			FoundationsVariable:       {"a", "=b", "a=", "a=b=c", "a=b,", "a=b c"},
		}},
		{parseModel, server.Variables(), map[string][]string{
			BaseURLVariable: {"", "10.0.0.10", "ftp://10.0.0.10/v1", "http://10.0.0.10/v1/", "http://me@10.0.0.10/v1", "http:///v1", "http://x/v1?a"},
		}},
		{parseModel, keyed.Variables(), map[string][]string{
			ClientAccessVariable:    {"closed", "Keys"},
			ClientsTableVariable:    {"", "ab", "a b c", "clients/1", strings.Repeat("x", 256)},
			ClientUsageDaysVariable: {"", "30", "1097", "1.5"},
			ModelPricesVariable:     {"amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0=0.035", "=1/2", "a=1/2,", "a=1/2=3", "a=-1/2"},
		}},
	} {
		for name, values := range one.bad {
			for _, value := range values {
				variables := maps.Clone(one.good)
				variables[name] = value
				require.ErrorContains(t, one.parse(lookup(variables)), name+" is", "%q", value)
			}
		}
	}
	variables := bedrock.Variables()
	variables[GuardrailIDVariable] = "gr1"
	require.ErrorContains(t, parseModel(lookup(variables)), GuardrailVersionVariable)
}

// The authorizer links this package, and has to start fast.
func TestLinksNoSDK(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	for dependency := range strings.FieldsSeq(string(out)) {
		assert.NotContains(t, dependency, "pulumi")
		assert.NotContains(t, dependency, "aws-sdk-go")
	}
}
