package config

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

func TestModelDefaults(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Equal(t, Model{
		Backend: "bedrock", ID: "amazon.nova-micro-v1:0", Others: []string{}, MaxTokens: 1024, MaxBody: 1 << 20,
		PassThrough: []string{}, Guardrail: Guardrail{Streaming: "sync"}, PromptCaching: true, Memory: 256,
	}, s.Model)
}

// own prepends the namespace to the keys. The API is open unless they say otherwise, so that
// a model needs no price in tests of other settings.
func own(config map[string]string) map[string]string {
	full := map[string]string{clientAccess.String(): lambdaenv.ClientAccessOpen}
	for key, value := range config {
		full[Namespace+":"+key] = value
	}
	return full
}

func TestModelOfBedrockGiven(t *testing.T) {
	s, err := Load(own(map[string]string{
		"modelId": "eu.amazon.nova-micro-v1:0", "modelAllowedIds": `["anthropic.claude-3-haiku-20240307-v1:0", "eu.amazon.nova-micro-v1:0"]`,
		"modelMaxTokens": "7", "modelMaxBody": "4096", "modelRegion": "eu-central-1", "modelGuardrailId": "gr1", "modelGuardrailVersion": "3", "modelGuardrailStreaming": "async",
		"modelPassThrough": `["top_k", "performance"]`, "modelUnsupported": "refuse", "modelPromptCaching": "false",
		"modelMemory": "512", "modelReservedConcurrency": "20", "modelLogContent": "true",
	}))
	require.NoError(t, err)
	assert.Equal(t, Model{
		Backend: "bedrock", ID: "eu.amazon.nova-micro-v1:0", Others: []string{"anthropic.claude-3-haiku-20240307-v1:0", "eu.amazon.nova-micro-v1:0"},
		MaxTokens: 7, MaxBody: 4096, PassThrough: []string{"top_k", "performance"}, RefuseUnsupported: true,
		Region: "eu-central-1", Guardrail: Guardrail{"gr1", "3", "async"}, Memory: 512, ReservedConcurrency: 20, LogContent: true,
	}, s.Model)
	assert.Equal(t, []string{"eu.amazon.nova-micro-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"}, s.Model.IDs(), "each once, the default first")
}

func TestModelOfAServerGiven(t *testing.T) {
	s, err := Load(own(map[string]string{
		"modelBackend": "openai", "modelId": "meta-llama/Llama-3.1-8B-Instruct", "modelBaseUrl": "http://10.0.16.25:8000/v1", "modelApiKeyParameter": "/models/key",
		"networkEnabled": "true", "networkInterfaceEndpoints": `["ssm"]`, "modelInVpc": "true",
	}))
	require.NoError(t, err)
	assert.Equal(t, Server{"http://10.0.16.25:8000/v1", "/models/key"}, s.Model.Server)
	assert.True(t, s.Model.InVPC)
}

const profileInIreland = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3d4e5f6"

func TestApplicationInferenceProfilesAreModelsOfTheirRegion(t *testing.T) {
	for title, given := range map[string]map[string]string{
		"the stack's":   {"aws:region": "eu-west-1", "gatehouse:modelId": profileInIreland},
		"the models'":   {"gatehouse:modelRegion": "eu-west-1", "gatehouse:modelId": profileInIreland},
		"among others":  {"gatehouse:modelRegion": "eu-west-1", "gatehouse:modelAllowedIds": `["amazon.titan-embed-text-v2:0", "` + profileInIreland + `"]`},
		"a server's id": {"gatehouse:modelBackend": "openai", "gatehouse:modelBaseUrl": "http://10.0.16.25:4000/v1", "gatehouse:modelId": profileInIreland},
	} {
		given[clientAccess.String()] = lambdaenv.ClientAccessOpen // so that no price is needed
		s, err := Load(given)
		require.NoError(t, err, title)
		assert.Contains(t, s.Model.IDs(), profileInIreland, title)
	}
}

