package main

import (
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/api"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/bedrock"
)

// The backends.
const (
	backendBedrock = "bedrock"
	backendOpenAI  = "openai"
)

type settings struct {
	stack      string // the metrics' dimension
	prefix     string // of all paths
	limits     api.Limits
	logContent bool
	backend    string // one of the constants

	// For Bedrock:
	region    string // the function's own if empty
	guardrail bedrock.Guardrail

	// For a server that speaks OpenAI's chat completions:
	baseURL         string
	serverName      string // on its certificate; the URL's host if empty
	apiKeyParameter string // name in Parameter Store; empty if it asks for none
}

func readSettings(lookup func(string) (string, bool)) (settings, error) {
	env := lambdaenv.NewReader(lookup)
	given := func(text string) bool { return text != "" }
	s := settings{
		stack:  env.Text("GATEHOUSE_STACK", "the stack's name, such as gatehouse-dev", given),
		prefix: env.Text("GATEHOUSE_API_PREFIX", "a path such as /api, without a slash at its end", isPrefix),
		limits: api.Limits{
			Models:    strings.Split(env.Text("GATEHOUSE_MODEL_IDS", "ids of models, the default first, with commas between", areIDs), ","),
			MaxTokens: env.Int("GATEHOUSE_MODEL_MAX_TOKENS", 1, math.MaxInt32),
			MaxBody:   env.Int("GATEHOUSE_MODEL_MAX_BODY", 1, 2_000_000),
		},
		logContent: env.Text("GATEHOUSE_MODEL_LOG_CONTENT", "true or false", isBoolean) == "true",
		backend:    env.Text("GATEHOUSE_MODEL_BACKEND", backendBedrock+" or "+backendOpenAI, isBackend),
	}
	switch s.backend {
	case backendBedrock:
		s.region = env.Optional("GATEHOUSE_MODEL_REGION", "an AWS region, or nothing", given)
		s.guardrail.ID = env.Optional("GATEHOUSE_GUARDRAIL_ID", "a guardrail's id, or nothing", given)
		if s.guardrail.ID != "" {
			s.guardrail.Version = env.Text("GATEHOUSE_GUARDRAIL_VERSION", "the guardrail's version", given)
		}
	case backendOpenAI:
		s.baseURL = env.Text("GATEHOUSE_MODEL_BASE_URL", "a URL such as http://10.0.0.10:8080/v1, without a slash at its end", isBaseURL)
		s.serverName = env.Optional("GATEHOUSE_MODEL_SERVER_NAME", "the name on the server's certificate, or nothing", given)
		s.apiKeyParameter = env.Optional("GATEHOUSE_MODEL_API_KEY_PARAMETER", "the name of a SecureString, or nothing", given)
	}
	return s, env.Err()
}

func isPrefix(text string) bool {
	return strings.HasPrefix(text, "/") && !strings.HasSuffix(text, "/")
}

func areIDs(text string) bool {
	return !slices.ContainsFunc(strings.Split(text, ","), func(id string) bool {
		return id == "" || strings.ContainsAny(id, " \t\r\n")
	})
}

func isBoolean(text string) bool { return text == "true" || text == "false" }

func isBackend(text string) bool { return text == backendBedrock || text == backendOpenAI }

func isBaseURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		u.RawQuery == "" && u.Fragment == "" && !strings.HasSuffix(text, "/")
}