func TestThePrivateModelIsTheServerInTheVPC(t *testing.T) {
	s, err := Load(own(map[string]string{"modelBackend": "openai", "modelId": "llama3.2:1b", "networkEnabled": "true", "modelInVpc": "true"}))
	require.NoError(t, err)
	assert.Empty(t, s.Model.Server.BaseURL)
}

func TestModelsThatCannotBe(t *testing.T) {
	server := map[string]string{"modelBackend": "openai", "modelId": "llama3.2:1b", "modelBaseUrl": "http://10.0.16.25:8000/v1"}
	inVPC := map[string]string{"networkEnabled": "true", "modelInVpc": "true"}
	for title, c := range map[string]struct {
		given     []map[string]string
		key, rule string
	}{
		"backend":                      {[]map[string]string{{"modelBackend": "vllm"}}, "modelBackend", "one of bedrock, openai"},
		"id":                           {[]map[string]string{{"modelId": "Claude"}}, "modelId", "the id of a model or inference profile of Bedrock"},
		"id with white space":          {[]map[string]string{{"modelId": "a b"}}, "modelId", "the id of a model"},
		"id with a comma":              {[]map[string]string{server, {"modelId": "a,b"}}, "modelId", "the id of a model"},
		"ARN":                          {[]map[string]string{{"modelId": "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0"}}, "modelId", "the id of a model"},
		"ARN of a system's profile":    {[]map[string]string{{"modelId": "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-micro-v1:0"}}, "modelId", "ARN of an application inference profile"},
		"profile in another region":    {[]map[string]string{{"modelId": profileInIreland}}, "modelId", "it must be in us-east-1, the Region of Bedrock: set gatehouse:modelRegion"},
		"allowed id in another Region": {[]map[string]string{{"modelAllowedIds": `["` + profileInIreland + `"]`, "modelRegion": "eu-central-1"}}, "modelAllowedIds", "in eu-central-1, the Region of Bedrock"},
		"embeddings by default":        {[]map[string]string{{"modelId": "us.cohere.embed-v4:0"}}, "modelId", "models for embeddings belong in gatehouse:modelAllowedIds"},
		"member of the API":            {[]map[string]string{{"modelPassThrough": `["top_k", "messages"]`}}, "modelPassThrough", `"messages" is not`},
		"member in capitals":           {[]map[string]string{{"modelPassThrough": `["topK"]`}}, "modelPassThrough", `"topK" is not`},
		"member twice":                 {[]map[string]string{{"modelPassThrough": `["top_k", "top_k"]`}}, "modelPassThrough", "there twice"},
		"unsupported":                  {[]map[string]string{{"modelUnsupported": "ignore"}}, "modelUnsupported", "one of drop, refuse"},
		"server and prompt caching":    {[]map[string]string{server, {"modelPromptCaching": "false"}}, "modelPromptCaching", "it requires gatehouse:modelBackend to be bedrock"},
		"allowed id":                   {[]map[string]string{{"modelAllowedIds": `["Claude"]`}}, "modelAllowedIds", `"Claude" is not`},
		"allowed id twice":             {[]map[string]string{{"modelAllowedIds": `["a.b", "a.b"]`}}, "modelAllowedIds", "there twice"},
		"too many tokens":              {[]map[string]string{{"modelMaxTokens": "65537"}}, "modelMaxTokens", "from 1 to 65536"},
		"too large a body":             {[]map[string]string{{"modelMaxBody": "4194305"}}, "modelMaxBody", "from 1024 to 4194304"},
		"region":                       {[]map[string]string{{"modelRegion": "Frankfurt"}}, "modelRegion", "an AWS region"},
		"guardrail without version":    {[]map[string]string{{"modelGuardrailId": "gr1"}}, "modelGuardrailVersion", "it must be set with gatehouse:modelGuardrailId"},
		"version without guardrail":    {[]map[string]string{{"modelGuardrailVersion": "1"}}, "modelGuardrailVersion", "it requires gatehouse:modelGuardrailId to be set"},
		"guardrail's version":          {[]map[string]string{{"modelGuardrailId": "gr1", "modelGuardrailVersion": "latest"}}, "modelGuardrailVersion", "a number or DRAFT"},
		"server without its backend":   {[]map[string]string{{"modelBaseUrl": "http://10.0.16.25:8000/v1"}}, "modelBaseUrl", "it requires gatehouse:modelBackend to be openai"},
		"key without its backend":      {[]map[string]string{{"modelApiKeyParameter": "/key"}}, "modelApiKeyParameter", "it requires gatehouse:modelBackend to be openai"},
		"server and guardrail":         {[]map[string]string{server, {"modelGuardrailId": "gr1"}}, "modelGuardrailId", "it requires gatehouse:modelBackend to be bedrock"},
		"server and region":            {[]map[string]string{server, {"modelRegion": "us-east-1"}}, "modelRegion", "it requires gatehouse:modelBackend to be bedrock"},
		"server without a model":       {[]map[string]string{{"modelBackend": "openai", "modelBaseUrl": "http://10.0.16.25:8000/v1"}}, "modelId", "a model's name at its server"},
		"server without a URL":         {[]map[string]string{server, {"modelBaseUrl": ""}}, "modelBaseUrl", "unless gatehouse:modelInVpc is true: then it may be empty"},
		"URL with a key":               {[]map[string]string{server, {"modelBaseUrl": "http://me:key@10.0.16.25/v1"}}, "modelBaseUrl", "without a key in it"},
		"URL with a slash":             {[]map[string]string{server, {"modelBaseUrl": "http://10.0.16.25/v1/"}}, "modelBaseUrl", "without a slash at its end"},
		"URL of another kind":          {[]map[string]string{server, {"modelBaseUrl": "grpc://10.0.16.25"}}, "modelBaseUrl", "a URL such as"},
		"parameter":                    {[]map[string]string{server, {"modelApiKeyParameter": "key"}}, "modelApiKeyParameter", "the name of a SecureString"},
		"in no VPC":                    {[]map[string]string{{"modelInVpc": "true"}, {"networkInterfaceEndpoints": `["bedrock-runtime"]`}}, "modelInVpc", "it requires gatehouse:networkEnabled to be true"},
		"in a VPC without Bedrock":     {[]map[string]string{inVPC}, "networkInterfaceEndpoints", "it must include bedrock-runtime"},
		"in a VPC without SSM":         {[]map[string]string{server, inVPC, {"modelApiKeyParameter": "/key"}}, "networkInterfaceEndpoints", "it must include ssm"},
		"in a VPC of another region":   {[]map[string]string{inVPC, {"networkInterfaceEndpoints": `["bedrock-runtime"]`, "modelRegion": "eu-west-1"}}, "modelRegion", "it conflicts with gatehouse:modelInVpc"},
		"memory":                       {[]map[string]string{{"modelMemory": "64"}}, "modelMemory", "from 128 to 10240"},
		"concurrency":                  {[]map[string]string{{"modelReservedConcurrency": "-1"}}, "modelReservedConcurrency", "from 0 to 1000"},
		"log":                          {[]map[string]string{{"modelLogContent": "sometimes"}}, "modelLogContent", "true or false"},
	} {
		t.Run(title, func(t *testing.T) {
			config := map[string]string{}
			for _, given := range c.given {
				maps.Copy(config, given)
			}
			_, err := Load(own(config))
			var problems Problems
			require.ErrorAs(t, err, &problems)
			require.Len(t, problems, 1, "%v", problems)
			assert.Equal(t, "gatehouse:"+c.key, problems[0].Key)
			assert.Contains(t, problems[0].Rule, c.rule)
		})
	}
}
